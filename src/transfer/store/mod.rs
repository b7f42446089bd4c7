//! The SQL of the import: each file is one statement (or a few), whatever its length.
//!
//! Every statement upserts by the centre's own codes and writes only what differs, so that a second run
//! changes nothing. A row that refers to something unknown is a complaint, found by the database.

pub(super) mod agenda;
pub(super) mod agenda_out;
pub(super) mod people;

use sqlx::PgConnection;

use super::rows::{self, Center, Doctor, Type};
use super::sheet::{BadRow, Placed};

/// What a file did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::transfer) struct Tally {
    pub(in crate::transfer) added: u64,
    pub(in crate::transfer) changed: u64,
}

fn tally(inserted: &[bool]) -> Tally {
    let added = inserted.iter().filter(|inserted| **inserted).count() as u64;
    Tally { added, changed: inserted.len() as u64 - added }
}

fn column<T, V>(rows: &[Placed<T>], cell: impl Fn(&T) -> V) -> Vec<V> {
    rows.iter().map(|placed| cell(&placed.value)).collect()
}

fn lines<T>(rows: &[Placed<T>]) -> Vec<i64> {
    rows.iter().map(|placed| i64::try_from(placed.row).unwrap_or(0)).collect()
}

fn complaint(file: &'static str, row: Option<i64>, column: &str, message: &str) -> BadRow {
    BadRow {
        file: file.into(),
        row: row.and_then(|row| u64::try_from(row).ok()).unwrap_or(0),
        column: column.to_owned(),
        message: message.to_owned(),
    }
}

const NO_CENTER: &str = "there is no centre with this code, neither in centers.csv nor in the database";
const NO_DOCTOR: &str =
    "there is no professional with this code at this centre, neither in doctors.csv nor in the database";
const NO_TYPE: &str = "there is no appointment type with this code at this centre, neither in appointment_types.csv nor in the database";
const NO_PATIENT: &str =
    "there is no patient with this RUN at this centre, neither in patients.csv nor in the database";

pub(in crate::transfer) async fn centers(
    tx: &mut PgConnection,
    rows: &[Placed<Center>],
) -> sqlx::Result<Tally> {
    let inserted = sqlx::query_scalar!(
        r#"insert into centers as c (code, name, tz, phone_number_id, address, phone, region)
           select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
               on conflict (code) do update
                 set name = excluded.name, tz = excluded.tz, phone_number_id = excluded.phone_number_id,
                     address = excluded.address, phone = excluded.phone, region = excluded.region
               where (c.name, c.tz, c.phone_number_id, c.address, c.phone, c.region) is distinct from
                     (excluded.name, excluded.tz, excluded.phone_number_id, excluded.address, excluded.phone, excluded.region)
           returning (xmax = 0) as "inserted!""#,
        &column(rows, |row| row.code.clone()),
        &column(rows, |row| row.name.clone()),
        &column(rows, |row| row.tz.clone()),
        &column(rows, |row| row.phone_number_id.clone()) as &[Option<String>],
        &column(rows, |row| row.address.clone()) as &[Option<String>],
        &column(rows, |row| row.phone.clone()) as &[Option<String>],
        &column(rows, |row| row.region.clone()) as &[Option<String>],
    )
    .fetch_all(tx)
    .await?;
    Ok(tally(&inserted))
}

pub(in crate::transfer) async fn unknown_centers(
    conn: &mut PgConnection,
    file: &'static str,
    centers: &[String],
    lines: &[i64],
) -> sqlx::Result<Vec<BadRow>> {
    let missing = sqlx::query_scalar!(
        r#"select r.line from unnest($1::text[], $2::bigint[]) as r(center, line)
            where not exists (select from centers c where c.code = r.center) order by 1"#,
        centers,
        lines
    )
    .fetch_all(conn)
    .await?;
    Ok(missing.into_iter().map(|line| complaint(file, line, "center", NO_CENTER)).collect())
}

pub(in crate::transfer) async fn doctors(
    tx: &mut PgConnection,
    rows: &[Placed<Doctor>],
    bad: &mut Vec<BadRow>,
) -> sqlx::Result<Tally> {
    let centers = column(rows, |row| row.center.clone());
    bad.extend(unknown_centers(tx, rows::DOCTORS, &centers, &lines(rows)).await?);
    let inserted = sqlx::query_scalar!(
        r#"insert into doctors as d (center_id, code, full_name, profession, sector)
           select c.id, r.code, r.full_name, r.profession, r.sector
             from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) as r(center, code, full_name, profession, sector)
             join centers c on c.code = r.center
               on conflict (center_id, code) do update
                 set full_name = excluded.full_name, profession = excluded.profession, sector = excluded.sector
               where (d.full_name, d.profession, d.sector) is distinct from (excluded.full_name, excluded.profession, excluded.sector)
           returning (xmax = 0) as "inserted!""#,
        &centers,
        &column(rows, |row| row.code.clone()),
        &column(rows, |row| row.full_name.clone()),
        &column(rows, |row| row.profession.clone()),
        &column(rows, |row| row.sector.clone()) as &[Option<String>],
    )
    .fetch_all(tx)
    .await?;
    Ok(tally(&inserted))
}

pub(in crate::transfer) async fn types(
    tx: &mut PgConnection,
    rows: &[Placed<Type>],
    bad: &mut Vec<BadRow>,
) -> sqlx::Result<Tally> {
    let centers = column(rows, |row| row.center.clone());
    bad.extend(unknown_centers(tx, rows::TYPES, &centers, &lines(rows)).await?);
    let inserted = sqlx::query_scalar!(
        r#"insert into appointment_types as t (center_id, code, name, patient_words, duration_min, buffer_after_min, min_notice_min,
                                              max_horizon_days, bookable)
           -- an array of arrays must be square, so the words come joined
           select c.id, r.code, r.name, coalesce(string_to_array(r.words, '|'), '{}'), r.duration, r.buffer, r.notice, r.horizon, r.bookable
             from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::int[], $7::int[], $8::int[], $9::bool[])
               as r(center, code, name, words, duration, buffer, notice, horizon, bookable)
             join centers c on c.code = r.center
               on conflict (center_id, code) do update
                 set name = excluded.name, patient_words = excluded.patient_words, duration_min = excluded.duration_min,
                     buffer_after_min = excluded.buffer_after_min, min_notice_min = excluded.min_notice_min,
                     max_horizon_days = excluded.max_horizon_days, bookable = excluded.bookable
               where (t.name, t.patient_words, t.duration_min, t.buffer_after_min, t.min_notice_min, t.max_horizon_days, t.bookable)
                     is distinct from (excluded.name, excluded.patient_words, excluded.duration_min, excluded.buffer_after_min,
                                       excluded.min_notice_min, excluded.max_horizon_days, excluded.bookable)
           returning (xmax = 0) as "inserted!""#,
        &centers,
        &column(rows, |row| row.code.clone()),
        &column(rows, |row| row.name.clone()),
        &column(rows, |row| row.patient_words.join("|")),
        &column(rows, |row| row.duration_min),
        &column(rows, |row| row.buffer_after_min),
        &column(rows, |row| row.min_notice_min),
        &column(rows, |row| row.max_horizon_days),
        &column(rows, |row| row.bookable),
    )
    .fetch_all(tx)
    .await?;
    Ok(tally(&inserted))
}

/// Whether a centre with patients has this code.
pub(in crate::transfer) async fn is_there(conn: &mut PgConnection, code: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from centers c join patients p on p.center_id = c.id where c.code = $1) as "there!""#,
        code
    )
    .fetch_one(conn)
    .await
}

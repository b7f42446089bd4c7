//! The SQL of the import: each file is one statement (or a few), whatever its length.
//!
//! Every statement upserts by the centre's own codes and writes only what differs, so that a second run
//! changes nothing. A row that refers to something unknown is a complaint, found by the database.

use chrono::{NaiveDate, NaiveTime};
use sqlx::PgConnection;

use super::rows::{self, AbsenceRow, Appointment, Center, Doctor, HolidayRow, Patient, Schedule, Type};
use super::sheet::{BadRow, Placed};
use crate::id::{AppointmentId, CenterId, DoctorId};
use crate::scheduling::store::closing;

/// What a file did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    pub(super) added: u64,
    pub(super) changed: u64,
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
        file,
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

pub(super) async fn centers(tx: &mut PgConnection, rows: &[Placed<Center>]) -> sqlx::Result<Tally> {
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

pub(super) async fn unknown_centers(
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

pub(super) async fn doctors(
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

pub(super) async fn types(
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

/// The file is the whole week of every professional it mentions: blocks that are not in it go.
pub(super) async fn schedules(
    tx: &mut PgConnection,
    rows: &[Placed<Schedule>],
    today: NaiveDate,
    bad: &mut Vec<BadRow>,
) -> sqlx::Result<(Tally, Vec<AppointmentId>)> {
    let resolved = sqlx::query!(
        r#"select r.line as "line!", c.id as "center?: CenterId", d.id as "doctor?: DoctorId", t.id as "kind?"
             from unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) as r(line, center, doctor, kind)
             left join centers c on c.code = r.center
             left join doctors d on d.center_id = c.id and d.code = r.doctor
             left join appointment_types t on t.center_id = c.id and t.code = r.kind
            order by 1"#,
        &lines(rows),
        &column(rows, |row| row.center.clone()),
        &column(rows, |row| row.doctor.clone()),
        &column(rows, |row| row.appointment_type.clone()),
    )
    .fetch_all(&mut *tx)
    .await?;
    let before = bad.len();
    for row in &resolved {
        match (row.center, row.doctor, row.kind) {
            (None, ..) => bad.push(complaint(rows::SCHEDULES, Some(row.line), "center", NO_CENTER)),
            (_, None, _) => bad.push(complaint(rows::SCHEDULES, Some(row.line), "doctor", NO_DOCTOR)),
            (.., None) => bad.push(complaint(rows::SCHEDULES, Some(row.line), "appointment_type", NO_TYPE)),
            (Some(_), Some(_), Some(_)) => {}
        }
    }
    if bad.len() > before {
        return Ok((Tally::default(), Vec::new()));
    }
    let centers: Vec<i64> = resolved.iter().filter_map(|row| row.center).map(|center| center.0).collect();
    let doctors: Vec<i64> = resolved.iter().filter_map(|row| row.doctor).map(|doctor| doctor.0).collect();
    let kinds: Vec<i64> = resolved.iter().filter_map(|row| row.kind).collect();
    let weekdays = column(rows, |row| row.day_of_week);
    let starts = column(rows, |row| row.start);
    let ends = column(rows, |row| row.end);
    let steps = column(rows, |row| row.slot_minutes);
    let from = column(rows, |row| row.valid_from);
    let to = column(rows, |row| row.valid_to);

    // whose week changes, so that only their days are locked
    let touched = sqlx::query!(
        r#"with asked as (
             select r.doctor_id, r.center_id, r.day_of_week, r.start_time, r.end_time, r.slot_minutes, r.kind,
                    daterange(r.valid_from, r.valid_to, '[]') as valid
               from unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::time[], $5::time[], $6::int[], $7::bigint[], $8::date[], $9::date[])
                 as r(doctor_id, center_id, day_of_week, start_time, end_time, slot_minutes, kind, valid_from, valid_to)
           ), have as (
             select s.doctor_id, s.center_id, s.day_of_week, s.start_time, s.end_time, s.slot_minutes, s.appointment_type_id as kind, s.valid
               from doctor_schedules s where (s.doctor_id, s.center_id) in (select doctor_id, center_id from asked)
           )
           select x.doctor_id as "doctor!: DoctorId", x.center_id as "center!: CenterId",
                  exists (select from appointments a where a.doctor_id = x.doctor_id and a.appointment_date >= $10 and a.blocks) as "booked!",
                  (select max(max_horizon_days) from appointment_types t where t.center_id = x.center_id) as "horizon!"
             from (select distinct doctor_id, center_id from ((table asked except table have) union all (table have except table asked)) d) x"#,
        &doctors,
        &centers,
        &weekdays,
        &starts,
        &ends,
        &steps,
        &kinds,
        &from as &[Option<NaiveDate>],
        &to as &[Option<NaiveDate>],
        today,
    )
    .fetch_all(&mut *tx)
    .await?;
    if touched.is_empty() {
        return Ok((Tally::default(), Vec::new()));
    }
    let days: Vec<(DoctorId, NaiveDate)> = touched
        .iter()
        .filter(|row| row.booked)
        .flat_map(|row| {
            today.iter_days().take(usize::try_from(row.horizon).unwrap_or(0) + 1).map(|day| (row.doctor, day))
        })
        .collect();
    closing::lock_days(tx, &days).await?;

    let (touched_doctors, touched_centers): (Vec<i64>, Vec<i64>) =
        touched.iter().map(|row| (row.doctor.0, row.center.0)).unzip();
    let removed = sqlx::query!(
        r#"with asked as (
             select r.doctor_id, r.center_id, r.day_of_week, r.start_time, r.end_time, r.slot_minutes, r.kind,
                    daterange(r.valid_from, r.valid_to, '[]') as valid
               from unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::time[], $5::time[], $6::int[], $7::bigint[], $8::date[], $9::date[])
                 as r(doctor_id, center_id, day_of_week, start_time, end_time, slot_minutes, kind, valid_from, valid_to)
           )
           delete from doctor_schedules s
            where (s.doctor_id, s.center_id) in (select * from unnest($10::bigint[], $11::bigint[]))
              and (s.doctor_id, s.center_id, s.day_of_week, s.start_time, s.end_time, s.slot_minutes, s.appointment_type_id, s.valid)
                  not in (table asked)"#,
        &doctors,
        &centers,
        &weekdays,
        &starts,
        &ends,
        &steps,
        &kinds,
        &from as &[Option<NaiveDate>],
        &to as &[Option<NaiveDate>],
        &touched_doctors,
        &touched_centers,
    )
    .execute(&mut *tx)
    .await?
    .rows_affected();
    let written = sqlx::query!(
        r#"with asked as (
             select r.*, daterange(r.valid_from, r.valid_to, '[]') as valid
               from unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::time[], $5::time[], $6::int[], $7::bigint[], $8::date[], $9::date[], $10::bigint[])
                 as r(doctor_id, center_id, day_of_week, start_time, end_time, slot_minutes, kind, valid_from, valid_to, line)
           ), fresh as (
             select * from asked a
              where not exists (
                select from doctor_schedules s
                 where (s.doctor_id, s.center_id, s.day_of_week, s.start_time, s.end_time, s.slot_minutes, s.appointment_type_id, s.valid)
                     = (a.doctor_id, a.center_id, a.day_of_week, a.start_time, a.end_time, a.slot_minutes, a.kind, a.valid))
           ), added as (
             insert into doctor_schedules as s (doctor_id, center_id, day_of_week, start_time, end_time, slot_minutes, appointment_type_id, valid)
             select doctor_id, center_id, day_of_week, start_time, end_time, slot_minutes, kind, valid from fresh order by line
                 on conflict do nothing
             returning s.doctor_id, s.day_of_week, s.start_time, s.valid
           )
           -- a row that is not there now overlaps another: of this file, or of another centre
           select f.line as "line!", exists (
                    select from added s where (s.doctor_id, s.day_of_week, s.start_time, s.valid) = (f.doctor_id, f.day_of_week, f.start_time, f.valid)
                  ) as "added!"
             from fresh f order by 1"#,
        &doctors,
        &centers,
        &weekdays,
        &starts,
        &ends,
        &steps,
        &kinds,
        &from as &[Option<NaiveDate>],
        &to as &[Option<NaiveDate>],
        &lines(rows),
    )
    .fetch_all(&mut *tx)
    .await?;
    let overlap =
        "overlaps another block of the same professional on that day, in this file or at another centre";
    bad.extend(
        written
            .iter()
            .filter(|row| !row.added)
            .map(|row| complaint(rows::SCHEDULES, Some(row.line), "start_time", overlap)),
    );
    let mut misfits = Vec::new();
    for (center, doctors) in by_center(touched.iter().map(|row| (row.center, row.doctor))) {
        misfits.extend(closing::misfits(tx, center, &doctors, today).await?);
    }
    let added = written.iter().filter(|row| row.added).count() as u64;
    Ok((Tally { added, changed: removed }, misfits))
}

pub(super) async fn patients(
    tx: &mut PgConnection,
    rows: &[Placed<Patient>],
    bad: &mut Vec<BadRow>,
) -> sqlx::Result<Tally> {
    let before = bad.len();
    let centers = column(rows, |row| row.center.clone());
    bad.extend(unknown_centers(tx, rows::PATIENTS, &centers, &lines(rows)).await?);
    let numbers = column(rows, |row| i32::try_from(row.run.number()).unwrap_or(0));
    let mut seen = std::collections::HashMap::new();
    for (placed, key) in rows.iter().zip(centers.iter().zip(&numbers)) {
        if let Some(first) = seen.insert(key, placed.row) {
            let message = format!("is the same patient as in row {first}");
            bad.push(complaint(rows::PATIENTS, i64::try_from(placed.row).ok(), "run", &message));
        }
    }
    if bad.len() > before {
        return Ok(Tally::default());
    }
    let inserted = sqlx::query_scalar!(
        r#"insert into patients as p (center_id, run_num, run_dv, full_name, birth_date, sex, sector)
           select c.id, r.run_num, r.run_dv, r.full_name, r.birth_date, r.sex, r.sector
             from unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::date[], $6::text[], $7::text[])
               as r(center, run_num, run_dv, full_name, birth_date, sex, sector)
             join centers c on c.code = r.center
               on conflict (center_id, run_num) do update
                 set run_dv = excluded.run_dv, full_name = excluded.full_name, birth_date = excluded.birth_date,
                     sex = excluded.sex, sector = excluded.sector
               where (p.run_dv, p.full_name, p.birth_date, p.sex, p.sector) is distinct from
                     (excluded.run_dv, excluded.full_name, excluded.birth_date, excluded.sex, excluded.sector)
           returning (xmax = 0) as "inserted!""#,
        &centers,
        &numbers,
        &column(rows, |row| row.run.check().to_string()),
        &column(rows, |row| row.full_name.clone()),
        &column(rows, |row| row.birth_date),
        &column(rows, |row| row.sex.clone()) as &[Option<String>],
        &column(rows, |row| row.sector.clone()) as &[Option<String>],
    )
    .fetch_all(&mut *tx)
    .await?;
    // the file says which phones a patient it mentions has
    let phones: Vec<(String, i32, String)> = rows
        .iter()
        .zip(centers.iter().zip(&numbers))
        .flat_map(|(placed, (center, number))| {
            placed.value.phones.iter().map(|phone| (center.clone(), *number, phone.e164()))
        })
        .collect();
    let phone_centers: Vec<String> = phones.iter().map(|(center, ..)| center.clone()).collect();
    let phone_numbers: Vec<i32> = phones.iter().map(|(_, number, _)| *number).collect();
    let phones: Vec<String> = phones.into_iter().map(|(.., phone)| phone).collect();
    let moved = sqlx::query_scalar!(
        r#"with listed as (
             select p.id from unnest($1::text[], $2::int[]) as r(center, run_num)
               join centers c on c.code = r.center join patients p on p.center_id = c.id and p.run_num = r.run_num
           ), asked as (
             select distinct p.id, r.phone from unnest($3::text[], $4::int[], $5::text[]) as r(center, run_num, phone)
               join centers c on c.code = r.center join patients p on p.center_id = c.id and p.run_num = r.run_num
           ), gone as (
             delete from patient_phones x using listed l
              where x.patient_id = l.id and (x.patient_id, x.phone_e164) not in (table asked)
             returning 1
           ), fresh as (
             insert into patient_phones (patient_id, phone_e164) select id, phone from asked on conflict do nothing returning 1
           )
           select (select count(*) from gone) + (select count(*) from fresh) as "moved!""#,
        &centers,
        &numbers,
        &phone_centers,
        &phone_numbers,
        &phones,
    )
    .fetch_one(tx)
    .await?;
    let mut counted = tally(&inserted);
    // phones of new patients are part of adding them
    counted.changed += if counted.added == 0 { moved.unsigned_abs() } else { 0 };
    Ok(counted)
}

pub(super) async fn absences(
    tx: &mut PgConnection,
    rows: &[Placed<AbsenceRow>],
    today: NaiveDate,
    bad: &mut Vec<BadRow>,
) -> sqlx::Result<(Tally, Vec<AppointmentId>)> {
    let fresh = sqlx::query!(
        r#"select r.line as "line!", c.id as "center?: CenterId", d.id as "doctor?: DoctorId", r.doctor is null as "whole!",
                  exists (select from absences b
                           where b.center_id = c.id and b.doctor_id is not distinct from d.id and b.during = tsrange(r.since, r.until)) as "known!"
             from unnest($1::bigint[], $2::text[], $3::text[], $4::timestamp[], $5::timestamp[]) as r(line, center, doctor, since, until)
             left join centers c on c.code = r.center
             left join doctors d on d.center_id = c.id and d.code = r.doctor
            order by 1"#,
        &lines(rows),
        &column(rows, |row| row.center.clone()),
        &column(rows, |row| row.doctor.clone()) as &[Option<String>],
        &column(rows, |row| row.from),
        &column(rows, |row| row.until),
    )
    .fetch_all(&mut *tx)
    .await?;
    let before = bad.len();
    for row in &fresh {
        if row.center.is_none() {
            bad.push(complaint(rows::ABSENCES, Some(row.line), "center", NO_CENTER));
        } else if row.doctor.is_none() && !row.whole {
            bad.push(complaint(rows::ABSENCES, Some(row.line), "doctor", NO_DOCTOR));
        }
    }
    if bad.len() > before {
        return Ok((Tally::default(), Vec::new()));
    }
    let centers: Vec<i64> = fresh.iter().filter_map(|row| row.center).map(|center| center.0).collect();
    let doctors: Vec<Option<i64>> = fresh.iter().map(|row| row.doctor.map(|doctor| doctor.0)).collect();
    // the professionals and days that each new absence closes, locked before it is written
    let closed = sqlx::query!(
        r#"select distinct d.doctor_id as "doctor!: DoctorId", r.center_id as "center!: CenterId", day::date as "day!"
             from unnest($1::bigint[], $2::bigint[], $3::timestamp[], $4::timestamp[], $5::bool[]) as r(center_id, doctor_id, since, until, known)
             join lateral (select distinct s.doctor_id from doctor_schedules s
                            where s.center_id = r.center_id and (r.doctor_id is null or s.doctor_id = r.doctor_id)) d on true
            cross join generate_series(greatest(r.since::date, $6::date), least(r.until::date, $6::date + 400), interval '1 day') as day
            where not r.known"#,
        &centers,
        &doctors as &[Option<i64>],
        &column(rows, |row| row.from),
        &column(rows, |row| row.until),
        &fresh.iter().map(|row| row.known).collect::<Vec<_>>(),
        today,
    )
    .fetch_all(&mut *tx)
    .await?;
    let days: Vec<(DoctorId, NaiveDate)> = closed.iter().map(|row| (row.doctor, row.day)).collect();
    closing::lock_days(tx, &days).await?;
    let added = sqlx::query!(
        r#"insert into absences (center_id, doctor_id, during, reason)
           select r.center_id, r.doctor_id, tsrange(r.since, r.until), r.reason
             from unnest($1::bigint[], $2::bigint[], $3::timestamp[], $4::timestamp[], $5::text[]) as r(center_id, doctor_id, since, until, reason)
               on conflict do nothing"#,
        &centers,
        &doctors as &[Option<i64>],
        &column(rows, |row| row.from),
        &column(rows, |row| row.until),
        &column(rows, |row| row.reason.clone()),
    )
    .execute(&mut *tx)
    .await?
    .rows_affected();
    let mut misfits = Vec::new();
    for (center, doctors) in by_center(closed.iter().map(|row| (row.center, row.doctor))) {
        misfits.extend(closing::misfits(tx, center, &doctors, today).await?);
    }
    Ok((Tally { added, changed: 0 }, misfits))
}

pub(super) async fn holidays(tx: &mut PgConnection, rows: &[Placed<HolidayRow>]) -> sqlx::Result<Tally> {
    let inserted = sqlx::query_scalar!(
        r#"insert into holidays as h (day, name, scope)
           select distinct on (r.day, r.scope) r.day, r.name, r.scope from unnest($1::date[], $2::text[], $3::text[]) as r(day, name, scope)
               on conflict (day, scope) do update set name = excluded.name where h.name <> excluded.name
           returning (xmax = 0) as "inserted!""#,
        &column(rows, |row| row.day),
        &column(rows, |row| row.name.clone()),
        &column(rows, |row| row.scope.clone()),
    )
    .fetch_all(tx)
    .await?;
    Ok(tally(&inserted))
}

/// Writes hours that are not there yet. One that is there and has moved on since (moved, cancelled by chat) is left
/// as it is: the database knows better than last week's file.
pub(super) async fn appointments(
    tx: &mut PgConnection,
    rows: &[Placed<Appointment>],
    bad: &mut Vec<BadRow>,
) -> sqlx::Result<Tally> {
    let resolved = sqlx::query!(
        r#"select r.line as "line!", c.id as "center?", d.id as "doctor?: DoctorId", t.id as "kind?", p.id as "patient?",
                  -- a wall time that does not exist or happens twice is nobody's hour
                  coalesce(i.at at time zone c.tz = r.start and (i.at - interval '1 hour') at time zone c.tz <> r.start
                           and (i.at + interval '1 hour') at time zone c.tz <> r.start, false) as "real!"
             from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::int[], $6::timestamp[]) as r(line, center, doctor, kind, run, start)
             left join centers c on c.code = r.center
             left join doctors d on d.center_id = c.id and d.code = r.doctor
             left join appointment_types t on t.center_id = c.id and t.code = r.kind
             left join patients p on p.center_id = c.id and p.run_num = r.run
            cross join lateral (select r.start at time zone c.tz as at) i
            order by 1"#,
        &lines(rows),
        &column(rows, |row| row.center.clone()),
        &column(rows, |row| row.doctor.clone()),
        &column(rows, |row| row.appointment_type.clone()),
        &column(rows, |row| i32::try_from(row.run.number()).unwrap_or(0)),
        &column(rows, |row| row.start),
    )
    .fetch_all(&mut *tx)
    .await?;
    let before = bad.len();
    let mut wrong = |line, column: &str, message: &str| {
        bad.push(complaint(rows::APPOINTMENTS, Some(line), column, message));
    };
    for row in &resolved {
        match (row.center, row.doctor, row.kind, row.patient) {
            (None, ..) => wrong(row.line, "center", NO_CENTER),
            (_, None, ..) => wrong(row.line, "doctor", NO_DOCTOR),
            (_, _, None, _) => wrong(row.line, "appointment_type", NO_TYPE),
            (.., None) => wrong(row.line, "patient_run", NO_PATIENT),
            (Some(_), Some(_), Some(_), Some(_)) if !row.real => {
                wrong(
                    row.line,
                    "start",
                    "does not exist or happens twice on the centre's clock (a change of season)",
                );
            }
            (Some(_), Some(_), Some(_), Some(_)) => {}
        }
    }
    if bad.len() > before {
        return Ok(Tally::default());
    }
    let doctors: Vec<i64> = resolved.iter().filter_map(|row| row.doctor).map(|doctor| doctor.0).collect();
    let patients: Vec<i64> = resolved.iter().filter_map(|row| row.patient).collect();
    let kinds: Vec<i64> = resolved.iter().filter_map(|row| row.kind).collect();
    let starts = column(rows, |row| row.start);
    let known = sqlx::query_scalar!(
        r#"select exists (
                    select from appointments a
                     where a.doctor_id = r.doctor_id and a.patient_id = r.patient_id and a.appointment_type_id = r.kind
                       and a.appointment_date = r.start::date and a.start_local = r.start::time and a.lane = 0) as "known!"
             from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamp[]) with ordinality as r(doctor_id, patient_id, kind, start, n)
            order by r.n"#,
        &doctors,
        &patients,
        &kinds,
        &starts,
    )
    .fetch_all(&mut *tx)
    .await?;
    let fresh: Vec<usize> = (0..rows.len()).filter(|index| !known[*index]).collect();
    let days: Vec<(DoctorId, NaiveDate)> =
        fresh.iter().map(|index| (DoctorId(doctors[*index]), starts[*index].date())).collect();
    closing::lock_days(tx, &days).await?;
    let pick = |all: &[i64]| fresh.iter().map(|index| all[*index]).collect::<Vec<_>>();
    let (patients, lines) = (pick(&patients), pick(&lines(rows)));
    sqlx::query!("select id from patients where id = any($1) order by id for no key update", &patients)
        .fetch_all(&mut *tx)
        .await?;
    let statuses: Vec<String> =
        fresh.iter().map(|index| rows[*index].value.status.as_str().to_owned()).collect();
    let times: Vec<NaiveTime> = fresh.iter().map(|index| starts[*index].time()).collect();
    let dates: Vec<NaiveDate> = days.iter().map(|(_, day)| *day).collect();
    let missing = sqlx::query_scalar!(
        r#"with asked as (
             select r.*, t.center_id, t.duration_min, t.buffer_after_min, (r.day + r.start) at time zone c.tz as at
               from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::date[], $5::time[], $6::text[], $7::bigint[])
                 as r(doctor_id, patient_id, kind, day, start, status, line)
               join appointment_types t on t.id = r.kind join centers c on c.id = t.center_id
           ), added as (
             insert into appointments as a (center_id, doctor_id, patient_id, appointment_type_id, appointment_date, start_local, during, busy, status, created_at)
             select center_id, doctor_id, patient_id, kind, day, start,
                    tstzrange(at, at + make_interval(mins => duration_min)),
                    tstzrange(at, at + make_interval(mins => duration_min + buffer_after_min)), status, app_now()
               from asked order by line
                 on conflict do nothing
             returning a.id, a.doctor_id, a.patient_id, a.appointment_date, a.start_local, a.status
           ), recorded as (
             insert into appointment_events (appointment_id, at, actor, to_status) select id, app_now(), 'import', status from added
           )
           select q.line as "line!" from asked q
            where not exists (select from added a where (a.doctor_id, a.patient_id, a.appointment_date, a.start_local) = (q.doctor_id, q.patient_id, q.day, q.start))
            order by 1"#,
        &pick(&doctors),
        &patients,
        &pick(&kinds),
        &dates,
        &times,
        &statuses,
        &lines,
    )
    .fetch_all(tx)
    .await?;
    let overlap = "overlaps another hour of this professional (with its buffer) or of this patient, in this file or in the database";
    bad.extend(missing.iter().map(|line| complaint(rows::APPOINTMENTS, Some(*line), "start", overlap)));
    Ok(Tally { added: (fresh.len() - missing.len()) as u64, changed: 0 })
}

fn by_center(
    pairs: impl Iterator<Item = (CenterId, DoctorId)>,
) -> std::collections::BTreeMap<CenterId, Vec<DoctorId>> {
    let mut grouped: std::collections::BTreeMap<CenterId, Vec<DoctorId>> = std::collections::BTreeMap::new();
    for (center, doctor) in pairs {
        grouped.entry(center).or_default().push(doctor);
    }
    grouped
}

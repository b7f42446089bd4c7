//! Patients with their phones, and the hours they have.

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveTime};
use sqlx::PgConnection;

use super::{
    NO_CENTER, NO_DOCTOR, NO_PATIENT, NO_TYPE, Tally, column, complaint, lines, tally, unknown_centers,
};
use crate::id::DoctorId;
use crate::scheduling::store::closing;
use crate::transfer::rows::{self, Appointment, Patient};
use crate::transfer::sheet::{BadRow, Placed};

pub(in crate::transfer) async fn patients(
    tx: &mut PgConnection,
    rows: &[Placed<Patient>],
    bad: &mut Vec<BadRow>,
) -> sqlx::Result<Tally> {
    let before = bad.len();
    let centers = column(rows, |row| row.center.clone());
    bad.extend(unknown_centers(tx, rows::PATIENTS, &centers, &lines(rows)).await?);
    let numbers = column(rows, |row| i32::try_from(row.run.number()).unwrap_or(0));
    let mut seen = HashMap::new();
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

/// Writes hours that are not there yet. One that is there and has moved on since (moved, cancelled by chat) is left
/// as it is: the database knows better than last week's file.
pub(in crate::transfer) async fn appointments(
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

//! Single days that are not as the week says: written under the locks of those days, with the booked hours that they
//! hit. None of those is moved: a person finds them another.

use chrono::{NaiveDate, NaiveTime};
use sqlx::PgConnection;

use super::closing::{distinct, lock_days, misfits};
use crate::id::{AppointmentId, AppointmentTypeId, CenterId, DoctorId};

/// A day that is not as the week says, as it is written.
#[derive(Debug, Clone)]
pub struct NewException {
    /// Where.
    pub center: CenterId,
    /// Whose; none: the whole centre's, which can only close.
    pub doctor: Option<DoctorId>,
    /// Which day.
    pub day: NaiveDate,
    /// From.
    pub start: NaiveTime,
    /// Until before; none: the end of the day.
    pub end: Option<NaiveTime>,
    /// What is attended; none: it closes.
    pub opens: Option<NewOpening>,
    /// Why, in staff's words.
    pub reason: String,
}

/// What is attended on a day that is opened.
#[derive(Debug, Clone, Copy)]
pub struct NewOpening {
    /// For what.
    pub appointment_type: AppointmentTypeId,
    /// Minutes from one possible beginning to the next.
    pub slot_minutes: i32,
    /// How long visits take; none: as long as the prestación says.
    pub duration_min: Option<i32>,
}

/// Writes exceptions under the locks of the days they are about. Answers for each whether it is there now (false: it
/// overlaps another opening of the professional), how many were new, and the booked hours that they hit.
///
/// # Errors
/// When the database fails.
pub async fn exceptions(
    tx: &mut PgConnection,
    rows: &[NewException],
    today: NaiveDate,
) -> sqlx::Result<(Vec<bool>, u64, Vec<AppointmentId>)> {
    let centers: Vec<i64> = rows.iter().map(|row| row.center.0).collect();
    let doctors: Vec<Option<i64>> = rows.iter().map(|row| row.doctor.map(|doctor| doctor.0)).collect();
    let of_day: Vec<NaiveDate> = rows.iter().map(|row| row.day).collect();
    let starts: Vec<NaiveTime> = rows.iter().map(|row| row.start).collect();
    let ends: Vec<Option<NaiveTime>> = rows.iter().map(|row| row.end).collect();
    let kinds: Vec<Option<i64>> =
        rows.iter().map(|row| row.opens.map(|opens| opens.appointment_type.0)).collect();
    let steps: Vec<Option<i32>> = rows.iter().map(|row| row.opens.map(|opens| opens.slot_minutes)).collect();
    let lasts: Vec<Option<i32>> =
        rows.iter().map(|row| row.opens.and_then(|opens| opens.duration_min)).collect();
    let reasons: Vec<String> = rows.iter().map(|row| row.reason.clone()).collect();
    let touched = sqlx::query!(
        r#"select distinct d.doctor_id as "doctor!: DoctorId", r.day as "day!"
             from unnest($1::bigint[], $2::bigint[], $3::date[], $4::bigint[], $5::time[], $6::time[])
               as r(center_id, doctor_id, day, kind, start_time, end_time)
             join lateral (
               select r.doctor_id where r.doctor_id is not null
               union
               select s.doctor_id from doctor_schedules s where r.doctor_id is null and s.center_id = r.center_id
               union
               select a.doctor_id from appointments a
                where r.doctor_id is null and a.center_id = r.center_id and a.blocks and a.appointment_date = r.day
             ) d on true
            where r.day >= $7
              and not exists (select from schedule_exceptions x
                               where x.center_id = r.center_id and x.doctor_id is not distinct from r.doctor_id and x.day = r.day
                                 and x.kind = case when r.kind is null then 'CLOSED' else 'OPEN' end
                                 and x.start_time = r.start_time and x.end_time = coalesce(r.end_time, '24:00'))"#,
        &centers,
        &doctors as &[Option<i64>],
        &of_day,
        &kinds as &[Option<i64>],
        &starts,
        &ends as &[Option<NaiveTime>],
        today,
    )
    .fetch_all(&mut *tx)
    .await?;
    let days: Vec<(DoctorId, NaiveDate)> = touched.iter().map(|row| (row.doctor, row.day)).collect();
    lock_days(tx, &days).await?;
    let written = sqlx::query!(
        r#"with asked as (
             select r.center_id, r.doctor_id, r.day, case when r.kind is null then 'CLOSED' else 'OPEN' end as what, r.start_time,
                    coalesce(r.end_time, '24:00') as end_time, r.kind, r.step, r.lasts, r.reason, r.n
               from unnest($1::bigint[], $2::bigint[], $3::date[], $4::time[], $5::time[], $6::bigint[], $7::int[], $8::int[], $9::text[])
                 with ordinality as r(center_id, doctor_id, day, start_time, end_time, kind, step, lasts, reason, n)
           ), added as (
             insert into schedule_exceptions as e
               (center_id, doctor_id, day, kind, start_time, end_time, appointment_type_id, slot_minutes, duration_min, reason)
             select center_id, doctor_id, day, what, start_time, end_time, kind, step, lasts, reason from asked order by n
                 on conflict do nothing
             returning e.center_id, e.doctor_id, e.day, e.kind as what, e.start_time, e.end_time, e.appointment_type_id as kind,
                       e.slot_minutes as step, e.duration_min as lasts
           ), there as (
             select * from added
             union all
             select e.center_id, e.doctor_id, e.day, e.kind, e.start_time, e.end_time, e.appointment_type_id, e.slot_minutes, e.duration_min
               from schedule_exceptions e where e.day = any($3)
           )
           select exists (
                    select from there t
                     where (t.center_id, t.day, t.what, t.start_time, t.end_time) = (a.center_id, a.day, a.what, a.start_time, a.end_time)
                       and (t.doctor_id, t.kind, t.step, t.lasts) is not distinct from (a.doctor_id, a.kind, a.step, a.lasts)) as "there!",
                  (select count(*) from added) as "added!"
             from asked a order by a.n"#,
        &centers,
        &doctors as &[Option<i64>],
        &of_day,
        &starts,
        &ends as &[Option<NaiveTime>],
        &kinds as &[Option<i64>],
        &steps as &[Option<i32>],
        &lasts as &[Option<i32>],
        &reasons,
    )
    .fetch_all(&mut *tx)
    .await?;
    let added = written.first().map_or(0, |row| row.added.unsigned_abs());
    let there = written.iter().map(|row| row.there).collect();
    Ok((there, added, misfits(tx, &distinct(&days), today).await?))
}

/// Takes an exception back. What was booked in an opening is hit by that, and listed.
///
/// # Errors
/// When the database fails.
pub async fn withdraw(
    tx: &mut PgConnection,
    center: CenterId,
    exception: i64,
    today: NaiveDate,
) -> sqlx::Result<Option<Vec<AppointmentId>>> {
    let found = sqlx::query!(
        r#"select doctor_id as "doctor: DoctorId", day from schedule_exceptions where id = $1 and center_id = $2"#,
        exception,
        center.0
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(found) = found else { return Ok(None) };
    // what the whole centre closed opens again, which hits nobody and locks nothing
    let days: Vec<(DoctorId, NaiveDate)> =
        found.doctor.filter(|_| found.day >= today).map(|doctor| (doctor, found.day)).into_iter().collect();
    lock_days(tx, &days).await?;
    sqlx::query!("delete from schedule_exceptions where id = $1", exception).execute(&mut *tx).await?;
    misfits(tx, &distinct(&days), today).await.map(Some)
}

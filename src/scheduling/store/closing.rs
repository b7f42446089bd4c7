//! Changing who attends when, safely: the days are locked as a booking locks them, so that a published absence
//! and a new booking cannot cross, and what no longer fits is found.

use chrono::NaiveDate;
use sqlx::PgConnection;

use crate::id::{AppointmentId, DoctorId};

/// Locks these days of these professionals, sorted, and raises their versions. Call it before the change.
///
/// # Errors
/// When the database fails.
pub async fn lock_days(tx: &mut PgConnection, days: &[(DoctorId, NaiveDate)]) -> sqlx::Result<()> {
    let (doctors, days): (Vec<i64>, Vec<NaiveDate>) =
        days.iter().map(|(doctor, day)| (doctor.0, *day)).unzip();
    sqlx::query!(
        r#"with locked as (
             insert into doctor_days as d (doctor_id, day, version)
             select distinct k.doctor_id, k.day, 1 from unnest($1::bigint[], $2::date[]) as k(doctor_id, day) order by 1, 2
                 on conflict (doctor_id, day) do update set version = d.version + 1
             returning d.doctor_id, d.day, d.version
           )
           insert into map_changes (doctor_id, day, version, at) select doctor_id, day, version, app_now() from locked"#,
        &doctors,
        &days
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Lets go of the holds, and lists the booked hours (of patients who are in the waiting room, too), that the agenda as it
/// is now no longer covers: a person must find those another hour. Call it after the change.
///
/// # Errors
/// When the database fails.
pub async fn misfits(
    tx: &mut PgConnection,
    doctors: &[DoctorId],
    from: NaiveDate,
) -> sqlx::Result<Vec<AppointmentId>> {
    let doctors: Vec<i64> = doctors.iter().map(|doctor| doctor.0).collect();
    sqlx::query_scalar!(
        r#"with misfit as materialized (
             select a.id, a.status
               from appointments a
              where a.doctor_id = any($1) and a.appointment_date >= $2 and a.status in ('PENDING', 'CONFIRMED', 'ARRIVED')
                and case when a.lane = 0 then not exists (
                      select from attended(a.center_id, a.doctor_id, a.appointment_type_id, a.appointment_date + a.start_local,
                                           (extract(epoch from upper(a.during) - lower(a.during)) / 60)::int))
                    -- a sobrecupo stands beside the week, but nobody is seen by who is away
                    else exists (
                      select from absences b
                       where (b.doctor_id = a.doctor_id or b.doctor_id is null and b.center_id = a.center_id)
                         and b.during && tsrange(a.appointment_date + a.start_local,
                                                 a.appointment_date + a.start_local + (upper(a.during) - lower(a.during)))) end
           ), freed as (
             update appointments a set status = 'EXPIRED', hold_expires_at = null
               from misfit m where a.id = m.id and a.status = 'PENDING'
             returning a.id
           ), recorded as (
             insert into appointment_events (appointment_id, at, actor, from_status, to_status, reason)
             select id, app_now(), 'system', 'PENDING', 'EXPIRED', 'agenda changed' from freed
           )
           select id as "id: AppointmentId" from misfit where status <> 'PENDING' order by id"#,
        &doctors,
        from
    )
    .fetch_all(tx)
    .await
}

/// The professionals of these days.
pub fn distinct(days: &[(DoctorId, NaiveDate)]) -> Vec<DoctorId> {
    let mut doctors: Vec<DoctorId> = days.iter().map(|(doctor, _)| *doctor).collect();
    doctors.sort_unstable();
    doctors.dedup();
    doctors
}

/// Writes Chile's holidays of these years where they are missing.
///
/// # Errors
/// When the database fails.
pub async fn ensure_holidays(
    conn: &mut PgConnection,
    years: std::ops::RangeInclusive<i32>,
) -> sqlx::Result<u64> {
    let all: Vec<_> = years.flat_map(crate::scheduling::holiday::of_year).collect();
    let days: Vec<NaiveDate> = all.iter().map(|holiday| holiday.day).collect();
    let names: Vec<String> = all.iter().map(|holiday| holiday.name.to_owned()).collect();
    let scopes: Vec<String> = all.iter().map(|holiday| holiday.scope.to_owned()).collect();
    let done = sqlx::query!(
        "insert into holidays (day, name, scope) select * from unnest($1::date[], $2::text[], $3::text[]) on conflict do nothing",
        &days,
        &names,
        &scopes
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

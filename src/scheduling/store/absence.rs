//! Absences, of one professional or of a whole centre: written under the locks of the days they close, with the booked
//! hours that they hit. None of those is moved: a person finds them another.

use chrono::{NaiveDate, NaiveDateTime};
use sqlx::PgConnection;

use super::closing::{distinct, lock_days, misfits};
use crate::id::{AppointmentId, CenterId, DoctorId};

/// An absence as it is written: wall time of the centre.
#[derive(Debug, Clone)]
pub struct NewAbsence {
    /// Where.
    pub center: CenterId,
    /// Whose; none: the whole centre's.
    pub doctor: Option<DoctorId>,
    /// From.
    pub from: NaiveDateTime,
    /// Until before.
    pub until: NaiveDateTime,
    /// Why, in staff's words.
    pub reason: String,
}

/// Writes absences under the locks of the days they close; one that is there is left as it is. Answers how many
/// were new and the booked hours that they hit.
///
/// # Errors
/// When the database fails.
pub async fn absences(
    tx: &mut PgConnection,
    rows: &[NewAbsence],
    today: NaiveDate,
) -> sqlx::Result<(u64, Vec<AppointmentId>)> {
    let centers: Vec<i64> = rows.iter().map(|row| row.center.0).collect();
    let doctors: Vec<Option<i64>> = rows.iter().map(|row| row.doctor.map(|doctor| doctor.0)).collect();
    let from: Vec<NaiveDateTime> = rows.iter().map(|row| row.from).collect();
    let until: Vec<NaiveDateTime> = rows.iter().map(|row| row.until).collect();
    let reasons: Vec<String> = rows.iter().map(|row| row.reason.clone()).collect();
    // the professionals and days that each new absence closes, locked before it is written
    let closed = sqlx::query!(
        r#"select distinct d.doctor_id as "doctor!: DoctorId", day::date as "day!"
             from unnest($1::bigint[], $2::bigint[], $3::timestamp[], $4::timestamp[]) as r(center_id, doctor_id, since, until)
             join lateral (
               -- who is away is away wherever they attend
               select r.doctor_id where r.doctor_id is not null
               union
               select s.doctor_id from doctor_schedules s where r.doctor_id is null and s.center_id = r.center_id
               union
               select e.doctor_id from schedule_exceptions e
                where r.doctor_id is null and e.center_id = r.center_id and e.kind = 'OPEN' and e.day >= r.since::date and e.day <= r.until::date
               union
               -- and who has somebody booked there, whatever the week says by now
               select a.doctor_id from appointments a
                where r.doctor_id is null and a.center_id = r.center_id and a.blocks and a.appointment_date between greatest(r.since::date, $5) and r.until::date
             ) d on true
            cross join generate_series(greatest(r.since::date, $5::date), least(r.until::date, $5::date + 400), interval '1 day') as day
            where not exists (select from absences b
                               where b.center_id = r.center_id and b.doctor_id is not distinct from r.doctor_id and b.during = tsrange(r.since, r.until))"#,
        &centers,
        &doctors as &[Option<i64>],
        &from,
        &until,
        today,
    )
    .fetch_all(&mut *tx)
    .await?;
    let days: Vec<(DoctorId, NaiveDate)> = closed.iter().map(|row| (row.doctor, row.day)).collect();
    lock_days(tx, &days).await?;
    let added = sqlx::query!(
        r#"insert into absences (center_id, doctor_id, during, reason)
           select r.center_id, r.doctor_id, tsrange(r.since, r.until), r.reason
             from unnest($1::bigint[], $2::bigint[], $3::timestamp[], $4::timestamp[], $5::text[]) as r(center_id, doctor_id, since, until, reason)
               on conflict do nothing"#,
        &centers,
        &doctors as &[Option<i64>],
        &from,
        &until,
        &reasons,
    )
    .execute(&mut *tx)
    .await?
    .rows_affected();
    Ok((added, misfits(tx, &distinct(&days), today).await?))
}

/// Takes an absence away again; nothing that was booked is hit by that. False: there was none.
///
/// # Errors
/// When the database fails.
pub async fn reopen(
    tx: &mut PgConnection,
    center: CenterId,
    doctor: Option<DoctorId>,
    from: NaiveDateTime,
    until: NaiveDateTime,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "delete from absences where center_id = $1 and doctor_id is not distinct from $2 and during = tsrange($3, $4)",
        center.0,
        doctor.map(|doctor| doctor.0),
        from,
        until
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

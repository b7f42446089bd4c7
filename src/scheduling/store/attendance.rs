//! The SQL of what a patient says of an hour they have.
//!
//! Only the appointment's own row is locked, last of all, so nothing can wait in a circle.

use sqlx::PgConnection;

use crate::id::AppointmentId;

/// Records once that the patient will come.
pub(in crate::scheduling) async fn confirm(
    tx: &mut PgConnection,
    appointment: AppointmentId,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"with booked as materialized (
             select id, attendance_confirmed_at from appointments
              where id = $1 and status = 'CONFIRMED' for no key update
           ), said as (
             update appointments a set attendance_confirmed_at = app_now()
               from booked b where a.id = b.id and b.attendance_confirmed_at is null
             returning a.id
           ), recorded as (
             insert into appointment_events (appointment_id, at, actor, from_status, to_status, reason)
             select id, app_now(), 'patient', 'CONFIRMED', 'CONFIRMED', 'dice que viene' from said
           )
           select exists (select from booked) as "booked!""#,
        appointment.0
    )
    .fetch_one(tx)
    .await
}

/// Leaves a note once.
pub(in crate::scheduling) async fn note(
    tx: &mut PgConnection,
    appointment: AppointmentId,
    note: &str,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"with theirs as materialized (
             select id, status from appointments where id = $1 and status in ('CONFIRMED', 'CANCELLED')
           ), recorded as (
             insert into appointment_events (appointment_id, at, actor, from_status, to_status, reason)
             select id, app_now(), 'patient', status, status, $2 from theirs
              where not exists (select from appointment_events e where e.appointment_id = theirs.id and e.reason = $2)
           )
           select exists (select from theirs) as "there!""#,
        appointment.0,
        note
    )
    .fetch_one(tx)
    .await
}

//! What a patient says of an hour they have: that they will come, that they are late, why it was called off.
//!
//! None of it changes which hours are taken, so no day is locked. Guarantee: said twice, it is recorded once.

use sqlx::PgConnection;

use super::booking::BookingError;
use super::store::attendance as store;
use crate::id::AppointmentId;

/// Records that the patient will come. False when the hour is not booked any more.
///
/// # Errors
/// When the database fails.
pub async fn confirm(tx: &mut PgConnection, appointment: AppointmentId) -> Result<bool, BookingError> {
    store::confirm(tx, appointment).await.map_err(failed("record that a patient will come", appointment))
}

/// Leaves a note of the patient's on an hour, for staff: "llega unos 10 minutos tarde". False when there is no such
/// hour.
///
/// # Errors
/// When the database fails.
pub async fn note(
    tx: &mut PgConnection,
    appointment: AppointmentId,
    note: &str,
) -> Result<bool, BookingError> {
    store::note(tx, appointment, note).await.map_err(failed("leave a note", appointment))
}

fn failed(doing: &'static str, appointment: AppointmentId) -> impl FnOnce(sqlx::Error) -> BookingError {
    move |source| BookingError::Store { doing: format!("{doing} on appointment {appointment}"), source }
}

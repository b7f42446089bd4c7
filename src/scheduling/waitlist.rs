//! Who waits for an hour that is not there: one entry of a patient for each prestación.
//!
//! Guarantees: asking twice is one entry, which keeps its place in the queue; a booking of the same prestación ends
//! it; a phone that staff has not verified learns only of what its own conversation asked for.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::booking::BookingError;
use super::store::waitlist as store;
use crate::id::{AppointmentTypeId, CenterId, ConversationId, DoctorId, PatientId};
use crate::value::Window;

/// Asks to be put on the list.
#[derive(Debug, Clone)]
pub struct JoinRequest {
    /// The centre.
    pub center: CenterId,
    /// Whose conversation; none for staff.
    pub conversation: Option<ConversationId>,
    /// Who waits.
    pub patient: PatientId,
    /// For what.
    pub appointment_type: AppointmentTypeId,
    /// With whom; none: anyone.
    pub doctor: Option<DoctorId>,
    /// When it would suit; none: at any time.
    pub wanted: Option<Window>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JoinOutcome {
    /// On the list from now on.
    Joined(Waiting),
    /// Was on it; what was asked now counts from now on, the place in the queue stays.
    Already(Waiting),
}

/// An entry of the list. `Debug` hides the patient's name.
#[derive(Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its row.
    pub id: i64,
    /// For what.
    pub type_name: String,
    /// Who waits.
    pub patient_name: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Who asked by chat; none: staff.
    pub conversation: Option<ConversationId>,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting").field("id", &self.id).field("since", &self.since).finish_non_exhaustive()
    }
}

/// Puts a patient on the list.
///
/// # Errors
/// When the database fails.
pub async fn join(tx: &mut PgConnection, request: &JoinRequest) -> Result<JoinOutcome, BookingError> {
    store::join(tx, request).await.map_err(failed(format!("put patient {} on the waitlist", request.patient)))
}

/// What a patient waits for, the longest first.
///
/// # Errors
/// When the database fails.
pub async fn of_patient(tx: &mut PgConnection, patient: PatientId) -> Result<Vec<Waiting>, BookingError> {
    store::of_patient(tx, patient).await.map_err(failed(format!("read the waitlist of patient {patient}")))
}

/// Takes an entry off the list; false when it was off already.
///
/// # Errors
/// When the database fails.
pub async fn leave(tx: &mut PgConnection, entry: i64) -> Result<bool, BookingError> {
    store::end(tx, entry).await.map_err(failed(format!("take entry {entry} off the waitlist")))
}

/// A booking ends the waiting for the same prestación.
///
/// # Errors
/// When the database fails.
pub async fn booked(
    tx: &mut PgConnection,
    patient: PatientId,
    appointment_type: AppointmentTypeId,
) -> Result<(), BookingError> {
    store::booked(tx, patient, appointment_type)
        .await
        .map_err(failed(format!("end the waiting of patient {patient}")))
}

fn failed(doing: String) -> impl FnOnce(sqlx::Error) -> BookingError {
    |source| BookingError::Store { doing, source }
}

//! Who waits for an hour that is not there: one entry of a patient for each prestación.
//!
//! Guarantees: asking twice is one entry, which keeps its place in the queue; a booking of the same prestación ends
//! it; a phone that staff has not verified learns only of what its own conversation asked for.
//!
//! A freed hour is held for the best entry in the very transaction that freed it, so that nobody can come between, and
//! for nobody else while the hold lives; then for the next. An entry is offered three hours at most, one a day, and
//! loses no place by refusing; nobody is offered anything at night, or at a centre that could not tell them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::booking::{self, BookingError};
use super::request::{ReleaseOutcome, ReleaseRequest, Written};
use super::slot::Slot;
use super::store::waitlist as store;
use crate::id::{AppointmentId, AppointmentTypeId, CenterId, ConversationId, DoctorId, PatientId};
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

/// An hour that was freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freed {
    /// Where.
    pub center: CenterId,
    /// The hour.
    pub slot: Slot,
}

/// An hour that is held for an entry of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// Its row in `waitlist_offers`.
    pub offer: i64,
    /// The entry.
    pub entry: i64,
    /// Who is to be told.
    pub conversation: ConversationId,
    /// For whom.
    pub patient: PatientId,
    /// The hold: confirming it books the hour.
    pub appointment: AppointmentId,
    /// The hour.
    pub slot: Slot,
    /// Until when it is theirs alone.
    pub until: DateTime<Utc>,
    /// The template that tells them.
    pub template: String,
}

/// Offers an hour that this transaction freed, whose day it has locked, to the best entry of the list. Two statements,
/// or one when nobody waits.
///
/// # Errors
/// When the database fails.
pub(super) async fn offer(tx: &mut PgConnection, freed: &Freed) -> Result<Option<i64>, BookingError> {
    let doing = || failed(format!("offer hour {} to the waitlist", freed.slot));
    let waiting = store::candidates(tx, freed).await.map_err(doing())?;
    let suits =
        |wanted: &Option<Window>| wanted.as_ref().is_none_or(|window| window.allows(freed.slot.start));
    let entries: Vec<(i64, String)> =
        waiting.into_iter().filter(|one| suits(&one.wanted)).map(|one| (one.entry, one.why)).collect();
    if entries.is_empty() {
        return Ok(None);
    }
    let offered = store::offer(tx, freed, &entries).await.map_err(doing())?;
    metrics::counter!("smartsalud_waitlist_offers_total").increment(u64::from(offered.is_some()));
    Ok(offered)
}

/// Offers of which nobody was told yet, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn untold(conn: &mut PgConnection, at_most: i64) -> Result<Vec<Offered>, BookingError> {
    store::untold(conn, at_most).await.map_err(failed("list the offers to tell of".to_owned()))
}

/// Notes that the patient was written to. False when it was noted before or the offer is over.
///
/// # Errors
/// When the database fails.
pub async fn told(tx: &mut PgConnection, offer: i64) -> Result<bool, BookingError> {
    store::told(tx, offer).await.map_err(failed(format!("note that offer {offer} was told")))
}

/// The patient does not want the hour: it goes to the next, and the entry keeps its place. In a transaction of its own
/// but for the conversation. False when it was not held for this conversation any more.
///
/// # Errors
/// When the database fails.
pub async fn refuse(
    tx: &mut PgConnection,
    hold: AppointmentId,
    conversation: ConversationId,
) -> Result<Written<bool>, BookingError> {
    let released = booking::release(tx, &ReleaseRequest { hold, conversation: Some(conversation) }).await?;
    if released.outcome == ReleaseOutcome::Gone {
        return Ok(Written { outcome: false, changed: Vec::new() });
    }
    let freed = store::refused(tx, hold)
        .await
        .map_err(failed(format!("note that offer of hold {hold} was refused")))?;
    if let Some(freed) = freed {
        offer(tx, &freed).await?;
    }
    Ok(Written { outcome: true, changed: released.changed })
}

fn failed(doing: String) -> impl FnOnce(sqlx::Error) -> BookingError {
    |source| BookingError::Store { doing, source }
}

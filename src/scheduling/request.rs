//! What can be asked of the agenda's referee, and what it answers.
//!
//! Every conflict is an outcome with a name of its own, because each has its own next sentence to the patient.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::slot::{Booked, Slot};
use crate::id::{AppointmentId, CenterId, ConversationId, DoctorId, PatientId};

/// A (professional, day) whose free hours changed: give it to `Agenda::note_change` after the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DayChange {
    /// The professional.
    pub doctor: DoctorId,
    /// The wall day.
    pub day: NaiveDate,
    /// `doctor_days.version` after the change.
    pub version: i64,
}

/// What an operation answered, and which days of the map it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the map must be told of the changed days after the commit"]
pub struct Written<T> {
    /// The answer.
    pub outcome: T,
    /// For `Agenda::note_change`, after the commit.
    pub changed: Vec<DayChange>,
}

/// Asks to hold an hour for a patient.
#[derive(Debug, Clone)]
pub struct HoldRequest {
    /// The centre the conversation belongs to; the professional must work there.
    pub center: CenterId,
    /// Whose conversation; none for staff.
    pub conversation: Option<ConversationId>,
    /// Who will be treated.
    pub patient: PatientId,
    /// Which hour.
    pub slot: Slot,
    /// For how long.
    pub ttl: TimeDelta,
    /// A hold of the same conversation to let go, only if the new one succeeds.
    pub instead_of: Option<AppointmentId>,
    /// The booked hour that this one will replace: it is not in its own way.
    pub moving: Option<AppointmentId>,
}

/// What became of a request to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldOutcome {
    /// It is held.
    Held {
        /// The hold.
        appointment: AppointmentId,
        /// When it expires.
        until: DateTime<Utc>,
    },
    /// Somebody else has it, or the professional no longer attends then.
    Taken,
    /// The patient already has something at that time.
    Yours,
    /// The patient has as many hours of this kind, or holds, as one may have.
    Limit,
    /// It is over, or nearer than the notice that the prestación needs.
    Past,
    /// It is free but overlaps the hour being moved: it goes on unheld, and moving swaps both at once.
    Overlaps,
}

/// Asks to let a hold go.
#[derive(Debug, Clone)]
pub struct ReleaseRequest {
    /// The hold.
    pub hold: AppointmentId,
    /// Whose it must be.
    pub conversation: Option<ConversationId>,
}

/// What became of a request to release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseOutcome {
    /// The hour is free again.
    Released,
    /// There was no such hold any more.
    Gone,
}

/// Asks to make a hold, or a free hour, a booking.
#[derive(Debug, Clone)]
pub struct ConfirmRequest {
    /// The centre the conversation belongs to.
    pub center: CenterId,
    /// Whose conversation; none for staff.
    pub conversation: Option<ConversationId>,
    /// Who will be treated.
    pub patient: PatientId,
    /// The hour the patient said yes to.
    pub slot: Slot,
    /// The hold on it; a dead one is taken again first when its hour is still free.
    pub hold: Option<AppointmentId>,
    /// Who does it.
    pub actor: Actor,
}

/// What became of a request to confirm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfirmOutcome {
    /// It is booked (or already was, by this very request).
    Confirmed(Box<Booked>),
    /// Somebody else has it, or the professional no longer attends then.
    Taken,
    /// The patient already has something else at that time.
    Yours,
    /// It has begun or is over.
    Past,
}

/// Asks to call a booked hour off.
#[derive(Debug, Clone)]
pub struct CancelRequest {
    /// The booking.
    pub appointment: AppointmentId,
    /// Whose it must be.
    pub patient: PatientId,
    /// Whose conversation; none for staff.
    pub conversation: Option<ConversationId>,
    /// False for a phone that staff has not verified: it may touch only what its own conversation booked.
    pub verified: bool,
    /// Who does it.
    pub actor: Actor,
    /// Why, as it was said or chosen.
    pub reason: Option<String>,
}

/// What became of a request to cancel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelOutcome {
    /// It is off (or already was, by this conversation).
    Cancelled(Box<Booked>),
    /// There is no such booking to call off: over, moved, someone else's.
    Gone,
}

/// Asks to give a booked hour up for another.
#[derive(Debug, Clone)]
pub struct RescheduleRequest {
    /// The centre the conversation belongs to.
    pub center: CenterId,
    /// Whose conversation; none for staff.
    pub conversation: Option<ConversationId>,
    /// Whose booking it must be.
    pub patient: PatientId,
    /// The booked hour to give up.
    pub appointment: AppointmentId,
    /// The hour to have instead.
    pub slot: Slot,
    /// The hold on it; none when it overlaps the old one and could not be held.
    pub hold: Option<AppointmentId>,
    /// False for a phone that staff has not verified: it may touch only what its own conversation booked.
    pub verified: bool,
    /// Who does it.
    pub actor: Actor,
}

/// What became of a request to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RescheduleOutcome {
    /// The new hour is booked and the old one free.
    Moved(Box<Booked>),
    /// Somebody else has the new hour; the old one is untouched.
    Taken,
    /// The patient has something else at the new time; the old hour is untouched.
    Yours,
    /// There is no such booking to move: over, cancelled, someone else's.
    Gone,
    /// The new hour has begun or is over; the old one is untouched.
    Past,
}

/// Who writes, for the record in `appointment_events`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The patient, by chat.
    Patient,
    /// A person at the centre.
    Staff,
    /// The engine by itself: expiry, a closed day.
    System,
    /// A file of the centre.
    Import,
}

impl Actor {
    /// Everybody who writes.
    pub const ALL: [Self; 4] = [Self::Patient, Self::Staff, Self::System, Self::Import];

    /// By chat it is the patient, else staff.
    pub fn of(conversation: Option<ConversationId>) -> Self {
        if conversation.is_some() { Self::Patient } else { Self::Staff }
    }

    /// As the column has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Staff => "staff",
            Self::System => "system",
            Self::Import => "import",
        }
    }
}

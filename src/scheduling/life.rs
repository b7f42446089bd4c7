//! What staff does to an appointment besides booking it: the patient is here, is seen, was seen, did not come; and
//! taking such a step back.
//!
//! The steps are those of [`LIFE`], asked of the table and not written out again. Each locks
//! the days it touches before it looks, as every writer does, and is recorded with who took it and why.
//!
//! Guarantees: a step taken twice is one step; a step back takes the hour again only if nobody has it now; nothing is
//! taken back that was not the last thing to happen.

use sqlx::PgConnection;

use super::appointment::{LIFE, Status, When};
use super::booking::BookingError;
use super::request::Actor;
use super::request::Written;
use super::store::life as store;
use crate::id::{AppointmentId, CenterId};

/// How a visit goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Progress {
    /// The patient is here.
    Arrived,
    /// The patient is being seen.
    Started,
    /// The patient was seen.
    Finished,
    /// The patient did not come, or left unseen (which needs a reason).
    Missed,
}

impl Progress {
    /// The status that it leads to.
    pub fn status(self) -> Status {
        match self {
            Self::Arrived => Status::Arrived,
            Self::Started => Status::InProgress,
            Self::Finished => Status::Completed,
            Self::Missed => Status::NoShow,
        }
    }
}

/// Asks to take a step with some appointments of a centre.
#[derive(Debug, Clone)]
pub struct StepRequest {
    /// The centre of whoever asks; appointments of others are unknown to it.
    pub center: CenterId,
    /// Which.
    pub appointments: Vec<AppointmentId>,
    /// What happened.
    pub progress: Progress,
    /// Who of staff says so; none: not told.
    pub staff: Option<i64>,
    /// Why, where it needs a reason.
    pub reason: Option<String>,
}

/// What became of one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepOutcome {
    /// It is so from now on.
    Done,
    /// It was so already.
    Already,
    /// Such a step does not follow from where it stands.
    NotFrom(Status),
    /// It is not the day, or the hour has not begun.
    TooEarly,
    /// It has to be said why.
    NeedsReason,
    /// The centre has no such appointment.
    Unknown,
}

/// Asks to take the last step of an appointment back.
#[derive(Debug, Clone)]
pub struct UndoRequest {
    /// The centre of whoever asks.
    pub center: CenterId,
    /// Which.
    pub appointment: AppointmentId,
    /// Who of staff; none: not told.
    pub staff: Option<i64>,
    /// Why.
    pub reason: String,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UndoOutcome {
    /// It stands again where it stood.
    Undone(Status),
    /// Its last step cannot be taken back; a hold that was let go, an hour that was given up for another.
    Nothing(Status),
    /// Somebody has the hour now.
    Taken,
    /// The patient has something else at that time now.
    Yours,
    /// The hour has begun.
    Past,
    /// Nobody attends then any more.
    Closed,
    /// It has to be said why.
    NeedsReason,
    /// The centre has no such appointment.
    Unknown,
}

/// Takes a step with each of these appointments. Two statements.
///
/// # Errors
/// When the database fails.
pub async fn step(
    tx: &mut PgConnection,
    request: &StepRequest,
) -> Result<Written<Vec<(AppointmentId, StepOutcome)>>, BookingError> {
    let to = request.progress.status();
    let steps = LIFE.iter().filter(|step| step.to == to && !step.undoes && step.by.contains(&Actor::Staff));
    let steps: Vec<store::Allowed> = steps
        .filter_map(|step| {
            let from = step.from?.as_str();
            let when = match step.when {
                When::Any => "any",
                When::Before => "before",
                When::OnTheDay => "day",
                When::Begun => "begun",
            };
            Some(store::Allowed { from, when, reasoned: step.reasoned })
        })
        .collect();
    let doing = format!("mark {} appointments {to}", request.appointments.len());
    store::step(tx, request, to, &steps).await.map_err(failed(doing))
}

/// Takes the last step of an appointment back. Three statements.
///
/// # Errors
/// When the database fails; [`BookingError::Contradicted`] when a writer without locks got there first.
pub async fn undo(
    tx: &mut PgConnection,
    request: &UndoRequest,
) -> Result<Written<UndoOutcome>, BookingError> {
    if request.reason.trim().is_empty() {
        return Ok(Written { outcome: UndoOutcome::NeedsReason, changed: Vec::new() });
    }
    let doing = || failed(format!("take back the last step of appointment {}", request.appointment));
    let found = store::find(tx, request.center, request.appointment).await.map_err(doing())?;
    let Some((patient, slot)) = found else {
        return Ok(Written { outcome: UndoOutcome::Unknown, changed: Vec::new() });
    };
    let undone = store::undo(tx, request, patient, &slot).await;
    undone.map_err(|source| match source.as_database_error().map(sqlx::error::DatabaseError::kind) {
        Some(sqlx::error::ErrorKind::ExclusionViolation) => BookingError::Contradicted(slot),
        _ => doing()(source),
    })
}

fn failed(doing: String) -> impl FnOnce(sqlx::Error) -> BookingError {
    |source| BookingError::Store { doing, source }
}

//! Holding, confirming, cancelling and moving hours, inside the caller's transaction.
//!
//! The database is the referee. Each operation first takes its locks in one order that every writer keeps
//! (the conversation's row is the caller's; then every `doctor_days` row touched, dead and released holds
//! included, sorted; then the patient's row), then looks, then writes with `on conflict do nothing`. The
//! exclusion constraints prove the result, they do not decide it. At most one operation a transaction: two
//! would take their locks in two rounds, and two such transactions can wait for each other.
//!
//! Guarantees: no hour of a professional and no hour of a patient is ever given twice; an hour that is given
//! up for another is kept until the other is secured; confirming, cancelling and moving the same thing twice
//! answers the same again; a conflict is an outcome, never an error.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::postgres::types::PgInterval;

pub use super::request::{
    Actor, CancelOutcome, CancelRequest, ConfirmOutcome, ConfirmRequest, DayChange, HoldOutcome, HoldRequest,
    ReleaseOutcome, ReleaseRequest, RescheduleOutcome, RescheduleRequest, Written,
};
use super::slot::{Booked, Slot};
use super::store::place::{self as store, Place, Placed, Verdict};
use super::store::settle::{self, Live};
use super::store::waitlist as store_waitlist;
use super::waitlist::{self, Freed};
use crate::id::{AppointmentId, ConversationId, PatientId};

/// A booking operation could not be carried out. The transaction is to be rolled back.
#[derive(Debug, thiserror::Error)]
pub enum BookingError {
    /// The database failed.
    #[error("could not {doing}")]
    Store {
        /// What was being done, with ids.
        doing: String,
        /// Why not.
        #[source]
        source: sqlx::Error,
    },
    /// The look under the locks said free and a constraint said no: somebody (a clerk's SQL, a restore) writes
    /// without taking the locks. Nothing is lost; a second try sees what they wrote.
    #[error("hour {0} was taken by a writer that does not take the locks; trying again will see it")]
    Contradicted(Slot),
    /// The hold died while its day's lock was waited for; the transaction has to begin anew to take its locks in order.
    #[error("hold {0} died while it was being confirmed; trying again will see it")]
    Raced(AppointmentId),
}

impl BookingError {
    /// Whether the whole transaction may be tried again: serialization failure, deadlock, lock timeout, or one of
    /// the two races above.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Contradicted(_) | Self::Raced(_) => true,
            Self::Store { source, .. } => {
                let code = source.as_database_error().and_then(sqlx::error::DatabaseError::code);
                matches!(code.as_deref(), Some("40001" | "40P01" | "55P03"))
            }
        }
    }
}

/// Holds an hour. Two statements: the locks, then look and write.
///
/// # Errors
/// When the database fails; see [`BookingError::retryable`].
pub async fn hold(
    tx: &mut PgConnection,
    request: &HoldRequest,
) -> Result<Written<HoldOutcome>, BookingError> {
    let microseconds = request.ttl.num_microseconds().unwrap_or(i64::MAX);
    let place = Place {
        center: request.center,
        conversation: request.conversation,
        patient: request.patient,
        slot: &request.slot,
        actor: Actor::of(request.conversation).as_str(),
        hold_for: Some(PgInterval { months: 0, days: 0, microseconds }),
        let_go: request.instead_of,
        moving: request.moving,
        verified: true,
    };
    let (placed, changed) = take(tx, &place, "hold").await?;
    let outcome = match placed.verdict {
        Verdict::Placed => {
            let (appointment, until) = placed.hold.ok_or(BookingError::Contradicted(request.slot))?;
            HoldOutcome::Held { appointment, until }
        }
        // what it would replace is no longer there to be moved; the move itself will say so
        Verdict::Taken | Verdict::Gone | Verdict::Again | Verdict::Contradicted => HoldOutcome::Taken,
        Verdict::Yours => HoldOutcome::Yours,
        Verdict::Limit => HoldOutcome::Limit,
        Verdict::Past => HoldOutcome::Past,
        Verdict::Overlaps => HoldOutcome::Overlaps,
    };
    Ok(Written { outcome, changed })
}

/// Lets a hold go. One statement.
///
/// # Errors
/// When the database fails.
pub async fn release(
    tx: &mut PgConnection,
    request: &ReleaseRequest,
) -> Result<Written<ReleaseOutcome>, BookingError> {
    let freed =
        settle::release(tx, request).await.map_err(failed(format!("release hold {}", request.hold)))?;
    let outcome = if freed.is_some() { ReleaseOutcome::Released } else { ReleaseOutcome::Gone };
    Ok(Written { outcome, changed: freed.into_iter().collect() })
}

/// Books an hour. One statement while the hold lives; three when it died or there is none.
///
/// # Errors
/// When the database fails.
pub async fn confirm(
    tx: &mut PgConnection,
    request: &ConfirmRequest,
) -> Result<Written<ConfirmOutcome>, BookingError> {
    if let Some(hold) = request.hold {
        match settle::confirm_live(tx, request, hold).await.map_err(failed(format!("confirm hold {hold}")))? {
            Live::Booked(booked) => {
                count("confirm", "confirmed");
                return Ok(Written { outcome: ConfirmOutcome::Confirmed(booked), changed: Vec::new() });
            }
            Live::Not => {}
            Live::Raced => return Err(BookingError::Raced(hold)),
        }
    }
    let place = Place {
        center: request.center,
        conversation: request.conversation,
        patient: request.patient,
        slot: &request.slot,
        actor: request.actor.as_str(),
        hold_for: None,
        let_go: request.hold,
        moving: None,
        verified: true,
    };
    let (placed, changed) = take(tx, &place, "confirm").await?;
    let outcome = match placed.verdict {
        Verdict::Placed | Verdict::Again => {
            let booked = placed.booked.ok_or(BookingError::Contradicted(request.slot))?;
            ConfirmOutcome::Confirmed(Box::new(booked))
        }
        Verdict::Yours => ConfirmOutcome::Yours,
        Verdict::Past => ConfirmOutcome::Past,
        Verdict::Taken | Verdict::Limit | Verdict::Overlaps | Verdict::Gone | Verdict::Contradicted => {
            ConfirmOutcome::Taken
        }
    };
    Ok(Written { outcome, changed })
}

/// Calls a booked hour off, and offers it to who waits for it. One statement, two more where the centre offers.
///
/// # Errors
/// When the database fails.
pub async fn cancel(
    tx: &mut PgConnection,
    request: &CancelRequest,
) -> Result<Written<CancelOutcome>, BookingError> {
    let found = settle::cancel(tx, request).await;
    let found = found.map_err(failed(format!("cancel appointment {}", request.appointment)))?;
    Ok(match found {
        Some((booked, changed, offers)) => {
            count("cancel", "cancelled");
            if offers && changed.is_some() {
                waitlist::offer(tx, &Freed { center: booked.center, slot: booked.slot }).await?;
            }
            let changed = changed.into_iter().collect();
            Written { outcome: CancelOutcome::Cancelled(Box::new(booked)), changed }
        }
        None => {
            count("cancel", "gone");
            Written { outcome: CancelOutcome::Gone, changed: Vec::new() }
        }
    })
}

/// Gives a booked hour up for another; the old one is kept unless the new one is secured. Two statements.
///
/// # Errors
/// When the database fails.
pub async fn reschedule(
    tx: &mut PgConnection,
    request: &RescheduleRequest,
) -> Result<Written<RescheduleOutcome>, BookingError> {
    let place = Place {
        center: request.center,
        conversation: request.conversation,
        patient: request.patient,
        slot: &request.slot,
        actor: request.actor.as_str(),
        hold_for: None,
        let_go: request.hold,
        moving: Some(request.appointment),
        verified: request.verified,
    };
    let (placed, changed) = take(tx, &place, "reschedule").await?;
    if let Some(slot) = placed.freed {
        waitlist::offer(tx, &Freed { center: request.center, slot }).await?;
    }
    let outcome = match placed.verdict {
        Verdict::Placed | Verdict::Again => {
            let booked = placed.booked.ok_or(BookingError::Contradicted(request.slot))?;
            RescheduleOutcome::Moved(Box::new(booked))
        }
        Verdict::Yours => RescheduleOutcome::Yours,
        Verdict::Past => RescheduleOutcome::Past,
        Verdict::Gone => RescheduleOutcome::Gone,
        Verdict::Taken | Verdict::Limit | Verdict::Overlaps | Verdict::Contradicted => {
            RescheduleOutcome::Taken
        }
    };
    Ok(Written { outcome, changed })
}

/// The future booked hours of these patients, soonest first.
///
/// # Errors
/// When the database fails.
pub async fn upcoming(
    conn: &mut PgConnection,
    patients: &[PatientId],
    now: DateTime<Utc>,
) -> Result<Vec<Booked>, BookingError> {
    settle::upcoming(conn, patients, now).await.map_err(failed("list the hours to come".to_owned()))
}

/// Whose booking it was that was called off, and the conversation that had booked it; none: it was not called off.
///
/// # Errors
/// When the database fails.
pub async fn called_off(
    conn: &mut PgConnection,
    appointment: AppointmentId,
) -> Result<Option<(PatientId, Option<ConversationId>)>, BookingError> {
    settle::called_off(conn, appointment).await.map_err(failed(format!("look up appointment {appointment}")))
}

/// The sweeper's step, in a transaction of its own: expires up to `at_most` dead holds whose day nobody has
/// locked, and answers how many. Call it again at once while it answers a full batch.
///
/// # Errors
/// When the database fails.
pub async fn expire_holds(tx: &mut PgConnection, at_most: i64) -> Result<Written<u64>, BookingError> {
    let doing = || failed("expire dead holds".to_owned());
    let (expired, changed, offers) = settle::expire(tx, at_most).await.map_err(doing())?;
    if !offers.is_empty() {
        // who did not answer keeps the place; the hour goes to the next
        for freed in store_waitlist::expired(tx, &offers).await.map_err(doing())? {
            waitlist::offer(tx, &freed).await?;
        }
    }
    metrics::counter!("smartsalud_holds_expired_total").increment(expired);
    Ok(Written { outcome: expired, changed })
}

/// Locks, looks and writes.
async fn take(
    tx: &mut PgConnection,
    place: &Place<'_>,
    operation: &'static str,
) -> Result<(Placed, Vec<DayChange>), BookingError> {
    let doing = || failed(format!("{operation} hour {} for patient {}", place.slot, place.patient));
    let also: Vec<i64> = place.let_go.iter().chain(&place.moving).map(|id| id.0).collect();
    let locked = store::lock(tx, place.center, place.patient, place.slot, &also).await.map_err(doing())?;
    let placed = store::place(tx, &locked, place).await.map_err(doing())?;
    if placed.verdict == Verdict::Contradicted {
        return Err(BookingError::Contradicted(*place.slot));
    }
    count(operation, placed.verdict.name());
    let changed = if placed.changed { locked.changes() } else { Vec::new() };
    Ok((placed, changed))
}

fn failed(doing: String) -> impl FnOnce(sqlx::Error) -> BookingError {
    |source| BookingError::Store { doing, source }
}

fn count(operation: &'static str, outcome: &'static str) {
    metrics::counter!("smartsalud_bookings_total", "operation" => operation, "outcome" => outcome)
        .increment(1);
}

//! What the queue's events tell the core: a burst of texts, or one event of any other kind.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::TurnError;
use crate::conversation::need::{EventKind, PatientText, StaffAction, TimerKind};
use crate::conversation::state::Tap;
use crate::id::EventId;
use crate::queue::job::Due;
use crate::value::Incoming;

/// What the core reads of a `message` event.
#[derive(Deserialize)]
struct Message {
    incoming: Incoming,
}

/// What the core reads of a `timer` event.
#[derive(Deserialize)]
struct Timer {
    kind: TimerKind,
    tick: u64,
}

/// What the core reads of a `staff` event.
#[derive(Deserialize)]
struct Staff {
    by: String,
    action: StaffAction,
}

/// What the core reads of an `undelivered` event.
#[derive(Deserialize)]
struct Undelivered {
    #[serde(default)]
    code: Option<i64>,
}

/// What the core reads of a `start` event.
#[derive(Deserialize)]
struct Start {
    flow: String,
}

/// The events that one turn handles, and what they tell the core.
#[derive(Default)]
pub(super) struct Taken {
    /// Their ids.
    pub(super) events: Vec<EventId>,
    /// When the patient wrote the last of them, if it was the patient.
    pub(super) patient_at: Option<DateTime<Utc>>,
    /// `None`: nothing that concerns the core, as a reaction.
    pub(super) kind: Option<EventKind>,
}

/// Takes a burst of texts, or one event of any other kind.
pub(super) fn take(due: &[Due]) -> Result<Taken, TurnError> {
    let mut taken = Taken::default();
    let mut texts = Vec::new();
    for one in due {
        let kind = if one.kind == "message" {
            let message: Message = serde_json::from_value(one.payload.clone())?;
            if let Incoming::Text { text } = message.incoming {
                taken.events.push(one.id);
                taken.patient_at = taken.patient_at.max(one.sent_at);
                texts.push(PatientText { text, sent: one.sent_at });
                continue;
            }
            Some(message.incoming)
        } else {
            None
        };
        if !texts.is_empty() {
            break;
        }
        taken.events.push(one.id);
        taken.kind = match kind {
            Some(incoming) => {
                taken.patient_at = one.sent_at;
                said(incoming)
            }
            None => happened(one)?,
        };
        return Ok(taken);
    }
    if !texts.is_empty() {
        taken.kind = Some(EventKind::Texts { texts });
    }
    Ok(taken)
}

fn said(incoming: Incoming) -> Option<EventKind> {
    match incoming {
        // a text is part of a burst and was taken before; a reaction is never an answer
        Incoming::Text { .. } | Incoming::Reaction { .. } => None,
        Incoming::Tap { id, title } => Some(EventKind::Tapped { tap: Tap::from_id(&id), title }),
        Incoming::Media { kind } => Some(EventKind::Media { kind }),
        Incoming::Unsupported { .. } => Some(EventKind::Unsupported),
    }
}

fn happened(one: &Due) -> Result<Option<EventKind>, TurnError> {
    let payload = one.payload.clone();
    Ok(match one.kind.as_str() {
        "timer" => {
            let timer: Timer = serde_json::from_value(payload)?;
            Some(EventKind::Timer { kind: timer.kind, tick: timer.tick })
        }
        "staff" => {
            let staff: Staff = serde_json::from_value(payload)?;
            Some(EventKind::Staff { by: staff.by, action: staff.action })
        }
        "undelivered" => {
            let undelivered: Undelivered = serde_json::from_value(payload)?;
            Some(EventKind::Undelivered { code: undelivered.code })
        }
        "start" => {
            let start: Start = serde_json::from_value(payload)?;
            Some(EventKind::Start { flow: start.flow })
        }
        "continue" => Some(EventKind::Continue),
        "echo" => Some(EventKind::Echo),
        _ => None,
    })
}

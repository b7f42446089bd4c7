//! A turn: what happened goes in, state and answer come out, all in one transaction.
//!
//! The core asks, the world answers, and each answer is kept as a fact; then state, journal, timers, outbox and
//! the handled events are written by one statement. Guarantees: nothing of a turn is seen before its commit; what
//! the journal holds is exactly what the core saw, so a turn can be replayed without a database; a turn that
//! fails leaves nothing behind and may be tried again.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value as Json, json};
use sqlx::PgConnection;

use super::answer::{AnswerError, Answerer, Asker, Cards, Faults};
use super::need::{Diverged, Effect, Event, EventKind, Fact, PatientText, Stepped, TimerKind, Turned};
use super::shelf::{Shelf, ShelfError};
use super::state::{Owner, State, Tap};
use super::step::{Books, step};
use super::store::{self, Ending, Stuck, Thread};
use crate::id::{ConversationId, EventId, OutboxId};
use crate::queue::job::{Due, Payload};
use crate::scheduling::{Agenda, DayChange};
use crate::value::Incoming;

/// Questions that one turn may ask: far more than a walk of 50 steps needs, so that only a bug reaches it.
const QUESTIONS: usize = 100;

/// Runs turns. Clones share everything.
#[derive(Clone)]
pub struct Turns {
    /// The map of free hours.
    pub agenda: Agenda,
    /// The flow books.
    pub shelf: Shelf,
    /// Names and addresses of centres.
    pub cards: Cards,
    /// How long an hour is held for a patient who has not said yes yet.
    pub hold_for: TimeDelta,
    /// Outcomes forced by a fixture.
    pub faults: Option<Faults>,
}

/// What is to be done after the commit.
#[derive(Debug, Default)]
pub struct Committed {
    /// Days whose free hours changed: the map must be told.
    pub changed: Vec<DayChange>,
    /// Messages that were queued.
    pub queued: Vec<OutboxId>,
    /// Whether the conversation has another event due at once.
    pub goes_on: bool,
}

/// A turn failed and its transaction must be rolled back.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    /// A question could not be answered.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// The flow book could not be had.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// Facts and walk do not fit: a bug.
    #[error(transparent)]
    Diverged(#[from] Diverged),
    /// The walk asked without end: a bug.
    #[error("the walk asked {QUESTIONS} questions in one turn and was stopped")]
    TooManyQuestions,
    /// The centre's zone is not in the zone database.
    #[error("the zone `{0}` of the centre is not an IANA zone; set `centers.tz` to one, as in America/Santiago")]
    BadZone(String),
    /// Something could not be turned into JSON.
    #[error("the turn could not be written down")]
    Json(#[from] serde_json::Error),
    /// The database failed.
    #[error("could not {doing}")]
    Store {
        /// What was being done.
        doing: &'static str,
        /// Why not.
        #[source]
        source: sqlx::Error,
    },
}

impl TurnError {
    /// Whether the transaction only lost a race for its locks, and may be tried again at once.
    pub fn retryable(&self) -> bool {
        matches!(self, Self::Answer(error) if error.retryable())
    }
}

impl Turns {
    /// Handles events of one conversation, whose row the caller has locked in `tx`: a burst of texts, or one
    /// event of any other kind.
    ///
    /// # Errors
    /// When anything failed; the transaction must be rolled back, facts and all.
    pub async fn run(
        &self,
        tx: &mut PgConnection,
        conversation: ConversationId,
        due: &[Due],
    ) -> Result<Committed, TurnError> {
        let thread = store::begin(tx, conversation)
            .await
            .map_err(|source| TurnError::Store { doing: "read a conversation", source })?;
        let zone: chrono_tz::Tz = thread.tz.parse().map_err(|_| TurnError::BadZone(thread.tz.clone()))?;
        let local = thread.now.with_timezone(&zone).naive_local();
        let before = thread.state.as_ref().map(|state| &state.0).cloned().unwrap_or_default();
        let hash = thread.book.clone().ok_or(ShelfError::NothingInForce)?;
        let current = self.shelf.book(tx, &hash).await?;
        let mut pinned = Vec::new();
        for other in before.stack.iter().filter_map(|frame| frame.pinned.as_deref()) {
            if other != hash {
                pinned.push(self.shelf.book(tx, other).await?);
            }
        }
        let others: Vec<_> = pinned.iter().map(AsRef::as_ref).collect();
        let books = Books { current: &current, others: &others };

        let mut events = Vec::with_capacity(due.len());
        let mut patient_at = None;
        let Some(kind) = what_happened(due, &mut events, &mut patient_at) else {
            let outcome = Skipped { conversation, before: &before, hash: &hash, events: &events, patient_at };
            return outcome.write(tx).await;
        };
        let event = Event { now: thread.now, local, kind };
        let asker = self.asker(conversation, &thread, due);
        let mut answerer = Answerer::new(&self.agenda, &self.cards, &asker, self.faults.as_ref());
        let mut facts: Vec<Fact> = Vec::new();
        let turned = loop {
            match step(&books, &before, &event, &facts)? {
                Stepped::Done(turned) => break *turned,
                Stepped::Needs(_) if facts.len() >= QUESTIONS => return Err(TurnError::TooManyQuestions),
                Stepped::Needs(need) => {
                    let got = answerer.answer(tx, &need).await?;
                    facts.push(Fact { need, got });
                }
            }
        };
        let changed = answerer.into_changed();
        let queued = write(tx, conversation, &hash, &event, &facts, &turned, &before, &events, patient_at).await?;
        let goes_on = turned.effects.contains(&Effect::Continue);
        Ok(Committed { changed, queued, goes_on })
    }

    fn asker(&self, conversation: ConversationId, thread: &Thread, due: &[Due]) -> Asker {
        Asker {
            conversation,
            center: thread.center,
            phone: thread.wa_id.as_deref().and_then(|digits| digits.parse().ok()),
            now: thread.now,
            attempts: due.first().map_or(0, |first| first.attempts),
            hold_for: self.hold_for,
        }
    }
}

/// Events that told the core nothing: they are only marked as handled.
struct Skipped<'a> {
    conversation: ConversationId,
    before: &'a State,
    hash: &'a str,
    events: &'a [EventId],
    patient_at: Option<DateTime<Utc>>,
}

impl Skipped<'_> {
    async fn write(self, tx: &mut PgConnection) -> Result<Committed, TurnError> {
        let ending = Ending {
            conversation: self.conversation,
            state: self.before,
            stuck: Stuck::AsBefore,
            patient_at: self.patient_at,
            events: self.events,
            outcome: "ignored",
            book: self.hash,
            event: &Json::Null,
            facts: &json!([]),
            effects: &json!([]),
            trace: &Json::Null,
            messages: &[],
            timers: &[],
            goes_on: false,
        };
        store::end(tx, &ending).await.map_err(|source| TurnError::Store { doing: "end a turn", source })?;
        Ok(Committed::default())
    }
}

/// What the core is told of these events; which of them this turn handles goes to `events`. A burst of texts is
/// one thing; anything else is handled alone. `None`: nothing that concerns the core, as a reaction.
fn what_happened(
    due: &[Due],
    events: &mut Vec<EventId>,
    patient_at: &mut Option<DateTime<Utc>>,
) -> Option<EventKind> {
    let mut texts = Vec::new();
    for one in due {
        let Payload::Message(message) = &one.payload else {
            if !texts.is_empty() {
                break;
            }
            events.push(one.id);
            return match &one.payload {
                Payload::Message(_) => None,
                Payload::Timer { kind, tick } => Some(EventKind::Timer { kind: *kind, tick: *tick }),
                Payload::Staff { by, action } => {
                    Some(EventKind::Staff { by: by.clone(), action: action.clone() })
                }
                Payload::Echo => Some(EventKind::Echo),
                Payload::Undelivered { code } => Some(EventKind::Undelivered { code: *code }),
                Payload::Start { flow } => Some(EventKind::Start { flow: flow.clone() }),
                Payload::Continue => Some(EventKind::Continue),
                Payload::Unknown => None,
            };
        };
        if let Incoming::Text { text } = message {
            events.push(one.id);
            *patient_at = (*patient_at).max(one.sent_at);
            texts.push(PatientText { text: text.clone(), sent: one.sent_at });
            continue;
        }
        if !texts.is_empty() {
            break;
        }
        events.push(one.id);
        *patient_at = one.sent_at;
        return match message {
            Incoming::Text { .. } | Incoming::Reaction { .. } => None,
            Incoming::Tap { id, title } => {
                Some(EventKind::Tapped { tap: Tap::from_id(id), title: title.clone() })
            }
            Incoming::Media { kind } => Some(EventKind::Media { kind: *kind }),
            Incoming::Unsupported { .. } => Some(EventKind::Unsupported),
        };
    }
    (!texts.is_empty()).then_some(EventKind::Texts { texts })
}

#[expect(clippy::too_many_arguments, reason = "all that a turn leaves behind, written in one place")]
async fn write(
    tx: &mut PgConnection,
    conversation: ConversationId,
    hash: &str,
    event: &Event,
    facts: &[Fact],
    turned: &Turned,
    before: &State,
    events: &[EventId],
    patient_at: Option<DateTime<Utc>>,
) -> Result<Vec<OutboxId>, TurnError> {
    let mut messages = Vec::new();
    let mut timers = Vec::new();
    let mut stuck = match (before.owner, turned.state.owner) {
        (Owner::Staff, Owner::Bot | Owner::Muted) => Stuck::Solved,
        _ => Stuck::AsBefore,
    };
    for effect in &turned.effects {
        match effect {
            Effect::Send { message, .. } => messages.push(serde_json::to_value(message)?),
            Effect::Timer { kind, at, tick } => {
                let name = match kind {
                    TimerKind::Nudge => "nudge",
                    TimerKind::Close => "close",
                    TimerKind::HoldExpiry => "hold_expiry",
                };
                timers.push((name, *at, json!({ "kind": kind, "tick": tick })));
            }
            Effect::Handoff { reason } => {
                metrics::counter!("smartsalud_handoffs_total").increment(1);
                stuck = Stuck::Needs(reason);
            }
            Effect::Incident { what } => {
                metrics::counter!("smartsalud_incidents_total").increment(1);
                tracing::error!(conversation.id = %conversation, what, "The engine or a flow is at fault");
            }
            Effect::TellRegistered { .. } | Effect::Continue => {}
        }
    }
    let ending = Ending {
        conversation,
        state: &turned.state,
        stuck,
        patient_at,
        events,
        outcome: "done",
        book: hash,
        event: &serde_json::to_value(event)?,
        facts: &serde_json::to_value(facts)?,
        effects: &serde_json::to_value(&turned.effects)?,
        trace: &serde_json::to_value(&turned.trace)?,
        messages: &messages,
        timers: &timers,
        goes_on: turned.effects.contains(&Effect::Continue),
    };
    store::end(tx, &ending).await.map_err(|source| TurnError::Store { doing: "end a turn", source })
}

//! A turn: what happened goes in, state and answer come out, all in one transaction.
//!
//! The core asks, the world answers, and each answer is kept as a fact; then state, journal, timers, outbox and
//! the handled events are written by one statement. Guarantees: nothing of a turn is seen before its commit; what
//! the journal holds is exactly what the core saw, so a turn can be replayed without a database; a turn that
//! fails leaves nothing behind and may be tried again.

mod events;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value as Json, json};
use sqlx::PgConnection;

use events::{Taken, take};

use super::answer::{AnswerError, Answerer, Asker, Cards, Faults};
use super::need::{Diverged, Effect, Event, Fact, Stepped, TimerKind, Turned};
use super::shelf::{Shelf, ShelfError};
use super::state::{Owner, State};
use super::step::{Books, step};
use super::store::{self, Ending, Stuck, Thread};
use crate::id::{ConversationId, EventId, OutboxId};
use crate::queue::job::Due;
use crate::queue::worker::{Queued, RunTurn, TurnFailed};
use crate::scheduling::{Agenda, DayChange};
use crate::value::Outgoing;

/// Questions that one turn may ask: far more than a walk of 50 steps needs, so that only a bug reaches it.
pub(super) const QUESTIONS: usize = 100;

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
    #[error(
        "the zone `{0}` of the centre is not an IANA zone; set `centers.tz` to one, as in America/Santiago"
    )]
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
        let mut before = thread.state.as_ref().map(|state| &state.0).cloned().unwrap_or_default();
        // the columns rule: parking gives a conversation to staff without a turn
        before.owner = thread.owner();
        before.epoch = thread.epoch;
        let hash = thread.book.clone().ok_or(ShelfError::NothingInForce)?;
        let current = self.shelf.book(tx, &hash).await?;
        let mut pinned = Vec::new();
        for other in before.other_books(&hash) {
            match self.shelf.book(tx, &other).await {
                Ok(book) => pinned.push(book),
                // the core goes on without a book that was removed, or that this version cannot read
                Err(error @ (ShelfError::Missing { .. } | ShelfError::Unreadable { .. })) => {
                    tracing::error!(conversation.id = %conversation, %error, "An open conversation lost its flows");
                }
                Err(error) => return Err(error.into()),
            }
        }
        let others: Vec<_> = pinned.iter().map(AsRef::as_ref).collect();
        let books = Books { current: &current, others: &others };

        let Taken { events, patient_at, kind } = take(due)?;
        let Some(kind) = kind else {
            let skipped = Skipped { conversation, before: &before, hash: &hash, events: &events, patient_at };
            return skipped.write(tx).await;
        };
        let event = Event { now: thread.now, local, center: thread.center_code.clone(), kind };
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
        let queued =
            write(tx, conversation, &hash, &event, &facts, &turned, &before, &events, patient_at).await?;
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
            first_contact: thread.state.as_ref().is_none_or(|state| state.tick == 0),
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
    let mut notices = Vec::new();
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
            Effect::TellRegistered { appointment, text } => {
                let message = Outgoing { text: text.clone(), options: Vec::new(), list_button: None };
                notices.push((*appointment, serde_json::to_value(message)?));
            }
            Effect::Continue => {}
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
    let mut queued =
        store::end(tx, &ending).await.map_err(|source| TurnError::Store { doing: "end a turn", source })?;
    for (appointment, message) in notices {
        // at most one a turn: what commits ends its walk
        let told = store::tell_registered(tx, conversation, appointment, &message).await;
        queued.extend(
            told.map_err(|source| TurnError::Store { doing: "tell a patient's registered phone", source })?,
        );
    }
    Ok(queued)
}

impl RunTurn for Turns {
    type Done = Committed;

    async fn run(
        &self,
        tx: &mut PgConnection,
        conversation: ConversationId,
        due: &[Due],
    ) -> Result<Committed, TurnFailed> {
        Self::run(self, tx, conversation, due).await.map_err(|error| {
            let retryable = error.retryable();
            TurnFailed { error: error.into(), retryable }
        })
    }

    async fn committed(&self, done: Committed) -> Queued {
        for change in done.changed {
            self.agenda.note_change(change.doctor, change.day, change.version);
        }
        if done.queued.is_empty() { Queued::Nothing } else { Queued::Messages }
    }
}

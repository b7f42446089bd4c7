//! One event, one step: understand it, walk, and say one message.
//!
//! `step` is pure. When it needs the world it returns the question; the shell answers, adds the answer to the
//! facts and calls again with the same state and event. The same inputs always give the same state, effects
//! and trace, so a conversation can be replayed from its journal bit for bit.

use chrono::{DateTime, TimeDelta, Utc};

use super::need::{Diverged, Effect, Event, EventKind, Fact, Stepped, TimerKind, Turned};
use super::reply;
use super::running::{Halt, Running};
use super::state::{Owner, State};
use crate::flow::definition::Policy;
use crate::flow::{Book, RepairKind};

/// The books a step may need.
#[derive(Debug, Clone, Copy)]
pub struct Books<'a> {
    /// The one in force.
    pub current: &'a Book,
    /// Those that frames walked under before, see [`State::other_books`].
    pub others: &'a [&'a Book],
}

/// After so many equal messages in a row a person takes over.
const SAMENESS: u32 = 20;
/// Every open question is closed at last: when its flow does not say, while WhatsApp still lets the bot say so.
const CLOSE_MINUTES: u32 = 23 * 60;

/// Takes one event; `Needs` asks for one fact more.
///
/// # Errors
/// When the facts are not the answers to what the walk asks for: a bug of the caller, or a changed engine.
pub fn step(books: &Books<'_>, state: &State, event: &Event, facts: &[Fact]) -> Result<Stepped, Diverged> {
    let mut running = Running::new(books, state, event, facts);
    match running.take_event() {
        Ok(Turn::Taken) => {}
        Ok(Turn::Ignored) => {
            running.all_facts_used()?;
            return Ok(running.unchanged(state));
        }
        Err(Halt::Later) => {
            running.all_facts_used()?;
            return Ok(Stepped::Done(Box::new(running.go_on_later())));
        }
        Err(Halt::Needs(need)) => return Ok(Stepped::Needs(need)),
        Err(Halt::Diverged(diverged)) => return Err(diverged),
    }
    match running.finish() {
        Ok(turned) => {
            running.all_facts_used()?;
            Ok(Stepped::Done(Box::new(turned)))
        }
        Err(Halt::Needs(need)) => Ok(Stepped::Needs(need)),
        Err(Halt::Diverged(diverged)) => Err(diverged),
        Err(Halt::Later) => {
            Err(Diverged { at: facts.len(), what: "the end of a turn cannot wait".to_owned() })
        }
    }
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It counts.
    Taken,
    /// It changes nothing: a stale timer, a double tap.
    Ignored,
}

impl<'a> Running<'a> {
    fn take_event(&mut self) -> Result<Turn, Halt> {
        self.fit_to_book();
        let event: &'a Event = self.event;
        if !matches!(event.kind, EventKind::Tapped { .. } | EventKind::Timer { .. } | EventKind::Continue) {
            self.state.last_tap = None;
        }
        match &event.kind {
            EventKind::Texts { texts } => self.patient(|running| running.texts(texts)),
            EventKind::Tapped { tap, title } => self.patient(|running| running.tapped(tap.as_ref(), title)),
            EventKind::Media { .. } => self.patient(|running| running.unreadable("media")),
            EventKind::Unsupported => self.patient(|running| running.unreadable("unsupported")),
            EventKind::Timer { kind, tick } => self.timer(*kind, *tick),
            EventKind::Staff { action, .. } => self.staff(action),
            EventKind::Echo => self.echo(),
            EventKind::Undelivered { code } => self.undelivered(*code),
            EventKind::Start { flow } => self.start(flow),
            EventKind::Continue => self.go_on(),
        }
    }

    /// Whatever a patient sends: it opens a closed conversation, and is left to staff when staff has it.
    fn patient(&mut self, take: impl FnOnce(&mut Self) -> Result<Turn, Halt>) -> Result<Turn, Halt> {
        self.state.last_heard = Some(self.event.now);
        self.state.closed = false;
        if self.state.owner == Owner::Muted {
            // Who writes wants an answer.
            self.state.owner = Owner::Bot;
        }
        take(self)
    }

    fn start(&mut self, flow: &str) -> Result<Turn, Halt> {
        // what was to start it may be older than its name
        let Some(flow) = self.flow_in_force(flow).filter(|_| self.state.owner == Owner::Bot) else {
            self.rung(7, false, format!("start of {flow}: not now"));
            return Ok(Turn::Ignored);
        };
        self.state.closed = false;
        self.rung(7, true, format!("started: {flow}"));
        self.enter(flow);
        self.walk()?;
        Ok(Turn::Taken)
    }

    /// The rest of a turn that had to commit first.
    fn go_on(&mut self) -> Result<Turn, Halt> {
        if self.state.going_on && self.state.owner == Owner::Bot {
            self.walk()?;
            return Ok(Turn::Taken);
        }
        // Nothing to say, but maybe something left to give back.
        Ok(if self.state.to_release.is_empty() { Turn::Ignored } else { Turn::Taken })
    }

    /// Nothing changed: the state as it was, with the trace of why.
    fn unchanged(&mut self, state: &State) -> Stepped {
        let mut state = state.clone();
        state.last_heard = self.state.last_heard;
        let trace = std::mem::take(&mut self.trace);
        Stepped::Done(Box::new(Turned { state, effects: Vec::new(), trace }))
    }

    /// This transaction has written: what was said is kept, the walk goes on in an event of its own.
    fn go_on_later(&mut self) -> Turned {
        let mut state = std::mem::take(&mut self.state);
        state.tick += 1;
        state.unsent.append(&mut self.said);
        state.going_on = true;
        state.asked = None;
        let mut effects = std::mem::take(&mut self.effects);
        effects.push(Effect::Continue);
        Turned { state, effects, trace: std::mem::take(&mut self.trace) }
    }

    fn finish(&mut self) -> Result<Turned, Halt> {
        if self.changed && self.handed.is_none() && self.state.asked.is_some() {
            self.speak_first(RepairKind::Changed)?;
        }
        self.watch_sameness()?;
        self.let_the_oldest_go();
        let continues = match self.give_back() {
            Ok(()) => false,
            Err(Halt::Later) => true,
            Err(halt) => return Err(halt),
        };
        self.forget_heard();
        self.state.going_on = false;
        self.state.tick += 1;
        let message = self.compose();
        if let Some(reason) = &self.handed {
            // The epoch stays: what the bot said before it handed over, a booking perhaps, is still to be sent.
            self.state.waiting |= self.state.owner == Owner::Bot;
            self.state.owner = Owner::Staff;
            self.state.closed = false;
            self.trace.rungs.push(super::need::RungTrace {
                rung: 8,
                took: true,
                why: format!("handed over: {reason}").into(),
            });
            self.drop_repairs();
            for frame in &mut self.state.stack {
                frame.heard.clear();
            }
        }
        let mut effects: Vec<Effect> = message.into_iter().collect();
        effects.append(&mut self.effects);
        effects.extend(self.timers());
        if continues {
            effects.push(Effect::Continue);
        }
        effects.extend(self.handed.take().map(|reason| Effect::Handoff { reason }));
        let state = std::mem::take(&mut self.state);
        Ok(Turned { state, effects, trace: std::mem::take(&mut self.trace) })
    }

    /// The message of the turn; `None` when there is nothing to say.
    fn compose(&mut self) -> Option<Effect> {
        let mut said = std::mem::take(&mut self.state.unsent);
        said.append(&mut self.said);
        let question = self.question.take().filter(|_| self.handed.is_none() && self.state.asked.is_some());
        if said.is_empty() && question.is_none() {
            return None;
        }
        let label = self.label(question.as_ref());
        let asked = self.state.asked.as_deref();
        let shown = question.as_ref().zip(asked).map(|(question, asked)| {
            // Shorter only when text and options are those last shown.
            let known = self
                .before
                .as_ref()
                .is_some_and(|before| before.fingerprint == asked.fingerprint && before.frame == asked.frame);
            let text = match &question.shorter {
                Some(shorter) if self.shorter && known => shorter,
                _ => &question.asked.text,
            };
            (asked, text.as_str(), question.list_button.as_ref())
        });
        Some(Effect::Send { message: reply::message(&said, shown), label })
    }

    /// What the message stands for.
    fn label(&self, question: Option<&reply::Question>) -> String {
        let repair = self.trace.repairs.last().map(|kind| format!("repair.{}", kind.as_str()));
        if self.silent || self.handed.is_some() {
            return repair.or_else(|| self.spoke.clone()).unwrap_or_else(|| "handoff".to_owned());
        }
        match question {
            Some(question) => question.label.clone(),
            None => match (&self.spoke, repair) {
                (Some(flow), _) => format!("{flow}.end"),
                (None, Some(repair)) => repair,
                (None, None) => "answer".to_owned(),
            },
        }
    }

    /// The same message twenty times is a loop with a patient in it.
    fn watch_sameness(&mut self) -> Result<(), Halt> {
        let words = self.state.unsent.iter().chain(&self.said).map(String::as_str);
        let question = self.question.iter().flat_map(|question| {
            std::iter::once(question.asked.text.as_str())
                .chain(question.asked.options.iter().map(|option| option.key.as_str()))
        });
        let hash = super::fingerprint::of_text(&words.chain(question).collect::<Vec<_>>().join("\n"));
        let speaks = self.question.is_some() || !self.said.is_empty() || !self.state.unsent.is_empty();
        if !speaks {
            return Ok(());
        }
        let (last, count) = &mut self.state.same;
        if *last == hash {
            *count += 1;
        } else {
            (*last, *count) = (hash, 1);
        }
        if *count >= SAMENESS && self.handed.is_none() {
            return self.break_down("the same message twenty times");
        }
        Ok(())
    }

    /// The timers of what is pending; those set under an older tick are stale.
    fn timers(&self) -> Vec<Effect> {
        let state = &self.state;
        let mut timers = Vec::new();
        let mut set = |kind: TimerKind, at: DateTime<Utc>| {
            timers.push(Effect::Timer { kind, at: at.max(self.event.now), tick: state.tick });
        };
        if state.owner == Owner::Bot
            && let Some(asked) = &state.asked
        {
            let policy = self.policy();
            // A menu that nobody answered is no talk to be reminded of.
            let under_way = self.form().is_some();
            if policy.nudge_minutes > 0 && !asked.nudged && under_way {
                set(TimerKind::Nudge, asked.at + TimeDelta::minutes(policy.nudge_minutes.into()));
            }
            let close = if policy.close_minutes == 0 { CLOSE_MINUTES } else { policy.close_minutes };
            set(TimerKind::Close, asked.at + TimeDelta::minutes(close.into()));
        }
        let holds =
            state.stack.iter().flat_map(|frame| frame.holds.values()).filter(|held| held.id.is_some());
        if let Some(until) = holds.map(|held| held.until).min() {
            set(TimerKind::HoldExpiry, until);
        }
        timers
    }

    /// Misses, nudges and closing of what is pending.
    pub(super) fn policy(&self) -> Policy {
        let asked = self.state.asked.as_ref().and_then(|asked| self.position(asked.frame));
        let frame = asked.or_else(|| self.form()).map(|index| &self.state.stack[index]);
        frame
            .and_then(|frame| self.flow_of(frame))
            .map_or(Policy { misses: 3, nudge_minutes: 30, close_minutes: CLOSE_MINUTES }, |flow| flow.policy)
    }
}

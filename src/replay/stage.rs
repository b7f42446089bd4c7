//! Where a conversation is played: the trait, and the stage without a database.
//!
//! The core stage does what a worker does around `step`: it answers what the core asks, one write to the
//! schedule a turn, keeps timers, and goes on at once when a walk had to commit. Guarantees beyond that, each
//! checked after every event: no two hours overlap, and no hold is left that the conversation has forgotten; in
//! builds with debug assertions, as the tests have, also that the state survives JSON and the same facts give the
//! same turn.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::agenda::{Agenda, Entry, Malformed, outcome, port_of};
use super::deploy::{self, Flows, InForce, Versions};
use super::fixture::Deploy;
use super::observed::{Call, Notice, Observed, Said};
use crate::conversation::need::{
    Diverged, Effect, Event, EventKind, Fact, LATER, StaffAction, Stepped, TimerKind, Turned,
};
use crate::conversation::state::State;
use crate::conversation::{Books, step};
use crate::flow::{Book, Value};
use crate::id::{AppointmentId, PatientId};

/// Questions that one turn may ask.
const QUESTIONS: usize = 100;
/// Turns that may follow one another without anything happening.
const CONTINUATIONS: usize = 20;

/// Whether each turn is taken twice and each state written and read back: what the tests are built with. It costs more
/// than the turns themselves, and tells about the engine, not about flows.
const CHECKED: bool = cfg!(debug_assertions);

/// Something that happens on a stage.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// To the conversation.
    Event(EventKind),
    /// Time passes, and timers ring.
    Wait(TimeDelta),
    /// Another patient takes the first free hour with these words.
    OtherTakes(String),
    /// Another patient gives back the hour with these words.
    OtherGivesBack(String),
    /// Staff books by hand, for the patient whom the running flow is about, and says so.
    StaffBooks {
        /// Who.
        by: String,
        /// Words of the hour.
        words: String,
    },
    /// A new version of the flows is put in force.
    Deploy(Deploy),
}

/// Ports that answer something else in a turn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// Port -> outcome.
    pub outcomes: BTreeMap<String, String>,
    /// Each strikes only once.
    pub once: bool,
}

/// A stage failed: neither the fixture nor the conversation is at fault, or the engine is broken.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// Facts and walk do not fit: a bug of the engine.
    #[error(transparent)]
    Diverged(#[from] Diverged),
    /// The core asked for something that is not there.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The walk asked without end.
    #[error("the walk asked {QUESTIONS} questions in one turn")]
    Endless,
    /// The state does not survive JSON.
    #[error("the state could not be written as JSON and read back")]
    Json(#[from] serde_json::Error),
    /// Something that must always hold does not.
    #[error("{0}")]
    Broken(String),
}

/// Something on which a fixture can be played.
pub trait Stage {
    /// The time.
    fn now(&self) -> DateTime<Utc>;

    /// Lets something happen and tells what came of it.
    fn play(
        &mut self,
        happening: Happening,
        faults: &Faults,
    ) -> impl Future<Output = Result<Observed, StageError>>;

    /// The hours ahead of the people whom the phone speaks for, in words, soonest first.
    fn appointments(&mut self) -> impl Future<Output = Result<Vec<String>, StageError>>;

    /// What was written down for the talk and nothing has met; `None`: this stage cannot tell.
    fn unmet(&self) -> Option<&BTreeSet<Entry>> {
        None
    }

    /// A copy, from which a talk goes on otherwise; `None`: this stage cannot be copied.
    fn fork(&self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
}

/// The pure core with an agenda in memory.
#[derive(Debug, Clone)]
pub struct CoreStage<'a> {
    book: InForce<'a>,
    /// Books that were in force before, which frames may still be walked under.
    older: Vec<InForce<'a>>,
    versions: Versions<'a>,
    agenda: Agenda,
    now: DateTime<Utc>,
    state: State,
    timers: Vec<(DateTime<Utc>, TimerKind, u64)>,
}

impl<'a> CoreStage<'a> {
    /// A conversation that has not begun.
    pub fn new(flows: Flows<'a>, agenda: Agenda, now: DateTime<Utc>) -> Self {
        Self {
            book: InForce::First(flows.book),
            older: Vec::new(),
            versions: Versions::new(Cow::Borrowed(flows.sources)),
            agenda,
            now,
            state: State::default(),
            timers: Vec::new(),
        }
    }

    /// How the conversation stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The agenda.
    pub fn agenda(&self) -> &Agenda {
        &self.agenda
    }

    /// Lets something happen, without waiting for anything: the core needs no runtime.
    ///
    /// # Errors
    /// When the engine is broken, or another patient cannot do what is told of them.
    pub fn play_now(&mut self, happening: Happening, faults: &Faults) -> Result<Observed, StageError> {
        let mut observed = Observed::default();
        let mut faults = faults.clone();
        match happening {
            Happening::Event(EventKind::Texts { mut texts }) => {
                // as turns take them: in the order of writing, whatever that of their arrival
                texts.sort_by_key(|text| text.sent);
                self.event(EventKind::Texts { texts }, &mut faults, &mut observed)?;
            }
            Happening::Event(kind) => self.event(kind, &mut faults, &mut observed)?,
            Happening::Wait(time) => {
                let end = self.now + time;
                while let Some((at, kind, tick)) = self.next_timer(end) {
                    self.now = self.now.max(at);
                    self.event(EventKind::Timer { kind, tick }, &mut faults, &mut observed)?;
                }
                self.now = end;
            }
            Happening::OtherTakes(words) => {
                if !self.agenda.other_takes(&words, self.now) {
                    return Err(StageError::Broken(format!("no free hour fits «{words}»")));
                }
            }
            Happening::OtherGivesBack(words) => {
                if !self.agenda.other_gives_back(&words) {
                    return Err(StageError::Broken(format!("no other patient has an hour «{words}»")));
                }
            }
            Happening::StaffBooks { by, words } => {
                let about = about(&self.state);
                let booked = about.and_then(|(frame, patient)| {
                    Some((frame, self.agenda.staff_books(&words, patient, self.now)?))
                });
                let Some((frame, row)) = booked else {
                    return Err(StageError::Broken(format!("no free hour fits «{words}»")));
                };
                let kind = EventKind::Staff { by, action: StaffAction::Did { frame, row } };
                self.event(kind, &mut faults, &mut observed)?;
            }
            Happening::Deploy(deploy) => self.deploy(&deploy)?,
        }
        observed.state = self.state.clone();
        Ok(observed)
    }

    fn deploy(&mut self, deploy: &Deploy) -> Result<(), StageError> {
        let sources = self.versions.deploy(deploy).map_err(StageError::Broken)?;
        let next = deploy::read(sources).map_err(|errors| {
            let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
            StageError::Broken(format!("the new flows are not sound: {}", all.join("; ")))
        })?;
        self.older.retain(|book| book.hash != next.hash);
        self.older.push(std::mem::replace(&mut self.book, InForce::Later(next)));
        Ok(())
    }

    fn next_timer(&mut self, end: DateTime<Utc>) -> Option<(DateTime<Utc>, TimerKind, u64)> {
        self.timers.sort_by_key(|(at, kind, _)| (*at, *kind as u8));
        let place = self.timers.iter().position(|(at, ..)| *at <= end)?;
        Some(self.timers.remove(place))
    }

    fn event(
        &mut self,
        kind: EventKind,
        faults: &mut Faults,
        observed: &mut Observed,
    ) -> Result<(), StageError> {
        let mut next = Some(kind);
        for _ in 0..CONTINUATIONS {
            let Some(kind) = next.take() else { return Ok(()) };
            if self.turn(kind, faults, observed)? {
                next = Some(EventKind::Continue);
            }
        }
        Err(StageError::Broken("the walk goes on without end".to_owned()))
    }

    /// One event in one transaction; whether the walk must go on in another.
    fn turn(
        &mut self,
        kind: EventKind,
        faults: &mut Faults,
        observed: &mut Observed,
    ) -> Result<bool, StageError> {
        let center = self.agenda.world().center.code.clone();
        let event = Event { now: self.now, local: self.agenda.local(self.now), center, kind };
        let others: Vec<&Book> = self.older.iter().map(|book| &**book).collect();
        let books = Books { current: &self.book, others: &others };
        let mut facts: Vec<Fact> = Vec::new();
        self.agenda.set_first_contact(self.state.tick == 0);
        let mut transaction = self.agenda.transaction(self.now);
        let mut wrote = false;
        let turned = loop {
            match step(&books, &self.state, &event, &facts)? {
                Stepped::Done(turned) => break *turned,
                Stepped::Needs(_) if facts.len() >= QUESTIONS => return Err(StageError::Endless),
                Stepped::Needs(need) => {
                    let port = port_of(&need).to_owned();
                    let got = if need.writes() && wrote {
                        outcome(LATER)
                    } else if let Some(forced) = faults.strike(&port) {
                        outcome(&forced)
                    } else {
                        let got = transaction.answer(&need)?;
                        wrote |= need.writes() && port != "personas.vincular";
                        got
                    };
                    if got.outcome != LATER {
                        observed.calls.push(Call { port, outcome: got.outcome.clone() });
                    }
                    facts.push(Fact { need, got });
                }
            }
        };
        if CHECKED {
            let again =
                step(&books, &through_json(&self.state)?, &through_json(&event)?, &through_json(&facts)?)?;
            if again != Stepped::Done(Box::new(turned.clone())) {
                return Err(StageError::Broken("the same facts gave another turn".to_owned()));
            }
        }
        self.settle(turned, observed)
    }

    fn settle(&mut self, turned: Turned, observed: &mut Observed) -> Result<bool, StageError> {
        if CHECKED && through_json(&turned.state)? != turned.state {
            return Err(StageError::Broken("the state does not survive JSON".to_owned()));
        }
        self.state = turned.state;
        let mut goes_on = false;
        for effect in turned.effects {
            match effect {
                Effect::Send { message, label } => {
                    let repairs = turned.trace.repairs.clone();
                    observed.notices.push(Notice::Message(Said { message, label, repairs }));
                }
                Effect::Timer { kind, at, tick } => {
                    self.timers.retain(|(_, known, _)| *known != kind);
                    self.timers.push((at, kind, tick));
                }
                Effect::Handoff { reason } => observed.notices.push(Notice::Handoff(reason)),
                Effect::Incident { what } => observed.incidents.push(what),
                Effect::TellRegistered { .. } => {}
                Effect::Continue => goes_on = true,
            }
        }
        observed.traces.push(turned.trace);
        if let Some((one, other)) = self.agenda.overlap(self.now) {
            return Err(StageError::Broken(format!("appointments {one} and {other} overlap")));
        }
        if !goes_on && let Some(hold) = self.forgotten_hold() {
            return Err(StageError::Broken(format!(
                "hold {hold} blocks an hour and the conversation has forgotten it"
            )));
        }
        Ok(goes_on)
    }

    fn forgotten_hold(&self) -> Option<AppointmentId> {
        let frames = self.state.stack.iter().flat_map(|frame| frame.holds.values());
        let known: BTreeSet<AppointmentId> =
            frames.filter_map(|held| held.id).chain(self.state.to_release.iter().copied()).collect();
        self.agenda.held_by_us(self.now).into_iter().find(|hold| !known.contains(hold))
    }
}

/// The running flow's frame, and the patient it is about.
pub(super) fn about(state: &State) -> Option<(u32, PatientId)> {
    let frame = state.stack.iter().rev().find(|frame| !frame.is_repair())?;
    let Value::Record(patient) = &frame.answers.get("paciente")?.value else { return None };
    Some((frame.id, patient.key.parse().ok()?))
}

impl Faults {
    pub(super) fn strike(&mut self, port: &str) -> Option<String> {
        if self.once { self.outcomes.remove(port) } else { self.outcomes.get(port).cloned() }
    }
}

impl Stage for CoreStage<'_> {
    fn now(&self) -> DateTime<Utc> {
        self.now
    }

    async fn play(&mut self, happening: Happening, faults: &Faults) -> Result<Observed, StageError> {
        self.play_now(happening, faults)
    }

    async fn appointments(&mut self) -> Result<Vec<String>, StageError> {
        self.agenda.meet_own();
        Ok(self.agenda.booked_in_words(self.now))
    }

    fn unmet(&self) -> Option<&BTreeSet<Entry>> {
        Some(self.agenda.unmet())
    }

    fn fork(&self) -> Option<Self> {
        Some(self.clone())
    }
}

fn through_json<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> Result<T, StageError> {
    Ok(serde_json::from_str(&serde_json::to_string(value)?)?)
}

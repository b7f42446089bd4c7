//! A step under way: the state it changes, the facts it has used up, and what it has said so far.
//!
//! Nothing outside sees it. When the world must be asked, everything done so far is thrown away and `step`
//! starts again with one fact more; so nothing here may depend on anything but its inputs.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use super::message::Message;
use super::need::{Diverged, Effect, Event, Fact, Got, LATER, Need, RungTrace, Trace, WalkTrace};
use super::reply::Question;
use super::state::{Asked, Frame, State};
use super::step::Books;
use crate::flow::definition::{Span, Step};
use crate::flow::{Book, Flow, Name, RepairKind};
use crate::value::TimeRange;

/// Why a step stops before its end.
#[derive(Debug)]
pub(super) enum Halt {
    /// The world must be asked first.
    Needs(Need),
    /// The facts do not fit.
    Diverged(Diverged),
    /// This transaction has written already: the rest is an event of its own.
    Later,
}

/// A yes in hand. It lives in the turn, never in the state.
#[derive(Debug, Clone)]
pub(super) struct Yes {
    pub(super) frame: u32,
    pub(super) review: String,
    pub(super) fingerprint: String,
    /// It has opened its review.
    pub(super) used: bool,
    /// A commit was tried with it.
    pub(super) spent: bool,
}

/// What becomes of a walk after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// On to the next step.
    Next,
    /// The walk stands here.
    Stop,
    /// Answers or frames have changed: walk again from the top.
    Again,
}

/// More acts than this in one turn are a loop.
const MOST_ACTS: u32 = 50;

pub(super) struct Running<'a> {
    /// The book in force, as it speaks here, and those that frames may be pinned to.
    pub(super) books: Books<'a>,
    /// The book in force as it was given.
    root: &'a Book,
    pub(super) event: &'a Event,
    facts: &'a [Fact],
    used: usize,
    pub(super) state: State,
    /// The question that was pending when the turn began.
    pub(super) before: Option<Arc<Asked>>,
    pub(super) yes: Option<Yes>,
    pub(super) said: Vec<String>,
    /// The question at the end of the message.
    pub(super) question: Option<Question>,
    pub(super) effects: Vec<Effect>,
    pub(super) trace: Trace,
    /// A person takes over at the end of the turn, for this reason.
    pub(super) handed: Option<String>,
    /// Come back from a digression: a question may be repeated in fewer words.
    pub(super) shorter: bool,
    /// The patient is silent: nothing may be taken or booked for them.
    pub(super) silent: bool,
    /// A hand-off in this turn is not announced: the patient was told before.
    pub(super) hush: bool,
    /// Of a list to be read again: the times of the day that its rows are ordered by, nearest first.
    pub(super) nearest_to: Option<(u32, Name, Vec<TimeRange>)>,
    /// Answers that are consumed, not remembered: (frame, field).
    pub(super) consumed: Vec<(u32, String)>,
    /// The flow that said something of its own.
    pub(super) spoke: Option<String>,
    /// A yes was given to something that reads otherwise by now.
    pub(super) changed: bool,
    /// Messages read in this step.
    pub(super) ears: RefCell<Vec<Rc<Message>>>,
    acts: u32,
    pub(super) broken: bool,
}

impl<'a> Running<'a> {
    pub(super) fn new(books: &'a Books<'a>, state: &State, event: &'a Event, facts: &'a [Fact]) -> Self {
        let state = state.clone();
        Self {
            books: Books { current: books.current.spoken(&event.center, &state.voice), others: books.others },
            root: books.current,
            event,
            facts,
            used: 0,
            before: state.asked.clone(),
            state,
            yes: None,
            said: Vec::new(),
            question: None,
            effects: Vec::new(),
            trace: Trace::default(),
            handed: None,
            shorter: false,
            silent: false,
            hush: false,
            nearest_to: None,
            consumed: Vec::new(),
            spoke: None,
            changed: false,
            ears: RefCell::default(),
            acts: 0,
            broken: false,
        }
    }

    /// The answer of the world, when it is among the facts; else the step halts with the question.
    pub(super) fn ask_world(&mut self, need: Need) -> Result<&'a Got, Halt> {
        let Some(fact) = self.facts.get(self.used) else { return Err(Halt::Needs(need)) };
        if fact.need != need {
            let what = format!("the walk asks for {}, the fact answers {}", name(&need), name(&fact.need));
            return Err(Halt::Diverged(Diverged { at: self.used, what }));
        }
        self.used += 1;
        if fact.got.outcome == LATER { Err(Halt::Later) } else { Ok(&fact.got) }
    }

    /// A fact that nobody asked for is a bug of whoever brought it.
    pub(super) fn all_facts_used(&self) -> Result<(), Diverged> {
        match self.facts.get(self.used) {
            None => Ok(()),
            Some(fact) => Err(Diverged {
                at: self.used,
                what: format!("nobody asked for {} any more", name(&fact.need)),
            }),
        }
    }

    /// Counts something done; false when so much was done that it must be a loop.
    pub(super) fn may_act(&mut self) -> bool {
        self.acts += 1;
        self.acts <= MOST_ACTS
    }

    /// A last breath to apologise with.
    pub(super) fn acts_again(&mut self) {
        self.acts = 0;
    }

    /// The book a frame walks under.
    pub(super) fn book_of(&self, frame: &Frame) -> &'a Book {
        let current = self.books.current;
        match &frame.pinned {
            Some(hash) if *hash != current.hash => {
                let pinned = self.books.others.iter().find(|book| book.hash == *hash);
                pinned.map_or(current, |book| book.spoken(&self.event.center, &self.state.voice))
            }
            _ => current,
        }
    }

    /// From here on the bot speaks in another voice.
    pub(super) fn speak_in(&mut self, voice: &str) {
        voice.clone_into(&mut self.state.voice);
        self.books.current = self.root.spoken(&self.event.center, voice);
    }

    /// The flow a frame runs; `None` when no book at hand has it.
    pub(super) fn flow_of(&self, frame: &Frame) -> Option<&'a Flow> {
        find_flow(self.book_of(frame), &frame.flow)
    }

    /// Where a frame stands in the stack.
    pub(super) fn position(&self, id: u32) -> Option<usize> {
        self.state.stack.iter().position(|frame| frame.id == id)
    }

    /// The running flow's frame: the topmost that is no repair.
    pub(super) fn form(&self) -> Option<usize> {
        self.state.stack.iter().rposition(|frame| !frame.is_repair())
    }

    pub(super) fn say(&mut self, text: String) {
        if !text.trim().is_empty() {
            self.said.push(text);
        }
    }

    pub(super) fn rung(&mut self, rung: u8, took: bool, why: impl Into<Cow<'static, str>>) {
        self.trace.rungs.push(RungTrace { rung, took, why: why.into() });
    }

    pub(super) fn trace_step(&mut self, step: &Step, verdict: impl Into<Cow<'static, str>>) {
        let (name, at) = (Arc::clone(&step.name), Arc::clone(&step.at));
        self.trace.walk.push(WalkTrace { step: name, at, verdict: verdict.into() });
    }

    /// Of what is no step: a field that was only volunteered, an outcome.
    pub(super) fn trace_at(&mut self, step: &str, span: &Span, verdict: impl Into<Cow<'static, str>>) {
        let at = span.line_of_file().into();
        self.trace.walk.push(WalkTrace { step: step.into(), at, verdict: verdict.into() });
    }

    pub(super) fn incident(&mut self, what: impl Into<String>) {
        self.effects.push(Effect::Incident { what: what.into() });
    }
}

/// The flow of that name; `repair.menu` names a repair.
pub(super) fn find_flow<'b>(book: &'b Book, name: &str) -> Option<&'b Flow> {
    match name.strip_prefix("repair.") {
        Some(kind) => {
            let kind = RepairKind::ALL.into_iter().find(|known| known.as_str() == kind)?;
            book.repairs.get(&kind)
        }
        None => book.flows.get(name),
    }
}

/// A need in words, without its values.
fn name(need: &Need) -> String {
    match need {
        Need::Read { port, .. } => format!("read {port}"),
        Need::Hold { port, .. } => format!("hold {port}"),
        Need::Release { hold } => format!("release of hold {hold}"),
        Need::Write { port, once, .. } => format!("write {port} ({once})"),
    }
}

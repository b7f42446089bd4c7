//! What a new version of the flows does to conversations, before it is put in force.
//!
//! An open conversation lives its next moment twice: under the flows in force and under the new ones, with the
//! same answers of the world. What differs is the new version's doing. A conversation that has ended is told again
//! from its journal in the same two ways, until the two part. Pure: the shell answers what the core asks.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use serde::Serialize;

use super::fit::{answered, renamed_fields, successor};
use super::need::{Effect, Event, EventKind, Fact, Got, Need, OK, PatientText, StaffAction, Stepped, Turned};
use super::running::find_flow;
use super::state::{Ended, Frame, Owner, State, Tap};
use super::step::{Books, step};
use crate::flow::{Book, Flow, Record};

/// What becomes of a conversation at a question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "fate", rename_all = "snake_case")]
pub enum Fate {
    /// The same question stands, with all answers so far.
    GoesOn,
    /// It stays under its own version to the end of the flow.
    Stays,
    /// What it waited for is not asked any more, and its flow comes to its end.
    Ends,
    /// Another question comes first; every answer is kept.
    AskedAgain {
        /// Which.
        question: String,
    },
    /// Answers are gone.
    Loses {
        /// Of which fields.
        answers: Vec<String>,
        /// Where it stands then.
        question: String,
    },
    /// A person must help, or the talk breaks off: such a version is not to be put in force.
    Fails {
        /// Why.
        why: String,
    },
}

/// How a moment was lived under one version.
#[derive(Debug, Clone)]
pub enum Lived {
    /// The turn that came.
    Turn(Box<Turned>),
    /// The core could not go on.
    Broke(String),
}

/// What next moment shows where a conversation stands: the patient asks to hear the question again, or staff gives
/// back. `None` when nothing is open.
pub fn next_moment(
    state: &State,
    now: chrono::DateTime<chrono::Utc>,
    local: NaiveDateTime,
    center: &str,
) -> Option<Event> {
    if state.closed || state.stack.is_empty() {
        return None;
    }
    let kind = match state.owner {
        Owner::Bot => {
            EventKind::Texts { texts: vec![PatientText { text: "repetir".to_owned(), sent: Some(now) }] }
        }
        Owner::Staff => EventKind::Staff { by: "plan".to_owned(), action: StaffAction::Resume },
        Owner::Muted => return None,
    };
    Some(Event { now, local, center: center.to_owned(), kind })
}

/// The question that a conversation stands at, also while staff has it.
pub fn question(state: &State) -> String {
    State { owner: Owner::Bot, ..state.clone() }.stage()
}

/// What the new version did, seen beside what the version in force would have done.
pub fn fate(before: &State, old: &Lived, new: &Lived, books: &Books<'_>, next: &Books<'_>) -> Fate {
    let Lived::Turn(old) = old else {
        // the version in force breaks on it already
        return Fate::GoesOn;
    };
    let new = match new {
        Lived::Turn(new) => new,
        Lived::Broke(why) => return Fate::Fails { why: why.clone() },
    };
    if let Some(why) = trouble(new).filter(|_| trouble(old).is_none()) {
        return Fate::Fails { why };
    }
    let names = names(before, next);
    let lost = lost(&old.state, &new.state, books, next, &names);
    let (stood, stands) = (question(&old.state), question(&new.state));
    if stands == "Idle" && stood != "Idle" {
        let left = new.state.past.last().is_none_or(|past| past.ended == Ended::Left);
        let why = "the talk breaks off".to_owned();
        return if left { Fate::Fails { why } } else { Fate::Ends };
    }
    if !lost.is_empty() {
        return Fate::Loses { answers: lost, question: stands };
    }
    if stands != stage_in(&names, &old.state, &new.state) {
        return Fate::AskedAgain { question: stands };
    }
    let pinned = |state: &State| state.stack.last().is_some_and(|frame| frame.pinned.is_some());
    if pinned(&new.state) && !pinned(before) { Fate::Stays } else { Fate::GoesOn }
}

/// What went wrong in a turn, if something did.
fn trouble(turned: &Turned) -> Option<String> {
    turned.effects.iter().find_map(|effect| match effect {
        Effect::Incident { what } => Some(what.clone()),
        Effect::Handoff { reason } => Some(format!("handed to staff: {reason}")),
        _ => None,
    })
}

/// What flows and fields are called under the new version, by frame.
struct Names {
    flow: String,
    fields: BTreeMap<String, String>,
}

fn names(before: &State, next: &Books<'_>) -> BTreeMap<u32, Names> {
    let named = before.stack.iter().filter_map(|frame| {
        let was = next.others.iter().find(|book| book.hash == frame.book).copied();
        let was = was.and_then(|book| find_flow(book, &frame.flow));
        let flow = successor(next.current, &frame.flow, was)?;
        Some((frame.id, Names { flow: flow.name.clone(), fields: renamed_fields(flow, was) }))
    });
    named.collect()
}

/// Fields whose answers the version in force keeps and the new one does not.
fn lost(
    old: &State,
    new: &State,
    books: &Books<'_>,
    next: &Books<'_>,
    names: &BTreeMap<u32, Names>,
) -> Vec<String> {
    let mut lost = Vec::new();
    for frame in old.stack.iter().filter(|frame| !frame.is_repair()) {
        let Some(flow) = flow_of(books, frame) else { continue };
        let there = new.stack.iter().find(|other| other.id == frame.id);
        let kept = there.and_then(|other| Some(answered(flow_of(next, other)?, other))).unwrap_or_default();
        let names = names.get(&frame.id).filter(|_| there.is_none_or(|other| other.pinned.is_none()));
        let gone = answered(flow, frame).into_iter().filter(|name| {
            let new_name = names.and_then(|names| names.fields.get(name)).unwrap_or(name);
            !kept.contains(new_name)
        });
        lost.extend(gone.map(|name| format!("{}.{name}", frame.flow)));
    }
    lost
}

fn flow_of<'b>(books: &Books<'b>, frame: &Frame) -> Option<&'b Flow> {
    let pinned = frame.pinned.as_ref();
    let of = pinned.and_then(|hash| books.others.iter().find(|book| book.hash == *hash).copied());
    find_flow(of.unwrap_or(books.current), &frame.flow)
}

/// The question that stands under the version in force, as the new one calls it.
fn stage_in(names: &BTreeMap<u32, Names>, old: &State, new: &State) -> String {
    let stage = question(old);
    let Some(asked) = &old.asked else { return stage };
    let pinned = new.stack.iter().any(|frame| frame.id == asked.frame && frame.pinned.is_some());
    match names.get(&asked.frame) {
        Some(names) if !pinned => {
            let field = names.fields.get(&asked.field).unwrap_or(&asked.field);
            format!("{}.{field}", names.flow)
        }
        _ => stage,
    }
}

/// A turn as the journal has it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The book it ran on.
    pub book: String,
    /// What the core was told.
    pub event: Event,
    /// What the world answered.
    pub facts: Vec<Fact>,
}

/// Tells a talk again under the new version and under those it was had with, until the two part; the question at
/// which each turn came, and its fate.
pub fn retell(turns: &[Recorded], books: &BTreeMap<String, &Book>, next: &Book) -> Vec<(String, Fate)> {
    let others: Vec<&Book> = books.values().copied().collect();
    let (mut old, mut new) = (State::default(), State::default());
    let mut told = Vec::new();
    for turn in turns {
        let Some(current) = books.get(&turn.book).copied() else { break };
        let (was, will) = (Books { current, others: &others }, Books { current: next, others: &others });
        let stood = question(&old);
        let known = |asked: &Need| {
            let recorded = turn.facts.iter().find(|fact| fact.need == *asked).map(|fact| fact.got.clone());
            recorded.or_else(|| without_consequence(asked))
        };
        let lived =
            live(&was, &old, &turn.event, |_, place| turn.facts.get(place).map(|fact| fact.got.clone()));
        // a tap on what was on the screen is a tap on what would have been
        let event = on_screen(&turn.event, &old, &new);
        let again = live(&will, &new, &event, |need, _| known(need));
        let Some(lived) = lived else { break };
        let Some(again) = again else {
            told.push((
                stood,
                Fate::AskedAgain { question: "something the journal has no answer to".to_owned() },
            ));
            break;
        };
        let fate = fate(&new, &lived, &again, &was, &will);
        let goes_on = fate == Fate::GoesOn;
        told.push((stood, fate));
        let (Lived::Turn(lived), Lived::Turn(again)) = (lived, again) else { break };
        if !goes_on {
            break;
        }
        (old, new) = (lived.state, again.state);
    }
    told
}

/// Lives an event; `None` when the world is asked for something that has no answer here.
fn live(
    books: &Books<'_>,
    state: &State,
    event: &Event,
    answer: impl Fn(&Need, usize) -> Option<Got>,
) -> Option<Lived> {
    let mut facts = Vec::new();
    loop {
        match step(books, state, event, &facts) {
            Ok(Stepped::Done(turned)) => return Some(Lived::Turn(turned)),
            Ok(Stepped::Needs(need)) => {
                let got = answer(&need, facts.len())?;
                facts.push(Fact { need, got });
            }
            Err(diverged) => return Some(Lived::Broke(diverged.to_string())),
        }
    }
}

/// What a centre is called decides nothing, so any answer will do.
fn without_consequence(need: &Need) -> Option<Got> {
    let Need::Read { port, .. } = need else { return None };
    let row = Record { key: String::new(), columns: BTreeMap::new(), words: Vec::new(), until: None };
    (port == "centro.datos").then(|| Got {
        outcome: OK.to_owned(),
        rows: vec![row].into(),
        hold: None,
        until: None,
    })
}

fn on_screen(event: &Event, old: &State, new: &State) -> Event {
    let mut event = event.clone();
    if let EventKind::Tapped { tap: Some(tap), .. } = &mut event.kind
        && let (Some(shown), Some(shows)) = (&old.asked, &new.asked)
        && (tap.frame, &tap.field, &tap.fingerprint) == (shown.frame, &shown.field, &shown.fingerprint)
    {
        *tap = Tap {
            frame: shows.frame,
            field: shows.field.clone(),
            key: tap.key.clone(),
            fingerprint: shows.fingerprint.clone(),
        };
    }
    event
}

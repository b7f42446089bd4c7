//! A conversation meets another version of the flows: each frame is fitted to the book in force.
//!
//! Nothing is lost that has a place in the new version: answers follow fields that were renamed, frames follow flows
//! that were renamed, and what was said, held and called follows its step when steps were put in or taken out above
//! it. A frame stays under its own book to its end when its flow is gone, has committed something, or says
//! `open_conversations: stay`. Going back to an older version takes the renames back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::frames::all_steps;
use super::running::{Running, find_flow};
use super::state::{Asked, AskedKind, Ended, Frame};
use super::walk::GOES_TO;
use crate::flow::definition::{Step, StepKind};
use crate::flow::{Book, Flow, Name, Value};

impl<'a> Running<'a> {
    /// Fits each frame to the book in force: pins what must stay, renames what was renamed.
    pub(super) fn fit_to_book(&mut self) {
        let current = self.books.current;
        let mut index = 0;
        while index < self.state.stack.len() {
            let frame = &self.state.stack[index];
            if frame.pinned.is_some() || frame.book == current.hash {
                index += 1;
                continue;
            }
            let older = self.books.others.iter().find(|book| book.hash == frame.book).copied();
            let was = older.and_then(|book| find_flow(book, &frame.flow));
            match (successor(current, &frame.flow, was), was) {
                (Some(flow), Some(_)) if flow.stays => self.pin(index),
                (Some(flow), _) => {
                    self.rename_flow(index, &flow.name);
                    self.rename_fields(index, &renamed_fields(flow, was));
                    if let Some(was) = was {
                        self.follow_steps(index, &moved_steps(was, flow));
                    }
                    self.state.stack[index].book.clone_from(&current.hash);
                }
                // A flow that is gone is walked to its end as it was.
                (None, Some(_)) => self.pin(index),
                (None, None) => {
                    let what =
                        format!("flow `{}` is in no book at hand; its conversation left it", frame.flow);
                    self.leave(index, Ended::Left);
                    self.incident(what);
                    continue;
                }
            }
            index += 1;
        }
        self.keep_one_of_each();
    }

    /// A renamed flow may meet one that was pinned under that name: the older of the two is let go.
    fn keep_one_of_each(&mut self) {
        let mut index = 0;
        while index < self.state.stack.len() {
            let flow = &self.state.stack[index].flow;
            if self.state.stack[index + 1..].iter().any(|above| above.flow == *flow) {
                self.leave(index, Ended::Left);
            } else {
                index += 1;
            }
        }
    }

    fn pin(&mut self, index: usize) {
        let frame = &mut self.state.stack[index];
        frame.pinned = Some(frame.book.clone());
    }

    /// The name of the flow in force that goes by this name, or did once.
    pub(super) fn flow_in_force(&self, name: &str) -> Option<&'a str> {
        successor(self.books.current, name, None).map(|flow| flow.name.as_str())
    }

    fn rename_flow(&mut self, index: usize, new: &str) {
        let old = std::mem::replace(&mut self.state.stack[index].flow, new.to_owned());
        if old == new {
            return;
        }
        for past in self.state.past.iter_mut().filter(|past| past.flow == old) {
            new.clone_into(&mut past.flow);
        }
        // "¿Quieres ir a …?" waits above.
        for argument in self.state.stack.iter_mut().filter_map(|frame| frame.arguments.get_mut(GOES_TO)) {
            if *argument == Value::Key(old.clone()) {
                *argument = Value::Key(new.to_owned());
            }
        }
    }

    fn rename_fields(&mut self, index: usize, names: &BTreeMap<Name, Name>) {
        if names.is_empty() {
            return;
        }
        let new = |name: &Name| names.get(name).unwrap_or(name).clone();
        let frame = &mut self.state.stack[index];
        frame.answers = frame.answers.drain(..).map(|(name, answer)| (new(&name), answer)).collect();
        frame.refused =
            std::mem::take(&mut frame.refused).into_iter().map(|(n, keys)| (new(&n), keys)).collect();
        frame.picked =
            std::mem::take(&mut frame.picked).into_iter().map(|(n, keys)| (new(&n), keys)).collect();
        for entry in &mut frame.heard {
            entry.tried = entry.tried.iter().map(new).collect();
        }
        frame.wanted = frame.wanted.as_ref().map(new);
        let id = frame.id;
        if let Some(asked) = self.state.asked.as_mut().filter(|asked| asked.frame == id) {
            let asked = Arc::make_mut(asked);
            asked.field = new(&asked.field);
        }
        // A repair above may name a field of this frame: "¿qué quieres cambiar?".
        for above in self.state.stack.iter_mut().skip(index + 1).filter(|frame| frame.is_repair()) {
            for argument in above.arguments.values_mut() {
                if let Value::Key(key) = argument {
                    *key = new(key);
                }
            }
            let asked_here = self.state.asked.as_mut().filter(|asked| asked.frame == above.id);
            for option in asked_here.into_iter().flat_map(|asked| &mut Arc::make_mut(asked).options) {
                option.key = new(&option.key);
            }
        }
    }

    /// What a frame remembers of its steps goes to where they stand now.
    fn follow_steps(&mut self, index: usize, moved: &BTreeMap<&str, &str>) {
        if moved.is_empty() {
            return;
        }
        let frame = &mut self.state.stack[index];
        let new = |id: &str| moved.get(id).map(|id| (*id).to_owned());
        // What no step leads to any more, but whose number another step has now, is forgotten.
        let taken: BTreeSet<&str> = moved.values().copied().collect();
        let follow = |id: Name| new(&id).or_else(|| (!taken.contains(id.as_str())).then_some(id));
        frame.said = rekeyed(std::mem::take(&mut frame.said), follow);
        frame.holds = rekeyed(std::mem::take(&mut frame.holds), follow);
        // a mark may name a row, and a count an outcome, after the step
        let follow_mark = |mark: Name| match mark.split_once(':') {
            Some((step, rest)) => Some(format!("{}:{rest}", follow(step.to_owned())?)),
            None => follow(mark),
        };
        frame.called = std::mem::take(&mut frame.called).into_iter().filter_map(follow_mark).collect();
        frame.counts = rekeyed(std::mem::take(&mut frame.counts), follow_mark);
        // Tries name an attempt for good, so the higher number counts.
        let tries = std::mem::take(&mut frame.tries);
        for (step, count) in tries {
            let known = frame.tries.entry(new(&step).unwrap_or(step)).or_default();
            *known = count.max(*known);
        }
        let id = frame.id;
        let review = |asked: &Asked| asked.frame == id && asked.kind == AskedKind::Review;
        if let Some(asked) = self.state.asked.as_mut().filter(|asked| review(asked)) {
            let asked = Arc::make_mut(asked);
            asked.field = new(&asked.field).unwrap_or_else(|| asked.field.clone());
        }
    }
}

/// The flow of another book that a frame goes on in.
pub(super) fn successor<'b>(book: &'b Book, name: &str, was: Option<&Flow>) -> Option<&'b Flow> {
    find_flow(book, name)
        .or_else(|| book.flows.values().find(|flow| flow.renamed_from.iter().any(|old| old == name)))
        // an older version is in force again: the newer one knows its name
        .or_else(|| was?.renamed_from.iter().find_map(|old| book.flows.get(old)))
}

/// Renames to apply to answers given under another book: the new flow's own, and the older one's backwards
/// when an older book is in force again.
pub(super) fn renamed_fields(flow: &Flow, was: Option<&Flow>) -> BTreeMap<Name, Name> {
    let mut names = flow.renamed_fields.clone();
    for (old, new) in was.iter().flat_map(|was| &was.renamed_fields) {
        if flow.fields.contains_key(old) && !flow.fields.contains_key(new) {
            names.insert(new.clone(), old.clone());
        }
    }
    names
}

/// Where numbered steps stand now, when they stand elsewhere: a step is known by what it does.
fn moved_steps<'f>(was: &'f Flow, now: &'f Flow) -> BTreeMap<&'f str, &'f str> {
    let mut free: Vec<_> = all_steps(&now.steps).collect();
    let mut moved = BTreeMap::new();
    for step in all_steps(&was.steps) {
        let Some(place) = free.iter().position(|other| does_the_same(step, other)) else { continue };
        let other = free.remove(place);
        moved.insert(step.id.as_str(), other.id.as_str());
    }
    if moved.iter().all(|(old, new)| old == new) {
        moved.clear();
    }
    moved
}

fn does_the_same(one: &Step, other: &Step) -> bool {
    match (&one.kind, &other.kind) {
        (StepKind::Say(one), StepKind::Say(other)) => one == other,
        (StepKind::CallFlow(one), StepKind::CallFlow(other)) => one.flow == other.flow,
        (StepKind::Hold(one), StepKind::Hold(other)) | (StepKind::Commit(one), StepKind::Commit(other)) => {
            one.port == other.port && one.into == other.into
        }
        (StepKind::Review(one), StepKind::Review(other)) => one.fields == other.fields,
        _ => false,
    }
}

fn rekeyed<T>(map: BTreeMap<Name, T>, new: impl Fn(Name) -> Option<Name>) -> BTreeMap<Name, T> {
    map.into_iter().filter_map(|(key, value)| Some((new(key)?, value))).collect()
}

/// The answers of a frame that its flow has a field for: what another version may lose.
pub(super) fn answered(flow: &Flow, frame: &Frame) -> BTreeSet<Name> {
    let answers = frame.answers.keys().filter(|name| flow.fields.contains_key(*name));
    answers.cloned().collect()
}

//! The stack: flows are entered and left here and nowhere else.
//!
//! One function lets a frame go, so that no way out keeps an hour held. A flow is on the stack once, and
//! repairs are dropped when the subject changes; beyond a depth that nobody follows, the oldest is let go.

use std::collections::BTreeMap;

use super::carry;
use super::running::{Running, find_flow};
use super::state::{Ended, Frame, Past};
use crate::flow::definition::{Step, StepKind};
use crate::flow::{Flow, Name, Record, RepairKind, Value};

/// So many flows may wait for each other: beyond it, the one interrupted longest ago is let go. Who comes back to
/// it asks for it again.
const DEEPEST: usize = 6;
/// So many ended frames are remembered, to explain taps on their questions.
const PAST: usize = 8;

impl<'a> Running<'a> {
    /// Enters a flow: on top, or back where it was left. False when no such flow is in force.
    pub(super) fn enter(&mut self, name: &str) -> bool {
        self.drop_repairs();
        if let Some(index) = self.state.stack.iter().position(|frame| frame.flow == name) {
            if self.state.stack[index].is_committed() {
                // What it was for is done: asked for again, it is another one.
                self.leave(index, Ended::Committed);
            } else {
                let frame = self.state.stack.remove(index);
                self.state.stack.push(frame);
                return true;
            }
        }
        if find_flow(self.books.current, name).is_none() {
            self.incident(format!("flow `{name}` is asked for but not in the book"));
            return false;
        }
        self.push(name.to_owned(), BTreeMap::new());
        true
    }

    /// Puts a new frame on top.
    pub(super) fn push(&mut self, flow: Name, arguments: BTreeMap<Name, Value>) {
        let id = self.state.next_frame;
        self.state.next_frame += 1;
        let mut frame = Frame::new(id, flow, self.books.current.hash.clone());
        frame.arguments = arguments;
        self.state.stack.push(frame);
    }

    /// Lets a frame go: the only way out of the stack. Its holds wait to be given back.
    pub(super) fn leave(&mut self, index: usize, ended: Ended) {
        let flow = self.flow_of(&self.state.stack[index]);
        let frame = self.state.stack.remove(index);
        let now = self.event.now;
        let held = frame.holds.values().filter(|held| held.until > now);
        self.state.to_release.extend(held.filter_map(|held| held.id));
        if self.state.asked.as_ref().is_some_and(|asked| asked.frame == frame.id) {
            self.state.asked = None;
        }
        if flow.map_or(!frame.is_repair(), asks_something) {
            let ended = if frame.is_committed() { Ended::Committed } else { ended };
            let kept = match flow {
                Some(flow) if ended == Ended::Committed => carry::kept(flow, &frame),
                _ => Vec::new(),
            };
            self.state.past.iter_mut().for_each(|past| past.kept.clear());
            self.state.past.push(Past { frame: frame.id, flow: frame.flow, ended, kept });
            let surplus = self.state.past.len().saturating_sub(PAST);
            self.state.past.drain(..surplus);
        }
    }

    /// Lets go of what was interrupted too long ago. At the end of a turn, for a flow that is called and asks nothing
    /// stands on the stack no longer than that.
    pub(super) fn let_the_oldest_go(&mut self) {
        let forms = |stack: &[Frame]| stack.iter().filter(|frame| !frame.is_repair()).count();
        while forms(&self.state.stack) > DEEPEST {
            self.leave(0, Ended::Left);
        }
    }

    /// Drops the repairs on top: what they asked no longer matters.
    pub(super) fn drop_repairs(&mut self) {
        while self.state.stack.last().is_some_and(Frame::is_repair) {
            let top = self.state.stack.len() - 1;
            self.leave(top, Ended::Left);
        }
    }

    /// Moves a frame of the stack to the top, without the repairs that stood above it.
    pub(super) fn raise(&mut self, id: u32) -> Option<usize> {
        let is_repair = self.state.stack[self.position(id)?].is_repair();
        if !is_repair {
            self.drop_repairs();
        }
        let index = self.position(id)?;
        let frame = self.state.stack.remove(index);
        self.state.stack.push(frame);
        Some(self.state.stack.len() - 1)
    }

    /// What a repair may say about the talk below it.
    pub(super) fn repair_arguments(&self, extra: &[(&str, Value)]) -> BTreeMap<Name, Value> {
        let mut arguments = BTreeMap::new();
        if let Some(flow) = self.form().and_then(|index| self.flow_of(&self.state.stack[index])) {
            arguments.insert("flujo".to_owned(), Value::Text(flow.title.clone()));
        }
        for (name, value) in extra {
            arguments.insert((*name).to_owned(), value.clone());
        }
        arguments
    }

    /// Puts a repair on top; one that asks something takes the place of another.
    pub(super) fn push_repair(&mut self, kind: RepairKind, extra: &[(&str, Value)]) {
        let asks = self.books.current.repairs.get(&kind).is_some_and(asks_something);
        if asks {
            self.drop_repairs();
        }
        let arguments = self.repair_arguments(extra);
        self.trace.repairs.push(kind);
        self.push(format!("repair.{}", kind.as_str()), arguments);
    }
}

/// What a field is called now, when a tap or a list still has its old name.
pub(super) fn current_name<'n>(flow: &'n Flow, name: &'n str) -> &'n str {
    match flow.renamed_fields.get(name) {
        Some(new) if !flow.fields.contains_key(name) => new,
        _ => name,
    }
}

/// Every step, those under conditions too, in the order of writing.
pub(super) fn all_steps(steps: &[Step]) -> AllSteps<'_> {
    AllSteps { rest: steps, outside: Vec::new() }
}

/// See [`all_steps`].
#[derive(Clone)]
pub(super) struct AllSteps<'f> {
    rest: &'f [Step],
    /// What comes after, the next last.
    outside: Vec<&'f [Step]>,
}

impl<'f> Iterator for AllSteps<'f> {
    type Item = &'f Step;

    fn next(&mut self) -> Option<&'f Step> {
        while self.rest.is_empty() {
            self.rest = self.outside.pop()?;
        }
        let (step, rest) = self.rest.split_first()?;
        self.rest = rest;
        if let StepKind::When(when) = &step.kind {
            self.outside.extend([rest, &when.otherwise]);
            self.rest = &when.then;
        }
        Some(step)
    }
}

/// Whether a flow has a question at all.
pub(super) fn asks_something(flow: &Flow) -> bool {
    all_steps(&flow.steps).any(|step| matches!(step.kind, StepKind::Ask(_)))
}

/// The steps after the last commit that happened; all of them when none did.
pub(super) fn open_steps<'f>(flow: &'f Flow, frame: &Frame) -> Vec<&'f Step> {
    let mut steps: Vec<_> = all_steps(&flow.steps).collect();
    if let Some(last) = steps.iter().rposition(|step| is_done(frame, step)) {
        steps.drain(..=last);
    }
    steps
}

/// Whether this commit happened.
pub(super) fn is_done(frame: &Frame, step: &Step) -> bool {
    frame.done.values().any(|done| done.step == step.id)
}

/// Whether an answer stands before something that cannot be undone.
pub(super) fn is_frozen(flow: &Flow, frame: &Frame, field: &str) -> bool {
    let asks = |step: &&Step| matches!(&step.kind, StepKind::Ask(ask) if ask.field == field);
    frame.is_committed() && !open_steps(flow, frame).iter().any(asks)
}

/// The row of an option written in a flow, as answers keep it.
pub(super) fn fixed_row(key: &str, title: &str, words: &[String]) -> Record {
    let columns = BTreeMap::from([("titulo".to_owned(), Value::Text(title.to_owned()))]);
    Record { key: key.to_owned(), columns, words: words.to_vec(), until: None }
}

//! Answers go along when one flow starts another: who was asked for whom the hour is, is not asked again.
//!
//! An answer goes along when the new flow has a field of the same name that holds the same kind of thing. It is
//! looked at there like any other: what is not offered any more is dropped and told. After something was done, "y
//! otra para mi hijo" is the same again for somebody else: all but the patient and the hour.

use super::frames::all_steps;
use super::message::Message;
use super::running::Running;
use super::state::{Answer, Frame};
use crate::flow::definition::{Field, FieldKind, Source, StepKind};
use crate::flow::port::{RowKind, Shape, port};
use crate::flow::{Flow, Name};

/// What a field holds, where that is the same in every flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Days and times.
    Window,
    /// A row of a port.
    Row(RowKind),
}

/// An answer that goes along.
pub(super) type Carried = (Name, Holds, Answer);

impl Running<'_> {
    /// What a frame could give another flow.
    pub(super) fn to_carry(&self, index: usize) -> Vec<Carried> {
        let frame = &self.state.stack[index];
        self.flow_of(frame).map_or_else(Vec::new, |flow| carried(flow, frame))
    }

    /// Gives the flow that was just entered what goes along.
    pub(super) fn carry(&mut self, carried: Vec<Carried>) {
        let Some(index) = self.state.stack.len().checked_sub(1) else { return };
        let frame = &self.state.stack[index];
        let Some(flow) = self.flow_of(frame).filter(|_| frame.answers.is_empty() && !frame.is_repair())
        else {
            return;
        };
        for (name, holds, answer) in carried {
            if flow.fields.get(&name).and_then(|field| held_by(flow, field)) == Some(holds) {
                self.state.stack[index].answers.insert(name, answer);
            }
        }
    }

    /// "Y para Elena también": the flow that did something last.
    pub(super) fn same_again(&self, message: &Message) -> Option<Name> {
        let last = self.state.past.iter().rev().find(|past| !past.kept.is_empty())?;
        message.wants_another().then(|| last.flow.clone())
    }

    /// "Y otra para mi hijo": what was answered for the hour that was just booked.
    pub(super) fn carry_again(&mut self, message: &Message) {
        if !message.wants_another() {
            return;
        }
        let Some(frame) = self.state.stack.last() else { return };
        let mut past = self.state.past.iter().rev();
        let Some(last) = past.find(|past| past.flow == frame.flow && !past.kept.is_empty()) else { return };
        let Some(flow) = self.flow_of(frame) else { return };
        let again: Vec<Carried> = last
            .kept
            .iter()
            .filter_map(|(name, answer)| {
                let holds = held_by(flow, flow.fields.get(name)?)?;
                // another prestación or another day that the message names is what counts
                let named = match holds {
                    Holds::Window => message.window.is_some() || message.specialty.is_some(),
                    Holds::Row(_) => message.specialty.is_some(),
                };
                (!named).then(|| (name.clone(), holds, answer.clone()))
            })
            .collect();
        self.carry(again);
    }
}

/// What is kept of a frame that did what it was for: what another patient may want as well.
pub(super) fn kept(flow: &Flow, frame: &Frame) -> Vec<(Name, Answer)> {
    let kinds = [RowKind::AppointmentType, RowKind::Professional];
    let again = carried(flow, frame).into_iter().filter(|(_, holds, _)| match holds {
        Holds::Window => true,
        Holds::Row(kind) => kinds.contains(kind),
    });
    again.map(|(name, _, answer)| (name, answer)).collect()
}

fn carried(flow: &Flow, frame: &Frame) -> Vec<Carried> {
    let fitting = |(name, answer): (&Name, &Answer)| {
        let holds = held_by(flow, flow.fields.get(name)?)?;
        answer.value.is_something().then(|| (name.clone(), holds, answer.clone()))
    };
    frame.answers.iter().filter_map(fitting).collect()
}

fn held_by(flow: &Flow, field: &Field) -> Option<Holds> {
    let rows = |name: &str| match port(name)?.result {
        Shape::Rows(kind) => Some(Holds::Row(kind)),
        _ => None,
    };
    match &field.kind {
        FieldKind::Window { .. } => Some(Holds::Window),
        FieldKind::Choice { source: Source::Read(name), .. } => rows(name),
        FieldKind::Choice { source: Source::Memo(memo), .. } => {
            all_steps(&flow.steps).find_map(|step| match &step.kind {
                StepKind::Do(call) if call.into.as_deref() == Some(memo) => rows(&call.port),
                _ => None,
            })
        }
        _ => None,
    }
}

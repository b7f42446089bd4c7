//! Rung 4: words that mean the same everywhere: menú, atrás, cambiar, cancelar, repetir, persona, ayuda.
//!
//! "Cambiar" and "atrás" forget nothing: they set what is wanted anew, and forgetting happens when a different
//! answer arrives. "Cancelar" is a command and a flow: it asks which is meant.

use super::Pending;
use super::named::field_named;
use crate::conversation::frames::{all_steps, is_frozen, open_steps};
use crate::conversation::message::{Command, Message};
use crate::conversation::running::{Halt, Running};
use crate::conversation::scope::View;
use crate::conversation::state::{AskedKind, By, Ended, Frame};
use crate::flow::definition::{Step, StepKind};
use crate::flow::{Flow, Name, RepairKind, Value};

impl<'a> Running<'a> {
    pub(super) fn command(&mut self, pending: Option<&Pending<'a>>, message: &Message) -> Result<bool, Halt> {
        // "Cambiar el control" is about a visit, unless the form asks about a control.
        let by_name = || self.change_by_name(message).map(|field| Command::Change(Some(field.name.clone())));
        let Some(command) = message.command.clone().or_else(by_name) else {
            self.rung(4, false, "no command");
            return Ok(false);
        };
        let took = match &command {
            Command::Menu => {
                self.push_repair(RepairKind::Menu, &[]);
                true
            }
            Command::Repeat => pending.is_some(),
            Command::Help => {
                let extra = pending.map_or_else(Vec::new, |pending| self.about(pending));
                self.shorter = true;
                self.push_repair(RepairKind::Help, &extra);
                true
            }
            Command::Person => {
                match self.flow_for("humano") {
                    Some(flow) => {
                        self.drop_repairs();
                        self.enter(&flow);
                    }
                    None => self.hand_off("asked", true)?,
                }
                true
            }
            Command::Restart => {
                if self.form().is_some() {
                    self.start_anew();
                } else {
                    self.push_repair(RepairKind::Menu, &[]);
                }
                true
            }
            Command::Skip => self.skip(pending),
            Command::Cancel => self.cancel(message),
            Command::Back => self.back(pending),
            Command::Change(what) => self.change(pending, what.as_deref(), message),
        };
        self.rung(4, took, format!("command: {}", name(&command)));
        Ok(took)
    }

    fn skip(&mut self, pending: Option<&Pending<'a>>) -> bool {
        let Some(pending) = pending.filter(|pending| pending.asked.kind == AskedKind::Field) else {
            return false;
        };
        let optional = pending.flow.fields.get(&pending.asked.field).filter(|field| field.optional);
        let Some(field) = optional else { return false };
        self.give(pending.index, pending.flow, &field.name, Value::Nothing, By::Patient);
        true
    }

    fn cancel(&mut self, message: &Message) -> bool {
        if self.form().is_some() {
            self.push_repair(RepairKind::Cancel, &[]);
            return true;
        }
        // "Nada", "fin" with nothing under way ends the talk; only these words mean a booked hour.
        if !message.words.iter().any(|word| word.starts_with("cancel") || word.starts_with("anul")) {
            self.push_repair(RepairKind::Thanks, &[]);
            return true;
        }
        let Some(flow) = self.flow_for("cancelar") else { return false };
        self.ask_for_flow(&flow, Some(message));
        true
    }

    fn back(&mut self, pending: Option<&Pending<'a>>) -> bool {
        let Some(form) = self.form() else {
            self.push_repair(RepairKind::NoBack, &[]);
            return true;
        };
        if self.state.stack.last().is_some_and(Frame::is_repair) {
            // Back from "¿qué quieres cambiar?" is the question it stood before.
            self.drop_repairs();
            return true;
        }
        let frame = &self.state.stack[form];
        let Some(flow) = self.flow_of(frame) else { return false };
        let from =
            pending.filter(|pending| pending.index == form).map(|pending| pending.asked.field.as_str());
        if frame.page > 0 {
            self.state.stack[form].page = 0;
            return true;
        }
        match last_answered(flow, frame, from) {
            Some(field) => {
                self.want(form, &field);
            }
            None if self.back_to_the_caller(form) => {}
            None => self.push_repair(RepairKind::NoBack, &[]),
        }
        true
    }

    /// Back from the first question of a flow that another called is that one's last question.
    fn back_to_the_caller(&mut self, form: usize) -> bool {
        let Some(below) = form.checked_sub(1).filter(|_| !self.state.stack[form].is_committed()) else {
            return false;
        };
        let Some(flow) = self.flow_of(&self.state.stack[below]) else { return false };
        let called = &self.state.stack[form].flow;
        let calls = |step: &&Step| matches!(&step.kind, StepKind::CallFlow(call) if call.flow == *called);
        let steps: Vec<Name> = all_steps(&flow.steps).filter(calls).map(|step| step.id.clone()).collect();
        let marks = |mark: &Name| steps.iter().any(|step| mark.split(':').next() == Some(step.as_str()));
        let Some(last) = self.state.stack[below].called.iter().rfind(|mark| marks(mark)).cloned() else {
            return false;
        };
        let Some(field) = last_answered(flow, &self.state.stack[below], None) else { return false };
        self.leave(form, Ended::Left);
        self.state.stack[below].called.retain(|mark| *mark != last);
        self.want(below, &field)
    }

    fn change(&mut self, pending: Option<&Pending<'a>>, what: Option<&str>, message: &Message) -> bool {
        let Some(form) = self.form() else {
            // Nothing is under way: it is about an appointment.
            let flow = self.flow_meant(message).or_else(|| self.flow_for("reagendar"));
            return flow.is_some_and(|flow| {
                self.ask_for_flow(&flow, Some(message));
                true
            });
        };
        let frame = &self.state.stack[form];
        let Some(flow) = self.flow_of(frame) else { return false };
        let field = what.and_then(|what| field_named(flow, what));
        if !self.named_otherwise(form, flow, None, message).is_empty() {
            return false;
        }
        if let Some(field) = field {
            if is_frozen(flow, frame, &field.name) {
                self.push_repair(RepairKind::Frozen, &[]);
                return true;
            }
            // Naming a value is the correction itself: "cambiar la atención por dentista".
            if !self.choices_corrected(form, flow, None, message).is_empty() {
                return false;
            }
            let known = frame.answers.contains_key(&field.name) || field.optional;
            let asked = pending.is_some_and(|pending| pending.asked.field == field.name);
            if known || asked {
                self.drop_repairs();
                return self.want(form, &field.name);
            }
            return false;
        }
        if what.is_some()
            && (message.window.is_some() || !self.choices_corrected(form, flow, None, message).is_empty())
        {
            return false;
        }
        // "Cambiar la hora" where no hour is asked for is about one that was taken before.
        if what.is_some() && self.flow_meant(message).is_some_and(|meant| meant != flow.name) {
            return false;
        }
        if frame.is_committed() {
            self.push_repair(RepairKind::Frozen, &[]);
            return true;
        }
        if !frame.answers.values().any(|answer| answer.by != By::Engine) {
            return false;
        }
        self.push_repair(RepairKind::Change, &[]);
        true
    }
}

/// A command's name in the trace.
fn name(command: &Command) -> &'static str {
    match command {
        Command::Menu => "menu",
        Command::Back => "back",
        Command::Change(_) => "change",
        Command::Cancel => "cancel",
        Command::Repeat => "repeat",
        Command::Person => "person",
        Command::Help => "help",
        Command::Restart => "restart",
        Command::Skip => "skip",
    }
}

/// The last passed question, in step order and before the pending one, that a person answered.
fn last_answered(flow: &Flow, frame: &Frame, from: Option<&str>) -> Option<Name> {
    let mut last = None;
    passed_asks(flow, frame, &flow.steps, from, &mut |field| {
        let answered = frame.answers.get(field).is_some_and(|answer| answer.by != By::Engine);
        if answered && !is_frozen(flow, frame, field) {
            last = Some(field.to_owned());
        }
    });
    last
}

/// Calls `seen` for each question on the path to the pending one; false when it was reached.
fn passed_asks(
    flow: &Flow,
    frame: &Frame,
    steps: &[Step],
    from: Option<&str>,
    seen: &mut dyn FnMut(&str),
) -> bool {
    let open = open_steps(flow, frame);
    for step in steps {
        if Some(step.id.as_str()) == from {
            return false;
        }
        match &step.kind {
            StepKind::Ask(ask) if Some(ask.field.as_str()) == from => return false,
            StepKind::Ask(ask) if ask.keep && open.iter().any(|open| open.id == step.id) => seen(&ask.field),
            StepKind::When(when) => {
                let holds = View::new(flow, frame).holds(&when.condition);
                let inside = if holds { &when.then } else { &when.otherwise };
                if !passed_asks(flow, frame, inside, from, seen) {
                    return false;
                }
            }
            _ => {}
        }
    }
    true
}

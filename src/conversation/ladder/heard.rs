//! Several answers in one message: what could not be placed yet is tried at each later question.
//!
//! "Hola, quiero hora con matrona el martes en la tarde para mi mamá" starts a flow and answers four of its
//! questions. Each entry is used in one turn only; it is cleared by "cambiar", "atrás", a failed outcome, a
//! hand-off and a give-back.

use std::rc::Rc;

use super::hours::{window_feeding, without_clock};
use crate::conversation::fill::is_same;
use crate::conversation::frames::{all_steps, is_frozen};
use crate::conversation::message::Message;
use crate::conversation::running::{Halt, Running};
use crate::conversation::state::By;
use crate::conversation::walk::Rows;
use crate::flow::definition::{Field, FieldKind, StepKind};
use crate::flow::port::{RowKind, Shape, port};
use crate::flow::{Flow, Name, Value};

/// So many messages are remembered for later questions.
const MOST_HEARD: usize = 3;

/// What a message heard before did for a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::conversation) enum Heard {
    /// Nothing.
    Nothing,
    /// It answered it.
    Filled,
    /// It changed what the list is read with.
    Other,
}

impl<'a> Running<'a> {
    /// Remembers a message for the questions to come.
    pub(super) fn keep_heard(&mut self, index: usize, message: &Message) {
        let heard = &mut self.state.stack[index].heard;
        heard.retain(|text| *text != message.text);
        heard.push(message.text.clone());
        self.ears.borrow_mut().push(Rc::new(message.clone()));
        let heard = &mut self.state.stack[index].heard;
        let surplus = heard.len().saturating_sub(MOST_HEARD);
        heard.drain(..surplus);
    }

    /// A message heard before, read once in a step however many questions it is tried on.
    pub(super) fn hear_again(&self, text: &str) -> Rc<Message> {
        let known = self.ears.borrow().iter().find(|message| message.text == text).cloned();
        known.unwrap_or_else(|| {
            let message = Rc::new(self.hear(text, &[], None));
            self.ears.borrow_mut().push(Rc::clone(&message));
            message
        })
    }

    /// Takes what a message says besides what it was taken for to the form on top.
    pub(super) fn take_along(&mut self, message: &Message) {
        let Some(index) = self.form() else { return };
        let Some(flow) = self.flow_of(&self.state.stack[index]) else { return };
        self.window_along(index, flow, message);
        self.keep_heard(index, message);
    }

    /// The window a message brings along for a list that is not read yet.
    pub(super) fn window_along(&mut self, index: usize, flow: &'a Flow, message: &Message) -> Option<Name> {
        let window = message.window.as_ref()?;
        let name = first_window(flow)?;
        let field = flow.fields.get(name)?;
        let frame = &self.state.stack[index];
        // "La de 12:00 pero con dentista" names a row of the list to come; only if none fits it is a filter.
        let names_row = message.clock && window.days.is_empty();
        if names_row || !self.is_ahead(field, window) || is_frozen(flow, frame, name) {
            return None;
        }
        // "El jueves a las 10" wants Thursday's list; the clock then picks its row, and is no filter to keep.
        let filter = if message.clock { without_clock(window) } else { window.clone() };
        self.give(index, flow, name, Value::Window(filter), By::Patient).then(|| name.to_owned())
    }

    /// Tries what was heard on a question whose options exist now.
    pub(in crate::conversation) fn fill_from_heard(
        &mut self,
        index: usize,
        flow: &'a Flow,
        field: &'a Field,
        rows: &Rows,
    ) -> Result<Heard, Halt> {
        let id = self.state.stack[index].id;
        for text in self.state.stack[index].heard.clone().into_iter().rev() {
            let message = self.hear_again(&text);
            let done = self.try_heard(index, flow, field, rows, &message)?;
            if done != Heard::Nothing {
                if !self.heard_used.contains(&(id, text.clone())) {
                    self.heard_used.push((id, text));
                }
                return Ok(done);
            }
        }
        Ok(Heard::Nothing)
    }

    fn try_heard(
        &mut self,
        index: usize,
        flow: &'a Flow,
        field: &'a Field,
        rows: &Rows,
        message: &Message,
    ) -> Result<Heard, Halt> {
        let key = (self.state.stack[index].id, message.text.clone());
        let value = match &field.kind {
            FieldKind::Choice { .. } if rows.start() => {
                if self.windows_used.contains(&key) {
                    return Ok(Heard::Nothing);
                }
                let done = self.heard_hours(index, flow, field, rows, message)?;
                if done != Heard::Nothing {
                    self.windows_used.push(key);
                }
                return Ok(done);
            }
            FieldKind::Choice { .. } => {
                // The "no" of "ya no puedo ir, anula mi hora" answers nothing that is asked later.
                if rows.iter().flat_map(|row| &row.words).any(|word| word == "si" || word == "no") {
                    return Ok(Heard::Nothing);
                }
                let place = message.mentioned(self.called(index, flow, field, rows));
                let Some(row) = place.and_then(|place| rows.get(place)) else { return Ok(Heard::Nothing) };
                let chosen = row.key.clone();
                let filled = self.choose(index, flow, &field.name, &chosen, By::Patient)?;
                return Ok(if filled { Heard::Filled } else { Heard::Nothing });
            }
            FieldKind::Window { .. } => {
                message.window.clone().filter(|window| self.is_ahead(field, window)).map(Value::Window)
            }
            FieldKind::RutTail => message.rut.clone().map(Value::RutTail),
            FieldKind::BirthDate => {
                message.birth.filter(|day| *day < self.event.local.date()).map(Value::Date)
            }
            FieldKind::YesNo | FieldKind::Number { .. } | FieldKind::Text { .. } => None,
        };
        let Some(value) = value else { return Ok(Heard::Nothing) };
        self.give(index, flow, &field.name, value, By::Patient);
        Ok(Heard::Filled)
    }

    /// An hour named before its list was there: the one that fits, or a list of those that do.
    fn heard_hours(
        &mut self,
        index: usize,
        flow: &'a Flow,
        field: &'a Field,
        rows: &Rows,
        message: &Message,
    ) -> Result<Heard, Halt> {
        let Some(window) = &message.window else { return Ok(Heard::Nothing) };
        let feeding = window_feeding(flow, field);
        // Where a list can be narrowed, only a time of the clock picks a row: "el martes" wants to see Tuesday.
        if (message.clock || feeding.is_none())
            && let Some(row) = rows.only_within(window)
        {
            let filled = self.choose(index, flow, &field.name, &row.key, By::Patient)?;
            return Ok(if filled { Heard::Filled } else { Heard::Nothing });
        }
        let Some(feeding) = feeding.filter(|name| !is_frozen(flow, &self.state.stack[index], name)) else {
            return Ok(Heard::Nothing);
        };
        let value = Value::Window(window.clone());
        let answered = self.state.stack[index].answers.get(feeding);
        let narrows = answered.is_none_or(|answer| !is_same(&answer.value, &value));
        if !narrows || flow.fields.get(feeding).is_none_or(|field| !self.is_ahead(field, window)) {
            return Ok(Heard::Nothing);
        }
        self.give(index, flow, feeding, value, By::Patient);
        Ok(Heard::Other)
    }
}

/// The window that a flow's first list of hours is read with; none when it first asks which appointment is meant.
fn first_window(flow: &Flow) -> Option<&str> {
    let first = all_steps(&flow.steps).find_map(|step| match &step.kind {
        StepKind::Do(call) => match port(&call.port)?.result {
            Shape::Rows(RowKind::Hour) => Some(call.into.as_deref()),
            Shape::Rows(RowKind::Appointment) => Some(None),
            _ => None,
        },
        _ => None,
    })??;
    flow.fields
        .values()
        .find(|field| crate::conversation::fill::memo_of(field) == Some(first))
        .and_then(|field| window_feeding(flow, field))
}

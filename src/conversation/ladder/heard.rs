//! Several answers in one message: what could not be placed yet is tried at each later question.
//!
//! "Hola, quiero hora con matrona el martes en la tarde para mi mamá" starts a flow and answers four of its
//! questions; one of them may come turns later. An entry answers each question once, and only while nothing was
//! said against it: "cambiar", "atrás", a correction, a failed outcome, a hand-off and a give-back clear it, two
//! hours do, and so does the end of the questions that it could answer. It never agrees: a yes or no, a number and
//! free words are heard at their own question only, and what acts when it is chosen is chosen in the turn in which
//! it was said.

use std::rc::Rc;

use chrono::TimeDelta;

use super::hours::{merge, window_feeding, without_clock};
use crate::conversation::fill::is_same;
use crate::conversation::frames::{all_steps, is_frozen, open_steps};
use crate::conversation::message::Message;
use crate::conversation::running::{Halt, Running};
use crate::conversation::state::{By, Frame, Overheard};
use crate::conversation::walk::Rows;
use crate::flow::definition::{Field, FieldKind, Source, StepKind};
use crate::flow::port::{RowKind, Shape, port};
use crate::flow::{Flow, Name, Value};

/// So many messages are remembered for later questions.
const MOST_HEARD: usize = 3;
/// Older than this, what was said beside something else is not what is wanted any more.
const FADES_AFTER: TimeDelta = TimeDelta::hours(2);

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
        let entry = self.overheard(message);
        self.ears.borrow_mut().push(Rc::new(message.clone()));
        let heard = &mut self.state.stack[index].heard;
        heard.retain(|known| known.text != message.text);
        heard.push(entry);
        let surplus = heard.len().saturating_sub(MOST_HEARD);
        heard.drain(..surplus);
    }

    /// A message of this turn, to be remembered.
    pub(super) fn overheard(&self, message: &Message) -> Overheard {
        Overheard {
            text: message.text.clone(),
            at: self.event.local,
            tick: self.state.tick,
            placed: false,
            tried: Vec::new(),
        }
    }

    /// A message heard before, read once in a step however many questions it is tried on.
    pub(super) fn hear_again(&self, entry: &Overheard) -> Rc<Message> {
        let known = self.ears.borrow().iter().find(|message| message.text == entry.text).cloned();
        known.unwrap_or_else(|| {
            let message = Rc::new(Message::read(&entry.text, &[], None, entry.at));
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
        if self.state.stack[index].heard.is_empty() {
            return Ok(Heard::Nothing);
        }
        let id = self.state.stack[index].id;
        for entry in self.state.stack[index].heard.clone().into_iter().rev() {
            if entry.tried.contains(&field.name) || self.has_faded(&entry) || !self.may_act_on(&entry, field)
            {
                continue;
            }
            let message = self.hear_again(&entry);
            let named = self.heard_visit(index, flow, field, rows, &message)?;
            let by_window = !named && rows.start();
            let done = match named {
                true => Heard::Filled,
                false if by_window && entry.placed => Heard::Nothing,
                false => self.try_heard(index, flow, field, rows, &message)?,
            };
            if done != Heard::Nothing {
                self.was_used(id, &entry.text, |entry| {
                    entry.placed |= by_window;
                    if done == Heard::Filled {
                        entry.tried.push(field.name.clone());
                    }
                });
                return Ok(done);
            }
        }
        Ok(Heard::Nothing)
    }

    fn has_faded(&self, entry: &Overheard) -> bool {
        self.event.local - entry.at > FADES_AFTER
    }

    /// An option that does something when it is chosen is chosen by what the patient says now, or not at all.
    fn may_act_on(&self, entry: &Overheard, field: &Field) -> bool {
        let acts = matches!(&field.kind, FieldKind::Choice { source: Source::Fixed(options), .. }
            if options.iter().any(|option| option.action.is_some()));
        !acts || entry.tick == self.state.tick
    }

    fn was_used(&mut self, frame: u32, text: &str, note: impl Fn(&mut Overheard)) {
        if let Some(index) = self.position(frame) {
            self.state.stack[index].heard.iter_mut().filter(|entry| entry.text == text).for_each(note);
        }
    }

    /// The end of a turn: the question that is asked now is no more tried, and what no question is left for goes.
    pub(in crate::conversation) fn forget_heard(&mut self) {
        for index in 0..self.state.stack.len() {
            let frame = &self.state.stack[index];
            if frame.heard.is_empty() || frame.is_repair() {
                continue;
            }
            let id = frame.id;
            let asked = self.state.asked.as_ref().filter(|asked| asked.frame == id);
            let asked = asked.map(|asked| asked.field.clone());
            let left = match self.flow_of(frame) {
                Some(flow) => still_to_answer(flow, frame, asked.as_deref()),
                None => Vec::new(),
            };
            let mut heard = std::mem::take(&mut self.state.stack[index].heard);
            if let Some(asked) = &asked {
                heard.iter_mut().filter(|entry| !entry.tried.contains(asked)).for_each(|entry| {
                    entry.tried.push(asked.clone());
                });
            }
            heard.retain(|entry| {
                !self.has_faded(entry)
                    && left.iter().any(|field| !entry.tried.iter().any(|known| known == field))
            });
            self.state.stack[index].heard = heard;
        }
    }

    fn try_heard(
        &mut self,
        index: usize,
        flow: &'a Flow,
        field: &'a Field,
        rows: &Rows,
        message: &Message,
    ) -> Result<Heard, Halt> {
        let value = match &field.kind {
            FieldKind::Choice { .. } if rows.start() => {
                return self.heard_hours(index, flow, field, rows, message);
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

    /// "Anula la hora del dentista", said before the list of visits was there; a day beside it may be the new one.
    fn heard_visit(
        &mut self,
        index: usize,
        flow: &'a Flow,
        field: &'a Field,
        rows: &Rows,
        message: &Message,
    ) -> Result<bool, Halt> {
        match self
            .visit_not_kept(rows, message)
            .or_else(|| self.visit_named(rows, message))
            .filter(|_| rows.len() > 1)
        {
            Some(key) => self.choose(index, flow, &field.name, &key, By::Patient),
            None => Ok(false),
        }
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
        // the day that cannot be kept, or the new one, names no other visit
        if feeding.is_none() && message.is_unable() {
            return Ok(Heard::Nothing);
        }
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
        let answered = self.state.stack[index].answers.get(feeding);
        let current = match answered.map(|answer| &answer.value) {
            Some(Value::Window(current)) if message.clock => Some(current),
            _ => None,
        };
        let value = Value::Window(merge(current, window));
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

/// Questions that what was said before could still answer.
fn still_to_answer<'f>(flow: &'f Flow, frame: &Frame, asked: Option<&str>) -> Vec<&'f str> {
    let hears = |field: &Field| {
        matches!(
            &field.kind,
            FieldKind::Choice { .. } | FieldKind::Window { .. } | FieldKind::RutTail | FieldKind::BirthDate
        )
    };
    open_steps(flow, frame)
        .into_iter()
        .filter_map(|step| match &step.kind {
            StepKind::Ask(ask) => Some(ask.field.as_str()),
            _ => None,
        })
        .filter(|name| asked != Some(*name) && !frame.answers.contains_key(*name))
        .filter(|name| flow.fields.get(*name).is_some_and(hears))
        .collect()
}

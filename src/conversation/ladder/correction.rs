//! Rung 5: a correction of an answer that is not the pending one, at any point.
//!
//! Corrections are found by what the patient names: a row of a choice that differs from the chosen one, a window
//! that the chosen hour does not fit. Saying again what is so already is no correction. Repairs are transparent:
//! at "¿qué quieres cambiar?" the words "dentista" are the correction itself.

use std::sync::Arc;

use super::Pending;
use super::hours::{merge, names_days, window_feeding, without_clock};
use super::with_whom;
use crate::conversation::fill::is_same;
use crate::conversation::frames::is_frozen;
use crate::conversation::message::Message;
use crate::conversation::running::{Halt, Running};
use crate::conversation::state::By;
use crate::conversation::walk::starts;
use crate::flow::definition::{Field, FieldKind, Source};
use crate::flow::{Flow, Name, Value};
use crate::value::{DayRange, Window};

/// Answers to give instead of those given.
type Corrections = Vec<(Name, Value)>;

impl<'a> Running<'a> {
    pub(super) fn correction(
        &mut self,
        pending: Option<&Pending<'a>>,
        message: &Message,
    ) -> Result<bool, Halt> {
        let Some(form) = self.form() else { return Ok(false) };
        let Some(flow) = self.flow_of(&self.state.stack[form]) else { return Ok(false) };
        let asked =
            pending.filter(|pending| pending.index == form).map(|pending| pending.asked.field.as_str());
        if self.correct_by_name(form, flow, asked, message) {
            return Ok(true);
        }
        if let Some(pending) = pending
            && self.means_another_flow(
                &Pending { index: form, flow, asked: Arc::clone(&pending.asked) },
                message,
            )
        {
            self.rung(5, false, "another flow is meant");
            return Ok(false);
        }
        if self.someone_else(pending, message) {
            self.drop_repairs();
            return Ok(true);
        }
        let id = self.state.stack[form].id;
        let choices = self.choices_corrected(form, flow, asked, message);
        let mut names: Vec<Name> = Vec::new();
        for (name, value) in choices {
            self.give(form, flow, &name, value, By::Patient);
            names.push(name);
        }
        if names.is_empty() {
            for (name, value) in self.values_corrected(form, flow, asked, message) {
                // The clock picks a row of the list to come, or those next to it.
                match value {
                    Value::Window(window) if message.clock && names_days(&window) => {
                        let day = Value::Window(without_clock(&window));
                        if !self.give(form, flow, &name, day, By::Patient) {
                            // the day stays, so nothing else would ask for its hours
                            self.state.stack[form].wanted = fed_by(flow, &name);
                        }
                        self.keep_heard(form, message);
                    }
                    value => drop(self.give(form, flow, &name, value, By::Patient)),
                }
                names.push(name);
            }
        } else {
            names.extend(self.window_along(form, flow, message));
            self.keep_heard(form, message);
        }
        if names.is_empty() {
            self.rung(5, false, "nothing said before is named otherwise");
            return Ok(false);
        }
        self.rung(5, true, format!("corrects {}", names.join(", ")));
        if self.position(id).is_some() {
            self.drop_repairs();
        }
        Ok(true)
    }

    /// What the message names and says otherwise is answered so; what it only names is asked anew.
    fn correct_by_name(
        &mut self,
        form: usize,
        flow: &'a Flow,
        asked: Option<&str>,
        message: &Message,
    ) -> bool {
        let named = self.named_otherwise(form, flow, asked, message);
        for (name, value) in &named {
            match value {
                Some(value) => {
                    self.rung(5, true, format!("names {name} and corrects it"));
                    self.give(form, flow, name, value.clone(), By::Patient);
                }
                None => {
                    self.rung(5, true, format!("names {name}: asked anew"));
                    self.want(form, name);
                }
            }
        }
        if !named.is_empty() {
            self.drop_repairs();
        }
        !named.is_empty()
    }

    /// Whether a review's reply names something otherwise.
    pub(super) fn would_correct(
        &mut self,
        index: usize,
        flow: &'a Flow,
        message: &Message,
    ) -> Result<bool, Halt> {
        Ok(!self.named_otherwise(index, flow, None, message).is_empty()
            || !self.choices_corrected(index, flow, None, message).is_empty()
            || !self.values_corrected(index, flow, None, message).is_empty())
    }

    /// Choices (of anything but hours) that the message names otherwise than they were answered.
    pub(super) fn choices_corrected(
        &self,
        index: usize,
        flow: &'a Flow,
        asked: Option<&str>,
        message: &Message,
    ) -> Corrections {
        let frame = &self.state.stack[index];
        let mut corrections = Corrections::new();
        let whom = with_whom(flow).map(|field| field.name.as_str());
        for field in flow.fields.values().filter(|field| Some(field.name.as_str()) != asked) {
            // never asked, so naming one is enough
            if Some(field.name.as_str()) == whom {
                let open = !is_frozen(flow, frame, &field.name);
                let named = if open { self.professional_named(index, flow, field, message) } else { None };
                corrections.extend(named.map(|value| (field.name.clone(), value)));
                continue;
            }
            let FieldKind::Choice { source, .. } = &field.kind else { continue };
            let Some(answer) = frame.answers.get(&field.name) else { continue };
            if matches!(source, Source::FieldsBelow) || is_frozen(flow, frame, &field.name) {
                continue;
            }
            let rows = self.rows(index, field);
            let place = if rows.start() {
                let key = self.visit_named(&rows, message);
                key.and_then(|key| rows.iter().position(|row| row.key == key))
            } else {
                message.mentioned(self.called(index, flow, field, &rows))
            };
            let Some(row) = place.and_then(|place| rows.get(place)) else { continue };
            let value = Value::Record(row.clone());
            if !is_same(&answer.value, &value) {
                corrections.push((field.name.clone(), value));
            }
        }
        corrections
    }

    /// Hours and windows, the end of a RUT, a birth date: what the message says otherwise.
    fn values_corrected(
        &self,
        index: usize,
        flow: &'a Flow,
        asked: Option<&str>,
        message: &Message,
    ) -> Corrections {
        let frame = &self.state.stack[index];
        let open =
            |field: &&Field| Some(field.name.as_str()) != asked && !is_frozen(flow, frame, &field.name);
        let mut corrections = Corrections::new();
        for field in flow.fields.values().filter(open) {
            let answer = frame.answers.get(&field.name).map(|answer| &answer.value);
            let said = match (&field.kind, answer) {
                (FieldKind::RutTail, Some(_)) => message.rut.clone().map(Value::RutTail),
                (FieldKind::BirthDate, Some(_)) => message.birth.map(Value::Date),
                _ => None,
            };
            if let Some(said) = said.filter(|said| answer.is_some_and(|answer| !is_same(answer, said))) {
                corrections.push((field.name.clone(), said));
            }
        }
        if corrections.is_empty() {
            corrections.extend(self.hour_corrected(index, flow, asked, message));
        }
        corrections
    }

    /// A window that the chosen hour does not fit: the one listed hour that does, or other hours.
    fn hour_corrected(
        &self,
        index: usize,
        flow: &'a Flow,
        asked: Option<&str>,
        message: &Message,
    ) -> Option<(Name, Value)> {
        let frame = &self.state.stack[index];
        let said = message.window.as_ref()?;
        let hours = flow.fields.values().find(|field| window_feeding(flow, field).is_some());
        let chosen = hours.and_then(|field| match &frame.answers.get(&field.name)?.value {
            Value::Record(row) => Some((field, starts(row)?)),
            _ => None,
        });
        let mut day_chosen = None;
        if let Some((field, at)) = chosen {
            if said.allows(at) || is_frozen(flow, frame, &field.name) {
                return None;
            }
            let rows = self.rows(index, field);
            // "A las 11" is about the day that was chosen.
            let on_day = Window { days: vec![DayRange::one(at.date())], ..said.clone() };
            let days_said = !said.days.is_empty() || !said.weekdays.is_every() || said.not_before.is_some();
            let on_that_day = if days_said { None } else { rows.only_within(&on_day) };
            if let Some(row) = on_that_day {
                return Some((field.name.clone(), Value::Record(row.clone())));
            }
            // no such hour on that day: its other hours, before those of other days
            if !days_said && message.clock {
                day_chosen = Some(on_day);
            } else if let Some(row) = rows.only_within(said) {
                return Some((field.name.clone(), Value::Record(row.clone())));
            }
        }
        let feeding = hours.and_then(|field| window_feeding(flow, field))?;
        let field = flow.fields.get(feeding).filter(|field| Some(field.name.as_str()) != asked)?;
        if is_frozen(flow, frame, feeding) || !self.is_ahead(field, said) {
            return None;
        }
        let current = match frame.answers.get(feeding).map(|answer| &answer.value) {
            Some(Value::Window(window)) => Some(window),
            _ => None,
        };
        let window = Value::Window(day_chosen.unwrap_or_else(|| merge(current, said)));
        let same = frame.answers.get(feeding).is_some_and(|answer| is_same(&answer.value, &window));
        (!same).then(|| (feeding.to_owned(), window))
    }
}

/// The choice of an hour whose list is read with this window.
fn fed_by(flow: &Flow, window: &str) -> Option<Name> {
    let fed = flow.fields.values().find(|field| window_feeding(flow, field) == Some(window));
    fed.map(|field| field.name.clone())
}

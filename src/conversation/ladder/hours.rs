//! Rung 3 at a list of hours: a row, another page, or other hours altogether.
//!
//! What the patient says is a filter. When exactly one hour on the screen fits, it is chosen; else the filter
//! becomes the correction of the field that feeds the list, and the list is read again. "Otro día" and "más
//! temprano" are filters relative to what is shown.

use chrono::{NaiveDateTime, Timelike};

use super::Pending;
use crate::conversation::fill::{is_same, memo_of};
use crate::conversation::frames::{all_steps, is_frozen};
use crate::conversation::message::{Assent, Message, Relative};
use crate::conversation::reply::MORE;
use crate::conversation::running::{Halt, Running};
use crate::conversation::state::{By, Choice};
use crate::conversation::walk::starts;
use crate::flow::definition::{Field, FieldKind, StepKind};
use crate::flow::expression::Expression;
use crate::flow::{Flow, Value};
use crate::value::{DayRange, TimeRange, Weekdays, Window};

impl<'a> Running<'a> {
    pub(super) fn answer_hours(
        &mut self,
        pending: &Pending<'a>,
        field: &'a Field,
        message: &Message,
    ) -> Result<bool, Halt> {
        let (index, flow, name) = (pending.index, pending.flow, field.name.as_str());
        let options = &pending.asked.options;
        let said_no = message.assent == Some(Assent::No) || message.neither;
        if let Some(key) = self.option_named(pending, message) {
            if key == MORE {
                return Ok(self.more_hours(pending, flow, field));
            }
            self.rung(3, true, format!("answer to {name}: an option word for word"));
            return self.choose(index, flow, name, &key, By::Patient);
        }
        if message.relative == Some(Relative::More) {
            return Ok(self.more_hours(pending, flow, field));
        }
        if self.means_another_flow(pending, message) || self.asks_fixed_answer(message) {
            return Ok(false);
        }
        if self.someone_else(Some(pending), message) {
            return Ok(true);
        }
        if said_no && message.window.is_none() && message.words.iter().any(|word| word == "gracias") {
            self.rung(3, true, format!("answer to {name}: no, thanks"));
            self.leave_form(index);
            return Ok(true);
        }
        if self.correct_upstream(index, flow, field, message)? {
            return Ok(true);
        }
        // A list of visits knows what each is for.
        let rows = self.rows(index, field);
        if let Some(key) = self.visit_not_kept(&rows, message).or_else(|| self.visit_named(&rows, message)) {
            self.rung(3, true, format!("answer to {name}: the visit that is named"));
            let chosen = self.choose(index, flow, name, &key, By::Patient)?;
            self.take_along(message);
            return Ok(chosen);
        }
        if message.is_indifferent()
            && !said_no
            && let Some(first) = options.iter().find(|option| option.starts.is_some())
        {
            self.rung(3, true, format!("answer to {name}: any will do, the first"));
            return self.choose(index, flow, name, &first.key.clone(), By::Patient);
        }
        if let Some(place) = message.choice.filter(|_| !said_no)
            && let Some(option) = options.get(place)
            && option.key != MORE
        {
            self.rung(3, true, format!("answer to {name}: an option"));
            return self.choose(index, flow, name, &option.key.clone(), By::Patient);
        }
        let agrees = matches!(message.assent, Some(Assent::Yes | Assent::WeakYes));
        if agrees && message.window.is_none() && message.relative.is_none() {
            let mut hours = options.iter().filter(|option| option.starts.is_some());
            if let (Some(only), None) = (hours.next(), hours.next()) {
                self.rung(3, true, format!("answer to {name}: yes to the only one"));
                return self.choose(index, flow, name, &only.key.clone(), By::Patient);
            }
        }
        let feeding = window_feeding(flow, field);
        let current =
            feeding.and_then(|feeding| match &self.state.stack[index].answers.get(feeding)?.value {
                Value::Window(window) => Some(window.clone()),
                _ => None,
            });
        let window = match (&message.window, message.relative) {
            // "Más temprano" is about the screen, though "temprano" alone is a part of the day.
            (window, Some(relative)) if window.as_ref().is_none_or(|window| window.days.is_empty()) => {
                relative_to(relative, &self.shown(index, field, options, relative), current.as_ref())
            }
            (Some(window), _) => Some(merge(current.as_ref(), window)),
            (None, _) => None,
        };
        let Some(window) = window else {
            if said_no && feeding.is_none() && message.words.len() <= 3 && message.command.is_none() {
                self.rung(3, true, format!("answer to {name}: none of them"));
                self.leave_form(index);
                return Ok(true);
            }
            if said_no && let Some(feeding) = feeding {
                self.rung(3, true, format!("answer to {name}: none of them, asked when"));
                return Ok(self.want(index, feeding));
            }
            return Ok(false);
        };
        if !said_no
            && message.relative.is_none()
            && let Some(said) = &message.window
        {
            let key = only_fitting(options, said).or_else(|| {
                let rows = self.rows(index, field);
                rows.only_within(said).filter(|_| message.clock).map(|row| row.key.clone())
            });
            if let Some(key) = key {
                self.rung(3, true, format!("answer to {name}: the one hour that fits"));
                return self.choose(index, flow, name, &key, By::Patient);
            }
        }
        // The clock picks a row of the day's list, or those next to it; it is no filter to keep.
        if message.clock && names_days(&window) && message.relative.is_none() {
            self.keep_heard(index, message);
            return Ok(self.ask_other_hours(index, flow, feeding, without_clock(&window)));
        }
        Ok(self.ask_other_hours(index, flow, feeding, window))
    }

    /// The next page; after the last one, another day.
    fn more_hours(&mut self, pending: &Pending<'a>, flow: &'a Flow, field: &'a Field) -> bool {
        if pending.asked.options.iter().any(|option| option.key == MORE) {
            self.rung(3, true, format!("answer to {}: the next page", field.name));
            self.next_page(pending);
            return true;
        }
        let Some(feeding) = window_feeding(flow, field) else { return false };
        let current = match self.state.stack[pending.index].answers.get(feeding).map(|answer| &answer.value) {
            Some(Value::Window(window)) => Some(window.clone()),
            _ => None,
        };
        let shown = self.shown(pending.index, field, &pending.asked.options, Relative::OtherDay);
        let Some(window) = relative_to(Relative::OtherDay, &shown, current.as_ref()) else { return false };
        self.ask_other_hours(pending.index, flow, Some(feeding), window)
    }

    /// The hours on the screen; for another day, those of the pages before as well.
    fn shown(
        &self,
        index: usize,
        field: &Field,
        options: &[Choice],
        relative: Relative,
    ) -> Vec<NaiveDateTime> {
        let mut shown: Vec<_> = options.iter().filter_map(|option| option.starts).collect();
        if relative == Relative::OtherDay {
            let rows = self.rows(index, field);
            shown.extend(rows.iter().take(self.state.stack[index].page).filter_map(starts));
        }
        shown
    }

    fn ask_other_hours(
        &mut self,
        index: usize,
        flow: &'a Flow,
        feeding: Option<&'a str>,
        window: Window,
    ) -> bool {
        let Some(field) = feeding.and_then(|feeding| flow.fields.get(feeding)) else { return false };
        if is_frozen(flow, &self.state.stack[index], &field.name) || !self.is_ahead(field, &window) {
            return false;
        }
        self.rung(3, true, format!("answer corrects {}", field.name));
        self.give(index, flow, &field.name, Value::Window(window), By::Patient);
        true
    }

    /// "La de 12:00 pero con dentista": another answer above first; the rest is tried on the new list.
    fn correct_upstream(
        &mut self,
        index: usize,
        flow: &'a Flow,
        field: &'a Field,
        message: &Message,
    ) -> Result<bool, Halt> {
        let changes = self.choices_corrected(index, flow, Some(&field.name), message);
        if changes.is_empty() {
            return Ok(false);
        }
        for (name, value) in changes {
            self.rung(3, true, format!("corrects {name} first"));
            self.give(index, flow, &name, value, By::Patient);
        }
        self.window_along(index, flow, message);
        self.keep_heard(index, message);
        Ok(true)
    }
}

/// The field of windows that narrows the list from which this choice is made.
pub(super) fn window_feeding<'f>(flow: &'f Flow, field: &Field) -> Option<&'f str> {
    let memo = memo_of(field)?;
    let call = all_steps(&flow.steps).find_map(|step| match &step.kind {
        StepKind::Do(call) if call.into.as_deref() == Some(memo) => Some(call),
        _ => None,
    })?;
    call.arguments.iter().find_map(|(_, argument)| match argument {
        Expression::Path(path) => {
            let (name, field) = flow.fields.get_key_value(path.first()?)?;
            matches!(field.kind, FieldKind::Window { .. }).then_some(name.as_str())
        }
        _ => None,
    })
}

/// The one option that starts within the window.
pub(super) fn only_fitting(choices: &[Choice], window: &Window) -> Option<String> {
    let mut fitting =
        choices.iter().filter(|choice| choice.starts.is_some_and(|starts| window.allows(starts)));
    let only = fitting.next()?;
    fitting.next().is_none().then(|| only.key.clone())
}

/// The same days at any time.
pub(super) fn without_clock(window: &Window) -> Window {
    Window { times: Vec::new(), ..window.clone() }
}

/// Whether a window says anything of days, not of times only.
pub(in crate::conversation) fn names_days(window: &Window) -> bool {
    !window.days.is_empty()
        || !window.except.is_empty()
        || !window.weekdays.is_every()
        || window.not_before.is_some()
        || window.before.is_some()
}

/// A time of the day alone keeps the days asked for before; days alone keep nothing ("otro día" says more).
pub(super) fn merge(current: Option<&Window>, said: &Window) -> Window {
    let Some(current) = current else { return said.clone() };
    let merged = if names_days(said) || said.soonest {
        return said.clone();
    } else {
        Window { times: said.times.clone(), soonest: false, ..current.clone() }
    };
    if is_same(&Value::Window(merged.clone()), &Value::Window(current.clone())) {
        said.clone()
    } else {
        merged
    }
}

/// "Otro día", "más temprano", "más tarde": other than what is shown.
fn relative_to(relative: Relative, shown: &[NaiveDateTime], current: Option<&Window>) -> Option<Window> {
    let (first, last) = (shown.iter().min()?, shown.iter().max()?);
    let base = current.cloned().unwrap_or(Window::ANY);
    let minute = |at: &NaiveDateTime| u16::try_from(at.hour() * 60 + at.minute()).unwrap_or(0);
    let one_day = (first.date() == last.date()).then(|| DayRange::one(first.date()));
    let days = if base.days.is_empty() { one_day.into_iter().collect() } else { base.days.clone() };
    match relative {
        Relative::More => None,
        Relative::OtherDay => {
            let mut except = base.except.clone();
            for at in shown {
                let day = DayRange::one(at.date());
                if !except.contains(&day) {
                    except.push(day);
                }
            }
            Some(Window {
                days: Vec::new(),
                except,
                weekdays: Weekdays::EVERY,
                times: base.times,
                ..Window::ANY
            })
        }
        Relative::Earlier => {
            let end = shown.iter().map(minute).min()?;
            Some(Window { days, times: vec![TimeRange { start: 0, end }], soonest: false, ..base })
        }
        Relative::Later => {
            // the next hour that a clinic could have, so that "después de las 10:15" can be read out
            let start = (shown.iter().map(minute).max()? / 5 + 1) * 5;
            Some(Window { days, times: vec![TimeRange { start, end: 1440 }], soonest: false, ..base })
        }
        Relative::Sooner => Some(Window { before: Some(*first), soonest: true, ..Window::ANY }),
    }
}

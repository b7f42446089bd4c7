//! Answers are given and forgotten here: what depends on a changed answer goes with it, all else stays.
//!
//! Forgetting never touches a hold: it is told from its answer by its fingerprint, so that changing one's
//! mind is one call (`instead_of`) and changing it back costs nothing.

use chrono::{DateTime, Utc};

use super::frames::{all_steps, fixed_row};
use super::running::Running;
use super::state::{Answer, By};
use crate::flow::definition::{Branch, Field, FieldKind, Source, StepKind};
use crate::flow::{Flow, Record, Value};

impl<'a> Running<'a> {
    /// Gives an answer; false when it was the answer already.
    pub(super) fn give(&mut self, index: usize, flow: &Flow, field: &str, value: Value, by: By) -> bool {
        let until = match &value {
            Value::Record(row) => row.until,
            _ => None,
        };
        let frame = &mut self.state.stack[index];
        if frame.wanted.as_deref() == Some(field) {
            frame.wanted = None;
        }
        frame.misses = 0;
        frame.page = 0;
        frame.picked.remove(field);
        if frame.answers.get(field).is_some_and(|old| is_same(&old.value, &value)) {
            return false;
        }
        let first = frame.answers.insert(field.to_owned(), Answer { value, by, until }).is_none();
        if !first && by != By::Engine {
            // What was said before the mind was changed is not what is wanted any more.
            let tick = self.state.tick;
            frame.heard.retain(|entry| entry.tick == tick);
        }
        let required = flow.fields.get(field).is_some_and(|field| !field.optional);
        self.reset_counts(index, flow, field);
        if first && required {
            self.forget_what_was_read(index, flow, field);
        } else {
            self.forget_dependants(index, flow, field);
        }
        true
    }

    /// "Three empty searches" starts again when something else was asked for than what gets forgotten.
    fn reset_counts(&mut self, index: usize, flow: &Flow, field: &str) {
        let frame = &mut self.state.stack[index];
        if frame.counts.is_empty() {
            return;
        }
        let Some(dependants) = flow.graph.dependants.get(field) else { return };
        let forgets_it = |branch: &Branch| {
            branch.forget.iter().any(|name| name == field) || branch.refuse.as_deref() == Some(field)
        };
        for step in all_steps(&flow.steps) {
            let (StepKind::Do(call) | StepKind::Hold(call) | StepKind::Commit(call)) = &step.kind else {
                continue;
            };
            let feeds = dependants.contains(&step.id)
                || call.into.as_ref().is_some_and(|into| dependants.contains(into));
            for (outcome, _) in call.on.iter().filter(|(_, branch)| feeds && !forgets_it(branch)) {
                frame.counts.remove(&format!("{}:{outcome}", step.id));
            }
        }
    }

    /// Forgets an answer or a memo and all that depends on it; whether anything was there to forget.
    pub(super) fn forget(&mut self, index: usize, flow: &Flow, name: &str) -> bool {
        let itself = self.forget_one(index, name);
        self.forget_dependants(index, flow, name) || itself
    }

    pub(super) fn forget_dependants(&mut self, index: usize, flow: &Flow, name: &str) -> bool {
        let Some(names) = flow.graph.dependants.get(name) else { return false };
        let mut any = false;
        for name in names {
            any |= self.forget_one(index, name);
        }
        any
    }

    /// Answered for the first time, nothing was answered because of it: what stands below was taken along from
    /// another flow, and is looked at again when the lists are read.
    fn forget_what_was_read(&mut self, index: usize, flow: &Flow, name: &str) {
        let Some(names) = flow.graph.dependants.get(name) else { return };
        for name in names.iter().filter(|name| !flow.fields.contains_key(name.as_str())) {
            self.forget_one(index, name);
        }
    }

    fn forget_one(&mut self, index: usize, name: &str) -> bool {
        let frame = &mut self.state.stack[index];
        frame.said.remove(name);
        frame.picked.remove(name);
        frame.called.retain(|mark| mark != name);
        if frame.memos.remove(name).is_some() {
            frame.page = 0;
            return true;
        }
        frame.answers.shift_remove(name).is_some()
    }

    /// Refuses the chosen row of a field: not offered again, asked anew from a fresh list. The hour that is
    /// still held from before becomes the answer again, so that its hold stays.
    pub(super) fn refuse(&mut self, index: usize, flow: &Flow, field: &str) -> bool {
        let frame = &mut self.state.stack[index];
        let Some(Value::Record(row)) = frame.answers.get(field).map(|answer| answer.value.clone()) else {
            return false;
        };
        frame.refused.entry(field.to_owned()).or_default().insert(row.key.clone());
        let kept = self.still_held(index, flow, field, &row.key);
        self.forget(index, flow, field);
        let frame = &mut self.state.stack[index];
        if let Some(memo) = flow.fields.get(field).and_then(memo_of) {
            frame.memos.remove(memo);
        }
        if let Some(row) = kept {
            let until = row.until;
            frame
                .answers
                .insert(field.to_owned(), Answer { value: Value::Record(row), by: By::Patient, until });
            frame.wanted = Some(field.to_owned());
        }
        frame.page = 0;
        true
    }

    fn still_held(&self, index: usize, flow: &Flow, field: &str, refused: &str) -> Option<Record> {
        let frame = &self.state.stack[index];
        let memo = frame.memos.get(memo_of(flow.fields.get(field)?)?)?;
        let now = self.event.now;
        let held = frame.holds.values().find(|held| held.until > now && held.slot != refused)?;
        memo.rows.iter().find(|row| row.key == held.slot).cloned()
    }

    /// Drops an answer that counts no more, with what depends on it; whether the patient should be told.
    pub(super) fn drop_invalid(&mut self, index: usize, flow: &Flow, field: &Field) -> Dropped {
        let frame = &self.state.stack[index];
        let Some(answer) = frame.answers.get(&field.name) else { return Dropped::Nothing };
        let dropped = if has_passed(field, answer, self.event.now, self.event.local.date()) {
            Dropped::Passed
        } else if !fits_kind(field, &answer.value) || !self.is_offered(index, field, &answer.value) {
            Dropped::Gone
        } else {
            return Dropped::Nothing;
        };
        self.forget(index, flow, &field.name);
        dropped
    }

    /// Whether a choice is still among its options, or ours because we hold it.
    fn is_offered(&self, index: usize, field: &Field, value: &Value) -> bool {
        let FieldKind::Choice { source, .. } = &field.kind else { return true };
        let rows = match value {
            Value::Record(row) => std::slice::from_ref(row),
            Value::Rows(rows) => rows,
            _ => return true,
        };
        let frame = &self.state.stack[index];
        rows.iter().all(|row| match source {
            Source::Fixed(options) => options.iter().any(|option| option.key == row.key),
            Source::Memo(name) | Source::Read(name) => frame.memos.get(name).is_none_or(|memo| {
                memo.rows.iter().any(|offered| offered.key == row.key)
                    || frame.holds.values().any(|held| held.slot == row.key)
            }),
            Source::FieldsBelow => true,
        })
    }

    /// The row of a fixed option, a memo or a read, by its key.
    pub(super) fn row_by_key(&self, index: usize, field: &Field, key: &str) -> Option<Record> {
        let FieldKind::Choice { source, .. } = &field.kind else { return None };
        let frame = &self.state.stack[index];
        match source {
            Source::Fixed(options) => {
                let option = options.iter().find(|option| option.key == key)?;
                Some(fixed_row(&option.key, &option.title, &option.words))
            }
            Source::Memo(name) | Source::Read(name) => {
                let rows = &frame.memos.get(name)?.rows;
                let now = self.event.now;
                let refused = frame.refused.get(&field.name);
                rows.iter()
                    .find(|row| row.key == key && row.until.is_none_or(|until| until > now))
                    .filter(|row| refused.is_none_or(|keys| !keys.contains(&row.key)))
                    .cloned()
            }
            Source::FieldsBelow => Some(fixed_row(key, key, &[])),
        }
    }
}

/// What became of an answer that was looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dropped {
    /// It stands.
    Nothing,
    /// Time has overtaken it.
    Passed,
    /// It is not offered any more, or of another type than the field is now.
    Gone,
}

fn has_passed(field: &Field, answer: &Answer, now: DateTime<Utc>, today: chrono::NaiveDate) -> bool {
    let by_clock = answer.until.is_some_and(|until| until <= now);
    let by_day = match (&field.kind, &answer.value) {
        (FieldKind::Window { future: true, .. }, Value::Window(window)) => {
            window.last_day().is_some_and(|last| last < today)
        }
        _ => false,
    };
    by_clock || by_day
}

pub(super) fn fits_kind(field: &Field, value: &Value) -> bool {
    match (&field.kind, value) {
        (_, Value::Nothing) => field.optional,
        (FieldKind::Choice { several: false, .. }, Value::Record(_))
        | (FieldKind::Choice { several: true, .. }, Value::Rows(_))
        | (FieldKind::Window { .. }, Value::Window(_))
        | (FieldKind::RutTail, Value::RutTail(_))
        | (FieldKind::BirthDate, Value::Date(_))
        | (FieldKind::YesNo, Value::Flag(_))
        | (FieldKind::Text { .. }, Value::Text(_)) => true,
        (FieldKind::Number { min, max, unit: None }, Value::Number(number)) => (min..=max).contains(&number),
        (FieldKind::Number { min, max, unit: Some(unit) }, Value::Length(minutes)) => {
            // bounds are written in the field's unit, which may have changed
            let bound = |bound: &i64| bound.saturating_mul(unit.minutes());
            (bound(min)..=bound(max)).contains(minutes)
        }
        _ => false,
    }
}

/// Two answers are the same when they name the same row, whatever its columns say by now.
pub(super) fn is_same(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Record(old), Value::Record(new)) => old.key == new.key,
        (Value::Rows(old), Value::Rows(new)) => {
            old.iter().map(|row| &row.key).eq(new.iter().map(|row| &row.key))
        }
        _ => old == new,
    }
}

/// The memo that feeds a choice.
pub(super) fn memo_of(field: &Field) -> Option<&str> {
    match &field.kind {
        FieldKind::Choice { source: Source::Memo(name) | Source::Read(name), .. } => Some(name),
        _ => None,
    }
}

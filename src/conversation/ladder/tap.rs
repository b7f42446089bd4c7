//! Rungs 1 and 2: taps. A tap names frame, field, key and what was shown, never a position.
//!
//! On the pending question it is an answer, whichever message it came from; on an older question of a live
//! frame a correction, when it is still offered; on anything else it is explained. A double tap is absorbed.

use chrono::TimeDelta;

use super::Pending;
use crate::conversation::fit::successor;
use crate::conversation::frames::{all_steps, current_name, is_frozen, open_steps};
use crate::conversation::reply::{CANCEL, CHANGE, MORE, YES};
use crate::conversation::running::{Halt, Running, Yes};
use crate::conversation::state::{AskedKind, By, Ended, Owner, Tap};
use crate::conversation::step::Turn;
use crate::flow::definition::{Action, FieldKind, Source, StepKind};
use crate::flow::{Flow, RepairKind, Value};

/// The same tap again within this time, with nothing between, is one tap.
const DOUBLE_TAP: TimeDelta = TimeDelta::seconds(10);

impl<'a> Running<'a> {
    pub(in crate::conversation) fn tapped(&mut self, tap: Option<&Tap>, title: &str) -> Result<Turn, Halt> {
        if self.state.owner != Owner::Bot {
            self.rung(1, false, "the bot does not own the conversation");
            return Ok(Turn::Ignored);
        }
        let Some(tap) = tap else {
            self.rung(1, false, "not a tap of ours: read as its title");
            self.state.last_tap = None;
            let text = crate::conversation::need::PatientText { text: title.to_owned(), sent: None };
            return self.texts(&[text]);
        };
        let now = self.event.now;
        if self.state.last_tap.as_ref().is_some_and(|(last, at)| last == tap && now - *at <= DOUBLE_TAP) {
            self.rung(1, false, "a double tap: absorbed");
            return Ok(Turn::Ignored);
        }
        self.state.last_tap = Some((tap.clone(), now));
        let tap = &self.by_current_names(tap);
        let pending = self.pending();
        match pending.filter(|pending| pending.asked.frame == tap.frame && pending.asked.field == tap.field) {
            Some(pending) => self.tap_on_pending(&pending, tap)?,
            None => self.tap_on_older(tap)?,
        }
        self.walk()?;
        self.never_leave_silence()?;
        Ok(Turn::Taken)
    }

    /// A tap on a message from before a field was renamed means the field all the same.
    fn by_current_names(&self, tap: &Tap) -> Tap {
        let frame = self.position(tap.frame).map(|index| &self.state.stack[index]);
        // An older version in force again does not know the newer name, but this is the very list it was on.
        let shown = self.state.asked.as_ref().filter(|asked| {
            asked.frame == tap.frame && asked.fingerprint == tap.fingerprint && asked.kind == AskedKind::Field
        });
        match frame.and_then(|frame| self.flow_of(frame)) {
            Some(flow) if !flow.fields.contains_key(&tap.field) && shown.is_some() => {
                Tap { field: shown.map(|asked| asked.field.clone()).unwrap_or_default(), ..tap.clone() }
            }
            Some(flow) => Tap { field: current_name(flow, &tap.field).to_owned(), ..tap.clone() },
            None => tap.clone(),
        }
    }

    fn tap_on_pending(&mut self, pending: &Pending<'a>, tap: &Tap) -> Result<(), Halt> {
        if pending.asked.kind == AskedKind::Review {
            self.rung(1, true, "an option of the pending review");
            return self.review_option(pending.index, &tap.field, &tap.key, &tap.fingerprint);
        }
        let field = &pending.asked.field;
        if tap.key == MORE {
            self.rung(1, true, "the next page");
            self.next_page(pending);
            return Ok(());
        }
        if self.picks_one_of_several(pending.index, pending.flow, field, &tap.key) {
            self.rung(1, true, format!("one more of {field}"));
            return Ok(());
        }
        if self.choose(pending.index, pending.flow, field, &tap.key, By::Patient)? {
            self.rung(1, true, format!("an option of {field}"));
        } else {
            self.rung(1, false, format!("an option of {field} that is not offered any more"));
            self.push_repair(RepairKind::Stale, &[]);
        }
        Ok(())
    }

    /// The page after the one that is shown.
    pub(super) fn next_page(&mut self, pending: &Pending<'a>) {
        let shown = pending.asked.options.iter().filter(|option| option.key != MORE).count();
        self.state.stack[pending.index].page += shown;
    }

    /// What an option of a review does.
    pub(super) fn review_option(
        &mut self,
        index: usize,
        review: &str,
        key: &str,
        fingerprint: &str,
    ) -> Result<(), Halt> {
        self.trace_review(index, review, key);
        match key {
            YES => {
                self.yes = Some(Yes {
                    frame: self.state.stack[index].id,
                    review: review.to_owned(),
                    fingerprint: fingerprint.to_owned(),
                    used: false,
                    spent: false,
                });
            }
            CHANGE => match self.only_changeable(index, review) {
                Some(field) => {
                    self.want(index, &field);
                }
                None => self.push_repair(RepairKind::Change, &[]),
            },
            CANCEL => self.leave_form(index),
            _ => self.push_repair(RepairKind::Stale, &[]),
        }
        Ok(())
    }

    /// For coverage: which of a review's answers it was.
    fn trace_review(&mut self, index: usize, review: &str, key: &str) {
        let Some(flow) = self.flow_of(&self.state.stack[index]) else { return };
        let told = match key {
            YES => "answered: yes",
            CHANGE => "answered: change",
            CANCEL => "answered: cancel",
            _ => return,
        };
        if let Some(step) = all_steps(&flow.steps).find(|step| step.id == review) {
            self.trace_step(step, told);
        }
    }

    /// The one field that a review lets be changed: there is nothing to choose from.
    fn only_changeable(&self, index: usize, review: &str) -> Option<String> {
        let flow = self.flow_of(&self.state.stack[index])?;
        let fields = all_steps(&flow.steps).find_map(|step| match &step.kind {
            StepKind::Review(known) if step.id == review => Some(&known.fields),
            _ => None,
        })?;
        match fields.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        }
    }

    pub(super) fn leave_form(&mut self, index: usize) {
        let words = self.words_of_leaving(index);
        self.leave(index, Ended::Left);
        self.say(words.to_owned());
    }

    /// Nobody may leave believing that an hour is cancelled or taken that is not.
    pub(in crate::conversation) fn words_of_leaving(&self, index: usize) -> &'static str {
        use crate::conversation::reply::{LEFT, LEFT_AS_IT_IS, LEFT_UNTAKEN};
        let frame = &self.state.stack[index];
        let Some(flow) = self.flow_of(frame).filter(|_| !frame.is_committed()) else { return LEFT };
        let touches_visits = all_steps(&flow.steps).any(|step| match &step.kind {
            StepKind::Commit(call) => ["agenda.anular", "agenda.mover"].contains(&call.port.as_str()),
            _ => false,
        });
        // no visit was found yet that could stay
        let knows_visit = frame.answers.values().any(|answer| match &answer.value {
            Value::Record(row) => row.columns.contains_key("prestacion"),
            _ => false,
        });
        match (touches_visits && knows_visit, frame.holds.is_empty()) {
            (true, _) => LEFT_AS_IT_IS,
            (false, false) => LEFT_UNTAKEN,
            (false, true) => LEFT,
        }
    }

    fn tap_on_older(&mut self, tap: &Tap) -> Result<(), Halt> {
        let Some(index) = self.position(tap.frame) else { return self.tap_on_ended(tap) };
        let Some(flow) = self.flow_of(&self.state.stack[index]) else {
            return self.explain("its flow is gone");
        };
        let review = open_steps(flow, &self.state.stack[index])
            .into_iter()
            .find(|step| step.id == tap.field && matches!(step.kind, StepKind::Review(_)));
        if review.is_some() {
            self.rung(2, true, "an option of an older review");
            let Some(index) = self.raise(tap.frame) else { return Ok(()) };
            if tap.key == CANCEL {
                // It was meant for something that stood elsewhere: ask.
                self.push_repair(RepairKind::Cancel, &[]);
                return Ok(());
            }
            return self.review_option(index, &tap.field, &tap.key, &tap.fingerprint);
        }
        let frame = &self.state.stack[index];
        let corrects = all_steps(&flow.steps).find_map(|step| match &step.kind {
            StepKind::Ask(ask) if ask.field == tap.field => Some(ask.stale_corrects),
            _ => None,
        });
        if is_frozen(flow, frame, &tap.field) || !flow.fields.contains_key(&tap.field) {
            return self.explain("a question that is closed by now");
        }
        if tap.key == MORE {
            self.rung(2, true, "more of an older list");
            if let Some(index) = self.raise(tap.frame) {
                self.want(index, &tap.field);
            }
            return Ok(());
        }
        if corrects == Some(false) {
            return self.explain("a question that is not corrected by old taps");
        }
        if self.adds_one_of_several(index, flow, &tap.field, &tap.key) {
            self.rung(2, true, format!("one more of {}", tap.field));
            return Ok(());
        }
        let frame = &self.state.stack[index];
        let chosen = frame.answers.get(&tap.field).map(|answer| &answer.value);
        let same = matches!(chosen, Some(Value::Record(row)) if row.key == tap.key);
        let Some(index) = self.raise(tap.frame) else { return Ok(()) };
        if same {
            self.rung(2, true, "the answer it has already");
            if self.state.stack[index].wanted.as_deref() == Some(tap.field.as_str()) {
                self.state.stack[index].wanted = None;
            }
            return Ok(());
        }
        if self.choose(index, flow, &tap.field, &tap.key, By::Patient)? {
            self.rung(2, true, format!("a correction of {}", tap.field));
            return Ok(());
        }
        self.explain("an option that is not offered any more")
    }

    /// A tap on something that ended: a menu still opens what it names, all else is explained.
    fn tap_on_ended(&mut self, tap: &Tap) -> Result<(), Halt> {
        let past = self.state.past.iter().find(|past| past.frame == tap.frame).cloned();
        let flow = past.as_ref().and_then(|past| successor(self.books.current, &past.flow, None));
        if let Some(name) = flow.and_then(|flow| starts(flow, &tap.field, &tap.key)) {
            self.rung(2, true, format!("an old menu: starts {name}"));
            self.ask_for_flow(&name, None);
            return Ok(());
        }
        let why = match past.map(|past| past.ended) {
            Some(Ended::Committed) => "of something that is done",
            Some(Ended::Left | Ended::Finished) => "of something that was left",
            Some(Ended::Closed) => "of something closed after silence",
            Some(Ended::HandedOver) => "of something given to staff",
            None => "of something long gone",
        };
        self.explain(why)
    }

    fn explain(&mut self, why: &'static str) -> Result<(), Halt> {
        self.rung(2, false, why);
        self.shorter = true;
        if self.state.stack.is_empty() {
            // Nothing else is going on: what follows the explanation must not be a dead end.
            self.push_repair(RepairKind::Menu, &[]);
        }
        self.push_repair(RepairKind::Stale, &[]);
        Ok(())
    }
}

/// The flow that an option of a menu starts.
pub(super) fn starts(flow: &Flow, field: &str, key: &str) -> Option<String> {
    let FieldKind::Choice { source: Source::Fixed(options), .. } = &flow.fields.get(field)?.kind else {
        return None;
    };
    match &options.iter().find(|option| option.key == key)?.action {
        Some(Action::Start(name) | Action::Call(name)) => Some(name.clone()),
        _ => None,
    }
}

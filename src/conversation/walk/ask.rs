//! `ask`: passed when its field is filled and still valid; else the walk stands here.
//!
//! A list is renewed before it is shown again, never just to be passed. What the patient said earlier is tried
//! on each question once its options exist.

use std::sync::Arc;

use crate::conversation::fill::Dropped;
use crate::conversation::frames::{is_frozen, open_steps};
use crate::conversation::ladder::Heard;
use crate::conversation::reply::{self, Question};
use crate::conversation::running::{Halt, Running, Verdict};
use crate::conversation::scope::View;
use crate::conversation::state::{Asked, AskedKind, By, Choice};
use crate::flow::definition::{Ask, Field, FieldKind, Step, StepKind};
use crate::flow::{Flow, RepairKind, Value};

impl<'a> Running<'a> {
    pub(super) fn ask(
        &mut self,
        index: usize,
        flow: &'a Flow,
        step: &'a Step,
        ask: &'a Ask,
    ) -> Result<Verdict, Halt> {
        let Some(field) = flow.fields.get(&ask.field) else { return Ok(Verdict::Next) };
        let wanted = self.state.stack[index].wanted.as_deref() == Some(field.name.as_str());
        match self.drop_invalid(index, flow, field) {
            Dropped::Nothing => {}
            Dropped::Passed => {
                self.trace_step(step, "dropped: its time has passed");
                if self.speak(RepairKind::Passed, &[])? {
                    return Ok(Verdict::Stop);
                }
            }
            Dropped::Gone => {
                self.trace_step(step, "dropped: not offered any more");
                if !wanted && self.speak(RepairKind::Stale, &[])? {
                    return Ok(Verdict::Stop);
                }
            }
        }
        let frame = &self.state.stack[index];
        let filled = frame.answers.contains_key(&field.name);
        if filled && !wanted {
            if !ask.keep {
                self.consumed.push((frame.id, field.name.clone()));
            }
            self.trace_step(step, "passed: filled");
            return Ok(Verdict::Next);
        }
        if self.drop_stale_list(index, flow, field) {
            self.trace_step(step, "its list is too old to be shown again");
            return Ok(Verdict::Again);
        }
        if let Some(verdict) = self.read_options(index, Some(step), field)? {
            return Ok(verdict);
        }
        let rows = self.rows(index, field);
        match self.fill_from_heard(index, flow, field, &rows)? {
            Heard::Nothing => {}
            Heard::Filled => {
                self.trace_step(step, "filled: heard before");
                // Something that acts at once may have changed the stack.
                return Ok(if self.state.stack.len() == index + 1 { Verdict::Next } else { Verdict::Again });
            }
            Heard::Other => {
                self.trace_step(step, "its list is read again with what was heard before");
                return Ok(Verdict::Again);
            }
        }
        if let (1, Some(row), FieldKind::Choice { take_only: true, several, .. }) =
            (rows.len(), rows.get(0), &field.kind)
            && !filled
        {
            self.trace_step(step, "filled: there is just one");
            let row = row.clone();
            let value = if *several { Value::Rows(vec![row]) } else { Value::Record(row) };
            self.give(index, flow, &field.name, value, By::Engine);
            return Ok(Verdict::Next);
        }
        if rows.len() == 0 && matches!(field.kind, FieldKind::Choice { .. }) {
            return self.nothing_to_choose(index, flow, step, field);
        }
        self.trace_step(step, if wanted { "stopped: wanted anew" } else { "stopped: empty" });
        let frame = &self.state.stack[index];
        let view = View::new(flow, frame);
        let text = match self.picked_titles(index, flow, field, &rows) {
            picked if picked.is_empty() => ask.text.render(&view),
            picked => reply::picked_so_far(&picked),
        };
        let shorter = ask.shorter.as_ref().map(|text| text.render(&view));
        let options = self.options(index, flow, field, &rows, ask.more);
        let asked = self.now_asked(frame.id, field, text, options);
        let label = reply::label(&flow.name, &field.name);
        self.pend(Question { asked, label, shorter, list_button: ask.list_button.clone() });
        Ok(Verdict::Stop)
    }

    /// "Mañana" said days ago: a window that no step asks is looked at here. True when what tells the patient
    /// stands at a question of its own.
    pub(super) fn drop_passed_windows(&mut self, index: usize, flow: &'a Flow) -> Result<bool, Halt> {
        for field in flow.fields.values().filter(|field| matches!(field.kind, FieldKind::Window { .. })) {
            let frozen = is_frozen(flow, &self.state.stack[index], &field.name);
            if !frozen && self.drop_invalid(index, flow, field) == Dropped::Passed {
                let at = format!("{}.ask.{}", flow.name, field.name);
                self.trace_at(&at, &field.span, "dropped: its time has passed");
                return self.speak(RepairKind::Passed, &[]);
            }
        }
        Ok(false)
    }

    /// A field that is only volunteered can be asked on request, too.
    pub(super) fn ask_wanted(&mut self, index: usize, flow: &'a Flow) -> Result<Option<Verdict>, Halt> {
        let frame = &self.state.stack[index];
        let Some(name) = &frame.wanted else { return Ok(None) };
        let has_step = open_steps(flow, frame)
            .iter()
            .any(|step| matches!(&step.kind, StepKind::Ask(ask) if ask.field == *name));
        let Some(field) = flow.fields.get(name).filter(|_| !is_frozen(flow, frame, name)) else {
            self.state.stack[index].wanted = None;
            return Ok(None);
        };
        if has_step {
            return Ok(None);
        }
        if let Some(verdict) = self.read_options(index, None, field)? {
            return Ok(Some(verdict));
        }
        let rows = self.rows(index, field);
        if rows.len() == 0 && matches!(field.kind, FieldKind::Choice { .. }) {
            self.state.stack[index].wanted = None;
            return Ok(None);
        }
        let at = format!("{}.ask.{}", flow.name, field.name);
        self.trace_at(&at, &field.span, "stopped: wanted anew");
        let text = reply::ask_volunteered(field);
        let options = self.options(index, flow, field, &rows, false);
        let asked = self.now_asked(self.state.stack[index].id, field, text, options);
        let label = reply::label(&flow.name, &field.name);
        self.pend(Question { asked, label, shorter: None, list_button: None });
        Ok(Some(Verdict::Stop))
    }

    /// A list without a row: read it again once, then a person must help.
    fn nothing_to_choose(
        &mut self,
        index: usize,
        flow: &'a Flow,
        step: &'a Step,
        field: &'a Field,
    ) -> Result<Verdict, Halt> {
        if self.silent {
            return Ok(Verdict::Stop);
        }
        let now = self.event.now;
        let memo = crate::conversation::fill::memo_of(field);
        let frame = &mut self.state.stack[index];
        if let Some(name) = memo
            && frame.memos.get(name).is_some_and(|memo| memo.at < now)
        {
            frame.memos.remove(name);
            self.trace_step(step, "nothing left in its list: read again");
            return Ok(Verdict::Again);
        }
        if frame.is_repair() {
            // "¿Qué quieres cambiar?" with nothing to change.
            self.trace_step(step, "passed: nothing to choose from");
            return Ok(Verdict::Next);
        }
        self.trace_step(step, "nothing to choose from");
        self.hand_off(&format!("nothing_to_choose:{}.{}", flow.name, field.name), true)?;
        Ok(Verdict::Again)
    }

    /// A field's question as it is asked in this turn.
    fn now_asked(&self, frame: u32, field: &Field, text: String, options: Vec<Choice>) -> Arc<Asked> {
        Arc::new(Asked {
            tick: self.state.tick + 1,
            at: self.event.now,
            frame,
            field: field.name.clone(),
            kind: AskedKind::Field,
            fingerprint: reply::of_question(&text, &options),
            options,
            text,
            nudged: false,
        })
    }

    /// The question at which the walk stands.
    pub(super) fn pend(&mut self, question: Question) {
        let asked = &question.asked;
        let same_question = self
            .before
            .as_ref()
            .is_some_and(|before| before.frame == asked.frame && before.field == asked.field);
        if !same_question && let Some(index) = self.position(asked.frame) {
            self.state.stack[index].misses = 0;
        }
        self.state.asked = Some(Arc::clone(asked));
        self.question = Some(question);
    }
}

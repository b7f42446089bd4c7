//! What happens on an outcome that is not `ok`, and what an option does that acts at once.

use crate::conversation::frames::{current_name, fixed_row};
use crate::conversation::ladder::names_days;
use crate::conversation::reply;
use crate::conversation::running::{Halt, Running, Verdict};
use crate::conversation::scope::View;
use crate::conversation::state::Ended;
use crate::flow::definition::{Action, Call, Step, StepKind};
use crate::flow::{Flow, Name, Record, RepairKind, Value};
use crate::value::Window;

/// The argument of a repair that names the flow to go to.
pub(in crate::conversation) const GOES_TO: &str = "destino_flujo";

impl<'a> Running<'a> {
    pub(super) fn branch(
        &mut self,
        index: usize,
        flow: &'a Flow,
        step: &'a Step,
        call: &'a Call,
        outcome: &str,
    ) -> Result<Verdict, Halt> {
        let reason = format!("{outcome}:{}", call.port);
        let Some(branch) = call.on.get(outcome) else {
            self.incident(format!("{}:{} has no branch for `{outcome}`", step.span.file, step.span.line));
            self.hand_off(&reason, true)?;
            return Ok(Verdict::Again);
        };
        let frame = &mut self.state.stack[index];
        let count = frame.counts.entry(format!("{}:{outcome}", step.id)).or_default();
        *count += 1;
        let used_up = branch.up_to.is_some_and(|most| *count > most);
        if used_up {
            self.trace_step(step, format!("used up: {outcome}"));
        }
        if let Some(text) = &branch.say {
            let words = text.render(&View::new(flow, &self.state.stack[index]));
            if !self.state.stack[index].is_repair() {
                self.spoke = Some(flow.name.clone());
            }
            self.say(words);
        }
        if !used_up && self.widen(index, flow, call, &branch.forget) {
            // A time that is not to be had on a day leaves the day: this was no search in vain.
            if let Some(count) = self.state.stack[index].counts.get_mut(&format!("{}:{outcome}", step.id)) {
                *count -= 1;
            }
            self.state.stack[index].heard.clear();
            return Ok(Verdict::Again);
        }
        let mut changed = false;
        for name in &branch.forget {
            changed |= self.forget(index, flow, name);
        }
        if let Some(field) = &branch.refuse {
            changed |= self.refuse(index, flow, field);
        }
        if changed {
            // What was heard for an answer that just failed must not fill it again.
            self.state.stack[index].heard.clear();
            if !used_up {
                return Ok(Verdict::Again);
            }
        }
        match &branch.then {
            Some(action) => self.act(index, flow, action, &reason),
            None if matches!(step.kind, StepKind::Do(_)) => Ok(Verdict::Next),
            None => {
                self.hand_off(&reason, true)?;
                Ok(Verdict::Again)
            }
        }
    }

    /// "El jueves a las 10", and Thursday has no ten o'clock: the day is kept, and its hours come by how near to the
    /// time they are. False when no day was asked for, or no time.
    fn widen(&mut self, index: usize, flow: &Flow, call: &Call, forget: &[Name]) -> bool {
        let narrow = forget.iter().find_map(|name| match &self.state.stack[index].answers.get(name)?.value {
            Value::Window(window) if names_days(window) && !window.times.is_empty() => {
                Some((name, window.clone()))
            }
            _ => None,
        });
        let Some((name, window)) = narrow else { return false };
        let whole_day = Value::Window(Window { times: Vec::new(), ..window.clone() });
        self.forget_dependants(index, flow, name);
        let frame = &mut self.state.stack[index];
        if let Some(answer) = frame.answers.get_mut(name) {
            answer.value = whole_day;
        }
        frame.page = 0;
        let into = call.into.clone().unwrap_or_default();
        self.nearest_to = Some((frame.id, into, window.times));
        true
    }

    /// Does what a branch or an option says. `reason` is what staff reads when it cannot be done.
    pub(in crate::conversation) fn act(
        &mut self,
        index: usize,
        flow: &'a Flow,
        action: &'a Action,
        reason: &str,
    ) -> Result<Verdict, Halt> {
        match action {
            Action::Handoff(reason) => self.hand_off(reason, true)?,
            Action::Offer(name) => self.offer(name),
            Action::Call(name) => {
                let carried = self.to_carry(index);
                if self.enter(name) {
                    self.carry(carried);
                } else {
                    self.hand_off(reason, true)?;
                }
            }
            Action::Start(name) => self.start_from(index, flow, name),
            Action::End => self.leave(index, Ended::Finished),
            Action::Resume => self.resume(index),
            Action::Leave => self.leave_below(index, flow),
            Action::Pass => return Ok(Verdict::Next),
        }
        Ok(Verdict::Again)
    }

    /// Asks whether that flow is wanted instead of the one that got stuck.
    fn offer(&mut self, name: &str) {
        let Some(target) = self.books.current.flows.get(name) else {
            self.incident(format!("flow `{name}` is offered but not in the book"));
            return;
        };
        let extra = [("destino", Value::Text(target.title.clone())), (GOES_TO, Value::Key(name.to_owned()))];
        self.push_repair(RepairKind::Offer, &extra);
    }

    /// Starts a flow from an option. Who was just asked what to do is not asked again whether to leave.
    fn start_from(&mut self, index: usize, flow: &Flow, name: &str) {
        let mut carried = Vec::new();
        if !flow.name.starts_with("repair.") {
            carried = self.to_carry(index);
            self.leave(index, Ended::Finished);
        } else if ![RepairKind::Cancel, RepairKind::Frozen]
            .contains(&self.state.repair_on_top().unwrap_or(RepairKind::Menu))
        {
            self.ask_for_flow(name, None);
            return;
        }
        if self.enter(name) {
            self.carry(carried);
        }
    }

    /// "Seguir": back to what was going on. Who declines an offer has nothing to go back to.
    fn resume(&mut self, index: usize) {
        let offered = self.state.repair_on_top() == Some(RepairKind::Offer);
        if self.state.stack[index].is_repair() {
            self.leave(index, Ended::Finished);
        }
        if offered && let Some(form) = self.form() {
            self.leave(form, Ended::Left);
            self.say(reply::LEFT.to_owned());
        }
    }

    /// "Dejar esto": the interrupted flow ends; what the patient wanted instead begins.
    fn leave_below(&mut self, index: usize, flow: &Flow) {
        let frame = &self.state.stack[index];
        let wanted = match frame.arguments.get(GOES_TO) {
            Some(Value::Key(name)) => Some(name.clone()),
            _ => None,
        };
        let heard = frame.heard.clone();
        let offered = self.state.repair_on_top() == Some(RepairKind::Offer);
        if flow.name.starts_with("repair.") {
            self.leave(index, Ended::Finished);
        }
        self.drop_repairs();
        let mut carried = Vec::new();
        let words = self.form().map_or(reply::LEFT, |form| self.words_of_leaving(form));
        if let Some(form) = self.form() {
            // what is offered instead is about the same; what is asked for in the middle may be about another
            if offered {
                carried = self.to_carry(form);
            }
            self.leave(form, Ended::Left);
        }
        match wanted {
            Some(name) => {
                if self.enter(&name) {
                    self.carry(carried);
                    if let Some(top) = self.state.stack.last_mut() {
                        top.heard.extend(heard);
                    }
                }
            }
            None => self.say(words.to_owned()),
        }
    }

    /// A row was chosen for a field, by tap or by words.
    pub(in crate::conversation) fn choose(
        &mut self,
        index: usize,
        flow: &'a Flow,
        field: &str,
        key: &str,
        by: crate::conversation::state::By,
    ) -> Result<bool, Halt> {
        use crate::flow::definition::{FieldKind, Source};
        let Some(declared) = flow.fields.get(field) else { return Ok(false) };
        if declared.optional && key == reply::ANY {
            self.give(index, flow, field, Value::Nothing, by);
            return Ok(true);
        }
        if let FieldKind::YesNo = declared.kind {
            self.give(index, flow, field, Value::Flag(key == reply::YES), by);
            return Ok(true);
        }
        if let FieldKind::Choice { source, .. } = &declared.kind {
            if let Source::FieldsBelow = source {
                return Ok(self.want_below(key));
            }
            if let FieldKind::Choice { several: false, .. } = &declared.kind
                && let Source::Fixed(options) = source
                && let Some(option) = options.iter().find(|option| option.key == key)
            {
                let row = fixed_row(&option.key, &option.title, &option.words);
                let at = format!("{}.ask.{field}", flow.name);
                self.trace_at(&at, &declared.span, format!("chosen: {key}"));
                self.give(index, flow, field, Value::Record(row), by);
                if let Some(action) = &option.action {
                    // The option is used up by what it does.
                    let id = self.state.stack[index].id;
                    self.act(index, flow, action, "asked")?;
                    if let Some(index) = self.position(id) {
                        self.state.stack[index].answers.shift_remove(field);
                    }
                }
                return Ok(true);
            }
        }
        if let FieldKind::Choice { several: true, .. } = declared.kind {
            let rows = self.rows(index, declared);
            let picked = self.state.stack[index].picked.get(field);
            let is_chosen = |row: &&Record| match key {
                reply::ALL => true,
                reply::DONE => picked.is_some_and(|picked| picked.contains(&row.key)),
                key => row.key == key,
            };
            let chosen = rows.iter().filter(is_chosen).cloned().collect();
            return Ok(self.choose_several(index, flow, declared, chosen, by));
        }
        let Some(row) = self.row_by_key(index, declared, key) else { return Ok(false) };
        self.give(index, flow, field, Value::Record(row), by);
        Ok(true)
    }

    /// Gives several rows as the answer; false when there are none.
    pub(in crate::conversation) fn choose_several(
        &mut self,
        index: usize,
        flow: &Flow,
        field: &crate::flow::definition::Field,
        rows: Vec<Record>,
        by: crate::conversation::state::By,
    ) -> bool {
        let any = !rows.is_empty();
        if any {
            self.give(index, flow, &field.name, Value::Rows(rows), by);
        }
        any
    }

    /// "¿Qué quieres cambiar?" was answered: the repair goes, the field below is asked anew.
    fn want_below(&mut self, field: &str) -> bool {
        let Some(form) = self.form() else { return false };
        let flow = self.flow_of(&self.state.stack[form]);
        let field = flow.map_or(field, |flow| current_name(flow, field));
        let wanted = self.want(form, field);
        if wanted {
            self.drop_repairs();
        }
        wanted
    }

    /// A field is to be asked anew; nothing is forgotten until a different answer comes.
    pub(in crate::conversation) fn want(&mut self, index: usize, field: &str) -> bool {
        let frame = &self.state.stack[index];
        let Some(flow) = self.flow_of(frame) else { return false };
        if !flow.fields.contains_key(field) || crate::conversation::frames::is_frozen(flow, frame, field) {
            return false;
        }
        let frame = &mut self.state.stack[index];
        frame.wanted = Some(field.to_owned());
        frame.heard.clear();
        frame.picked.remove(field);
        frame.page = 0;
        true
    }
}

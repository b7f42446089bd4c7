//! The walk: a flow is read from the top on every turn, with the answers given so far, to its first unmet step.
//!
//! There is no program counter. A correction, a digression, an hour that was taken and a new version of the
//! flow all end in the same place: answers changed, what depends on them forgotten, walked again. After a
//! commit the walk starts behind it, by its presence. Each kind of step has its file.

mod ask;
mod branch;
mod call;
mod commit;
mod hold;
mod read;
mod review;
mod rows;

pub(super) use branch::GOES_TO;
pub(super) use rows::{Rows, starts};

use super::fingerprint;
use super::frames::{all_steps, is_done};
use super::running::{Halt, Running, Verdict};
use super::scope::View;
use super::state::Ended;
use crate::flow::definition::{Step, StepKind};
use crate::flow::template::Template;
use crate::flow::{Flow, RepairKind, Value};

impl<'a> Running<'a> {
    /// Walks the top of the stack, and what lies below as frames end, until a question stands.
    pub(super) fn walk(&mut self) -> Result<(), Halt> {
        while self.handed.is_none() {
            if !self.may_act() {
                return self.break_down("a walk without end");
            }
            let Some(index) = self.state.stack.len().checked_sub(1) else {
                self.state.asked = None;
                return Ok(());
            };
            if self.walk_top(index)? == Verdict::Stop {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Walks the frame on top once; `Again` when the stack or its answers changed, or it ended.
    fn walk_top(&mut self, index: usize) -> Result<Verdict, Halt> {
        let frame = &self.state.stack[index];
        let id = frame.id;
        let Some(flow) = self.flow_of(frame) else {
            self.leave(index, Ended::Left);
            return Ok(Verdict::Again);
        };
        let verdict = match self.walk_frame(index, flow)? {
            Verdict::Next if self.silent => Verdict::Stop,
            Verdict::Next => {
                self.leave(index, Ended::Finished);
                Verdict::Again
            }
            verdict => verdict,
        };
        if verdict == Verdict::Stop || self.state.stack.last().is_none_or(|top| top.id != id) {
            self.consume();
        }
        Ok(verdict)
    }

    /// Answers of menus are used up by the walk that passed them.
    fn consume(&mut self) {
        for (id, field) in std::mem::take(&mut self.consumed) {
            if let Some(index) = self.position(id) {
                self.state.stack[index].answers.shift_remove(&field);
            }
        }
    }

    fn walk_frame(&mut self, index: usize, flow: &'a Flow) -> Result<Verdict, Halt> {
        if self.drop_passed_windows(index, flow)? {
            return Ok(Verdict::Stop);
        }
        if let Some(verdict) = self.ask_wanted(index, flow)? {
            return Ok(verdict);
        }
        let frame = &self.state.stack[index];
        let last = if frame.is_committed() {
            all_steps(&flow.steps).filter(|step| is_done(frame, step)).last().map(|step| step.id.as_str())
        } else {
            None
        };
        self.walk_steps(index, flow, &flow.steps, &mut { last })
    }

    /// `barrier`: the commit behind which the walk starts, until it is met.
    fn walk_steps(
        &mut self,
        index: usize,
        flow: &'a Flow,
        steps: &'a [Step],
        barrier: &mut Option<&'a str>,
    ) -> Result<Verdict, Halt> {
        for step in steps {
            let verdict = match *barrier {
                Some(id) if step.id == id => {
                    *barrier = None;
                    Verdict::Next
                }
                Some(id) => match branch_with(step, id) {
                    Some(inside) => self.walk_steps(index, flow, inside, barrier)?,
                    None => Verdict::Next,
                },
                None => self.walk_step(index, flow, step)?,
            };
            if verdict != Verdict::Next {
                return Ok(verdict);
            }
        }
        Ok(Verdict::Next)
    }

    fn walk_step(&mut self, index: usize, flow: &'a Flow, step: &'a Step) -> Result<Verdict, Halt> {
        match &step.kind {
            StepKind::Ask(ask) => self.ask(index, flow, step, ask),
            StepKind::Say(text) => Ok(self.say_once(index, flow, step, text)),
            StepKind::Do(call) => self.read(index, flow, step, call),
            StepKind::Hold(call) => self.hold(index, flow, step, call),
            StepKind::Commit(call) => self.commit(index, flow, step, call),
            StepKind::Review(review) => self.review(index, flow, step, review),
            StepKind::When(when) => {
                let holds = View::new(flow, &self.state.stack[index]).holds(&when.condition);
                self.trace_step(step, if holds { "holds" } else { "does not hold" });
                let inside = if holds { &when.then } else { &when.otherwise };
                self.walk_steps(index, flow, inside, &mut None)
            }
            StepKind::CallFlow(call) => self.call_flow(index, flow, step, call),
            StepKind::Voice(voice) => Ok(self.change_voice(step, voice)),
            StepKind::Handoff(reason) => {
                if self.silent {
                    return Ok(Verdict::Stop);
                }
                self.trace_step(step, format!("handed over: {reason}"));
                // The flow has done its part: giving back goes on with what lies below it.
                let announced = flow.name.starts_with("repair.");
                self.leave(index, Ended::HandedOver);
                self.hand_off(reason, !announced)?;
                Ok(Verdict::Again)
            }
            StepKind::End => {
                if self.silent {
                    return Ok(Verdict::Stop);
                }
                self.trace_step(step, "ended");
                self.leave(index, Ended::Finished);
                Ok(Verdict::Again)
            }
        }
    }

    fn say_once(&mut self, index: usize, flow: &Flow, step: &Step, text: &Template) -> Verdict {
        let frame = &self.state.stack[index];
        let words = text.render(&View::new(flow, frame));
        let hash = fingerprint::of_text(&words);
        if frame.said.get(&step.id) == Some(&hash) {
            self.trace_step(step, "passed: said");
            return Verdict::Next;
        }
        if !frame.is_repair() {
            self.spoke = Some(flow.name.clone());
        }
        self.trace_step(step, "said");
        self.state.stack[index].said.insert(step.id.clone(), hash);
        self.say(words);
        Verdict::Next
    }

    fn change_voice(&mut self, step: &Step, voice: &str) -> Verdict {
        if self.state.voice == voice {
            self.trace_step(step, "passed: speaks so");
            return Verdict::Next;
        }
        self.trace_step(step, "speaks otherwise from here on");
        self.speak_in(voice);
        Verdict::Again
    }

    /// Says what a repair says, at once; whether it stands at a question of its own.
    pub(super) fn speak(&mut self, kind: RepairKind, extra: &[(&str, Value)]) -> Result<bool, Halt> {
        self.push_repair(kind, extra);
        let id = self.state.next_frame - 1;
        // Who is silent may still be told something.
        let silent = std::mem::take(&mut self.silent);
        let mut stands = false;
        while let Some(index) = self.position(id).filter(|_| !stands) {
            if self.may_act() {
                stands = self.walk_top(index)? == Verdict::Stop;
            } else {
                self.leave(index, Ended::Left);
            }
        }
        self.silent = silent;
        Ok(stands)
    }

    /// Says what a repair says, before all that was said in this turn.
    pub(super) fn speak_first(&mut self, kind: RepairKind) -> Result<(), Halt> {
        let later = std::mem::take(&mut self.said);
        self.speak(kind, &[])?;
        self.said.extend(later);
        Ok(())
    }

    /// Gives the conversation to a person: the last thing a turn does.
    pub(super) fn hand_off(&mut self, reason: &str, announce: bool) -> Result<(), Halt> {
        if self.handed.is_some() {
            return Ok(());
        }
        self.handed = Some(reason.to_owned());
        if announce && !self.hush {
            self.speak(RepairKind::Handoff, &[])?;
        }
        Ok(())
    }

    /// The engine is at its wits' end: apologise, hand over, tell the operators.
    pub(super) fn break_down(&mut self, what: &str) -> Result<(), Halt> {
        if std::mem::replace(&mut self.broken, true) {
            return Ok(());
        }
        self.incident(what);
        self.said.clear();
        self.state.unsent.clear();
        self.acts_again();
        self.speak(RepairKind::Broken, &[])?;
        self.hand_off("broken", false)
    }
}

/// The steps under a condition among which that step stands.
fn branch_with<'a>(step: &'a Step, id: &str) -> Option<&'a [Step]> {
    let StepKind::When(when) = &step.kind else { return None };
    let holds = |steps: &[Step]| all_steps(steps).any(|step| step.id == id);
    if holds(&when.then) {
        Some(&when.then)
    } else if holds(&when.otherwise) {
        Some(&when.otherwise)
    } else {
        None
    }
}

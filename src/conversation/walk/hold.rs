//! `hold`: a write that can be undone, passed while the hour is held for exactly these inputs.
//!
//! Changing from one hour to another is one call (`instead_of`): if the new one cannot be had, the old one is
//! still ours. In the turn of a yes a hold that died is passed: the commit takes the hour again in the same
//! transaction, or says `taken`; so a yes never waits for a second write.

use chrono::TimeDelta;

use crate::conversation::fingerprint;
use crate::conversation::need::{Need, OK};
use crate::conversation::running::{Halt, Running, Verdict};
use crate::conversation::scope::View;
use crate::conversation::state::Held;
use crate::flow::definition::{Call, Step, StepKind};
use crate::flow::port::{Kind, RowKind, port};
use crate::flow::{Flow, Name, Value};
use crate::id::AppointmentId;

impl<'a> Running<'a> {
    pub(super) fn hold(
        &mut self,
        index: usize,
        flow: &'a Flow,
        step: &'a Step,
        call: &'a Call,
    ) -> Result<Verdict, Halt> {
        let now = self.event.now;
        let frame = &self.state.stack[index];
        let arguments = View::new(flow, frame).arguments(&call.arguments);
        let fingerprint = fingerprint::of_call(&call.port, &arguments);
        let held = frame.holds.get(&step.id);
        if held.is_some_and(|held| held.fingerprint == fingerprint && held.until > now) {
            self.trace_step(step, "passed: held");
            return Ok(Verdict::Next);
        }
        if self.yes.as_ref().is_some_and(|yes| yes.frame == frame.id && !yes.spent) {
            self.trace_step(step, "passed: the commit takes it again");
            return Ok(Verdict::Next);
        }
        if self.silent {
            return Ok(Verdict::Stop);
        }
        let own = held.filter(|held| held.until > now).and_then(|held| held.id);
        let instead_of = own.or_else(|| self.state.to_release.first().copied());
        let slot = hour_of(&call.port, &arguments).unwrap_or_default();
        let need = Need::Hold { port: call.port.clone(), arguments, instead_of };
        let got = self.ask_world(need)?;
        self.trace_step(step, format!("outcome {}", got.outcome));
        if got.outcome != OK {
            return self.branch(index, flow, step, call, &got.outcome);
        }
        match got.hold {
            Some(_) => self.state.to_release.retain(|hold| Some(*hold) != instead_of),
            // Free, but not held (it overlaps the hour being moved): nothing took the place of the hold from before.
            None => self.state.to_release.extend(own),
        }
        let until = got.until.unwrap_or(now + TimeDelta::days(1));
        let held = Held { id: got.hold, slot, fingerprint, until };
        self.state.stack[index].holds.insert(step.id.clone(), held);
        Ok(Verdict::Next)
    }

    /// Holds of a frame whose answer is gone or another by now wait to be given back.
    pub(in crate::conversation) fn let_go_of_mismatches(&mut self) {
        let now = self.event.now;
        for index in 0..self.state.stack.len() {
            let frame = &self.state.stack[index];
            if frame.holds.is_empty() {
                continue;
            }
            let Some(flow) = self.flow_of(frame) else { continue };
            let view = View::new(flow, frame);
            let mut gone: Vec<(Name, Option<AppointmentId>)> = Vec::new();
            for (id, held) in &frame.holds {
                let step = crate::conversation::frames::all_steps(&flow.steps)
                    .into_iter()
                    .find(|step| step.id == *id);
                let same = match step.map(|step| &step.kind) {
                    Some(StepKind::Hold(call)) => {
                        let arguments = view.arguments(&call.arguments);
                        fingerprint::of_call(&call.port, &arguments) == held.fingerprint
                    }
                    _ => false,
                };
                if !same {
                    gone.push((id.clone(), held.id.filter(|_| held.until > now)));
                }
            }
            for (step, hold) in gone {
                self.state.stack[index].holds.remove(&step);
                self.state.to_release.extend(hold);
            }
        }
    }

    /// Gives back what waits for it.
    pub(in crate::conversation) fn give_back(&mut self) -> Result<(), Halt> {
        self.let_go_of_mismatches();
        while let Some(hold) = self.state.to_release.first().copied() {
            // Whatever comes of it, it is ours no more: what is not given back dies by itself.
            self.ask_world(Need::Release { hold })?;
            self.state.to_release.remove(0);
        }
        Ok(())
    }
}

/// The key of the hour among a call's arguments.
pub(super) fn hour_of(port_name: &str, arguments: &[(Name, Value)]) -> Option<String> {
    let port = port(port_name)?;
    let hour = port.parameters.iter().find(|parameter| parameter.kind == Kind::Row(RowKind::Hour))?;
    arguments.iter().find_map(|(name, value)| match value {
        Value::Key(key) if name == hour.name => Some(key.clone()),
        _ => None,
    })
}

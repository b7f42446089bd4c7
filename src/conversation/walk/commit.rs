//! `commit`: a write that cannot be undone, passed once it happened; answers before it are frozen.
//!
//! An attempt spends the yes, whatever comes of it. Attempts are counted for ever, so that the key that makes
//! a write happen once never repeats.

use super::hold::hour_of;
use crate::conversation::need::{Effect, Need, OK};
use crate::conversation::reply;
use crate::conversation::running::{Halt, Running, Verdict};
use crate::conversation::scope::View;
use crate::conversation::state::Done;
use crate::flow::definition::{Call, Step};
use crate::flow::{Flow, Record, Value};

impl<'a> Running<'a> {
    pub(super) fn commit(
        &mut self,
        index: usize,
        flow: &'a Flow,
        step: &'a Step,
        call: &'a Call,
    ) -> Result<Verdict, Halt> {
        if self.silent {
            return Ok(Verdict::Stop);
        }
        self.hear_with_whom(index, flow);
        let frame = &self.state.stack[index];
        let arguments = View::new(flow, frame).arguments(&call.arguments);
        let slot = hour_of(&call.port, &arguments);
        let held = frame.holds.values().find(|held| Some(&held.slot) == slot.as_ref());
        let hold = held.and_then(|held| held.id);
        let attempt = frame.tries.get(&step.id).copied().unwrap_or(0) + 1;
        let once = format!("{}/{}/{attempt}", frame.id, step.id);
        let got = self.ask_world(Need::Write { port: call.port.clone(), arguments, hold, once })?;
        self.trace_step(step, format!("outcome {}", got.outcome));
        if let Some(yes) = &mut self.yes {
            yes.spent = true;
        }
        self.state.stack[index].tries.insert(step.id.clone(), attempt);
        if got.outcome != OK {
            let verdict = self.branch(index, flow, step, call, &got.outcome)?;
            if verdict == Verdict::Next {
                self.close_barrier(index, step, call, None);
            }
            return Ok(verdict);
        }
        let row = got.rows.first().cloned();
        self.tell_registered(index, call, row.as_ref());
        let now = self.event.now;
        let frame = &mut self.state.stack[index];
        let rest = std::mem::take(&mut frame.holds).into_values();
        // The hold has become the appointment.
        let unused = rest.filter(|held| held.until > now && held.id != hold).filter_map(|held| held.id);
        self.state.to_release.extend(unused);
        self.close_barrier(index, step, call, row);
        Ok(Verdict::Next)
    }

    /// The answers before are frozen, and the frame stays on the book it committed under.
    fn close_barrier(&mut self, index: usize, step: &Step, call: &Call, row: Option<Record>) {
        let hash = self.book_of(&self.state.stack[index]).hash.clone();
        let frame = &mut self.state.stack[index];
        let into = call.into.clone().unwrap_or_else(|| step.id.clone());
        frame.done.insert(into, Done { step: step.id.clone(), row });
        frame.pinned.get_or_insert(hash);
        frame.wanted = None;
    }

    /// What an unverified phone did is told to the phone that the patient registered.
    fn tell_registered(&mut self, index: usize, call: &Call, row: Option<&Record>) {
        if !call.port.starts_with("agenda.") {
            return;
        }
        let unverified = self.state.stack[index].answers.values().any(|answer| match &answer.value {
            Value::Record(row) => row.columns.get("verificado") == Some(&Value::Flag(false)),
            _ => false,
        });
        if let Some(row) = row.filter(|_| unverified)
            && let Ok(appointment) = row.key.parse()
        {
            let text = reply::done_elsewhere(&call.port, row);
            self.effects.push(Effect::TellRegistered { appointment, text });
        }
    }
}

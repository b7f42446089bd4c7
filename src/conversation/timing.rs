//! Silence: the question once more, then the end; and holds that die.
//!
//! A timer carries the tick it was set under and does nothing after it. No timer ever takes or books anything:
//! the patient is silent.

use std::sync::Arc;

use chrono::TimeDelta;

use super::frames::all_steps;
use super::ladder::is_menu;
use super::need::TimerKind;
use super::reply::{self, Question};
use super::running::{Halt, Running};
use super::state::{Asked, AskedKind, Owner};
use super::step::Turn;
use crate::flow::RepairKind;

/// WhatsApp carries free-form words so many hours after the patient last wrote.
const OPEN_HOURS: i64 = 24;

impl Running<'_> {
    pub(super) fn timer(&mut self, kind: TimerKind, tick: u64) -> Result<Turn, Halt> {
        if tick != self.state.tick {
            self.rung(8, false, "timer: stale");
            return Ok(Turn::Ignored);
        }
        match kind {
            TimerKind::HoldExpiry => Ok(self.drop_dead_holds()),
            TimerKind::Nudge => self.nudge(),
            TimerKind::Close => self.close_after_silence(),
        }
    }

    /// Walking here would take the hour again for somebody who is silent.
    fn drop_dead_holds(&mut self) -> Turn {
        let now = self.event.now;
        for frame in &mut self.state.stack {
            frame.holds.retain(|_, held| held.until > now);
        }
        self.rung(8, true, "timer: dead holds dropped");
        Turn::Taken
    }

    fn nudge(&mut self) -> Result<Turn, Halt> {
        let Some(pending) = self.state.asked.clone().filter(|asked| !asked.nudged) else {
            return Ok(Turn::Ignored);
        };
        if self.state.owner != Owner::Bot || !self.window_is_open() {
            return Ok(Turn::Ignored);
        }
        self.rung(8, true, "timer: the question once more");
        self.silent = true;
        // A list is renewed before it is shown again; nothing else moves.
        self.walk()?;
        if self.question.is_none() {
            if !self.is_known(&pending) {
                // A new version does not ask this any more; what it asks instead waits until the patient writes.
                return Ok(Turn::Ignored);
            }
            self.repeat(&pending);
        }
        self.speak_first(RepairKind::Nudge)?;
        if let Some(asked) = &mut self.state.asked {
            // Silence counts from when it was first asked; a yes written before this is still a yes to it.
            let asked = Arc::make_mut(asked);
            asked.at = pending.at;
            asked.nudged = true;
        }
        Ok(Turn::Taken)
    }

    /// Whether the flow of a question still has it.
    fn is_known(&self, pending: &Asked) -> bool {
        let frame = self.position(pending.frame).map(|index| &self.state.stack[index]);
        frame.and_then(|frame| self.flow_of(frame)).is_some_and(|flow| match pending.kind {
            AskedKind::Field => flow.fields.contains_key(&pending.field),
            AskedKind::Review => all_steps(&flow.steps).any(|step| step.id == pending.field),
        })
    }

    /// The pending question as it was shown.
    pub(super) fn repeat(&mut self, pending: &Arc<Asked>) {
        let flow = self.position(pending.frame).map(|index| self.state.stack[index].flow.as_str());
        let label = reply::label(flow.unwrap_or("repair."), &pending.field);
        self.state.asked = Some(Arc::clone(pending));
        self.question =
            Some(Question { asked: Arc::clone(pending), label, shorter: None, list_button: None });
    }

    fn close_after_silence(&mut self) -> Result<Turn, Halt> {
        if self.state.owner != Owner::Bot {
            return Ok(Turn::Ignored);
        }
        self.rung(8, true, "timer: closed after silence");
        if self.window_is_open() && self.leaves_something_undone() {
            self.speak(RepairKind::Close, &[])?;
        }
        self.close_all();
        Ok(Turn::Taken)
    }

    /// A goodbye a day later is for who began something. Who was only asked what else they need is left in peace.
    fn leaves_something_undone(&self) -> bool {
        self.form().is_some_and(|form| !self.state.stack[form].is_committed())
            && self
                .pending()
                .is_some_and(|pending| pending.flow.name.starts_with("repair.") || !is_menu(&pending))
    }

    fn window_is_open(&self) -> bool {
        let closes = |heard| heard + TimeDelta::hours(OPEN_HOURS);
        self.state.last_heard.is_some_and(|heard| self.event.now < closes(heard))
    }
}

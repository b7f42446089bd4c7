//! What staff does to a conversation, and what takes it to staff without being asked.
//!
//! While a person of the centre owns it the bot is silent. Giving back speaks at once: the pending question
//! again, or the review. A hand-off inside a give-back says nothing: the patient was told the first time.
//!
//! The epoch rises only when a person takes the conversation from the bot, for what is queued under an older one
//! is never sent: a hand-over must not lose what the bot had said, nor a give-back what the person had.

use super::frames::{is_frozen, open_steps};
use super::need::{Effect, StaffAction};
use super::running::{Halt, Running};
use super::state::{By, Done, Ended, Owner};
use super::step::Turn;
use crate::flow::definition::{FieldKind, StepKind};
use crate::flow::{Record, RepairKind};
use crate::value::Outgoing;

impl<'a> Running<'a> {
    pub(super) fn staff(&mut self, action: &'a StaffAction) -> Result<Turn, Halt> {
        match action {
            StaffAction::TakeOver => Ok(self.take_over("taken over by staff")),
            StaffAction::Resume => self.resume_with_bot(),
            StaffAction::Restart => self.restart_with_bot(),
            StaffAction::Close => {
                self.rung(8, true, "closed by staff");
                self.close_all();
                self.back_to_bot();
                Ok(Turn::Taken)
            }
            StaffAction::Edit { frame, field, key } => self.edit(*frame, field, key),
            StaffAction::Did { frame, row } => self.did(*frame, row),
            StaffAction::Say { text } => {
                // Who answers has taken over.
                self.take_over("answered by staff");
                let message = Outgoing { text: text.clone(), options: Vec::new(), list_button: None };
                self.effects.push(Effect::Send { message, label: "staff".to_owned() });
                Ok(Turn::Taken)
            }
        }
    }

    /// An answer from the centre's own phone: somebody is on it.
    pub(super) fn echo(&mut self) -> Result<Turn, Halt> {
        if self.state.owner == Owner::Staff {
            return Ok(Turn::Ignored);
        }
        Ok(self.take_over("answered from the centre's phone"))
    }

    fn take_over(&mut self, why: &'static str) -> Turn {
        self.rung(8, true, why);
        if self.state.owner != Owner::Staff {
            self.state.owner = Owner::Staff;
            self.state.epoch += 1;
        }
        self.state.waiting = false;
        self.state.closed = false;
        self.state.unsent.clear();
        self.drop_repairs();
        for frame in &mut self.state.stack {
            frame.heard.clear();
        }
        Turn::Taken
    }

    /// The patient goes on without waiting for a person, who has not taken the conversation yet.
    pub(super) fn wait_no_longer(&mut self) -> Result<Turn, Halt> {
        self.rung(4, true, "command: menu, while nobody had taken it over");
        self.back_to_bot();
        self.hush = false;
        self.push_repair(RepairKind::Menu, &[]);
        self.walk()?;
        Ok(Turn::Taken)
    }

    fn back_to_bot(&mut self) {
        self.state.owner = Owner::Bot;
        self.state.waiting = false;
        self.state.same = Default::default();
        self.state.last_tap = None;
        for frame in &mut self.state.stack {
            frame.misses = 0;
            frame.counts.clear();
            frame.heard.clear();
        }
        self.before = None;
        self.hush = true;
    }

    fn resume_with_bot(&mut self) -> Result<Turn, Halt> {
        if self.state.owner == Owner::Bot {
            self.rung(8, false, "the bot has it already");
            return Ok(Turn::Ignored);
        }
        self.rung(8, true, "given back: goes on");
        self.back_to_bot();
        self.speak_again()
    }

    fn restart_with_bot(&mut self) -> Result<Turn, Halt> {
        self.rung(8, true, "given back: starts anew");
        self.back_to_bot();
        self.start_anew();
        self.speak_again()
    }

    /// The running flow ends and begins again, empty.
    pub(super) fn start_anew(&mut self) {
        self.drop_repairs();
        if let Some(index) = self.form() {
            let flow = self.state.stack[index].flow.clone();
            self.leave(index, Ended::Left);
            self.enter(&flow);
        }
    }

    fn speak_again(&mut self) -> Result<Turn, Halt> {
        self.state.closed = false;
        if self.state.stack.is_empty() {
            self.push_repair(RepairKind::Menu, &[]);
        }
        self.walk()?;
        Ok(Turn::Taken)
    }

    fn edit(&mut self, frame: u32, field: &str, key: &str) -> Result<Turn, Halt> {
        let Some(index) = self.position(frame) else { return Ok(self.refuse_staff("edit: no such frame")) };
        let Some(flow) = self.flow_of(&self.state.stack[index]) else {
            return Ok(self.refuse_staff("edit: no such flow"));
        };
        let Some(declared) = flow.fields.get(field) else {
            return Ok(self.refuse_staff("edit: no such field"));
        };
        if is_frozen(flow, &self.state.stack[index], field) {
            return Ok(self.refuse_staff("edit: frozen by what was committed"));
        }
        if !matches!(declared.kind, FieldKind::Choice { .. } | FieldKind::YesNo) {
            return Ok(self.refuse_staff("edit: not a choice"));
        }
        if self.read_options(index, None, declared)?.is_some()
            || !self.choose(index, flow, field, key, By::Staff)?
        {
            return Ok(self.refuse_staff("edit: not among the options"));
        }
        self.rung(5, true, format!("edited by staff: {field}"));
        self.before = None;
        let on_top = self.form() == Some(index);
        if self.state.owner == Owner::Bot && on_top {
            self.drop_repairs();
            self.walk()?;
        }
        Ok(Turn::Taken)
    }

    fn refuse_staff(&mut self, why: &'static str) -> Turn {
        self.rung(5, false, why);
        Turn::Ignored
    }

    /// What the flow would have committed was done by hand: the barrier closes behind it all the same.
    fn did(&mut self, frame: u32, row: &Record) -> Result<Turn, Halt> {
        let Some(index) = self.position(frame) else {
            return Ok(self.refuse_staff("done by hand: no such frame"));
        };
        let Some(flow) = self.flow_of(&self.state.stack[index]) else {
            return Ok(self.refuse_staff("done by hand: no such flow"));
        };
        let next = open_steps(flow, &self.state.stack[index]).into_iter().find_map(|step| match &step.kind {
            StepKind::Commit(call) => Some((step, call)),
            _ => None,
        });
        let Some((step, call)) = next else {
            return Ok(self.refuse_staff("done by hand: nothing left to commit"));
        };
        let hash = self.book_of(&self.state.stack[index]).hash.clone();
        let now = self.event.now;
        let frame = &mut self.state.stack[index];
        let holds = std::mem::take(&mut frame.holds).into_values();
        let live = holds.filter(|held| held.until > now).filter_map(|held| held.id);
        self.state.to_release.extend(live);
        let into = call.into.clone().unwrap_or_else(|| step.id.clone());
        frame.done.insert(into, Done { step: step.id.clone(), row: Some(row.clone()) });
        frame.pinned.get_or_insert(hash);
        frame.wanted = None;
        self.rung(8, true, "done by hand");
        if self.state.owner == Owner::Bot && self.form() == Some(index) {
            self.drop_repairs();
            self.walk()?;
        }
        Ok(Turn::Taken)
    }

    /// A message that cannot be delivered leaves a patient waiting, or not knowing what was booked or cancelled:
    /// staff must call. Where a person has the conversation already, they are told that their words did not arrive.
    pub(super) fn undelivered(&mut self, code: Option<i64>) -> Result<Turn, Halt> {
        if self.state.owner == Owner::Muted {
            return Ok(Turn::Ignored);
        }
        self.hush = true;
        let code = code.map_or_else(|| "unknown".to_owned(), |code| code.to_string());
        self.hand_off(&format!("undelivered:{code}"), false)?;
        Ok(Turn::Taken)
    }

    /// Ends everything; the next message begins anew.
    pub(super) fn close_all(&mut self) {
        while !self.state.stack.is_empty() {
            let top = self.state.stack.len() - 1;
            self.leave(top, Ended::Closed);
        }
        self.state.asked = None;
        self.state.unsent.clear();
        self.state.closed = true;
    }
}

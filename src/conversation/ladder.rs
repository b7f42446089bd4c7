//! The ladder: what a message is taken for, rung by rung, in a fixed order.
//!
//! 0 safety words · 1 a tap on the pending question · 2 a tap on an older one · 3 an answer to the pending
//! question · 4 commands · 5 a correction of another answer · 6 a question with a fixed answer · 7 another flow ·
//! 8 not understood. Negation is heard before anything positive; what cannot be undone wants a clear yes. Each
//! rung writes into the trace why it took the message or let it pass, never what the patient wrote.

mod answer;
mod command;
mod consent;
mod correction;
mod digression;
mod heard;
mod hours;
mod length;
mod named;
mod several;
mod tap;
mod visit;
mod with_whom;

use std::sync::Arc;

use chrono::TimeDelta;

pub(super) use answer::is_menu;
pub(super) use heard::Heard;
pub(super) use hours::names_days;
pub(super) use with_whom::with_whom;

use super::message::{Command, Message, Safety};
use super::need::PatientText;
use super::reply;
use super::running::{Halt, Running};
use super::state::{Asked, AskedKind, By, Choice, Ended, Owner};
use super::step::Turn;
use crate::flow::definition::FieldKind;
use crate::flow::{Flow, RepairKind, Value};

/// WhatsApp tells the second only, and its clock is not ours.
const CLOCK_MARGIN: TimeDelta = TimeDelta::seconds(2);

/// The question that waits, with the frame it belongs to.
pub(super) struct Pending<'a> {
    pub(super) index: usize,
    pub(super) flow: &'a Flow,
    pub(super) asked: Arc<Asked>,
}

impl<'a> Running<'a> {
    /// The texts of one burst, read as one message.
    pub(super) fn texts(&mut self, texts: &[PatientText]) -> Result<Turn, Halt> {
        let pending = self.pending();
        let options = pending.as_ref().map_or(&[][..], |pending| &pending.asked.options);
        let all: Vec<&str> = texts.iter().map(|text| text.text.as_str()).collect();
        let message = self.hear(&all.join("\n"), options, pending.as_ref());
        if let Some(safety) = message.safety {
            return self.safety(safety);
        }
        if self.state.owner == Owner::Staff && self.state.waiting && message.command == Some(Command::Menu) {
            return self.wait_no_longer();
        }
        if self.state.owner != Owner::Bot {
            self.rung(0, false, "the bot does not own the conversation");
            return Ok(Turn::Ignored);
        }
        if message.mourns() {
            self.rung(0, true, "somebody died");
            self.say(reply::CONDOLENCE.to_owned());
            self.hand_off("death", true)?;
            return Ok(Turn::Taken);
        }
        let Some(pending) = pending else {
            self.climb(None, &message)?;
            return Ok(Turn::Taken);
        };
        // A yes, no or number written before the question was asked is no answer to it.
        let in_time: Vec<&str> = texts
            .iter()
            .filter(|text| {
                let early = text.sent.is_some_and(|sent| sent + CLOCK_MARGIN < pending.asked.at);
                !(early && self.says_only_beside(&pending, &text.text))
            })
            .map(|text| text.text.as_str())
            .collect();
        // "No", still meant for what stood there before, and "sí" in one breath are no clear yes to a summary.
        let disputed = pending.asked.kind == AskedKind::Review
            && in_time.len() < all.len()
            && in_time.iter().all(|text| self.says_only_beside(&pending, text));
        if in_time.is_empty() || disputed {
            self.rung(3, false, "written before the question was asked");
            self.push_repair(RepairKind::TooEarly, &[]);
            self.walk()?;
        } else if in_time.len() < all.len() {
            self.rung(3, false, "part of it was written before the question was asked");
            let message = self.hear(&in_time.join("\n"), &pending.asked.options, Some(&pending));
            self.climb(Some(&pending), &message)?;
        } else {
            self.climb(Some(&pending), &message)?;
        }
        Ok(Turn::Taken)
    }

    /// Whether a text means something only beside the question it answers: a yes, a no or a number, however politely.
    fn says_only_beside(&self, pending: &Pending<'a>, text: &str) -> bool {
        let options = &pending.asked.options;
        let message = self.hear(text, options, Some(pending));
        let yes = options.iter().find(|option| option.key == reply::YES);
        message.is_bare() || yes.is_some_and(|yes| consent::is_whole_yes(&message, &yes.title, false))
    }

    /// Danger to life comes before everything, whoever owns the conversation.
    fn safety(&mut self, safety: Safety) -> Result<Turn, Halt> {
        let (kind, reason) = match safety {
            Safety::Emergency => (RepairKind::Emergency, "emergency"),
            Safety::SelfHarm => (RepairKind::SelfHarm, "self_harm"),
        };
        self.rung(0, true, reason);
        // The numbers to call come at once, also while a person has the conversation: they may be at lunch.
        self.speak(kind, &[])?;
        self.handed = Some(reason.to_owned());
        Ok(Turn::Taken)
    }

    /// Rungs 3 to 8, then the walk.
    fn climb(&mut self, pending: Option<&Pending<'a>>, message: &Message) -> Result<(), Halt> {
        let took = self.answer(pending, message)?
            || self.command(pending, message)?
            || self.correction(pending, message)?
            || self.digression(pending, message)?;
        // Nobody may believe that an hour of another day is on the day they named.
        let no_day = message.no_day.filter(|_| self.handed.is_none() && self.wants_days(pending));
        if let Some(words) = no_day {
            self.rung(8, true, "a day that is none");
            self.say(words.to_owned());
        }
        if !took && no_day.is_none() {
            self.miss(pending)?;
        }
        self.walk()?;
        if message.is_for_relative()
            && self.handed.is_none()
            && let Some(name) = self.only_patient()
        {
            // Nothing is offered to one patient that was asked for another.
            self.rung(7, true, "for somebody whom this phone does not speak for");
            self.say(reply::speaks_only_for(&name));
            if let Some(form) = self.form() {
                self.drop_repairs();
                self.leave(form, Ended::Left);
                self.question = None;
                self.push_repair(RepairKind::Menu, &[]);
                self.walk()?;
            }
        }
        self.never_leave_silence()
    }

    /// Rungs 6 and 7. Who was understood in between is not lost: misses count those in a row.
    fn digression(&mut self, pending: Option<&Pending<'a>>, message: &Message) -> Result<bool, Halt> {
        let took = self.fixed_answer(message)? || self.another_flow(pending, message)?;
        if let Some(pending) = pending.filter(|_| took)
            && let Some(index) = self.position(pending.asked.frame)
        {
            self.state.stack[index].misses = 0;
        }
        Ok(took)
    }

    /// The one patient that this phone speaks for, where a form took them without asking.
    fn only_patient(&self) -> Option<String> {
        let answers = &self.state.stack[self.form()?].answers;
        answers.values().filter(|answer| answer.by == By::Engine).find_map(|answer| match &answer.value {
            // a patient's row says whether the phone is verified
            Value::Record(row) if row.columns.contains_key("verificado") => match row.columns.get("nombre") {
                Some(Value::Text(name)) => Some(name.clone()),
                _ => None,
            },
            _ => None,
        })
    }

    /// Whether a day said now is one for an hour: a form with days is under way, and nothing else is asked for.
    fn wants_days(&self, pending: Option<&Pending<'a>>) -> bool {
        let asks_otherwise = pending.is_some_and(|pending| {
            let field = pending.flow.fields.get(&pending.asked.field);
            field.is_some_and(|field| {
                matches!(field.kind, FieldKind::BirthDate | FieldKind::RutTail | FieldKind::Text { .. })
            })
        });
        let form = self.form().and_then(|index| self.flow_of(&self.state.stack[index]));
        let has_days = form.is_some_and(|flow| {
            flow.fields.values().any(|field| matches!(field.kind, FieldKind::Window { .. }))
        });
        has_days && !asks_otherwise
    }

    /// A patient who wrote gets an answer.
    pub(super) fn never_leave_silence(&mut self) -> Result<(), Halt> {
        let silent = self.said.is_empty() && self.state.unsent.is_empty() && self.question.is_none();
        if silent && self.handed.is_none() {
            // The end of a talk, or the beginning of one.
            let ended = self.before.is_some();
            self.push_repair(if ended { RepairKind::Thanks } else { RepairKind::Hello }, &[]);
            self.walk()?;
        }
        Ok(())
    }

    /// A voice note, a picture, a place: say so, and ask again.
    pub(super) fn unreadable(&mut self, what: &'static str) -> Result<Turn, Halt> {
        if self.state.owner != Owner::Bot {
            return Ok(Turn::Ignored);
        }
        self.rung(8, true, what);
        self.shorter = true;
        self.push_repair(RepairKind::Media, &[]);
        self.walk()?;
        Ok(Turn::Taken)
    }

    pub(super) fn pending(&self) -> Option<Pending<'a>> {
        let asked = self.state.asked.clone()?;
        let index = self.position(asked.frame)?;
        let flow = self.flow_of(&self.state.stack[index])?;
        Some(Pending { index, flow, asked })
    }

    /// Rung 8: help, then the question reworded with its options, then a person.
    fn miss(&mut self, pending: Option<&Pending<'a>>) -> Result<(), Halt> {
        let Some(pending) = pending else {
            if self.state.stack.is_empty() {
                self.rung(8, true, "nothing is going on: hello");
                self.push_repair(RepairKind::Hello, &[]);
            } else {
                self.rung(8, true, "no question was pending: on with the walk");
            }
            return Ok(());
        };
        let most = pending.flow.policy.misses;
        let frame = &mut self.state.stack[pending.index];
        frame.misses += 1;
        let misses = frame.misses;
        self.rung(8, true, format!("miss {misses} of {most}"));
        if misses >= most {
            return self.hand_off("misses", true);
        }
        let mut extra = self.about(pending);
        extra.push(("intento", Value::Number(misses.into())));
        self.push_repair(RepairKind::Miss, &extra);
        Ok(())
    }

    /// What repairs may say about the pending question.
    fn about(&self, pending: &Pending<'a>) -> Vec<(&'static str, Value)> {
        let mut extra = vec![("pregunta", Value::Text(pending.asked.text.clone()))];
        if let Some(help) = self.help_of(pending) {
            extra.push(("ayuda", Value::Text(help)));
        }
        extra
    }

    fn help_of(&self, pending: &Pending<'a>) -> Option<String> {
        use super::frames::all_steps;
        use super::scope::View;
        use crate::flow::definition::StepKind;
        let help = all_steps(&pending.flow.steps).find_map(|step| match &step.kind {
            StepKind::Ask(ask) if ask.field == pending.asked.field => ask.help.as_ref(),
            _ => None,
        })?;
        Some(help.render(&View::new(pending.flow, &self.state.stack[pending.index])))
    }

    /// What a text means, seen against these options.
    pub(super) fn hear(&self, text: &str, options: &[Choice], pending: Option<&Pending<'_>>) -> Message {
        Message::read(text, options, pending.map(|pending| (pending.flow, &*pending.asked)), self.event.local)
    }
}

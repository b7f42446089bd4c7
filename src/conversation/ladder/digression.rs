//! Rungs 6 and 7: a question with a fixed answer, and another flow.
//!
//! A fixed answer never loses the thread: the pending question follows, shorter. Another flow is entered as the
//! running one's table says: beside it, instead of it, or after asking.

use super::Pending;
use super::named::says_it_corrects;
use crate::conversation::frames::all_steps;
use crate::conversation::message::Message;
use crate::conversation::need::OK;
use crate::conversation::reply;
use crate::conversation::running::{Halt, Running};
use crate::conversation::state::{AskedKind, By, Ended};
use crate::conversation::walk::GOES_TO;
use crate::flow::definition::{Interrupt, StepKind};
use crate::flow::expression::Expression;
use crate::flow::template::Part;
use crate::flow::{Record, RepairKind, Scope, Seen, Value};

impl<'a> Running<'a> {
    pub(super) fn fixed_answer(&mut self, message: &Message) -> Result<bool, Halt> {
        let Some(answer) = self.books.current.answer_to(&message.words, Message::normal_form) else {
            self.rung(6, false, "no fixed answer");
            return Ok(false);
        };
        let center = if mentions_center(&answer.text.parts) {
            let top = self.state.stack.len().saturating_sub(1);
            let got = self.ask_read(top, "centro.datos", Vec::new(), Vec::new())?;
            got.rows.first().filter(|_| got.outcome == OK)
        } else {
            None
        };
        let needs_center = answer.text.parts.iter().any(|part| matches!(part, Part::Placeholder(..)));
        let words = if center.is_none() && needs_center {
            reply::NO_CENTER_DATA.to_owned()
        } else {
            answer.text.render(&Center(center))
        };
        self.rung(6, true, format!("answered: {}", answer.name));
        self.say(words);
        self.shorter = true;
        Ok(true)
    }

    /// Whether a message is a question that has a fixed answer, not free words for a field.
    pub(super) fn asks_fixed_answer(&self, message: &Message) -> bool {
        message.question && self.books.current.answer_to(&message.words, Message::normal_form).is_some()
    }

    /// Whether the whole message is words that start a flow.
    pub(super) fn starts_by_words(&self, message: &Message) -> bool {
        let named = |words: &str| self.books.current.started_by(words, Message::normal_form).is_some();
        named(&message.normal) || message.without_courtesy().is_some_and(|words| named(&words))
    }

    pub(super) fn another_flow(
        &mut self,
        pending: Option<&Pending<'a>>,
        message: &Message,
    ) -> Result<bool, Halt> {
        if pending.is_some() && message.asks_to_wait() {
            self.rung(7, true, "asks to wait");
            self.shorter = true;
            self.say(reply::NO_HURRY.to_owned());
            return Ok(true);
        }
        if pending.is_some_and(|pending| self.agrees_too_early(pending, message)) {
            self.rung(7, true, "agrees before there is anything to agree to");
            self.shorter = true;
            self.say(reply::NOT_YET.to_owned());
            return Ok(true);
        }
        if pending.is_some_and(|pending| pending.asked.kind == AskedKind::Review)
            && message.asks_what_is_read_out()
        {
            self.rung(7, true, "asks what is read out: read out again");
            return Ok(true);
        }
        if let Some(name) = self.flow_in_a_sentence(message).or_else(|| self.flow_meant(message)) {
            let running = self.form().map(|index| self.state.stack[index].flow.clone());
            self.rung(7, true, format!("asks for {name}"));
            if running.as_deref() == Some(name.as_str()) {
                self.drop_repairs();
            }
            let last =
                self.state.past.last().filter(|past| past.ended == Ended::Committed && past.flow == name);
            if pending.is_none() && last.is_some() && message.words.iter().any(|word| says_it_corrects(word))
            {
                self.say(reply::STILL_TAKEN.to_owned());
            }
            self.ask_for_flow(&name, Some(message));
            return Ok(true);
        }
        if pending.is_none()
            && let Some(name) = self.same_again(message)
        {
            self.rung(7, true, format!("the same again: {name}"));
            self.ask_for_flow(&name, Some(message));
            return Ok(true);
        }
        match message.intent.as_deref() {
            Some("gracias" | "despedida") => {
                self.rung(7, true, "thanks or goodbye");
                self.shorter = true;
                self.push_repair(RepairKind::Thanks, &[]);
                Ok(true)
            }
            Some("saludo") if pending.is_some() => {
                self.rung(7, true, "a greeting in the middle: the question again");
                Ok(true)
            }
            Some("saludo") => {
                self.rung(7, true, "a greeting");
                self.push_repair(RepairKind::Hello, &[]);
                Ok(true)
            }
            Some("urgencia") => {
                self.rung(7, true, "urgent");
                self.speak(RepairKind::Emergency, &[])?;
                self.hand_off("emergency", false)?;
                Ok(true)
            }
            _ if let Some(flow) = self.books.current.named_in(&message.words, Message::normal_form) => {
                self.rung(7, true, format!("words of {}", flow.name));
                self.ask_for_flow(&flow.name, Some(message));
                Ok(true)
            }
            _ => {
                self.rung(7, false, "no flow is meant");
                Ok(false)
            }
        }
    }

    /// A bare "confirmo" at a question on the way to a summary is about what is under way, not another visit.
    fn agrees_too_early(&self, pending: &Pending<'_>, message: &Message) -> bool {
        let reads_back = all_steps(&pending.flow.steps)
            .any(|step| matches!(&step.kind, StepKind::Review(review) if !review.clear_yes));
        message.intent.as_deref() == Some("confirmar")
            && message.words.len() <= 2
            && reads_back
            && pending.asked.kind == AskedKind::Field
            && !self.state.stack[pending.index].is_committed()
    }

    /// The flow that a message asks for, if any.
    pub(super) fn flow_meant(&self, message: &Message) -> Option<String> {
        let flows = &self.books.current.flows;
        // a word may be heard otherwise than it is written ("recibir" as "recibi"): both are compared as heard
        let named = |words: &str| self.books.current.started_by(words, Message::normal_form);
        let by_word = named(&message.normal).or_else(|| named(&message.without_courtesy()?));
        let by_intent = || {
            let intent = match message.intent.as_deref()? {
                "cancelar" if message.wants_it_moved() => "reagendar",
                "agendar" if message.moves_a_visit() => "reagendar",
                intent => intent,
            };
            flows.values().find(|flow| flow.starts.intents.iter().any(|known| known == intent))
        };
        by_word.or_else(by_intent).map(|flow| flow.name.clone())
    }

    /// A flow that only its own words start, when a message that says more holds them: the understanding cannot know
    /// it, and takes what is asked for something that it knows.
    fn flow_in_a_sentence(&self, message: &Message) -> Option<String> {
        let flow = self.books.current.named_in(&message.words, Message::normal_form)?;
        flow.starts.intents.is_empty().then(|| flow.name.clone())
    }

    /// The flow that an intent starts.
    pub(super) fn flow_for(&self, intent: &str) -> Option<String> {
        let flows = self.books.current.flows.values();
        flows
            .filter(|flow| flow.starts.intents.iter().any(|known| known == intent))
            .map(|flow| flow.name.clone())
            .next()
    }

    /// Goes to another flow as the running one allows; what was said along with it goes there, too.
    pub(in crate::conversation) fn ask_for_flow(&mut self, name: &str, message: Option<&Message>) {
        let Some(form) = self.form() else {
            self.enter_with(name, message);
            return;
        };
        let frame = &self.state.stack[form];
        let same = frame.flow == name;
        let policy = self.flow_of(frame).and_then(|flow| flow.interrupt.get(name).copied());
        let policy = match policy.unwrap_or(Interrupt::Push) {
            // What it was for is done: there is nothing to ask about.
            Interrupt::AskFirst if frame.is_committed() => Interrupt::Replace,
            // It could only offer something else, and nothing was told it: coming back would offer it again.
            _ if self.state.repair_on_top() == Some(RepairKind::Offer)
                && frame.answers.values().all(|answer| answer.by == By::Engine) =>
            {
                Interrupt::Replace
            }
            policy => policy,
        };
        match policy {
            Interrupt::AskFirst if !same => {
                let Some(target) = self.books.current.flows.get(name) else { return };
                let title = Value::Text(target.title.clone());
                let extra = [("destino", title), (GOES_TO, Value::Key(name.to_owned()))];
                self.push_repair(RepairKind::LeaveFirst, &extra);
                let entry = message.map(|message| self.overheard(message));
                if let (Some(top), Some(entry)) = (self.state.stack.last_mut(), entry) {
                    top.heard.push(entry);
                }
            }
            Interrupt::Replace if !same => {
                self.drop_repairs();
                if let Some(form) = self.form() {
                    self.leave(form, Ended::Left);
                }
                self.enter_with(name, message);
            }
            Interrupt::Push | Interrupt::AskFirst | Interrupt::Replace => self.enter_with(name, message),
        }
    }

    fn enter_with(&mut self, name: &str, message: Option<&Message>) {
        if !self.enter(name) {
            return;
        }
        if let Some(message) = message {
            self.carry_again(message);
            self.take_along(message);
        }
    }
}

fn mentions_center(parts: &[Part]) -> bool {
    parts.iter().any(|part| match part {
        Part::Words(_) => false,
        Part::Placeholder(Expression::Path(path), _) => path.first().is_some_and(|name| name == "centro"),
        Part::Placeholder(..) => true,
        Part::Optional(inside) => mentions_center(inside),
    })
}

/// The names a fixed answer may use.
struct Center<'c>(Option<&'c Record>);

impl Scope for Center<'_> {
    fn look_up(&self, name: &str) -> Option<Seen<'_>> {
        self.0.filter(|_| name == "centro").map(Seen::Row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_names_the_centre_needs_its_data() {
        let path = Expression::Path(vec!["centro".into(), "direccion".into()]);
        let parts = vec![Part::Optional(vec![Part::Placeholder(path, None)])];
        assert!(mentions_center(&parts));
        assert!(!mentions_center(&[Part::Words("de lunes a viernes".into())]));
    }
}

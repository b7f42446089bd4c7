//! Rung 3: an answer to the pending question.
//!
//! An option named word for word comes first, even one that is itself a no ("ninguna"); then negation, then all
//! else. A yes that comes with a correction is no yes.

use super::Pending;
use super::consent::{is_whole_yes, orders_it};
use super::length::length_said;
use super::several::{takes_several, wants_all};
use super::tap::starts;
use crate::conversation::fill::fits_kind;
use crate::conversation::frames::all_steps;
use crate::conversation::message::{Assent, Command, Message};
use crate::conversation::reply::{self, ANY, CANCEL, CHANGE, MORE, NO, YES};
use crate::conversation::running::{Halt, Running};
use crate::conversation::state::{AskedKind, By, Ended};
use crate::flow::definition::{Field, FieldKind, Step, StepKind};
use crate::flow::{RepairKind, Value};
use crate::value::Window;

/// An opt-out is short; a longer text with such words in it tells something.
const OPT_OUT_WORDS: usize = 6;

impl<'a> Running<'a> {
    pub(super) fn answer(&mut self, pending: Option<&Pending<'a>>, message: &Message) -> Result<bool, Halt> {
        let Some(pending) = pending else { return Ok(false) };
        // "Un segundo" is no second option.
        if message.asks_to_wait() {
            self.rung(3, false, "asks to wait");
            return Ok(false);
        }
        if self.is_about_another(pending, message) {
            self.rung(3, false, "names another answer");
            return Ok(false);
        }
        if pending.asked.kind == AskedKind::Review {
            return self.answer_review(pending, message);
        }
        let Some(field) = pending.flow.fields.get(&pending.asked.field) else {
            self.rung(3, false, "the question is gone from the flow");
            return Ok(false);
        };
        let took = self.answer_field(pending, field, message)?;
        if !took {
            self.rung(3, false, format!("answer to {}: none fits", field.name));
        }
        Ok(took)
    }

    /// Whether the message names an answer given before and says it otherwise, however well it would answer this.
    fn is_about_another(&self, pending: &Pending<'a>, message: &Message) -> bool {
        let Some(form) = self.form() else { return false };
        let Some(flow) = self.flow_of(&self.state.stack[form]) else { return false };
        let asked = (form == pending.index).then_some(pending.asked.field.as_str());
        !self.named_otherwise(form, flow, asked, message).is_empty()
    }

    fn answer_field(
        &mut self,
        pending: &Pending<'a>,
        field: &'a Field,
        message: &Message,
    ) -> Result<bool, Halt> {
        let index = pending.index;
        if field.optional && message.is_indifferent() {
            self.rung(3, true, format!("answer to {}: does not mind", field.name));
            self.give(index, pending.flow, &field.name, Value::Nothing, By::Patient);
            return Ok(true);
        }
        let value = match &field.kind {
            FieldKind::Choice { .. } => {
                return if reply::first_hour(&pending.asked.options).is_some() {
                    self.answer_hours(pending, field, message)
                } else {
                    self.answer_choice(pending, field, message)
                };
            }
            FieldKind::Window { .. } if message.is_indifferent() => Some(Value::Window(Window::ANY)),
            FieldKind::Window { .. } if !self.means_another_flow(pending, message) => {
                message.window.clone().filter(|window| self.is_ahead(field, window)).map(Value::Window)
            }
            FieldKind::Window { .. } => None,
            FieldKind::RutTail => message.rut.clone().map(Value::RutTail),
            FieldKind::BirthDate => {
                message.birth.filter(|day| *day <= self.event.local.date()).map(Value::Date)
            }
            // "No, era para Rosa" and "cancelar" say more than no.
            FieldKind::YesNo if self.says_more_than_yes_or_no(pending, message)? => None,
            FieldKind::YesNo => match message.assent {
                Some(Assent::Yes | Assent::WeakYes) => Some(Value::Flag(true)),
                Some(Assent::No) => Some(Value::Flag(false)),
                None => self.option_named(pending, message).map(|key| Value::Flag(key == YES)),
            },
            FieldKind::Number { min, max, unit: None } => {
                message.number.filter(|number| (min..=max).contains(&number)).map(Value::Number)
            }
            FieldKind::Number { unit: Some(unit), .. } => {
                length_said(message, *unit).map(Value::Length).filter(|length| fits_kind(field, length))
            }
            FieldKind::Text { .. } if self.is_for_somebody_else(message) => None,
            FieldKind::Text { max } => Some(Value::Text(message.text.trim().chars().take(*max).collect())),
        };
        let Some(value) = value else { return Ok(false) };
        self.rung(3, true, format!("answer to {}", field.name));
        self.give(index, pending.flow, &field.name, value, By::Patient);
        if matches!(field.kind, FieldKind::RutTail | FieldKind::BirthDate | FieldKind::Window { .. }) {
            self.keep_heard(index, message);
        }
        Ok(true)
    }

    /// Whether a message beside a question for yes or no is a command, or corrects what was answered before.
    fn says_more_than_yes_or_no(&mut self, pending: &Pending<'a>, message: &Message) -> Result<bool, Halt> {
        let named = self.option_named(pending, message).is_some();
        Ok(!named
            && (message.command.is_some() || self.would_correct(pending.index, pending.flow, message)?))
    }

    /// Whether free words give way: to a command, to a question that has its answer, to words that start a flow, to a
    /// mere greeting or thanks, to "BAJA" and "no me escriban más", which are never an answer.
    fn is_for_somebody_else(&self, message: &Message) -> bool {
        let courtesy = matches!(message.intent.as_deref(), Some("saludo" | "gracias" | "despedida"));
        let opts_out = message.intent.as_deref() == Some("baja");
        message.command.is_some()
            || self.asks_fixed_answer(message)
            || self.starts_by_words(message)
            || (opts_out && message.words.len() <= OPT_OUT_WORDS)
            || (courtesy && message.words.len() <= 3)
    }

    fn answer_choice(
        &mut self,
        pending: &Pending<'a>,
        field: &'a Field,
        message: &Message,
    ) -> Result<bool, Halt> {
        let index = pending.index;
        let name = &field.name;
        if let FieldKind::Choice { several: true, .. } = field.kind
            && self.answer_several(pending, field, message)
        {
            return Ok(true);
        }
        if !takes_several(field) && wants_all(message) && self.option_named(pending, message).is_none() {
            self.rung(3, true, format!("answer to {name}: more than one, and it takes one at a time"));
            self.say(reply::ONE_AT_A_TIME.to_owned());
            return Ok(true);
        }
        let key = match self.option_named(pending, message) {
            Some(key) => Some(key),
            // A whole request at a menu says more than the option it would pick.
            None if message.is_universal() || self.asks_fixed_answer(message) => None,
            None if is_menu(pending) && self.flow_meant(message).is_some() => {
                self.option_that_starts_it(pending, message)
            }
            // "Cambiar el paciente" has a word in common with "Cambiar una hora", and means something else.
            None if self.names_what_to_change(name, message) => None,
            None if message.assent == Some(Assent::No) => {
                option_with_word(pending, "no").or_else(|| self.mentioned(index, pending, field, message))
            }
            None => self
                .mentioned(index, pending, field, message)
                .or_else(|| {
                    message.choice.and_then(|place| Some(pending.asked.options.get(place)?.key.clone()))
                })
                .or_else(|| message.assent.and_then(|_| option_with_word(pending, "si")))
                .or_else(|| message.assent.and_then(|_| only_option(pending))),
        };
        let Some(key) = key else {
            let thanks = matches!(message.intent.as_deref(), Some("gracias" | "despedida"));
            let declines = (message.assent == Some(Assent::No) && message.window.is_none()) || thanks;
            return Ok(declines && self.leave_menu(pending));
        };
        if key == MORE {
            self.rung(3, true, format!("answer to {name}: the next page"));
            self.next_page(pending);
            return Ok(true);
        }
        // "matrona el martes": a day beside the answer is an answer of its own
        let alone = message.window.is_none()
            && !message.words.iter().any(|word| word == "con")
            && (message.words.len() <= 2 || (message.choice.is_some() && message.words.len() <= 4));
        if !self.choose(index, pending.flow, name, &key, By::Patient)? {
            return Ok(false);
        }
        self.rung(3, true, format!("answer to {name}: an option"));
        if !alone {
            self.take_along(message);
        }
        Ok(true)
    }

    /// "Anúlala", below somebody's visits: what the menu starts goes on with the same person, unless another is named.
    fn option_that_starts_it(&self, pending: &Pending<'a>, message: &Message) -> Option<String> {
        if pending.flow.name.starts_with("repair.")
            || !self.choices_corrected(pending.index, pending.flow, None, message).is_empty()
        {
            return None;
        }
        let meant = self.flow_meant(message)?;
        let option =
            pending.asked.options.iter().find(|option| {
                starts(pending.flow, &pending.asked.field, &option.key).as_ref() == Some(&meant)
            });
        option.map(|option| option.key.clone())
    }

    /// A no at a menu: nothing of it, and on with what lies below.
    fn leave_menu(&mut self, pending: &Pending<'a>) -> bool {
        let is_menu = is_menu(pending);
        if is_menu {
            // the second "no": what is read out is not wanted either
            if self.state.repair_on_top() == Some(RepairKind::Change)
                && let Some(form) = self.form()
            {
                self.rung(3, true, "no, and nothing else to change: left");
                self.drop_repairs();
                self.leave_form(form);
                return true;
            }
            self.rung(3, true, "no: nothing of the menu");
            self.leave(pending.index, Ended::Finished);
            if self.state.stack.is_empty() {
                self.push_repair(RepairKind::Thanks, &[]);
            }
        }
        is_menu
    }

    /// The option whose label or words are the whole message.
    pub(super) fn option_named(&self, pending: &Pending<'_>, message: &Message) -> Option<String> {
        let named = |title: &str| message.is(title);
        // "Persona" must bring one wherever it is said, though a field may be called so, too.
        let labels_only = message.is_universal();
        let option = pending.asked.options.iter().find(|option| {
            let by_words = option.words.iter().any(|word| named(word)) || option.key == message.normal;
            named(&option.title) || (by_words && !labels_only)
        })?;
        Some(option.key.clone())
    }

    /// The row that the message names among all of them, shown or not.
    fn mentioned(
        &self,
        index: usize,
        pending: &Pending<'a>,
        field: &'a Field,
        message: &Message,
    ) -> Option<String> {
        let rows = self.rows(index, field);
        let place = message.mentioned(self.called(index, pending.flow, field, &rows))?;
        rows.get(place).map(|row| row.key.clone())
    }

    fn answer_review(&mut self, pending: &Pending<'a>, message: &Message) -> Result<bool, Halt> {
        let clear_yes = all_steps(&pending.flow.steps).any(|step| {
            step.id == pending.asked.field
                && matches!(&step.kind, StepKind::Review(review) if review.clear_yes)
        });
        let yes = pending.asked.options.iter().find(|option| option.key == YES);
        if clear_yes && yes.is_some_and(|yes| orders_it(message, &yes.title)) {
            self.rung(3, true, "answer to the review: its own verb");
            self.review_option(pending.index, &pending.asked.field, YES, &pending.asked.fingerprint)?;
            return Ok(true);
        }
        // "Mejor cámbiala" keeps the visit, on another day
        let annuls = all_steps(&pending.flow.steps)
            .any(|step| matches!(&step.kind, StepKind::Commit(call) if call.port == "agenda.anular"));
        if annuls
            && (message.rather_moves_it() || message.wants_it_moved())
            && let Some(moving) = self.flow_for("reagendar")
        {
            self.rung(3, true, "it is rather to be moved");
            let carried = self.to_carry(pending.index);
            self.ask_for_flow(&moving, None);
            self.carry(carried);
            self.take_along(message);
            return Ok(true);
        }
        if message.refuses_all() {
            self.rung(3, true, "wants nothing of it");
            self.leave_form(pending.index);
            return Ok(true);
        }
        if matches!(message.command, Some(Command::Cancel | Command::Back)) {
            self.rung(3, false, "a command, not an answer to the review");
            return Ok(false);
        }
        if self.would_correct(pending.index, pending.flow, message)? {
            self.rung(3, false, "a correction comes with it: neither yes nor no");
            return Ok(false);
        }
        let asked = &pending.asked;
        // A question is no yes; what it asks is looked for further down.
        let assent = message.assent.filter(|assent| *assent == Assent::No || !message.question);
        let brief = message.words.len() <= 4 && !message.question;
        let named = self.option_named(pending, message).filter(|_| !message.question);
        let yes = asked.options.iter().find(|option| option.key == YES);
        // "Sí, el lunes pasado" agrees to a day that nobody offered.
        let whole =
            message.no_day.is_none() && yes.is_some_and(|yes| is_whole_yes(message, &yes.title, clear_yes));
        let key = match (assent, named) {
            // "No puedo ir" says why, and is no "no" to cancelling it.
            (_, None) if clear_yes && message.is_unable() => {
                self.rung(3, true, "says that they do not come, which neither agrees nor refuses");
                self.say(reply::NEEDS_A_CLEAR_YES.to_owned());
                return Ok(true);
            }
            (Some(Assent::No), _) if clear_yes => {
                self.rung(3, true, "no: nothing is done");
                self.leave_form(pending.index);
                return Ok(true);
            }
            (_, Some(key)) => key,
            (Some(Assent::No), None) => CHANGE.to_owned(),
            (Some(Assent::Yes | Assent::WeakYes), None) if !whole => {
                self.rung(3, false, "a yes with something beside it is no yes to a review");
                return Ok(false);
            }
            (Some(Assent::Yes), None) => YES.to_owned(),
            (Some(Assent::WeakYes), None) if !clear_yes => YES.to_owned(),
            (Some(Assent::WeakYes), None) => {
                self.rung(3, false, "a weak yes is not enough for what cannot be undone");
                return Ok(false);
            }
            (None, None) => match message.choice.and_then(|place| asked.options.get(place)) {
                // "la primera" means an hour, not the button that stands first; "1" is the number of an option
                Some(option)
                    if message.command.is_none() && brief && (option.key != YES || message.is_figure()) =>
                {
                    option.key.clone()
                }
                _ => {
                    self.rung(3, false, "neither yes nor no");
                    return Ok(false);
                }
            },
        };
        if key == CANCEL && message.command.is_some() {
            return Ok(false);
        }
        self.rung(3, true, format!("answer to the review: {key}"));
        self.review_option(pending.index, &asked.field, &key, &asked.fingerprint)?;
        Ok(true)
    }

    /// Whether the message is about another flow, however well its dates would fit here.
    pub(super) fn means_another_flow(&self, pending: &Pending<'_>, message: &Message) -> bool {
        if matches!(message.intent.as_deref(), Some("reagendar" | "agendar" | "disponibilidad") | None) {
            return false;
        }
        self.flow_meant(message).is_some_and(|flow| flow != pending.flow.name)
    }

    /// Whether a window of this field still lies ahead.
    pub(super) fn is_ahead(&self, field: &Field, window: &Window) -> bool {
        let FieldKind::Window { future, .. } = &field.kind else { return false };
        !future || window.last_day().is_none_or(|last| last >= self.event.local.date())
    }
}

/// Whether the answer is consumed, not remembered.
pub(in crate::conversation) fn is_menu(pending: &Pending<'_>) -> bool {
    let asks = |step: &Step| matches!(&step.kind, StepKind::Ask(ask) if ask.field == pending.asked.field && !ask.keep);
    all_steps(&pending.flow.steps).any(asks)
}

fn option_with_word(pending: &Pending<'_>, word: &str) -> Option<String> {
    let says = |text: &String| Message::normal_form(text) == word;
    let has = |option: &&crate::conversation::state::Choice| {
        option.key == word || says(&option.title) || option.words.iter().any(says)
    };
    pending.asked.options.iter().find(has).map(|option| option.key.clone())
}

/// A yes to a list of one is that one.
fn only_option(pending: &Pending<'_>) -> Option<String> {
    let mut real =
        pending.asked.options.iter().filter(|option| ![MORE, ANY, NO].contains(&option.key.as_str()));
    let only = real.next()?;
    real.next().is_none().then(|| only.key.clone())
}

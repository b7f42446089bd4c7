//! What was expected of a turn against what it did: strict, and every difference told at once.
//!
//! A message, a hand-off, an incident or a write that nobody listed is a difference too.

mod words;

use std::fmt::Write as _;

use super::agenda::commits;
use super::fixture::{Bot, End, Expected, Item, Names, occurs};
use super::observed::{Notice, Observed, Said};
use crate::conversation::need::OK;
use crate::conversation::state::State;
use crate::flow::Value;

pub use words::{plain, words_occur};

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// What differs: `message 1: options`.
    pub what: String,
    /// What the fixture wants.
    pub expected: String,
    /// What happened.
    pub got: String,
}

impl Difference {
    fn new(what: impl Into<String>, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self { what: what.into(), expected: expected.into(), got: got.into() }
    }
}

/// Compares a turn; names that its `says` catch are added.
pub fn compare(item: &Item, observed: &Observed, names: &mut Names) -> Vec<Difference> {
    let mut found = Vec::new();
    match item.bot.as_ref().map(|bot| &bot.value) {
        Some(Bot::Any) => {}
        Some(Bot::Says(expected)) => notices(expected, observed, names, &mut found),
        None => notices(&[], observed, names, &mut found),
    }
    for (field, expected) in &item.answers {
        answer(field, expected, &observed.state, &mut found);
    }
    calls(item, observed, &mut found);
    for (port, outcome) in &item.fault {
        if !observed.calls.iter().any(|call| call.port == *port && call.outcome == *outcome) {
            found.push(Difference::new(
                "fault not used",
                format!("{port} asked, to answer {outcome}"),
                "not asked",
            ));
        }
    }
    if let Some(expected) = &item.stage {
        stage(expected, &observed.state, &mut found);
    }
    if let Some(expected) = &item.incident
        && !observed.incidents.iter().any(|incident| incident.contains(expected))
    {
        found.push(Difference::new("incident", expected, list(&observed.incidents)));
    }
    for incident in &observed.incidents {
        if !item.incident.as_ref().is_some_and(|expected| incident.contains(expected)) {
            found.push(Difference::new("incident", "none", incident));
        }
    }
    found
}

/// Compares the end.
pub fn compare_end(end: &End, state: &State, appointments: &[String], done: &[&str]) -> Vec<Difference> {
    let mut found = Vec::new();
    for port in &end.never {
        if done.contains(&port.as_str()) {
            found.push(Difference::new("never", format!("no {port}"), format!("{port} was done")));
        }
    }
    if let Some(expected) = &end.stage {
        stage(expected, state, &mut found);
    }
    if let Some(expected) = &end.appointments {
        let same = expected.len() == appointments.len()
            && expected.iter().zip(appointments).all(|(words, one)| words_occur(words, one));
        if !same {
            found.push(Difference::new("appointments", list(expected), list(appointments)));
        }
    }
    if end.outbox.is_some() && !state.unsent.is_empty() {
        found.push(Difference::new("outbox", "empty", format!("{} texts wait", state.unsent.len())));
    }
    found
}

fn stage(expected: &str, state: &State, found: &mut Vec<Difference>) {
    let got = state.stage();
    if got != expected && without_number(&got) != expected {
        found.push(Difference::new("stage", expected, got));
    }
}

/// `agendar.review` for `agendar.review.1`.
pub fn without_number(stage: &str) -> &str {
    match stage.rsplit_once('.') {
        Some((before, number)) if number.bytes().all(|b| b.is_ascii_digit()) => before,
        _ => stage,
    }
}

fn notices(expected: &[Expected], observed: &Observed, names: &mut Names, found: &mut Vec<Difference>) {
    let stage = observed.state.stage();
    let mut rest = observed.notices.iter().peekable();
    let mut number = 0;
    for entry in expected {
        if entry.wants_message() {
            number += 1;
            match rest.next_if(|notice| matches!(notice, Notice::Message(_))) {
                Some(Notice::Message(said)) => message(number, entry, said, &stage, names, found),
                _ => found.push(Difference::new(format!("message {number}"), in_short(entry), "nothing")),
            }
        }
        if let Some(reason) = &entry.handoff {
            match rest.next_if(|notice| matches!(notice, Notice::Handoff(_))) {
                Some(Notice::Handoff(why)) if why == reason || reason == "any" => {}
                Some(Notice::Handoff(why)) => found.push(Difference::new("hand-off", reason, why)),
                _ => found.push(Difference::new("hand-off", reason, "none")),
            }
        }
    }
    for notice in rest {
        match notice {
            Notice::Message(said) => {
                found.push(Difference::new("message not listed", "nothing", shown(said)));
            }
            Notice::Handoff(why) => found.push(Difference::new("hand-off not listed", "none", why)),
        }
    }
}

fn message(
    number: usize,
    expected: &Expected,
    said: &Said,
    stage: &str,
    names: &mut Names,
    found: &mut Vec<Difference>,
) {
    let at = |what: &str| format!("message {number}: {what}");
    // a repair that repeats a question has its own label, and the conversation waits at the question
    let repeats = said.label.starts_with("repair.") && !stage.starts_with("repair.");
    let question = without_number(if repeats { stage } else { &said.label });
    if let Some(ask) = &expected.ask
        && ask != question
    {
        found.push(Difference::new(at("asks"), ask, &said.label));
    }
    if let Some(flow) = &expected.review
        && format!("{flow}.review") != question
    {
        found.push(Difference::new(at("reads out"), format!("the summary of {flow}"), &said.label));
    }
    if let Some(kind) = &expected.repair {
        let speaks = said.repairs.iter().any(|repair| repair.as_str() == kind)
            || said.label == format!("repair.{kind}");
        if !speaks {
            let repairs: Vec<&str> = said.repairs.iter().map(|repair| repair.as_str()).collect();
            let got = if repairs.is_empty() { "no repair".to_owned() } else { repairs.join(", ") };
            found.push(Difference::new(at("repair"), kind, format!("{got} ({})", said.label)));
        }
    }
    let silent_about_questions = expected.ask.is_none()
        && expected.review.is_none()
        && expected.repair.is_none()
        && expected.options.is_none();
    if silent_about_questions && !said.message.options.is_empty() {
        found.push(Difference::new(
            at("asks"),
            "no question (list it with `ask:` if it should)",
            &said.label,
        ));
    }
    if let Some(options) = &expected.options {
        let titles: Vec<String> = said.message.options.iter().map(|option| option.title.clone()).collect();
        if !options_match(options, &titles) {
            found.push(Difference::new(at("options"), list(options), list(&titles)));
        }
    }
    for fragment in &expected.says {
        let there = match fragment.contains('$') {
            true => occurs(fragment, &said.message.text, names),
            false => plain(&said.message.text).contains(&plain(fragment)),
        };
        if !there {
            found.push(Difference::new(at("says"), format!("… {fragment} …"), &said.message.text));
        }
    }
    for fragment in &expected.never {
        if plain(&said.message.text).contains(&plain(fragment)) {
            found.push(Difference::new(at("never says"), format!("not … {fragment} …"), &said.message.text));
        }
    }
}

fn options_match(expected: &[String], titles: &[String]) -> bool {
    let (expected, open) = match expected.split_last() {
        Some((last, rest)) if last == "…" || last == "..." => (rest, true),
        _ => (expected, false),
    };
    let enough = if open { titles.len() >= expected.len() } else { titles.len() == expected.len() };
    enough && expected.iter().zip(titles).all(|(words, title)| words_occur(words, title))
}

fn answer(name: &str, expected: &str, state: &State, found: &mut Vec<Difference>) {
    let (flow, field) = name.split_once('.').map_or((None, name), |(flow, field)| (Some(flow), field));
    let frames = state.stack.iter().rev().filter(|frame| flow.is_none_or(|flow| frame.flow == flow));
    let got = frames.filter_map(|frame| frame.answers.get(field)).next();
    let what = format!("answer to {name}");
    match got {
        None if expected == "unset" => {}
        None => found.push(Difference::new(what, expected, "unset")),
        Some(answer) if expected == "unset" => {
            found.push(Difference::new(what, "unset", in_words(&answer.value)));
        }
        Some(answer) => {
            let fits = match &answer.value {
                Value::Record(record) => {
                    record.key == expected
                        || record.columns.values().any(|value| fits(expected, value))
                        || record.words.iter().any(|word| plain(word) == plain(expected))
                }
                value => fits(expected, value),
            };
            if !fits {
                found.push(Difference::new(what, expected, in_words(&answer.value)));
            }
        }
    }
}

fn fits(expected: &str, value: &Value) -> bool {
    match value {
        Value::Text(text) => plain(text) == plain(expected),
        Value::Moment(at) => {
            expected == at.format("%Y-%m-%dT%H:%M").to_string()
                || words_occur(expected, &crate::value::hour_label::day_hour_short(*at))
        }
        Value::Date(day) => expected == day.to_string(),
        other => other.to_string() == expected,
    }
}

/// A value as a person reads it.
pub fn in_words(value: &Value) -> String {
    match value {
        Value::Record(record) => {
            let told = ["nombre", "titulo", "inicio"].into_iter().find_map(|name| record.columns.get(name));
            match told {
                Some(Value::Moment(at)) => {
                    format!("{} ({})", crate::value::hour_label::day_hour_short(*at), record.key)
                }
                Some(told) => format!("{told} ({})", record.key),
                None => record.key.clone(),
            }
        }
        Value::Date(day) => day.to_string(),
        other => other.to_string(),
    }
}

fn calls(item: &Item, observed: &Observed, found: &mut Vec<Difference>) {
    let listed = item.calls.as_deref().unwrap_or_default();
    let mut committed: Vec<&str> = observed
        .calls
        .iter()
        .filter(|call| call.outcome == OK && commits(&call.port))
        .map(|call| call.port.as_str())
        .collect();
    for port in listed {
        if let Some(place) = committed.iter().position(|done| done == port) {
            committed.remove(place);
        } else if !observed.calls.iter().any(|call| call.port == *port) {
            let all: Vec<String> =
                observed.calls.iter().map(|call| format!("{} → {}", call.port, call.outcome)).collect();
            found.push(Difference::new("call", port, list(&all)));
        }
    }
    for port in committed {
        found.push(Difference::new("write not listed", "none", format!("{port} (list it in `calls:`)")));
    }
}

impl Expected {
    /// Whether it stands for a message, and not just for a notice to staff.
    pub fn wants_message(&self) -> bool {
        self.ask.is_some()
            || self.review.is_some()
            || self.repair.is_some()
            || self.options.is_some()
            || !self.says.is_empty()
            || !self.never.is_empty()
    }
}

/// The expectation in the words of the fixture.
fn in_short(expected: &Expected) -> String {
    let mut parts = Vec::new();
    let mut put = |name: &str, value: &Option<String>| {
        parts.extend(value.as_ref().map(|value| format!("{name} {value}")));
    };
    put("ask", &expected.ask);
    put("review", &expected.review);
    put("repair", &expected.repair);
    if !expected.says.is_empty() {
        parts.push(format!("says {}", list(&expected.says)));
    }
    parts.join(", ")
}

/// A message as a person sees it.
pub fn shown(said: &Said) -> String {
    let mut text = format!("[{}] {}", said.label, said.message.text);
    for (place, option) in said.message.options.iter().enumerate() {
        let detail = option.detail.as_ref().map(|detail| format!(" · {detail}")).unwrap_or_default();
        let _ = write!(text, "\n  {}. {}{detail}", place + 1, option.title);
    }
    text
}

fn list(items: &[String]) -> String {
    if items.is_empty() { "none".to_owned() } else { format!("[{}]", items.join(" | ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Outgoing, OutgoingOption};

    fn said(label: &str, text: &str, options: &[&str]) -> Notice {
        let option =
            |title: &&str| OutgoingOption { id: String::new(), title: (*title).to_owned(), detail: None };
        let options = options.iter().map(option).collect();
        let message = Outgoing { text: text.to_owned(), options, list_button: None };
        Notice::Message(Said { message, label: label.to_owned(), repairs: Vec::new() })
    }

    fn item(yaml: &str) -> Item {
        serde_saphyr::from_str(yaml).unwrap()
    }

    #[test]
    fn a_message_that_is_not_listed_is_a_difference() {
        let observed = Observed { notices: vec![said("answer", "De nada.", &[])], ..Observed::default() };
        let found = compare(&item("patient: gracias\nbot: []"), &observed, &mut Names::new());
        assert_eq!(found[0].what, "message not listed");
        assert!(compare(&item("patient: gracias\nbot: any"), &observed, &mut Names::new()).is_empty());
    }

    #[test]
    fn all_that_is_wrong_with_a_message_is_told_at_once() {
        let notice = said("agendar.hora", "Estas son las horas", &["mar 1 dic 15:00"]);
        let observed = Observed { notices: vec![notice], ..Observed::default() };
        let wanted =
            item("patient: x\nbot: [{ ask: agendar.prestacion, options: [mar 1 16:00], says: [nada] }]");
        let found = compare(&wanted, &observed, &mut Names::new());
        let what: Vec<&str> = found.iter().map(|one| one.what.as_str()).collect();
        assert_eq!(what, ["message 1: asks", "message 1: options", "message 1: says"]);
        let right =
            item("patient: x\nbot: [{ ask: agendar.hora, options: [\"mar 1 15:00\"], says: [LAS HORAS] }]");
        assert_eq!(compare(&right, &observed, &mut Names::new()), []);
    }

    #[test]
    fn a_write_that_nobody_listed_is_a_difference() {
        let call = super::super::observed::Call { port: "agenda.anular".into(), outcome: "ok".into() };
        let observed = Observed { calls: vec![call], ..Observed::default() };
        assert_eq!(compare(&item("patient: x"), &observed, &mut Names::new())[0].what, "write not listed");
        assert!(
            compare(&item("patient: x\ncalls: [agenda.anular]"), &observed, &mut Names::new()).is_empty()
        );
    }
}

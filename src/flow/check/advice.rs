//! What a sound book could do better. Nothing is refused for it: an author may know better.

use std::collections::{BTreeMap, BTreeSet};

use super::{fields, paths, steps};
use crate::flow::definition::{
    Action, Book, Field, FieldKind, Flow, RepairKind, Source, Span, Step, StepKind,
};
use crate::flow::error::FlowError;
use crate::flow::limits::{self, DETAIL, ROW, WINDOW_HOURS};
use crate::flow::template::{Filter, Part};

/// All advice on a book.
pub(in crate::flow) fn check(book: &Book, sources: &BTreeMap<String, String>) -> Vec<FlowError> {
    let mut advice = Vec::new();
    let entered = entered(book);
    let reached = reached(book);
    for flow in book.flows.values().chain(book.repairs.values()) {
        let source = sources.get(&flow.span.file).map_or("", String::as_str);
        for step in steps(&flow.steps) {
            advice.extend(without_help(step, source));
        }
        for field in flow.fields.values() {
            advice.extend(always_cut(field, source));
        }
        advice.extend(twins(flow, source));
        advice.extend(unread(flow, source));
        if book.flows.contains_key(&flow.name) {
            advice.extend(without_title(flow, source));
            advice.extend(without_a_word(flow, &entered, source));
            advice.extend(without_a_goodbye(flow, book, source));
        }
        if book.flows.contains_key(&flow.name) && !reached.contains(flow.name.as_str()) {
            let message = format!("nothing starts `{}`, and no other flow leads to it", flow.name);
            let fix = "add `starts:` with intents or words, or `start:` it from a menu";
            advice.push(FlowError::new("W002", flow.span.clone(), source, message, fix));
        }
    }
    advice.extend(asked_twice(book, sources));
    advice
}

fn without_help(step: &Step, source: &str) -> Option<FlowError> {
    let StepKind::Ask(ask) = &step.kind else { return None };
    let message = format!("the question of `{}` has no help for who does not understand it", ask.field);
    let fix = "add `help:` with an example of an answer";
    ask.help.is_none().then(|| FlowError::new("W001", step.span.clone(), source, message, fix))
}

/// Flows that something starts or leads to.
fn reached(book: &Book) -> BTreeSet<&str> {
    fn leads(flow: &Flow) -> Vec<&str> {
        let actions = steps(&flow.steps).into_iter().flat_map(|step| match &step.kind {
            StepKind::Do(call) | StepKind::Hold(call) | StepKind::Commit(call) => {
                call.on.values().filter_map(|branch| branch.then.as_ref()).collect()
            }
            _ => Vec::new(),
        });
        let options = flow.fields.values().flat_map(|field| match &field.kind {
            FieldKind::Choice { source: Source::Fixed(options), .. } => {
                options.iter().filter_map(|option| option.action.as_ref()).collect()
            }
            _ => Vec::new(),
        });
        let called = steps(&flow.steps).into_iter().filter_map(|step| match &step.kind {
            StepKind::CallFlow(call) => Some(call.flow.as_str()),
            _ => None,
        });
        let named = actions.chain(options).filter_map(|action| match action {
            Action::Call(name) | Action::Start(name) | Action::Offer(name) => Some(name.as_str()),
            _ => None,
        });
        named.chain(called).collect()
    }
    let started = book.flows.values().filter(|flow| {
        let starts = &flow.starts;
        !starts.words.is_empty() || !starts.intents.is_empty()
    });
    let others = book.flows.values().chain(book.repairs.values()).flat_map(|flow| {
        let itself = flow.name.clone();
        leads(flow).into_iter().filter(move |name| *name != itself)
    });
    started.map(|flow| flow.name.as_str()).chain(others).collect()
}

/// Flows that a patient comes to with nothing below: by their words, or from a menu. One that is only called goes
/// on in its caller.
fn entered(book: &Book) -> BTreeSet<&str> {
    let started = book.flows.values().filter(|flow| {
        let starts = &flow.starts;
        !starts.words.is_empty() || !starts.intents.is_empty()
    });
    let all = book.flows.values().chain(book.repairs.values());
    let options = all.flat_map(|flow| flow.fields.values()).flat_map(|field| match &field.kind {
        FieldKind::Choice { source: Source::Fixed(options), .. } => options.as_slice(),
        _ => &[],
    });
    let led_to = options.filter_map(|option| match &option.action {
        Some(Action::Start(name) | Action::Offer(name)) => Some(name.as_str()),
        _ => None,
    });
    started.map(|flow| flow.name.as_str()).chain(led_to).collect()
}

fn without_title(flow: &Flow, source: &str) -> Option<FlowError> {
    let message = format!("patients would read `{}`: the flow has no title", flow.name);
    let fix = "add `title:` with what a patient would call it, as in «pedir una hora»";
    let titled = source.lines().any(|line| line.starts_with("title:"));
    (!titled).then(|| FlowError::new("W009", flow.span.clone(), source, message, fix))
}

fn without_a_word(flow: &Flow, entered: &BTreeSet<&str>, source: &str) -> Vec<FlowError> {
    if !entered.contains(flow.name.as_str()) {
        return Vec::new();
    }
    let told = paths::silent_ends(flow).into_iter().map(|(span, outcome)| {
        let (message, word) = match &outcome {
            Some(outcome) => (format!("on `{outcome}` the flow ends without a word"), outcome.as_str()),
            None => ("the flow may end here without a word since the patient wrote".to_owned(), ""),
        };
        let span = span.at_word(source, word);
        FlowError::new("W006", span, source, message, "say how it ended: all the patient gets is a goodbye")
    });
    told.collect()
}

/// A flow that closes when WhatsApp carries no free words any more: what the repair `close` says is never said.
fn without_a_goodbye(flow: &Flow, book: &Book, source: &str) -> Option<FlowError> {
    let speaks = book.repairs.get(&RepairKind::Close).is_some_and(|close| !close.steps.is_empty());
    if flow.policy.close_minutes < WINDOW_HOURS * 60 || !speaks {
        return None;
    }
    let line = source.lines().position(|line| line.starts_with("repair:"))?;
    let line = u32::try_from(line + 1).unwrap_or(u32::MAX);
    let span = Span { file: flow.span.file.clone(), line, column: 1 }.at_word(source, "close");
    let message = format!(
        "{WINDOW_HOURS} hours after the patient's last message WhatsApp carries no free words any more: the goodbye of the repair `close` is never said here"
    );
    let fix = "close sooner, as in `close: 23h`";
    Some(FlowError::new("W010", span, source, message, fix))
}

/// Words that are one and the same, since accents and capitals do not count.
fn twins(flow: &Flow, source: &str) -> Vec<FlowError> {
    let mut lists: Vec<(&Span, &[String])> = vec![(&flow.span, &flow.starts.words)];
    for field in flow.fields.values() {
        lists.push((&field.span, &field.words));
        if let FieldKind::Choice { source: Source::Fixed(options), .. } = &field.kind {
            lists.extend(options.iter().map(|option| (&field.span, option.words.as_slice())));
        }
    }
    let mut advice = Vec::new();
    for (span, words) in lists {
        for (place, word) in words.iter().enumerate() {
            if words[..place].contains(word) {
                let message =
                    format!("`{word}` stands here twice: words are compared without accents and capitals");
                let span = span.at_spelling(source, word, 1);
                advice.push(FlowError::new("W005", span, source, message, "take one of them out"));
            }
        }
    }
    advice
}

/// A read whose rows nothing uses, and whose outcome changes nothing either.
fn unread(flow: &Flow, source: &str) -> Vec<FlowError> {
    let all = steps(&flow.steps);
    let mut used = fields::read_names(&all);
    for step in &all {
        match &step.kind {
            StepKind::Review(review) => used.extend(review.text.names().into_iter().map(String::as_str)),
            StepKind::Do(call) | StepKind::Hold(call) | StepKind::Commit(call) => {
                let said = call.on.values().filter_map(|branch| branch.say.as_ref());
                used.extend(said.flat_map(|text| text.names()).map(String::as_str));
            }
            _ => {}
        }
    }
    used.extend(flow.fields.values().filter_map(|field| match &field.kind {
        FieldKind::Choice { source: Source::Memo(memo), .. } => Some(memo.as_str()),
        _ => None,
    }));
    let unread = all.iter().filter_map(|step| {
        let StepKind::Do(call) = &step.kind else { return None };
        let into = call.into.as_deref().filter(|into| !used.contains(into))?;
        let decides = call.on.iter().any(|(outcome, branch)| {
            outcome != "down" && (branch.then != Some(Action::Pass) || branch.say.is_some())
        });
        let message = format!("nothing uses `{into}`, so this only makes the patient wait");
        let fix = "use it, or take the step out";
        (!decides).then(|| FlowError::new("W007", step.span.clone(), source, message, fix))
    });
    unread.collect()
}

/// A row whose label or second line is too long whatever stands in it.
fn always_cut(field: &Field, source: &str) -> Vec<FlowError> {
    let FieldKind::Choice { source: Source::Memo(_) | Source::Read(_), title, detail, .. } = &field.kind
    else {
        return Vec::new();
    };
    let lines = [
        ("title", Some(title), ROW, "show the start in `title:` and the rest in `detail:`, the second line"),
        ("detail", detail.as_ref(), DETAIL, "say it shorter"),
    ];
    let cut = lines.into_iter().filter_map(|(key, text, most, fix)| {
        let least: usize = text?.parts.iter().map(at_least).sum();
        let line = if key == "detail" { "the second line of each row" } else { "each row" };
        let message =
            format!("{line} of `{}` is longer than the {most} characters that a list shows", field.name);
        let span = field.span.at_word(source, key);
        (least > most).then(|| FlowError::new("W003", span, source, message, fix))
    });
    cut.collect()
}

/// The fewest characters that a part of a text puts on the screen.
fn at_least(part: &Part) -> usize {
    match part {
        Part::Words(words) => limits::length(words),
        Part::Optional(_) => 0,
        Part::Placeholder(_, filter) => match filter {
            Some(Filter::DayHour) => "lunes 1 de mayo a las 10:30".len(),
            Some(Filter::DayHourShort) => "lun 1 may 10:30".len(),
            Some(Filter::Day) => "lunes 1 de mayo".len(),
            Some(Filter::Hour) => "10:30".len(),
            _ => 1,
        },
    }
}

fn asked_twice(book: &Book, sources: &BTreeMap<String, String>) -> Vec<FlowError> {
    let mut known: BTreeMap<&str, &str> = BTreeMap::new();
    let mut advice = Vec::new();
    for answer in &book.answers {
        for phrase in &answer.asks {
            if let Some(first) = known.insert(phrase, &answer.name) {
                let source = sources.get(&answer.span.file).map_or("", String::as_str);
                let message = format!("`{phrase}` asks for `{first}` already, which is always given");
                let span = answer.span.at_word(source, phrase);
                advice.push(FlowError::new(
                    "W004",
                    span,
                    source,
                    message,
                    "let one phrase ask for one answer",
                ));
            }
        }
    }
    advice
}

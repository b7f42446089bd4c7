//! What a sound book could do better. Nothing is refused for it: an author may know better.

use std::collections::{BTreeMap, BTreeSet};

use super::steps;
use crate::flow::definition::{Action, Book, Field, FieldKind, Flow, Source, Step, StepKind};
use crate::flow::error::FlowError;
use crate::flow::limits::ROW;
use crate::flow::template::{Filter, Part};

/// All advice on a book.
pub(in crate::flow) fn check(book: &Book, sources: &BTreeMap<String, String>) -> Vec<FlowError> {
    let mut advice = Vec::new();
    let reached = reached(book);
    for flow in book.flows.values().chain(book.repairs.values()) {
        let source = sources.get(&flow.span.file).map_or("", String::as_str);
        for step in steps(&flow.steps) {
            advice.extend(without_help(step, source));
        }
        for field in flow.fields.values() {
            advice.extend(always_cut(field, source));
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

/// A row whose label is too long whatever stands in it.
fn always_cut(field: &Field, source: &str) -> Option<FlowError> {
    let FieldKind::Choice { source: Source::Memo(_) | Source::Read(_), title, .. } = &field.kind else {
        return None;
    };
    let least: usize = title.parts.iter().map(at_least).sum();
    let message =
        format!("each row of `{}` is longer than the {ROW} characters that a list shows", field.name);
    let fix = "show the start in `title:` and the rest in `detail:`, the second line";
    (least > ROW).then(|| {
        let span = field.span.at_word(source, "title");
        FlowError::new("W003", span, source, message, fix)
    })
}

/// The fewest characters that a part of a text puts on the screen.
fn at_least(part: &Part) -> usize {
    match part {
        Part::Words(words) => words.chars().count(),
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

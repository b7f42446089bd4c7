//! Words that would be understood as two things at once.

use std::collections::BTreeMap;

use crate::flow::definition::{Action, Book, Field, FieldKind, FixedOption, Flow, Source};
use crate::flow::error::{FlowError, nearest};
use crate::flow::load::normal;
use crate::flow::port::INTENTS;

/// Tells words with two meanings: of two flows, of two options, of an option and a flow.
pub(super) fn check(book: &Book, sources: &BTreeMap<String, String>, errors: &mut Vec<FlowError>) {
    let mut starts: BTreeMap<&str, &str> = BTreeMap::new();
    let mut intents: BTreeMap<&str, &str> = BTreeMap::new();
    for flow in book.flows.values() {
        let source = sources.get(&flow.span.file).map_or("", String::as_str);
        let words = flow.starts.words.iter().map(|word| (word, false));
        for (word, is_intent) in words.chain(flow.starts.intents.iter().map(|intent| (intent, true))) {
            let known = if is_intent { &mut intents } else { &mut starts };
            if is_intent && !INTENTS.contains(&word.as_str()) {
                let fix = nearest(word, "there are", INTENTS.iter().copied());
                let span = flow.span.at_word(source, word);
                errors.push(FlowError::new(
                    "F044",
                    span,
                    source,
                    format!("there is no intent `{word}`"),
                    fix,
                ));
            }
            if let Some(other) = known.insert(word, &flow.name).filter(|other| *other != flow.name) {
                let message = format!("`{word}` starts `{other}` already");
                let fix = "let one word start one flow";
                let span = flow.span.at_word(source, word);
                errors.push(FlowError::new("F049", span, source, message, fix));
            }
        }
    }
    for flow in book.flows.values().chain(book.repairs.values()) {
        let source = sources.get(&flow.span.file).map_or("", String::as_str);
        between_fields(flow, source, errors);
        for field in flow.fields.values() {
            if let FieldKind::Choice { source: Source::Fixed(options), .. } = &field.kind {
                between_options(field, options, source, errors);
                against_flows(field, options, &starts, source, errors);
            }
        }
    }
}

/// "cambiar X" must mean one field.
fn between_fields(flow: &Flow, source: &str, errors: &mut Vec<FlowError>) {
    let mut known: BTreeMap<String, &Field> = BTreeMap::new();
    for field in flow.fields.values() {
        for name in std::iter::once(normal(&field.title)).chain(field.words.iter().cloned()) {
            if let Some(other) = known.insert(name.clone(), field)
                && other.name != field.name
            {
                let message = format!("`{name}` means both `{}` and `{}`", other.name, field.name);
                let span = field.span.at_word(source, &name);
                errors.push(FlowError::new("F061", span, source, message, "let one word mean one field"));
            }
        }
    }
}

/// Everything an option is called.
pub(super) fn names(option: &FixedOption) -> impl Iterator<Item = String> {
    let mut names: Vec<String> =
        std::iter::once(normal(&option.title)).chain(option.words.iter().cloned()).collect();
    names.sort();
    names.dedup();
    names.into_iter()
}

fn between_options(field: &Field, options: &[FixedOption], source: &str, errors: &mut Vec<FlowError>) {
    let mut known: BTreeMap<String, &FixedOption> = BTreeMap::new();
    for option in options {
        for name in names(option) {
            if let Some(other) = known.insert(name.clone(), option)
                && other.key != option.key
            {
                let message = format!("`{name}` means both `{}` and `{}`", other.title, option.title);
                let span = field.span.at_word(source, &option.key);
                errors.push(FlowError::new("F048", span, source, message, "let one word mean one option"));
            }
        }
    }
}

fn against_flows(
    field: &Field,
    options: &[FixedOption],
    starts: &BTreeMap<&str, &str>,
    source: &str,
    errors: &mut Vec<FlowError>,
) {
    for option in options {
        let leads_to = match &option.action {
            Some(Action::Start(flow) | Action::Call(flow) | Action::Offer(flow)) => Some(flow.as_str()),
            _ => None,
        };
        for name in names(option) {
            let Some(flow) = starts.get(name.as_str()).filter(|flow| leads_to != Some(**flow)) else {
                continue;
            };
            let message = format!("`{name}` chooses `{}` and is also the flow `{flow}`", option.title);
            let fix = "call the option otherwise; the option would always win";
            let span = field.span.at_word(source, &option.key);
            errors.push(FlowError::new("F047", span, source, message, fix));
        }
    }
}

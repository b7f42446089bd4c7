//! Words that the reader of messages writes otherwise, so that no message can ever be them.
//!
//! Words of flows are kept in the language's own normal form; messages are compared in that of the understanding,
//! which also mends spelling (`xq` is heard as `porque`).

use std::collections::BTreeMap;

use super::source_of;
use crate::flow::definition::Book;
use crate::flow::error::FlowError;

/// Advice on every such word.
pub(in crate::flow) fn check(
    book: &Book,
    sources: &BTreeMap<String, String>,
    heard: &dyn Fn(&str) -> String,
) -> Vec<FlowError> {
    let mut advice = Vec::new();
    for flow in book.flows.values() {
        let source = source_of(flow, sources);
        for word in &flow.starts.words {
            let as_heard = heard(word);
            // the engine compares only words that begin alike
            if as_heard.chars().next() != word.chars().next() {
                let span = flow.span.at_spelling(source, word, 0);
                advice.push(FlowError::new("W008", span, source, message(word, &as_heard), FIX));
            }
        }
    }
    for answer in &book.answers {
        let source = sources.get(&answer.span.file).map_or("", String::as_str);
        for phrase in &answer.asks {
            let as_heard = heard(phrase);
            let known: Vec<&str> = as_heard.split(' ').collect();
            if !phrase.split(' ').all(|word| known.contains(&word)) {
                let span = answer.span.at_spelling(source, phrase, 0);
                advice.push(FlowError::new("W008", span, source, message(phrase, &as_heard), FIX));
            }
        }
    }
    advice
}

const FIX: &str = "write it as it is heard";

fn message(word: &str, heard: &str) -> String {
    format!("no message is ever `{word}`: it is heard as `{heard}`")
}

//! The guide to the language tells the truth: its examples load, and nothing of the language is missing from it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::path::Path;

use smartsalud::flow::error::CODES;
use smartsalud::flow::guide::OUTCOMES;
use smartsalud::flow::port::{INTENTS, PORTS};
use smartsalud::flow::template::Filter;
use smartsalud::flow::{self, FlowError, built_in, load};

fn read(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

fn guide() -> String {
    read("flows/LENGUAJE.md")
}

/// The YAML blocks that are a whole file of flows, with the name each would have.
fn examples(text: &str) -> Vec<(String, String)> {
    let blocks = text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let name = |block: &str| {
        let word = |line: &str| line.split_whitespace().nth(1).unwrap_or_default().to_owned();
        match block.lines().next().unwrap_or_default() {
            line if line.starts_with("flow:") => Some(format!("{}.yaml", word(line))),
            line if line.starts_with("repair:") => Some(format!("repair/{}.yaml", word(line))),
            line if line.starts_with("voice:") => Some("textos/ejemplo.yaml".to_owned()),
            line if line.starts_with("answers:") => Some(load::ANSWERS.to_owned()),
            _ => None,
        }
    };
    blocks.filter_map(|block| Some((name(block)?, block.to_owned()))).collect()
}

fn mistakes(name: &str, text: &str) -> Vec<FlowError> {
    let mut sources = built_in::sources();
    sources.insert(name.to_owned(), text.to_owned());
    match load::book(&sources) {
        Ok(book) => load::advice(&book, &sources),
        Err(errors) => errors,
    }
}

#[test]
fn the_examples_of_the_guide_load_without_a_word_of_advice() {
    let examples = examples(&guide());
    assert_eq!(examples.len(), 6, "{examples:?}");
    for (name, text) in examples {
        let found = mistakes(&name, &text);
        assert!(found.is_empty(), "{}", found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    }
}

#[test]
fn the_tables_of_the_guide_are_those_of_the_program() {
    let (committed, written) = (guide(), flow::guide::guide());
    let differ = committed.lines().zip(written.lines()).position(|(one, other)| one != other);
    let line = differ.unwrap_or_else(|| committed.lines().count().min(written.lines().count()));
    assert!(
        committed == written,
        "flows/LENGUAJE.md:{}: the program has it otherwise; renew it with `smartsalud flows doc`",
        line + 1
    );
}

#[test]
fn every_table_stands_once_in_the_guide_and_no_other_is_promised() {
    let guide = guide();
    let promised = guide.lines().filter_map(|line| line.strip_prefix("<!-- tabla: ")?.strip_suffix(" -->"));
    let promised: Vec<&str> = promised.collect();
    let mut sorted = promised.clone();
    sorted.sort_unstable();
    let mut all = flow::guide::TABLES.to_vec();
    all.sort_unstable();
    assert_eq!(sorted, all);
    let ends = guide.lines().filter(|line| *line == "<!-- fin -->").count();
    assert_eq!(ends, promised.len(), "every table ends");
}

#[test]
fn a_table_that_was_changed_by_hand_is_put_right() {
    // what the test above relies on: nothing between the marks is copied from the file
    let written = flow::guide::guide();
    for (code, told) in CODES {
        assert_eq!(written.matches(&format!("| `{code}` | {told} |\n")).count(), 1, "{code}");
    }
    for port in PORTS {
        assert_eq!(written.matches(&format!("| `{}(", port.name)).count(), 1, "{}", port.name);
    }
    for (filter, _) in Filter::ALL {
        let line = written.lines().find(|line| line.starts_with(&format!("| `{filter}` |"))).unwrap();
        assert!(!line.ends_with("|  |"), "the example says something: {line}");
    }
    for intent in INTENTS {
        assert!(written.contains(&format!("`{intent}`")), "{intent}");
    }
}

#[test]
fn every_outcome_of_a_port_is_told_in_words_and_no_other() {
    let told: BTreeSet<&str> = OUTCOMES.iter().map(|(outcome, _)| *outcome).collect();
    let answered: BTreeSet<&str> = PORTS.iter().flat_map(|port| port.outcomes.iter().copied()).collect();
    assert_eq!(told, answered);
}

#[test]
fn the_flows_of_the_front_page_load() {
    for (name, text) in examples(&read("README.md")) {
        let found = mistakes(&name, &text);
        let mistakes: Vec<String> =
            found.iter().filter(|one| one.code.starts_with('F')).map(ToString::to_string).collect();
        assert!(mistakes.is_empty(), "README.md, {name}:\n{}", mistakes.join("\n"));
    }
}

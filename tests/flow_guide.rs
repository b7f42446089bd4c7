//! The guide to the language tells the truth: its examples load, and nothing of the language is missing from it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use smartsalud::flow::error::CODES;
use smartsalud::flow::port::{INTENTS, PORTS, PortKind, RowKind};
use smartsalud::flow::template::Filter;
use smartsalud::flow::{FlowError, RepairKind, built_in, load};

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
    assert_eq!(examples.len(), 4, "{examples:?}");
    for (name, text) in examples {
        let found = mistakes(&name, &text);
        assert!(found.is_empty(), "{}", found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    }
}

#[test]
fn every_port_is_in_the_guide_with_all_it_takes_and_answers() {
    let guide = guide();
    for port in PORTS {
        let parameter = |parameter: &smartsalud::flow::port::Parameter| {
            format!("{}{}", parameter.name, if parameter.optional { "?" } else { "" })
        };
        let parameters: Vec<String> = port.parameters.iter().map(parameter).collect();
        let call = format!("| `{}({})` |", port.name, parameters.join(", "));
        let line = guide.lines().find(|line| line.starts_with(&call)).unwrap_or_else(|| panic!("{call}"));
        let keyword = match port.kind {
            PortKind::Read => "do",
            PortKind::Hold => "hold",
            PortKind::Commit => "commit",
        };
        let outcomes: Vec<String> = port.outcomes.iter().map(|outcome| format!("`{outcome}`")).collect();
        assert!(line.contains(&format!("| `{keyword}` |")), "{line}");
        assert!(line.ends_with(&format!("| {} |", outcomes.join(", "))), "{line}");
    }
}

#[test]
fn every_column_filter_repair_intent_and_code_is_in_the_guide() {
    let guide = guide();
    let row = |first: &str| guide.contains(&format!("\n| `{first}` |"));
    for kind in [
        RowKind::Patient,
        RowKind::AppointmentType,
        RowKind::Hour,
        RowKind::Appointment,
        RowKind::Professional,
        RowKind::Waiting,
        RowKind::Center,
        RowKind::Option,
    ] {
        let columns: Vec<String> = kind.columns().iter().map(|(name, _)| format!("`{name}`")).collect();
        assert!(guide.contains(&columns.join(", ")), "{columns:?}");
    }
    for (filter, _) in Filter::ALL {
        assert!(row(filter), "{filter}");
    }
    for kind in RepairKind::ALL {
        assert!(row(kind.as_str()), "{}", kind.as_str());
    }
    for intent in INTENTS {
        assert!(guide.contains(&format!("`{intent}`")), "{intent}");
    }
    for (code, _) in CODES {
        assert!(row(code), "{code}");
    }
    let codes = guide.lines().filter(|line| line.starts_with("| `F") || line.starts_with("| `W")).count();
    assert_eq!(codes, CODES.len(), "a code that is no more");
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

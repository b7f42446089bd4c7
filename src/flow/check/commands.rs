//! Words of options that are also commands: while its question waits, the option would take the command's place.
//!
//! What is a command only the understanding knows, which grows; so this is told to authors and not asked of a book
//! that is stored. An option that does what the command does anyway is no mistake, nor is one of a repair, which is
//! what commands lead to. "Cancelar", "nada" and "cambiar" are left to options: beside a question they mean what the
//! options say, as to call off the hour that was just shown, and elsewhere they steer as ever.

use std::collections::BTreeMap;

use super::words::names;
use super::{source_of, ways};
use crate::flow::definition::{Action, Book, FieldKind, FixedOption, Source};
use crate::flow::error::FlowError;

/// Tells every such word; `command` names the command that a whole message is.
pub(in crate::flow) fn check(
    book: &Book,
    sources: &BTreeMap<String, String>,
    command: &dyn Fn(&str) -> Option<&'static str>,
) -> Vec<FlowError> {
    let mut errors = Vec::new();
    for flow in book.flows.values() {
        let source = source_of(flow, sources);
        for field in flow.fields.values() {
            let FieldKind::Choice { source: Source::Fixed(options), .. } = &field.kind else { continue };
            for option in options {
                let taken = names(option).find_map(|name| Some((command(&name)?, name)));
                let Some((does, name)) = taken.filter(|(does, _)| !is_the_same(book, option, does)) else {
                    continue;
                };
                let message = format!(
                    "`{name}` chooses `{}` and is also the command that {}",
                    option.title,
                    in_words(does)
                );
                let fix = "call the option otherwise; the option would always win";
                let span = field.span.at_word(source, &option.key);
                errors.push(FlowError::new("F047", span, source, message, fix));
            }
        }
    }
    errors
}

/// Whether the option does what the command would.
fn is_the_same(book: &Book, option: &FixedOption, command: &str) -> bool {
    match (command, &option.action) {
        ("cancel" | "change", _) => true,
        ("person", Some(Action::Handoff(_))) => true,
        ("person", Some(Action::Start(flow) | Action::Call(flow) | Action::Offer(flow))) => {
            book.flows.get(flow).is_some_and(ways::is_for_a_person)
        }
        _ => false,
    }
}

fn in_words(command: &str) -> &str {
    match command {
        "menu" => "shows the menu",
        "back" => "goes back",
        "repeat" => "repeats the question",
        "person" => "brings a person",
        "help" => "asks for help",
        "restart" => "begins anew",
        "skip" => "skips the question",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{built_in, load};

    #[test]
    fn an_option_may_do_what_the_command_of_its_name_does() {
        let asks = |option: &str| {
            let text = format!(
                "flow: prueba\ntitle: probar\nstarts: {{ words: [probar] }}\nfields:\n  que:\n    type: choice\n    options:\n      - {option}\n      - {{ key: otra, title: Otra, do: {{ start: agendar }} }}\nsteps:\n  - ask: que\n    keep: false\n    text: \"¿Qué?\"\n    help: \"Una.\"\n"
            );
            let mut sources = built_in::sources();
            sources.insert("prueba.yaml".to_owned(), text);
            let book = load::book(&sources).unwrap_or_else(|errors| panic!("{errors:?}"));
            let command = |word: &str| match word {
                "una persona" => Some("person"),
                "nada" => Some("cancel"),
                "otra vez" => Some("repeat"),
                _ => None,
            };
            check(&book, &sources, &command).iter().map(|error| error.code).collect::<Vec<_>>()
        };
        assert_eq!(asks("{ key: p, title: Una persona, do: { start: humano } }"), [""; 0]);
        assert_eq!(asks("{ key: p, title: Una persona, do: { handoff: persona } }"), [""; 0]);
        assert_eq!(asks("{ key: p, title: Una persona, do: { start: ver_horas } }"), ["F047"]);
        assert_eq!(asks("{ key: n, title: Nada, do: end }"), [""; 0]);
        assert_eq!(asks("{ key: v, title: Ver, words: [otra vez], do: { start: ver_horas } }"), ["F047"]);
    }
}

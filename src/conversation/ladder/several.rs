//! An answer that names several rows: "Benjamín y Elena", "1 y 3", "los dos".

use super::Pending;
use crate::conversation::message::Message;
use crate::conversation::reply;
use crate::conversation::running::Running;
use crate::conversation::state::By;
use crate::flow::Record;
use crate::flow::definition::Field;

/// Words that mean all of them.
const ALL: [&str; 4] = ["todos", "todas", "ambos", "ambas"];
/// Words that may stand between numbers.
const BETWEEN: [&str; 6] = ["y", "e", "el", "la", "los", "las"];

impl<'a> Running<'a> {
    /// Takes all rows that the message names, when it names more than one; one alone is an answer like any other.
    pub(super) fn answer_several(
        &mut self,
        pending: &Pending<'a>,
        field: &'a Field,
        message: &Message,
    ) -> bool {
        let rows = self.rows(pending.index, field);
        let called: Vec<_> = self.called(pending.index, pending.flow, field, &rows).collect();
        let places: Vec<usize> = if means_all(message, rows.len()) {
            (0..rows.len()).collect()
        } else {
            let numbered = numbers(message, pending);
            let named = (0..rows.len()).filter(|place| {
                rows.get(*place).is_some_and(|row| numbered.contains(&row.key))
                    || message.mentioned(called.get(*place).cloned()).is_some()
            });
            named.collect()
        };
        if places.len() < 2 {
            return false;
        }
        let chosen: Vec<Record> = places.iter().filter_map(|place| rows.get(*place).cloned()).collect();
        self.rung(3, true, format!("answer to {}: {} of its rows", field.name, chosen.len()));
        self.choose_several(pending.index, pending.flow, field, chosen, By::Patient)
    }
}

/// "Todos", "para ambos", "los dos" when there are two, "los 3" when there are three.
fn means_all(message: &Message, rows: usize) -> bool {
    let words: Vec<&str> = message.normal.split_whitespace().collect();
    let number = match rows {
        2 => "dos",
        3 => "tres",
        4 => "cuatro",
        _ => "todos",
    };
    let figure = rows.to_string();
    words.iter().any(|word| ALL.contains(word))
        || words
            .windows(2)
            .any(|pair| matches!(pair[0], "los" | "las") && (pair[1] == number || pair[1] == figure.as_str()))
}

/// The keys of options named by their numbers, when the message is nothing but numbers.
fn numbers(message: &Message, pending: &Pending<'_>) -> Vec<String> {
    let words =
        message.normal.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let places: Option<Vec<usize>> =
        words.filter(|word| !BETWEEN.contains(word)).map(|word| word.parse().ok()).collect();
    let options = &pending.asked.options;
    let keys = places.unwrap_or_default().into_iter().filter_map(|place| options.get(place.checked_sub(1)?));
    keys.map(|option| option.key.clone()).filter(|key| key != reply::ALL && key != reply::ANY).collect()
}

//! An answer that names several rows: "Benjamín y Elena", "1 y 3", "los dos", or one tap after the other.
//!
//! A list of WhatsApp takes one tap. So where several can be chosen a tap adds to those before it, and the question
//! stands with the rest and "Listo"; what is typed meanwhile adds up with the taps. A tap on the list after it was
//! answered adds, too: it was meant for the same list, and nothing that was begun for the others is undone.

use super::Pending;
use crate::conversation::message::Message;
use crate::conversation::reply;
use crate::conversation::running::Running;
use crate::conversation::state::By;
use crate::conversation::walk::Rows;
use crate::flow::definition::{Field, FieldKind};
use crate::flow::{Flow, Record, Value};

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
        let picked = self.state.stack[pending.index].picked.get(&field.name).cloned().unwrap_or_default();
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
        if !picked.is_empty() && places.len() < rows.len() {
            let one = message.choice.and_then(|place| pending.asked.options.get(place));
            let mut keys: Vec<String> =
                places.iter().filter_map(|place| rows.get(*place)).map(|row| row.key.clone()).collect();
            keys.extend(one.map(|option| option.key.clone()).filter(|_| keys.is_empty()));
            return self.option_named(pending, message).is_none()
                && self.pick(pending.index, pending.flow, field, &keys);
        }
        if places.len() < 2 {
            return false;
        }
        let chosen: Vec<Record> = places.iter().filter_map(|place| rows.get(*place).cloned()).collect();
        self.rung(3, true, format!("answer to {}: {} of its rows", field.name, chosen.len()));
        self.choose_several(pending.index, pending.flow, field, chosen, By::Patient)
    }

    /// A tap on one row, where several can be chosen and there are others.
    pub(super) fn picks_one_of_several(
        &mut self,
        index: usize,
        flow: &'a Flow,
        field: &str,
        key: &str,
    ) -> bool {
        let Some(field) = flow.fields.get(field).filter(|field| takes_several(field)) else { return false };
        self.rows(index, field).len() > 1 && self.pick(index, flow, field, &[key.to_owned()])
    }

    /// Adds rows to those that were picked before; all of them are the answer. False when there are none such.
    fn pick(&mut self, index: usize, flow: &'a Flow, field: &'a Field, keys: &[String]) -> bool {
        let rows = self.rows(index, field);
        let keys: Vec<&String> = keys.iter().filter(|key| rows.iter().any(|row| row.key == **key)).collect();
        if keys.is_empty() {
            return false;
        }
        let frame = &mut self.state.stack[index];
        frame.misses = 0;
        let picked = frame.picked.entry(field.name.clone()).or_default();
        for key in keys {
            if !picked.contains(key) {
                picked.push(key.clone());
            }
        }
        let picked = picked.clone();
        if rows.without(&picked).len() == 0 {
            return self.choose_several(index, flow, field, rows.iter().cloned().collect(), By::Patient);
        }
        self.rung(3, true, format!("{} of {} so far", picked.len(), field.name));
        true
    }

    /// A tap on a list that was answered: one more. What stands now is asked again.
    pub(super) fn adds_one_of_several(
        &mut self,
        index: usize,
        flow: &'a Flow,
        field: &str,
        key: &str,
    ) -> bool {
        let Some(field) = flow.fields.get(field).filter(|field| takes_several(field)) else { return false };
        let answer = self.state.stack[index].answers.get(&field.name).map(|answer| &answer.value);
        let Some(Value::Rows(before)) = answer else { return false };
        let rows = self.rows(index, field);
        let is_new = |row: &&Record| {
            (key == reply::ALL || row.key == key) && !before.iter().any(|known| known.key == row.key)
        };
        let added: Vec<Record> = rows.iter().filter(is_new).cloned().collect();
        let known = key == reply::DONE || before.iter().any(|row| row.key == key);
        if added.is_empty() {
            self.shorter |= known;
            return known || key == reply::ALL;
        }
        let titles: Vec<String> =
            added.iter().map(|row| self.title(index, flow, field, row).into_owned()).collect();
        let all: Vec<Record> = before.iter().cloned().chain(added).collect();
        self.choose_several(index, flow, field, all, By::Patient);
        self.shorter = true;
        self.say(reply::added(&titles));
        true
    }

    /// The labels of what was picked so far, in the order of the list.
    pub(in crate::conversation) fn picked_titles(
        &self,
        index: usize,
        flow: &Flow,
        field: &Field,
        rows: &Rows,
    ) -> Vec<String> {
        let Some(picked) = self.state.stack[index].picked.get(&field.name) else { return Vec::new() };
        let picked = rows.iter().filter(|row| picked.contains(&row.key));
        picked.map(|row| self.title(index, flow, field, row).into_owned()).collect()
    }
}

pub(super) fn takes_several(field: &Field) -> bool {
    matches!(field.kind, FieldKind::Choice { several: true, .. })
}

/// "Para los dos", "ambos", beside a question that takes one: no number, though it sounds like one.
pub(super) fn wants_all(message: &Message) -> bool {
    let words: Vec<&str> = message.normal.split_whitespace().collect();
    words.len() <= 4
        && (words.iter().any(|word| ["ambos", "ambas", "todos", "todas"].contains(word))
            || words.windows(2).any(|pair| matches!(pair, ["los", "dos" | "tres" | "2" | "3"])))
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
    keys.map(|option| option.key.clone())
        .filter(|key| ![reply::ALL, reply::ANY, reply::DONE].contains(&key.as_str()))
        .collect()
}

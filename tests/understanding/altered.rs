//! The same message written otherwise is heard the same: without accents, in capitals, with spaces doubled, with
//! courtesy around it, with one slip of the finger in a long word. Every line of every table is altered.
//!
//! What an alteration may change is listed here and nowhere else: an accent can be the only thing that tells "sí" from
//! "si" or "canceló" from "cancelo", so a line may lose its reading with it, but none may gain a dangerous one.

use std::fmt::Write as _;

use smartsalud::understanding::{meaning_of, normal};

use crate::hear::{TABLES, dangers, right};
use crate::table::{Line, Table};

/// Judges every line of every table, altered; lines that `alter` leaves as they are do not count. `may_fail`: how many
/// in a thousand may be heard otherwise. A dangerous reading that the line did not have is never allowed.
fn unaltered_by(name: &str, may_fail: usize, alter: impl Fn(&Line) -> Option<String>) {
    let (mut count, mut otherwise, mut failures, mut gained) = (0, 0, String::new(), String::new());
    for table in TABLES.map(Table::read) {
        for line in &table.lines {
            let Some(message) = alter(line) else { continue };
            let altered = Line { message, ..line.clone() };
            count += 1;
            if let Err(got) = right(&table, &altered) {
                otherwise += 1;
                let _ = writeln!(
                    failures,
                    "{}: «{}» expected {} got {got}",
                    table.name, altered.message, line.expected
                );
            }
            let before = dangers(&line.message);
            for danger in dangers(&altered.message) {
                // one of two that tie may become the other; what was harmless may not become dangerous
                if before.is_empty() {
                    let _ = writeln!(gained, "{}: «{}» is now {danger}", table.name, altered.message);
                }
            }
        }
    }
    assert!(count > 300, "{name}: only {count} lines were altered");
    assert!(gained.is_empty(), "{name}: a dangerous reading is gained\n{gained}");
    assert!(
        otherwise * 1_000 <= may_fail * count,
        "{name}: {otherwise} of {count} lines are heard otherwise, more than {may_fail} in a thousand\n{failures}"
    );
}

fn changed(line: &Line, message: String) -> Option<String> {
    (message != line.message).then_some(message)
}

fn plain(text: &str) -> String {
    let letter = |letter| match letter {
        'á' => 'a',
        'é' => 'e',
        'í' => 'i',
        'ó' => 'o',
        'ú' => 'u',
        'Á' => 'A',
        'É' => 'E',
        'Í' => 'I',
        'Ó' => 'O',
        'Ú' => 'U',
        other => other,
    };
    text.chars().map(letter).collect()
}

#[test]
fn capital_letters_change_nothing() {
    // "Domingo Soto" is a man, "DOMINGO SOTO" nobody can tell
    unaltered_by("capitals", 1, |line| changed(line, line.message.to_uppercase()));
}

#[test]
fn doubled_spaces_change_nothing() {
    unaltered_by("spaces", 0, |line| changed(line, format!("  {} ", line.message.replace(' ', "  "))));
}

#[test]
fn missing_accents_change_only_what_an_accent_alone_can_tell() {
    unaltered_by("accents", 20, |line| changed(line, plain(&line.message)));
}

#[test]
fn a_greeting_before_it_changes_nothing() {
    // a greeting is a message of its own when nothing else is said, and a command or a label is the whole message
    unaltered_by("greeting", 15, |line| changed(line, format!("Hola, buenas tardes. {}", line.message)));
}

#[test]
fn thanks_after_it_change_nothing() {
    unaltered_by("thanks", 15, |line| {
        let end = line.message.chars().next_back()?;
        let joint = if end.is_alphanumeric() { "," } else { "" };
        changed(line, format!("{}{joint} por favor", line.message))
    });
}

/// Two neighbouring letters inside a word changed places: the slip that a thumb makes.
fn swapped(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let middle = letters.len() / 2;
    let at = (middle..letters.len() - 1).find(|at| letters[*at] != letters[at - 1]).unwrap_or(middle);
    letters.swap(at - 1, at);
    letters.into_iter().collect()
}

/// A letter left out.
fn shortened(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    letters.remove(letters.len() / 2);
    letters.into_iter().collect()
}

/// A letter struck twice.
fn doubled(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let middle = letters.len() / 2;
    letters.insert(middle, letters[middle]);
    letters.into_iter().collect()
}

/// The message with a slip in its longest word that means something to the bot, of eight letters or more.
fn slip(line: &Line, slip: impl Fn(&str) -> String) -> Option<String> {
    let longest = line
        .message
        .split(|letter: char| !letter.is_alphabetic())
        .filter(|word| word.chars().count() >= 8 && word.is_ascii() && *word == word.to_lowercase())
        .filter(|word| meaning_of(word) == Some(*word))
        .max_by_key(|word| word.len())?;
    let wrong = slip(longest);
    // another word of its own: "cancelaron", "cancelaran"
    (meaning_of(&wrong) == Some(longest)).then(|| line.message.replacen(longest, &wrong, 1))
}

/// How many long words there are, and how many are still known with a slip in them.
fn put_right(slip: impl Fn(&str) -> String) -> (usize, usize) {
    let mut words: Vec<String> = TABLES
        .map(Table::read)
        .iter()
        .flat_map(|table| &table.lines)
        .flat_map(|line| line.message.split(|letter: char| !letter.is_alphabetic()).map(str::to_owned))
        .filter(|word| word.chars().count() >= 8 && word.is_ascii() && *word == word.to_lowercase())
        // not the ones that are misspelt already: "nesesito", "porfavor"
        .filter(|word| meaning_of(word) == Some(word.as_str()) && normal(word) == *word)
        .collect();
    words.sort();
    words.dedup();
    // "agenadrme" is "agendar" with a pronoun
    let wrong: Vec<&String> = words
        .iter()
        .filter(|word| !meaning_of(&slip(word)).is_some_and(|meant| word.starts_with(meant)))
        .collect();
    println!("not put right: {wrong:?}");
    (words.len(), words.len() - wrong.len())
}

#[test]
fn a_slip_in_a_long_word_changes_nothing() {
    for (name, wrong) in
        [("swapped", swapped as fn(&str) -> String), ("shortened", shortened), ("doubled", doubled)]
    {
        let (all, right) = put_right(wrong);
        assert!(right * 100 >= all * 85, "{name}: of {all} long words {right} are put right");
        unaltered_by(name, 5, |line| slip(line, wrong));
    }
}

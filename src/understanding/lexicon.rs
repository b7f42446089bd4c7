//! The word lists, read once from the files beside this one: one line a word or phrase, so that "here they say X"
//! is one line.

use std::collections::HashMap;
use std::sync::OnceLock;

/// `abbreviation = words`, a line each; `#` begins a comment.
const ABBREVIATIONS: &str = include_str!("words/abbreviations.txt");
/// `specialty: word, word, …`, a line each.
const SPECIALTIES: &str = include_str!("words/specialties.txt");

fn lines(file: &'static str) -> impl Iterator<Item = &'static str> {
    file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// What an abbreviation or a common misspelling stands for.
pub(super) fn written_out(word: &str) -> Option<&'static str> {
    static KNOWN: OnceLock<HashMap<&'static str, &'static str>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| {
        lines(ABBREVIATIONS)
            .filter_map(|line| line.split_once('='))
            .map(|(a, b)| (a.trim(), b.trim()))
            .collect()
    });
    known.get(word).copied()
}

/// The built-in specialties: name, and how patients call it.
pub(super) fn specialties() -> &'static [(&'static str, Vec<&'static str>)] {
    static KNOWN: OnceLock<Vec<(&'static str, Vec<&'static str>)>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let entry = |line: &'static str| {
            let (name, words) = line.split_once(':')?;
            Some((name.trim(), words.split(',').map(str::trim).filter(|word| !word.is_empty()).collect()))
        };
        lines(SPECIALTIES).filter_map(entry).collect()
    })
}

/// What an emoji says, when it says something.
pub(super) fn emoji(c: char) -> Option<&'static str> {
    match c {
        '👍' | '✅' | '👌' | '✔' | '🆗' | '☑' => Some("dale"),
        '👎' | '❌' | '🚫' | '✖' => Some("no"),
        '🙏' => Some("gracias"),
        '👋' => Some("hola"),
        _ => None,
    }
}

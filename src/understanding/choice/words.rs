//! Options by the words on them, a letter off or by another name.

use super::is_idle;
use crate::understanding::normal::{Kind, Read, folded};
use crate::understanding::spelling::sound;
use crate::understanding::{Offered, specialty};

/// Words in a message that chooses by words at most.
const LONGEST: usize = 14;

/// Options whose words were said; those with the most.
pub(super) fn by_words(
    read: &Read<'_>,
    options: &[Offered<'_>],
    counts: impl Fn(usize) -> bool,
) -> Option<Vec<usize>> {
    let mut said: Vec<Said<'_>> = Vec::new();
    for at in 0..read.tokens.len() {
        if read.tokens[at].kind == Kind::Word && counts(at) && !is_idle(read, at) {
            said.push(Said::of(read.word(at)));
            // a name may be taken for a misspelt word
            if read.typed(at) != read.word(at) {
                said.push(Said::of(read.typed(at)));
            }
        }
    }
    if said.is_empty() || said.len() > LONGEST {
        return None;
    }
    // one professional in one room: the second lines of a list are often the same
    let mut detail: Option<(&str, usize)> = None;
    let scores: Vec<usize> = options
        .iter()
        .map(|option| {
            let below = option.detail.map_or(0, |text| match detail {
                Some((known, score)) if known == text => score,
                _ => detail.insert((text, words_said(text, &said))).1,
            });
            score(read, option).max(words_said(option.label, &said) + below)
        })
        .collect();
    let Some(best) = scores.iter().copied().max().filter(|best| *best > 0) else {
        // "médico" for "Medicina general"
        let meant: Vec<usize> =
            specialty::among(read, options.iter().map(|option| option.label), |at| !counts(at));
        return (!meant.is_empty()).then_some(meant);
    };
    Some((0..options.len()).filter(|at| scores[*at] == best).collect())
}

/// A word of the message that may name an option.
struct Said<'r> {
    word: &'r str,
    /// How many letters it has.
    length: usize,
    sound: String,
}

impl<'r> Said<'r> {
    fn of(word: &'r str) -> Self {
        Self { word, length: word.chars().count(), sound: sound(word) }
    }
}

/// How much of a phrase that stands for the option was said.
fn score(read: &Read<'_>, option: &Offered<'_>) -> usize {
    let phrases = option.words.iter().filter(|phrase| stands(read, phrase));
    phrases.map(|phrase| phrase.len() * 2).max().unwrap_or(0)
}

/// How much of a line on the screen was said.
fn words_said(line: &str, said: &[Said<'_>]) -> usize {
    let words = line.split(|c: char| !c.is_alphanumeric()).filter(|word| {
        word.chars().count() > 2 && !matches!(*word, "con" | "para" | "hora" | "Hora" | "Con" | "las" | "los")
    });
    words.filter(|word| was_said(word, said)).map(str::len).sum()
}

/// Whether a phrase stands in the message, word by word.
fn stands(read: &Read<'_>, phrase: &str) -> bool {
    let words = || phrase.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words().next().is_some()
        && (0..read.tokens.len()).any(|at| {
            words().enumerate().all(|(offset, word)| {
                at + offset < read.tokens.len()
                    && (folded(word).eq(read.word(at + offset).chars())
                        || folded(word).eq(read.typed(at + offset).chars()))
            })
        })
}

/// Whether a word of a label was said: itself, one that sounds like it, or a letter off when it is long.
fn was_said(label: &str, said: &[Said<'_>]) -> bool {
    let label: String = folded(label).collect();
    let length = label.chars().count();
    let mut heard: Option<String> = None;
    said.iter().any(|said| {
        if label == said.word {
            return true;
        }
        if length < 4 || said.length < 4 {
            return false;
        }
        if *heard.get_or_insert_with(|| sound(&label)) == said.sound {
            return true;
        }
        said.length >= 5
            && length >= 5
            && length.abs_diff(said.length) <= 2
            && strsim::osa_distance(&label, said.word) <= 1 + usize::from(said.length >= 9)
    })
}

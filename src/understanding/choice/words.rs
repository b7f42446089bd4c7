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
    let mut said: Vec<&str> = Vec::new();
    for at in 0..read.tokens.len() {
        if read.tokens[at].kind == Kind::Word && counts(at) && !is_idle(read, at) {
            said.push(read.word(at));
            // a name may be taken for a misspelt word
            if read.typed(at) != read.word(at) {
                said.push(read.typed(at));
            }
        }
    }
    if said.is_empty() || said.len() > LONGEST {
        return None;
    }
    let scores: Vec<usize> = options.iter().map(|option| score(read, &said, option)).collect();
    let Some(best) = scores.iter().copied().max().filter(|best| *best > 0) else {
        // "médico" for "Medicina general"
        let meant: Vec<usize> =
            specialty::among(read, options.iter().map(|option| option.label), |at| !counts(at));
        return (!meant.is_empty()).then_some(meant);
    };
    Some((0..options.len()).filter(|at| scores[*at] == best).collect())
}

fn score(read: &Read<'_>, said: &[&str], option: &Offered<'_>) -> usize {
    let phrase =
        option.words.iter().filter(|phrase| stands(read, phrase)).map(|phrase| phrase.len() * 2).max();
    let label = [Some(option.label), option.detail];
    let words: usize = label
        .into_iter()
        .flatten()
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| {
            word.chars().count() > 2
                && !matches!(*word, "con" | "para" | "hora" | "Hora" | "Con" | "las" | "los")
        })
        .filter(|word| said.iter().any(|other| is_same(word, other)))
        .map(str::len)
        .sum();
    phrase.unwrap_or(0).max(words)
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

/// The same word, or a letter off in a long one.
fn is_same(label: &str, said: &str) -> bool {
    if folded(label).eq(said.chars()) {
        return true;
    }
    let length = said.chars().count();
    if length >= 4 && label.chars().count() >= 4 {
        let label: String = folded(label).collect();
        if sound(&label) == sound(said) {
            return true;
        }
    }
    if length < 5 || label.chars().count().abs_diff(length) > 2 {
        return false;
    }
    let label: String = folded(label).collect();
    label.len() >= 5 && strsim::osa_distance(&label, said) <= 1 + usize::from(length >= 9)
}

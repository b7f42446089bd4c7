//! Professionals by surname, with noise and typos, and RUTs in every spelling.

use super::Reason;
use super::normal::{Read, normal};
use crate::value::{Rut, RutTail};

/// A whole RUT, and the end of one.
pub(super) fn rut(read: &Read) -> (Option<Rut>, Option<RutTail>) {
    let words: Vec<&str> = read.tokens.iter().map(|token| token.word.as_str()).collect();
    let sign = |word: &str| matches!(word, "." | "-" | "–" | "—" | "−" | "‐" | "‑" | "," | "guion" | "…");
    let digit_like = |word: &str| {
        word.bytes().all(|b| b.is_ascii_digit())
            || word == "k"
            || word
                .strip_suffix('k')
                .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    let mut tail = None;
    let mut at = 0;
    while at < words.len() {
        if !words[at].starts_with(|c: char| c.is_ascii_digit()) {
            at += 1;
            continue;
        }
        let mut compact = String::new();
        let mut end = at;
        while end < words.len() && (digit_like(words[end]) || sign(words[end])) {
            if digit_like(words[end]) {
                compact.push_str(words[end]);
            }
            end += 1;
        }
        if let Ok(rut) = compact.parse::<Rut>() {
            return (Some(rut), Some(rut.tail()));
        }
        // four digits, a sign and a digit: 5678-5
        if tail.is_none() && (4..=5).contains(&compact.len()) {
            let signed = words[at..end].iter().any(|word| sign(word) && *word != "." && *word != ",");
            let whole = read.count() <= 4;
            if compact.len() == 5 && (signed || whole) {
                tail = compact.parse().ok();
            }
        }
        at = end.max(at + 1);
    }
    (None, tail)
}

/// The professional meant: a surname of the roster, one letter off at most, and clearly nearer than any other.
pub(super) fn doctor(read: &Read, roster: &[String], why: &mut Vec<Reason>) -> Option<String> {
    if roster.is_empty() {
        return None;
    }
    // noise inside a name ("olav-arria") leaves pieces: neighbours are also tried joined
    let words: Vec<&str> = read.tokens.iter().map(|token| token.word.as_str()).collect();
    let mut candidates: Vec<String> = Vec::new();
    for at in 0..words.len() {
        if words[at].chars().all(char::is_alphabetic) {
            candidates.push(words[at].to_owned());
        }
        let mut joined = String::new();
        for word in words.iter().skip(at).take(5) {
            if word.chars().all(char::is_alphanumeric) {
                joined.push_str(word);
                candidates.push(joined.clone());
            }
        }
    }
    let mut best: Option<(usize, &String)> = None;
    let mut tied = false;
    for surname in roster {
        let known = normal(surname);
        let length = known.chars().count();
        let most = match length {
            0..=4 => 0,
            5..=6 => 1,
            _ => 2,
        };
        let near = candidates
            .iter()
            .filter(|word| word.chars().count().abs_diff(length) <= most)
            .map(|word| {
                strsim::osa_distance(&sound(word), &sound(&known)).min(strsim::osa_distance(word, &known))
            })
            .min()
            .filter(|distance| *distance <= most);
        let Some(distance) = near else { continue };
        match best {
            Some((least, _)) if distance > least => {}
            Some((least, known)) if distance == least => tied |= known != surname,
            _ => {
                best = Some((distance, surname));
                tied = false;
            }
        }
    }
    let (_, surname) = best.filter(|_| !tied)?;
    why.push(Reason { rule: "doctor: surname", span: read.all() });
    Some(surname.clone())
}

/// How a name sounds in Chile: v = b, z and soft c = s, y = ll, no h.
pub(super) fn sound(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let letters: Vec<char> = word.chars().collect();
    let mut at = 0;
    while at < letters.len() {
        let next = letters.get(at + 1).copied();
        match letters[at] {
            'h' => {}
            'v' | 'w' => out.push('b'),
            'z' => out.push('s'),
            'c' if matches!(next, Some('e' | 'i')) => out.push('s'),
            'c' if next == Some('h') => {
                out.push_str("ch");
                at += 1;
            }
            'c' => out.push('k'),
            'q' => {
                out.push('k');
                if next == Some('u') {
                    at += 1;
                }
            }
            'g' if matches!(next, Some('e' | 'i')) => out.push('j'),
            'l' if next == Some('l') => {
                out.push('y');
                at += 1;
            }
            'x' => out.push('s'),
            other if out.ends_with(other) => {}
            other => out.push(other),
        }
        at += 1;
    }
    out
}

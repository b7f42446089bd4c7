//! Prestaciones: by the centre's own words for them, one or two letters off in long words, else by a built-in list.

use super::names::sound;
use super::normal::{Read, normal};
use super::{Reason, Specialty, lexicon};

/// Words that look like a prestación's and are not.
const NEVER: [&str; 24] = [
    "medicina", "general", "control", "hora", "horas", "consulta", "atencion", "para", "mañana", "tarde",
    "martes", "jueves", "marzo", "doctor", "doctora", "medico", "cuanto", "cuando", "grande", "dientes",
    "gracias", "quiero", "necesito", "persona",
];

/// The key of the prestación meant: the longest words that were said; near misses count less.
pub(super) fn of(read: &Read, own: &[Specialty], why: &mut Vec<Reason>) -> Option<String> {
    let mut best: Option<(u32, String)> = None;
    let mut consider = |key: &str, words: &str| {
        let words = normal(words);
        let exact = read.has(&words)
            || (words.chars().count() > 4
                && (read.has(&format!("{words}s")) || read.has(&format!("{words}es"))));
        let score = if exact { 1_000 + u32::try_from(words.len()).unwrap_or(0) } else { near(read, &words) };
        if score > 0 && best.as_ref().is_none_or(|(least, _)| score > *least) {
            best = Some((score, key.to_owned()));
        }
    };
    if own.is_empty() {
        for (key, words) in lexicon::specialties() {
            consider(key, key);
            words.iter().for_each(|word| consider(key, word));
        }
    } else {
        for specialty in own {
            consider(&specialty.key, &specialty.name);
            specialty.words.iter().for_each(|word| consider(&specialty.key, word));
        }
    }
    let (_, key) = best?;
    why.push(Reason { rule: "specialty: patient words", span: read.all() });
    Some(key)
}

/// How near a word of the text is to a single long word; 0 is not at all.
fn near(read: &Read, words: &str) -> u32 {
    let length = words.chars().count();
    if words.contains(' ') || length < 4 {
        return 0;
    }
    let most = match length {
        4..=5 => 1,
        6..=8 => 2,
        _ => 3,
    };
    let wanted = sound(words);
    let distance = read
        .words()
        .filter(|word| {
            !NEVER.contains(word) && word.chars().count() >= 4 && word.chars().count().abs_diff(length) <= 3
        })
        .map(|word| strsim::osa_distance(&sound(word), &wanted))
        .min();
    match distance {
        // a short word must keep its first letter's sound, and be one letter off at most
        Some(distance) if distance <= most && (length > 5 || distance <= 1) => {
            500 - u32::try_from(distance).unwrap_or(0) * 50 + u32::try_from(length).unwrap_or(0)
        }
        _ => 0,
    }
}

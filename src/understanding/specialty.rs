//! Prestaciones: by the centre's own words for them, one or two letters off in long words, else by a built-in list.

use std::sync::OnceLock;

use super::names::sound;
use super::normal::{Read, normal};
use super::{Reason, Specialty, lexicon};

/// Words that look like a prestación's and are not.
const NEVER: [&str; 24] = [
    "medicina", "general", "control", "hora", "horas", "consulta", "atencion", "para", "mañana", "tarde",
    "martes", "jueves", "marzo", "doctor", "doctora", "medico", "cuanto", "cuando", "grande", "dientes",
    "gracias", "quiero", "necesito", "persona",
];

/// A name of a prestación, ready to be compared.
struct Named {
    words: String,
    length: usize,
    sound: String,
}

impl Named {
    fn new(name: &str) -> Self {
        let words = normal(name);
        Self { length: words.chars().count(), sound: sound(&words), words }
    }
}

/// The built-in list, normalised once: it is looked through for every message.
fn built_in() -> &'static [(&'static str, Vec<Named>)] {
    static LIST: OnceLock<Vec<(&'static str, Vec<Named>)>> = OnceLock::new();
    LIST.get_or_init(|| {
        let names = |key: &str, words: &[&str]| {
            std::iter::once(key).chain(words.iter().copied()).map(Named::new).collect()
        };
        lexicon::specialties().iter().map(|(key, words)| (*key, names(key, words))).collect()
    })
}

/// A word of the message that could be a slip for a name.
struct Said {
    length: usize,
    sound: String,
}

/// The key of the prestación meant: the longest words that were said; near misses count less.
pub(super) fn of(read: &Read, own: &[Specialty], why: &mut Vec<Reason>) -> Option<String> {
    let said: Vec<Said> = read
        .words()
        .filter(|word| !NEVER.contains(word) && word.chars().count() >= 4)
        .map(|word| Said { length: word.chars().count(), sound: sound(word) })
        .collect();
    let mut best: Option<(u32, String)> = None;
    let mut consider = |key: &str, name: &Named| {
        let words = &name.words;
        let exact = read.has(words)
            || (name.length > 4
                && read.line.contains(words.as_str())
                && (read.has(&format!("{words}s")) || read.has(&format!("{words}es"))));
        let score = if exact { 1_000 + u32::try_from(words.len()).unwrap_or(0) } else { near(&said, name) };
        if score > 0 && best.as_ref().is_none_or(|(least, _)| score > *least) {
            best = Some((score, key.to_owned()));
        }
    };
    if own.is_empty() {
        for (key, names) in built_in() {
            names.iter().for_each(|name| consider(key, name));
        }
    } else {
        for specialty in own {
            consider(&specialty.key, &Named::new(&specialty.name));
            specialty.words.iter().for_each(|word| consider(&specialty.key, &Named::new(word)));
        }
    }
    let (_, key) = best?;
    why.push(Reason { rule: "specialty: patient words", span: read.all() });
    Some(key)
}

/// How near a word of the text is to a single long word; 0 is not at all.
fn near(said: &[Said], name: &Named) -> u32 {
    let length = name.length;
    if name.words.contains(' ') || length < 4 {
        return 0;
    }
    let most = match length {
        4..=5 => 1,
        6..=8 => 2,
        _ => 3,
    };
    let close = said.iter().filter(|word| word.length.abs_diff(length) <= 3);
    let distance = close.map(|word| strsim::osa_distance(&word.sound, &name.sound)).min();
    match distance {
        // a short word must keep its first letter's sound, and be one letter off at most
        Some(distance) if distance <= most && (length > 5 || distance <= 1) => {
            500 - u32::try_from(distance).unwrap_or(0) * 50 + u32::try_from(length).unwrap_or(0)
        }
        _ => 0,
    }
}

//! Whom and what a message names: rows of a list by their labels and other words, professionals by name or surname.
//!
//! A surname alone is no professional, for a patient may be called so, too: a word before it must say so. Of two that
//! fit as well none is meant.

use std::borrow::Cow;

use super::Message;
use crate::understanding::normal;

/// How a row can be named.
#[derive(Debug, Clone)]
pub(in crate::conversation) struct Called<'r> {
    /// As it stands on the screen.
    pub(in crate::conversation) title: Cow<'r, str>,
    /// Other words for it.
    pub(in crate::conversation) words: &'r [String],
}

impl<'r> Called<'r> {
    pub(in crate::conversation) fn by(title: &'r str, words: &'r [String]) -> Self {
        Self { title: Cow::Borrowed(title), words }
    }
}

/// A professional in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::conversation) struct Named {
    /// Which of the choices.
    pub(in crate::conversation) place: usize,
    /// Wanted, or just not: "con cualquiera menos Soto".
    pub(in crate::conversation) wanted: bool,
}

/// What stands before the name of a professional who is not wanted.
const REFUSES: [&str; 5] = ["no", "menos", "excepto", "salvo", "sin"];

/// What stands before the name of a professional.
const TITLES: [&str; 25] = [
    "doctor",
    "doctora",
    "dr",
    "dra",
    "doc",
    "sr",
    "sra",
    "srta",
    "señorita",
    "matrona",
    "matron",
    "dentista",
    "odontologo",
    "odontologa",
    "kine",
    "kinesiologo",
    "kinesiologa",
    "enfermera",
    "enfermero",
    "nutricionista",
    "psicologa",
    "psicologo",
    "medico",
    "medica",
    "profesional",
];

impl Message {
    /// Whether the whole message is this label.
    pub(in crate::conversation) fn is(&self, label: &str) -> bool {
        begins_alike(label, &self.normal) && normal(label) == self.normal
    }

    /// The one row of these that the words name, by its label or other words for it; the longest name wins.
    pub(in crate::conversation) fn mentioned<'r>(
        &self,
        rows: impl IntoIterator<Item = Called<'r>>,
    ) -> Option<usize> {
        let mut best: Option<(usize, usize)> = None;
        let mut tied = false;
        for (place, called) in rows.into_iter().enumerate() {
            let names = std::iter::once(&*called.title).chain(called.words.iter().map(String::as_str));
            let score = names.filter_map(|name| self.names(name)).max().unwrap_or(0);
            match best {
                _ if score == 0 => {}
                Some((most, _)) if score < most => {}
                Some((most, _)) if score == most => tied = true,
                _ => (best, tied) = (Some((score, place)), false),
            }
        }
        best.filter(|_| !tied).map(|(_, place)| place)
    }

    /// The professional whom the words name: by the whole name, or by part of it after a word that says so.
    pub(in crate::conversation) fn professional<'r>(
        &self,
        rows: impl IntoIterator<Item = Called<'r>>,
    ) -> Option<Named> {
        let mut best: Option<(usize, Named)> = None;
        let mut tied = false;
        for (place, called) in rows.into_iter().enumerate() {
            let first = called.title.split_whitespace().next();
            let partly = called.words.iter().map(String::as_str).chain(first).map(|name| (name, true));
            let names = std::iter::once((&*called.title, false)).chain(partly);
            let found = names.filter_map(|(name, part)| {
                let (at, length) = self.stands(name)?;
                // both surnames, or a name and a surname, are nobody else's
                (!part || length > 1 || self.is_announced(at)).then_some((length, at))
            });
            let Some((score, at)) = found.max_by_key(|(length, _)| *length) else { continue };
            match &best {
                Some((most, _)) if score < *most => {}
                Some((most, _)) if score == *most => tied = true,
                _ => (best, tied) = (Some((score, Named { place, wanted: !self.is_refused(at) })), false),
            }
        }
        best.filter(|_| !tied).map(|(_, named)| named)
    }

    /// "Con otra persona", "con otro doctor"; "para otra persona" is a patient.
    pub(in crate::conversation) fn wants_someone_else(&self) -> bool {
        self.words.windows(2).enumerate().any(|(at, two)| {
            ["otro", "otra"].contains(&two[0].as_str())
                && (two[1] == "persona" || two[1] == "profesional" || TITLES.contains(&two[1].as_str()))
                && (two[1] != "persona" || (at > 0 && self.words[at - 1] == "con"))
                && !self.words[..at].iter().any(|word| word == "hablar" || word == "para")
        })
    }

    /// Whether "con", "la doctora" or the like stands before it.
    fn is_announced(&self, at: usize) -> bool {
        let before = self.words[..at].iter().rev().take(3);
        let mut before = before.skip_while(|word| ["la", "el", "señora", "señor"].contains(&word.as_str()));
        before
            .next()
            .is_some_and(|word| ["con", "donde"].contains(&word.as_str()) || TITLES.contains(&word.as_str()))
    }

    /// "No con la doctora Soto", "menos con Soto".
    fn is_refused(&self, at: usize) -> bool {
        let before = self.words[..at].iter().rev().take(6);
        let mut before = before.skip_while(|word| {
            ["la", "el", "con", "sea", "quiero", "quisiera", "me", "gusta", "señora", "señor"]
                .contains(&word.as_str())
                || TITLES.contains(&word.as_str())
        });
        before.next().is_some_and(|word| REFUSES.contains(&word.as_str()))
    }

    /// Whether a word stands in it with which somebody is refused.
    pub(in crate::conversation) fn refuses(&self) -> bool {
        self.words.iter().any(|word| REFUSES.contains(&word.as_str()))
    }

    /// Where a name stands in the message and how many words it has.
    fn stands(&self, name: &str) -> Option<(usize, usize)> {
        if !self.words.iter().any(|word| begins_alike(name, word)) {
            return None;
        }
        let name = normal(name);
        let name: Vec<&str> = name.split_whitespace().collect();
        if name.is_empty() {
            return None;
        }
        let stands = |window: &[String]| window.iter().zip(&name).all(|(said, word)| is_word(said, word));
        self.words.windows(name.len()).position(stands).map(|at| (at, name.len()))
    }

    /// How many words of a name stand in the message, one after the other; all of them must.
    fn names(&self, name: &str) -> Option<usize> {
        self.stands(name).map(|(_, length)| length)
    }
}

/// A quick look before anything is normalised: a label and words that begin otherwise are not the same.
fn begins_alike(label: &str, words: &str) -> bool {
    let first = label.chars().find(|letter| letter.is_alphanumeric()).map(|letter| match letter {
        'á' | 'Á' => 'a',
        'é' | 'É' => 'e',
        'í' | 'Í' => 'i',
        'ó' | 'Ó' => 'o',
        'ú' | 'ü' | 'Ú' | 'Ü' => 'u',
        letter => letter.to_ascii_lowercase(),
    });
    match (first, words.chars().next()) {
        (Some(label), Some(word)) if label.is_ascii() && word.is_ascii() => label == word,
        (Some(_), Some(_)) => true,
        _ => false,
    }
}

/// Whether a word was meant: itself, its beginning ("benja" of "benjamin"), or with one slip of the finger in it when
/// it is long.
fn is_word(said: &str, word: &str) -> bool {
    said == word
        || (said.len() >= 5 && word.len() >= said.len() + 2 && word.starts_with(said))
        || (word.chars().count() >= 6
            && said.chars().count() >= 5
            && begins_alike(word, said)
            && strsim::osa_distance(said, word) <= 1)
}

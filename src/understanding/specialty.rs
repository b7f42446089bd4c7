//! The prestación meant: in the centre's own words, with typos, and by what Chileans call it anyway.

use super::lexicon::{BuiltIn, lexicon};
use super::normal::{Kind, Read, folded};
use super::spelling::sound;
use super::{Reason, Span, Specialty};

/// The key of the prestación meant, and the tokens that say so. `denied` tells which tokens are under a negation.
pub(super) fn of(
    read: &Read<'_>,
    offered: &[Specialty],
    denied: impl Fn(usize) -> bool,
    why: &mut Vec<Reason>,
) -> Option<(String, Span)> {
    let known = built_in(read, &denied);
    let found = if offered.is_empty() {
        known.map(|(specialty, span)| (specialty.name.to_owned(), span))
    } else {
        let own = centres(read, offered, &denied);
        // the longer phrase says more; the centre's own words win a tie
        match (own, known) {
            (Some((key, span)), Some((_, other))) if span.len() >= other.len() => Some((key, span)),
            (own, Some((specialty, span))) => translate(specialty, offered).map(|key| (key, span)).or(own),
            (own, None) => own,
        }
    };
    let (key, span) = found?;
    why.push(Reason { rule: "specialty: named", span: read.span(span.clone()) });
    Some((key, span))
}

/// The built-in prestación with the longest phrase in the text.
fn built_in(read: &Read<'_>, denied: &impl Fn(usize) -> bool) -> Option<(&'static BuiltIn, Span)> {
    let mut best: Option<(&'static BuiltIn, Span)> = None;
    for at in 0..read.tokens.len() {
        let first = read.tokens[at].word;
        if first == 0 || denied(at) {
            continue;
        }
        for specialty in &lexicon().specialties {
            for phrase in &specialty.words {
                let stands = phrase[0] == first
                    && !is_somebody(read, at + phrase.len())
                    && phrase.iter().enumerate().all(|(offset, word)| {
                        read.tokens.get(at + offset).is_some_and(|token| token.word == *word)
                    });
                if stands && best.as_ref().is_none_or(|(_, span)| phrase.len() > span.len()) {
                    best = Some((specialty, at..at + phrase.len()));
                }
            }
        }
    }
    best
}

/// Whether "doctor" or "doctora" ends just before a token and a name begins there: "la doctora Rojas" is a person, and
/// says nothing of what she does.
fn is_somebody(read: &Read<'_>, at: usize) -> bool {
    let titled = at > 0 && matches!(read.word(at - 1), "doctor" | "doctora");
    let name = at + usize::from(read.is_sign(at, '.'));
    titled && read.tokens.get(name).is_some_and(|token| token.kind == Kind::Word) && read.is_name(name)
}

/// The centre's prestación with the longest phrase in the text, else the one an unknown word is nearest to.
fn centres(
    read: &Read<'_>,
    offered: &[Specialty],
    denied: &impl Fn(usize) -> bool,
) -> Option<(String, Span)> {
    let mut best: Option<(&Specialty, Span)> = None;
    for specialty in offered {
        for phrase in std::iter::once(&specialty.name).chain(&specialty.words) {
            let Some(span) = stands(read, phrase, denied) else { continue };
            if best.as_ref().is_none_or(|(_, other)| span.len() > other.len()) {
                best = Some((specialty, span));
            }
        }
    }
    if best.is_none() {
        best = nearest(read, offered, denied);
    }
    best.map(|(specialty, span)| (specialty.key.clone(), span))
}

/// Where a phrase stands, word by word.
fn stands(read: &Read<'_>, phrase: &str, denied: &impl Fn(usize) -> bool) -> Option<Span> {
    let words = || phrase.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let same = |at: usize, word: &str| {
        folded(word).eq(read.typed(at).chars()) || folded(word).eq(read.word(at).chars())
    };
    let first = words().next()?;
    'places: for at in 0..read.tokens.len() {
        if denied(at) || !matches!(read.tokens[at].kind, Kind::Word) || !same(at, first) {
            continue;
        }
        let mut next = at + 1;
        for word in words().skip(1) {
            // "control de la presión" is "control de presión"
            while read.w(next) == super::glue::W::La || read.w(next) == super::glue::W::El {
                next += 1;
            }
            if next >= read.tokens.len() || !same(next, word) {
                continue 'places;
            }
            next += 1;
        }
        return Some(at..next);
    }
    None
}

fn nearest<'o>(
    read: &Read<'_>,
    offered: &'o [Specialty],
    denied: &impl Fn(usize) -> bool,
) -> Option<(&'o Specialty, Span)> {
    let mut best: Option<(usize, &Specialty, usize)> = None;
    for at in 0..read.tokens.len() {
        let typed = read.typed(at);
        let length = typed.chars().count();
        let token = read.tokens[at];
        if token.kind != Kind::Word
            || length < 5
            || denied(at)
            || (token.word != 0 && token.entry.text == typed)
        {
            continue;
        }
        let heard = sound(typed);
        for specialty in offered {
            for name in std::iter::once(&specialty.name).chain(&specialty.words) {
                if name.contains(' ') || name.len().abs_diff(typed.len()) > 3 {
                    continue;
                }
                let name: String = folded(name).collect();
                let letters = strsim::osa_distance(typed, &name);
                let sounds = strsim::osa_distance(&heard, &sound(&name));
                let most = if length >= 8 { 3 } else { 1 };
                let cost = sounds * 4 + letters;
                if letters <= most && sounds <= 1 && best.is_none_or(|(least, _, _)| cost < least) {
                    best = Some((cost, specialty, at));
                }
            }
        }
    }
    best.map(|(_, specialty, at)| (specialty, at..at + 1))
}

/// Whether a phrase is a name of a built-in prestación.
fn names(specialty: &BuiltIn, phrase: &str) -> bool {
    let lexicon = lexicon();
    let says =
        |words: &Vec<u16>| folded(phrase).eq(words.iter().flat_map(|word| lexicon.get(*word).text.chars()));
    folded(phrase).eq(folded(specialty.name)) || specialty.words.iter().any(says)
}

/// Which of some labels name the prestación that the text means by another word.
pub(super) fn among<'l>(
    read: &Read<'_>,
    labels: impl Iterator<Item = &'l str>,
    denied: impl Fn(usize) -> bool,
) -> Vec<usize> {
    let Some((specialty, _)) = built_in(read, &denied) else { return Vec::new() };
    labels.enumerate().filter(|(_, label)| names(specialty, label)).map(|(at, _)| at).collect()
}

/// The centre's prestación that a built-in one stands for.
fn translate(specialty: &BuiltIn, offered: &[Specialty]) -> Option<String> {
    let says = |phrase: &str| names(specialty, phrase);
    let whole = offered.iter().find(|one| says(&one.name) || one.words.iter().any(|words| says(words)));
    let part = || {
        offered.iter().find(|one| {
            one.name.split(|c: char| !c.is_alphanumeric()).any(|word| word.len() > 4 && says(word))
        })
    };
    whole.or_else(part).map(|one| one.key.clone())
}

//! Professionals by surname: with noise inside a word, in pieces, with a typo, but never by guessing.
//!
//! A surname is taken when it stands there letter by letter, whatever signs and figures are between the letters, or
//! when an unknown word is nearer to it than to any other of the roster.

use super::glue::W;
use super::normal::{Kind, Read, folded};
use super::spelling::sound;
use super::{Reason, Span};

/// Pieces of a surname that are joined at most.
const PIECES: usize = 8;

/// The professional meant, and the tokens that say so. `denied` tells which tokens are under a negation.
pub(super) fn of(
    read: &Read<'_>,
    roster: &[String],
    denied: impl Fn(usize) -> bool,
    why: &mut Vec<Reason>,
) -> Option<(String, Span)> {
    if roster.is_empty() {
        return None;
    }
    let counts =
        |span: &Span| !denied(span.start) && !is_excepted(read, span.start) && !is_own_name(read, span.start);
    let mut exact: Vec<(&String, Span)> =
        roster.iter().filter_map(|surname| stands(read, surname).map(|span| (surname, span))).collect();
    let named = !exact.is_empty();
    exact.retain(|(_, span)| counts(span));
    let found =
        if named { one_of(read, exact) } else { nearest(read, roster).filter(|(_, span)| counts(span)) };
    let (surname, span) = found?;
    why.push(Reason { rule: "doctor: surname", span: read.span(span.clone()) });
    Some((surname.clone(), span))
}

/// The one meant of some that were named: the longest where they overlap ("san martín" over "martín"), the first of
/// two surnames in a row, the one with a title before it; of two that are left nobody is.
fn one_of<'r>(read: &Read<'_>, mut named: Vec<(&'r String, Span)>) -> Option<(&'r String, Span)> {
    named.sort_by_key(|(_, span)| (span.start, std::cmp::Reverse(span.end)));
    let mut apart: Vec<(&String, Span)> = Vec::new();
    for (surname, span) in named {
        match apart.last() {
            Some((_, before)) if span.start <= before.end => {}
            _ => apart.push((surname, span)),
        }
    }
    if apart.len() > 1 {
        apart.retain(|(_, span)| is_announced(read, span.start));
    }
    let joined = apart.windows(2).any(|pair| (pair[0].1.end..pair[1].1.start).any(|at| read.w(at) == W::O));
    if joined || apart.len() > 1 { None } else { apart.pop() }
}

/// "menos Soto", "que no sea Soto".
fn is_excepted(read: &Read<'_>, at: usize) -> bool {
    (at.saturating_sub(3)..at).any(|before| {
        matches!(read.w(before), W::Menos | W::Excepto)
            || read.w(before) == W::Es && before > 0 && read.w(before - 1) == W::No
    })
}

/// "me llamo Juan Soto", "calle Soto": who writes, or where they live.
fn is_own_name(read: &Read<'_>, at: usize) -> bool {
    !is_announced(read, at)
        && (at.saturating_sub(4)..at).any(|before| {
            matches!(
                read.word(before),
                "llamo"
                    | "llama"
                    | "soy"
                    | "nombre"
                    | "apellido"
                    | "calle"
                    | "avenida"
                    | "pasaje"
                    | "villa"
                    | "habla"
                    | "saluda"
                    | "paciente"
                    | "hijo"
                    | "hija"
            )
        })
}

/// The tokens on which a surname stands letter by letter.
fn stands(read: &Read<'_>, surname: &str) -> Option<Span> {
    let first = folded(surname).next()?;
    for from in 0..read.tokens.len() {
        if read.tokens[from].kind != Kind::Word || !read.typed(from).starts_with(first) {
            continue;
        }
        let Some(end) = spells(read, from, surname) else { continue };
        if is_plausible(read, from, end) {
            return Some(from..end);
        }
    }
    None
}

/// The token after the surname, when the letters from a token on spell it and end with a token.
fn spells(read: &Read<'_>, from: usize, surname: &str) -> Option<usize> {
    let mut wanted = folded(surname).peekable();
    for at in from..read.tokens.len().min(from + PIECES * 2) {
        match read.tokens[at].kind {
            Kind::Word => {
                for letter in read.typed(at).chars() {
                    if wanted.next() != Some(letter) {
                        return None;
                    }
                }
                if wanted.peek().is_none() {
                    return Some(at + 1);
                }
            }
            // noise: "bor.rego", "r5ejo5n"
            Kind::Number(_) | Kind::Ordinal(_) | Kind::Sign(_) => {}
            Kind::Emoji => return None,
        }
    }
    None
}

/// An ordinary word is a surname only with something that says so: "la doctora Pinto", but not "pinto mi casa".
fn is_plausible(read: &Read<'_>, from: usize, end: usize) -> bool {
    // "pinto mi casa": what has an object is a verb
    if matches!(read.word(end), "mi" | "mis" | "un" | "una") && !is_announced(read, from) {
        return false;
    }
    let is_plain = end == from + 1 && read.tokens[from].word != 0 && read.typed(from) == read.word(from);
    !is_plain || read.count() <= 3 || is_announced(read, from)
}

/// Whether a title or "con" stands before it.
fn is_announced(read: &Read<'_>, at: usize) -> bool {
    let mut before = at;
    for _ in 0..3 {
        let Some(at) = before.checked_sub(1) else { return false };
        before = at;
        match read.w(before) {
            W::Con | W::Del | W::El | W::La | W::Al => return true,
            _ if matches!(
                read.word(before),
                "doctor" | "doctora" | "matrona" | "señor" | "señora" | "señorita"
            ) =>
            {
                return true;
            }
            _ if read.is_sign(before, '.') => {}
            _ => return false,
        }
    }
    false
}

/// The surname nearest to an unknown word, when no other is as near.
fn nearest<'r>(read: &Read<'_>, roster: &'r [String]) -> Option<(&'r String, Span)> {
    let mut best: Option<(usize, &String, usize)> = None;
    let mut tied = false;
    for at in 0..read.tokens.len() {
        let typed = read.typed(at);
        let length = typed.chars().count();
        let known = read.tokens[at].word != 0 && read.word(at) == typed;
        if read.tokens[at].kind != Kind::Word || length < 5 || known {
            continue;
        }
        let heard = sound(typed);
        for surname in roster {
            let letters = surname.chars().count();
            let most = if letters >= 7 { 2 } else { 1 };
            // a short one only when it sounds the same: "sotto" is "soto", "moto" is not
            let short = letters < 5;
            if letters < 4 || letters.abs_diff(length) > most {
                continue;
            }
            let name: String = folded(surname).collect();
            let distance = strsim::osa_distance(typed, &name);
            let sounds = strsim::osa_distance(&heard, &sound(&name));
            // letter for letter it was weighed before
            if distance == 0 || short && sounds > 0 {
                continue;
            }
            // what sounds the same may be written quite differently: "llanez" for "Yáñez"
            let far = if sounds == 0 && letters >= 5 { most + 2 } else { most + 1 };
            if distance > far || sounds > 1 || distance > most && sounds > 0 {
                continue;
            }
            let cost = sounds * 4 + distance;
            match best {
                Some((least, _, _)) if cost > least => {}
                Some((least, other, _)) if cost == least => tied |= other != surname,
                _ => {
                    best = Some((cost, surname, at));
                    tied = false;
                }
            }
        }
    }
    let (_, surname, at) = best.filter(|_| !tied)?;
    Some((surname, at..at + 1))
}

#[cfg(test)]
mod tests {
    use super::super::normal::read;
    use super::*;

    #[test]
    fn a_surname_is_found_through_noise_and_typos_but_not_guessed() {
        let roster: Vec<String> =
            ["Contreras", "Núñez", "Pinto", "Fuenzalida", "Soto"].map(str::to_owned).to_vec();
        let name = |text: &str| of(&read(text), &roster, |_| false, &mut Vec::new()).map(|(name, _)| name);
        for (text, surname) in [
            ("con la dra. Contreras", Some("Contreras")),
            ("contrera", Some("Contreras")),
            ("dr nuñes", Some("Núñez")),
            ("con.tre.ras", Some("Contreras")),
            ("fuensalida por favor", Some("Fuenzalida")),
            ("hora con la Pinto", Some("Pinto")),
            ("con cualquiera", None),
            ("soto", Some("Soto")),
            ("la doctora moto", None),
            ("Soto o Pinto", None),
            ("cualquiera menos Soto", None),
            ("me llamo Luz Soto", None),
            ("soy Luz Soto, hora con la doctora Contreras", Some("Contreras")),
            ("soto contreras", Some("Soto")),
        ] {
            assert_eq!(name(text).as_deref(), surname, "{text}");
        }
    }
}

//! RUTs in every spelling that patients find for them, whole or only the end.

use super::normal::{Kind, Read};
use super::number::number_at;
use crate::value::{Rut, RutTail};

/// Signs that may stand inside one.
const SIGNS: &str = ".-,_·*:/|=' ";

/// A whole RUT whose check digit is right, and the end of one.
pub(super) fn of(read: &Read<'_>) -> (Option<Rut>, Option<RutTail>) {
    let (rut, tail) = written(read);
    if let Some(rut) = rut.or_else(|| said(read)) {
        return (Some(rut), Some(rut.tail()));
    }
    (None, tail)
}

/// One that is told: "doce millones … guión cinco", "doce trescientos cuarenta y cinco …", figure by figure.
fn said(read: &Read<'_>) -> Option<Rut> {
    (0..read.tokens.len()).find_map(|at| {
        let (body, end) = millions(read, at).or_else(|| groups(read, at)).or_else(|| one_by_one(read, at))?;
        let mut next = end;
        while next < end + 4 && is_between(read, next) {
            next += 1;
        }
        let check = match (number_at(read, next), read.typed(next)) {
            (Some((digit @ 0..=9, _)), _) => digit.to_string(),
            (None, "k" | "ka") => "K".to_owned(),
            _ => return None,
        };
        format!("{body}-{check}").parse().ok()
    })
}

/// The numbers of persons: below, it is a street, above, a firm or a telephone.
const PERSONS: std::ops::Range<u64> = 1_000_000..40_000_000;

fn millions(read: &Read<'_>, at: usize) -> Option<(u64, usize)> {
    number_at(read, at).filter(|(body, _)| PERSONS.contains(body))
}

fn groups(read: &Read<'_>, at: usize) -> Option<(u64, usize)> {
    let (first, next) = number_at(read, at).filter(|(value, _)| (1..40).contains(value))?;
    let (second, next) = number_at(read, next).filter(|(value, _)| *value < 1_000)?;
    let (third, end) = number_at(read, next).filter(|(value, _)| *value < 1_000)?;
    // "uno dos tres" is told figure by figure
    (second > 9 || third > 9).then_some((first * 1_000_000 + second * 1_000 + third, end))
}

fn one_by_one(read: &Read<'_>, at: usize) -> Option<(u64, usize)> {
    let digit = |at: usize| {
        let (value, end) = number_at(read, at).filter(|(value, _)| *value < 10)?;
        let short = read.tokens.get(at)?.kind == Kind::Word || read.typed(at).len() == 1;
        short.then_some((value, end))
    };
    let (mut digits, mut next) = (Vec::new(), at);
    while digits.len() < 10
        && let Some((value, end)) = digit(next)
    {
        digits.push(value);
        next = end;
        while read.is_sign(next, '-') || read.is_sign(next, '.') || read.is_sign(next, ',') {
            next += 1;
        }
    }
    // the last one is the check digit, unless that is told apart
    let apart = matches!(read.typed(next), "k" | "ka" | "guion" | "raya" | "digito" | "dv" | "verificador");
    let body = if apart { digits.len() } else { digits.len().checked_sub(1)? };
    let value = digits.iter().take(body).fold(0, |value, digit| value * 10 + digit);
    let end = if apart { next } else { (0..next).rev().find(|at| digit(*at).is_some())? };
    ((7..=8).contains(&body) && PERSONS.contains(&value)).then_some((value, end))
}

/// What is said between the number and its check digit.
fn is_between(read: &Read<'_>, at: usize) -> bool {
    matches!(
        read.typed(at),
        "guion" | "raya" | "digito" | "verificador" | "dv" | "con" | "coma" | "punto" | "y" | "el"
    ) || matches!(read.tokens.get(at).map(|token| token.kind), Some(Kind::Sign(_)))
}

/// One in figures.
fn written(read: &Read<'_>) -> (Option<Rut>, Option<RutTail>) {
    let mut tail = None;
    let mut at = 0;
    while at < read.tokens.len() {
        let Kind::Number(_) = read.tokens[at].kind else {
            at += 1;
            continue;
        };
        let (compact, end, signed) = run(read, at);
        if (8..=9).contains(&compact.len())
            && let Ok(rut) = compact.parse::<Rut>()
        {
            return (Some(rut), Some(rut.tail()));
        }
        // `5678-5`, or the five alone
        let apart = end == at + 2 && read.typed(at).len() == 4 && read.count() <= 3;
        let parts = compact.len() == 5 && (signed || apart || end == at + 1 || compact.ends_with(['k', 'K']));
        if tail.is_none() && parts && (signed || read.count() <= 8) {
            tail = compact.parse().ok();
        }
        at = end;
    }
    (None, tail)
}

/// Figures that hang together from a token on, and a check digit after them.
fn run(read: &Read<'_>, from: usize) -> (String, usize, bool) {
    let mut compact = String::new();
    let (mut at, mut end, mut signed) = (from, from, false);
    let mut signs = 0;
    while let Some(token) = read.tokens.get(at) {
        match token.kind {
            Kind::Number(_) => {
                let digits = read.typed(at);
                // a phone, a year or a second number of its own
                let is_group = compact.is_empty()
                    || digits.len() == 3 && compact.len() <= 5
                    // "12.345.6785"
                    || digits.len() == 4 && matches!(compact.len(), 4 | 5) && read.is_sign(at - 1, '.')
                    || digits.len() == 1 && matches!(compact.len(), 4 | 7 | 8);
                if !is_group || compact.len() + digits.len() > 9 {
                    break;
                }
                compact.push_str(digits);
                end = at + 1;
                signs = 0;
            }
            Kind::Word if matches!(read.typed(at), "k" | "ka") && matches!(compact.len(), 4 | 7 | 8) => {
                compact.push('K');
                return (compact, at + 1, true);
            }
            Kind::Word if matches!(read.typed(at), "guion" | "raya" | "punto" | "puntos" | "y") => {
                signed = true;
            }
            Kind::Sign(sign) if SIGNS.contains(sign) && signs < 3 => {
                signed |= sign != '.' && sign != ',';
                signs += 1;
            }
            Kind::Word | Kind::Ordinal(_) | Kind::Emoji | Kind::Sign(_) => break,
        }
        at += 1;
    }
    (compact, end.max(from + 1), signed)
}

#[cfg(test)]
mod tests {
    use super::super::normal::read;
    use super::*;

    #[test]
    fn a_rut_is_read_in_every_spelling() {
        for text in [
            "12.345.678-5",
            "mi rut es 12345678-5 gracias",
            "123456785",
            "12 345 678 5",
            "RUT:12.345.678–5.",
            "12345678 guion 5",
            "12345678_5",
            "«12.345.678*5»",
            "１２３４５６７８-５",
            "12.345.6785",
            "12.345.678⸺5",
            "12345678 guión cinco",
            "12345678 dígito verificador 5",
            "doce millones trescientos cuarenta y cinco mil seiscientos setenta y ocho guión cinco",
            "doce trescientos cuarenta y cinco seiscientos setenta y ocho raya cinco",
            "1 2 3 4 5 6 7 8 5",
            "uno dos tres cuatro cinco seis siete ocho guion cinco",
        ] {
            let (rut, _) = of(&read(text));
            assert_eq!(rut.map(Rut::plain).as_deref(), Some("12345678-5"), "{text}");
        }
        assert_eq!(of(&read("10.000.013-k")).0.map(Rut::plain).as_deref(), Some("10000013-K"));
    }

    #[test]
    fn a_wrong_check_digit_a_phone_and_an_hour_are_no_rut() {
        for text in [
            "12.345.678-4",
            "llámame al 56911112222",
            "mi fono es 9 8765 4321",
            "a las 10:30 del 26/11/2026",
            "tengo 38 años",
            "nací el 3 5 1951",
            "26 11 2026 a las 10",
            "doce millones trescientos cuarenta y cinco mil seiscientos setenta y ocho guión cuatro",
        ] {
            assert_eq!(of(&read(text)).0, None, "{text}");
        }
    }

    #[test]
    fn the_end_of_a_rut_is_enough() {
        for text in ["5678-5", "56785", "termina en 5678-5", "5678 5", "5678 guion 5"] {
            assert_eq!(of(&read(text)).1.map(|tail| tail.to_string()).as_deref(), Some("5678-5"), "{text}");
        }
        assert_eq!(of(&read("a las 10")).1, None);
    }
}

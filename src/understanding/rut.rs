//! RUTs in every spelling that patients find for them, whole or only the end.

use super::normal::{Kind, Read};
use crate::value::{Rut, RutTail};

/// Signs that may stand inside one.
const SIGNS: &str = ".-,_·*:/|=' ";

/// A whole RUT whose check digit is right, and the end of one.
pub(super) fn of(read: &Read<'_>) -> (Option<Rut>, Option<RutTail>) {
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
        ] {
            let (rut, _) = of(&read(text));
            assert_eq!(rut.map(Rut::plain).as_deref(), Some("12345678-5"), "{text}");
        }
        assert_eq!(of(&read("10.000.013-k")).0.map(Rut::plain).as_deref(), Some("10000013-K"));
    }

    #[test]
    fn a_wrong_check_digit_a_phone_and_an_hour_are_no_rut() {
        for text in ["12.345.678-4", "llámame al 56911112222", "a las 10:30 del 26/11/2026", "tengo 38 años"]
        {
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

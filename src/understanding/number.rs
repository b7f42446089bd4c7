//! Numbers in figures and in words, and ordinals.

use super::glue::W;
use super::normal::{Kind, Read};

/// A number and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    pub value: u64,
    /// First token.
    pub at: usize,
    /// Token after the last.
    pub end: usize,
    /// `segunda`, `2da`
    pub ordinal: bool,
}

/// All numbers of a text, in order.
pub(super) fn of(read: &Read<'_>) -> Vec<Number> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < read.tokens.len() {
        if let Some((value, end)) = number_at(read, at) {
            found.push(Number { value, at, end, ordinal: false });
            at = end;
        } else if let Some(value) = ordinal_at(read, at).and_then(|value| u64::try_from(value).ok()) {
            found.push(Number { value, at, end: at + 1, ordinal: true });
            at += 1;
        } else {
            at += 1;
        }
    }
    found
}

/// The number that a whole message says; an article is a number only when nothing else is, and an ordinal not when it
/// belongs to a day or an hour.
pub(super) fn said(read: &Read<'_>, numbers: &[Number], is_time: impl Fn(usize) -> bool) -> Option<i64> {
    let is_article =
        |number: &&Number| number.end == number.at + 1 && read.w(number.at) == W::Un && read.count() > 1;
    let counts = |number: &&Number| !(is_article(number) || number.ordinal && is_time(number.at));
    let first = numbers.iter().find(counts).or_else(|| numbers.iter().find(|number| is_article(number)))?;
    i64::try_from(first.value).ok()
}

/// The number that begins at a token, and the token after it.
pub(super) fn number_at(read: &Read<'_>, at: usize) -> Option<(u64, usize)> {
    let token = read.tokens.get(at)?;
    if let Kind::Number(value) = token.kind {
        return Some(figures(read, at, value));
    }
    token.entry.number?;
    words(read, at)
}

/// The ordinal at a token; the last is -1, the one before it -2.
pub(super) fn ordinal_at(read: &Read<'_>, at: usize) -> Option<i32> {
    let token = read.tokens.get(at)?;
    match token.kind {
        Kind::Ordinal(value) => i32::try_from(value).ok(),
        Kind::Number(value) if read.is_sign(at + 1, '°') => i32::try_from(value).ok(),
        Kind::Word => token.entry.ordinal,
        Kind::Number(_) | Kind::Emoji | Kind::Sign(_) => None,
    }
}

/// `1.500`, `12.345.678`; a figure and "mil" or "millones" after it.
fn figures(read: &Read<'_>, at: usize, value: u64) -> (u64, usize) {
    let mut value = value;
    let mut end = at + 1;
    if value <= 999 {
        while read.is_sign(end, '.')
            && read.tokens[end].glued
            && read.tokens.get(end + 1).is_some_and(|next| next.glued && next.end - next.start == 3)
            && let Some(thousands) = read.figure(end + 1)
            && value < 1_000_000_000
        {
            value = value * 1_000 + thousands;
            end += 2;
        }
    }
    if value < 1_000
        && let Some(scale @ (1_000 | 1_000_000)) = read.tokens.get(end).and_then(|token| token.entry.number)
    {
        value *= u64::from(scale);
        end += 1;
    }
    (value, end)
}

/// `veintitrés`, `treinta y cinco`, `mil quinientos`, `cero tres`.
fn words(read: &Read<'_>, at: usize) -> Option<(u64, usize)> {
    let simple = |at: usize| read.tokens.get(at).and_then(|token| token.entry.number).map(u64::from);
    let first = simple(at)?;
    if first == 0 {
        return match simple(at + 1) {
            Some(units) if units < 10 => Some((units, at + 2)),
            _ => Some((0, at + 1)),
        };
    }
    let (mut total, mut current, mut end) = (0_u64, 0_u64, at);
    // the smallest scale so far: what follows must be smaller
    let mut room = u64::MAX;
    while let Some(value) = simple(end) {
        if value >= 1_000 {
            if total > 0 && value >= 1_000_000 || current == 0 && end > at {
                break;
            }
            total += current.max(1) * value;
            current = 0;
            room = 1_000;
        } else if value == 0 || value >= room {
            break;
        } else {
            current += value;
            room = match value {
                100.. => 100,
                30.. if value % 10 == 0 => 1,
                _ => 1,
            };
        }
        end += 1;
        let tens = (30..100).contains(&value) && value % 10 == 0 || value == 20;
        if tens && read.w(end) == W::Y && simple(end + 1).is_some_and(|units| (1..10).contains(&units)) {
            current += simple(end + 1).unwrap_or(0);
            end += 2;
        } else if tens
            && !read.tokens.get(end).is_some_and(|next| next.glued)
            && value == 20
            && simple(end).is_some_and(|units| (2..10).contains(&units))
        {
            // "veinte tres", as it is said in a hurry
            current += simple(end).unwrap_or(0);
            end += 1;
        }
    }
    Some((total + current, end))
}

#[cfg(test)]
mod tests {
    use super::super::normal::read;
    use super::*;

    #[test]
    fn numbers_are_read_in_figures_and_in_words() {
        for (text, value) in [
            ("5", 5),
            ("veintitrés", 23),
            ("treinta y cinco", 35),
            ("ciento dos", 102),
            ("mil quinientos veintitrés", 1_523),
            ("siete mil doscientos treinta y cinco", 7_235),
            ("1.500", 1_500),
            ("12.345.678", 12_345_678),
            ("dos", 2),
            ("cero tres", 3),
            ("la tercera", 3),
            ("la 2da", 2),
            ("15 mil", 15_000),
            ("quiero una hora para dos", 2),
        ] {
            let read = read(text);
            assert_eq!(said(&read, &of(&read), |_| false), Some(value), "{text}");
        }
    }

    #[test]
    fn two_numbers_in_a_row_are_two() {
        let values: Vec<u64> = of(&read("dos o tres")).iter().map(|n| n.value).collect();
        assert_eq!(values, [2, 3]);
        let values: Vec<u64> = of(&read("diez treinta")).iter().map(|n| n.value).collect();
        assert_eq!(values, [10, 30]);
    }
}

//! Dates in figures with signs that hold together without spaces.

use chrono::NaiveDate;

use super::{Partial, is_measure};
use crate::understanding::glue::W;
use crate::understanding::normal::{Kind, Read};
use crate::understanding::when::calendar::year;

/// `26/11`, `26-11-2026`, `2026-11-26`, `31-dic-1994`: signs that hold together without spaces.
pub(super) fn numeric(
    read: &Read<'_>,
    at: usize,
    today: NaiveDate,
    joined: bool,
) -> Option<(Partial, usize)> {
    // part of a longer number or formula
    let before = at.checked_sub(1).map(|before| read.tokens[before]);
    if !joined
        && read.tokens.get(at)?.glued
        && before
            .is_some_and(|token| matches!(token.kind, Kind::Sign('.' | '/' | '-' | ',') | Kind::Number(_)))
    {
        return None;
    }
    let glued = |at: usize| read.tokens.get(at).is_some_and(|token| token.glued);
    let sign = |at: usize| match read.tokens.get(at)?.kind {
        Kind::Sign(sign @ ('/' | '-' | '.')) if glued(at) && glued(at + 1) => Some(sign),
        _ => None,
    };
    let first_sign = sign(at + 1)?;
    let month_at = |at: usize| read.tokens.get(at).and_then(|token| token.entry.month).map(u32::from);
    let number = |at: usize| read.figure(at).and_then(|value| u32::try_from(value).ok());
    let digits = |at: usize| read.typed(at).len();
    // `sep-23-2020`
    if let (Some(month), Some(day)) = (month_at(at), number(at + 2)) {
        let mut end = at + 3;
        let mut said = None;
        if sign(end) == Some(first_sign) && matches!(digits(end + 1), 2 | 4) && read.figure(end + 1).is_some()
        {
            said = year(read.figure(end + 1)?, today);
            end += 2;
        }
        if day > 1_000 {
            return Some((
                Partial { month: Some(month), year: year(day.into(), today), ..Partial::default() },
                end,
            ));
        }
        return Some((Partial { day: Some(day), month: Some(month), year: said, ..Partial::default() }, end));
    }
    let first = number(at)?;
    let second_month = month_at(at + 2);
    let second = second_month.or_else(|| number(at + 2))?;
    let mut end = at + 3;
    let mut third = None;
    if sign(end) == Some(first_sign)
        && let Some(value) = read.figure(end + 1)
        && (digits(end + 1) == 2 || digits(end + 1) == 4)
        && sign(end + 2).is_none_or(|sign| sign == '.')
    {
        third = Some(value);
        end += 2;
    }
    if end < read.tokens.len()
        && glued(end)
        && matches!(read.tokens[end].kind, Kind::Number(_) | Kind::Sign('/'))
    {
        return None;
    }
    if third.is_none() && (is_measure(read.word(end)) || second > 12 && is_followed_by_noun(read, end)) {
        return None;
    }
    if read.is_sign(end, '.') && glued(end) && glued(end + 1) && read.figure(end + 1).is_some() {
        return None;
    }
    let date = |day: u32, month: u32, year: Option<i32>| {
        let impossible = !(1..=31).contains(&day) || !(1..=12).contains(&month);
        Some((Partial { day: Some(day), month: Some(month), year, impossible, ..Partial::default() }, end))
    };
    if digits(at) == 4 && first >= 1_900 {
        // year first
        let day = third.and_then(|day| u32::try_from(day).ok()).filter(|day| (1..=31).contains(day))?;
        return date(day, second, year(first.into(), today));
    }
    if first > 31 || digits(at) > 2 || (second_month.is_none() && digits(at + 2) > 2) {
        return None;
    }
    if second_month.is_some() {
        return date(first, second, third.and_then(|value| year(value, today)));
    }
    if second > 12 && first <= 12 && third.is_some() {
        // month first, as some telephones write it
        return date(second, first, third.and_then(|value| year(value, today)));
    }
    // "4/22": no month is the 22nd, so the month was written first
    if third.is_none() && first_sign == '/' && (1..=12).contains(&first) && (13..=31).contains(&second) {
        return date(second, first, None);
    }
    if third.is_none() && (first_sign == '.' || second > 12 || first == 0 || second == 0) {
        return (first_sign == '/' && second > 12 && first > 12 && first <= 31)
            .then(|| date(first, second, None))?;
    }
    date(first, second, third.and_then(|value| year(value, today)))
}

/// "15/20 euros": figures before a noun count it.
fn is_followed_by_noun(read: &Read<'_>, at: usize) -> bool {
    read.tokens.get(at).is_some_and(|token| {
        token.kind == Kind::Word
            && token.entry.w == W::Other
            && token.entry.weekday.is_none()
            && token.entry.verbs.is_empty()
            && !matches!(read.word(at), "gracias" | "hola" | "si" | "no" | "doctor" | "doctora")
    })
}

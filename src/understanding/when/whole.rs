//! A message that is nothing but a bare hour, a bare day or a birth date in figures.

use chrono::NaiveDate;

use super::super::normal::{Kind, Read};
use super::super::number::number_at;
use super::super::{Asked, Context};
use super::calendar::{day_of_month, plus};
use super::clock::{self, Clock};
use super::day::{Days, Sort};
use super::piece::What;

/// A message that is nothing but a bare hour, or a bare number when a day or an hour was asked for.
pub(super) fn whole(read: &Read<'_>, context: &Context<'_>) -> Option<(What, usize)> {
    let first = (read.after_greeting()..read.tokens.len())
        .find(|at| !matches!(read.tokens[*at].kind, Kind::Sign(_)))?;
    let is_end = |end: usize| {
        (end..read.tokens.len()).all(|at| {
            matches!(read.tokens[at].kind, Kind::Sign(_) | Kind::Emoji)
                || matches!(read.word(at), "por" | "favor" | "gracias")
        })
    };
    // "10-30"
    if read.is_sign(first + 1, '-')
        && let (Some(hour), Some(minute)) = (read.figure(first), read.figure(first + 2))
        && hour < 24
        && minute < 60
        && read.typed(first + 2).len() == 2
        && is_end(first + 3)
    {
        let clock = Clock::of(u16::try_from(hour).ok()?, u16::try_from(minute).ok()?);
        return Some((What::Clock(clock), first + 3));
    }
    // "3 5 1951": a birth date in pieces
    if let (Some(day), Some(month), Some(year)) =
        (read.figure(first), read.figure(first + 1), read.figure(first + 2))
        && (1_900..=2_100).contains(&year)
        && is_end(first + 3)
    {
        let narrow = |value: u64| u32::try_from(value).ok();
        let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, narrow(month)?, narrow(day)?)?;
        let days = Days { start: date, end: plus(date, 1), sort: Sort::Date, full: true };
        return Some((What::Days(days), first + 3));
    }
    // "03051951": the same without anything between
    let typed = read.typed(first);
    if typed.len() == 8
        && typed.bytes().all(|digit| digit.is_ascii_digit())
        && is_end(first + 1)
        && let (Ok(day), Ok(month), Ok(year)) = (typed[..2].parse(), typed[2..4].parse(), typed[4..].parse())
        && (1_900..=2_100).contains(&year)
        && let Some(date) = NaiveDate::from_ymd_opt(year, month, day)
    {
        let days = Days { start: date, end: plus(date, 1), sort: Sort::Date, full: true };
        return Some((What::Days(days), first + 1));
    }
    let (value, end) = number_at(read, first)?;
    if let Some((clock, clock_end)) = clock::bare_at(read, first, false)
        && is_end(clock_end)
        && clock_end > end
    {
        return Some((What::Clock(clock), clock_end));
    }
    if !is_end(end) {
        return None;
    }
    if context.asked != Asked::When {
        // "diez" is an hour of a clinic's day, if it is anything; it asks for nothing
        let hour = u16::try_from(value).ok().filter(|hour| (8..=20).contains(hour))?;
        let free = context.asked == Asked::Nothing && context.options.is_empty();
        return free.then(|| (What::Hint(Clock::of(hour, 0)), end));
    }
    let day = u32::try_from(value).ok().filter(|day| (1..=31).contains(day))?;
    let date = day_of_month(day, context.now.date())?;
    let days = Days { start: date, end: plus(date, 1), sort: Sort::Bare, full: false };
    Some((What::Days(days), end))
}

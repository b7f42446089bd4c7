//! From one to another: `entre el 3 y el 5 de marzo`, `del lunes al miércoles`, `de 3 a 5`, `9:30 - 11:00`.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::super::glue::W;
use super::super::normal::Read;
use super::super::number::number_at;
use super::calendar::{coming_month, day_of_month, month_ahead, next_weekday, plus};
use super::clock::{self, Clock};
use super::day::{self, Days, Found, Partial, Sort};

/// An end of a range of days.
enum End {
    Partial(Partial),
    Days(Days),
    Month(u32, Option<i32>),
}

/// A range of days at a token, and the token after it.
pub(super) fn days(read: &Read<'_>, at: usize, today: NaiveDate) -> Option<(Found, usize)> {
    let between = read.w(at) == W::Entre;
    let from = match read.w(at) {
        W::Entre | W::De | W::Desde => at + 1,
        _ => at,
    };
    if from > at
        && let Some(found) = years(read, from, between)
    {
        return Some(found);
    }
    if from > at && read.tokens.get(at)?.entry.w == W::De && at > 0 && read.w(at - 1) == W::Partir {
        return None;
    }
    // a bare number first: in "2-7 de febrero" the figures are no date of their own
    bare_day(read, from)
        .and_then(|(first, end)| range(read, End::Partial(first), end, between, today))
        .or_else(|| {
            let (first, end) = end_at(read, from, today, false)?;
            range(read, first, end, between, today)
        })
}

/// `de 1999 a 2001`, `entre 2010 y 2015`: figures that are a year at both ends, and no hour.
fn years(read: &Read<'_>, at: usize, between: bool) -> Option<(Found, usize)> {
    let year = |at: usize| {
        let at = at + usize::from(read.w(at) == W::El);
        let value = read.figure(at).filter(|value| (1_900..=2_100).contains(value))?;
        i32::try_from(value).ok().map(|year| (year, at + 1))
    };
    let (first, end) = year(at)?;
    let (next, _) = joint(read, end, between)?;
    let (last, end) = year(next)?;
    let hours = matches!(read.w(end), W::Hora | W::H | W::Am | W::Pm) || clock::half(read, end).0.is_some();
    (first < last && !hours).then(|| {
        let new_year = |year| NaiveDate::from_ymd_opt(year, 1, 1);
        Some((found(new_year(first)?, new_year(last + 1)?), end))
    })?
}

fn bare_day(read: &Read<'_>, at: usize) -> Option<(Partial, usize)> {
    let at = at + usize::from(read.w(at) == W::El);
    let (value, end) = number_at(read, at)?;
    let day = u32::try_from(value).ok().filter(|day| (1..=31).contains(day))?;
    // "30-nov-16" is one date
    let month = read.tokens.get(end + 1).is_some_and(|token| token.glued && token.entry.month.is_some());
    if read.is_sign(end, '-') && month {
        return None;
    }
    Some((
        Partial { day: Some(day), announced: at > 0 && read.w(at - 1) == W::El, ..Partial::default() },
        end,
    ))
}

fn end_at(read: &Read<'_>, at: usize, today: NaiveDate, joined: bool) -> Option<(End, usize)> {
    let at = at
        + usize::from(
            read.w(at) == W::El
                && read.figure(at + 1).is_none()
                && read.w(at + 1) == W::Other
                && read.tokens.get(at + 1)?.entry.weekday.is_none()
                && number_at(read, at + 1).is_none(),
        );
    if read.w(at) == W::Ahora {
        return Some((
            End::Days(Days { start: today, end: plus(today, 1), sort: Sort::Day, full: false }),
            at + 1,
        ));
    }
    if let Some((Found::Days(days), end)) =
        day::relative(read, at, today).or_else(|| day::holiday(read, at, today))
    {
        return Some((End::Days(days), end));
    }
    if let Some((partial, end)) = day::partial_after(read, at, today, joined) {
        return Some((End::Partial(partial), end));
    }
    let month = read.tokens.get(at)?.entry.month.filter(|_| read.word(at).len() > 3)?;
    let mut end = at + 1;
    let mut year = None;
    let mut after = end;
    while matches!(read.w(after), W::De | W::Del) || read.is_sign(after, ',') {
        after += 1;
    }
    if let Some(value) = read.figure(after).filter(|value| (1_900..=2_100).contains(value)) {
        year = i32::try_from(value).ok();
        end = after + 1;
    }
    Some((End::Month(u32::from(month), year), end))
}

/// The sign or word between the two ends, and the token after it.
fn joint(read: &Read<'_>, at: usize, between: bool) -> Option<(usize, bool)> {
    match read.w(at) {
        W::A | W::Hasta => Some((at + 1, false)),
        W::Al => Some((at, false)),
        W::Y if between => Some((at + 1, false)),
        _ if read.is_sign(at, '-') => Some((at + 1, true)),
        _ => None,
    }
}

fn range(read: &Read<'_>, first: End, at: usize, between: bool, today: NaiveDate) -> Option<(Found, usize)> {
    let (next, dash) = joint(read, at, between)?;
    let (last, end) = end_at(read, next, today, dash)?;
    match (first, last) {
        (End::Month(first, year), End::Month(last, last_year)) => {
            // "entre diciembre y febrero de 2027": the year is that of the last month
            let crosses = i32::from(year.is_none() && first > last);
            let start = match year.or(last_year) {
                Some(year) => NaiveDate::from_ymd_opt(year - crosses, first, 1)?,
                None => coming_month(first, today)?,
            };
            let ahead = (last + 12 - first) % 12;
            let end_month = month_ahead(start, i32::try_from(ahead + 1).ok()?);
            Some((found(start, end_month), end))
        }
        (End::Partial(first), End::Partial(last)) => partials(read, first, last, dash, end, today),
        (End::Days(first), End::Partial(last)) => {
            let last = after(&last, first.start)?;
            Some((found(first.start, plus(last, 1)), end))
        }
        (End::Partial(first), End::Days(last)) if first.is_date() => {
            let Some(Found::Days(first)) = day::resolve(&first, today) else { return None };
            (first.start < last.end).then(|| (found(first.start, last.end), end))
        }
        (End::Days(first), End::Days(last)) => {
            (first.start < last.end).then(|| (found(first.start, last.end), end))
        }
        _ => None,
    }
}

fn found(start: NaiveDate, end: NaiveDate) -> Found {
    Found::Days(Days { start, end, sort: Sort::Several, full: false })
}

fn partials(
    read: &Read<'_>,
    mut first: Partial,
    mut last: Partial,
    dash: bool,
    end: usize,
    today: NaiveDate,
) -> Option<(Found, usize)> {
    let named = first.month.is_some() || last.month.is_some();
    let weekdays = first.weekday.is_some() && last.weekday.is_some();
    let announced = first.announced && last.announced && !dash;
    if !(named || weekdays || announced) || first.impossible || last.impossible {
        return None;
    }
    // hours: "del 8 de dic de 8 a 2", "de 3 a 5 de la tarde"
    if !named && !weekdays && (clock::half(read, end).0.is_some() || matches!(read.w(end), W::Hora | W::H)) {
        return None;
    }
    if first.plural || last.plural || weekdays && first.day.is_none() {
        let mask = weekday_mask(&first, &last)?;
        if mask == 0b1_1111 || first.plural {
            return Some((Found::Every(mask), end));
        }
    }
    if first.day.is_some() && first.month.is_none() {
        first.month = last.month;
        first.year = first.year.or(last.year);
    }
    if last.day.is_some() && last.month.is_none() && first.month.is_some() && first.day.is_some() {
        last.month = first.month;
        last.year = first.year;
    }
    if first.year.is_none() && last.year.is_some() && first.month <= last.month {
        first.year = last.year;
    }
    let Found::Days(start) =
        day::resolve(&Partial { weekday: first.weekday.filter(|_| first.day.is_none()), ..first }, today)?
    else {
        return None;
    };
    let last = after(&Partial { weekday: last.weekday.filter(|_| last.day.is_none()), ..last }, start.start)?;
    (last >= start.start).then(|| (found(start.start, plus(last, 1)), end))
}

/// The weekdays from one to another, Monday the lowest bit.
fn weekday_mask(first: &Partial, last: &Partial) -> Option<u8> {
    let from = first.weekday?.num_days_from_monday();
    let until = last.weekday?.num_days_from_monday();
    (from <= until).then(|| (from..=until).fold(0, |mask, day| mask | 1 << day))
}

/// `desde hoy a las 4 hasta mañana a las 5`, `del lunes a las 8 al miércoles a las 3`: a day and a time at both ends.
pub(super) fn moments(
    read: &Read<'_>,
    at: usize,
    now: NaiveDateTime,
) -> Option<((NaiveDateTime, NaiveDateTime), usize)> {
    let today = now.date();
    let between = read.w(at) == W::Entre;
    let from = match read.w(at) {
        W::Entre | W::Desde | W::De => at + 1,
        W::Del => at,
        _ => return None,
    };
    // "desde ahora hasta las 5"
    let now = (read.w(from) == W::Ahora && read.w(from + 1) != W::En).then_some((now, from + 1));
    let (first, end) = now.or_else(|| {
        let (day, clock, end) = moment_at(read, from, today)?;
        Some((moment(day, clock), end))
    })?;
    let (next, _) = joint(read, end, between)?;
    let last = moment_at(read, next, today).or_else(|| {
        // "desde mañana a las 10 hasta las 12"
        clock::at(read, next).map(|(clock, end)| (first.date(), clock, end))
    });
    let (mut last_day, last, end) = last?;
    if last_day < first.date() && plus(last_day, 7) > first.date() {
        // "del viernes a las 3 al lunes a las 10", said on a Saturday
        last_day = plus(last_day, 7);
    }
    let last = moment(last_day, last);
    (first < last).then_some(((first, last), end))
}

fn moment(day: NaiveDate, clock: Clock) -> NaiveDateTime {
    day.and_time(NaiveTime::MIN) + TimeDelta::minutes(clock.minute_of_day().into())
}

/// One day and a time on it, in either order.
fn moment_at(read: &Read<'_>, at: usize, today: NaiveDate) -> Option<(NaiveDate, Clock, usize)> {
    let single = |at: usize| match day::at(read, at, today)? {
        (Found::Days(days), end) if plus(days.start, 1) == days.end => Some((days.start, end)),
        _ => None,
    };
    if let Some((date, end)) = single(at) {
        let (clock, end) = clock::at(read, end)?;
        return Some((date, clock, end));
    }
    let (clock, end) = clock::at(read, at).or_else(|| clock::bare_at(read, at, false))?;
    let (date, end) = single(end + usize::from(read.w(end) == W::De))?;
    Some((date, clock, end))
}

/// The first date that fits on or after another.
fn after(partial: &Partial, from: NaiveDate) -> Option<NaiveDate> {
    match (partial.day, partial.weekday) {
        (Some(day), _) if partial.month.is_none() => day_of_month(day, from),
        (Some(_), _) => match day::resolve(partial, from)? {
            Found::Days(days) => Some(days.start),
            Found::Every(_) | Found::Impossible | Found::Contradiction => None,
        },
        (None, Some(weekday)) => {
            Some(if from.weekday() == weekday { from } else { next_weekday(weekday, from) })
        }
        (None, None) => None,
    }
}

/// A range of times at a token, in minutes of the day, and the token after it. `follows_day`: a day was just said.
pub(super) fn clocks(read: &Read<'_>, at: usize, follows_day: bool) -> Option<((u16, u16), usize)> {
    let between = read.w(at) == W::Entre;
    let introduced = matches!(read.w(at), W::Entre | W::De | W::Desde);
    let (first, end) = clock::bare_at(read, if introduced { at + 1 } else { at }, between)?;
    let (next, dash) = match (read.w(end), read.w(end + 1)) {
        (W::A, W::Las | W::La) => (end, false),
        (W::A | W::Hasta, _) => (end + 1, false),
        (W::Y, _) if between => (end + 1, false),
        _ if read.is_sign(end, '-') => (end + 1, true),
        _ => return None,
    };
    let (last, end) = clock::bare_at(read, next, false)?;
    let marked = first.marked || last.marked;
    let plain = introduced || follows_day;
    if !marked && !plain || !marked && dash && read.is_sign(end, '-') {
        return None;
    }
    // "de 2 a 3 de marzo" is read as days; "del 8 al 10" too
    if !marked
        && read.w(end) == W::De
        && read.tokens.get(end + 1).is_some_and(|token| token.entry.month.is_some())
    {
        return None;
    }
    minutes(first, last).map(|range| (range, end))
}

/// Both ends in minutes of the day: a half said of one holds for the other as far as it can.
fn minutes(first: Clock, last: Clock) -> Option<(u16, u16)> {
    let (mut start, mut end) = (first.minute_of_day(), last.minute_of_day());
    if end <= start && (first.is_literal() || last.half == Some(clock::Half::SmallHours)) {
        // through the night
        let start = if first.is_literal() || start >= 12 * 60 { start } else { start + 12 * 60 };
        let end = last.as_written();
        return Some((start, if end <= start { end + 24 * 60 } else { end }));
    }
    match (first.half, last.half) {
        (None, Some(_)) => {
            let shared = first.in_half(last.half).minute_of_day();
            start = if shared < end { shared } else { start };
            if start >= end && start >= 12 * 60 {
                start -= 12 * 60;
            }
        }
        (Some(_), None) => {
            let shared = last.in_half(first.half).minute_of_day();
            end = if shared > start { shared } else { end };
        }
        _ => {
            if end <= start && start >= 12 * 60 {
                start -= 12 * 60;
            }
        }
    }
    if end <= start && end < 12 * 60 && end + 12 * 60 > start {
        end += 12 * 60;
    }
    (start < end).then_some((start, end))
}

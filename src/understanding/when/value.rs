//! What stands at one place of a message: a day, a time, a range of either, or "as soon as possible".

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::super::Context;
use super::super::glue::W;
use super::super::normal::Read;
use super::around::{bound_after, bound_before};
use super::calendar::plus;
use super::clock;
use super::day::{self, Days, Found, Sort};
use super::offset::{self, Offset};
use super::part;
use super::piece::{Bound, What};
use super::span;
use crate::understanding::lexicon::lexicon;

/// Whether a holiday's name begins with this word.
pub(super) fn is_named_day(word: u16) -> bool {
    lexicon().holidays.iter().any(|named| named.words[0] == word)
}

/// What stands at a token, with the bound before it.
pub(super) fn value(
    read: &Read<'_>,
    at: usize,
    follows_day: bool,
    context: &Context<'_>,
) -> Option<(What, Bound, usize)> {
    let today = context.now.date();
    if context.options.is_empty()
        && let Some(end) = first_there_is(read, at)
    {
        return Some((What::Soonest, Bound::At, end));
    }
    // a bare "ya" before a list is no hour of it
    let bare_ya = read.w(at) == W::Ya && !context.options.is_empty();
    if let Some((what, end)) = soonest(read, at).filter(|_| !bare_ya) {
        return Some((what, Bound::At, end));
    }
    if let Some(((start, last), end)) = span::moments(read, at, context.now) {
        return Some((What::Moments(start, last), Bound::At, end));
    }
    if let Some((found, end)) = span::days(read, at, today) {
        return Some((of_found(found), Bound::At, end));
    }
    if let Some(((start, last), end)) = span::clocks(read, at, follows_day) {
        return Some((What::Clocks(start, last), Bound::At, end));
    }
    if let Some((what, end)) = plain(read, at, follows_day, context) {
        let (bound, end) = bound_after(read, end).unwrap_or((Bound::At, end));
        let bound =
            if matches!(what, What::Limit(moment) if moment < context.now) { Bound::Until } else { bound };
        return Some((what, bound, end));
    }
    // "de 3 en adelante"
    if read.w(at) == W::De
        && let Some((clock, end)) = clock::bare_at(read, at + 1, false)
        && let Some((bound, end)) = bound_after(read, end)
    {
        return Some((What::Clock(clock), bound, end));
    }
    let (bound, next) = bound_before(read, at)?;
    let (what, end) = plain(read, next, false, context).or_else(|| {
        // "antes del mediodía", "después de la tarde": the article is not part of the time
        let article = matches!(read.w(next), W::Del | W::El | W::La);
        // "después de la 1"
        if read.w(next) == W::La && read.figure(next + 1) == Some(1) {
            return clock::bare_at(read, next + 1, false).map(|(clock, end)| (What::Clock(clock), end));
        }
        article.then(|| plain(read, next + 1, false, context))?
    })?;
    // "antes del lunes a las 3": the moment is the bound, not the day
    if let What::Days(days) = what
        && days.end == plus(days.start, 1)
        && let Some((clock, end)) = clock::at(read, end)
    {
        let moment = days.start.and_time(NaiveTime::MIN) + TimeDelta::minutes(clock.minute_of_day().into());
        return Some((What::Limit(moment), bound, end));
    }
    Some((what, bound, end))
}

fn of_found(found: Found) -> What {
    match found {
        Found::Days(days) => What::Days(days),
        Found::Every(mask) => What::Every(mask),
        Found::Impossible => What::Impossible,
        Found::Contradiction => What::Contradiction,
    }
}

/// `al final del día`, `al finalizar el día de mañana`, `a fin de día`: its last minute.
fn end_of_day(read: &Read<'_>, at: usize, today: NaiveDate) -> Option<(NaiveDateTime, usize)> {
    let next = at + usize::from(matches!(read.w(at), W::A | W::Al));
    let bare = read.w(at) == W::Fines && read.word(at) == "fin" && read.w(at + 1) == W::Del;
    if next == at && !bare || !(read.w(next) == W::Fines || read.word(next) == "finalizar") {
        return None;
    }
    let end = match (read.w(next + 1), read.w(next + 2), read.w(next + 3)) {
        (W::Del | W::El | W::De, W::Dia, _) => next + 3,
        (W::De, W::El, W::Dia) => next + 4,
        (W::De, W::Manana | W::Hoy, _) => next + 1,
        _ => return None,
    };
    let (day, end) = match (read.w(end), read.w(end + 1)) {
        (W::De, W::Manana) => (plus(today, 1), end + 2),
        (W::De, W::Hoy) => (today, end + 2),
        _ => (today, end),
    };
    day.and_hms_opt(23, 59, 0).map(|moment| (moment, end))
}

/// `el resto del día`, `lo que queda de hoy`: from now to midnight.
fn rest_of_day(read: &Read<'_>, at: usize, now: NaiveDateTime) -> Option<(What, usize)> {
    let next = at + usize::from(read.w(at) == W::El);
    let from = match (read.w(next), read.word(next)) {
        (W::Resto, _) => next + 1,
        (_, "lo") if read.w(next + 1) == W::Que && read.w(next + 2) == W::Tiene => next + 3,
        _ => return None,
    };
    let end = match (read.w(from), read.w(from + 1)) {
        (W::De, W::Hoy) => from + 2,
        (W::Del, W::Dia) => {
            from + 2 + if (read.w(from + 2), read.w(from + 3)) == (W::De, W::Hoy) { 2 } else { 0 }
        }
        _ => return None,
    };
    let midnight = plus(now.date(), 1).and_time(NaiveTime::MIN);
    Some((What::Moments(now, midnight), end))
}

fn plain(read: &Read<'_>, at: usize, follows_day: bool, context: &Context<'_>) -> Option<(What, usize)> {
    if let Some(found) = rest_of_day(read, at, context.now) {
        return Some(found);
    }
    if let Some((moment, end)) = end_of_day(read, at, context.now.date()) {
        return Some((What::Moment(moment), end));
    }
    if let Some((offset, end)) = offset::at(read, at, context.now) {
        let one = |date, sort| What::Days(Days { start: date, end: plus(date, 1), sort, full: false });
        let what = match offset {
            Offset::Day(date) => one(date, Sort::Day),
            Offset::Days(start, end) => What::Days(Days { start, end, sort: Sort::Several, full: false }),
            Offset::From(date) => What::From(date),
            Offset::Until(date) => What::Until(date),
            Offset::Moment(moment) => What::Moment(moment),
            Offset::After(moment) | Offset::Before(moment) => What::Limit(moment),
            Offset::Moments(start, end) => What::Moments(start, end),
        };
        return Some((what, end));
    }
    if let Some((found, end)) = day::at(read, at, context.now.date()) {
        // "2026-11-26T10:30"
        if read.word(end) == "t"
            && let Found::Days(days) = found
            && let Some((clock, end)) = clock::bare_at(read, end + 1, false)
        {
            return Some((
                What::Moment(
                    days.start.and_hms_opt(0, 0, 0)? + TimeDelta::minutes(clock.minute_of_day().into()),
                ),
                end,
            ));
        }
        return Some((of_found(found), end));
    }
    if let Some((clock, end)) = clock::at(read, at) {
        return Some((What::Clock(clock), end));
    }
    if let Some((part, end)) = part::at(read, at, follows_day) {
        return Some((What::Part(part), end));
    }
    None
}

/// "la primera que tenga", "lo que haya primero": a choice when a list is on the screen, the soonest when none is.
fn first_there_is(read: &Read<'_>, at: usize) -> Option<usize> {
    let exists = |at: usize| {
        matches!(
            read.word(at),
            "tenga" | "tengan" | "tengas" | "haya" | "salga" | "encuentre" | "quede" | "aparezca" | "este"
        )
    };
    match (read.w(at), read.w(at + 1), read.w(at + 2)) {
        (W::La | W::Lo | W::El, W::Primera, W::Que) if exists(at + 3) => Some(at + 4),
        (W::Lo | W::La, W::Que, _) if exists(at + 2) && read.w(at + 3) == W::Primera => Some(at + 4),
        (W::Apenas, ..) if exists(at + 1) => Some(at + 2),
        _ => None,
    }
}

/// As soon as possible, in its many wordings.
fn soonest(read: &Read<'_>, at: usize) -> Option<(What, usize)> {
    let w = |offset: usize| read.w(at + offset);
    let end = match (w(0), w(1), w(2), w(3)) {
        (W::Ahora, W::Mismo, ..) => return Some((What::Now, at + 2)),
        (W::Ahora | W::Ya, ..) if read.count() == 1 => return Some((What::Now, at + 1)),
        (W::Lo, W::Antes, W::Posible, _)
        | (W::Lo, W::Mas, W::Pronto | W::Rapido | W::Luego | W::Antes, W::Posible) => {
            at + if w(2) == W::Posible { 3 } else { 4 }
        }
        (W::Lo, W::Mas, W::Pronto | W::Rapido | W::Luego | W::Antes, _) => at + 3,
        (W::Lo, W::Antes, W::Que, _) => at + 3,
        (W::Lo, W::Antes, ..) => at + 2,
        (W::Cuanto, W::Antes, ..) => return Some((What::Now, at + 2)),
        (W::En, W::Este, W::Momento, _) => return Some((What::Now, at + 3)),
        (W::En, W::Este, W::Mismo, W::Momento) => return Some((What::Now, at + 4)),
        (W::Mas, W::Pronto, W::Posible, _) => at + 3,
        (W::A, W::La, W::Brevedad, _) => at + 3,
        (W::Al, W::Tiro, ..) => at + 2,
        (W::De, W::Inmediato, ..) => return Some((What::Now, at + 2)),
        (W::Inmediato, ..) => return Some((What::Now, at + 1)),
        (W::Hora | W::La, W::Mas, W::Proximo | W::Cercana | W::Pronto, _) => at + 3,
        (W::La, W::Primera, W::Hora, _) if read.word(at + 3) == "disponible" || read.w(at + 3) == W::Que => {
            at + 3
        }
        (W::Primera, W::Hora, W::Posible, _) => at + 3,
        (W::Primera, W::Hora, ..) if read.word(at + 2) == "disponible" => at + 3,
        _ => return None,
    };
    Some((What::Soonest, end))
}

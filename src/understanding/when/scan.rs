//! The pieces of a message that are about days and times, in order, each with its bound and its sign.

use chrono::{Datelike, NaiveDateTime};

use super::super::clause::Clauses;
use super::super::glue::W;
use super::super::normal::{Kind, Read};
use super::super::number::number_at;
use super::super::rules::Words;
use super::super::{Asked, Context};
use super::around::{
    bound_after, bound_before, deny_before_no, is_denied, is_excepted, is_farewell, is_joined, is_switch,
    is_told,
};
use super::clock::{self, Clock};
use super::day::{self, Days, Found, Sort};
use super::offset::{self, Offset};
use super::part::{self, Part};
use super::span;
use crate::understanding::lexicon::lexicon;

/// What a piece says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum What {
    Days(Days),
    /// Every such weekday, Monday the lowest bit.
    Every(u8),
    Clock(Clock),
    /// From one minute of the day to another.
    Clocks(u16, u16),
    Part(Part),
    /// That day or later.
    From(chrono::NaiveDate),
    /// Before that day.
    Until(chrono::NaiveDate),
    Moment(NaiveDateTime),
    /// One side of a moment, as its bound has it.
    Limit(NaiveDateTime),
    Moments(NaiveDateTime, NaiveDateTime),
    /// A bare number that may be an hour.
    Hint(Clock),
    /// As soon as possible.
    Soonest,
    /// At once.
    Now,
    /// A date that cannot be.
    Impossible,
    /// A weekday and a date that do not match.
    Contradiction,
}

impl What {
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Days(days) => match days.sort {
                Sort::Day => "when: named day",
                Sort::Date => "when: date",
                Sort::Weekday => "when: weekday",
                Sort::Bare => "when: day of the month",
                Sort::Several => "when: days",
            },
            Self::Every(_) => "when: every such weekday",
            Self::Clock(_) => "when: clock",
            Self::Hint(_) => "when: perhaps an hour",
            Self::Clocks(..) => "when: from one hour to another",
            Self::Part(_) => "when: part of the day",
            Self::From(_) | Self::Until(_) | Self::Limit(_) | Self::Moment(_) | Self::Moments(..) => {
                "when: counted from now"
            }
            Self::Soonest | Self::Now => "when: soonest",
            Self::Impossible => "when: impossible date",
            Self::Contradiction => "when: weekday against date",
        }
    }

    pub fn is_day(&self) -> bool {
        matches!(
            self,
            Self::Days(_)
                | Self::Every(_)
                | Self::From(_)
                | Self::Until(_)
                | Self::Impossible
                | Self::Contradiction
        ) || matches!(self, Self::Part(part) if part.day.is_some())
    }

    pub fn is_time(&self) -> bool {
        matches!(self, Self::Clock(_) | Self::Clocks(..) | Self::Part(_))
    }
}

/// Which side of it is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// It itself.
    At,
    /// From it on.
    From,
    /// After it.
    After,
    /// Up to it.
    Until,
    /// Before it.
    Before,
}

impl Bound {
    /// The other side.
    fn opposite(self) -> Self {
        match self {
            Self::At => Self::At,
            Self::From => Self::Before,
            Self::After => Self::Until,
            Self::Until => Self::After,
            Self::Before => Self::From,
        }
    }
}

/// A piece and where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Piece {
    pub what: What,
    pub bound: Bound,
    /// Not wanted: "el martes no puedo", "menos el lunes".
    pub negative: bool,
    /// Told of the past.
    pub told: bool,
    /// In which part of the message, counted by "mejor", "perdón", "digo": a later one replaces an earlier one.
    pub segment: usize,
    /// "o" or "y" stands between it and the piece before, and nothing else of weight.
    pub joined: bool,
    pub at: usize,
    pub end: usize,
}

/// All pieces, and what the words around them say.
pub(super) struct Scanned {
    pub pieces: Vec<Piece>,
    /// The message begins with a no.
    pub refuses: bool,
    /// "Cualquier día", "todos los días": a weekday taken out is taken out of every week.
    pub any_day: bool,
    /// The message corrects itself: "mejor", "perdón".
    pub switches: bool,
}

/// All pieces of a text.
pub(super) fn scan(read: &Read<'_>, words: &Words, clauses: &Clauses, context: &Context<'_>) -> Scanned {
    let mut scanned = Scanned {
        pieces: Vec::new(),
        refuses: words.tokens.first().is_some_and(|first| read.w(*first) == W::No),
        any_day: false,
        switches: false,
    };
    let mut segment = 0;
    let mut at = 0;
    while at < read.tokens.len() {
        let token = &read.tokens[at];
        if let Kind::Sign(_) | Kind::Emoji = token.kind {
            at += 1;
            continue;
        }
        if is_switch(read, at) {
            segment += 1;
            scanned.switches = true;
        }
        scanned.any_day |= token.entry.w == W::Cualquier && read.w(at + 1) == W::Dia
            || token.entry.w == W::Todos && read.w(at + 1) == W::Los && read.w(at + 2) == W::Dia;
        let entry = token.entry;
        let idle = entry.w == W::Other
            && entry.weekday.is_none()
            && entry.month.is_none()
            && entry.number.is_none()
            && entry.ordinal.is_none()
            && token.kind == Kind::Word
            && !is_named_day(token.word);
        if idle {
            at += 1;
            continue;
        }
        let previous = scanned.pieces.last();
        let follows_day = previous.is_some_and(|piece| {
            piece.what.is_day()
                && (piece.end..at).all(|between| matches!(read.tokens[between].kind, Kind::Sign(',')))
        });
        let alternative = previous.and_then(|piece| alternative(read, piece, at, context));
        let Some((what, bound, end)) = alternative.or_else(|| value(read, at, follows_day, context)) else {
            at += 1;
            continue;
        };
        let joined = previous.is_some_and(|piece| is_joined(read, piece.end, at));
        let spoken = previous.is_some_and(|piece| {
            (piece.end..at).any(|between| matches!(read.w(between), W::Y | W::O | W::Ni))
        });
        let excepted = is_excepted(read, at);
        let denied = is_denied(read, words, clauses, at);
        let carried = joined && previous.is_some_and(|piece| piece.negative && (spoken || denied));
        let (mut negative, mut bound) = (excepted || denied || carried, bound);
        if negative && bound != Bound::At {
            // "no antes de las 11" is from 11 on
            (negative, bound) = (false, bound.opposite());
        }
        let told = is_told(read, words, at) || is_farewell(read, at);
        scanned.pieces.push(Piece { what, bound, negative, told, segment, joined, at, end });
        at = end.max(at + 1);
    }
    if scanned.pieces.is_empty()
        && let Some((what, end)) = whole(read, context)
    {
        let piece = Piece {
            what,
            bound: Bound::At,
            negative: false,
            told: false,
            segment: 0,
            joined: false,
            at: 0,
            end,
        };
        scanned.pieces.push(piece);
    }
    deny_before_no(read, &mut scanned.pieces);
    share_month(&mut scanned.pieces);
    scanned
}

/// "el 4, 6 y 10 de octubre": the month said last is that of every day in the row.
fn share_month(pieces: &mut [Piece]) {
    for at in (1..pieces.len()).rev() {
        let (What::Days(before), What::Days(last)) = (pieces[at - 1].what, pieces[at].what) else { continue };
        let dated = last.sort == Sort::Date && last.end == super::calendar::plus(last.start, 1);
        if before.sort == Sort::Bare
            && dated
            && pieces[at].joined
            && before.start.day() < last.start.day()
            && let Some(date) = last.start.with_day(before.start.day())
        {
            let days = Days { start: date, end: super::calendar::plus(date, 1), ..last };
            pieces[at - 1].what = What::Days(days);
        }
    }
}

/// What only makes sense beside the piece before it: "a las 5 o 6", "mañana 10", "esta semana no, la otra".
fn alternative(
    read: &Read<'_>,
    previous: &Piece,
    at: usize,
    context: &Context<'_>,
) -> Option<(What, Bound, usize)> {
    let is_last = |end: usize| {
        (end..read.tokens.len()).all(|at| {
            matches!(read.tokens[at].kind, Kind::Sign(_) | Kind::Emoji)
                || matches!(read.word(at), "por" | "favor" | "gracias" | "si" | "se" | "puede")
        })
    };
    let number = read.tokens[at].kind != Kind::Word || read.tokens[at].entry.number.is_some();
    match previous.what {
        What::Clock(first) if at == previous.end + 1 && read.w(at - 1) == W::O && number => {
            let (clock, end) = clock::bare_at(read, at, false)?;
            (is_last(end) || clock.marked).then_some((What::Clock(clock.in_half(first.half)), Bound::At, end))
        }
        // "lunes 11:00 - 12:00"
        What::Days(_) if at == previous.end && number && span::clocks(read, at, true).is_some() => {
            let ((start, last), end) = span::clocks(read, at, true)?;
            Some((What::Clocks(start, last), Bound::At, end))
        }
        What::Days(days) if days.sort == Sort::Day && at == previous.end && number => {
            let (clock, end) = clock::bare_at(read, at, false)?;
            (is_last(end) || clock.marked).then_some((What::Clock(clock), Bound::At, end))
        }
        // "lunes 8.30", "martes diez quince": with its minutes, or it would be a day of the month
        What::Days(days) if days.sort == Sort::Weekday && at == previous.end && number => {
            let (clock, end) = clock::bare_at(read, at, false)?;
            (end > at + 1).then_some((What::Clock(clock), Bound::At, end))
        }
        What::Days(days)
            if days.sort == Sort::Several && days.end == super::calendar::plus(days.start, 7) =>
        {
            let next = at + usize::from(read.w(at) == W::La);
            let weeks = match (read.w(next), read.w(next + 1)) {
                (W::Otro | W::Proximo | W::Siguiente, _) => 1,
                (W::Subsiguiente, _) => 2,
                (W::Que, W::Viene) => 1,
                _ => return None,
            };
            let end = next + if read.w(next) == W::Que { 2 } else { 1 };
            if next == at || !is_last(end) {
                return None;
            }
            let start = super::calendar::plus(super::calendar::monday(context.now.date()), weeks * 7);
            let days = Days { start, end: super::calendar::plus(start, 7), sort: Sort::Several, full: false };
            Some((What::Days(days), Bound::At, end))
        }
        // "el 4, 6 y 10 de octubre"
        What::Days(days) if days.sort == Sort::Bare && at == previous.end + 1 && number => {
            let joint = matches!(read.w(at - 1), W::Y | W::O) || read.is_sign(at - 1, ',');
            let (value, end) = number_at(read, at).filter(|(value, _)| (1..=31).contains(value))?;
            let goes_on = matches!(read.w(end), W::Y | W::O) && number_at(read, end + 1).is_some();
            if !joint || !(goes_on || is_last(end)) || clock::bare_at(read, at, false)?.1 > end {
                return None;
            }
            let date = super::calendar::day_of_month(u32::try_from(value).ok()?, context.now.date())?;
            let days = Days { start: date, end: super::calendar::plus(date, 1), ..days };
            Some((What::Days(days), Bound::At, end))
        }
        // "los martes y jueves"
        What::Every(_) if at == previous.end + 1 && matches!(read.w(at - 1), W::Y | W::O) => {
            let weekday = read.tokens[at].entry.weekday?;
            Some((What::Every(1 << weekday.num_days_from_monday()), Bound::At, at + 1))
        }
        _ => None,
    }
}

/// Whether a holiday's name begins with this word.
fn is_named_day(word: u16) -> bool {
    lexicon().holidays.iter().any(|named| named.words[0] == word)
}

/// What stands at a token, with the bound before it.
fn value(
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
    if let Some((what, end)) = soonest(read, at) {
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
        && days.end == super::calendar::plus(days.start, 1)
        && let Some((clock, end)) = clock::at(read, end)
    {
        let moment = days.start.and_time(chrono::NaiveTime::MIN)
            + chrono::TimeDelta::minutes(clock.minute_of_day().into());
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
fn end_of_day(read: &Read<'_>, at: usize, today: chrono::NaiveDate) -> Option<(NaiveDateTime, usize)> {
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
        (W::De, W::Manana) => (super::calendar::plus(today, 1), end + 2),
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
    let midnight = super::calendar::plus(now.date(), 1).and_time(chrono::NaiveTime::MIN);
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
        let one = |date, sort| {
            What::Days(Days { start: date, end: super::calendar::plus(date, 1), sort, full: false })
        };
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
                    days.start.and_hms_opt(0, 0, 0)?
                        + chrono::TimeDelta::minutes(clock.minute_of_day().into()),
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

/// A message that is nothing but a bare hour, or a bare number when a day or an hour was asked for.
fn whole(read: &Read<'_>, context: &Context<'_>) -> Option<(What, usize)> {
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
        let date = chrono::NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, narrow(month)?, narrow(day)?)?;
        let days = Days { start: date, end: super::calendar::plus(date, 1), sort: Sort::Date, full: true };
        return Some((What::Days(days), first + 3));
    }
    // "03051951": the same without anything between
    let typed = read.typed(first);
    if typed.len() == 8
        && typed.bytes().all(|digit| digit.is_ascii_digit())
        && is_end(first + 1)
        && let (Ok(day), Ok(month), Ok(year)) = (typed[..2].parse(), typed[2..4].parse(), typed[4..].parse())
        && (1_900..=2_100).contains(&year)
        && let Some(date) = chrono::NaiveDate::from_ymd_opt(year, month, day)
    {
        let days = Days { start: date, end: super::calendar::plus(date, 1), sort: Sort::Date, full: true };
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
    let date = super::calendar::day_of_month(day, context.now.date())?;
    let days = Days { start: date, end: super::calendar::plus(date, 1), sort: Sort::Bare, full: false };
    Some((What::Days(days), end))
}

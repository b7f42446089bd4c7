//! The pieces of a message that are about days and times, in order, each with its bound and its sign.

use chrono::Datelike;

use super::super::Context;
use super::super::clause::Clauses;
use super::super::glue::W;
use super::super::normal::{Kind, Read};
use super::super::number::number_at;
use super::super::rules::Words;
use super::around::{deny_before_no, is_denied, is_excepted, is_farewell, is_joined, is_switch, is_told};
use super::clock;
use super::day::{Days, Sort};
use super::piece::{Bound, Piece, Scanned, What};
use super::span;
use super::value::{is_named_day, value};
use super::whole::whole;

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

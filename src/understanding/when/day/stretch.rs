//! Stretches of days: weeks, weekends, months, and the parts of them.

use chrono::{Datelike, NaiveDate, Weekday};

use super::placed::year_at;
use super::which::{said_year, which_month, which_week};
use super::written::{is_gone, is_month, partial};
use super::{Found, Partial, resolve, several};
use crate::understanding::glue::W;
use crate::understanding::normal::Read;
use crate::understanding::number::{number_at, ordinal_at};
use crate::understanding::when::calendar::{
    coming_month, monday, month_ahead, next_weekday, plus, weekday_of_week, year,
};

/// `a principios de`, `mediados de`, `fines de`, `el resto de` a week, a month or a named month.
pub(super) fn part_of_longer(read: &Read<'_>, at: usize, today: NaiveDate) -> Option<(Found, usize)> {
    let mut next = at;
    while matches!(read.w(next), W::A | W::El | W::En | W::Los | W::Al) {
        next += 1;
    }
    let part = read.w(next);
    if !matches!(part, W::Principio | W::Fines | W::Mediados | W::Resto) {
        return None;
    }
    next += 1;
    if !matches!(read.w(next), W::De | W::Del) {
        return None;
    }
    let from = next + 1;
    if part == W::Fines && read.w(from) == W::Semana && read.w(at) != W::A {
        return None;
    }
    if part == W::Fines && read.w(next) == W::Del && read.w(from) == W::Dia {
        return None;
    }
    if let Some((weeks, end)) = which_week(read, from) {
        let start = plus(monday(today), weeks * 7);
        let whole = plus(start, 7);
        return Some((
            match part {
                W::Principio => several(start, plus(start, 3)),
                W::Mediados => several(plus(start, 1), plus(start, 4)),
                W::Fines => several(plus(start, 3), whole),
                _ => several(today.max(start), plus(whole, -1)),
            },
            end,
        ));
    }
    // "a principios de año", "a fines de 2027"
    let begun = part == W::Principio && today.month() > 3 || part == W::Mediados && today.month() > 7;
    if let Some((year, end)) = year_at(read, from, today, begun) {
        let first = NaiveDate::from_ymd_opt(year, 1, 1)?;
        let (start, months) = match part {
            W::Principio => (first, 3),
            W::Mediados => (month_ahead(first, 5), 2),
            W::Fines => (month_ahead(first, 10), 2),
            _ => (today.max(first), 0),
        };
        let end_day = if months == 0 { month_ahead(first, 12) } else { month_ahead(start, months) };
        return Some((several(start, end_day), end));
    }
    let (start, end) = if let Some((months, end)) = which_month(read, from) {
        (month_ahead(today, months), end)
    } else if read.w(from) == W::Mes {
        (month_ahead(today, 0), from + 1)
    } else {
        let month = read.tokens.get(from).and_then(|token| token.entry.month)?;
        match said_year(read, from + 1, today, true) {
            Some((year, end)) => (NaiveDate::from_ymd_opt(year, u32::from(month), 1)?, end),
            None => (coming_month(u32::from(month), today)?, from + 1),
        }
    };
    let whole = month_ahead(start, 1);
    Some((
        match part {
            W::Principio => several(start, plus(start, 10)),
            W::Mediados => several(plus(start, 10), plus(start, 20)),
            // "a fin de mes" is a little longer than "a fines de marzo"
            W::Fines if read.w(from) == W::Mes => several(plus(whole, -10), whole),
            W::Fines => several(plus(whole, -7), whole),
            _ => several(today.max(start), whole),
        },
        end,
    ))
}

/// `esta semana`, `la próxima semana`, `la semana del 18`.
pub(super) fn week(read: &Read<'_>, at: usize, today: NaiveDate) -> Option<(Found, usize)> {
    let w = |offset: usize| read.w(at + offset);
    // "entre semana", "días de semana"
    if w(0) == W::Entre && w(1) == W::Semana
        || w(0) == W::Dia && w(1) == W::De && w(2) == W::Semana && w(3) != W::Que
    {
        return Some((Found::Every(0b1_1111), at + if w(0) == W::Entre { 2 } else { 3 }));
    }
    // "la semana después de navidad", "la semana antes del 18"
    let named = usize::from(w(0) == W::La);
    if w(named) == W::Semana
        && matches!(w(named + 1), W::Despues | W::Antes)
        && matches!(w(named + 2), W::De | W::Del)
    {
        let from = at + named + 3;
        let found =
            super::relative(read, from, today).or_else(|| super::holiday(read, from, today)).or_else(|| {
                let (date, end) = partial(read, from, today).filter(|(date, _)| date.day.is_some())?;
                resolve(&date, today).map(|found| (found, end))
            });
        if let Some((Found::Days(days), end)) = found {
            let start = plus(monday(days.start), if w(named + 1) == W::Despues { 7 } else { -7 });
            return Some((several(start, plus(start, 7)), end));
        }
    }
    // the week that a date is in
    let article = usize::from(w(0) == W::La);
    if w(article) == W::Semana
        && matches!(w(article + 1), W::Del | W::De)
        && read.w(at + article + 2) != W::Mes
    {
        let (date, end) = partial(read, at + article + 2, today)?;
        let Some(Found::Days(days)) = date.day.and_then(|_| resolve(&date, today)) else { return None };
        let start = monday(days.start);
        return Some((several(start, plus(start, 7)), end));
    }
    if at > 0
        && (matches!(read.w(at - 1), W::Cada | W::Primera | W::Un)
            || ordinal_at(read, at - 1).is_some() && read.w(at - 1) != W::Ultimo)
        || read.w(at) == W::La && ordinal_at(read, at + 1).is_some() && read.w(at + 1) != W::Ultimo
    {
        return None;
    }
    let (weeks, end) = which_week(read, at)?;
    let start = plus(monday(today), weeks * 7);
    Some((several(start, plus(start, 7)), end))
}

/// `este fin de semana`, `el próximo fin de semana`, `los fines de semana`, `el primer fin de semana de septiembre`.
pub(super) fn weekend(read: &Read<'_>, at: usize, today: NaiveDate) -> Option<(Found, usize)> {
    let mut next = at;
    let mut weeks = 0;
    let mut every = false;
    let mut ordinal = None;
    loop {
        match read.w(next) {
            W::El | W::Para | W::En => {}
            W::Este | W::Ese => weeks = 0,
            W::Proximo | W::Siguiente => weeks = 0,
            W::Otro => weeks = 1,
            W::Los => every = true,
            W::Pasado => weeks = -1,
            W::Primera => ordinal = Some(1),
            _ if ordinal.is_none() && ordinal_at(read, next).is_some() => ordinal = ordinal_at(read, next),
            _ => break,
        }
        next += 1;
    }
    let named = read.w(next) == W::Finde
        || read.w(next) == W::Fines && read.w(next + 1) == W::De && read.w(next + 2) == W::Semana;
    if !named {
        return None;
    }
    let mut end = next + if read.w(next) == W::Finde { 1 } else { 3 };
    every |= read.word(next) == "fines";
    if every {
        return Some((Found::Every(0b110_0000), end));
    }
    if let Some(ordinal) = ordinal {
        let mut from = end;
        while matches!(read.w(from), W::De | W::Del | W::Mes) {
            from += 1;
        }
        let month = read.tokens.get(from).and_then(|token| token.entry.month)?;
        let first = coming_month(u32::from(month), today)?;
        let saturday = next_weekday(Weekday::Sat, plus(first, -1));
        let start = plus(saturday, i64::from(ordinal - 1) * 7);
        return Some((several(start, plus(start, 2)), from + 1));
    }
    if read.w(end) == W::Que && read.w(end + 1) == W::Viene {
        end += 2;
    } else if matches!(read.w(end), W::Proximo | W::Siguiente) {
        end += 1;
    } else if matches!(read.w(end), W::Pasado) {
        weeks = -1;
        end += 1;
    }
    // "el fin de semana del 12": the one that the date is in, or comes next
    if matches!(read.w(end), W::Del | W::De)
        && let Some((date, after)) = partial(read, end + 1, today).filter(|(date, _)| date.day.is_some())
        && let Some(Found::Days(days)) = resolve(&date, today)
    {
        let saturday = weekday_of_week(Weekday::Sat, 0, days.start);
        return Some((several(saturday, plus(saturday, 2)), after));
    }
    let saturday = plus(weekday_of_week(Weekday::Sat, 0, today), weeks * 7);
    Some((several(saturday, plus(saturday, 2)), end))
}

/// A month: `en febrero`, `marzo 2014`, `este mes`, `el mes que viene`.
pub(super) fn month(read: &Read<'_>, at: usize, today: NaiveDate) -> Option<(Found, usize)> {
    if let Some((months, end)) =
        which_month(read, at).filter(|_| read.w(at) != W::Mes || read.w(at + 1) != W::De)
    {
        let bare = read.w(at) == W::Mes && months == 0
            || matches!(read.w(at), W::El) && read.w(at + 1) == W::Mes && months == 0 && end == at + 2;
        if !bare {
            let start = month_ahead(today, months);
            return Some((several(start, month_ahead(start, 1)), end));
        }
    }
    let mut next = at;
    if read.w(next) == W::El && read.w(next + 1) == W::Mes || read.w(next) == W::Mes {
        next += 1 + usize::from(read.w(next) == W::El);
        if read.w(next) != W::De {
            return None;
        }
        next += 1;
        // "mes de 16 de septiembre"
        if number_at(read, next).is_some() && read.w(next + 1) == W::De {
            next += 2;
        }
    }
    let month = read.tokens.get(next).and_then(|token| token.entry.month)?;
    let said =
        said_year(read, next + 1 + usize::from(read.is_sign(next + 1, '.')), today, true).or_else(|| {
            let joined = read.is_sign(next + 1, '-') && read.tokens[next + 1].glued;
            joined.then(|| {
                read.figure(next + 2).and_then(|value| year(value, today)).map(|year| (year, next + 3))
            })?
        });
    if said.is_none() && (read.word(next).len() <= 4 && read.word(next) != "mayo" || !is_month(read, next)) {
        return None;
    }
    // "Julio" and "Abril" are names too: a month alone needs a word that leads to it
    if said.is_none() && next == at && !is_led_to(read, at) {
        return None;
    }
    let month = u32::from(month);
    let before = next == at && at > 0 && read.w(at - 1) == W::Pasado;
    if said.is_none() && (before || is_gone(read, next + 1)) {
        // "enero pasado"
        let year = if month < today.month() { today.year() } else { today.year() - 1 };
        let first = NaiveDate::from_ymd_opt(year, month, 1)?;
        return Some((several(first, month_ahead(first, 1)), next + 1 + usize::from(!before)));
    }
    let partial = Partial { month: Some(month), year: said.map(|(year, _)| year), ..Partial::default() };
    let end = said.map_or(next + 1, |(_, end)| end);
    resolve(&partial, today).map(|found| (found, end))
}

/// Whether a month that stands alone is one: by the word before it, or because nothing else is said.
fn is_led_to(read: &Read<'_>, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return read.count() <= 3 };
    matches!(
        read.w(before),
        W::En
            | W::De
            | W::Desde
            | W::Hasta
            | W::Para
            | W::A
            | W::Este
            | W::Proximo
            | W::Mes
            | W::Entre
            | W::Y
            | W::O
            | W::Por
            | W::Hacia
            | W::Del
            | W::Durante
            | W::Otro
            | W::Siguiente
            | W::Pasado
            | W::Todos
    ) && !(before > 0
        && matches!(read.word(before - 1), "doctor" | "doctora" | "don" | "señora" | "señor" | "nombre"))
}

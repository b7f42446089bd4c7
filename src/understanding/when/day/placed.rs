//! Years, and days and weeks by their place in a longer stretch: `el primer viernes de julio`, `la segunda quincena`.

use chrono::{Datelike, NaiveDate};

use super::which::{said_year, which_month, which_week};
use super::{Found, Sort, one, several};
use crate::understanding::glue::W;
use crate::understanding::normal::Read;
use crate::understanding::number::{number_at, ordinal_at};
use crate::understanding::when::calendar::{
    coming_month, last_weekday, monday, month_ahead, next_weekday, plus,
};

/// `el primer viernes de julio`, `la última semana de marzo`, `el último día del mes`, `la segunda quincena`.
pub(super) fn placed(read: &Read<'_>, at: usize, today: NaiveDate) -> Option<(Found, usize)> {
    let mut next = at + usize::from(matches!(read.w(at), W::El | W::La | W::Los));
    let place = ordinal_at(read, next).filter(|place| *place == -1 || (1..=5).contains(place))?;
    next += 1;
    // "los primeros 5 días de enero"
    let counted = number_at(read, next).filter(|(_, end)| read.word(*end) == "dias");
    if let Some((_, end)) = counted {
        next = end;
    }
    let token = read.tokens.get(next)?;
    let weekday = token.entry.weekday;
    let w = read.w(next);
    if weekday.is_none()
        && !matches!(w, W::Semana | W::Dia | W::Quincena | W::Mitad | W::Trimestre | W::Semestre)
    {
        return None;
    }
    next += 1;
    if matches!(w, W::Trimestre | W::Semestre) {
        // "el primer semestre de 2027"
        let said = said_year(read, next, today, true);
        let months = if w == W::Trimestre { 3 } else { 6 };
        let start = month_ahead(
            NaiveDate::from_ymd_opt(said.map_or(today.year(), |(year, _)| year), 1, 1)?,
            (place.max(1) - 1).min(12 / months - 1) * months,
        );
        return Some((several(start, month_ahead(start, months)), said.map_or(next, |(_, end)| end)));
    }
    if !matches!(read.w(next), W::De | W::Del | W::En) {
        return None;
    }
    // "la segunda mitad de esta semana"
    if w == W::Mitad
        && let Some((weeks, end)) = which_week(read, next + 1)
    {
        let start = plus(monday(today), weeks * 7);
        let middle = plus(start, 3);
        let half = if place == 1 { several(start, middle) } else { several(middle, plus(start, 7)) };
        return Some((half, end));
    }
    // "el primer día del año"
    if w == W::Dia
        && counted.is_none()
        && let Some((year, end)) = year_at(read, next + 1, today, place > 0)
    {
        let first = NaiveDate::from_ymd_opt(year, 1, 1)?;
        let last = NaiveDate::from_ymd_opt(year, 12, 31)?;
        return Some((
            one(if place == -1 { last } else { plus(first, i64::from(place - 1)) }, Sort::Day, false),
            end,
        ));
    }
    let (first, end) = if let Some((months, end)) = which_month(read, next + 1) {
        (month_ahead(today, months), end)
    } else if read.w(next + 1) == W::Mes {
        (month_ahead(today, 0), next + 2)
    } else {
        let month = read.tokens.get(next + 1)?.entry.month?;
        match said_year(read, next + 2, today, true) {
            Some((year, end)) => (NaiveDate::from_ymd_opt(year, u32::from(month), 1)?, end),
            None => (coming_month(u32::from(month), today)?, next + 2),
        }
    };
    let last = plus(month_ahead(first, 1), -1);
    let weeks = i64::from(place.max(1) - 1) * 7;
    let found = match (weekday, w) {
        (Some(weekday), _) if place == -1 => {
            one(if last.weekday() == weekday { last } else { last_weekday(weekday, last) }, Sort::Day, false)
        }
        (Some(weekday), _) => one(plus(next_weekday(weekday, plus(first, -1)), weeks), Sort::Day, false),
        (None, W::Dia) if read.word(next - 1) == "dias" => {
            let days =
                counted.and_then(|(days, _)| i64::try_from(days).ok()).map_or(7, |days| days.clamp(1, 28));
            if place == -1 {
                several(plus(last, 1 - days), plus(last, 1))
            } else {
                several(first, plus(first, days))
            }
        }
        (None, W::Dia) => {
            one(if place == -1 { last } else { plus(first, i64::from(place - 1)) }, Sort::Day, false)
        }
        (None, W::Quincena | W::Mitad) => {
            let middle = plus(first, 15);
            if place == 1 { several(first, middle) } else { several(middle, plus(last, 1)) }
        }
        (None, _) => {
            let start = if place == -1 { monday(last) } else { plus(monday(plus(first, 3)), weeks) };
            several(start, plus(start, 7))
        }
    };
    Some((found, end))
}

/// A year that a part is taken of: `año`, `este año`, `2027`. A bare "año" whose part is over is the next one.
pub(super) fn year_at(read: &Read<'_>, at: usize, today: NaiveDate, over: bool) -> Option<(i32, usize)> {
    let at = at + usize::from(read.w(at) == W::El);
    if let Some((Found::Days(days), end)) = years(read, at, today) {
        return Some((days.start.year(), end));
    }
    if read.word(at) == "año" {
        return Some((today.year() + i32::from(over), at + 1));
    }
    let value = read.figure(at).filter(|value| (1_900..=2_100).contains(value))?;
    i32::try_from(value).ok().map(|year| (year, at + 1))
}

/// `este año`, `el próximo año`, `el año pasado`, `el año 2027`, `en 2027`.
pub(super) fn years(read: &Read<'_>, at: usize, today: NaiveDate) -> Option<(Found, usize)> {
    let whole = |year: i32| {
        Some(several(NaiveDate::from_ymd_opt(year, 1, 1)?, NaiveDate::from_ymd_opt(year + 1, 1, 1)?))
    };
    let next = at + usize::from(matches!(read.w(at), W::El | W::Del));
    let singular = |at: usize| read.word(at) == "año";
    let (year, end) = match (read.w(next), read.w(next + 1), read.w(next + 2)) {
        (W::Este | W::Ese, W::Anio, _) if singular(next + 1) => (today.year(), next + 2),
        (W::Proximo | W::Siguiente | W::Otro, W::Anio, _) if singular(next + 1) => {
            (today.year() + 1, next + 2)
        }
        (W::Pasado | W::Ultimo, W::Anio, _) if singular(next + 1) => (today.year() - 1, next + 2),
        (W::Anio, W::Que, W::Viene) if singular(next) => (today.year() + 1, next + 3),
        (W::Anio, W::Proximo | W::Siguiente | W::Entrante, _) if singular(next) => {
            (today.year() + 1, next + 2)
        }
        (W::Anio, W::Pasado | W::Anterior, _) if singular(next) => (today.year() - 1, next + 2),
        // "en 2027, noviembre"
        (W::En, ..)
            if read.typed(at + 1).len() == 4
                && let after = at + 2 + usize::from(read.is_sign(at + 2, ','))
                && let Some(month) = read.tokens.get(after).and_then(|token| token.entry.month) =>
        {
            let year =
                i32::try_from(read.figure(at + 1)?).ok().filter(|year| (1_900..=2_100).contains(year))?;
            let first = NaiveDate::from_ymd_opt(year, u32::from(month), 1)?;
            return Some((several(first, month_ahead(first, 1)), after + 1));
        }
        // "antes de 2027", "desde el 2027", and nothing else
        _ if read.typed(next).len() == 4
            && at > 0
            && (matches!(read.w(at - 1), W::Desde | W::Hasta)
                || at > 1 && read.w(at - 1) == W::De && matches!(read.w(at - 2), W::Antes | W::Despues)) =>
        {
            (i32::try_from(read.figure(next)?).ok()?, next + 1)
        }
        // "en el 2027"
        _ if read.typed(next).len() == 4 && next > at && at > 0 && matches!(read.w(at - 1), W::En) => {
            (i32::try_from(read.figure(next)?).ok()?, next + 1)
        }
        (W::Anio, ..) if singular(next) => (i32::try_from(read.figure(next + 1)?).ok()?, next + 2),
        (W::En, ..)
            if read.typed(at + 1).len() == 4
                && read.tokens.get(at + 2).is_none_or(|token| token.entry.unit.is_none()) =>
        {
            (i32::try_from(read.figure(at + 1)?).ok()?, at + 2)
        }
        _ => return None,
    };
    (1_900..=2_100).contains(&year).then(|| whole(year).map(|found| (found, end)))?
}

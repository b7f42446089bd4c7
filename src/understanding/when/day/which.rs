//! Which one is meant of weeks, months and years: "este", "próximo", "que viene", "pasado".

use chrono::{Datelike, NaiveDate};

use super::{Which, is_counted};
use crate::understanding::glue::W;
use crate::understanding::normal::Read;
use crate::understanding::number::number_at;
use crate::understanding::when::calendar::year;

/// "próximo", "que viene", "de la otra semana" at a token.
pub(super) fn which(read: &Read<'_>, at: usize) -> Option<(Which, usize)> {
    match (read.w(at), read.w(at + 1)) {
        (W::Proximo | W::Siguiente | W::Entrante, _) => Some((Which::Next, at + 1)),
        (W::Subsiguiente, _) => Some((Which::Other, at + 1)),
        (W::Otro, _) => Some((Which::Other, at + 1)),
        (W::Este | W::Ese, _) => Some((Which::This, at + 1)),
        (W::Que, W::Viene) => Some((Which::Next, at + 2)),
        (W::Pasado | W::Anterior | W::Ultimo, _) => Some((Which::Past, at + 1)),
        (W::De, _) => {
            let (weeks, end) = which_week(read, at + 1)?;
            Some((Which::Week(weeks), end))
        }
        _ => None,
    }
}

/// `de 2026`, `, 2026`, ` 2026`, `del 26`.
pub(super) fn said_year(read: &Read<'_>, at: usize, today: NaiveDate, alone: bool) -> Option<(i32, usize)> {
    if let Some((years, end)) = which_year(read, at) {
        return Some((today.year() + years, end));
    }
    let mut next = at;
    let mut joined = false;
    while matches!(read.w(next), W::De | W::Del) || read.is_sign(next, ',') || read.w(next) == W::Anio {
        joined |= read.w(next) != W::Other;
        next += 1;
        if next > at + 3 {
            return None;
        }
    }
    let (value, end) = number_at(read, next)?;
    // "del cuarenta y ocho"
    let spoken = if value < 100 { 2 } else { 4 };
    let digits = read.figure(next).map_or(spoken, |_| read.typed(next).len());
    let is_year = (1_900..=2_100).contains(&value)
            || joined && digits == 2 && (20..=99).contains(&value) && !alone
            // "12 marzo 51": no day and no hour is the 51st
            || digits == 2 && (32..=99).contains(&value) && !alone && read.figure(next).is_some();
    (is_year && !is_counted(read, end)).then(|| year(value, today).map(|year| (year, end)))?
}

/// Which year: "del año pasado", "del próximo año", "de este año", years ahead.
fn which_year(read: &Read<'_>, at: usize) -> Option<(i32, usize)> {
    let next = match read.w(at) {
        W::De | W::Del => at + 1 + usize::from(read.w(at + 1) == W::El),
        _ => return None,
    };
    let singular = |at: usize| read.word(at) == "año";
    match (read.w(next), read.w(next + 1), read.w(next + 2)) {
        (W::Este | W::Ese | W::Mismo, W::Anio, _) if singular(next + 1) => Some((0, next + 2)),
        (W::Proximo | W::Siguiente | W::Otro, W::Anio, _) if singular(next + 1) => Some((1, next + 2)),
        (W::Pasado, W::Anio, _) if singular(next + 1) => Some((-1, next + 2)),
        (W::Anio, W::Que, W::Viene) if singular(next) => Some((1, next + 3)),
        (W::Anio, W::Proximo | W::Siguiente | W::Entrante, _) if singular(next) => Some((1, next + 2)),
        (W::Anio, W::Pasado | W::Anterior, _) if singular(next) => Some((-1, next + 2)),
        _ => None,
    }
}

/// Which month: "este mes", "próximo mes", "mes que viene", months ahead.
pub(super) fn which_month(read: &Read<'_>, at: usize) -> Option<(i32, usize)> {
    let mut next = at;
    while matches!(read.w(next), W::El | W::La | W::Del | W::Al) {
        next += 1;
    }
    match (read.w(next), read.w(next + 1), read.w(next + 2)) {
        (W::Este | W::Ese, W::Mes, _) | (W::Mismo | W::Actual, W::Mes, _) => Some((0, next + 2)),
        (W::Proximo | W::Siguiente | W::Otro, W::Mes, _) => Some((1, next + 2)),
        (W::Pasado | W::Ultimo, W::Mes, _) => Some((-1, next + 2)),
        (W::Mes, W::Que, W::Viene) => Some((1, next + 3)),
        (W::Mes, W::Proximo | W::Siguiente | W::Entrante, _) => Some((1, next + 2)),
        (W::Mes, W::Pasado | W::Anterior, _) => Some((-1, next + 2)),
        (W::Mes, W::Actual, _) => Some((0, next + 2)),
        (W::Mes, W::Despues | W::Antes, W::Del) => {
            Some((twice_removed(read.w(next + 1), read.w(next + 3))?, next + 4))
        }
        (W::Mes, _, _) if next > at || at > 0 && read.w(at - 1) == W::Del => Some((0, next + 1)),
        _ => None,
    }
}

/// "la semana después de la próxima", "el mes antes del pasado": two ahead or two back.
fn twice_removed(side: W, of: W) -> Option<i32> {
    match (side, of) {
        (W::Despues, W::Proximo | W::Siguiente) => Some(2),
        (W::Antes, W::Pasado | W::Anterior | W::Ultimo) => Some(-2),
        _ => None,
    }
}

/// Which week: "esta semana", "la próxima semana", "semana que viene", weeks ahead.
pub(super) fn which_week(read: &Read<'_>, at: usize) -> Option<(i64, usize)> {
    let mut next = at;
    let mut article = false;
    while matches!(read.w(next), W::La | W::El | W::Las) {
        article = true;
        next += 1;
    }
    match (read.w(next), read.w(next + 1), read.w(next + 2)) {
        (W::Este | W::Ese | W::Mismo | W::Actual, W::Semana, _) => Some((0, next + 2)),
        (W::Este, W::Mismo, W::Semana) => Some((0, next + 3)),
        (W::Proximo | W::Siguiente | W::Otro | W::Entrante, W::Semana, _) => Some((1, next + 2)),
        (W::Subsiguiente, W::Semana, _) => Some((2, next + 2)),
        (W::Pasado | W::Ultimo, W::Semana, _) => Some((-1, next + 2)),
        (W::Semana, W::Que, W::Viene) => Some((1, next + 3)),
        (W::Semana, W::Proximo | W::Siguiente | W::Entrante, _) => Some((1, next + 2)),
        (W::Semana, W::Subsiguiente, _) => Some((2, next + 2)),
        (W::Semana, W::Pasado | W::Anterior, _) => Some((-1, next + 2)),
        (W::Semana, W::Actual, _) => Some((0, next + 2)),
        (W::Semana, W::Despues | W::Antes, W::De) if read.w(next + 3) == W::La => {
            let weeks = twice_removed(read.w(next + 1), read.w(next + 4))?;
            Some((weeks.into(), next + 5 + usize::from(read.w(next + 5) == W::Semana)))
        }
        (W::Semana, ..) if article => Some((0, next + 1)),
        (W::Semana, ..)
            if at > 0
                && read.w(at - 1) == W::De
                && at > 1
                && matches!(read.w(at - 2), W::Principio | W::Fines | W::Mediados) =>
        {
            Some((0, next + 1))
        }
        _ => None,
    }
}

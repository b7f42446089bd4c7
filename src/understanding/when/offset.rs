//! Counted from now: `en 3 días`, `dentro de dos semanas`, `los próximos 5 días`, `hace una hora`.

use chrono::{Months, NaiveDate, NaiveDateTime, TimeDelta};

use super::super::glue::W;
use super::super::lexicon::Unit;
use super::super::normal::Read;
use super::super::number::number_at;
use super::calendar::{after_working_days, monday, month_ahead, plus};
use super::policy::NEXT_HOURS;

/// What is counted from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offset {
    /// A day.
    Day(NaiveDate),
    /// Days, the end exclusive.
    Days(NaiveDate, NaiveDate),
    /// That day or later.
    From(NaiveDate),
    /// Before that day.
    Until(NaiveDate),
    /// A moment.
    Moment(NaiveDateTime),
    /// That moment or later.
    After(NaiveDateTime),
    /// Before that moment.
    Before(NaiveDateTime),
    /// From a moment to another.
    Moments(NaiveDateTime, NaiveDateTime),
}

/// A length of time.
#[derive(Debug, Clone, Copy)]
struct Length {
    count: i64,
    unit: Unit,
    /// Minutes beside whole hours.
    minutes: i64,
    working: bool,
}

/// The offset that begins at a token, and the token after it.
pub(super) fn at(read: &Read<'_>, at: usize, now: NaiveDateTime) -> Option<(Offset, usize)> {
    following(read, at, now)
        .or_else(|| preceding(read, at, now))
        .or_else(|| after_all(read, at, now))
        .or_else(|| from_day(read, at, now))
}

/// `los últimos 3 días`, `las dos semanas pasadas`, `las últimas horas`: until now.
fn preceding(read: &Read<'_>, at: usize, now: NaiveDateTime) -> Option<(Offset, usize)> {
    let mut next = at;
    while matches!(read.w(next), W::Los | W::Las | W::En | W::Durante) {
        next += 1;
    }
    let (length, whole, end) = if matches!(read.w(next), W::Ultimo | W::Pasado) {
        let (length, end) = length(read, next + 1)?;
        (length, read.w(next) == W::Pasado, end)
    } else if let Some((count, end)) = number_at(read, next)
        && matches!(read.w(end), W::Ultimo | W::Pasado)
        && let Some(unit) = read.tokens.get(end + 1).and_then(|token| token.entry.unit)
    {
        let count = i64::try_from(count).ok()?;
        (Length { count, unit, minutes: 0, working: false }, read.w(end) == W::Pasado, end + 2)
    } else {
        let (length, end) = length(read, next)?;
        if !matches!(read.w(end), W::Pasado | W::Ultimo | W::Anterior) || read.w(end + 1) == W::Manana {
            return None;
        }
        (length, true, end + 1)
    };
    let today = now.date();
    let back = |delta: TimeDelta| now.checked_sub_signed(delta).map(|start| Offset::Moments(start, now));
    let count = length.count.clamp(0, 10_000);
    Some((
        match length.unit {
            Unit::Second => back(TimeDelta::seconds(count))?,
            Unit::Minute => back(TimeDelta::minutes(count))?,
            Unit::Hour => back(TimeDelta::minutes(count * 60 + length.minutes))?,
            Unit::Week if whole => Offset::Days(plus(monday(today), -count * 7), monday(today)),
            Unit::Month if whole => {
                Offset::Days(month_ahead(today, -i32::try_from(count).ok()?), month_ahead(today, 0))
            }
            _ => Offset::Days(shifted(today, Length { count, ..length }, -1)?, today),
        },
        end,
    ))
}

/// `dos días después de mañana`, `una semana antes del 20 de mayo`, `dos semanas desde ayer`.
fn from_day(read: &Read<'_>, at: usize, now: NaiveDateTime) -> Option<(Offset, usize)> {
    let (length, end) = length(read, at + usize::from(read.w(at) == W::En))?;
    let (sign, from) = match (read.w(end), read.w(end + 1)) {
        (W::Despues, W::De | W::Del) => (1, end + 1),
        (W::Desde, _) => (1, end + 1),
        (W::Antes, W::De | W::Del) => (-1, end + 1),
        (W::A, W::Partir) => (1, end + 2),
        _ => return None,
    };
    let from = from + usize::from(read.w(from) == W::De);
    let (found, end) = super::day::at(read, from, now.date())?;
    let super::day::Found::Days(days) = found else { return None };
    let is_day = plus(days.start, 1) == days.end;
    is_day.then(|| shifted(days.start, length, sign).map(|date| (Offset::Day(date), end)))?
}

/// `en`, `dentro de`, `de aquí a`, `hace`, or a length and `más`, `a partir de ahora`.
fn after_all(read: &Read<'_>, at: usize, now: NaiveDateTime) -> Option<(Offset, usize)> {
    let w = |offset: usize| read.w(at + offset);
    let (mut next, introduced, mut past) = match (w(0), w(1), w(2)) {
        (W::Dentro, W::De, _) => (at + 2, true, false),
        (W::De, W::Aqui, W::A) => (at + 3, true, false),
        (W::En, ..) => (at + 1, true, false),
        (W::Hace, ..) => (at + 1, true, true),
        _ => (at, false, false),
    };
    // "hace como una semana", "en unos 3 días", "hace exactamente un año"
    let softened = matches!(read.w(next), W::Como | W::Aproximadamente)
        || read.w(next) == W::Unos && number_at(read, next + 1).is_some()
        || matches!(read.word(next), "exactamente" | "justo" | "casi");
    if introduced && softened {
        next += 1;
    }
    let compared = match (read.w(next), read.w(next + 1)) {
        (W::Mas, W::De) => 1,
        (W::Menos, W::De) => -1,
        _ => 0,
    };
    if compared != 0 {
        next += 2;
    }
    let (length, mut end) = length(read, next)?;
    let mut counted = introduced;
    // "un mes y 21 días"
    let beside = if read.w(end) == W::Y && !matches!(length.unit, Unit::Hour | Unit::Minute | Unit::Second) {
        self::length(read, end + 1)
            .filter(|(beside, _)| !matches!(beside.unit, Unit::Hour | Unit::Minute | Unit::Second))
    } else {
        None
    };
    if let Some((_, after)) = beside {
        end = after;
    }
    match (read.w(end), read.w(end + 1), read.w(end + 2)) {
        (W::Mas, ..) if !matches!(read.w(end + 1), W::De) => {
            counted = true;
            end += 1;
        }
        (W::A, W::Partir, W::De) if matches!(read.w(end + 3), W::Ahora | W::Hoy) => {
            counted = true;
            end += 4;
        }
        (W::Desde, W::Ahora | W::Hoy, _) => {
            counted = true;
            end += 2;
        }
        (W::Atras, ..) => {
            counted = true;
            past = true;
            end += 1;
        }
        _ => {}
    }
    // "más tarde", "más temprano" belong to something else
    if !counted || read.w(end.saturating_sub(1)) == W::Mas && matches!(read.w(end), W::Tarde | W::Temprano) {
        return None;
    }
    let sign = if past { -1 } else { 1 };
    let day = |length: Length| {
        let first = shifted(now.date(), length, sign)?;
        match beside {
            Some((beside, _)) => shifted(first, beside, sign),
            None => Some(first),
        }
    };
    Some((
        match (compared, length.unit) {
            (_, Unit::Second | Unit::Minute | Unit::Hour) => {
                let seconds = match length.unit {
                    Unit::Second => length.count,
                    Unit::Minute => length.count * 60,
                    _ => length.count * 3_600 + length.minutes * 60,
                };
                let moment = now.checked_add_signed(TimeDelta::seconds(seconds * sign))?;
                match compared {
                    -1 if past => Offset::Moments(moment, now),
                    -1 => Offset::Moments(now, moment),
                    1 if past => Offset::Before(moment),
                    1 => Offset::After(moment),
                    _ => Offset::Moment(moment),
                }
            }
            (1, _) if past => Offset::Until(plus(day(length)?, 1)),
            (1, _) => Offset::From(day(length)?),
            (-1, _) if past => Offset::Days(day(length)?, now.date()),
            (-1, _) => Offset::Days(plus(now.date(), 1), day(length)?),
            _ => Offset::Day(day(length)?),
        },
        end,
    ))
}

fn shifted(today: NaiveDate, length: Length, sign: i64) -> Option<NaiveDate> {
    let months = |count: i64| {
        let months = Months::new(u32::try_from(count).ok().filter(|months| *months < 1_200)?);
        if sign > 0 { today.checked_add_months(months) } else { today.checked_sub_months(months) }
    };
    let days = |count: i64| (count < 40_000).then(|| plus(today, count * sign));
    match length.unit {
        Unit::Day if length.working && sign > 0 => Some(plus(after_working_days(today, length.count), -1)),
        Unit::Day => days(length.count),
        Unit::Week => days(length.count * 7),
        Unit::Fortnight => days(length.count * 15),
        Unit::Month => months(length.count),
        Unit::Year => months(length.count * 12),
        Unit::Second | Unit::Minute | Unit::Hour => None,
    }
}

/// `3 días`, `una hora y media`, `media hora`, `un par de semanas`, `1/4 de hora`, `4 días hábiles`.
fn length(read: &Read<'_>, at: usize) -> Option<(Length, usize)> {
    let hours = |minutes: i64, end: usize| {
        Some((Length { count: 0, unit: Unit::Hour, minutes, working: false }, end))
    };
    match (read.w(at), read.w(at + 1), read.w(at + 2)) {
        (W::Media, W::Hora, _) => return hours(30, at + 2),
        (W::Hora, W::Y, W::Media) => return hours(90, at + 3),
        (W::Un, W::Media, W::Hora) => return hours(30, at + 3),
        (W::Cuarto, W::De, W::Hora) => return hours(15, at + 3),
        (W::Un, W::Cuarto, W::De) if read.w(at + 3) == W::Hora => return hours(15, at + 4),
        _ => {}
    }
    if read.word(at) == "tres"
        && read.w(at + 1) == W::Cuarto
        && read.w(at + 2) == W::De
        && read.w(at + 3) == W::Hora
    {
        return hours(45, at + 4);
    }
    if read.is_sign(at + 1, '/')
        && read.w(at + 3) == W::De
        && read.w(at + 4) == W::Hora
        && let (Some(above), Some(below)) = (read.figure(at), read.figure(at + 2))
        && below > 0
        && above < below
    {
        return hours(i64::try_from(60 * above / below).ok()?, at + 5);
    }
    let (count, mut next) = match (read.w(at), read.w(at + 1), read.w(at + 2)) {
        (W::Un, W::Par, W::De) => (2, at + 3),
        (W::Par, W::De, _) => (2, at + 2),
        _ => {
            let (count, end) = number_at(read, at)?;
            (i64::try_from(count).ok().filter(|count| *count < 100_000)?, end)
        }
    };
    let unit = match read.w(next) {
        W::H => Unit::Hour,
        _ => read.tokens.get(next)?.entry.unit?,
    };
    next += 1;
    let mut minutes = 0;
    if unit == Unit::Hour && read.w(next) == W::Y {
        if read.w(next + 1) == W::Media {
            minutes = 30;
            next += 2;
        } else if read.w(next + 1) == W::Cuarto {
            minutes = 15;
            next += 2;
        } else if let Some((value, end)) = number_at(read, next + 1)
            && let Some(value) = i64::try_from(value).ok().filter(|value| *value < 60)
        {
            minutes = value;
            next = end + usize::from(read.w(end) == W::Minuto);
        }
    }
    let working = read.w(next) == W::Habil;
    next += usize::from(working);
    Some((Length { count, unit, minutes, working }, next))
}

/// `los próximos 3 días`, `3 semanas que vienen`, `los 4 días hábiles siguientes`, `las próximas horas`.
fn following(read: &Read<'_>, at: usize, now: NaiveDateTime) -> Option<(Offset, usize)> {
    let mut next = at;
    while matches!(read.w(next), W::Los | W::Las | W::En) {
        next += 1;
    }
    if read.w(next) == W::Proximo && read.w(next + 1) == W::Hora && read.word(next + 1) == "horas" {
        return Some((Offset::Moments(now, now.checked_add_signed(TimeDelta::hours(NEXT_HOURS))?), next + 2));
    }
    if matches!(read.w(next), W::Proximo | W::Este) && read.word(next + 1) == "dias" {
        let tomorrow = plus(now.date(), 1);
        return Some((Offset::Days(tomorrow, plus(tomorrow, 7)), next + 2));
    }
    if matches!(read.w(next), W::Proximo | W::Siguiente) {
        let (length, end) = length(read, next + 1)?;
        return Some((stretch(now, length, read.w(next) == W::Proximo)?, end));
    }
    // "3 próximos meses"
    if let Some((count, end)) = number_at(read, next)
        && matches!(read.w(end), W::Proximo | W::Siguiente)
        && let Some(unit) = read.tokens.get(end + 1).and_then(|token| token.entry.unit)
    {
        let length = Length { count: i64::try_from(count).ok()?, unit, minutes: 0, working: false };
        return Some((stretch(now, length, true)?, end + 2));
    }
    let (length, end) = length(read, next)?;
    match (read.w(end), read.w(end + 1)) {
        (W::Que, W::Viene) => Some((stretch(now, length, true)?, end + 2)),
        (W::Siguiente, _) => Some((stretch(now, length, false)?, end + 1)),
        (W::Proximo, _) => Some((stretch(now, length, true)?, end + 1)),
        _ => None,
    }
}

/// A stretch of days from tomorrow, or of whole weeks and months from the next.
fn stretch(now: NaiveDateTime, length: Length, whole: bool) -> Option<Offset> {
    let today = now.date();
    let count = length.count.clamp(0, 1_000);
    let tomorrow = plus(today, 1);
    Some(match length.unit {
        Unit::Day if length.working => Offset::Days(tomorrow, after_working_days(today, count)),
        Unit::Day => Offset::Days(tomorrow, plus(tomorrow, count)),
        Unit::Week if whole => {
            let start = plus(monday(today), 7);
            Offset::Days(start, plus(start, count * 7))
        }
        Unit::Week => Offset::Days(tomorrow, plus(tomorrow, count * 7)),
        Unit::Month if whole => {
            let start = month_ahead(today, 1);
            Offset::Days(start, month_ahead(start, i32::try_from(count).ok()?))
        }
        Unit::Hour => Offset::Moments(now, now.checked_add_signed(TimeDelta::hours(count))?),
        Unit::Minute => Offset::Moments(now, now.checked_add_signed(TimeDelta::minutes(count))?),
        Unit::Fortnight => Offset::Days(tomorrow, plus(tomorrow, count * 15)),
        Unit::Month | Unit::Year => {
            let end = shifted(tomorrow, Length { count, ..length }, 1)?;
            Offset::Days(tomorrow, end)
        }
        Unit::Second => return None,
    })
}

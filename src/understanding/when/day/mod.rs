//! Days: `hoy`, `el jueves`, `el lunes 21`, `26 de noviembre`, `26/11`, `la próxima semana`, `fines de marzo`, holidays.

mod numeric;
mod placed;
mod relative;
mod stretch;
mod which;
mod written;

use chrono::{Datelike, NaiveDate, Weekday};

use crate::understanding::glue::W;
use crate::understanding::normal::{Kind, Read};
use crate::understanding::when::calendar::{
    coming, coming_month, day_of_month, gone, last_weekday, month_ahead, next_weekday, plus, weekday_of_week,
};

use placed::{placed, years};
pub(super) use relative::{holiday, relative};
use stretch::{month, part_of_longer, week, weekend};
use written::partial;
pub(super) use written::partial_after;

/// What kind of days they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// One day, named or counted.
    Day,
    /// One day, by its date.
    Date,
    /// One day, by a weekday alone; when it is today's weekday, today may be meant too.
    Weekday,
    /// One day, by a number alone.
    Bare,
    /// More than one.
    Several,
}

/// Days that were said, the end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Days {
    pub start: NaiveDate,
    pub end: NaiveDate,
    pub sort: Sort,
    /// The year was said.
    pub full: bool,
}

/// What was read at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Days(Days),
    /// Every such weekday, Monday the lowest bit.
    Every(u8),
    /// A date that cannot be.
    Impossible,
    /// A weekday and a date that do not match.
    Contradiction,
}

/// Which of the weeks a weekday is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Which {
    #[default]
    Plain,
    This,
    Next,
    Other,
    Past,
    /// Of the week so many ahead.
    Week(i64),
}

/// The parts of a date that were said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Partial {
    pub weekday: Option<Weekday>,
    pub which: Which,
    pub day: Option<u32>,
    pub month: Option<u32>,
    pub year: Option<i32>,
    /// Something says that the number is a day: an article, "día", a weekday.
    pub announced: bool,
    /// "los lunes"
    pub plural: bool,
    /// A day or a month that the calendar does not have.
    pub impossible: bool,
}

impl Partial {
    /// Whether it is more than a number.
    pub fn is_date(&self) -> bool {
        self.month.is_some() || self.weekday.is_some() || self.impossible
    }
}

/// One day by its date.
fn one(date: NaiveDate, sort: Sort, full: bool) -> Found {
    Found::Days(Days { start: date, end: plus(date, 1), sort, full })
}

fn several(start: NaiveDate, end: NaiveDate) -> Found {
    Found::Days(Days { start, end, sort: Sort::Several, full: false })
}

/// The days that begin at a token, and the token after them.
pub(super) fn at(read: &Read<'_>, at: usize, today: NaiveDate) -> Option<(Found, usize)> {
    // streets are named after dates
    if (at.saturating_sub(2)..at).any(|before| {
        matches!(read.word(before), "calle" | "avenida" | "av" | "pasaje" | "poblacion" | "villa")
    }) || is_address(read, at)
        || at > 0 && read.w(at - 1) == W::Con && matches!(read.tokens[at].kind, Kind::Number(_))
    {
        return None;
    }
    relative(read, at, today)
        .or_else(|| holiday(read, at, today))
        .or_else(|| part_of_longer(read, at, today))
        .or_else(|| placed(read, at, today))
        .or_else(|| years(read, at, today))
        .or_else(|| week(read, at, today))
        .or_else(|| weekend(read, at, today))
        .or_else(|| {
            let (partial, end) = partial(read, at, today)?;
            let said = partial.announced && partial.day.is_some() && read.w(end.saturating_sub(1)) != W::Un;
            let is_day = partial.is_date() || said;
            let counted = partial.month.is_none() && partial.weekday.is_none() && is_counted(read, end);
            (is_day && !counted).then(|| resolve(&partial, today).map(|found| (found, end)))?
        })
        .or_else(|| month(read, at, today))
}

/// "vivo en 10 de julio": between it and the verb there is nothing but a date.
fn is_address(read: &Read<'_>, at: usize) -> bool {
    let from = (0..at).rev().find(|before| {
        let token = &read.tokens[*before];
        !(matches!(token.kind, Kind::Number(_))
            || token.entry.month.is_some()
            || matches!(read.w(*before), W::De | W::Del | W::En | W::Con))
    });
    from.is_some_and(|before| matches!(read.word(before), "vivo" | "vivimos" | "domicilio"))
}

/// "1/2 kilo", "3/4 de taza".
fn is_measure(word: &str) -> bool {
    matches!(
        word,
        "kilo" | "kilos" | "litro" | "litros" | "taza" | "tazas" | "pastilla" | "pastillas" | "comprimido" | "dosis" | "vaso"
            | "cucharada" | "docena" | "porcion" | "metro" | "metros" | "tableta" | "de" if word != "de"
    )
}

/// "el 2 por ciento", "los 3 niños": a number that is no day.
fn is_counted(read: &Read<'_>, at: usize) -> bool {
    let Some(token) = read.tokens.get(at) else { return false };
    matches!(token.kind, Kind::Sign('%' | ':' | '$'))
        || token.glued && matches!(token.kind, Kind::Sign('.' | '/')) && read.figure(at + 1).is_some()
        || token.entry.unit.is_some() && token.entry.ordinal.is_none()
        || matches!(read.w(at), W::Y | W::Menos) && matches!(read.w(at + 1), W::Media | W::Cuarto)
        || matches!(
            read.word(at),
            "pesos"
                | "niños"
                | "personas"
                | "hijos"
                | "veces"
                | "controles"
                | "kilos"
                | "opciones"
                | "ciento"
                | "lucas"
                | "am"
                | "pm"
        )
        || read.word(at) == "por" && read.word(at + 1) == "ciento"
}

/// The date that parts of one are.
pub(super) fn resolve(partial: &Partial, today: NaiveDate) -> Option<Found> {
    if partial.impossible {
        return Some(Found::Impossible);
    }
    let matches_weekday = |date: NaiveDate| partial.weekday.is_none_or(|weekday| date.weekday() == weekday);
    match (partial.day, partial.month, partial.year) {
        (Some(day), Some(month), Some(year)) => Some(match NaiveDate::from_ymd_opt(year, month, day) {
            Some(date) if matches_weekday(date) => one(date, Sort::Date, true),
            Some(_) => Found::Contradiction,
            None => Found::Impossible,
        }),
        (Some(day), Some(month), None) if partial.which == Which::Past => {
            Some(gone(day, month, today).map_or(Found::Impossible, |date| one(date, Sort::Date, false)))
        }
        (Some(day), Some(month), None) => Some(match coming(day, month, today) {
            Some(date) if matches_weekday(date) => one(date, Sort::Date, false),
            Some(_) => Found::Contradiction,
            None => Found::Impossible,
        }),
        (Some(day), None, _) => {
            let date = day_of_month(day, today)?;
            Some(if matches_weekday(date) {
                one(date, if partial.weekday.is_some() { Sort::Date } else { Sort::Bare }, false)
            } else {
                Found::Contradiction
            })
        }
        (None, Some(month), Some(year)) => {
            let first = NaiveDate::from_ymd_opt(year, month, 1)?;
            Some(several(first, month_ahead(first, 1)))
        }
        (None, Some(month), None) => {
            let first = coming_month(month, today)?;
            Some(several(first, month_ahead(first, 1)))
        }
        (None, None, _) => {
            let weekday = partial.weekday?;
            if partial.plural {
                return Some(Found::Every(1 << weekday.num_days_from_monday()));
            }
            let next = next_weekday(weekday, today);
            let date = match partial.which {
                Which::Plain => return Some(one(next, Sort::Weekday, false)),
                Which::This if today.weekday() == weekday => today,
                Which::This | Which::Next => next,
                Which::Other => plus(next, 7),
                Which::Past => last_weekday(weekday, today),
                Which::Week(weeks) => weekday_of_week(weekday, weeks, today),
            };
            Some(one(date, Sort::Day, false))
        }
    }
}

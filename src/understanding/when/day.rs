//! Days: `hoy`, `el jueves`, `el lunes 21`, `26 de noviembre`, `26/11`, `la próxima semana`, `fines de marzo`, holidays.

use chrono::{Datelike, NaiveDate, Weekday};

use super::super::glue::W;
use super::super::lexicon::lexicon;
use super::super::normal::{Kind, Read};
use super::super::number::{number_at, ordinal_at};
use super::calendar::{
    coming, coming_feast, coming_month, day_of_month, feast_in, gone, last_weekday, monday, month_ahead,
    next_weekday, plus, weekday_of_week, year,
};

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

/// "próximo", "que viene", "de la otra semana" at a token.
fn which(read: &Read<'_>, at: usize) -> Option<(Which, usize)> {
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

/// The parts of a date at a token: weekday, day, month, year, in the orders in which they are said.
pub(super) fn partial(read: &Read<'_>, at: usize, today: NaiveDate) -> Option<(Partial, usize)> {
    partial_after(read, at, today, false)
}

/// The same; `joined` when a dash of a range stands before it.
pub(super) fn partial_after(
    read: &Read<'_>,
    at: usize,
    today: NaiveDate,
    joined: bool,
) -> Option<(Partial, usize)> {
    let mut partial = Partial::default();
    let mut next = at;
    let mut article = false;
    loop {
        match read.w(next) {
            W::El | W::Al | W::Del => article = true,
            W::Los if read.tokens.get(next + 1)?.entry.weekday.is_some() => article = true,
            W::La if read.tokens.get(next + 1)?.entry.weekday.is_some() => article = true,
            W::Dia if next > at || read.figure(next + 1).is_some() || number_at(read, next + 1).is_some() => {
                article = true;
            }
            W::Este | W::Ese | W::Proximo | W::Siguiente | W::Otro | W::Pasado | W::Ultimo => {
                partial.which = which(read, next)?.0;
                let after = &read.tokens.get(next + 1)?.entry;
                article |= after.weekday.is_some() || read.figure(next + 1).is_some();
            }
            _ => break,
        }
        partial.plural |= read.w(next) == W::Los;
        next += 1;
        if next > at + 4 {
            return None;
        }
    }
    let every = read.w(next) == W::Cada;
    next += usize::from(every);
    let token = read.tokens.get(next)?;
    if every && token.entry.weekday.is_none() {
        return None;
    }
    partial.plural |= every;
    if let Some(weekday) = token.entry.weekday.filter(|_| is_weekday(read, next, article)) {
        partial.weekday = Some(weekday);
        partial.announced = true;
        next += 1;
        let dot = usize::from(read.is_sign(next, '.') && token.entry.text.len() <= 4);
        if let Some((said, end)) = which(read, next + dot) {
            partial.which = said;
            next = end;
        }
        let mut after = next + dot;
        after += usize::from(read.is_sign(after, ','));
        while matches!(read.w(after), W::El | W::Dia | W::Proximo) {
            after += 1;
        }
        let numeric = numeric(read, after, today, false);
        if let Some((date, end)) = numeric.or_else(|| named_date(read, after, today)) {
            // "lunes 3-8" are hours, "lunes 21" is a date
            // "lunes 3-8" is a date only when that day is a Monday; else they are hours
            let hours = read.is_sign(after + 1, '-')
                && date.year.is_none()
                && date.month.is_some_and(|month| read.figure(after + 2) == Some(u64::from(month)))
                && matches!(
                    resolve(&Partial { weekday: partial.weekday, ..date }, today),
                    Some(Found::Contradiction | Found::Impossible)
                );
            // "jueves 3 en la mañana" is the 3rd when that is a Thursday, "jueves 3 de la tarde" is an hour
            let part_follows = matches!(read.word(end), "en" | "por")
                && matches!(
                    resolve(&Partial { weekday: partial.weekday, ..date }, today),
                    Some(Found::Days(_))
                );
            let plain =
                !hours && (date.month.is_some() || !partial.plural && (part_follows || !is_hour(read, end)));
            if plain && !(read.is_sign(end, '-') || read.is_sign(end, ':')) {
                partial = Partial {
                    weekday: partial.weekday,
                    which: partial.which,
                    announced: true,
                    plural: false,
                    ..date
                };
                next = end;
            }
        }
        return Some((partial, next));
    }
    partial.announced = article;
    let (date, end) = numeric(read, next, today, joined).or_else(|| named_date(read, next, today))?;
    let mut found = Partial { announced: article, which: partial.which, ..date };
    // "el 21 jueves"
    if let Some(weekday) = read.tokens.get(end).and_then(|token| token.entry.weekday)
        && found.day.is_some()
        && is_weekday(read, end, false)
        && read.tokens[end].entry.text.len() > 4
    {
        found.weekday = Some(weekday);
        return Some((found, end + 1));
    }
    Some((found, end))
}

/// Whether a number after a weekday is an hour: "lunes 10 de la mañana", "lunes 15 hrs".
fn is_hour(read: &Read<'_>, end: usize) -> bool {
    super::clock::half(read, end).0.is_some()
        || matches!(read.w(end), W::Hora | W::H | W::Am | W::Pm)
        || is_counted(read, end)
        // "lunes ocho treinta"
        || read.tokens.get(end).is_some_and(|token| !token.glued)
            && number_at(read, end)
                .is_some_and(|(minute, _)| minute == 15 || (20..60).contains(&minute) && minute % 10 == 0)
}

/// Whether a word that can be a weekday is one here: "mar" and "mi" are other things too.
fn is_weekday(read: &Read<'_>, at: usize, article: bool) -> bool {
    let text = read.word(at);
    // a man's name
    if text == "domingo"
        && at > 0
        && matches!(read.word(at - 1), "llamo" | "soy" | "don" | "señor" | "nombre" | "llama")
    {
        return false;
    }
    if text.len() > 4 {
        return true;
    }
    let dotted = read.is_sign(at + 1, '.') || read.is_sign(at + 1, ',');
    let numbered = read.figure(at + 1).is_some() || dotted && read.figure(at + 2).is_some();
    match text {
        "mi" => dotted && numbered,
        "mar" | "set" => {
            numbered
                || dotted && article
                || read.count() == 1
                || at + 1 == read.tokens.len()
                    && at >= 2
                    && !matches!(read.w(at - 1), W::Con | W::Al | W::El | W::De | W::En | W::La)
        }
        _ => {
            numbered
                || dotted
                || article
                || read.count() <= 4
                || at > 0 && matches!(read.w(at - 1), W::Para | W::Este | W::Desde | W::Hasta)
        }
    }
}

/// `26/11`, `26-11-2026`, `2026-11-26`, `31-dic-1994`: signs that hold together without spaces.
fn numeric(read: &Read<'_>, at: usize, today: NaiveDate, joined: bool) -> Option<(Partial, usize)> {
    // part of a longer number or formula
    let before = at.checked_sub(1).map(|before| read.tokens[before]);
    if !joined
        && read.tokens.get(at)?.glued
        && before
            .is_some_and(|token| matches!(token.kind, Kind::Sign('.' | '/' | '-' | ',') | Kind::Number(_)))
    {
        return None;
    }
    let glued = |at: usize| read.tokens.get(at).is_some_and(|token| token.glued);
    let sign = |at: usize| match read.tokens.get(at)?.kind {
        Kind::Sign(sign @ ('/' | '-' | '.')) if glued(at) && glued(at + 1) => Some(sign),
        _ => None,
    };
    let first_sign = sign(at + 1)?;
    let month_at = |at: usize| read.tokens.get(at).and_then(|token| token.entry.month).map(u32::from);
    let number = |at: usize| read.figure(at).and_then(|value| u32::try_from(value).ok());
    let digits = |at: usize| read.typed(at).len();
    // `sep-23-2020`
    if let (Some(month), Some(day)) = (month_at(at), number(at + 2)) {
        let mut end = at + 3;
        let mut said = None;
        if sign(end) == Some(first_sign) && digits(end + 1) == 4 {
            said = year(read.figure(end + 1)?, today);
            end += 2;
        }
        if day > 1_000 {
            return Some((
                Partial { month: Some(month), year: year(day.into(), today), ..Partial::default() },
                end,
            ));
        }
        return Some((Partial { day: Some(day), month: Some(month), year: said, ..Partial::default() }, end));
    }
    let first = number(at)?;
    let second_month = month_at(at + 2);
    let second = second_month.or_else(|| number(at + 2))?;
    let mut end = at + 3;
    let mut third = None;
    if sign(end) == Some(first_sign)
        && let Some(value) = read.figure(end + 1)
        && (digits(end + 1) == 2 || digits(end + 1) == 4)
        && sign(end + 2).is_none_or(|sign| sign == '.')
    {
        third = Some(value);
        end += 2;
    }
    if end < read.tokens.len()
        && glued(end)
        && matches!(read.tokens[end].kind, Kind::Number(_) | Kind::Sign('/'))
    {
        return None;
    }
    if third.is_none() && is_measure(read.word(end)) {
        return None;
    }
    if read.is_sign(end, '.') && glued(end) && glued(end + 1) && read.figure(end + 1).is_some() {
        return None;
    }
    let date = |day: u32, month: u32, year: Option<i32>| {
        let impossible = !(1..=31).contains(&day) || !(1..=12).contains(&month);
        Some((Partial { day: Some(day), month: Some(month), year, impossible, ..Partial::default() }, end))
    };
    if digits(at) == 4 && first >= 1_900 {
        // year first
        let day = third.and_then(|day| u32::try_from(day).ok()).filter(|day| (1..=31).contains(day))?;
        return date(day, second, year(first.into(), today));
    }
    if first > 31 || digits(at) > 2 || (second_month.is_none() && digits(at + 2) > 2) {
        return None;
    }
    if second_month.is_some() {
        return date(first, second, third.and_then(|value| year(value, today)));
    }
    if second > 12 && first <= 12 && third.is_some() {
        // month first, as some telephones write it
        return date(second, first, third.and_then(|value| year(value, today)));
    }
    if third.is_none() && (first_sign == '.' || second > 12 || first == 0 || second == 0) {
        return (first_sign == '/' && second > 12 && first > 12 && first <= 31)
            .then(|| date(first, second, None))?;
    }
    date(first, second, third.and_then(|value| year(value, today)))
}

/// `26 de noviembre de 2026`, `noviembre 26`, `21 del 3`, `4 de este mes`, `primero de mayo`.
fn named_date(read: &Read<'_>, at: usize, today: NaiveDate) -> Option<(Partial, usize)> {
    let month_at = |at: usize| read.tokens.get(at).and_then(|token| token.entry.month).map(u32::from);
    if let Some(month) = month_at(at).filter(|_| is_month(read, at)) {
        let mut next = at + 1 + usize::from(read.is_sign(at + 1, '.'));
        let day = number_at(read, next).filter(|(value, end)| {
            (1..=31).contains(value) && !is_counted(read, *end) && !read.is_sign(*end, ':')
        });
        let mut partial = Partial { month: Some(month), ..Partial::default() };
        if let Some((value, end)) = day {
            partial.day = u32::try_from(value).ok();
            next = end;
        }
        if let Some((said, end)) = said_year(read, next, today, partial.day.is_none()) {
            partial.year = Some(said);
            next = end;
        }
        return (partial.day.is_some()).then_some((partial, next));
    }
    // the decimals of another number
    if read.tokens.get(at)?.glued && at > 0 && matches!(read.tokens[at - 1].kind, Kind::Sign('.' | ',' | '/'))
    {
        return None;
    }
    let (day, mut next) = match ordinal_at(read, at).and_then(|ordinal| u64::try_from(ordinal).ok()) {
        Some(ordinal) if !matches!(read.tokens[at].kind, Kind::Number(_)) => (ordinal, at + 1),
        Some(ordinal) => (ordinal, at + 2),
        None => number_at(read, at)?,
    };
    let is_ordinal = ordinal_at(read, at).is_some();
    let day = u32::try_from(day).ok().filter(|day| (1..=99).contains(day))?;
    let mut partial = Partial { day: Some(day), ..Partial::default() };
    let joined = usize::from(matches!(read.w(next), W::De | W::Del));
    if let Some(month) = month_at(next + joined).filter(|_| joined == 1 || is_month(read, next)) {
        partial.month = Some(month);
        partial.impossible = day > 31;
        next += joined + 1;
        next +=
            usize::from(read.is_sign(next, '.') && read.tokens[next].glued && read.tokens.len() > next + 1);
        if let Some((said, end)) = said_year(read, next, today, false) {
            partial.year = Some(said);
            next = end;
        }
        return Some((partial, next));
    }
    if day > 31 {
        return None;
    }
    if joined == 1 {
        if let Some((months, end)) = which_month(read, next + 1) {
            let month = month_ahead(today, months);
            partial.month = Some(month.month());
            partial.year = Some(month.year());
            return Some((partial, end));
        }
        // "el 21 del 3"
        if let Some(month) = read.figure(next + 1).and_then(|month| u32::try_from(month).ok())
            && (1..=12).contains(&month)
            && read.figure(at).is_some()
            && !is_counted(read, next + 2)
            && !read
                .tokens
                .get(next + 2)
                .is_some_and(|token| token.entry.month.is_some() || read.w(next + 2) == W::De)
        {
            partial.month = Some(month);
            return Some((partial, next + 2));
        }
    }
    (!is_ordinal || day == 1 && read.word(at) == "primero").then_some((partial, next))
}

/// Whether a word that can be a month is one here: "mar", "set" and "dic" need a number beside them.
fn is_month(read: &Read<'_>, at: usize) -> bool {
    let text = read.word(at);
    let after = at + 1 + usize::from(read.is_sign(at + 1, '.'));
    let beside = read.figure(after).is_some()
        || at > 0
            && (matches!(read.tokens[at - 1].kind, Kind::Number(_) | Kind::Ordinal(_))
                || read.w(at - 1) == W::De
                    && at > 1
                    && (number_at(read, at - 2).is_some()
                        || ordinal_at(read, at - 2).is_some()
                        || matches!(read.w(at - 2), W::Fines | W::Principio | W::Mediados | W::Mes)));
    text.len() > 4 || text == "mayo" || beside
}

/// `de 2026`, `, 2026`, ` 2026`, `del 26`.
fn said_year(read: &Read<'_>, at: usize, today: NaiveDate, alone: bool) -> Option<(i32, usize)> {
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
    let is_year =
        (1_900..=2_100).contains(&value) || joined && digits == 2 && (20..=99).contains(&value) && !alone;
    (is_year && !is_counted(read, end)).then(|| year(value, today).map(|year| (year, end)))?
}

/// Which month: "este mes", "próximo mes", "mes que viene", months ahead.
fn which_month(read: &Read<'_>, at: usize) -> Option<(i32, usize)> {
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
        (W::Mes, _, _) if next > at || at > 0 && read.w(at - 1) == W::Del => Some((0, next + 1)),
        _ => None,
    }
}

/// Which week: "esta semana", "la próxima semana", "semana que viene", weeks ahead.
fn which_week(read: &Read<'_>, at: usize) -> Option<(i64, usize)> {
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
        (W::Semana, W::Despues, W::De) if read.w(next + 3) == W::La && read.w(next + 4) == W::Proximo => {
            let end = next + 5 + usize::from(read.w(next + 5) == W::Semana);
            Some((2, end))
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

/// `hoy`, `mañana`, `pasado mañana`, `ayer`, each with a weekday that must match.
pub(super) fn relative(read: &Read<'_>, at: usize, today: NaiveDate) -> Option<(Found, usize)> {
    let w = |offset: usize| read.w(at + offset);
    let (days, end) = match (w(0), w(1), w(2)) {
        (W::Pasado, W::Manana, _) => (2, at + 2),
        (W::El, W::Dia, W::De) if matches!(w(3), W::Hoy) => (0, at + 4),
        (W::El, W::Dia, W::De) if matches!(w(3), W::Manana) => (1, at + 4),
        (W::El, W::Dia, W::De) if w(3) == W::Despues => (1, at + 4),
        (W::El | W::Al, W::Dia, W::Siguiente) | (W::El, W::Siguiente, W::Dia) => (1, at + 3),
        (W::El | W::Al, W::Dia, W::Anterior) | (W::El, W::Anterior, W::Dia) => (-1, at + 3),
        (W::Hoy, W::Dia, _) => (0, at + 2),
        (W::Hoy, W::Mismo, _) => (0, at + 2),
        (W::Hoy, ..) => (0, at + 1),
        (W::Ahora, W::En, W::La) => (0, at + 1),
        (W::Antes, W::De, _) if read.w(at + 2) == W::Ayer => (-2, at + 3),
        (W::Anteayer, ..) => (-2, at + 1),
        (W::Ayer | W::Anoche, ..) => (-1, at + 1),
        (W::Manana, ..) if is_tomorrow(read, at) => (1, at + 1 + usize::from(w(1) == W::Mismo)),
        // "pasado" alone, as it is said in Chile
        (W::Pasado, ..)
            if !(at > 0
                && (read.tokens[at - 1].entry.weekday.is_some()
                    || matches!(read.w(at - 1), W::Mes | W::Semana | W::Anio)))
                && (read.count() == 1
                    || at + 1 == read.tokens.len()
                        && at > 0
                        && matches!(read.w(at - 1), W::Para | W::O | W::Y)
                    || matches!((w(1), w(2)), (W::En | W::Por, W::La))
                        && (at == 0 || matches!(read.w(at - 1), W::Para | W::O))) =>
        {
            (2, at + 1)
        }
        _ => return None,
    };
    let date = plus(today, days);
    if let Some(weekday) =
        read.tokens.get(end).and_then(|token| token.entry.weekday).filter(|_| read.word(end).len() > 4)
    {
        let found =
            if date.weekday() == weekday { one(date, Sort::Day, false) } else { Found::Contradiction };
        // "hoy lunes 21"
        let after = match number_at(read, end + 1) {
            Some((value, after)) if value == u64::from(date.day()) => after,
            _ => end + 1,
        };
        return Some((found, after));
    }
    Some((one(date, Sort::Day, false), end))
}

/// "mañana" is tomorrow unless something before it makes it the morning.
fn is_tomorrow(read: &Read<'_>, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return true };
    match read.w(before) {
        W::La | W::Las | W::Este | W::Media | W::Cada | W::Todos => false,
        W::Pasado => false,
        W::Hasta => {
            read.count() > 4
                || before > 0 && !matches!(read.word(before - 1), "gracias" | "ok" | "chao" | "bueno" | "ya")
        }
        _ => true,
    }
}

/// A day that has a name.
pub(super) fn holiday(read: &Read<'_>, at: usize, today: NaiveDate) -> Option<(Found, usize)> {
    let first = read.tokens.get(at)?.word;
    if first == 0 {
        return None;
    }
    let best =
        lexicon()
            .holidays
            .iter()
            .filter(|named| named.words[0] == first)
            .filter(|named| {
                named.words.iter().enumerate().all(|(offset, word)| {
                    read.tokens.get(at + offset).is_some_and(|token| token.word == *word)
                })
            })
            .max_by_key(|named| named.words.len())?;
    let end = at + best.words.len();
    let said = said_year(read, end, today, true);
    let date = match said {
        Some((year, _)) => feast_in(best.feast, year)?,
        None => coming_feast(best.feast, today)?,
    };
    Some((one(date, Sort::Day, false), said.map_or(end, |(_, end)| end)))
}

/// `a principios de`, `mediados de`, `fines de`, `el resto de` a week, a month or a named month.
fn part_of_longer(read: &Read<'_>, at: usize, today: NaiveDate) -> Option<(Found, usize)> {
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
    let (start, end) = if let Some((months, end)) = which_month(read, from) {
        (month_ahead(today, months), end)
    } else if read.w(from) == W::Mes {
        (month_ahead(today, 0), from + 1)
    } else {
        let month = read.tokens.get(from).and_then(|token| token.entry.month)?;
        (coming_month(u32::from(month), today)?, from + 1)
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
fn week(read: &Read<'_>, at: usize, today: NaiveDate) -> Option<(Found, usize)> {
    let w = |offset: usize| read.w(at + offset);
    // "entre semana", "días de semana"
    if w(0) == W::Entre && w(1) == W::Semana
        || w(0) == W::Dia && w(1) == W::De && w(2) == W::Semana && w(3) != W::Que
    {
        return Some((Found::Every(0b1_1111), at + if w(0) == W::Entre { 2 } else { 3 }));
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
fn weekend(read: &Read<'_>, at: usize, today: NaiveDate) -> Option<(Found, usize)> {
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
    let saturday = plus(weekday_of_week(Weekday::Sat, 0, today), weeks * 7);
    Some((several(saturday, plus(saturday, 2)), end))
}

/// A month: `en febrero`, `marzo 2014`, `este mes`, `el mes que viene`.
fn month(read: &Read<'_>, at: usize, today: NaiveDate) -> Option<(Found, usize)> {
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
    let partial =
        Partial { month: Some(u32::from(month)), year: said.map(|(year, _)| year), ..Partial::default() };
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
    ) && !(before > 0
        && matches!(read.word(before - 1), "doctor" | "doctora" | "don" | "señora" | "señor" | "nombre"))
}

/// `el primer viernes de julio`, `la última semana de marzo`, `el último día del mes`, `la segunda quincena`.
fn placed(read: &Read<'_>, at: usize, today: NaiveDate) -> Option<(Found, usize)> {
    let mut next = at + usize::from(matches!(read.w(at), W::El | W::La));
    let place = ordinal_at(read, next).filter(|place| *place == -1 || (1..=5).contains(place))?;
    next += 1;
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
            if place == -1 {
                several(plus(last, -6), plus(last, 1))
            } else {
                several(first, plus(first, 7))
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

/// `este año`, `el próximo año`, `el año pasado`, `el año 2027`, `en 2027`.
fn years(read: &Read<'_>, at: usize, today: NaiveDate) -> Option<(Found, usize)> {
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

//! Days: `hoy`, `el jueves`, `26 de noviembre`, `26/11`, `la próxima semana`, `en 3 días`.

use chrono::{Datelike, Days, NaiveDate, Weekday};

use super::super::normal::Read;
use super::super::number;
use super::piece::What;
use crate::value::DayRange;

const MONTHS: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];
const WEEKDAYS: [(&str, Weekday); 7] = [
    ("lunes", Weekday::Mon),
    ("martes", Weekday::Tue),
    ("miercoles", Weekday::Wed),
    ("jueves", Weekday::Thu),
    ("viernes", Weekday::Fri),
    ("sabado", Weekday::Sat),
    ("domingo", Weekday::Sun),
];

/// The month a word names, from 1; abbreviated to three letters or more, or misspelt by one letter.
pub(super) fn month(word: &str) -> Option<u32> {
    if word.chars().count() < 3 || weekday(word).is_some() {
        return None;
    }
    let exact = MONTHS.iter().position(|month| {
        *month == word
            || (word.len() <= 4 && month.starts_with(word))
            || (word == "setiembre" && *month == "septiembre")
    });
    let near = || {
        let long = word.len() >= 6 && word != "noche";
        MONTHS.iter().position(|month| long && strsim::osa_distance(month, word) == 1)
    };
    exact.or_else(near).and_then(|month| u32::try_from(month + 1).ok())
}

/// The weekday a word names, misspelt by one letter at most.
pub(super) fn weekday(word: &str) -> Option<Weekday> {
    let singular = |name: &str| word == name || (word.ends_with('s') && word[..word.len() - 1] == *name);
    let exact = WEEKDAYS.iter().find(|(name, _)| singular(name));
    let near = || {
        let possible = word.len() >= 5
            && ![
                "marzo", "jueves", "lunas", "vienes", "bueno", "buenos", "antes", "partes", "tardes", "viene",
            ]
            .contains(&word);
        WEEKDAYS.iter().find(|(name, _)| possible && strsim::osa_distance(name, word) == 1)
    };
    exact.or_else(near).map(|(_, day)| *day)
}

fn word(read: &Read, at: usize) -> &str {
    read.tokens.get(at).map_or("", |token| token.word.as_str())
}

fn figure(read: &Read, at: usize) -> Option<u32> {
    let text = word(read, at);
    (text.len() <= 4 && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

/// A day of the month in figures or words; `primero` is the first.
fn day_number(read: &Read, at: usize) -> Option<(u32, usize)> {
    if matches!(word(read, at), "primero" | "1ro" | "1ero" | "1º") {
        return Some((1, 1));
    }
    let (value, len) = number::number_at(read, at)?;
    let value = u32::try_from(value).ok()?;
    (1..=31).contains(&value).then_some((value, len))
}

/// A date of this year, or of the next when it has long passed.
fn coming(day: u32, month: u32, today: NaiveDate) -> Option<NaiveDate> {
    let this = NaiveDate::from_ymd_opt(today.year(), month, day);
    match this {
        Some(date) if date >= today => Some(date),
        // a day that does not exist this year may in a leap year
        _ => NaiveDate::from_ymd_opt(today.year() + 1, month, day).or(this),
    }
}

/// The next date with that day of the month, today included.
fn day_of_month(day: u32, today: NaiveDate) -> Option<NaiveDate> {
    let mut month = today.with_day(1)?;
    for _ in 0..14 {
        if let Some(date) = month.with_day(day).filter(|date| *date >= today) {
            return Some(date);
        }
        month = month.checked_add_months(chrono::Months::new(1))?;
    }
    None
}

fn year(raw: u32, today: NaiveDate) -> i32 {
    let raw = i32::try_from(raw).unwrap_or(0);
    match raw {
        0..=99 => {
            let near = 2000 + raw;
            if near > today.year() + 5 { 1900 + raw } else { near }
        }
        full => full,
    }
}

/// The next such weekday after today; today counts when `today_too`.
fn next(weekday: Weekday, today: NaiveDate, today_too: bool) -> NaiveDate {
    let ahead = (weekday.num_days_from_monday() + 7 - today.weekday().num_days_from_monday()) % 7;
    let ahead = if ahead == 0 && !today_too { 7 } else { ahead };
    today + Days::new(ahead.into())
}

fn monday_of(day: NaiveDate) -> NaiveDate {
    day - Days::new(day.weekday().num_days_from_monday().into())
}

fn range(start: NaiveDate, end: NaiveDate) -> What {
    What::Days(DayRange { start: Some(start), end: Some(end) })
}

/// What day or days begin at a token, and how many tokens they take.
pub(super) fn at(read: &Read, at: usize, today: NaiveDate) -> Option<(What, usize)> {
    numeric(read, at, today)
        .or_else(|| written(read, at, today))
        .or_else(|| relative(read, at, today))
        .or_else(|| of_week(read, at, today))
        .or_else(|| of_month(read, at, today))
        .or_else(|| offset(read, at, today))
}

/// `26/11`, `26-11-2026`, `2026-11-26`.
fn numeric(read: &Read, at: usize, today: NaiveDate) -> Option<(What, usize)> {
    let first = figure(read, at)?;
    let sign = word(read, at + 1);
    if !matches!(sign, "/" | "-" | ".") {
        return None;
    }
    let second = figure(read, at + 2)?;
    let third = (word(read, at + 3) == sign).then(|| figure(read, at + 4)).flatten();
    let length = |at: usize| word(read, at).len();
    if length(at) == 4 {
        let third = third?;
        return Some((dated(third, second, Some(first), today), 5));
    }
    match third {
        Some(third) if length(at + 4) != 3 => Some((dated(first, second, Some(third), today), 5)),
        // `10.30` is a time and `1-5` may be anything
        None if sign == "/" => Some((dated(first, second, None, today), 3)),
        None if sign == "-" && length(at) == 2 && length(at + 2) == 2 && second <= 12 && first <= 31 => {
            Some((dated(first, second, None, today), 3))
        }
        _ => None,
    }
}

fn dated(day: u32, month: u32, of_year: Option<u32>, today: NaiveDate) -> What {
    if !(1..=31).contains(&day) || !(1..=12).contains(&month) {
        return What::Impossible;
    }
    let date = match of_year {
        Some(raw) => NaiveDate::from_ymd_opt(year(raw, today), month, day),
        None => coming(day, month, today),
    };
    date.map_or(What::Impossible, |date| What::Day { date, full: of_year.is_some() })
}

/// `26 de noviembre [de 2026]`, `jueves 26 [de noviembre]`, `el 26`, `noviembre 26`.
fn written(read: &Read, at: usize, today: NaiveDate) -> Option<(What, usize)> {
    let mut next_at = at;
    let named = weekday(word(read, next_at));
    if named.is_some() {
        next_at += 1;
        while matches!(word(read, next_at), "el" | "dia" | "," | "proximo") {
            next_at += 1;
        }
    }
    let article = matches!(word(read, next_at), "el" | "dia");
    while matches!(word(read, next_at), "el" | "dia") {
        next_at += 1;
    }
    let (day, len) = day_number(read, next_at)?;
    next_at += len;
    let mut after = next_at;
    if matches!(word(read, after), "de" | "del" | "/" | "-") {
        after += 1;
    }
    if matches!(word(read, after), "mes") && matches!(word(read, after + 1), "de") {
        after += 2;
    }
    if let Some(month) = month(word(read, after)) {
        let mut end = after + 1;
        let mut of_year = None;
        let skip = usize::from(matches!(word(read, end), "de" | "del" | ","));
        let skip = skip + usize::from(word(read, end + skip) == "año");
        if word(read, end + skip).len() == 4
            && let Some(found) = figure(read, end + skip).filter(|year| (1900..2100).contains(year))
        {
            of_year = Some(found);
            end += skip + 1;
        } else if skip > 0
            && word(read, end + skip).len() == 2
            && let Some(found) = figure(read, end + skip)
        {
            // "del 48"
            of_year = Some(found);
            end += skip + 1;
        } else if skip > 0
            && let Some((found, len)) =
                number::number_at(read, end + skip).filter(|(year, _)| (1900..2100).contains(year))
        {
            of_year = u32::try_from(found).ok();
            end += skip + len;
        }
        let what = dated(day, month, of_year, today);
        return Some((agreeing(what, named), end - at));
    }
    if is_an_hour(read, next_at) {
        return None;
    }
    if let Some(named) = named {
        let date = day_of_month(day, today)?;
        let what = What::Day { date, full: false };
        return Some((agreeing(what, Some(named)), next_at - at));
    }
    let unit = matches!(
        word(read, next_at),
        "dias" | "semanas" | "meses" | "años" | "horas" | "minutos" | "pesos" | "kilos" | "personas" | "mil"
    );
    if article && !unit {
        return Some((
            day_of_month(day, today).map_or(What::Impossible, |date| What::Day { date, full: false }),
            next_at - at,
        ));
    }
    None
}

/// Whether what follows a number makes it a time of the clock.
fn is_an_hour(read: &Read, after: usize) -> bool {
    matches!(word(read, after), ":" | "am" | "pm" | "horas" | "hora" | "h")
        || (word(read, after) == "y" && matches!(word(read, after + 1), "media" | "cuarto"))
        || (matches!(word(read, after), "de" | "en" | "por")
            && word(read, after + 1) == "la"
            && matches!(word(read, after + 2), "mañana" | "tarde" | "noche")
            && word(read, after) == "de")
}

fn agreeing(what: What, named: Option<Weekday>) -> What {
    match (&what, named) {
        (What::Day { date, .. }, Some(named)) if date.weekday() != named => What::Contradiction,
        _ => what,
    }
}

/// `hoy`, `mañana`, `pasado mañana`, `ayer`.
fn relative(read: &Read, at: usize, today: NaiveDate) -> Option<(What, usize)> {
    let day = |ahead: u64| What::Day { date: today + Days::new(ahead), full: false };
    match word(read, at) {
        "hoy" => Some((day(0), if word(read, at + 1) == "dia" { 2 } else { 1 })),
        "pasado" if word(read, at + 1) == "mañana" => Some((day(2), 2)),
        // `el lunes pasado` and `el mes pasado` are past
        "pasado" if at == 0 || matches!(word(read, at - 1), "el" | "para" | "," | "no") => Some((day(2), 1)),
        "mañana" => {
            let before = at.checked_sub(1).map_or("", |before| word(read, before));
            let two_before = at.checked_sub(2).map_or("", |before| word(read, before));
            let part = before == "la" && matches!(two_before, "en" | "por" | "de" | "a")
                || matches!(before, "esta" | "por" | "media");
            (!part).then(|| (day(1), 1))
        }
        "anteayer" | "antier" => Some((What::Day { date: today - Days::new(2), full: false }, 1)),
        "ayer" => Some((What::Day { date: today - Days::new(1), full: false }, 1)),
        _ => None,
    }
}

/// `el jueves`, `el próximo lunes`, `esta semana`, `el fin de semana`.
fn of_week(read: &Read, at: usize, today: NaiveDate) -> Option<(What, usize)> {
    let first = word(read, at);
    let monday = monday_of(today);
    let week = |ahead: u64| {
        let start = monday + Days::new(7 * ahead);
        range(start, start + Days::new(7))
    };
    let two = (first, word(read, at + 1), word(read, at + 2));
    match two {
        ("esta" | "misma", "semana", _) | ("esta", "misma", "semana") => {
            let len = if two.1 == "misma" { 3 } else { 2 };
            return Some((range(today, monday + Days::new(7)), len));
        }
        ("proxima" | "otra" | "siguiente", "semana", _) => return Some((week(1), 2)),
        ("semana", "que", "viene" | "sigue" | "entra") => return Some((week(1), 3)),
        ("semana", "proxima" | "siguiente" | "entrante", _) => return Some((week(1), 2)),
        ("semana", "subsiguiente", _) => return Some((week(2), 2)),
        ("fin" | "fines", "de", "semana") | ("finde" | "finsemana", ..) => {
            let len = if first.starts_with("finde") || first == "finsemana" { 1 } else { 3 };
            let later = word(read, at + len) == "que"
                || matches!(word(read, at + len), "proximo")
                || at > 0 && matches!(word(read, at - 1), "proximo" | "otro");
            let saturday = monday + Days::new(5);
            let start =
                if later && word(read, at + len) != "que" { saturday + Days::new(7) } else { saturday };
            let extra = if word(read, at + len) == "que" {
                2
            } else {
                usize::from(word(read, at + len) == "proximo")
            };
            return Some((range(start.max(today), start + Days::new(2)), len + extra));
        }
        _ => {}
    }
    let (modifier, at_day) = match first {
        "proximo" | "otro" | "siguiente" | "este" => (Some(first), at + 1),
        _ => (None, at),
    };
    let named = weekday(word(read, at_day))?;
    let mut len = at_day - at + 1;
    let (mut next_week, mut coming) = (false, matches!(modifier, Some("proximo" | "siguiente")));
    let after =
        (word(read, at + len), word(read, at + len + 1), word(read, at + len + 2), word(read, at + len + 3));
    match after {
        ("que", "viene" | "sigue", ..) => {
            coming = true;
            len += 2;
        }
        ("proximo" | "siguiente", ..) => {
            coming = true;
            len += 1;
        }
        ("pasado", ..) if word(read, at + len + 1) != "mañana" => {
            let back = next(named, today, false) - Days::new(7);
            return Some((
                What::Day { date: if back == today { back - Days::new(7) } else { back }, full: false },
                len + 1,
            ));
        }
        ("de", "la", "proxima" | "otra", "semana")
        | ("de", "la", "semana", "que" | "proxima" | "siguiente") => {
            next_week = true;
            len += if word(read, at + len + 3) == "que" { 5 } else { 4 };
        }
        ("de", "esta", "semana", _) => len += 3,
        _ => {}
    }
    let date = if next_week || modifier == Some("otro") {
        monday + Days::new(7 + u64::from(named.num_days_from_monday()))
    } else {
        next(named, today, !coming && modifier == Some("este"))
    };
    // several weekdays of one kind ("los lunes") are no day
    if at > 0 && word(read, at - 1) == "los" {
        return Some((What::EveryWeekday(named), len));
    }
    Some((What::Day { date, full: false }, len))
}

/// `en diciembre`, `este mes`, `el próximo mes`, `a fin de mes`, `a principios de diciembre`.
fn of_month(read: &Read, at: usize, today: NaiveDate) -> Option<(What, usize)> {
    let first_of = |day: NaiveDate| day.with_day(1).unwrap_or(day);
    let plus =
        |day: NaiveDate, months: u32| day.checked_add_months(chrono::Months::new(months)).unwrap_or(day);
    let this = first_of(today);
    let whole = |start: NaiveDate| range(start.max(today), plus(start, 1));
    let named = |at: usize| -> Option<(NaiveDate, usize)> {
        match (word(read, at), word(read, at + 1), word(read, at + 2)) {
            ("este", "mes", _) => Some((this, 2)),
            ("proximo" | "otro", "mes", _) => Some((plus(this, 1), 2)),
            ("mes", "que", "viene") => Some((plus(this, 1), 3)),
            ("mes", "proximo" | "siguiente", _) => Some((plus(this, 1), 2)),
            ("mes", ..) => Some((this, 1)),
            (name, ..) => {
                let number = month(name)?;
                let year = if number < today.month() { today.year() + 1 } else { today.year() };
                Some((NaiveDate::from_ymd_opt(year, number, 1)?, 1))
            }
        }
    };
    let part = word(read, at);
    if matches!(
        part,
        "fin"
            | "fines"
            | "final"
            | "finales"
            | "principio"
            | "principios"
            | "comienzos"
            | "inicio"
            | "inicios"
            | "mediados"
    ) && word(read, at + 1) == "de"
    {
        let skip = usize::from(word(read, at + 2) == "el");
        let (start, len) = named(at + 2 + skip)?;
        let (from, until) = match part {
            "fin" | "fines" | "final" | "finales" => (start + Days::new(20), plus(start, 1)),
            "mediados" => (start + Days::new(10), start + Days::new(20)),
            _ => (start, start + Days::new(10)),
        };
        return Some((range(from.max(today), until), 2 + skip + len));
    }
    if matches!(part, "este" | "proximo" | "otro") || part == "mes" && word(read, at + 1) == "que" {
        let (start, len) = named(at)?;
        return Some((whole(start), len));
    }
    let before = at.checked_sub(1).map_or("", |before| word(read, before));
    if matches!(before, "en" | "de" | "para" | "durante" | "hasta" | "desde" | "a") && month(part).is_some() {
        let (start, len) = named(at)?;
        return Some((whole(start), len));
    }
    None
}

/// `en 3 días`, `dentro de dos semanas`, `de aquí a 10 días`.
fn offset(read: &Read, at: usize, today: NaiveDate) -> Option<(What, usize)> {
    let skip = match (word(read, at), word(read, at + 1), word(read, at + 2)) {
        ("de", "aqui", "a") => 3,
        ("dentro", "de", _) => 2,
        ("en", ..) => 1,
        _ => return None,
    };
    let (count, len) = number::number_at(read, at + skip)?;
    let count = u32::try_from(count).ok().filter(|count| *count <= 400)?;
    let date = match word(read, at + skip + len) {
        "dia" | "dias" => today + Days::new(count.into()),
        "semana" | "semanas" => today + Days::new(u64::from(count) * 7),
        "mes" | "meses" => today.checked_add_months(chrono::Months::new(count))?,
        _ => return None,
    };
    Some((What::Day { date, full: false }, skip + len + 1))
}

//! A date as it is said or written: weekday, day, month and year, in the orders in which people put them.

use chrono::{Datelike, NaiveDate};

use super::numeric::numeric;
use super::which::{said_year, which, which_month};
use super::{Found, Partial, Which, is_counted, resolve};
use crate::understanding::glue::W;
use crate::understanding::normal::{Kind, Read};
use crate::understanding::number::{number_at, ordinal_at};
use crate::understanding::when::calendar::{month_ahead, year};

/// The parts of a date at a token: weekday, day, month, year, in the orders in which they are said.
pub(super) fn partial(read: &Read<'_>, at: usize, today: NaiveDate) -> Option<(Partial, usize)> {
    partial_after(read, at, today, false)
}

/// The same; `joined` when a dash of a range stands before it.
pub(in crate::understanding::when) fn partial_after(
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
            // "pasado el 15" is after it
            W::Pasado if matches!(read.w(next + 1), W::El | W::La | W::Las) => break,
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
    let which = if partial.which == Which::Plain { date.which } else { partial.which };
    let mut found = Partial { announced: article, which, ..date };
    // "el 21 jueves", "el 21, jueves"
    let comma = usize::from(read.is_sign(end, ',') && found.day.is_some() && article);
    let end = end + comma;
    if let Some(weekday) = read.tokens.get(end).and_then(|token| token.entry.weekday)
        && found.day.is_some()
        && is_weekday(read, end, false)
        && read.tokens[end].entry.text.len() > 4
    {
        found.weekday = Some(weekday);
        return Some((found, end + 1));
    }
    Some((found, end - comma))
}

/// Whether a number after a weekday is an hour: "lunes 10 de la mañana", "lunes 15 hrs".
fn is_hour(read: &Read<'_>, end: usize) -> bool {
    crate::understanding::when::clock::half(read, end).0.is_some()
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
    // "Domingo Soto" is a man
    let capital = |at: usize| {
        read.tokens.get(at).is_some_and(|token| {
            token.kind == Kind::Word && read.text[token.start..].starts_with(char::is_uppercase)
        })
    };
    let shouted = read.text.chars().all(|letter| !letter.is_lowercase());
    if text == "domingo" && capital(at) && capital(at + 1) && !shouted && read.is_name(at + 1) {
        return false;
    }
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
    // "2016 nov 16", "2027 enero 12"
    if let Some(said) = read.figure(at).filter(|said| (1_900..=2_100).contains(said))
        && let Some(month) = month_at(at + 1)
        && let Some((day, end)) = number_at(read, at + 2).filter(|(day, _)| (1..=31).contains(day))
        && !is_counted(read, end)
    {
        let (day, year) = (u32::try_from(day).ok(), year(said, today));
        return Some((Partial { day, month: Some(month), year, ..Partial::default() }, end));
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
        } else if is_gone(read, next) {
            partial.which = Which::Past;
            next += 1;
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

/// "el 5 de enero pasado", but not "el 5 de enero, pasado mañana".
pub(super) fn is_gone(read: &Read<'_>, at: usize) -> bool {
    read.w(at) == W::Pasado
        && read.word(at) == "pasado"
        && !matches!(read.w(at + 1), W::Manana | W::Las | W::El | W::La | W::En)
}

/// Whether a word that can be a month is one here: "mar", "set" and "dic" need a number beside them.
pub(super) fn is_month(read: &Read<'_>, at: usize) -> bool {
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

//! Days counted from today, and feasts by their names.

use chrono::{Datelike, NaiveDate};

use super::which::said_year;
use super::{Found, Sort, one};
use crate::understanding::glue::W;
use crate::understanding::lexicon::lexicon;
use crate::understanding::normal::Read;
use crate::understanding::number::number_at;
use crate::understanding::when::calendar::{coming_feast, feast_in, plus};

/// `hoy`, `mañana`, `pasado mañana`, `ayer`, each with a weekday that must match.
pub(in crate::understanding::when) fn relative(
    read: &Read<'_>,
    at: usize,
    today: NaiveDate,
) -> Option<(Found, usize)> {
    let w = |offset: usize| read.w(at + offset);
    let (days, end) = match (w(0), w(1), w(2)) {
        // "de hoy en ocho", "de mañana en quince": a week and two, counted as they are in the country
        (W::De, W::Hoy | W::Manana, W::En) if matches!(number_at(read, at + 3), Some((8 | 15, _))) => {
            let (count, after) = number_at(read, at + 3)?;
            let days = if count == 8 { 7 } else { 14 } + i64::from(w(1) == W::Manana);
            (days, after + usize::from(read.w(after) == W::Dia))
        }
        (W::Pasado, W::Manana, _) => (2, at + 2),
        (W::El | W::Al, W::Dia, W::Despues) if (w(3), w(4)) == (W::De, W::Manana) => (2, at + 5),
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
        (W::Ayer, ..) => (-1, at + 1),
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
pub(in crate::understanding::when) fn holiday(
    read: &Read<'_>,
    at: usize,
    today: NaiveDate,
) -> Option<(Found, usize)> {
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

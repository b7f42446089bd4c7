//! Times of the day: `a las 5`, `10:30`, `las diez y media`, `un cuarto para las 3`, `en la tarde`, `temprano`.

use super::super::normal::Read;
use super::super::number;
use super::piece::What;
use crate::value::TimeRange;

/// The parts of a clinic's day, in minutes.
pub(super) const MORNING: TimeRange = TimeRange { start: 8 * 60, end: 12 * 60 };
/// After noon, until the last hours of an extended day.
pub(super) const AFTERNOON: TimeRange = TimeRange { start: 12 * 60, end: 20 * 60 };
const NIGHT: TimeRange = TimeRange { start: 18 * 60, end: 24 * 60 };
const EARLY: TimeRange = TimeRange { start: 8 * 60, end: 10 * 60 };
const AFTER_LUNCH: TimeRange = TimeRange { start: 14 * 60, end: 20 * 60 };
const MIDDAY: TimeRange = TimeRange { start: 12 * 60, end: 14 * 60 };
const LAST_HOURS: TimeRange = TimeRange { start: 16 * 60, end: 20 * 60 };

#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Morning,
    Afternoon,
}

fn word(read: &Read, at: usize) -> &str {
    read.tokens.get(at).map_or("", |token| token.word.as_str())
}

/// What time begins at a token, and how many tokens it takes.
pub(super) fn at(read: &Read, at: usize) -> Option<(What, usize)> {
    of_clock(read, at).map(|(minute, len)| (What::Clock(minute), len)).or_else(|| part_of_day(read, at))
}

/// A time of the clock with something that makes it one: `a las`, a colon, `horas`, am or pm, a part of the day.
fn of_clock(read: &Read, at: usize) -> Option<(u16, usize)> {
    match (word(read, at), word(read, at + 1), word(read, at + 2)) {
        ("al" | "a", "mediodia", _) => return Some((12 * 60, 2)),
        ("al", "medio", "dia") => return Some((12 * 60, 3)),
        ("mediodia", ..) => return Some((12 * 60, 1)),
        ("medio", "dia", _) => return Some((12 * 60, 2)),
        ("medianoche", ..) => return Some((0, 1)),
        _ => {}
    }
    if let Some(found) = minutes_to(read, at) {
        return Some(found);
    }
    let mut next = at;
    let mut marked = false;
    if matches!(word(read, next), "tipo" | "como" | "sobre" | "cerca") {
        next += 1;
        if word(read, next) == "de" {
            next += 1;
        }
    }
    if word(read, next) == "eso" && word(read, next + 1) == "de" {
        next += 2;
    }
    if matches!(word(read, next), "a") && matches!(word(read, next + 1), "las" | "la") {
        next += 2;
        marked = true;
    } else if matches!(word(read, next), "las" | "la") {
        next += 1;
        marked = true;
    } else if next > at {
        marked = word(read, at) == "tipo";
    }
    // "una hora" is an appointment, not one o'clock
    if !marked && matches!(word(read, next), "un" | "una" | "uno") {
        return None;
    }
    let (hour, len) = number::number_at(read, next)?;
    let mut hour = u16::try_from(hour).ok()?;
    next += len;
    // "una hora" is what everybody comes for, not one o'clock
    if hour == 1 && !marked && matches!(word(read, next), "hora" | "horas") {
        return None;
    }
    let mut minute = 0;
    if hour > 24 {
        // 1030 is ten thirty only when it is marked
        let whole = hour;
        if !(marked && word(read, next - 1).len() == 4 || matches!(word(read, next), "horas" | "hora"))
            || whole % 100 > 59
            || whole / 100 > 23
        {
            return None;
        }
        (hour, minute) = (whole / 100, whole % 100);
    }
    let mut explicit = false;
    if matches!(word(read, next), ":" | ".")
        && word(read, next + 1).len() == 2
        && let Some(found) = figures(word(read, next + 1)).filter(|m| *m < 60)
    {
        // `10.30` is a time only when marked; `10:30` always
        if word(read, next) == "." && !marked && !is_marked_after(read, next + 2) {
            return None;
        }
        minute = found;
        explicit = true;
        next += 2;
        if word(read, next) == ":" && word(read, next + 1).len() == 2 {
            next += 2;
        }
    } else if word(read, next) == "y" {
        let (found, len) = match word(read, next + 1) {
            "media" => (Some(30), 2),
            "cuarto" => (Some(15), 2),
            "tres" if matches!(word(read, next + 2), "cuartos" | "cuarto") => (Some(45), 3),
            "pico" | "algo" => (Some(0), 2),
            _ => match number::number_at(read, next + 1) {
                Some((m, len))
                    if marked
                        && (1..60).contains(&m)
                        && !matches!(word(read, next + 1 + len), "de" | "a") =>
                {
                    (u16::try_from(m).ok(), 1 + len)
                }
                _ => (None, 0),
            },
        };
        if let Some(found) = found {
            minute = found;
            explicit = true;
            next += len;
        }
    } else if word(read, next) == "menos" {
        let (back, len) = match word(read, next + 1) {
            "cuarto" => (Some(15), 2),
            _ => match number::number_at(read, next + 1) {
                Some((m, len)) if (1..60).contains(&m) => (u16::try_from(m).ok(), 1 + len),
                _ => (None, 0),
            },
        };
        if let Some(back) = back {
            let total = (hour * 60 + 24 * 60 - back) % (24 * 60);
            (hour, minute) = (total / 60, total % 60);
            explicit = true;
            next += len;
        }
    } else if marked
        && let Some((m, len)) = number::number_at(read, next).filter(|(m, len)| {
            (10..60).contains(m) && *len == 1 && hour <= 23 && !matches!(word(read, next + 1), "de" | "/")
        })
    {
        // "a las diez treinta"
        minute = u16::try_from(m).ok()?;
        explicit = true;
        next += len;
    }
    if matches!(word(read, next), "en" | "y") && word(read, next + 1) == "punto" {
        next += 2;
        explicit = true;
    }
    if matches!(word(read, next), "horas" | "hora" | "h") {
        let unit = !marked
            && !explicit
            && at > 0
            && matches!(word(read, at - 1), "en" | "de" | "por" | "cada" | "hace");
        if unit {
            return None;
        }
        marked = true;
        next += 1;
    }
    let half = half(read, next);
    if let Some((_, len)) = half {
        marked = true;
        next += len;
    }
    if !(marked || explicit && word(read, at) != "y") || hour > 24 {
        return None;
    }
    let half = half.map(|(half, _)| half);
    let hour = match (hour, half) {
        (12, Some(Half::Morning)) => 0,
        (1..=11, Some(Half::Afternoon)) => hour + 12,
        (_, Some(_)) => hour % 24,
        // clinic hours decide
        (1..=7, None) if word(read, at).len() != 2 || !word(read, at).starts_with('0') => hour + 12,
        _ => hour % 24,
    };
    Some((hour * 60 + minute, next - at))
}

/// `un cuarto para las 3`, `diez para las 5`.
fn minutes_to(read: &Read, at: usize) -> Option<(u16, usize)> {
    let (back, mut next) = match word(read, at) {
        "un" if word(read, at + 1) == "cuarto" => (15, at + 2),
        "cuarto" => (15, at + 1),
        _ => {
            let (minutes, len) = number::number_at(read, at)?;
            let minutes = u16::try_from(minutes).ok().filter(|m| [5, 10, 15, 20, 25].contains(m))?;
            (minutes, at + len)
        }
    };
    if matches!(word(read, next), "minutos") {
        next += 1;
    }
    if word(read, next) != "para" {
        return None;
    }
    let skip = usize::from(matches!(word(read, next + 1), "las" | "la"));
    let (hour, len) = number::number_at(read, next + 1 + skip)?;
    let hour = u16::try_from(hour).ok().filter(|hour| (1..=24).contains(hour))?;
    let end = next + 1 + skip + len;
    let half = half(read, end);
    let hour = match (hour, half.map(|(half, _)| half)) {
        (1..=11, Some(Half::Afternoon)) | (1..=7, None) => hour + 12,
        _ => hour,
    };
    Some(((hour * 60 + 24 * 60 - back) % (24 * 60), end + half.map_or(0, |(_, len)| len) - at))
}

/// am, pm, `de la mañana`, `de la tarde`.
fn half(read: &Read, at: usize) -> Option<(Half, usize)> {
    match (word(read, at), word(read, at + 1), word(read, at + 2)) {
        ("am", ..) => Some((Half::Morning, 1)),
        ("pm", ..) => Some((Half::Afternoon, 1)),
        ("a", "m", _) | ("a", ".", "m") => {
            Some((Half::Morning, if word(read, at + 1) == "." { 3 } else { 2 }))
        }
        ("p", "m", _) | ("p", ".", "m") => {
            Some((Half::Afternoon, if word(read, at + 1) == "." { 3 } else { 2 }))
        }
        ("de" | "en" | "por", "la", "mañana" | "madrugada") => Some((Half::Morning, 3)),
        ("de" | "en" | "por", "la", "tarde" | "noche") => Some((Half::Afternoon, 3)),
        _ => None,
    }
}

fn is_marked_after(read: &Read, at: usize) -> bool {
    half(read, at).is_some() || matches!(word(read, at), "horas" | "hora" | "h")
}

fn figures(word: &str) -> Option<u16> {
    (!word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())).then(|| word.parse().ok())?
}

fn part_of_day(read: &Read, at: usize) -> Option<(What, usize)> {
    let part = |range| Some(What::Part(range));
    let (what, len) = match (word(read, at), word(read, at + 1), word(read, at + 2)) {
        ("despues", "de", "almuerzo" | "almorzar") | ("despues", "del", "almuerzo") => (part(AFTER_LUNCH), 3),
        ("antes", "de", "almuerzo") | ("antes", "del", "almuerzo") => (part(MORNING), 3),
        ("hora", "de", "almuerzo") => (part(MIDDAY), 3),
        ("a" | "de", "primera", "hora") => (part(EARLY), 3),
        ("primera", "hora", _) => (part(EARLY), 2),
        ("a" | "de", "ultima", "hora") => (part(LAST_HOURS), 3),
        ("temprano" | "tempranito", "en" | "por", "la") if word(read, at + 3) == "mañana" => {
            (part(EARLY), 4)
        }
        ("temprano" | "tempranito", ..) => (part(EARLY), 1),
        ("media", "mañana", _) => (part(TimeRange { start: 10 * 60, end: 12 * 60 }), 2),
        ("en" | "por" | "de" | "a", "la", "mañana" | "mañanita")
        | ("en" | "por" | "de" | "a", "las", "mañanas") => (part(MORNING), 3),
        ("en" | "por" | "de" | "a", "la", "tarde" | "tardecita")
        | ("en" | "por" | "de" | "a", "las", "tardes") => (part(AFTERNOON), 3),
        ("en" | "por" | "de" | "a", "la", "noche") => (part(NIGHT), 3),
        ("esta", "tarde", _) => (Some(What::PartToday(AFTERNOON)), 2),
        ("esta", "mañana", _) => (Some(What::PartToday(MORNING)), 2),
        ("esta", "noche", _) => (Some(What::PartToday(NIGHT)), 2),
        ("tarde" | "tardecita", ..) if bare(read, at) => (part(AFTERNOON), 1),
        ("noche", ..) if bare(read, at) => (part(NIGHT), 1),
        ("am", ..) => (part(MORNING), 1),
        ("pm", ..) => (part(AFTERNOON), 1),
        _ => (None, 0),
    };
    what.map(|what| (what, len))
}

/// "martes tarde" and "tarde" alone, but not "más tarde", "llego tarde" or "buenas tardes".
fn bare(read: &Read, at: usize) -> bool {
    let before = at.checked_sub(1).map_or("", |before| word(read, before));
    before.is_empty() || super::day::weekday(before).is_some() || matches!(before, "mañana" | "hoy" | "la")
}

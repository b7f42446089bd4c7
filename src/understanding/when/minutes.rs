//! The minutes of an hour: `:30`, `y media`, `menos cuarto`, and those that are missing to the next, `diez para las 5`.

use super::super::glue::W;
use super::super::normal::{Kind, Read};
use super::super::number::number_at;
use super::clock::{Clock, half, is_counted};

pub(super) struct Minutes {
    pub minute: u16,
    pub back: u16,
    pub literal: bool,
    pub marked: bool,
}

/// `:30`, `y media`, `menos cuarto`, `h15`, and ` 30` after a marked hour.
pub(super) fn minutes(read: &Read<'_>, at: usize, marked: bool) -> Option<(Minutes, usize)> {
    let found = |minute, end| Some((Minutes { minute, back: 0, literal: false, marked: false }, end));
    let two = |at: usize| {
        let value = read.figure(at).filter(|_| read.typed(at).len() == 2)?;
        u16::try_from(value).ok().filter(|minute| *minute < 60)
    };
    match read.w(at) {
        W::H if read.tokens[at].glued && read.tokens.get(at + 1).is_some_and(|next| next.glued) => {
            let minute = two(at + 1)?;
            return Some((Minutes { minute, back: 0, literal: true, marked: true }, at + 2));
        }
        // "10 h 10", "10 H 10 pm"
        W::H if two(at + 1).is_some()
            && (half(read, at + 2).0.is_some()
                || at + 2 >= read.tokens.len()
                || matches!(read.tokens[at + 2].kind, Kind::Sign(_))) =>
        {
            let minute = two(at + 1)?;
            return Some((Minutes { minute, back: 0, literal: false, marked: true }, at + 2));
        }
        W::Y => {
            let (minute, end) = match (read.w(at + 1), read.word(at + 2)) {
                (W::Media, _) => (30, at + 2),
                (W::Cuarto, _) => (15, at + 2),
                (W::Pico, _) => (0, at + 2),
                (_, "cuartos" | "cuarto") if read.word(at + 1) == "tres" => (45, at + 3),
                _ => {
                    let (value, end) = number_at(read, at + 1)?;
                    let minute = u16::try_from(value).ok().filter(|minute| (1..60).contains(minute))?;
                    // "a las 3 y 5 de la tarde" is two hours as often as it is one
                    let in_half = minute >= 10 && half(read, end).0.is_some();
                    if !(marked || in_half)
                        || is_counted(read, end) && read.w(end) != W::Minuto
                        || minute < 10 && read.w(end) == W::De
                    {
                        return None;
                    }
                    (minute, end)
                }
            };
            let marked = matches!(read.w(at + 1), W::Media | W::Cuarto);
            return Some((Minutes { minute, back: 0, literal: false, marked }, end));
        }
        W::Menos => {
            let (back, end, marked) = match read.w(at + 1) {
                W::Cuarto => (15, at + 2, true),
                W::Un if read.w(at + 2) == W::Cuarto => (15, at + 3, true),
                _ => {
                    let (value, end) = number_at(read, at + 1)?;
                    (u16::try_from(value).ok().filter(|minute| (1..60).contains(minute))?, end, false)
                }
            };
            return Some((Minutes { minute: 0, back, literal: false, marked }, end));
        }
        _ => {}
    }
    if read.is_sign(at, ':') || read.is_sign(at, '\'') && read.tokens[at].glued {
        let minute = two(at + 1)?;
        let mut end = at + 2;
        if read.is_sign(end, ':') && two(end + 1).is_some() {
            end += 2;
        }
        return Some((Minutes { minute, back: 0, literal: false, marked: true }, end));
    }
    if (read.is_sign(at, '.') || read.is_sign(at, ',') && marked)
        && read.tokens.get(at + 1).is_some_and(|next| next.glued)
    {
        let minute = two(at + 1)?;
        let after = at + 2;
        let is_time = marked
            || half(read, after).0.is_some()
            || matches!(read.w(after), W::Hora | W::H)
            || read.tokens.len() == 3;
        let is_more = read
            .tokens
            .get(after)
            .is_some_and(|next| next.glued && matches!(next.kind, Kind::Sign('.' | '/')))
            && read.figure(after + 1).is_some();
        return if is_time && !is_more {
            Some((Minutes { minute, back: 0, literal: false, marked: true }, after))
        } else {
            None
        };
    }
    // "a las diez treinta", "las seis cero dos"
    if marked && !read.tokens.get(at)?.glued {
        let (value, end) = number_at(read, at)?;
        let spoken_zero = read.word(at) == "cero" || read.word(at) == "zero";
        let minute = u16::try_from(value).ok()?;
        if (10..60).contains(&minute) && end <= at + 3 || spoken_zero && minute < 10 {
            let is_day = matches!(read.w(end), W::De | W::Del)
                && read.tokens.get(end + 1).is_some_and(|token| token.entry.month.is_some());
            if !is_day && !is_counted(read, end) && !read.is_sign(end, '/') {
                return found(minute, end);
            }
        }
    }
    None
}

/// `un cuarto para las 3`, `diez para las 5`, `faltan 3 minutos para las ocho`.
pub(super) fn minutes_to(read: &Read<'_>, at: usize) -> Option<(Clock, usize)> {
    let mut next = at;
    let mut counted = false;
    if read.w(next) == W::Faltan {
        next += 1;
        counted = true;
    }
    if read.w(next) == W::A && read.w(next + 1) == W::Un {
        next += 1;
    }
    let (back, mut next) = match (read.w(next), read.w(next + 1)) {
        (W::Un, W::Cuarto) => (15, next + 2),
        (W::Cuarto, _) => (15, next + 1),
        _ => {
            let (value, end) = number_at(read, next)?;
            let back = u16::try_from(value).ok()?;
            let is_usual = [5, 10, 15, 20, 25].contains(&back);
            if !(is_usual || (counted || read.w(end) == W::Minuto) && (1..60).contains(&back)) {
                return None;
            }
            (back, end)
        }
    };
    if read.w(next) == W::Minuto {
        next += 1;
    }
    // "20 minutos pasadas las ocho"
    if read.w(next) == W::Pasado && matches!(read.w(next + 1), W::Las | W::La)
        || matches!(read.w(next), W::Despues) && read.w(next + 1) == W::De && read.w(next + 2) == W::Las
    {
        let from = next + 2 + usize::from(read.w(next) == W::Despues);
        let (value, end) = number_at(read, from)?;
        let hour = u16::try_from(value).ok().filter(|hour| (1..=24).contains(hour))?;
        let (half, end) = half(read, end);
        return Some((
            Clock { hour, minute: back, half, literal: hour > 12, marked: true, today: false, back: 0 },
            end,
        ));
    }
    // "quince minutos antes de las 3"
    let before = read.w(next) == W::Antes && read.w(next + 1) == W::De && read.w(next + 2) == W::Las;
    if before {
        next += 1;
    } else if read.w(next) != W::Para {
        return None;
    }
    let article = matches!(read.w(next + 1), W::Las | W::La);
    let (value, end) = number_at(read, next + 1 + usize::from(article))?;
    let hour = u16::try_from(value).ok().filter(|hour| (1..=24).contains(hour))?;
    if !article && (is_counted(read, end) || read.w(end) == W::Hora || back % 5 != 0) {
        return None;
    }
    let (half, end) = half(read, end);
    Some((Clock { hour, minute: 0, half, literal: hour > 12, marked: true, today: false, back }, end))
}

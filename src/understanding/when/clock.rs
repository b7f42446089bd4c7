//! Times of the clock: `a las 5`, `10:30`, `las diez y media`, `un cuarto para las 3`, `tipo 6`, `15 hrs`.

use super::super::glue::W;
use super::super::lexicon::Unit;
use super::super::normal::{Kind, Read};
use super::super::number::number_at;
use super::minutes::{minutes, minutes_to};
use super::policy::LAST_AFTERNOON_HOUR;

/// Which half of the day was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    /// "am"
    Am,
    Morning,
    Midday,
    Afternoon,
    Night,
    /// "de la madrugada"
    SmallHours,
}

/// A time of the clock as it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    pub hour: u16,
    pub minute: u16,
    pub half: Option<Half>,
    /// It was written so that no half can be meant but the one it says: `15:00`, `08:30`, `5h`.
    pub literal: bool,
    /// Something makes it a time and not a number.
    pub marked: bool,
    /// "esta tarde", "esta noche" said with it.
    pub today: bool,
    /// Minutes to take off: "un cuarto para las 3".
    pub back: u16,
}

impl Clock {
    /// An hour and a minute with no half said.
    pub fn of(hour: u16, minute: u16) -> Self {
        Self { hour, minute, half: None, literal: hour > 12, marked: true, today: false, back: 0 }
    }

    /// The minute of the day, a bare hour decided by the hours of a clinic.
    pub fn minute_of_day(self) -> u16 {
        let hour = match (self.hour, self.half) {
            (12, Some(Half::Am | Half::Night | Half::SmallHours)) => 0,
            (1..=5, Some(Half::Midday)) | (1..=11, Some(Half::Afternoon)) => self.hour + 12,
            (5..=11, Some(Half::Night)) => self.hour + 12,
            (1..=LAST_AFTERNOON_HOUR, None) if !self.literal => self.hour + 12,
            (hour, _) => hour % 24,
        };
        (hour * 60 + self.minute + 24 * 60 - self.back) % (24 * 60)
    }

    /// Whether it was written on the 24-hour clock.
    pub fn is_literal(self) -> bool {
        self.literal && (self.hour > 12 || self.hour == 0)
    }

    /// The minute of the day with the hour as it stands.
    pub fn as_written(self) -> u16 {
        if self.half.is_some() { self.minute_of_day() } else { self.hour % 24 * 60 + self.minute }
    }

    /// The same with a half that was said elsewhere.
    pub fn in_half(self, half: Option<Half>) -> Self {
        if self.half.is_some() || self.hour > 12 { self } else { Self { half, ..self } }
    }
}

/// The time that begins at a token, and the token after it.
pub(super) fn at(read: &Read<'_>, at: usize) -> Option<(Clock, usize)> {
    named(read, at)
        // noon is also a part of the day: only an end of a range is no more than 12 o'clock
        .filter(|(clock, _)| clock.hour == 0)
        .or_else(|| minutes_to(read, at))
        .or_else(|| plain(read, at, false, false))
        .filter(|(clock, end)| clock.marked && !is_counted(read, *end) && !are_things(read, at, *end))
}

/// "las dos juntas", "cuál de las dos": so many of something, no hour.
fn are_things(read: &Read<'_>, at: usize, end: usize) -> bool {
    if read.w(at) != W::Las || end != at + 2 {
        return false;
    }
    let before = |back: usize| at.checked_sub(back).map_or("", |place| read.word(place));
    let of_them = before(1) == "de"
        && matches!(before(2), "cual" | "cuales" | "ninguna" | "alguna" | "cualquiera" | "una");
    let next = read.word(end);
    let plural = next.len() > 4
        && next.ends_with("as")
        && !matches!(next, "gracias" | "horas" | "buenas" | "nomas" | "hartas" | "ademas" | "apenas");
    of_them || plural
}

/// The same, where a bare number may be a time: in a range, or as a whole answer. `between`: an "y" after it leads to
/// the other end, not to minutes.
pub(super) fn bare_at(read: &Read<'_>, at: usize, between: bool) -> Option<(Clock, usize)> {
    named(read, at).or_else(|| plain(read, at, true, between)).filter(|(_, end)| !is_counted(read, *end))
}

/// "3 días", "5 años", "10 pesos": no time.
pub(super) fn is_counted(read: &Read<'_>, at: usize) -> bool {
    let Some(token) = read.tokens.get(at) else { return false };
    matches!(token.entry.unit, Some(unit) if unit != Unit::Hour) && token.entry.ordinal.is_none()
        || matches!(token.kind, Kind::Sign('%' | '$'))
        || matches!(
            read.word(at),
            "pesos" | "lucas" | "kilos" | "personas" | "veces" | "hijos" | "cuadras" | "opciones" | "estrellas" | "km"
                | "metros" | "grados" | "controles" | "cajas" | "pastillas" | "por" if read.word(at) != "por" || read.word(at + 1) == "ciento"
        )
}

fn named(read: &Read<'_>, at: usize) -> Option<(Clock, usize)> {
    let fixed = |hour, end| {
        let clock = Clock { hour, minute: 0, half: None, literal: true, marked: true, today: false, back: 0 };
        Some((clock, end))
    };
    match (read.w(at), read.w(at + 1), read.w(at + 2)) {
        (W::Al, W::Mediodia, _) => fixed(12, at + 2),
        (W::Al, W::Medio, W::Dia) => fixed(12, at + 3),
        (W::A, W::Medianoche, _) => fixed(0, at + 2),
        (W::Mediodia, ..) if !is_after(read, at, W::A) => fixed(12, at + 1),
        (W::Medio, W::Dia, _) if !is_after(read, at, W::A) => fixed(12, at + 2),
        (W::Medianoche, ..) => fixed(0, at + 1),
        (W::A, W::Media, W::Noche) => fixed(0, at + 3),
        (W::Media, W::Noche, _) => fixed(0, at + 2),
        _ => None,
    }
}

fn is_after(read: &Read<'_>, at: usize, w: W) -> bool {
    at > 0 && read.w(at - 1) == w
}

/// The words before an hour, whether they make it one, and whether they only soften it.
fn introduction(read: &Read<'_>, at: usize) -> (usize, bool) {
    let mut next = at;
    let mut marked = false;
    match (read.w(next), read.w(next + 1), read.w(next + 2)) {
        (W::A, W::Eso, W::De) => next += 3,
        (W::Cerca | W::Alrededor, W::De, _) => next += 2,
        (W::Mas, W::O, W::Menos) => next += 3,
        (W::Tipo, ..) => {
            next += 1;
            marked = true;
        }
        (W::Como | W::Sobre | W::Hacia | W::Aproximadamente, ..) => next += 1,
        _ => {}
    }
    match (read.w(next), read.w(next + 1)) {
        (W::A | W::Al, W::Las) => (next + 2, true),
        (W::A, W::La) => (next + 2, true),
        (W::Las, _) => (next + 1, true),
        // "la una" is an hour, "la 1" an option
        (W::La, W::Un) if read.word(next + 1) == "una" && next == at => {
            (next + 1, read.tokens.len() <= 4 || read.w(next + 2) == W::Y)
        }
        (W::A, _) if next > at => (next + 1, marked),
        _ => (next, marked),
    }
}

fn plain(read: &Read<'_>, at: usize, bare: bool, between: bool) -> Option<(Clock, usize)> {
    let (mut next, mut marked) = introduction(read, at);
    if next > at
        && !marked
        && !bare
        && read.w(at) != W::Como
        && read.w(at) != W::Sobre
        && read.w(at) != W::Hacia
    {
        return None;
    }
    let digits = read.figure(next).map_or(0, |_| read.typed(next).len());
    let (value, end) = number_at(read, next)?;
    let mut hour = u16::try_from(value).ok()?;
    let mut minute = 0;
    let mut explicit = false;
    let mut literal = digits == 2 && read.typed(next).starts_with('0') || hour > 12;
    next = end;
    if hour > 24 {
        // 1030 is ten thirty only when something says that it is an hour
        let is_hour = marked || bare || matches!(read.w(next), W::Hora | W::H);
        if !(is_hour && (digits == 4 || digits == 3) && hour % 100 < 60 && hour / 100 < 24) {
            return None;
        }
        literal = digits == 4 && hour < 1_000 || hour >= 1_300;
        (hour, minute) = (hour / 100, hour % 100);
        explicit = true;
    }
    let goes_on = between && read.w(next) == W::Y && !matches!(read.w(next + 1), W::Media | W::Cuarto);
    if !goes_on && let Some((found, end)) = minutes(read, next, marked || bare) {
        minute = found.minute;
        explicit = true;
        literal |= found.literal;
        marked |= found.marked;
        next = end;
        if found.back > 0 {
            let total = (hour * 60 + 24 * 60 - found.back) % (24 * 60);
            (hour, minute) = (total / 60, total % 60);
        }
    }
    if matches!(read.w(next), W::En | W::Y) && read.w(next + 1) == W::Punto {
        next += 2;
        explicit = true;
    }
    if matches!(read.w(next), W::Minuto) && explicit {
        next += 1;
    }
    match read.w(next) {
        W::H => {
            marked = true;
            literal |= read.tokens[next].glued;
            next += 1;
        }
        W::Hora if !is_length(read, at, marked || explicit, hour) => {
            marked = true;
            next += 1;
        }
        W::Hora if !marked && !explicit => return None,
        _ => {}
    }
    if read.word(next) == "exactamente" {
        next += 1;
    }
    let (half, end) = half(read, next);
    marked |= half.is_some();
    next = end;
    // "8pm de esta tarde"
    let mut today = false;
    if matches!(read.w(next), W::De)
        && read.w(next + 1) == W::Este
        && matches!(read.w(next + 2), W::Tarde | W::Noche | W::Manana)
    {
        today = true;
        next += 3;
    } else if half.is_some()
        && matches!(read.w(next), W::De | W::En | W::Por)
        && read.w(next + 1) == W::La
        && matches!(read.w(next + 2), W::Tarde | W::Noche | W::Manana)
    {
        next += 3;
    }
    if read.w(next) == W::Hora && read.tokens.get(next).is_some_and(|token| token.entry.text == "hs") {
        next += 1;
    }
    if hour > 24 || !(marked || bare) {
        return None;
    }
    Some((Clock { hour, minute, half, literal, marked, today, back: 0 }, next))
}

/// Whether "2 horas" here is how long something lasts.
fn is_length(read: &Read<'_>, at: usize, marked: bool, hour: u16) -> bool {
    let before = if at > 0 { read.w(at - 1) } else { W::Other };
    !marked
        && (matches!(before, W::En | W::De | W::Por | W::Cada | W::Hace | W::Unos | W::Mas | W::Dentro)
            || hour < 7
            || at > 0 && matches!(read.word(at - 1), "durante" | "llevo" | "hacen" | "demora" | "dura"))
}

/// am, pm, `de la mañana`, `de la tarde`.
pub(super) fn half(read: &Read<'_>, at: usize) -> (Option<Half>, usize) {
    let dot = |at: usize| usize::from(read.is_sign(at, '.'));
    match (read.w(at), read.w(at + 1), read.w(at + 2)) {
        (W::Am, ..) => (Some(Half::Am), at + 1 + dot(at + 1)),
        (W::Pm, ..) => (Some(Half::Afternoon), at + 1 + dot(at + 1)),
        (W::A | W::P, ..) => {
            let second = at + 1 + dot(at + 1);
            if read.w(second) != W::M {
                return (None, at);
            }
            let half = if read.w(at) == W::A { Half::Am } else { Half::Afternoon };
            (Some(half), second + 1 + dot(second + 1))
        }
        (W::De | W::En | W::Por, W::La, W::Manana) => (Some(Half::Morning), at + 3),
        (W::De | W::En | W::Por, W::La, W::Madrugada) => (Some(Half::SmallHours), at + 3),
        (W::De | W::En | W::Por, W::La, W::Tarde) => (Some(Half::Afternoon), at + 3),
        (W::De | W::En | W::Por, W::La, W::Noche) => (Some(Half::Night), at + 3),
        (W::Del, W::Mediodia, _) => (Some(Half::Midday), at + 2),
        (W::Del, W::Medio, W::Dia) => (Some(Half::Midday), at + 3),
        // "las 12 del día", "a las 3 del día"
        (W::Del, W::Dia, after)
            if !matches!(after, W::De | W::Siguiente) && read.figure(at + 2).is_none() =>
        {
            (Some(Half::Midday), at + 2)
        }
        _ => (None, at),
    }
}

//! The pieces of a message that are about days and times, in order, each with its bound and its sign.

use chrono::{NaiveDate, Weekday};

use super::super::Context;
use super::super::normal::Read;
use super::super::number;
use super::{clock, day};
use crate::value::{DayRange, TimeRange};

/// What a piece says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    /// One day; `full` when the year was said.
    Day { date: NaiveDate, full: bool },
    /// Several days.
    Days(DayRange),
    /// Every such weekday.
    EveryWeekday(Weekday),
    /// A time of the clock, in minutes.
    Clock(u16),
    /// A part of the day.
    Part(TimeRange),
    /// A part of today.
    PartToday(TimeRange),
    /// In so many minutes.
    InMinutes(u32),
    /// As soon as possible.
    Asap,
    /// A date that cannot be.
    Impossible,
    /// A weekday and a date that do not match.
    Contradiction,
}

impl What {
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Day { .. } => "when: day",
            Self::Days(_) => "when: days",
            Self::EveryWeekday(_) => "when: weekday",
            Self::Clock(_) => "when: clock",
            Self::Part(_) | Self::PartToday(_) => "when: part of day",
            Self::InMinutes(_) => "when: offset",
            Self::Asap => "when: soonest",
            Self::Impossible => "when: impossible date",
            Self::Contradiction => "when: weekday against date",
        }
    }

    pub fn is_day(&self) -> bool {
        matches!(self, Self::Day { .. } | Self::Days(_) | Self::EveryWeekday(_) | Self::PartToday(_))
    }

    pub fn is_time(&self) -> bool {
        matches!(self, Self::Clock(_) | Self::Part(_) | Self::PartToday(_))
    }
}

/// Which side of it is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// It itself.
    At,
    /// From it on.
    From,
    /// After it.
    After,
    /// Up to it.
    Until,
    /// Before it.
    Before,
}

/// A piece and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    pub what: What,
    pub bound: Bound,
    /// Not wanted: "el martes no puedo", "menos el lunes".
    pub negative: bool,
    /// In which part of the message, counted by "mejor", "perdón", "digo": a later one replaces an earlier one.
    pub segment: usize,
    pub at: usize,
    pub len: usize,
}

/// Words after which the rest corrects what came before.
const SWITCHES: [&[&str]; 9] = [
    &["mejor"],
    &["perdon"],
    &["digo"],
    &["en", "realidad"],
    &["o", "sea"],
    &["mejor", "dicho"],
    &["disculpa"],
    &["equivoque"],
    &["prefiero"],
];
/// Before a day or a time: not that one.
const EXCEPT: [&str; 6] = ["menos", "excepto", "salvo", "exceptuando", "ni", "tampoco"];
/// After a negation: what cannot be.
const CANNOT: [&str; 16] = [
    "puedo", "podria", "podre", "sirve", "acomoda", "quiero", "alcanzo", "estoy", "tengo", "trabajo", "me",
    "voy", "llego", "ire", "estare", "sea",
];

/// All pieces of a text.
pub(super) fn scan(read: &Read, context: &Context<'_>) -> Vec<Piece> {
    let today = context.now.date();
    let mut pieces: Vec<Piece> = Vec::new();
    let mut segment = 0;
    let mut at = 0;
    while at < read.tokens.len() {
        if SWITCHES.iter().any(|words| matches_words(read, at, words)) {
            segment += 1;
        }
        let found = soonest(read, at)
            .or_else(|| in_minutes(read, at))
            .or_else(|| day::at(read, at, today))
            .or_else(|| clock::at(read, at));
        let Some((what, len)) = found else {
            at += 1;
            continue;
        };
        let (bound, start) = bound(read, at);
        pieces.push(Piece { what, bound, negative: is_excepted(read, start), segment, at, len });
        at += len;
    }
    negate_clauses(read, &mut pieces);
    pieces
}

fn word(read: &Read, at: usize) -> &str {
    read.tokens.get(at).map_or("", |token| token.word.as_str())
}

fn matches_words(read: &Read, at: usize, words: &[&str]) -> bool {
    words.iter().enumerate().all(|(offset, wanted)| word(read, at + offset) == *wanted)
}

fn soonest(read: &Read, at: usize) -> Option<(What, usize)> {
    const PHRASES: [&[&str]; 15] = [
        &["lo", "antes", "posible"],
        &["cuanto", "antes"],
        &["lo", "mas", "pronto", "posible"],
        &["lo", "mas", "pronto"],
        &["mas", "pronto", "posible"],
        &["al", "tiro"],
        &["lo", "mas", "luego"],
        &["lo", "mas", "rapido"],
        &["primera", "hora", "disponible"],
        &["la", "mas", "proxima"],
        &["la", "mas", "cercana"],
        &["hora", "mas", "proxima"],
        &["hora", "mas", "cercana"],
        &["ahora", "mismo"],
        &["a", "la", "brevedad"],
    ];
    PHRASES.iter().find(|words| matches_words(read, at, words)).map(|words| (What::Asap, words.len()))
}

fn in_minutes(read: &Read, at: usize) -> Option<(What, usize)> {
    let skip = match (word(read, at), word(read, at + 1)) {
        ("en", _) => 1,
        ("dentro", "de") => 2,
        _ => return None,
    };
    let half = word(read, at + skip) == "media" && word(read, at + skip + 1) == "hora";
    if half {
        return Some((What::InMinutes(30), skip + 2));
    }
    let (count, len) = number::number_at(read, at + skip)?;
    let count = u32::try_from(count).ok().filter(|count| *count <= 600)?;
    let minutes = match word(read, at + skip + len) {
        "minuto" | "minutos" | "min" => count,
        "hora" | "horas" => count * 60,
        _ => return None,
    };
    Some((What::InMinutes(minutes), skip + len + 1))
}

/// The bound before a piece, and where it begins.
fn bound(read: &Read, at: usize) -> (Bound, usize) {
    let mut start = at;
    // articles, and words that soften
    while start > 0
        && matches!(
            word(read, start - 1),
            "el" | "la" | "las" | "los" | "a" | "dia" | "proximo" | "como" | "mas"
        )
    {
        start -= 1;
    }
    let before = |back: usize| start.checked_sub(back).map_or("", |at| word(read, at));
    match (before(2), before(1)) {
        ("despues", "de" | "del") | ("luego", "de") => (Bound::After, start - 2),
        ("antes", "de" | "del") => (Bound::Before, start - 2),
        ("partir", "de" | "del") => (Bound::From, start.saturating_sub(3)),
        ("adelante", "de") => (Bound::From, start - 2),
        (_, "desde") => (Bound::From, start - 1),
        (_, "hasta") => (Bound::Until, start - 1),
        (_, "pasado" | "pasadas") => (Bound::After, start - 1),
        _ => (Bound::At, start),
    }
}

fn is_excepted(read: &Read, start: usize) -> bool {
    let before = start.checked_sub(1).map_or("", |at| word(read, at));
    let two_before = start.checked_sub(2).map_or("", |at| word(read, at));
    EXCEPT.contains(&before)
        || (before == "no" && !matches!(two_before, "por" | "como"))
        || (two_before == "que" && before == "no")
        || (two_before == "no" && matches!(before, "para" | "en"))
}

/// "El martes no puedo", "no puedo el martes ni el jueves": pieces of a clause with "no puedo" are not wanted. A
/// clause ends at a sign, at "pero", "sino", "mejor", or at the next such verb.
fn negate_clauses(read: &Read, pieces: &mut [Piece]) {
    let mut clause = 0;
    let mut clause_of = vec![0; read.tokens.len()];
    for (at, of) in clause_of.iter_mut().enumerate() {
        let sign = matches!(
            word(read, at),
            "," | "."
                | ";"
                | "!"
                | "?"
                | "pero"
                | "sino"
                | "mejor"
                | "si"
                | "prefiero"
                | "solo"
                | "puede"
                | "podria"
        );
        // a sign inside a time or a date is no end
        let inside = pieces.iter().any(|piece| (piece.at..piece.at + piece.len).contains(&at));
        if sign && !inside {
            clause += 1;
        }
        *of = clause;
    }
    for at in 0..read.tokens.len() {
        let negated = word(read, at) == "no" && CANNOT.contains(&word(read, at + 1))
            || matches!(word(read, at), "imposible" | "complicado" | "ocupado" | "ocupada");
        if !negated {
            continue;
        }
        for piece in pieces.iter_mut() {
            if clause_of[piece.at] == clause_of[at] {
                piece.negative = true;
            }
        }
    }
}

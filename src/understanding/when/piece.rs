//! A piece of a message that is about days or times, with its bound and its sign.

use chrono::{NaiveDate, NaiveDateTime};

use super::clock::Clock;
use super::day::{Days, Sort};
use super::part::Part;

/// What a piece says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum What {
    Days(Days),
    /// Every such weekday, Monday the lowest bit.
    Every(u8),
    Clock(Clock),
    /// From one minute of the day to another.
    Clocks(u16, u16),
    Part(Part),
    /// That day or later.
    From(NaiveDate),
    /// Before that day.
    Until(NaiveDate),
    Moment(NaiveDateTime),
    /// One side of a moment, as its bound has it.
    Limit(NaiveDateTime),
    Moments(NaiveDateTime, NaiveDateTime),
    /// A bare number that may be an hour.
    Hint(Clock),
    /// As soon as possible.
    Soonest,
    /// At once.
    Now,
    /// A date that cannot be.
    Impossible,
    /// A weekday and a date that do not match.
    Contradiction,
}

impl What {
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Days(days) => match days.sort {
                Sort::Day => "when: named day",
                Sort::Date => "when: date",
                Sort::Weekday => "when: weekday",
                Sort::Bare => "when: day of the month",
                Sort::Several => "when: days",
            },
            Self::Every(_) => "when: every such weekday",
            Self::Clock(_) => "when: clock",
            Self::Hint(_) => "when: perhaps an hour",
            Self::Clocks(..) => "when: from one hour to another",
            Self::Part(_) => "when: part of the day",
            Self::From(_) | Self::Until(_) | Self::Limit(_) | Self::Moment(_) | Self::Moments(..) => {
                "when: counted from now"
            }
            Self::Soonest | Self::Now => "when: soonest",
            Self::Impossible => "when: impossible date",
            Self::Contradiction => "when: weekday against date",
        }
    }

    pub fn is_day(&self) -> bool {
        matches!(
            self,
            Self::Days(_)
                | Self::Every(_)
                | Self::From(_)
                | Self::Until(_)
                | Self::Impossible
                | Self::Contradiction
        ) || matches!(self, Self::Part(part) if part.day.is_some())
    }

    pub fn is_time(&self) -> bool {
        matches!(self, Self::Clock(_) | Self::Clocks(..) | Self::Part(_))
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

impl Bound {
    /// The other side.
    pub fn opposite(self) -> Self {
        match self {
            Self::At => Self::At,
            Self::From => Self::Before,
            Self::After => Self::Until,
            Self::Until => Self::After,
            Self::Before => Self::From,
        }
    }
}

/// A piece and where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Piece {
    pub what: What,
    pub bound: Bound,
    /// Not wanted: "el martes no puedo", "menos el lunes".
    pub negative: bool,
    /// Told of the past.
    pub told: bool,
    /// In which part of the message, counted by "mejor", "perdón", "digo": a later one replaces an earlier one.
    pub segment: usize,
    /// "o" or "y" stands between it and the piece before, and nothing else of weight.
    pub joined: bool,
    pub at: usize,
    pub end: usize,
}

/// All pieces, and what the words around them say.
pub(super) struct Scanned {
    pub pieces: Vec<Piece>,
    /// The message begins with a no.
    pub refuses: bool,
    /// "Cualquier día", "todos los días": a weekday taken out is taken out of every week.
    pub any_day: bool,
    /// The message corrects itself: "mejor", "perdón".
    pub switches: bool,
}

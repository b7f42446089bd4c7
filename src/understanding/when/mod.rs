//! Days and times: read into pieces, then put together into one window and one reading.
//!
//! `day`, `clock`, `part` and `offset` are small grammars over tokens; `scan` runs them left to right and settles
//! which side of a piece is meant, whether it is wanted, and which part of the message it stands in; `resolve` puts
//! the pieces together under `policy`. What is read are constraints (days and times that intersect, unite, exclude),
//! and the single reading is only their narrow case. Two readings that tie are `Ambiguous`, never a guess.

mod around;
mod calendar;
mod clock;
mod day;
mod minutes;
mod offset;
mod part;
mod piece;
mod policy;
mod reading;
mod resolve;
mod scan;
mod span;
mod value;
mod whole;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use serde::ser::{Serialize, SerializeMap, Serializer};

pub(super) use around::excepts_nothing;

use super::clause::Clauses;
use super::normal::Read;
use super::rules::Words;
use super::{Context, Reason};
use crate::value::Window;

/// The one reading of day and time, as the contract prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// A day.
    Date(NaiveDate),
    /// A day and a time.
    DateTime(NaiveDateTime),
    /// A time of the clock.
    Time(NaiveTime),
    /// Days, the end exclusive; an open end is `None`.
    DateRange(Option<NaiveDate>, Option<NaiveDate>),
    /// Times of the day; an open end is `None`.
    TimeRange(Option<NaiveTime>, Option<NaiveTime>),
    /// Moments; an open end is `None`.
    DateTimeRange(Option<NaiveDateTime>, Option<NaiveDateTime>),
    /// As soon as possible.
    Asap,
    /// Two readings that tie.
    Ambiguous,
    /// A weekday and a date that do not match.
    Conflict,
    /// A date that cannot be.
    Reject,
}

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let time = |time: &NaiveTime| time.format("%H:%M").to_string();
        let moment = |at: &NaiveDateTime| at.format("%Y-%m-%dT%H:%M").to_string();
        let mut map = serializer.serialize_map(None)?;
        let kind = match self {
            Self::Date(day) => {
                map.serialize_entry("date", day)?;
                "date"
            }
            Self::DateTime(at) => {
                map.serialize_entry("datetime", &moment(at))?;
                "datetime"
            }
            Self::Time(at) => {
                map.serialize_entry("time", &time(at))?;
                "time"
            }
            Self::DateRange(start, end) => {
                map.serialize_entry("start", start)?;
                map.serialize_entry("end", end)?;
                "date_range"
            }
            Self::TimeRange(start, end) => {
                map.serialize_entry("start", &start.as_ref().map(time))?;
                map.serialize_entry("end", &end.as_ref().map(time))?;
                "time_range"
            }
            Self::DateTimeRange(start, end) => {
                map.serialize_entry("start", &start.as_ref().map(moment))?;
                map.serialize_entry("end", &end.as_ref().map(moment))?;
                "datetime_range"
            }
            Self::Asap => "asap",
            Self::Ambiguous => "ambiguous",
            Self::Conflict => "conflict",
            Self::Reject => "reject",
        };
        map.serialize_entry("kind", kind)?;
        map.end()
    }
}

/// What a message says of days and times.
#[derive(Debug, Clone, Default)]
pub(super) struct Times {
    /// The one reading.
    pub when: Option<When>,
    /// The constraint.
    pub window: Option<Window>,
    /// The days and hours that were refused, as the window of an appointment that falls on them.
    pub refused: Option<Window>,
    /// A full date in the past, as a birth date is.
    pub birth_date: Option<NaiveDate>,
    /// Times of the clock that are wanted, in minutes of the day.
    pub clocks: Vec<u16>,
    /// Weekdays that are wanted by their name alone, Monday the lowest bit.
    pub weekdays: u8,
    /// Whether a day or time is wanted, and not only excluded.
    pub wanted: bool,
    /// The message corrects a day or a time: "mejor", "perdón", "no, el jueves".
    pub corrects: bool,
    /// Only a bare number was read as a day: it may as well be an option.
    pub bare: bool,
    /// Tokens that belong to a day or a time: no number among them is an option's.
    pub taken: Vec<std::ops::Range<usize>>,
}

impl Times {
    /// Whether a token belongs to a day or a time.
    pub fn takes(&self, token: usize) -> bool {
        self.taken.iter().any(|range| range.contains(&token))
    }
}

/// Reads days and times.
pub(super) fn read(
    read: &Read<'_>,
    words: &Words,
    clauses: &Clauses,
    context: &Context<'_>,
    why: &mut Vec<Reason>,
) -> Times {
    let scanned = scan::scan(read, words, clauses, context);
    for piece in &scanned.pieces {
        why.push(Reason { rule: piece.what.rule(), span: read.span(piece.at..piece.end) });
    }
    resolve::together(&scanned, context)
}

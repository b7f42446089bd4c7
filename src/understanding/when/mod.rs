//! Days and times: read into pieces, then resolved into one window and one reading.
//!
//! `piece` finds what is said (days, times of the clock, parts of the day, bounds), left to right; `resolve` puts
//! the pieces together under the policy of a clinic: an hour of 1 to 7 is in the afternoon, "el martes" is the next
//! one, a negated day is excluded, and what is said after "mejor" or "perdón" replaces what was said before.

mod clock;
mod day;
mod piece;
mod resolve;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::normal::Read;
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
    /// A full date in the past, as a birth date is.
    pub birth_date: Option<NaiveDate>,
    /// Times of the clock that were said, in minutes of the day, with their first token.
    pub clocks: Vec<(u16, usize)>,
    /// Whether a day or time is wanted, and not only excluded.
    pub wanted: bool,
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
pub(super) fn read(read: &Read, context: &Context<'_>, why: &mut Vec<Reason>) -> Times {
    let pieces = piece::scan(read, context);
    for piece in &pieces {
        let (first, last) = (&read.tokens[piece.at], &read.tokens[piece.at + piece.len - 1]);
        why.push(Reason { rule: piece.what.rule(), span: first.start..last.end });
    }
    resolve::together(&pieces, read, context)
}

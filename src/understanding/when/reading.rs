//! The one reading of what was gathered: a day, an hour, a range, or none because two tie.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::When;
use super::calendar::{monday, plus};
use super::piece::Piece;
use super::resolve::{DAY, Gathered};
use crate::understanding::Context;
use crate::value::{DayRange, TimeRange};

impl Gathered {
    /// The single reading of the wanted pieces.
    pub(super) fn reading(&self, wanted: &[Piece], context: &Context<'_>) -> Option<When> {
        if wanted.is_empty() {
            return None;
        }
        if let (Some(moment), true) = (self.moment, self.days.is_empty()) {
            return Some(When::DateTime(moment));
        }
        if let (Some((start, end)), true) = (self.moments, self.days.is_empty()) {
            return Some(When::DateTimeRange(Some(start), Some(end)));
        }
        if self.limits != (None, None) && self.days.is_empty() {
            return Some(When::DateTimeRange(self.limits.0, self.limits.1));
        }
        let ranges = self.day_ranges();
        let days = match ranges[..] {
            [] => None,
            [range] => Some((range.start, range.end)),
            _ => return self.several(wanted),
        };
        if let (Some(minute), [_], true, true) =
            (self.noon, &self.parts[..], self.clocks.is_empty(), self.ranges.is_empty())
            && self.from.is_none()
            && self.until.is_none()
        {
            let exact = Self { clocks: vec![minute], noon: None, ..self.clone() };
            return exact.reading(wanted, context);
        }
        let times = match self.times()[..] {
            [] => None,
            [range] => Some(range),
            _ => {
                let joined = wanted.iter().any(|piece| piece.joined && piece.what.is_time());
                if joined || days.is_some() {
                    return Some(When::Ambiguous);
                }
                // two hours far apart: the first is what was asked for
                self.times().first().copied()
            }
        };
        Some(match (days, times) {
            (None, None) if self.now => When::DateTime(context.now),
            (None, None) if self.soonest => When::Asap,
            (None, None) => {
                // "de lunes a viernes": the coming ones
                let weekdays: Vec<u32> = (0..7).filter(|day| self.every >> day & 1 == 1).collect();
                let (first, last) = (weekdays.first()?, weekdays.last()?);
                if last - first + 1 != u32::try_from(weekdays.len()).ok()? || first == last {
                    return None;
                }
                let monday = monday(context.now.date());
                let start = plus(monday, i64::from(*first));
                let start = if start < context.now.date() { plus(start, 7) } else { start };
                When::DateRange(Some(start), Some(plus(start, i64::from(last - first + 1))))
            }
            (Some((start, end)), None) => match (start, end) {
                (Some(start), Some(end)) if plus(start, 1) == end => When::Date(start),
                _ => When::DateRange(start, end),
            },
            (None, Some(range)) if self.is_exact(range) => When::Time(clock(range.start)),
            (None, Some(range)) => When::TimeRange(
                (range.start != 0 || self.from.is_some() || self.until.is_none() && self.parts_or_ranges())
                    .then(|| clock(range.start)),
                (range.end != DAY || self.parts_or_ranges())
                    .then(|| clock(self.overnight.unwrap_or(range.end))),
            ),
            (Some((Some(start), Some(end))), Some(range)) if plus(start, 1) == end => {
                if self.is_exact(range) {
                    When::DateTime(start.and_time(clock(range.start)))
                } else {
                    let open_start = self.from.is_none() && self.until.is_some() && !self.parts_or_ranges();
                    let open_end = self.until.is_none() && self.from.is_some() && !self.parts_or_ranges();
                    When::DateTimeRange(
                        (!open_start).then(|| moment(start, range.start)),
                        (!open_end).then(|| moment(start, range.end)),
                    )
                }
            }
            (Some((start, end)), Some(_)) => When::DateRange(start, end),
        })
    }

    fn parts_or_ranges(&self) -> bool {
        !self.parts.is_empty() || !self.ranges.is_empty()
    }

    fn is_exact(&self, range: TimeRange) -> bool {
        range.end == range.start + 1 && !self.clocks.is_empty()
    }

    /// "lunes o martes" is no one day; of two days that are far apart the first is meant.
    fn several(&self, wanted: &[Piece]) -> Option<When> {
        let joined = wanted.iter().any(|piece| piece.joined && piece.what.is_day());
        let narrower = |one: &DayRange, other: &DayRange| {
            one.start >= other.start && one.end <= other.end && one.start.is_some() && one.end.is_some()
        };
        // "el martes de la semana del 18": the narrower of two that agree
        if let [first, second] = self.days[..]
            && !joined
        {
            let range = if narrower(&second, &first) { second } else { first };
            let alone = Self {
                days: vec![range],
                days_from: None,
                days_until: None,
                several_days: false,
                ..self.clone()
            };
            return match alone.times()[..] {
                [] | [_] => alone.reading_of_one(range),
                _ => Some(When::Ambiguous),
            };
        }
        Some(When::Ambiguous)
    }

    fn reading_of_one(&self, range: DayRange) -> Option<When> {
        let (Some(start), Some(end)) = (range.start, range.end) else {
            return Some(When::DateRange(range.start, range.end));
        };
        if plus(start, 1) != end {
            return Some(When::DateRange(Some(start), Some(end)));
        }
        Some(match self.times().first() {
            Some(time) if self.is_exact(*time) => When::DateTime(start.and_time(clock(time.start))),
            Some(time) => When::DateTimeRange(Some(moment(start, time.start)), Some(moment(start, time.end))),
            None => When::Date(start),
        })
    }
}

pub(super) fn clock(minute: u16) -> NaiveTime {
    NaiveTime::from_num_seconds_from_midnight_opt(u32::from(minute % DAY) * 60, 0).unwrap_or_default()
}

fn moment(day: NaiveDate, minute: u16) -> NaiveDateTime {
    if minute >= DAY { plus(day, 1).and_time(NaiveTime::MIN) } else { day.and_time(clock(minute)) }
}

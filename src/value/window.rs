//! A window of wall time: the constraint a patient puts on the hours they would take.
//!
//! "El martes en la tarde", "después de las 5", "cualquier día menos lunes" are filters over free hours, not
//! instants; an instant is only the narrow case. All of it is local wall time of the centre.

use std::fmt;

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use serde::{Deserialize, Serialize};

/// Days from `start` until before `end`; `None` is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DayRange {
    /// The first day.
    pub start: Option<NaiveDate>,
    /// The day after the last.
    pub end: Option<NaiveDate>,
}

/// Minutes of the day from `start` until before `end`, 0 to 1440.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TimeRange {
    /// The first minute.
    pub start: u16,
    /// The minute after the last.
    pub end: u16,
}

/// A set of weekdays as bits, Monday = bit 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Weekdays(pub u8);

/// Which hours are wanted: each part narrows, an empty part does not.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// Any of these days; empty means every day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<DayRange>,
    /// None of these days.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<DayRange>,
    /// Only on these weekdays.
    #[serde(default, skip_serializing_if = "Weekdays::is_every")]
    pub weekdays: Weekdays,
    /// Any of these times of the day; empty means the whole day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub times: Vec<TimeRange>,
    /// Not before this moment (a bound that crosses days: "desde el martes a las 3").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<NaiveDateTime>,
    /// Before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<NaiveDateTime>,
    /// "Lo antes posible": the soonest hour first, whatever else would rank higher.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub soonest: bool,
}

impl DayRange {
    /// That day alone.
    pub fn one(day: NaiveDate) -> Self {
        Self { start: Some(day), end: day.succ_opt() }
    }

    /// Whether the day is in it.
    pub fn contains(&self, day: NaiveDate) -> bool {
        self.start.is_none_or(|start| day >= start) && self.end.is_none_or(|end| day < end)
    }
}

impl TimeRange {
    /// Whether the minute of the day is in it.
    pub fn contains(&self, minute: u16) -> bool {
        (self.start..self.end).contains(&minute)
    }
}

impl Weekdays {
    /// All seven.
    pub const EVERY: Self = Self(0x7f);

    /// Whether all seven are in it.
    pub fn is_every(&self) -> bool {
        self.0 & 0x7f == 0x7f
    }

    /// Whether the weekday of `day` is in it.
    pub fn contains(self, day: NaiveDate) -> bool {
        self.0 >> day.weekday().num_days_from_monday() & 1 == 1
    }
}

impl Default for Weekdays {
    fn default() -> Self {
        Self::EVERY
    }
}

impl Default for Window {
    fn default() -> Self {
        Self::ANY
    }
}

impl Window {
    /// No constraint at all: "cualquiera".
    pub const ANY: Self = Self {
        days: Vec::new(),
        except: Vec::new(),
        weekdays: Weekdays::EVERY,
        times: Vec::new(),
        not_before: None,
        before: None,
        soonest: false,
    };

    /// One day.
    pub fn day(day: NaiveDate) -> Self {
        Self { days: vec![DayRange::one(day)], ..Self::ANY }
    }

    /// Whether an hour on this day could fit at all.
    pub fn allows_day(&self, day: NaiveDate) -> bool {
        (self.days.is_empty() || self.days.iter().any(|range| range.contains(day)))
            && !self.except.iter().any(|range| range.contains(day))
            && self.weekdays.contains(day)
            && self.not_before.is_none_or(|from| day >= from.date())
            && self.before.is_none_or(|until| NaiveDateTime::new(day, NaiveTime::MIN) < until)
    }

    /// Whether an hour that starts then fits.
    pub fn allows(&self, start: NaiveDateTime) -> bool {
        let minute = u16::try_from(start.hour() * 60 + start.minute()).unwrap_or(0);
        self.allows_day(start.date())
            && (self.times.is_empty() || self.times.iter().any(|range| range.contains(minute)))
            && self.not_before.is_none_or(|from| start >= from)
            && self.before.is_none_or(|until| start < until)
    }

    /// Whether it constrains nothing.
    pub fn is_any(&self) -> bool {
        *self == Self::ANY
    }

    /// The last day that could fit, when there is one.
    pub fn last_day(&self) -> Option<NaiveDate> {
        let of_days = self
            .days
            .iter()
            .map(|range| range.end)
            .collect::<Option<Vec<_>>>()
            .and_then(|ends| ends.into_iter().max());
        let by_day = of_days.and_then(|end| end.pred_opt());
        match (by_day, self.before.map(|before| before.date())) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

impl fmt::Display for Window {
    /// The short form of fixtures and traces: `2026-12-01T12:00/20:00`, `2026-12-01/2026-12-05 (end exclusive)`, `any`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        let times: Vec<String> =
            self.times.iter().map(|t| format!("{}/{}", clock(t.start), clock(t.end))).collect();
        let days: Vec<String> = self.days.iter().map(day_text).collect();
        match (&days[..], &times[..]) {
            ([], []) => {}
            ([day], [time]) if !day.contains('/') => parts.push(format!("{day}T{time}")),
            _ => {
                if !days.is_empty() {
                    parts.push(days.join("|"));
                }
                if !times.is_empty() {
                    parts.push(times.join("|"));
                }
            }
        }
        if !self.weekdays.is_every() {
            let names = ["lun", "mar", "mié", "jue", "vie", "sáb", "dom"];
            let on: Vec<&str> = names
                .into_iter()
                .enumerate()
                .filter(|(i, _)| self.weekdays.0 >> i & 1 == 1)
                .map(|(_, n)| n)
                .collect();
            parts.push(format!("on {}", on.join(",")));
        }
        if !self.except.is_empty() {
            parts.push(format!("except {}", self.except.iter().map(day_text).collect::<Vec<_>>().join("|")));
        }
        if let Some(from) = self.not_before {
            parts.push(format!("from {}", from.format("%Y-%m-%dT%H:%M")));
        }
        if let Some(until) = self.before {
            parts.push(format!("before {}", until.format("%Y-%m-%dT%H:%M")));
        }
        if self.soonest {
            parts.push("soonest".to_owned());
        }
        f.write_str(if parts.is_empty() { "any".to_owned() } else { parts.join(" ") }.as_str())
    }
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

fn day_text(range: &DayRange) -> String {
    let text = |day: Option<NaiveDate>| day.map_or(String::new(), |d| d.to_string());
    match (range.start, range.end) {
        (Some(start), Some(end)) if start.succ_opt() == Some(end) => start.to_string(),
        (start, end) => format!("{}/{}", text(start), text(end)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").unwrap()
    }

    #[test]
    fn a_window_is_a_filter_over_hours() {
        let tuesday_afternoon = Window {
            times: vec![TimeRange { start: 720, end: 1200 }],
            ..Window::day("2026-12-01".parse().unwrap())
        };
        assert!(tuesday_afternoon.allows(at("2026-12-01T15:00")));
        assert!(!tuesday_afternoon.allows(at("2026-12-01T11:59")));
        assert!(!tuesday_afternoon.allows(at("2026-12-02T15:00")));
        assert_eq!(tuesday_afternoon.to_string(), "2026-12-01T12:00/20:00");
    }

    #[test]
    fn no_constraint_allows_every_hour() {
        assert!(Window::ANY.allows(at("2026-12-01T15:00")));
        assert_eq!(Window::ANY.to_string(), "any");
    }

    #[test]
    fn a_day_can_be_excluded_and_a_weekday_required() {
        let window = Window { weekdays: Weekdays(0b11110), ..Window::ANY };
        assert!(!window.allows(at("2026-11-30T10:00")), "a Monday");
        assert!(window.allows(at("2026-12-01T10:00")));
        let except = Window { except: vec![DayRange::one("2026-12-01".parse().unwrap())], ..Window::ANY };
        assert!(!except.allows(at("2026-12-01T10:00")));
    }
}

//! What one cell may say, and the complaint when it does not. Complaints never quote a cell: it may be a patient's.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Weekday};

use crate::scheduling::holiday;
use crate::value::Rut;
use crate::value::rut::NotARut;

#[expect(clippy::unnecessary_wraps, reason = "it stands beside parsers that can fail")]
pub(super) fn text(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

pub(super) fn within(text: &str, low: i32, high: i32) -> Result<i32, String> {
    text.parse()
        .ok()
        .filter(|number| (low..=high).contains(number))
        .ok_or_else(|| format!("is not a whole number from {low} to {high}"))
}

pub(super) fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "si" | "sí" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err("is neither true nor false".to_owned()),
    }
}

pub(super) fn run(text: &str) -> Result<Rut, String> {
    text.parse().map_err(|error: NotARut| error.to_string())
}

pub(super) fn date(text: &str) -> Result<NaiveDate, String> {
    let shapes = ["%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y"];
    shapes
        .iter()
        .find_map(|shape| NaiveDate::parse_from_str(text, shape).ok())
        .ok_or_else(|| "is not a day, as 2026-11-25".to_owned())
}

pub(super) fn hour(text: &str) -> Result<NaiveTime, String> {
    let shapes = ["%H:%M", "%H:%M:%S"];
    shapes
        .iter()
        .find_map(|shape| NaiveTime::parse_from_str(text, shape).ok())
        .ok_or_else(|| "is not an hour, as 09:30".to_owned())
}

/// A day and hour; a day alone is its beginning, or, where it closes a stretch, its end.
pub(super) fn moment(text: &str, closing: bool) -> Result<NaiveDateTime, String> {
    if let Ok(day) = date(text) {
        let day = if closing { day.succ_opt().unwrap_or(day) } else { day };
        return Ok(day.and_time(NaiveTime::MIN));
    }
    let shapes = [
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%d %H:%M:%S",
        "%d-%m-%Y %H:%M",
        "%d/%m/%Y %H:%M",
    ];
    let found = shapes.iter().find_map(|shape| NaiveDateTime::parse_from_str(text, shape).ok());
    found.ok_or_else(|| "is not a day and hour, as 2026-11-25T09:30".to_owned())
}

/// A day and hour, or `+3 10:00`: the third working day from today, which keeps a sample centre fresh.
pub(super) fn start(text: &str, today: NaiveDate) -> Result<NaiveDateTime, String> {
    let wrong = || {
        "is not a day and hour, as 2026-11-25T09:30, or a working day from today, as \"+3 10:00\"".to_owned()
    };
    let Some(relative) = text.strip_prefix('+') else {
        return moment(text, false).map_err(|_| wrong());
    };
    let (days, at) = relative.split_once(' ').ok_or_else(wrong)?;
    let days: usize = days.parse().ok().filter(|days| (1..=200).contains(days)).ok_or_else(wrong)?;
    let at = hour(at.trim()).map_err(|_| wrong())?;
    working_days(today).nth(days - 1).map(|day| day.and_time(at)).ok_or_else(wrong)
}

/// The days after `today` on which a centre attends: no weekends, no national holidays.
fn working_days(today: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    today.iter_days().skip(1).filter(|day| {
        let off =
            holiday::of_year(day.year()).iter().any(|holiday| holiday.scope == "CL" && holiday.day == *day);
        !off && !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_relative_start_falls_on_a_working_day() {
        // Friday 4 December 2026: 8 December is a holiday
        let at = |text| start(text, day("2026-12-04")).unwrap().to_string();
        assert_eq!(at("+1 10:00"), "2026-12-07 10:00:00");
        assert_eq!(at("+2 10:00"), "2026-12-09 10:00:00");
        assert_eq!(at("2026-12-04T09:30"), "2026-12-04 09:30:00");
        assert!(start("mañana", day("2026-12-04")).is_err());
    }

    #[test]
    fn an_absence_that_ends_on_a_day_takes_that_day_whole() {
        assert_eq!(moment("2026-12-04", true).unwrap().to_string(), "2026-12-05 00:00:00");
        assert_eq!(moment("04-12-2026", false).unwrap().to_string(), "2026-12-04 00:00:00");
    }
}

//! The words for a day and an hour, as a person in Chile says and reads them.

use std::fmt;

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};

const WEEKDAYS: [&str; 7] = ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"];
const MONTHS: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];

/// `noviembre`.
pub fn month(day: NaiveDate) -> &'static str {
    MONTHS[day.month0() as usize]
}

/// `jueves 26 de noviembre`.
#[derive(Debug, Clone, Copy)]
pub struct Day(pub NaiveDate);

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(weekday(self.0))?;
        f.write_str(" ")?;
        self.0.day().fmt(f)?;
        f.write_str(" de ")?;
        f.write_str(month(self.0))
    }
}

/// `jue 26 nov`: fits a list row (24 characters) with room for the hour.
#[derive(Debug, Clone, Copy)]
struct DayShort(NaiveDate);

impl fmt::Display for DayShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = |word: &'static str| word.char_indices().nth(3).map_or(word, |(end, _)| &word[..end]);
        f.write_str(cut(weekday(self.0)))?;
        f.write_str(" ")?;
        self.0.day().fmt(f)?;
        f.write_str(" ")?;
        f.write_str(cut(month(self.0)))
    }
}

/// `10:30`.
#[derive(Debug, Clone, Copy)]
pub struct Hour(pub NaiveDateTime);

impl fmt::Display for Hour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (sign, number) in [("", self.0.hour()), (":", self.0.minute())] {
            f.write_str(sign)?;
            if number < 10 {
                f.write_str("0")?;
            }
            number.fmt(f)?;
        }
        Ok(())
    }
}

/// `jueves 26 de noviembre a las 10:30`.
#[derive(Debug, Clone, Copy)]
pub struct DayHour(pub NaiveDateTime);

impl fmt::Display for DayHour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Day(self.0.date()).fmt(f)?;
        f.write_str(" a las ")?;
        Hour(self.0).fmt(f)
    }
}

/// `jue 26 nov 10:30`.
#[derive(Debug, Clone, Copy)]
pub struct DayHourShort(pub NaiveDateTime);

impl fmt::Display for DayHourShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        DayShort(self.0.date()).fmt(f)?;
        f.write_str(" ")?;
        Hour(self.0).fmt(f)
    }
}

/// [`Day`] as a text.
pub fn day_long(day: NaiveDate) -> String {
    Day(day).to_string()
}

/// [`Hour`] as a text.
pub fn hour(at: NaiveDateTime) -> String {
    Hour(at).to_string()
}

/// [`DayHour`] as a text.
pub fn day_hour_long(at: NaiveDateTime) -> String {
    DayHour(at).to_string()
}

/// [`DayHourShort`] as a text.
pub fn day_hour_short(at: NaiveDateTime) -> String {
    DayHourShort(at).to_string()
}

/// The weekday's name: `jueves`.
pub fn weekday(day: NaiveDate) -> &'static str {
    WEEKDAYS[day.weekday().num_days_from_monday() as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_reads_as_a_person_says_it() {
        let at = NaiveDateTime::parse_from_str("2026-11-26T10:30", "%Y-%m-%dT%H:%M").unwrap();
        assert_eq!(day_hour_long(at), "jueves 26 de noviembre a las 10:30");
        assert_eq!(day_hour_short(at), "jue 26 nov 10:30");
        assert!(day_hour_short(at).chars().count() <= 24);
    }
}

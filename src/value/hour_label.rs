//! The words for a day and an hour, as a person in Chile says and reads them.

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
pub fn day_long(day: NaiveDate) -> String {
    format!("{} {} de {}", weekday(day), day.day(), month(day))
}

/// `jue 26 nov`: fits a list row (24 characters) with room for the hour.
pub fn day_short(day: NaiveDate) -> String {
    let cut = |word: &str| word.chars().take(3).collect::<String>();
    format!("{} {} {}", cut(weekday(day)), day.day(), cut(MONTHS[day.month0() as usize]))
}

/// `10:30`.
pub fn hour(at: NaiveDateTime) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

/// `jueves 26 de noviembre a las 10:30`.
pub fn day_hour_long(at: NaiveDateTime) -> String {
    format!("{} a las {}", day_long(at.date()), hour(at))
}

/// `jue 26 nov 10:30`.
pub fn day_hour_short(at: NaiveDateTime) -> String {
    format!("{} {}", day_short(at.date()), hour(at))
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

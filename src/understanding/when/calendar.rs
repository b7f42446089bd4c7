//! The calendar: which date a weekday, a day of the month or a day of the year is, seen from today.

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

use crate::understanding::feast::Feast;

/// The next such weekday after today.
pub(super) fn next_weekday(weekday: Weekday, today: NaiveDate) -> NaiveDate {
    let ahead = (weekday.num_days_from_monday() + 7 - today.weekday().num_days_from_monday()) % 7;
    plus(today, if ahead == 0 { 7 } else { i64::from(ahead) })
}

/// The last such weekday before today.
pub(super) fn last_weekday(weekday: Weekday, today: NaiveDate) -> NaiveDate {
    let back = (today.weekday().num_days_from_monday() + 7 - weekday.num_days_from_monday()) % 7;
    plus(today, if back == 0 { -7 } else { -i64::from(back) })
}

/// That weekday of the week so many weeks ahead.
pub(super) fn weekday_of_week(weekday: Weekday, weeks: i64, today: NaiveDate) -> NaiveDate {
    plus(monday(today), weeks * 7 + i64::from(weekday.num_days_from_monday()))
}

/// The Monday of a day's week.
pub(super) fn monday(day: NaiveDate) -> NaiveDate {
    plus(day, -i64::from(day.weekday().num_days_from_monday()))
}

/// A day so many days later, or the same when the calendar ends.
pub(super) fn plus(day: NaiveDate, days: i64) -> NaiveDate {
    let moved = if days >= 0 {
        day.checked_add_days(Days::new(days.unsigned_abs()))
    } else {
        day.checked_sub_days(Days::new(days.unsigned_abs()))
    };
    moved.unwrap_or(day)
}

/// The first of the month so many months ahead.
pub(super) fn month_ahead(today: NaiveDate, months: i32) -> NaiveDate {
    let first = today.with_day(1).unwrap_or(today);
    let moved = if months >= 0 {
        first.checked_add_months(Months::new(months.unsigned_abs()))
    } else {
        first.checked_sub_months(Months::new(months.unsigned_abs()))
    };
    moved.unwrap_or(first)
}

/// The next date with that day of the month, today included.
pub(super) fn day_of_month(day: u32, today: NaiveDate) -> Option<NaiveDate> {
    (0..14).find_map(|months| month_ahead(today, months).with_day(day).filter(|date| *date >= today))
}

/// That day of that month, in the next year in which it has not passed and exists.
pub(super) fn coming(day: u32, month: u32, today: NaiveDate) -> Option<NaiveDate> {
    (0..8)
        .filter_map(|years| NaiveDate::from_ymd_opt(today.year() + years, month, day))
        .find(|date| *date >= today)
}

/// The first of that month, this year or, when it is over, the next.
pub(super) fn coming_month(month: u32, today: NaiveDate) -> Option<NaiveDate> {
    let year = if month < today.month() { today.year() + 1 } else { today.year() };
    NaiveDate::from_ymd_opt(year, month, 1)
}

/// A year as it is written: two figures are of this century unless that is far ahead.
pub(super) fn year(written: u64, today: NaiveDate) -> Option<i32> {
    let written = i32::try_from(written).ok()?;
    match written {
        0..=99 => Some(if 2_000 + written > today.year() + 10 { 1_900 + written } else { 2_000 + written }),
        1_900..=2_100 => Some(written),
        _ => None,
    }
}

/// The day after so many working days, beginning tomorrow: the end, exclusive.
pub(super) fn after_working_days(today: NaiveDate, count: i64) -> NaiveDate {
    let (mut day, mut left) = (today, count.clamp(0, 60));
    while left > 0 {
        day = plus(day, 1);
        if day.weekday().num_days_from_monday() < 5 {
            left -= 1;
        }
    }
    plus(day, 1)
}

/// Easter Sunday of a year, by the Gregorian computus.
fn easter(year: i32) -> Option<NaiveDate> {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 19 * l) / 433;
    let month = (h + l - 7 * m + 90) / 25;
    let day = (h + l - 7 * m + 33 * month + 19) % 32;
    NaiveDate::from_ymd_opt(year, u32::try_from(month).ok()?, u32::try_from(day).ok()?)
}

/// The date of a feast in a year.
pub(super) fn feast_in(feast: Feast, year: i32) -> Option<NaiveDate> {
    match feast {
        Feast::Date(month, day) => NaiveDate::from_ymd_opt(year, month, day),
        Feast::Easter(days) => easter(year).map(|sunday| plus(sunday, days)),
        Feast::Weekday(month, place, weekday) => {
            let weekday = Weekday::try_from(u8::try_from(weekday - 1).ok()?).ok()?;
            NaiveDate::from_weekday_of_month_opt(year, month, weekday, place)
        }
    }
}

/// The next date of a feast, today included.
pub(super) fn coming_feast(feast: Feast, today: NaiveDate) -> Option<NaiveDate> {
    (0..2).filter_map(|years| feast_in(feast, today.year() + years)).find(|date| *date >= today)
}

/// The last date with that day and month before today.
pub(super) fn gone(day: u32, month: u32, today: NaiveDate) -> Option<NaiveDate> {
    (0..8)
        .filter_map(|years| NaiveDate::from_ymd_opt(today.year() - years, month, day))
        .find(|date| *date < today)
}

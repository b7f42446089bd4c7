//! Days that have a name: when in a year they are, as `words/holidays.txt` writes it.

/// When in a year a day with a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feast {
    /// Month and day.
    Date(u32, u32),
    /// Days from Easter Sunday.
    Easter(i64),
    /// Month, place in it and weekday, Monday 1.
    Weekday(u32, u8, u32),
}

/// `12-25`, `easter-2`, `5:2 7`
pub(super) fn feast(text: &str) -> Option<Feast> {
    if let Some(days) = text.strip_prefix("easter") {
        return days.parse().ok().map(Feast::Easter);
    }
    if let Some((month, rest)) = text.split_once(':') {
        let (place, weekday) = rest.split_once(' ')?;
        return Some(Feast::Weekday(month.parse().ok()?, place.parse().ok()?, weekday.parse().ok()?));
    }
    let (month, day) = text.split_once('-')?;
    Some(Feast::Date(month.parse().ok()?, day.parse().ok()?))
}

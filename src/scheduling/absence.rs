//! When a professional, or a whole centre, is away although the weekly agenda says otherwise.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::grid::MINUTES;

/// A stretch of wall time in which nobody is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Absence {
    /// From this moment; none: always was.
    pub from: Option<NaiveDateTime>,
    /// Until before this one; none: for good.
    pub until: Option<NaiveDateTime>,
}

impl Absence {
    /// The minutes of this day that it takes away.
    pub fn on(&self, day: NaiveDate) -> Option<(u16, u16)> {
        let midnight = NaiveDateTime::new(day, NaiveTime::MIN);
        let minute = |at: NaiveDateTime, up: bool| {
            let seconds = (at - midnight).num_seconds().clamp(0, 86_400);
            u16::try_from(if up { (seconds + 59) / 60 } else { seconds / 60 }).unwrap_or(MINUTES)
        };
        let start = self.from.map_or(0, |from| minute(from, false));
        let end = self.until.map_or(MINUTES, |until| minute(until, true));
        (start < end).then_some((start, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absence_takes_only_its_part_of_each_day() {
        let at = |text: &str| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").ok();
        let away = Absence { from: at("2026-12-01T13:00"), until: at("2026-12-03T00:00") };
        assert_eq!(away.on("2026-11-30".parse().unwrap()), None);
        assert_eq!(away.on("2026-12-01".parse().unwrap()), Some((780, 1440)));
        assert_eq!(away.on("2026-12-02".parse().unwrap()), Some((0, 1440)));
        assert_eq!(away.on("2026-12-03".parse().unwrap()), None, "it ends at midnight");
        let for_good = Absence { until: None, ..away };
        assert_eq!(for_good.on("2030-01-01".parse().unwrap()), Some((0, 1440)));
    }
}

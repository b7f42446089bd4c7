//! Wall time and instants: which minutes of a day exist once.
//!
//! In America/Santiago the midnight of the September change does not exist and 23:00 to 23:59 of the April
//! Saturday happens twice. A promise is made in wall time, so an hour is offered only if its wall time names
//! one instant; everything else is a minute in which nobody attends.

use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::grid::{DayMask, MINUTES};

/// The one instant that a wall time names; none if it does not exist or happens twice.
pub fn instant(zone: Tz, wall: NaiveDateTime) -> Option<DateTime<Utc>> {
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(at) => Some(at.with_timezone(&Utc)),
        LocalResult::None | LocalResult::Ambiguous(..) => None,
    }
}

/// The wall time of an instant.
pub fn wall(zone: Tz, at: DateTime<Utc>) -> NaiveDateTime {
    at.with_timezone(&zone).naive_local()
}

/// The minutes of this day that do not exist or happen twice; none on an ordinary day.
pub fn odd_minutes(zone: Tz, day: NaiveDate) -> Option<DayMask> {
    let midnight = NaiveDateTime::new(day, NaiveTime::MIN);
    let offset_at = |at: NaiveDateTime| zone.offset_from_utc_datetime(&at).fix().local_minus_utc();
    // a change lies within the day's own instants, whatever the zone's offset (-12 h to +14 h)
    let (before, after) = (midnight - TimeDelta::hours(14), midnight + TimeDelta::hours(36));
    if offset_at(before) == offset_at(after) {
        return None;
    }
    let odd: DayMask = (0..MINUTES)
        .filter(|minute| instant(zone, midnight + TimeDelta::minutes(i64::from(*minute))).is_none())
        .collect();
    (!odd.is_empty()).then_some(odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn odd(zone: Tz, day: &str) -> Vec<u16> {
        odd_minutes(zone, day.parse().unwrap()).map_or(Vec::new(), |mask| mask.minutes().collect())
    }

    #[test]
    fn the_midnight_of_september_does_not_exist_and_an_hour_of_april_happens_twice() {
        let santiago = Tz::America__Santiago;
        assert_eq!(odd(santiago, "2026-09-06"), (0..60).collect::<Vec<_>>());
        assert_eq!(odd(santiago, "2026-04-04"), (23 * 60..24 * 60).collect::<Vec<_>>());
        for day in ["2026-09-05", "2026-09-07", "2026-04-03", "2026-04-05", "2026-11-25"] {
            assert!(odd(santiago, day).is_empty(), "{day}");
        }
        assert_eq!(odd(Tz::Pacific__Easter, "2026-09-05"), (22 * 60..23 * 60).collect::<Vec<_>>());
        assert!(odd(Tz::America__Punta_Arenas, "2026-09-06").is_empty());
        assert!(odd(Tz::America__Coyhaique, "2026-09-06").is_empty());
    }

    #[test]
    fn an_ordinary_wall_time_is_one_instant_and_back() {
        let noon = NaiveDateTime::parse_from_str("2026-11-25T12:00", "%Y-%m-%dT%H:%M").unwrap();
        let at = instant(Tz::America__Santiago, noon).unwrap();
        assert_eq!(at.to_rfc3339(), "2026-11-25T15:00:00+00:00");
        assert_eq!(wall(Tz::America__Santiago, at), noon);
    }
}

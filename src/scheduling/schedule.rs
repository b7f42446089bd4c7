//! The weekly agenda: on which weekdays, from when to when, a professional attends what; and single days that differ.
//!
//! A break is where no block is. Hours begin on the block's own grid, counted from its start, and a visit
//! ends inside its block; the buffer after it may run over. What one day closes, closes the weekly agenda and not
//! what that day opens; what it opens is open on a holiday too.

use chrono::{Datelike, NaiveDate};

use crate::id::{AppointmentTypeId, DoctorId};

/// One block of a professional's week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeeklyBlock {
    /// Who attends.
    pub doctor: DoctorId,
    /// For what.
    pub appointment_type: AppointmentTypeId,
    /// ISO: 1 is Monday.
    pub weekday: u8,
    /// Minute of the day at which it begins.
    pub start: u16,
    /// Minute of the day before which the last visit ends.
    pub end: u16,
    /// Minutes from one possible beginning to the next.
    pub step: u16,
    /// How long this professional's visits take here; none: as long as the prestación says.
    pub duration: Option<u16>,
    /// The first day it holds; none: always did.
    pub valid_from: Option<NaiveDate>,
    /// The day after the last; none: for good.
    pub valid_until: Option<NaiveDate>,
}

/// A day that is not as the week says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exception {
    /// Whose; none: the whole centre's.
    pub doctor: Option<DoctorId>,
    /// Which day.
    pub day: NaiveDate,
    /// Minute of the day from which it holds.
    pub start: u16,
    /// Minute of the day before which it ends.
    pub end: u16,
    /// What is attended then; none: nothing of the weekly agenda is.
    pub opens: Option<Opened>,
}

/// What a professional attends on a day that was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// For what.
    pub appointment_type: AppointmentTypeId,
    /// Minutes from one possible beginning to the next.
    pub step: u16,
    /// How long visits take; none: as long as the prestación says.
    pub duration: Option<u16>,
}

/// How long a visit keeps a professional busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// Minutes with the patient.
    pub duration: u16,
    /// Minutes afterwards in which nobody else is seen.
    pub buffer: u16,
}

impl Visit {
    /// Both together.
    pub fn busy(self) -> u16 {
        self.duration + self.buffer
    }
}

impl WeeklyBlock {
    /// Whether it holds on this day.
    pub fn on(&self, day: NaiveDate) -> bool {
        day.weekday().number_from_monday() == u32::from(self.weekday) && self.valid_on(day)
    }

    /// Whether this day, of the right weekday, is in its validity.
    pub fn valid_on(&self, day: NaiveDate) -> bool {
        self.valid_from.is_none_or(|from| day >= from) && self.valid_until.is_none_or(|until| day < until)
    }

    /// The minutes of the day at which a visit of `duration` may begin.
    pub fn starts(&self, duration: u16) -> impl Iterator<Item = u16> + use<> {
        starts(self.start, self.end, self.step, duration)
    }
}

/// The minutes at which a visit of `duration` may begin between two minutes of a day.
pub fn starts(start: u16, end: u16, step: u16, duration: u16) -> impl Iterator<Item = u16> + use<> {
    let last = end.checked_sub(duration);
    let step = usize::from(step.max(1));
    last.into_iter().flat_map(move |last| (start..=last).step_by(step))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block() -> WeeklyBlock {
        WeeklyBlock {
            doctor: DoctorId(1),
            appointment_type: AppointmentTypeId(1),
            weekday: 3,
            start: 480,
            end: 540,
            step: 20,
            duration: None,
            valid_from: "2026-11-01".parse().ok(),
            valid_until: "2026-12-01".parse().ok(),
        }
    }

    #[test]
    fn a_visit_ends_inside_its_block() {
        assert_eq!(block().starts(20).collect::<Vec<_>>(), [480, 500, 520]);
        assert_eq!(block().starts(30).collect::<Vec<_>>(), [480, 500]);
        assert_eq!(block().starts(61).count(), 0);
        assert_eq!(block().starts(600).count(), 0);
    }

    #[test]
    fn a_block_holds_on_its_weekday_within_its_validity() {
        let on = |day: &str| block().on(day.parse().unwrap());
        assert!(on("2026-11-25"));
        assert!(!on("2026-11-26"), "a Thursday");
        assert!(!on("2026-12-02"), "no longer valid");
        assert!(!on("2026-10-28"), "not yet valid");
    }
}

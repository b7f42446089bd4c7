//! A search for free hours: the question, and how a window, the patient's own hours and what counts as free become
//! minutes of one day.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use super::absence::Absence;
use super::grid::{DayMask, MINUTES};
use super::slot::Slot;
use crate::id::{AppointmentId, AppointmentTypeId, CenterId, DoctorId, PatientId};
use crate::value::Window;

/// What to look for.
#[derive(Debug, Clone)]
pub struct Search {
    /// Where.
    pub center: CenterId,
    /// For what.
    pub appointment_type: AppointmentTypeId,
    /// For whom: their own sector ranks first, and hours at which they already have something are left out.
    pub patient: Option<PatientId>,
    /// With whom; none: anybody who does this.
    pub doctor: Option<DoctorId>,
    /// When.
    pub window: Window,
    /// The time now.
    pub now: DateTime<Utc>,
    /// How many hours at most.
    pub limit: usize,
    /// Hours not to offer: refused, or already shown.
    pub except: Vec<Slot>,
    /// What counts as free although it is taken.
    pub free_for: FreeFor,
}

/// A conversation's own holds, and the booking that is being moved: not in their own way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FreeFor {
    /// Holds of this conversation.
    pub holds: Vec<AppointmentId>,
    /// The booking being moved.
    pub moving: Option<AppointmentId>,
}

pub(super) fn midnight(day: NaiveDate) -> NaiveDateTime {
    NaiveDateTime::new(day, NaiveTime::MIN)
}

/// The minutes of the day at which the patient would come.
pub(super) fn wanted(window: &Window, day: NaiveDate, earliest: NaiveDateTime) -> DayMask {
    let mut wanted = match &window.times[..] {
        [] => DayMask::range(0, MINUTES),
        times => times.iter().fold(DayMask::NONE, |mask, time| mask | DayMask::range(time.start, time.end)),
    };
    let midnight = midnight(day);
    let minute = |at: NaiveDateTime| {
        let seconds = (at - midnight).num_seconds().clamp(0, 86_400);
        u16::try_from((seconds + 59) / 60).unwrap_or(MINUTES)
    };
    wanted.remove(0, minute(earliest));
    if let Some(before) = window.before {
        wanted.remove(minute(before), MINUTES);
    }
    wanted
}

/// The minutes of the day at which the patient already has something.
pub(super) fn engaged(all: &[(NaiveDateTime, NaiveDateTime)], day: NaiveDate) -> Option<DayMask> {
    all.iter()
        .filter_map(|(from, until)| stretch(*from, *until, day))
        .map(|(a, b)| DayMask::range(a, b))
        .reduce(|a, b| a | b)
}

pub(super) fn freed(
    mut busy: DayMask,
    freed: &[(DoctorId, NaiveDateTime, NaiveDateTime)],
    doctor: DoctorId,
    day: NaiveDate,
) -> DayMask {
    for (_, from, until) in freed.iter().filter(|(whose, ..)| *whose == doctor) {
        if let Some((start, end)) = stretch(*from, *until, day) {
            busy.remove(start, end);
        }
    }
    busy
}

fn stretch(from: NaiveDateTime, until: NaiveDateTime, day: NaiveDate) -> Option<(u16, u16)> {
    Absence { from: Some(from), until: Some(until) }.on(day)
}

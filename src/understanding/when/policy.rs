//! How a clinic understands what a patient leaves open: one table.

use crate::value::TimeRange;

const fn hours(start: u16, end: u16) -> TimeRange {
    TimeRange { start: start * 60, end: end * 60 }
}

/// In the morning.
pub(super) const MORNING: TimeRange = hours(8, 12);
/// In the afternoon, until the last hours of an extended day.
pub(super) const AFTERNOON: TimeRange = hours(12, 20);
/// In the evening.
pub(super) const NIGHT: TimeRange = hours(18, 24);
/// Before the day begins.
pub(super) const SMALL_HOURS: TimeRange = hours(0, 6);
/// "Temprano", "a primera hora".
pub(super) const EARLY: TimeRange = hours(8, 10);
/// "A media mañana".
pub(super) const MID_MORNING: TimeRange = hours(10, 12);
/// "A mediodía", "a la hora de almuerzo".
pub(super) const MIDDAY: TimeRange = hours(12, 14);
/// "Después de almuerzo".
pub(super) const AFTER_LUNCH: TimeRange = hours(14, 20);
/// "Después de la pega", "a la salida del colegio".
pub(super) const AFTER_WORK: TimeRange = hours(17, 20);
/// "A media tarde", "a la hora de once".
pub(super) const MID_AFTERNOON: TimeRange = hours(16, 19);
/// "A última hora".
pub(super) const LAST_HOURS: TimeRange = hours(16, 20);
/// "A primeras horas de la tarde".
pub(super) const EARLY_AFTERNOON: TimeRange = hours(12, 16);
/// "A primeras horas de la noche".
pub(super) const EARLY_NIGHT: TimeRange = hours(19, 22);
/// "Tarde en la noche".
pub(super) const LATE_NIGHT: TimeRange = hours(21, 24);
/// "Al empezar el día".
pub(super) const DAY_BEGINS: TimeRange = hours(6, 10);
/// "A la hora de la cena".
pub(super) const DINNER: TimeRange = hours(16, 20);
/// "Al acabar el día".
pub(super) const DAY_ENDS: TimeRange = hours(17, 21);

/// A bare hour up to this one is in the afternoon: nobody is seen at 5 in the morning.
pub(super) const LAST_AFTERNOON_HOUR: u16 = 7;

/// How long "las próximas horas" are.
pub(super) const NEXT_HOURS: i64 = 3;

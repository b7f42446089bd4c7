//! From the pieces to one window and one reading.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime};

use super::super::Context;
use super::calendar::plus;
use super::day::Sort;
use super::scan::{Bound, Piece, Scanned, What};
use super::{Times, When};
use crate::value::{DayRange, TimeRange, Weekdays, Window};

/// Minutes in a day.
const DAY: u16 = 24 * 60;

/// The window and the reading of a message.
pub(super) fn together(scanned: &Scanned, context: &Context<'_>) -> Times {
    let pieces = &scanned.pieces;
    let mut times =
        Times { taken: pieces.iter().map(|piece| piece.at..piece.end).collect(), ..Times::default() };
    if pieces.is_empty() {
        return times;
    }
    let today = context.now.date();
    times.birth_date = pieces.iter().find_map(|piece| match piece.what {
        What::Days(days) if days.full && days.start <= today && days.start.year() > 1900 => Some(days.start),
        _ => None,
    });
    if let [Piece { what: What::Hint(clock), .. }] = pieces[..] {
        times.when = Some(When::Time(self::clock(clock.minute_of_day())));
        times.bare = true;
        return times;
    }
    let kept: Vec<Piece> = pieces.iter().filter(|piece| !is_replaced(piece, pieces)).copied().collect();
    let positive = kept.iter().any(|piece| !piece.negative);
    times.corrects = positive
        && (scanned.switches
            || scanned.refuses
            || kept.iter().any(|piece| piece.negative && piece.bound == Bound::At));
    if kept.iter().any(|piece| piece.what == What::Impossible) {
        times.when = Some(When::Reject);
        return times;
    }
    if kept.iter().any(|piece| piece.what == What::Contradiction) {
        times.when = Some(When::Conflict);
        return times;
    }
    times.bare = kept.iter().all(|piece| matches!(piece.what, What::Days(days) if days.sort == Sort::Bare));
    times.weekdays = kept.iter().fold(0, |mask, piece| match piece.what {
        What::Days(days) if days.sort == Sort::Weekday && !piece.negative && piece.bound == Bound::At => {
            mask | 1 << days.start.weekday().num_days_from_monday()
        }
        _ => mask,
    });
    let wanted: Vec<Piece> = kept.iter().filter(|piece| !piece.negative).copied().collect();
    let all = Gathered::of(&kept, scanned, context);
    let positive = Gathered::of(&wanted, scanned, context);
    times.when = positive.reading(&wanted, context);
    times.clocks = positive.clocks.clone();
    let told = kept.iter().all(|piece| piece.told || is_past(piece, today));
    let window = all.window(context);
    if !window.is_any() && !told {
        times.window = Some(window);
        times.wanted = !wanted.is_empty();
    }
    times
}

fn is_past(piece: &Piece, today: NaiveDate) -> bool {
    match piece.what {
        What::Days(days) => days.end <= today,
        What::Part(part) => part.day.is_some_and(|day| day < 0),
        _ => false,
    }
}

/// Whether a later part of the message says something of the same kind.
fn is_replaced(piece: &Piece, pieces: &[Piece]) -> bool {
    !piece.negative
        && pieces.iter().any(|later| {
            later.segment > piece.segment
                && !later.negative
                && (later.what.is_day() && piece.what.is_day()
                    || later.what.is_time() && piece.what.is_time())
        })
}

/// The constraints of some pieces, each kind apart.
#[derive(Debug, Clone, Default)]
struct Gathered {
    days: Vec<DayRange>,
    except: Vec<DayRange>,
    every: u8,
    not_every: u8,
    /// Days that are today's weekday: today may be meant too.
    today_too: bool,
    clocks: Vec<u16>,
    parts: Vec<TimeRange>,
    ranges: Vec<TimeRange>,
    except_times: Vec<TimeRange>,
    from: Option<u16>,
    until: Option<u16>,
    days_from: Option<NaiveDate>,
    days_until: Option<NaiveDate>,
    /// The minute that the only part of the day is by its name.
    noon: Option<u16>,
    moment: Option<NaiveDateTime>,
    moments: Option<(NaiveDateTime, NaiveDateTime)>,
    /// The moment after which, and the one before which.
    limits: (Option<NaiveDateTime>, Option<NaiveDateTime>),
    soonest: bool,
    now: bool,
    several_days: bool,
    /// Where a range that crosses midnight ends.
    overnight: Option<u16>,
}

impl Gathered {
    fn of(pieces: &[Piece], scanned: &Scanned, context: &Context<'_>) -> Self {
        let mut all = Self::default();
        let today = context.now.date();
        // an hour beside a part of the day is in it: "por la tarde a las 7"
        let half = pieces.iter().find_map(|piece| match piece.what {
            What::Part(part) if !piece.negative && piece.bound == Bound::At => part.half,
            _ => None,
        });
        for piece in pieces {
            match piece.what {
                What::Days(days) => {
                    let range = DayRange { start: Some(days.start), end: Some(days.end) };
                    match (piece.bound, piece.negative) {
                        (Bound::At, true) if scanned.any_day && days.sort == Sort::Weekday => {
                            all.not_every |= 1 << days.start.weekday().num_days_from_monday();
                        }
                        (Bound::At, true) => all.except.push(range),
                        (Bound::At, false) => {
                            all.today_too |=
                                days.sort == Sort::Weekday && days.start.weekday() == today.weekday();
                            all.several_days |= !all.days.is_empty();
                            all.days.push(range);
                        }
                        (Bound::From, false) | (Bound::Before, true) => all.days_from = Some(days.start),
                        (Bound::After, false) | (Bound::Until, true) => all.days_from = Some(days.end),
                        (Bound::Until, false) | (Bound::After, true) => all.days_until = Some(days.end),
                        (Bound::Before, false) | (Bound::From, true) => all.days_until = Some(days.start),
                    }
                }
                What::Every(mask) if piece.negative => all.not_every |= mask,
                What::Every(mask) => all.every |= mask,
                What::Clock(clock) => {
                    let minute = clock.in_half(half).minute_of_day();
                    if clock.today && !piece.negative {
                        all.days.push(DayRange::one(today));
                    }
                    match (piece.bound, piece.negative) {
                        (Bound::At, false) => all.clocks.push(minute),
                        (Bound::At, true) => {
                            all.except_times.push(TimeRange { start: minute, end: minute + 1 });
                        }
                        (Bound::From | Bound::After, false) | (Bound::Before | Bound::Until, true) => {
                            all.from = Some(minute);
                        }
                        (Bound::Until | Bound::Before, false) | (Bound::After | Bound::From, true) => {
                            all.until = Some(minute);
                        }
                    }
                }
                What::Clocks(start, end) if !piece.negative => {
                    // the part after midnight is nobody's hour in a clinic
                    all.ranges.push(TimeRange { start, end: end.min(DAY) });
                    all.overnight = (end > DAY).then_some(end - DAY.min(end));
                }
                What::Clocks(start, end) => all.except_times.push(TimeRange { start, end }),
                What::Part(part) => {
                    if let Some(day) = part.day.filter(|_| !piece.negative) {
                        all.days.push(DayRange::one(plus(today, day)));
                    }
                    match (piece.bound, piece.negative) {
                        (Bound::After | Bound::From, _) if part.exact.is_some() => all.from = part.exact,
                        (Bound::Before | Bound::Until, _) if part.exact.is_some() => all.until = part.exact,
                        (Bound::At, false) => {
                            all.parts.push(part.range);
                            all.noon = all.noon.or(part.exact);
                        }
                        (Bound::At, true) => all.except_times.push(part.range),
                        (Bound::After, _) => all.from = Some(part.range.end),
                        (Bound::From, _) => all.from = Some(part.range.start),
                        (Bound::Before, _) => all.until = Some(part.range.start),
                        (Bound::Until, _) => all.until = Some(part.range.end),
                    }
                }
                What::From(date) => all.days_from = Some(date),
                What::Until(date) => all.days_until = Some(date),
                What::Moment(moment) if !piece.negative => match piece.bound {
                    Bound::Until | Bound::Before => all.moments = Some((context.now, moment)),
                    _ => all.moment = Some(moment),
                },
                What::Limit(moment) => match piece.bound {
                    Bound::Until | Bound::Before => all.limits.1 = Some(moment),
                    Bound::At | Bound::From | Bound::After => all.limits.0 = Some(moment),
                },
                What::Moments(start, end) if !piece.negative => all.moments = Some((start, end)),
                What::Soonest => all.soonest = true,
                What::Now => all.now = true,
                What::Hint(_)
                | What::Moment(_)
                | What::Moments(..)
                | What::Impossible
                | What::Contradiction => {}
            }
        }
        all
    }

    /// The times of the day that are left.
    fn times(&self) -> Vec<TimeRange> {
        let mut times: Vec<TimeRange> = if !self.clocks.is_empty() {
            // a time of the clock is narrower than the part of the day it is in
            self.clocks.iter().map(|minute| TimeRange { start: *minute, end: minute + 1 }).collect()
        } else if !self.ranges.is_empty() {
            self.ranges.clone()
        } else {
            self.parts.clone()
        };
        if self.from.is_some() || self.until.is_some() {
            let bound = self.bound();
            let narrowed: Vec<TimeRange> = times
                .iter()
                .map(|time| TimeRange { start: time.start.max(bound.start), end: time.end.min(bound.end) })
                .filter(|time| time.start < time.end)
                .collect();
            times = if narrowed.is_empty() { vec![bound] } else { narrowed };
        }
        for out in &self.except_times {
            let whole = vec![TimeRange { start: 0, end: DAY }];
            times = (if times.is_empty() { whole } else { times })
                .iter()
                .flat_map(|time| {
                    [
                        TimeRange { start: time.start, end: time.end.min(out.start) },
                        TimeRange { start: time.start.max(out.end), end: time.end },
                    ]
                })
                .filter(|time| time.start < time.end)
                .collect();
        }
        times
    }

    /// "después de las 10 y antes de la 1"; ends that cross are the other half of the day.
    fn bound(&self) -> TimeRange {
        let (mut start, end) = (self.from.unwrap_or(0), self.until.unwrap_or(DAY));
        if start >= end && start >= DAY / 2 {
            start -= DAY / 2;
        }
        TimeRange { start, end }
    }

    fn day_ranges(&self) -> Vec<DayRange> {
        let mut days = self.days.clone();
        if self.days_from.is_some() || self.days_until.is_some() {
            days.push(DayRange { start: self.days_from, end: self.days_until });
        }
        days
    }

    fn window(&self, context: &Context<'_>) -> Window {
        let mut window = Window { days: self.day_ranges(), except: self.except.clone(), ..Window::ANY };
        if self.today_too {
            window.days.insert(0, DayRange::one(context.now.date()));
        }
        if self.every != 0 {
            window.weekdays = Weekdays(self.every);
        }
        window.weekdays.0 &= !self.not_every;
        window.times = self.times();
        window.soonest = self.soonest || self.now;
        match (self.moment, self.moments) {
            (Some(moment), _) => window.not_before = Some(moment),
            (None, Some((start, end))) => {
                window.not_before = Some(start);
                window.before = Some(end);
            }
            (None, None) => {
                window.not_before = self.limits.0;
                window.before = self.limits.1;
            }
        }
        window
    }

    /// The single reading of the wanted pieces.
    fn reading(&self, wanted: &[Piece], context: &Context<'_>) -> Option<When> {
        if wanted.is_empty() {
            return None;
        }
        if let (Some(moment), true) = (self.moment, self.days.is_empty()) {
            return Some(When::DateTime(moment));
        }
        if let (Some((start, end)), true) = (self.moments, self.days.is_empty()) {
            return Some(When::DateTimeRange(Some(start), Some(end)));
        }
        if self.limits != (None, None) && self.days.is_empty() {
            return Some(When::DateTimeRange(self.limits.0, self.limits.1));
        }
        let ranges = self.day_ranges();
        let days = match ranges[..] {
            [] => None,
            [range] => Some((range.start, range.end)),
            _ => return self.several(wanted),
        };
        if let (Some(minute), [_], true, true) =
            (self.noon, &self.parts[..], self.clocks.is_empty(), self.ranges.is_empty())
            && self.from.is_none()
            && self.until.is_none()
        {
            let exact = Self { clocks: vec![minute], noon: None, ..self.clone() };
            return exact.reading(wanted, context);
        }
        let times = match self.times()[..] {
            [] => None,
            [range] => Some(range),
            _ => {
                let joined = wanted.iter().any(|piece| piece.joined && piece.what.is_time());
                if joined || days.is_some() {
                    return Some(When::Ambiguous);
                }
                // two hours far apart: the first is what was asked for
                self.times().first().copied()
            }
        };
        Some(match (days, times) {
            (None, None) if self.now => When::DateTime(context.now),
            (None, None) if self.soonest => When::Asap,
            (None, None) => {
                // "de lunes a viernes": the coming ones
                let weekdays: Vec<u32> = (0..7).filter(|day| self.every >> day & 1 == 1).collect();
                let (first, last) = (weekdays.first()?, weekdays.last()?);
                if last - first + 1 != u32::try_from(weekdays.len()).ok()? || first == last {
                    return None;
                }
                let monday = super::calendar::monday(context.now.date());
                let start = plus(monday, i64::from(*first));
                let start = if start < context.now.date() { plus(start, 7) } else { start };
                When::DateRange(Some(start), Some(plus(start, i64::from(last - first + 1))))
            }
            (Some((start, end)), None) => match (start, end) {
                (Some(start), Some(end)) if plus(start, 1) == end => When::Date(start),
                _ => When::DateRange(start, end),
            },
            (None, Some(range)) if self.is_exact(range) => When::Time(clock(range.start)),
            (None, Some(range)) => When::TimeRange(
                (range.start != 0 || self.from.is_some() || self.until.is_none() && self.parts_or_ranges())
                    .then(|| clock(range.start)),
                (range.end != DAY || self.parts_or_ranges())
                    .then(|| clock(self.overnight.unwrap_or(range.end))),
            ),
            (Some((Some(start), Some(end))), Some(range)) if plus(start, 1) == end => {
                if self.is_exact(range) {
                    When::DateTime(start.and_time(clock(range.start)))
                } else {
                    let open_start = self.from.is_none() && self.until.is_some() && !self.parts_or_ranges();
                    let open_end = self.until.is_none() && self.from.is_some() && !self.parts_or_ranges();
                    When::DateTimeRange(
                        (!open_start).then(|| moment(start, range.start)),
                        (!open_end).then(|| moment(start, range.end)),
                    )
                }
            }
            (Some((start, end)), Some(_)) => When::DateRange(start, end),
        })
    }

    fn parts_or_ranges(&self) -> bool {
        !self.parts.is_empty() || !self.ranges.is_empty()
    }

    fn is_exact(&self, range: TimeRange) -> bool {
        range.end == range.start + 1 && !self.clocks.is_empty()
    }

    /// "lunes o martes" is no one day; of two days that are far apart the first is meant.
    fn several(&self, wanted: &[Piece]) -> Option<When> {
        let joined = wanted.iter().any(|piece| piece.joined && piece.what.is_day());
        let narrower = |one: &DayRange, other: &DayRange| {
            one.start >= other.start && one.end <= other.end && one.start.is_some() && one.end.is_some()
        };
        // "el martes de la semana del 18": the narrower of two that agree
        if let [first, second] = self.days[..]
            && !joined
        {
            let range = if narrower(&second, &first) { second } else { first };
            let alone = Self {
                days: vec![range],
                days_from: None,
                days_until: None,
                several_days: false,
                ..self.clone()
            };
            return match alone.times()[..] {
                [] | [_] => alone.reading_of_one(range),
                _ => Some(When::Ambiguous),
            };
        }
        Some(When::Ambiguous)
    }

    fn reading_of_one(&self, range: DayRange) -> Option<When> {
        let (Some(start), Some(end)) = (range.start, range.end) else {
            return Some(When::DateRange(range.start, range.end));
        };
        if plus(start, 1) != end {
            return Some(When::DateRange(Some(start), Some(end)));
        }
        Some(match self.times().first() {
            Some(time) if self.is_exact(*time) => When::DateTime(start.and_time(clock(time.start))),
            Some(time) => When::DateTimeRange(Some(moment(start, time.start)), Some(moment(start, time.end))),
            None => When::Date(start),
        })
    }
}

fn clock(minute: u16) -> NaiveTime {
    NaiveTime::from_num_seconds_from_midnight_opt(u32::from(minute % DAY) * 60, 0).unwrap_or_default()
}

fn moment(day: NaiveDate, minute: u16) -> NaiveDateTime {
    if minute >= DAY { plus(day, 1).and_time(NaiveTime::MIN) } else { day.and_time(clock(minute)) }
}

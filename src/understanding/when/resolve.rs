//! From the pieces to one window and one reading.

use chrono::{Datelike, NaiveDate, NaiveDateTime};

use super::super::Context;
use super::calendar::plus;
use super::day::Sort;
use super::piece::{Bound, Piece, Scanned, What};
use super::{Times, When};
use crate::value::{DayRange, TimeRange, Weekdays, Window};

/// Minutes in a day.
pub(super) const DAY: u16 = 24 * 60;

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
        times.when = Some(When::Time(super::reading::clock(clock.minute_of_day())));
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
    let refused: Vec<Piece> = kept
        .iter()
        .filter(|piece| piece.negative && piece.bound == Bound::At)
        .map(|piece| Piece { negative: false, ..*piece })
        .collect();
    times.refused =
        Some(Gathered::of(&refused, scanned, context).window(context)).filter(|window| !window.is_any());
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
pub(super) struct Gathered {
    pub days: Vec<DayRange>,
    pub except: Vec<DayRange>,
    pub every: u8,
    pub not_every: u8,
    /// Days that are today's weekday: today may be meant too.
    pub today_too: bool,
    pub clocks: Vec<u16>,
    pub parts: Vec<TimeRange>,
    pub ranges: Vec<TimeRange>,
    pub except_times: Vec<TimeRange>,
    pub from: Option<u16>,
    pub until: Option<u16>,
    pub days_from: Option<NaiveDate>,
    pub days_until: Option<NaiveDate>,
    /// The minute that the only part of the day is by its name.
    pub noon: Option<u16>,
    pub moment: Option<NaiveDateTime>,
    pub moments: Option<(NaiveDateTime, NaiveDateTime)>,
    /// The moment after which, and the one before which.
    pub limits: (Option<NaiveDateTime>, Option<NaiveDateTime>),
    pub soonest: bool,
    pub now: bool,
    pub several_days: bool,
    /// Where a range that crosses midnight ends.
    pub overnight: Option<u16>,
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
    pub fn times(&self) -> Vec<TimeRange> {
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

    pub fn day_ranges(&self) -> Vec<DayRange> {
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
}

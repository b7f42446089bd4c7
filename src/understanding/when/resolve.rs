//! From pieces to one window and one reading, under the policy of a clinic.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::super::normal::Read;
use super::super::{Asked, Context};
use super::piece::{Bound, Piece, What};
use super::{Times, When};
use crate::value::{DayRange, TimeRange, Weekdays, Window};

const DAY: u16 = 24 * 60;

/// Puts the pieces together.
pub(super) fn together(pieces: &[Piece], read: &Read, context: &Context<'_>) -> Times {
    let mut times = Times {
        taken: pieces.iter().map(|piece| piece.at..piece.at + piece.len).collect(),
        ..Times::default()
    };
    if pieces.is_empty() {
        if context.asked == Asked::When {
            bare(read, context, &mut times);
        }
        return times;
    }
    for piece in pieces {
        if let What::Clock(minute) = piece.what {
            times.clocks.push((minute, piece.at));
        }
    }
    let today = context.now.date();
    times.birth_date = pieces.iter().find_map(|piece| match piece.what {
        What::Day { date, full: true }
            if date <= today && date.format("%Y").to_string().as_str() > "1900" =>
        {
            Some(date)
        }
        _ => None,
    });
    // a later segment of the message replaces what it names anew
    let kept: Vec<&Piece> = pieces.iter().filter(|piece| !is_replaced(piece, pieces)).collect();
    if kept.iter().any(|piece| piece.what == What::Impossible) {
        times.when = Some(When::Reject);
        return times;
    }
    if kept.iter().any(|piece| piece.what == What::Contradiction) {
        times.when = Some(When::Conflict);
        return times;
    }
    let wanted: Vec<&Piece> = kept.iter().copied().filter(|piece| !piece.negative).collect();
    times.wanted = !wanted.is_empty();
    let window = window(&kept, context);
    times.when = reading(&wanted, &window);
    if !window.is_any() {
        times.window = Some(window);
    }
    times
}

/// Whether a later segment says something of the same kind.
fn is_replaced(piece: &Piece, pieces: &[Piece]) -> bool {
    !piece.negative
        && pieces.iter().any(|later| {
            later.segment > piece.segment
                && !later.negative
                && (later.what.is_day() && piece.what.is_day()
                    || later.what.is_time() && piece.what.is_time())
        })
}

fn window(kept: &[&Piece], context: &Context<'_>) -> Window {
    let mut window = Window::ANY;
    let (mut from, mut until): (Option<u16>, Option<u16>) = (None, None);
    let mut clocks: Vec<u16> = Vec::new();
    let (mut days_from, mut days_until): (Option<NaiveDate>, Option<NaiveDate>) = (None, None);
    let mut weekdays = 0_u8;
    let next = |day: NaiveDate| day.succ_opt().unwrap_or(day);
    let mut between: Vec<&Piece> = Vec::new();
    for piece in kept {
        match (&piece.what, piece.negative, piece.bound) {
            (What::Day { date, .. }, true, Bound::At) => window.except.push(DayRange::one(*date)),
            (What::Days(range), true, Bound::At) => window.except.push(*range),
            (What::EveryWeekday(day), true, _) => window.weekdays.0 &= !(1 << day.num_days_from_monday()),
            (What::Day { date, .. }, false, Bound::At) => window.days.push(DayRange::one(*date)),
            (What::Days(range), false, Bound::At | Bound::From) => window.days.push(*range),
            (What::EveryWeekday(day), false, _) => weekdays |= 1 << day.num_days_from_monday(),
            (What::Day { date, .. }, negative, bound) => match (bound, negative) {
                (Bound::From, false) | (Bound::Before, true) => days_from = Some(*date),
                (Bound::After, false) | (Bound::Until, true) => days_from = Some(next(*date)),
                (Bound::Until, false) | (Bound::After, true) => days_until = Some(next(*date)),
                (Bound::Before, false) | (Bound::From, true) => days_until = Some(*date),
                (Bound::At, _) => {}
            },
            (What::Days(range), _, bound) => match bound {
                Bound::After => days_from = range.end,
                Bound::Before => days_until = range.start,
                Bound::Until => days_until = range.end,
                _ => {}
            },
            (What::Clock(minute), negative, bound) => match (bound, negative) {
                (Bound::At, false) => {
                    clocks.push(*minute);
                    between.push(piece);
                }
                (Bound::At, true) => {}
                (Bound::From | Bound::After, false) | (Bound::Before, true) => from = Some(*minute),
                (Bound::Until | Bound::Before, false) | (Bound::After | Bound::From, true) => {
                    until = Some(*minute);
                }
                (Bound::Until, true) => from = Some(*minute),
            },
            (What::Part(range) | What::PartToday(range), false, bound) => match bound {
                Bound::After => from = Some(range.end),
                Bound::Before => until = Some(range.start),
                _ => window.times.push(*range),
            },
            (What::Part(range), true, _) => {
                // "en la mañana no puedo": what is left of the day
                if range.start <= 8 * 60 { from = Some(range.end) } else { until = Some(range.start) }
            }
            (What::InMinutes(minutes), false, _) => {
                window.not_before = Some(context.now + TimeDelta::minutes((*minutes).into()));
            }
            (What::Asap, false, _) => window.soonest = true,
            _ => {}
        }
        if let (What::PartToday(_), false) = (&piece.what, piece.negative) {
            window.days.push(DayRange::one(context.now.date()));
        }
    }
    if weekdays != 0 {
        window.weekdays = Weekdays(weekdays & window.weekdays.0);
    }
    // "entre el lunes y el miércoles", "de 3 a 5"
    if let (Some(start), Some(end)) = (days_from, days_until) {
        window.days.push(DayRange { start: Some(start), end: Some(end) });
    } else if days_from.is_some() || days_until.is_some() {
        window.days.push(DayRange { start: days_from, end: days_until });
    }
    if let [first, second] = between[..]
        && from.is_none()
        && until.is_none()
        && let (What::Clock(start), What::Clock(end)) = (&first.what, &second.what)
        && start < end
        && second.at <= first.at + first.len + 2
    {
        window.times.push(TimeRange { start: *start, end: *end });
        clocks.clear();
    }
    if from.is_some() || until.is_some() {
        let range = TimeRange { start: from.unwrap_or(0), end: until.unwrap_or(DAY) };
        let narrowed: Vec<TimeRange> = window
            .times
            .iter()
            .map(|time| TimeRange { start: time.start.max(range.start), end: time.end.min(range.end) })
            .filter(|time| time.start < time.end)
            .collect();
        window.times = if narrowed.is_empty() { vec![range] } else { narrowed };
    }
    if !clocks.is_empty() {
        // a time of the clock is narrower than the part of the day it is in
        window.times = clocks.iter().map(|minute| TimeRange { start: *minute, end: minute + 1 }).collect();
    }
    window
}

fn clock(minute: u16) -> NaiveTime {
    NaiveTime::from_num_seconds_from_midnight_opt(u32::from(minute % DAY) * 60, 0).unwrap_or_default()
}

/// The single reading of the wanted pieces.
fn reading(wanted: &[&Piece], window: &Window) -> Option<When> {
    if wanted.is_empty() {
        return None;
    }
    if let Some(at) = window.not_before.filter(|_| window.days.is_empty() && window.times.is_empty()) {
        return Some(When::DateTime(at));
    }
    let days: Option<(Option<NaiveDate>, Option<NaiveDate>)> = match window.days[..] {
        [] => None,
        [range] => Some((range.start, range.end)),
        // "entre el 3 y el 5", "del lunes al miércoles"; "lunes o martes" is no one day
        [first, last] if is_span(wanted) => Some((first.start, last.end)),
        _ => return Some(When::Ambiguous),
    };
    let times: Option<(u16, u16)> = match window.times[..] {
        [] => None,
        [range] => Some((range.start, range.end)),
        _ => return Some(When::Ambiguous),
    };
    let exact = |(start, end): (u16, u16)| (end == start + 1).then(|| clock(start));
    let open_time = |minute: u16, open: u16| (minute != open).then(|| clock(minute));
    Some(match (days, times) {
        (None, None) if window.soonest => When::Asap,
        (None, None) => return None,
        (Some((Some(start), Some(end))), None) if start.succ_opt() == Some(end) => When::Date(start),
        (Some((start, end)), None) => When::DateRange(start, end),
        (None, Some(range)) => match exact(range) {
            Some(time) => When::Time(time),
            None => When::TimeRange(open_time(range.0, 0), open_time(range.1, DAY)),
        },
        (Some((Some(start), Some(end))), Some(range)) if start.succ_opt() == Some(end) => {
            match exact(range) {
                Some(time) => When::DateTime(start.and_time(time)),
                None => {
                    let at = |minute: u16| moment(start, minute);
                    When::DateTimeRange(
                        (range.0 != 0).then(|| at(range.0)),
                        (range.1 != DAY || range.0 == 0).then(|| at(range.1)),
                    )
                }
            }
        }
        (Some((start, end)), Some(_)) => When::DateRange(start, end),
    })
}

fn moment(day: NaiveDate, minute: u16) -> NaiveDateTime {
    if minute >= DAY {
        day.succ_opt().unwrap_or(day).and_time(NaiveTime::MIN)
    } else {
        day.and_time(clock(minute))
    }
}

/// Two days that stand close together and are joined as a span.
fn is_span(wanted: &[&Piece]) -> bool {
    let days: Vec<&&Piece> = wanted.iter().filter(|piece| piece.what.is_day()).collect();
    matches!(days[..], [first, last] if last.at <= first.at + first.len + 2 && last.bound == Bound::At)
}

/// The answer to "¿qué día?" may be a bare number or a bare hour.
fn bare(read: &Read, context: &Context<'_>, times: &mut Times) {
    if read.count() != 1 {
        return;
    }
    let Some((value, _)) = super::super::number::number_at(read, 0) else { return };
    let Some(day) = u32::try_from(value).ok().filter(|day| (1..=31).contains(day)) else { return };
    let mut month = chrono::Datelike::with_day(&context.now.date(), 1);
    for _ in 0..3 {
        let Some(first) = month else { return };
        if let Some(date) = chrono::Datelike::with_day(&first, day).filter(|date| *date >= context.now.date())
        {
            times.when = Some(When::Date(date));
            times.window = Some(Window::day(date));
            times.wanted = true;
            times.taken.push(0..1);
            return;
        }
        month = first.checked_add_months(chrono::Months::new(1));
    }
}

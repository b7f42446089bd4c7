//! When a visit may begin on one day of one professional: by bitmaps, and by subtracting intervals.
//!
//! The bitmaps are what runs; the subtraction is a second opinion, written another way and with none of its
//! parts; the plain SQL in `store` is the third. A test holds all three to one answer on random days.
//!
//! The rule: a visit begins on the grid of a block and ends inside it; it keeps clear of every busy stretch
//! with its buffer, and of closed stretches (absences, minutes that do not exist) without it.

use super::grid::{DayMask, MINUTES};
use super::schedule::{Visit, starts};

/// The minutes at which the visit may begin, among those of `grid`.
pub fn free_starts(grid: DayMask, busy: &DayMask, closed: Option<&DayMask>, visit: Visit) -> DayMask {
    let clear = grid & (!*busy).runs(visit.busy());
    match closed {
        Some(closed) => clear & (!*closed).runs(visit.duration),
        None => clear,
    }
}

/// One stretch of a professional's day for the prestación asked for.
#[derive(Debug, Clone)]
pub struct DayBlock {
    /// Minute of the day at which it begins.
    pub start: u16,
    /// Minute of the day before which the last visit ends.
    pub end: u16,
    /// Minutes from one possible beginning to the next.
    pub step: u16,
    /// What its visits take.
    pub visit: Visit,
    /// Where this block alone is closed (a holiday, a day's exception): from, until before.
    pub cut: Vec<(u16, u16)>,
}

/// One professional's day, as stretches of minutes.
#[derive(Debug, Clone)]
pub struct DoctorDay {
    /// The blocks of the prestación asked for that hold on this day.
    pub blocks: Vec<DayBlock>,
    /// Taken, buffers included: from, until before.
    pub busy: Vec<(u16, u16)>,
    /// Nobody attends: from, until before.
    pub closed: Vec<(u16, u16)>,
}

/// The minutes at which the visit may begin, by bitmaps.
pub fn by_bitmaps(day: &DoctorDay) -> Vec<u16> {
    let mask = |stretches: &[(u16, u16)]| {
        stretches.iter().fold(DayMask::NONE, |mask, (start, end)| mask | DayMask::range(*start, *end))
    };
    let (busy, closed) = (mask(&day.busy), mask(&day.closed));
    let of_block = |block: &DayBlock| {
        let grid: DayMask = starts(block.start, block.end, block.step, block.visit.duration).collect();
        let open = grid & (!mask(&block.cut)).runs(block.visit.duration);
        free_starts(open, &busy, Some(&closed), block.visit)
    };
    day.blocks.iter().map(of_block).fold(DayMask::NONE, |all, free| all | free).minutes().collect()
}

/// The minutes at which the visit may begin, by cutting what is taken out of what is open.
pub fn by_subtraction(day: &DoctorDay) -> Vec<u16> {
    // a visit must fit between closed stretches without its buffer, and between busy ones with it
    let free = gaps(&day.busy, u16::MAX);
    let mut starts: Vec<u16> = Vec::new();
    for block in &day.blocks {
        let shut: Vec<(u16, u16)> = day.closed.iter().chain(&block.cut).copied().collect();
        for gap in &gaps(&shut, MINUTES) {
            for space in &free {
                let first = block.start.max(gap.0).max(space.0);
                let steps = (first - block.start).div_ceil(block.step.max(1));
                let mut start = u32::from(block.start) + u32::from(steps) * u32::from(block.step.max(1));
                let last = u32::from(block.end.min(gap.1)).checked_sub(u32::from(block.visit.duration));
                let last_free = u32::from(space.1).checked_sub(u32::from(block.visit.busy()));
                let Some(last) = last.zip(last_free).map(|(a, b)| a.min(b)) else { continue };
                while start <= last {
                    starts.extend(u16::try_from(start));
                    start += u32::from(block.step.max(1));
                }
            }
        }
    }
    starts.sort_unstable();
    starts.dedup();
    starts
}

/// What lies between the stretches, from 0 until `end`.
fn gaps(stretches: &[(u16, u16)], end: u16) -> Vec<(u16, u16)> {
    let mut sorted = stretches.to_vec();
    sorted.sort_unstable();
    let mut gaps = Vec::new();
    let mut from = 0;
    for (start, until) in sorted {
        if start > from {
            gaps.push((from, start));
        }
        from = from.max(until);
    }
    if from < end {
        gaps.push((from, end));
    }
    gaps
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block(start: u16, end: u16, step: u16, visit: Visit) -> DayBlock {
        DayBlock { start, end, step, visit, cut: vec![] }
    }

    #[test]
    fn a_taken_hour_and_its_buffer_are_not_free() {
        let visit = Visit { duration: 20, buffer: 0 };
        let day =
            DoctorDay { blocks: vec![block(480, 600, 20, visit)], busy: vec![(500, 525)], closed: vec![] };
        assert_eq!(by_bitmaps(&day), [480, 540, 560, 580]);
        let buffered = block(480, 600, 20, Visit { buffer: 5, ..visit });
        let day = DoctorDay { blocks: vec![buffered], ..day };
        assert_eq!(by_bitmaps(&day), [540, 560, 580], "08:00 would run into 08:20");
    }

    #[test]
    fn the_last_visit_ends_with_the_block_though_its_buffer_does_not() {
        let evening = block(1380, 1440, 20, Visit { duration: 20, buffer: 30 });
        let day = DoctorDay { blocks: vec![evening], busy: vec![], closed: vec![] };
        assert_eq!(by_bitmaps(&day), [1380, 1400, 1420]);
    }

    #[test]
    fn what_cuts_one_block_leaves_the_other() {
        let visit = Visit { duration: 30, buffer: 0 };
        let weekly = DayBlock { cut: vec![(0, MINUTES)], ..block(480, 600, 30, visit) };
        let day =
            DoctorDay { blocks: vec![weekly, block(540, 600, 30, visit)], busy: vec![], closed: vec![] };
        assert_eq!(by_bitmaps(&day), [540, 570]);
    }

    proptest! {
        #[test]
        fn bitmaps_and_subtraction_agree(
            blocks in prop::collection::vec((0u16..1380, 5u16..400, 1u16..61, 1u16..240, 0u16..40, prop::option::of((0u16..1440, 1u16..600))), 0..5),
            busy in prop::collection::vec((0u16..1440, 1u16..90), 0..20),
            closed in prop::collection::vec((0u16..1440, 1u16..400), 0..3),
        ) {
            let end = |start: u16, long: u16| (start, (start + long).min(MINUTES));
            let blocks = blocks.into_iter().map(|(start, long, step, duration, buffer, cut)| DayBlock {
                cut: cut.into_iter().map(|(start, long)| end(start, long)).collect(),
                ..block(start, end(start, long).1, step, Visit { duration, buffer })
            });
            let day = DoctorDay {
                blocks: blocks.collect(),
                busy: busy.into_iter().map(|(start, long)| end(start, long)).collect(),
                closed: closed.into_iter().map(|(start, long)| end(start, long)).collect(),
            };
            prop_assert_eq!(by_bitmaps(&day), by_subtraction(&day));
        }
    }
}

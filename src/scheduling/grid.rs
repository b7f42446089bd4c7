//! A day as 1,440 bits, one a minute of wall time.
//!
//! One minute and not five, because visits of twelve minutes exist. What lies past midnight counts as set,
//! so that a buffer may run over the end of the day.

use std::ops::{BitAnd, BitOr, Not};

const WORDS: usize = 23;
/// How many minutes a day of the wall clock has.
pub const MINUTES: u16 = 1440;

/// A set of minutes of one day.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DayMask([u64; WORDS]);

impl DayMask {
    /// No minute.
    pub const NONE: Self = Self([0; WORDS]);
    /// Every minute.
    pub const ALL: Self = Self([u64::MAX; WORDS]);

    /// The minutes from `start` until before `end`.
    pub fn range(start: u16, end: u16) -> Self {
        let mut mask = Self::NONE;
        mask.insert(start, end);
        mask
    }

    /// Adds the minutes from `start` until before `end`; what lies past midnight is left out.
    pub fn insert(&mut self, start: u16, end: u16) {
        let end = end.min(MINUTES);
        for (index, word) in self.0.iter_mut().enumerate() {
            *word |= word_range(index, start, end);
        }
    }

    /// Takes the minutes from `start` until before `end` out.
    pub fn remove(&mut self, start: u16, end: u16) {
        let end = end.min(MINUTES);
        for (index, word) in self.0.iter_mut().enumerate() {
            *word &= !word_range(index, start, end);
        }
    }

    /// Whether the minute is in it.
    pub fn contains(&self, minute: u16) -> bool {
        self.0[usize::from(minute / 64)] >> (minute % 64) & 1 == 1
    }

    /// Whether no minute of the day is in it.
    pub fn is_empty(&self) -> bool {
        self.minutes().next().is_none()
    }

    /// How many minutes of the day are in it.
    pub fn count(&self) -> u32 {
        (*self & Self::range(0, MINUTES)).0.iter().map(|word| word.count_ones()).sum()
    }

    /// The minutes at which a run of `length` set minutes begins: log2(length) shifts and ands.
    pub fn runs(self, length: u16) -> Self {
        let mut runs = self;
        let mut have = 1;
        while have < length {
            let step = have.min(length - have);
            runs = runs & runs.earlier(step);
            have += step;
        }
        runs
    }

    /// The minutes in it, in order.
    pub fn minutes(&self) -> impl Iterator<Item = u16> + use<> {
        let mut words = self.0;
        words[WORDS - 1] &= word_range(WORDS - 1, 0, MINUTES);
        let mut index = 0;
        std::iter::from_fn(move || {
            while index < WORDS {
                let word = words[index];
                if word != 0 {
                    words[index] = word & (word - 1);
                    return u16::try_from(index * 64)
                        .ok()
                        .zip(u16::try_from(word.trailing_zeros()).ok())
                        .map(|(a, b)| a + b);
                }
                index += 1;
            }
            None
        })
    }

    /// The same minutes moved `by` minutes earlier; past the end all count as set.
    fn earlier(self, by: u16) -> Self {
        let (words, bits) = (usize::from(by / 64), u32::from(by % 64));
        let at = |index: usize| self.0.get(index).copied().unwrap_or(u64::MAX);
        let mut moved = [0; WORDS];
        for (index, word) in moved.iter_mut().enumerate() {
            let low = at(index + words) >> bits;
            let high = if bits == 0 { 0 } else { at(index + words + 1) << (64 - bits) };
            *word = low | high;
        }
        // the bits between 1,440 and the end of the last word lie past midnight too
        moved[WORDS - 1] |= !word_range(WORDS - 1, 0, MINUTES);
        Self(moved)
    }
}

/// The bits of word `index` that fall between the minutes `start` and `end`.
fn word_range(index: usize, start: u16, end: u16) -> u64 {
    let first = u16::try_from(index * 64).unwrap_or(MINUTES);
    let low = start.saturating_sub(first).min(64);
    let high = end.saturating_sub(first).min(64);
    if high <= low {
        return 0;
    }
    (u64::MAX >> (64 - (high - low))) << low
}

impl BitAnd for DayMask {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(std::array::from_fn(|index| self.0[index] & other.0[index]))
    }
}

impl BitOr for DayMask {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(std::array::from_fn(|index| self.0[index] | other.0[index]))
    }
}

impl Not for DayMask {
    type Output = Self;

    fn not(self) -> Self {
        Self(self.0.map(|word| !word))
    }
}

impl FromIterator<u16> for DayMask {
    fn from_iter<I: IntoIterator<Item = u16>>(minutes: I) -> Self {
        let mut mask = Self::NONE;
        for minute in minutes {
            mask.insert(minute, minute + 1);
        }
        mask
    }
}

impl std::fmt::Debug for DayMask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.minutes()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_run_is_what_counting_minute_by_minute_says(
            ranges in prop::collection::vec((0u16..1440, 1u16..300), 0..12),
            length in 1u16..500,
        ) {
            let mut mask = DayMask::ALL;
            let mut plain = [true; 2100];
            for (start, long) in ranges {
                mask.remove(start, start + long);
                for minute in start..(start + long).min(1440) {
                    plain[usize::from(minute)] = false;
                }
            }
            let runs = mask.runs(length);
            for minute in 0..MINUTES {
                let free = plain[usize::from(minute)..usize::from(minute + length)].iter().all(|free| *free);
                prop_assert_eq!(runs.contains(minute), free, "minute {}", minute);
            }
        }

        #[test]
        fn what_is_put_in_comes_out(minutes in prop::collection::btree_set(0u16..1440, 0..60)) {
            let mask: DayMask = minutes.iter().copied().collect();
            prop_assert_eq!(mask.minutes().collect::<Vec<_>>(), minutes.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(mask.count() as usize, minutes.len());
        }
    }
}

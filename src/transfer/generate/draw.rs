//! Random numbers that are the same for the same seed on every machine (`SplitMix64`).

/// A sequence of random numbers.
pub(super) struct Draw(u64);

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is above 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        // the top of a 128-bit product: no bias worth speaking of, no division
        u64::try_from((u128::from(self.next()) * u128::from(end)) >> 64).unwrap_or(0)
    }

    /// A place in a list of that length.
    pub(super) fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        // 32 bits are exact in a double
        u32::try_from(self.next() >> 32).is_ok_and(|number| f64::from(number) < probability * 4_294_967_296.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_numbers_all_in_range() {
        let draw = |seed| {
            let mut draw = Draw::new(seed);
            (0..1000).map(|_| draw.below(10)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        for number in 0..10 {
            assert!(
                (60..140).contains(&draw(7).iter().filter(|drawn| **drawn == number).count()),
                "{number}"
            );
        }
        let mut chances = Draw::new(1);
        assert!((750..850).contains(&(0..1000).filter(|_| chances.chance(0.8)).count()));
    }
}

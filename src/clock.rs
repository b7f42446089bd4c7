//! The only place that reads a clock.
//!
//! Production reads the system's time; tests and replay set it, and the database's `app_now()` follows the
//! same value, so that `wait: 31m` in a fixture expires a hold as thirty-one real minutes would.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};

/// Tells the time: the system's, or one that a test moves by hand.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    frozen_at: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self { frozen_at: None }
    }

    /// A clock that stands still until it is moved; clones move together.
    pub fn frozen(at: DateTime<Utc>) -> Self {
        Self { frozen_at: Some(Arc::new(AtomicI64::new(at.timestamp_micros()))) }
    }

    /// The time now, to the microsecond (what PostgreSQL can store).
    #[expect(clippy::disallowed_methods, reason = "this is the clock the ban points to")]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.frozen_at {
            Some(micros) => {
                DateTime::from_timestamp_micros(micros.load(Ordering::SeqCst)).unwrap_or_default()
            }
            None => {
                let now = Utc::now();
                DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
            }
        }
    }

    /// Whether it is moved by hand. The value must then be given to each database session (`app_now()`).
    pub fn is_frozen(&self) -> bool {
        self.frozen_at.is_some()
    }

    /// Moves a frozen clock forward; does nothing to the system's.
    pub fn advance(&self, by: Duration) {
        if let Some(micros) = &self.frozen_at {
            micros.fetch_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }

    /// Sets a frozen clock; does nothing to the system's.
    pub fn set(&self, at: DateTime<Utc>) {
        if let Some(micros) = &self.frozen_at {
            micros.store(at.timestamp_micros(), Ordering::SeqCst);
        }
    }
}

/// Measures how long something took, by the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts measuring.
    #[expect(clippy::disallowed_methods, reason = "this is the stopwatch the ban points to")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_clock_moves_only_by_hand_and_its_clones_with_it() {
        let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let clock = Clock::frozen(start);
        let same = clock.clone();
        same.advance(Duration::from_mins(31));
        assert_eq!(clock.now() - start, chrono::TimeDelta::minutes(31));
    }
}

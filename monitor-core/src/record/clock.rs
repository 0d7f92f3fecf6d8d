//! The times at which this process's tests start.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Instant;

use monitor_store::Timestamp;

use crate::sys;

/// Time since boot, microseconds, which nobody sets; `None` where there is no such clock.
#[must_use]
pub fn since_boot_us() -> Option<i64> {
    sys::since_boot_ns().and_then(|ns| i64::try_from(ns / 1_000).ok())
}

/// The system's clock as it stood when the process began to record, and what a clock that nobody sets has counted since: a
/// clock that is set back or forth meanwhile moves no test before another.
#[derive(Debug)]
pub(crate) struct Clock {
    began: Timestamp,
    since: Instant,
    /// Time since boot when the process began to record, microseconds.
    since_boot_us: Option<i64>,
    /// How far the clock of the run's first process is ahead, microseconds.
    ahead_us: AtomicI64,
    last_micros: AtomicI64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            began: Timestamp::now(),
            since: Instant::now(),
            since_boot_us: since_boot_us(),
            ahead_us: AtomicI64::new(0),
            last_micros: AtomicI64::new(i64::MIN),
        }
    }

    /// The system's clock less the clock since boot, microseconds; `None` where there is no such clock.
    pub(crate) fn offset_us(&self) -> Option<i64> {
        Some(self.began.as_micros() - self.since_boot_us?)
    }

    /// From now on tells the time as a process does whose clock has that offset.
    pub(crate) fn follow(&self, offset_us: Option<i64>) {
        if let (Some(own), Some(other)) = (self.offset_us(), offset_us) {
            self.ahead_us.store(other - own, Relaxed);
        }
    }

    /// A time later than all before: rows are told apart by it.
    pub(crate) fn next(&self) -> Timestamp {
        let elapsed = i64::try_from(self.since.elapsed().as_micros()).unwrap_or(i64::MAX);
        let now = self.began.after_micros(elapsed.saturating_add(self.ahead_us.load(Relaxed))).as_micros();
        let last = self.last_micros.fetch_update(Relaxed, Relaxed, |last| Some(now.max(last.saturating_add(1))));
        Timestamp::from_micros(last.map_or(now, |last| now.max(last.saturating_add(1))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_tests_start_at_the_same_time() {
        let clock = Clock::start();
        let times: Vec<Timestamp> = (0..10_000).map(|_| clock.next()).collect();
        assert!(times.is_sorted_by(|one, next| one < next));
    }

    #[test]
    fn a_clock_that_was_set_goes_on_as_the_first_one() {
        const HOUR_US: i64 = 3_600_000_000;
        let first = Clock::start();
        let mut set_back = Clock::start();
        set_back.began = set_back.began.after_micros(-HOUR_US);
        set_back.follow(first.offset_us());
        let seconds = set_back.next().seconds_since(first.next());
        let expected = if first.offset_us().is_some() { 0.0 } else { -3600.0 };
        assert!((seconds - expected).abs() < 60.0, "{seconds}");
    }
}

//! The times at which this process's tests start.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Instant;

use monitor_store::Timestamp;

/// The system's clock as it stood when the process began to record, and what a clock that nobody sets has counted since: a
/// clock that is set back or forth meanwhile moves no test before another.
#[derive(Debug)]
pub(crate) struct Clock {
    began: Timestamp,
    since: Instant,
    last_micros: AtomicI64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { began: Timestamp::now(), since: Instant::now(), last_micros: AtomicI64::new(i64::MIN) }
    }

    /// A time later than all before: rows are told apart by it.
    pub(crate) fn next(&self) -> Timestamp {
        let elapsed = i64::try_from(self.since.elapsed().as_micros()).unwrap_or(i64::MAX);
        let now = self.began.after_micros(elapsed).as_micros();
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
}

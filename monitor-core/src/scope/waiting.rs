//! The end of a test waits a moment for threads that are about to end.

use std::thread;
use std::time::{Duration, Instant};

use super::tree::{ThreadRecord, Tree};

/// How long the end of a test waits for its threads that are about to end: `thread::scope` and pools return
/// when the work is done, a moment before the threads are gone.
const PATIENCE: Duration = Duration::from_millis(20);
/// The same for threads that have done their last act and only have to be torn down, and for those that would go on but
/// have to wait for a processor.
const MOST_PATIENCE: Duration = Duration::from_secs(1);

impl Tree {
    /// Waits a moment for the threads that are about to end: once for each. Whether none outlives the test.
    pub(crate) fn await_threads(&self, own: &ThreadRecord) -> bool {
        let start = Instant::now();
        let before: Vec<_> = self.awaited(own).into_iter().map(|record| (record, record.cpu_ns())).collect();
        let is_held_up = |record: &ThreadRecord| {
            let before = before.iter().find(|(known, _)| std::ptr::eq(*known, record)).and_then(|(_, cpu_ns)| *cpu_ns);
            let since = record.cpu_ns().unwrap_or(0).saturating_sub(before.unwrap_or(0));
            Duration::from_nanos(since) < PATIENCE && record.life().is_runnable()
        };
        let mut pause = Duration::from_micros(20);
        loop {
            let awaited = self.awaited(own);
            let waited = start.elapsed();
            let is_ending = |record: &&ThreadRecord| record.life().has_ended() || is_held_up(record);
            if awaited.is_empty() {
                return true;
            }
            if waited > MOST_PATIENCE || (waited > PATIENCE && !awaited.iter().all(is_ending)) {
                awaited.iter().for_each(|record| record.life().set_outlives(true));
                return false;
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(1));
        }
    }

    /// Threads of this tree other than `own` that still live, and that no test has waited for yet.
    fn awaited(&self, own: &ThreadRecord) -> Vec<&'static ThreadRecord> {
        let others = self.threads().filter(|record| !std::ptr::eq(*record, own));
        others.filter(|record| record.life().is_awaited() && !record.is_gone()).collect()
    }
}

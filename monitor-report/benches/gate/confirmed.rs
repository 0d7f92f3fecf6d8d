//! What is decided by a second measurement: `gate --confirm`.

use crate::families::{Family, Random};
use crate::recorded::{BASE, HEAD, Recorded, Second};
use crate::suite::Suite;

/// Pairs of runs, as the book's examples have it. What they do not decide is measured up to three times as often.
pub const PAIRS: u32 = 6;

/// Runs that follow a gate.
const AFTER: u32 = 2 * 3 * PAIRS;

/// What gates with `--confirm` did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Confirmed {
    /// Gates on unchanged code.
    pub unchanged: usize,
    /// How many of them had something to measure again, and how many failed after it.
    pub doubtful: usize,
    pub failed: usize,
    /// Gates with one test that takes twice as long.
    pub doubled: usize,
    /// In how many it was at least suspect, and in how many it was confirmed.
    pub suspected: usize,
    pub found: usize,
    /// Doublings for which another test is blamed.
    pub blamed: usize,
}

impl Confirmed {
    fn count_unchanged(&mut self, second: &Second) {
        self.unchanged += 1;
        self.doubtful += usize::from(!second.doubted.is_empty());
        self.failed += usize::from(second.fails);
    }

    fn count_doubled(&mut self, slower: usize, second: &Second) {
        self.doubled += 1;
        self.suspected += usize::from(second.doubted.contains(&slower));
        self.found += usize::from(second.regressed.contains(&slower));
        self.blamed += usize::from(second.regressed.iter().any(|test| *test != slower));
    }
}

/// Of `suites` suites with so many tests and runs before the head, each gated once unchanged and once with one slower test.
pub fn of_family(family: Family, tests: usize, before: u32, suites: usize) -> Confirmed {
    let mut confirmed = Confirmed::default();
    for seed in 0..suites {
        let mut random = Random::seeded(40_000 + seed as u64);
        let suite = Suite::of_family(family, &mut random, tests, (before + 1 + AFTER) as usize);
        let recorded = measured_again(&suite, before);
        let slower = random.below(tests);
        if let Some(second) = recorded.confirm(before, PAIRS, &|_| 1.0) {
            confirmed.count_unchanged(&second);
        }
        if let Some(second) = recorded.confirm(before, PAIRS, &|test| if test == slower { 2.0 } else { 1.0 }) {
            confirmed.count_doubled(slower, &second);
        }
    }
    confirmed
}

/// Of a real suite: at every so manieth of its runs, each of its tests in turn is the slower one.
pub fn of_real(suite: &Suite, before: u32, every: usize) -> Confirmed {
    let mut confirmed = Confirmed::default();
    let last = suite.runs().last().copied().unwrap_or_default();
    for head in (before..last.saturating_sub(AFTER)).step_by(every) {
        let recorded = measured_again(suite, head);
        if let Some(second) = recorded.confirm(head, PAIRS, &|_| 1.0) {
            confirmed.count_unchanged(&second);
        }
        for slower in 0..suite.tests.len() {
            if let Some(second) = recorded.confirm(head, PAIRS, &|test| if test == slower { 2.0 } else { 1.0 }) {
                confirmed.count_doubled(slower, &second);
            }
        }
    }
    confirmed
}

/// A commit for each run before the head; after it base and head in turns.
fn measured_again(suite: &Suite, head: u32) -> Recorded {
    Recorded::on(suite, &|run| match run {
        run if run < head => format!("{run:08x}{:032}", 0),
        run if (run - head).is_multiple_of(2) => HEAD.to_owned(),
        _ => BASE.to_owned(),
    })
}

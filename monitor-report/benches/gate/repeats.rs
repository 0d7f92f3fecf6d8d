//! N runs against N runs: gates that fail on unchanged code, and what is found.

use monitor_analysis::verdict::Verdict;

use crate::families::Random;
use crate::recorded::Recorded;
use crate::suite::Suite;

/// Gates of suites with 2 % noise, so many runs a side: how many fail where nothing changed, and in how many one test that
/// takes 10 % more is found.
pub fn gates(tests: usize, runs: usize, gates: usize) -> (usize, usize) {
    let mut random = Random::seeded(8);
    let (mut failed, mut found) = (0, 0);
    let [base, head] = ["ba5e", "4ead"].map(|name| format!("{name}{:036}", 0));
    for _ in 0..gates {
        let mut values = || (0..2 * runs).map(|_| (0.02 * random.normal()).exp()).collect();
        let suite = Suite::of_wall_times((0..tests).map(|_| values()).collect());
        let recorded = Recorded::on(&suite, &|run| if (run as usize) < runs { base.clone() } else { head.clone() });
        failed += usize::from(recorded.gate_of(&base, &head, &|_| 1.0).fails());
        let slower = recorded.gate_of(&base, &head, &|test| if test == 0 { 1.1 } else { 1.0 });
        found += usize::from(slower.has(0, &[Verdict::Regressed]));
    }
    (failed, found)
}

//! Which machine suffices, and which tests no machine makes faster.

use super::workload::{Forecast, Workload};

/// The smallest machine that meets the limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Machine {
    /// Cores.
    pub cores: usize,
    /// Tests at once.
    pub workers: usize,
    /// What the session needs on it.
    pub forecast: Forecast,
}

/// So much longer than wanted, and other numbers of workers do not help.
const HOPELESS: f64 = 1.1;

/// The machine with the fewest cores (at most `max_cores`), and on it the fewest workers, on which the session keeps the limit
/// of wall time, and of memory if there is one. `None` if there is none.
///
/// Up to twice as many workers as cores are tried: tests that wait make room for others. Cores on which three of those
/// numbers take a tenth too long are passed over, since the others hardly differ.
#[must_use]
pub fn cheapest(
    workload: &Workload,
    wall_seconds: f64,
    memory_bytes: Option<f64>,
    max_cores: usize,
) -> Option<Machine> {
    // No machine is faster than the longest test, nor than all its cores, or all its workers, at work.
    if bounds(workload).iter().map(|bound| bound.wall_seconds).sum::<f64>() > wall_seconds {
        return None;
    }
    let tasks = || workload.groups.iter().flatten();
    let cpu_seconds: f64 = tasks().map(|task| task.cpu_seconds).sum();
    let task_seconds: f64 = tasks().map(|task| task.wall_seconds).sum();
    let busy = |cores: &usize| cpu_seconds.max(task_seconds / 2.0) <= *cores as f64 * wall_seconds;
    let most = workload.groups.iter().map(Vec::len).max().unwrap_or(1);
    let may_do = |cores: &usize| {
        let workers = [*cores, cores + cores / 2, 2 * cores];
        workers.iter().any(|workers| workload.forecast(*workers, *cores).wall_seconds <= HOPELESS * wall_seconds)
    };
    let cores = (1..=max_cores).filter(busy).filter(may_do);
    let machines = cores.flat_map(|cores| (1..=(2 * cores).min(most.max(1))).map(move |workers| (cores, workers)));
    machines.map(|(cores, workers)| Machine { cores, workers, forecast: workload.forecast(workers, cores) }).find(
        |machine| {
            let Forecast { wall_seconds: wall, peak_memory_bytes: memory } = machine.forecast;
            wall <= wall_seconds && memory_bytes.is_none_or(|limit| memory <= limit)
        },
    )
}

/// A test that bounds the wall time from below, on any machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// Which test: its index in [`Recording::tests`](super::Recording::tests).
    pub test: usize,
    /// How long it takes: its binary, or under nextest the session, never takes less.
    pub wall_seconds: f64,
    /// The most that the wall time would fall by if the test took no time, seconds: the difference to the next longest test.
    pub gain_seconds: f64,
}

/// The tests that limit the wall time when there are enough workers and cores, longest first: the longest test of each binary
/// under libtest, the longest of all under nextest.
#[must_use]
pub fn bounds(workload: &Workload) -> Vec<Bound> {
    let longest = workload.groups.iter().filter_map(|tasks| {
        let mut sorted: Vec<_> = tasks.iter().collect();
        sorted.sort_by(|a, b| b.wall_seconds.total_cmp(&a.wall_seconds));
        let first = sorted.first()?;
        let next = sorted.get(1).map_or(0.0, |task| task.wall_seconds);
        let (test, wall_seconds) = (first.index, first.wall_seconds);
        Some(Bound { test, wall_seconds, gain_seconds: wall_seconds - next })
    });
    let mut bounds: Vec<Bound> = longest.collect();
    bounds.sort_by(|a, b| b.wall_seconds.total_cmp(&a.wall_seconds));
    bounds
}

//! Which machine suffices, and which tests no machine makes faster.

use super::workload::{Forecast, Workload};

/// The least machine that does it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Machine {
    /// Cores.
    pub cores: usize,
    /// Tests at once.
    pub workers: usize,
    /// What the session takes on it.
    pub forecast: Forecast,
}

/// The machine with the fewest cores (up to `max_cores`), and on it the fewest workers, that keeps the wall time, and the
/// memory if a limit is given. `None` if there is none.
///
/// Up to twice as many workers as cores are tried: tests that wait make room for others.
#[must_use]
pub fn cheapest(
    workload: &Workload,
    wall_seconds: f64,
    memory_bytes: Option<f64>,
    max_cores: usize,
) -> Option<Machine> {
    let machines = (1..=max_cores).flat_map(|cores| (1..=2 * cores).map(move |workers| (cores, workers)));
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
    /// What the wall time would fall by at most if it took no time: as much as it is longer than the next longest.
    pub gain_seconds: f64,
}

/// The tests that bound the wall time when workers and cores are plenty, greatest first: the longest of each binary
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

//! The schedule: tests in order onto free workers, on cores that they share.

/// A test to run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Task {
    /// Which of the recording.
    pub(super) index: usize,
    /// How long it takes with the cores it wants.
    pub(super) wall_seconds: f64,
    /// CPU time of all its threads.
    pub(super) cpu_seconds: f64,
    pub(super) memory_bytes: f64,
}

/// How a group of tests ran.
#[derive(Debug, PartialEq)]
pub(super) struct Replay {
    pub(super) wall_seconds: f64,
    pub(super) peak_memory_bytes: f64,
    pub(super) most_at_once: usize,
}

/// Runs the tasks in order on so many workers and cores, each at least 1, with some CPU time before each.
///
/// Where many run at once, those of them that end next end together, or each end would be a look at all of them: the square of
/// their number.
pub(super) fn replay(tasks: &[Task], workers: usize, cores: usize, overhead_seconds: f64) -> Replay {
    let cores = cores.max(1) as f64;
    let mut waiting = tasks.iter();
    let (mut running, mut ends): (Vec<Running>, Vec<f64>) = (Vec::new(), Vec::new());
    let mut replay = Replay { wall_seconds: 0.0, peak_memory_bytes: 0.0, most_at_once: 0 };
    loop {
        running.extend(
            waiting.by_ref().take(workers.max(1) - running.len()).map(|task| Running::of(task, overhead_seconds)),
        );
        if running.is_empty() {
            return replay;
        }
        replay.most_at_once = replay.most_at_once.max(running.len());
        let memory = running.iter().map(|running| running.memory_bytes).sum();
        replay.peak_memory_bytes = replay.peak_memory_bytes.max(memory);

        let share = share_of_demand(&running, cores);
        ends.clear();
        ends.extend(running.iter().map(|running| running.left / running.speed(share)));
        let (_, step, _) = ends.select_nth_unstable_by(running.len() / TOGETHER, f64::total_cmp);
        let step = *step;
        replay.wall_seconds += step;
        running.retain_mut(|running| {
            let speed = running.speed(share);
            let ends = running.left / speed <= step;
            running.left -= step * speed;
            !ends
        });
    }
}

/// Of so many tests that run at once, one ends at a time; of more, this part of them. Those that end first leave their cores
/// idle until the last of them ends, which is less than this part of the time.
const TOGETHER: usize = 128;

/// A test at work.
struct Running {
    /// Seconds it has still to go at full speed.
    left: f64,
    /// Cores it keeps busy at full speed, on average.
    demand: f64,
    memory_bytes: f64,
}

impl Running {
    fn of(task: &Task, overhead_seconds: f64) -> Self {
        let left = task.wall_seconds + overhead_seconds;
        let demand = if left > 0.0 { (task.cpu_seconds + overhead_seconds) / left } else { 0.0 };
        Self { left, demand, memory_bytes: task.memory_bytes }
    }

    /// Progress when its CPU time gets this share of what it wants: waiting takes as long as ever.
    fn speed(&self, share: f64) -> f64 {
        #[cfg(test)]
        looks::count();
        let on_cpu = self.demand.min(1.0);
        1.0 / (1.0 - on_cpu + on_cpu / share)
    }

    /// How much more CPU time it uses for more of the share: the derivative of `demand * speed`.
    fn slope(&self, share: f64) -> f64 {
        let on_cpu = self.demand.min(1.0);
        self.demand * on_cpu / (share - on_cpu * share + on_cpu).powi(2)
    }
}

/// The share of the CPU time they want that the running tests get: 1 if the cores suffice.
///
/// By Newton's method. What they use is a concave function of the share, so that from below each step stays below.
fn share_of_demand(running: &[Running], cores: f64) -> f64 {
    let used = |share| running.iter().map(|running| running.demand * running.speed(share)).sum::<f64>();
    if used(1.0) <= cores {
        return 1.0;
    }
    // More than they would use if none ever waited.
    let mut share = cores / running.iter().map(|running| running.demand.max(1.0)).sum::<f64>();
    for _ in 0..STEPS {
        let slope: f64 = running.iter().map(|running| running.slope(share)).sum();
        let step = (cores - used(share)) / slope;
        share += step;
        if step <= share * PRECISION {
            break;
        }
    }
    share.min(1.0)
}

/// Far more than it takes.
const STEPS: u32 = 40;

/// Of the share, relative.
const PRECISION: f64 = 1e-12;

/// How often this thread looked at a running test.
#[cfg(test)]
pub(super) mod looks {
    use std::cell::Cell;

    thread_local!(static LOOKS: Cell<u64> = const { Cell::new(0) });

    pub(super) fn count() {
        LOOKS.set(LOOKS.get() + 1);
    }

    pub(in super::super) fn during(work: impl FnOnce()) -> u64 {
        let before = LOOKS.get();
        work();
        LOOKS.get() - before
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tasks(costs: &[(f64, f64)]) -> Vec<Task> {
        let task = |(index, (wall_seconds, usage))| Task {
            index,
            wall_seconds,
            cpu_seconds: wall_seconds * usage,
            memory_bytes: 1.0,
        };
        costs.iter().copied().enumerate().map(task).collect()
    }

    fn wall(costs: &[(f64, f64)], workers: usize, cores: usize) -> f64 {
        replay(&tasks(costs), workers, cores, 0.0).wall_seconds
    }

    fn assert_close(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-6 * a.abs().max(b.abs()), "{a} is not {b}");
    }

    #[test]
    fn sleeping_tests_do_not_need_cores() {
        assert_close(wall(&[(1.0, 0.0); 8], 8, 1), 1.0);
        assert_close(wall(&[(1.0, 0.0); 8], 4, 1), 2.0);
    }

    #[test]
    fn busy_tests_share_the_cores() {
        assert_close(wall(&[(1.0, 1.0); 8], 8, 2), 4.0);
        assert_close(wall(&[(1.0, 1.0); 8], 2, 2), 4.0);
        assert_close(wall(&[(1.0, 4.0)], 1, 2), 2.0);
    }

    #[test]
    fn waiting_goes_on_while_others_compute() {
        // Half waiting, half computing, two on one core: they fit exactly.
        assert_close(wall(&[(1.0, 0.5); 2], 2, 1), 1.0);
        // A sleeper beside two that compute on one core.
        assert_close(wall(&[(1.5, 0.0), (1.0, 1.0), (1.0, 1.0)], 3, 1), 2.0);
    }

    #[test]
    fn a_long_test_at_the_end_leaves_workers_idle() {
        assert_close(wall(&[(1.0, 0.0), (1.0, 0.0), (4.0, 0.0)], 2, 2), 5.0);
    }

    /// The same model in small steps of time: nothing is solved, cores are dealt out bit by bit.
    fn brute_force(costs: &[(f64, f64)], workers: usize, cores: usize) -> f64 {
        const STEP: f64 = 5e-4;
        let mut queue = costs.iter();
        // Left to go, demand.
        let mut running: Vec<(f64, f64)> = Vec::new();
        let mut time = 0.0;
        loop {
            while running.len() < workers {
                let Some(next) = queue.next() else { break };
                running.push(*next);
            }
            if running.is_empty() {
                return time;
            }
            let mut share: f64 = 1.0;
            let speed = |usage: f64, share: f64| 1.0 / (1.0 - usage.min(1.0) + usage.min(1.0) / share);
            while running.iter().map(|(_, usage)| usage * speed(*usage, share)).sum::<f64>() > cores as f64 {
                share *= 0.998;
            }
            for (left, usage) in &mut running {
                *left -= STEP * speed(*usage, share);
            }
            running.retain(|(left, _)| *left > 0.0);
            time += STEP;
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn agrees_with_small_steps(
            costs in prop::collection::vec((0.01..0.5_f64, 0.0..3.0_f64), 1..8),
            workers in 1..5_usize,
            cores in 1..4_usize,
        ) {
            let (exact, stepped) = (wall(&costs, workers, cores), brute_force(&costs, workers, cores));
            prop_assert!((exact - stepped).abs() < 0.01 * exact + 0.01, "{exact} {stepped}");
        }

        #[test]
        fn more_cores_never_cost_time(
            costs in prop::collection::vec((0.01..2.0_f64, 0.0..3.0_f64), 1..30),
            cores in 1..8_usize,
        ) {
            // On one worker no order changes, so that Graham's anomalies cannot come up.
            prop_assert!(wall(&costs, 1, cores + 1) <= wall(&costs, 1, cores) * (1.0 + 1e-9));
            let work: f64 = costs.iter().map(|(wall, usage)| wall * usage).sum();
            prop_assert!(wall(&costs, 4, cores) >= work / cores as f64 * (1.0 - 1e-6));
        }
    }

    #[test]
    fn many_at_once_are_looked_at_in_proportion_and_use_all_cores() {
        // Of very different lengths, so that each ends at a moment of its own.
        let costs = |count: u32| (1..=count).map(|test| (f64::from(test * 7919 % count + 1), 1.0)).collect::<Vec<_>>();
        let looks = |count: u32| {
            let costs = costs(count);
            looks::during(|| {
                let work: f64 = costs.iter().map(|(wall, _)| wall).sum();
                let took = wall(&costs, costs.len(), 4);
                assert!((work / 4.0..1.01 * work / 4.0).contains(&took), "{took} for {work}");
            })
        };
        let [few, many] = [1_000, 4_000].map(looks);
        assert!(many < 6 * few, "{few} and {many} looks");
    }

    #[test]
    fn memory_is_that_of_the_tests_at_once() {
        let replayed = replay(&tasks(&[(1.0, 1.0), (3.0, 0.0), (1.0, 1.0)]), 2, 2, 0.0);
        assert_eq!((replayed.peak_memory_bytes, replayed.most_at_once), (2.0, 2));
        assert_eq!(replay(&[], 2, 2, 0.0).wall_seconds, 0.0);
        assert_eq!(wall(&[(0.0, 0.0); 3], 1, 1), 0.0);
    }
}

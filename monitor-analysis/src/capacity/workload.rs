//! A recorded session, and what it would need on another machine.

use super::replay::{Task, replay};

/// Which program runs the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Runner {
    /// `cargo test`: binary after binary, the tests of one in parallel threads.
    Libtest,
    /// `cargo nextest run`: the tests of all binaries together, each in a process of its own.
    Nextest,
}

/// One test of the recorded session.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedTest {
    /// Its package and binary: what tells binaries apart.
    pub binary: String,
    /// When it started, seconds since a moment that is the same for all tests.
    pub start_seconds: f64,
    /// Wall time, seconds.
    pub wall_seconds: f64,
    /// CPU time of all its threads, seconds.
    pub cpu_seconds: f64,
    /// The most memory that it held at once, bytes.
    pub memory_bytes: f64,
}

/// A recorded session.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// What ran it.
    pub runner: Runner,
    /// The largest number of tests that ran at once.
    pub workers: usize,
    /// Cores of the machine.
    pub cores: usize,
    /// Memory of a test process without what its tests hold, bytes: program, libraries, runtime.
    pub process_bytes: f64,
    /// Its tests. They are replayed in the order of their starts, which is the runner's for any number of workers.
    pub tests: Vec<RecordedTest>,
}

/// What a session would need.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// From the first test's start to the last one's end, seconds.
    pub wall_seconds: f64,
    /// The most memory that the test processes hold at once, bytes, if all tests that run together reach their peaks together.
    pub peak_memory_bytes: f64,
}

/// A test suite, ready to be replayed on another machine.
///
/// ```
/// use monitor_analysis::capacity::{RecordedTest, Recording, Runner, Workload};
///
/// let test = |start_seconds| RecordedTest {
///     binary: "unit".to_owned(), start_seconds, wall_seconds: 1.0, cpu_seconds: 1.0, memory_bytes: 1e6,
/// };
/// let tests = [0.0, 1.0, 2.0, 3.0].map(test).to_vec();
/// let recording = Recording { runner: Runner::Libtest, workers: 1, cores: 4, process_bytes: 2e6, tests };
/// let forecast = Workload::of(recording).forecast(2, 4);
/// assert_eq!((forecast.wall_seconds, forecast.peak_memory_bytes), (2.0, 4e6));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    runner: Runner,
    process_bytes: f64,
    /// Groups of tests that run together, in order; nextest has one.
    pub(super) groups: Vec<Vec<Task>>,
    /// What the runner adds to a test, on the CPU.
    overhead_seconds: f64,
    /// What passes between two groups.
    gap_seconds: f64,
}

impl Workload {
    /// Prepares a recording.
    ///
    /// What the runner adds to each test (starting a thread or a process, writing the result) is what makes the replay
    /// of the recorded session last as long as it did.
    #[must_use]
    pub fn of(recording: Recording) -> Self {
        let Recording { runner, workers, cores, process_bytes, tests } = recording;
        let mut tests: Vec<(usize, RecordedTest)> = tests.into_iter().enumerate().collect();
        tests.sort_by(|(_, a), (_, b)| a.start_seconds.total_cmp(&b.start_seconds));
        let mut binaries: Vec<(String, Group)> = Vec::new();
        for (index, test) in tests {
            let known = binaries.iter_mut().find(|(binary, _)| runner == Runner::Nextest || *binary == test.binary);
            match known {
                Some((_, group)) => group.add(index, &test),
                None => {
                    let mut group = Group::default();
                    group.add(index, &test);
                    binaries.push((test.binary, group));
                }
            }
        }
        let groups: Vec<Group> = binaries.into_iter().map(|(_, group)| group).collect();
        let gaps = groups.windows(2).map(|pair| (pair[1].start - pair[0].end).max(0.0)).sum::<f64>();
        let spans: f64 = groups.iter().map(|group| group.end - group.start).sum();
        let mut workload = Self {
            runner,
            process_bytes,
            gap_seconds: gaps / groups.len().saturating_sub(1).max(1) as f64,
            groups: groups.into_iter().map(|group| group.tasks).collect(),
            overhead_seconds: 0.0,
        };
        workload.overhead_seconds = workload.overhead_that_takes(spans, workers, cores);
        workload
    }

    /// Wall time and peak memory with `workers` tests at once on `cores` cores. Both are at least 1.
    #[must_use]
    pub fn forecast(&self, workers: usize, cores: usize) -> Forecast {
        let replays = self.groups.iter().map(|tasks| replay(tasks, workers, cores, self.overhead_seconds));
        let mut forecast = Forecast { wall_seconds: 0.0, peak_memory_bytes: 0.0 };
        for (index, replay) in replays.enumerate() {
            let processes = if self.runner == Runner::Nextest { replay.most_at_once as f64 } else { 1.0 };
            let memory = replay.peak_memory_bytes + processes * self.process_bytes;
            forecast.peak_memory_bytes = forecast.peak_memory_bytes.max(memory);
            forecast.wall_seconds += replay.wall_seconds + if index > 0 { self.gap_seconds } else { 0.0 };
        }
        forecast
    }

    /// What the runner adds to each test by this recording, seconds.
    #[must_use]
    pub fn overhead_seconds(&self) -> f64 {
        self.overhead_seconds
    }

    /// The overhead for each test with which the groups take so long, by bisection; 0 if they take longer without.
    fn overhead_that_takes(&self, seconds: f64, workers: usize, cores: usize) -> f64 {
        let takes = |overhead| {
            self.groups.iter().map(|tasks| replay(tasks, workers, cores, overhead).wall_seconds).sum::<f64>()
        };
        let missing = seconds - takes(0.0);
        if missing <= 0.0 {
            return 0.0;
        }
        let tests = self.groups.iter().map(Vec::len).sum::<usize>().max(1) as f64;
        let (mut low, mut high) = (0.0, missing * workers.max(1) as f64 / tests);
        for _ in 0..OVERHEAD_STEPS {
            let middle = f64::midpoint(low, high);
            if takes(middle) < seconds { low = middle } else { high = middle }
        }
        low
    }
}

/// Halvings of the interval that holds the overhead: to a thousandth of it.
const OVERHEAD_STEPS: u32 = 10;

/// The tests of a binary, or of a session of nextest.
#[derive(Debug)]
struct Group {
    start: f64,
    end: f64,
    tasks: Vec<Task>,
}

impl Default for Group {
    fn default() -> Self {
        Self { start: f64::INFINITY, end: f64::NEG_INFINITY, tasks: Vec::new() }
    }
}

impl Group {
    fn add(&mut self, index: usize, test: &RecordedTest) {
        self.start = self.start.min(test.start_seconds);
        self.end = self.end.max(test.start_seconds + test.wall_seconds);
        self.tasks.push(Task {
            index,
            wall_seconds: test.wall_seconds.max(0.0),
            cpu_seconds: test.cpu_seconds.max(0.0),
            memory_bytes: test.memory_bytes,
        });
    }
}

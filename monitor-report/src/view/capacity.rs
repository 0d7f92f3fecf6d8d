//! What machine the tests of a session need.

use monitor_analysis::capacity::{Machine, RecordedTest, Recording, Runner, Workload, bounds, cheapest};
use monitor_analysis::metric::Metric;
use monitor_store::{Kind, Session, Test, TestId};

use crate::document::{Cell, Column, Document, Table, Tone, Value};
use crate::error::ReportError;
use crate::measure;
use crate::render::short;
use crate::select::{SelectError, fact};
use crate::source::Source;

/// Machines with more cores are not looked for.
const MAX_CORES: usize = 128;

/// Tests in the list of those that bound the wall time.
const BOUNDS: usize = 5;

/// The machine in question. What is not given is that of the recorded session.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Its number of cores.
    pub cores: Option<usize>,
    /// Its memory, bytes.
    pub memory: Option<f64>,
    /// How long the tests may take, seconds.
    pub within: Option<f64>,
}

/// The tests of a session that ended, in the order of their starts: what a forecast needs.
///
/// # Errors
///
/// If the rows can't be read, or there are none.
pub fn ended_tests(source: &dyn Source, session: &Session) -> Result<Vec<Test>, ReportError> {
    let mut tests = source.tests(&session.session_h)?;
    tests.retain(|test| test.kind() == Kind::Function && test.metric.is_some());
    tests.sort_by_key(Test::start);
    if tests.is_empty() {
        return Err(SelectError::NoTests { session: short(&session.session_h) }.into());
    }
    Ok(tests)
}

/// The session for [`monitor_analysis::capacity`], made of what [`ended_tests`] gave.
///
/// # Errors
///
/// If the rows can't be read.
///
/// # Panics
///
/// If there are no tests.
pub fn recording(source: &dyn Source, session: &Session, tests: &[Test]) -> Result<Recording, ReportError> {
    let context = source.details(&session.session_h)?.and_then(|details| details.context);
    let first = tests[0].start();
    let recorded = tests.iter().map(|test| RecordedTest {
        binary: format!("{} {}", test.id().package, test.id().binary),
        start_seconds: test.start().seconds_since(first),
        wall_seconds: measure::value(test, Metric::WallTime).unwrap_or(0.0),
        cpu_seconds: measure::value(test, Metric::CpuTime).unwrap_or(0.0),
        memory_bytes: memory_bytes(test),
    });
    let tests: Vec<RecordedTest> = recorded.collect();
    Ok(Recording {
        runner: if fact(session, "rust_runner") == Some("nextest") { Runner::Nextest } else { Runner::Libtest },
        workers: most_at_once(&tests),
        cores: context.map_or(1, |context| context.cpu_count.max(1) as usize),
        process_bytes: 0.0,
        tests,
    })
}

/// What a test holds at its peak, its largest child process included.
fn memory_bytes(test: &Test) -> f64 {
    let own = measure::value(test, Metric::Memory).unwrap_or(0.0);
    let of_child = test.profile.as_ref().and_then(|profile| profile.measures.child_rss_peak_bytes);
    own + of_child.map_or(0.0, |bytes| bytes as f64)
}

/// How many tests ran at once at most.
fn most_at_once(tests: &[RecordedTest]) -> usize {
    let mut moments: Vec<(f64, bool)> = tests
        .iter()
        .flat_map(|test| [(test.start_seconds, true), (test.start_seconds + test.wall_seconds, false)])
        .collect();
    // Where one ends as another starts, they did not run at once.
    moments.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let (mut running, mut most) = (0_usize, 1);
    for (_, starts) in moments {
        running = if starts { running + 1 } else { running.saturating_sub(1) };
        most = most.max(running);
    }
    most
}

/// Why the forecast may be wrong, in words; `None` if there is no reason to think so.
#[must_use]
pub fn doubt(recording: &Recording, tests: &[Test]) -> Option<String> {
    let Recording { workers, cores, .. } = recording;
    if !is_known(tests, Metric::CpuTime) {
        return Some(
            "no test of the session has a CPU time: all are taken to wait, so that more of them at once take no longer"
                .to_owned(),
        );
    }
    (workers > cores).then(|| {
        format!(
            "{workers} tests ran at once on {cores} cores, so their times include waiting for a core: record with \
             --test-threads={cores} for a better estimate"
        )
    })
}

/// Whether any test says it: a session from a report of another tool may have times only.
fn is_known(tests: &[Test], metric: Metric) -> bool {
    tests.iter().any(|test| measure::value(test, metric).is_some())
}

/// What machine the tests need.
pub fn document(wanted: &Wanted, recording: Recording, tests: &[Test]) -> Document {
    let (workers, recorded_cores) = (recording.workers, recording.cores);
    let cores = wanted.cores.unwrap_or(recorded_cores);
    let ends = recording.tests.iter().map(|test| test.start_seconds + test.wall_seconds);
    let recorded_seconds = ends.fold(0.0, f64::max);
    let workload = Workload::of(recording);
    let within = wanted.within.unwrap_or(recorded_seconds);
    let knows_memory = is_known(tests, Metric::Memory);
    // What nobody knows fits nothing, and does not fail to.
    let memory = wanted.memory.filter(|_| knows_memory);
    // What replaying rounds must not make the recorded machine too small for its own time.
    let machine = cheapest(&workload, within * 1.001, memory, MAX_CORES);
    let facts = vec![
        (Column::new("recorded_wall_seconds", "recorded wall time"), Value::seconds(recorded_seconds).into()),
        (Column::new("recorded_workers", "tests at once"), Value::count(workers as u64).into()),
        (Column::new("recorded_cores", "cores"), Value::count(recorded_cores as u64).into()),
        (Column::new("within_seconds", "wall time allowed"), Value::seconds(within).into()),
        (Column::new("cheapest", "cheapest machine"), cheapest_text(machine.as_ref(), knows_memory)),
        (Column::new("cheapest_cores", ""), number(machine.as_ref().map(|machine| machine.cores))),
        (Column::new("cheapest_workers", ""), number(machine.as_ref().map(|machine| machine.workers))),
    ];
    Document::default()
        .with_facts("capacity", "", facts)
        .with_table("forecasts", format!("On {cores} cores"), forecasts(&workload, cores, memory, knows_memory))
        .with_table("bounds", "Tests that limit the wall time on any machine", bound(&workload, tests))
}

fn number(number: Option<usize>) -> Cell {
    Value::or_missing(number, |number| Value::count(number as u64)).into()
}

fn cheapest_text(machine: Option<&Machine>, knows_memory: bool) -> Cell {
    match machine {
        Some(Machine { cores, workers, forecast }) => {
            let memory = match knows_memory {
                true => Metric::Memory.quantity(forecast.peak_memory_bytes).to_string(),
                false => "memory unknown".to_owned(),
            };
            let plural = |count: usize| if count == 1 { "" } else { "s" };
            let (cores_s, tests_s) = (plural(*cores), plural(*workers));
            Value::Text(format!("{cores} core{cores_s}, {workers} test{tests_s} at once, {memory}")).into()
        }
        None => Value::Text(format!("none with up to {MAX_CORES} cores")).toned(Tone::Doubtful),
    }
}

/// Wall time and memory with 1, 2, 4, … tests at once, to twice the cores.
fn forecasts(workload: &Workload, cores: usize, memory: Option<f64>, knows_memory: bool) -> Table {
    let mut table = Table::new(&[
        ("workers", "tests at once"),
        ("cores", ""),
        ("wall_seconds", "wall time"),
        ("speedup", "speed-up"),
        ("peak_memory_bytes", "peak memory"),
        ("fits", if memory.is_some() { "fits" } else { "" }),
    ]);
    let alone = workload.forecast(1, cores).wall_seconds;
    let mut workers: Vec<usize> = (0..).map(|power| 1 << power).take_while(|workers| *workers <= 2 * cores).collect();
    workers.extend((!workers.contains(&cores)).then_some(cores));
    workers.sort_unstable();
    for workers in workers {
        let forecast = workload.forecast(workers, cores);
        let fits = memory.map(|limit| forecast.peak_memory_bytes <= limit);
        let speedup = if forecast.wall_seconds > 0.0 { alone / forecast.wall_seconds } else { 1.0 };
        let fits =
            Value::or_missing(fits, Value::Flag).toned(if fits == Some(false) { Tone::Bad } else { Tone::Plain });
        table.push(vec![
            Value::count(workers as u64).into(),
            Value::count(cores as u64).into(),
            Value::seconds(forecast.wall_seconds).into(),
            Value::Quantity(Metric::CpuUsage.quantity(speedup)).into(),
            Value::or_missing(knows_memory.then_some(forecast.peak_memory_bytes), Value::bytes).into(),
            fits,
        ]);
    }
    table
}

fn bound(workload: &Workload, tests: &[Test]) -> Table {
    let ids: Vec<TestId> = tests.iter().map(Test::id).collect();
    let mut columns = vec![("test", "test"), ("wall_seconds", "wall time"), ("gain_seconds", "saved without it")];
    columns.extend(measure::place_columns(&ids));
    let mut table = Table::new(&columns);
    for bound in bounds(workload).into_iter().take(BOUNDS) {
        let Some(id) = ids.get(bound.test) else { continue };
        let mut row = vec![
            Value::Name(measure::full_name(id)).into(),
            Value::seconds(bound.wall_seconds).into(),
            Value::seconds(bound.gain_seconds).into(),
        ];
        row.extend(measure::place(id));
        table.push(row);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_that_follow_each_other_do_not_run_at_once() {
        let at = |start_seconds: f64, wall_seconds: f64| RecordedTest {
            binary: String::new(),
            start_seconds,
            wall_seconds,
            cpu_seconds: 0.0,
            memory_bytes: 0.0,
        };
        assert_eq!(most_at_once(&[at(0.0, 1.0), at(1.0, 1.0), at(2.0, 0.0)]), 1);
        assert_eq!(most_at_once(&[at(0.0, 3.0), at(1.0, 1.0), at(2.5, 1.0), at(2.6, 1.0)]), 3);
        assert_eq!(most_at_once(&[]), 1);
    }
}

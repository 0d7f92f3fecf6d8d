//! What a judge reads of many sessions: the same whether one thread reads or two, and what `tests` says.

mod common;

use common::*;
use monitor_store::{
    Amount, Attribution, Entry, Figure, Figures, Kind, MEASURES, MemSource, Monitor, Outcome, Process, Resource,
    Session, Test, TestId, Writer,
};

/// So many sessions that two threads read them.
const SESSIONS: usize = 40;

/// Sessions whose tests differ in number, order, outcome, attempts, machine and in what was measured.
fn many_sessions(db: &std::path::Path) -> Vec<String> {
    let mut writer = Writer::open(db).unwrap();
    let (context, class) = context();
    let names: Vec<String> = (0..SESSIONS).map(|number| format!("s{number}")).collect();
    for (number, session_h) in names.iter().enumerate() {
        let process_h = format!("p{number}");
        let env_h = if number % 7 == 3 { "unknown" } else { "env" };
        let mut entries = vec![
            Entry::Session { session: Session { ..session(session_h) }, lockfile: None },
            Entry::Context { context: context.clone(), class: class.clone() },
            Entry::Process(Process { env_h: Some(env_h.into()), ..dead_process(session_h, &process_h) }),
        ];
        for test in (0..1 + number % 5).rev() {
            for attempt in 0..1 + (number + test) % 2 {
                let start = format!("2026-11-23T01:02:0{test}.00000{attempt}");
                let (mut metric, mut profile) = passed(&key(session_h, &process_h, &format!("t{test}"), &start));
                metric.env_h = env_h.into();
                // A test that moved, and, in some sessions, between its attempts moved back.
                let is_back = attempt == 1 && number % 4 == 1;
                metric.item_fs_loc = format!("src/{}.rs", if is_back { 0 } else { number / 20 });
                metric.wall_seconds = (test != 2).then_some((number * 10 + test + attempt) as f64);
                profile.outcome = if number % 6 == 1 { Outcome::Failed } else { Outcome::Passed };
                profile.attribution = Some([Attribution::Process, Attribution::Threads][number % 2]);
                profile.mem_source = [Some(MemSource::Heap), Some(MemSource::Rss), None][number % 3];
                profile.measures.threads = [Some(1), Some(2), None][test % 3];
                entries.push(Entry::Finished { metric, profile });
            }
        }
        writer.apply(&entries).unwrap();
    }
    writer.close(true).unwrap();
    names
}

fn figures() -> Vec<Figure> {
    let measures = MEASURES.iter().map(Figure::Measure);
    measures
        .chain([Figure::Sum(&[Resource::TotalTime]), Figure::Sum(&[Resource::UserTime, Resource::KernelTime])])
        .collect()
}

/// A run in words, by what its numbers stand for.
fn told(found: &Figures, session: usize) -> Vec<String> {
    let runs = &found.sessions[session];
    let values = runs.values.chunks(figures().len());
    let tell = |(run, values): (&monitor_store::RunFigures, &[f64])| {
        // A context that is recorded nowhere has only SQLite's number.
        let machine = found.machines[run.machine as usize].split(' ').next().unwrap_or_default();
        let flags = [run.passed, run.whole_process, run.single_threaded];
        format!("{:?} {machine} {flags:?} {:?} {values:?}", found.tests[run.test as usize], run.memory)
    };
    let mut told: Vec<String> = runs.runs.iter().zip(values).map(tell).collect();
    told.sort();
    told
}

#[test]
fn two_threads_read_what_one_reads() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    let names = many_sessions(&db);
    let monitor = Monitor::open(&db).unwrap();
    let together = monitor.figures(&names, &figures()).unwrap();
    assert_eq!(together.sessions.len(), SESSIONS);
    for (at, name) in names.iter().enumerate() {
        let alone = monitor.figures(&[name], &figures()).unwrap();
        assert_eq!(told(&together, at), told(&alone, 0), "{name}");
    }
}

#[test]
fn they_are_the_last_run_of_each_test() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    let names = many_sessions(&db);
    let monitor = Monitor::open(&db).unwrap();
    let found = monitor.figures(&names, &figures()).unwrap();
    for (at, name) in names.iter().enumerate() {
        let mut expected: Vec<String> = last_runs(monitor.tests(name).unwrap()).iter().map(in_words).collect();
        expected.sort();
        assert_eq!(told(&found, at), expected, "{name}");
    }
}

fn last_runs(tests: Vec<Test>) -> Vec<Test> {
    let mut last: std::collections::BTreeMap<TestId, Test> = std::collections::BTreeMap::new();
    for test in tests.into_iter().filter(|test| test.kind() == Kind::Function) {
        last.insert(test.id(), test);
    }
    last.into_values().collect()
}

fn in_words(test: &Test) -> String {
    let (metric, profile) = (test.metric.as_ref().unwrap(), test.profile.as_ref().unwrap());
    let machine = test.class_h.clone().unwrap_or_else(|| "context".into());
    let flags = [
        profile.outcome == Outcome::Passed,
        profile.attribution == Some(Attribution::Process),
        profile.measures.threads == Some(1),
    ];
    let mut values: Vec<f64> =
        MEASURES.iter().map(|measure| measure.of(&profile.measures).map_or(f64::NAN, Amount::as_f64)).collect();
    values.push(metric.wall_seconds.unwrap_or(f64::NAN));
    values.push(metric.user_seconds.zip(metric.kernel_seconds).map_or(f64::NAN, |(user, kernel)| user + kernel));
    format!("{:?} {machine} {flags:?} {:?} {values:?}", test.id(), profile.mem_source)
}

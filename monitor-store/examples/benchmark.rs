//! Times the queries on a large file, made by `generate` with at least 10,000 rows, and the writer on a new one:
//! `cargo run --release -p monitor-store --example benchmark -- FILE [PART OF A NAME]`.

use std::path::Path;
use std::time::Instant;

use monitor_store::{Entry, Figure, MEASURES, Metrics, Monitor, Outcome, Profile, Resource, Sessions, Writer};

const REPEATS: u32 = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("usage: benchmark FILE [PART OF A NAME]")?;
    let file = Path::new(&file);
    time("open", || Monitor::open(file).map(|_| 1))?;

    let monitor = Monitor::open(file)?;
    let newest = monitor.sessions(&Sessions::all().newest(2))?;
    let [head, base] = newest.as_slice() else {
        return Err("the file needs two sessions".into());
    };
    let test = monitor.tests(&head.session_h)?[0].id();
    let all = Metrics::all;

    time("all tests of two sessions", || {
        Ok(monitor.tests(&base.session_h)?.len() + monitor.tests(&head.session_h)?.len())
    })?;
    time("history of one test", || Ok(monitor.history(&test, None)?.len()))?;
    time("sessions with details", || Ok(monitor.session_details(&Sessions::all())?.len()))?;
    time("outcomes of one session", || Ok(monitor.outcomes(&head.session_h)?.passed as usize))?;
    time("top 10 of one session", || {
        Ok(monitor.metrics(&all().session(&head.session_h).most(Resource::Memory, 10))?.len())
    })?;
    for resource in Resource::ALL {
        time(&format!("top 10 of the file by {resource:?}"), || Ok(monitor.metrics(&all().most(resource, 10))?.len()))?;
    }
    time("count of metrics", || Ok(monitor.count_metrics(&all())? as usize))?;
    time("metrics of one item", || Ok(monitor.metrics(&all().variant(&test.variant))?.len()))?;
    time("components", || Ok(monitor.components()?.len()))?;

    let folder = tempfile::tempdir()?;
    let new = folder.path().join("new.pymon");
    time("writer: new file, close with fold", || {
        Writer::open(&new)?.close(true)?;
        Ok(1)
    })?;
    let _keeps_the_log_open = Writer::open(&new)?;
    time("writer: open a current file", || Writer::open(&new).map(|_| 1))?;
    let mut writer = Writer::open(&new)?;
    for (name, session_h) in [("tests that are new", "first"), ("tests that are known", "second")] {
        let mut ended = monitor.tests(&base.session_h)?.into_iter().filter_map(|test| test.metric.zip(test.profile));
        time(&format!("writer: begin and end 1000 {name}"), || {
            for (mut metric, mut profile) in ended.by_ref().take(1000) {
                metric.session_h = session_h.to_owned();
                profile.key.session_h = session_h.to_owned();
                writer.apply(&[Entry::Started(Profile { outcome: Outcome::Running, ..profile.clone() })])?;
                writer.apply(&[Entry::Finished { metric, profile }])?;
            }
            Ok(1000)
        })?;
    }
    let sixty = monitor.sessions(&Sessions::all().newest(60))?;
    let ids: Vec<&str> = sixty.iter().map(|session| session.session_h.as_str()).collect();
    let figures = figures();
    time("figures of 60 sessions, for a judge", || {
        Ok(monitor.figures(&ids, &figures)?.sessions.iter().map(|session| session.runs.len()).sum())
    })?;
    time("all tests of 60 sessions", || {
        sixty.iter().map(|session| Ok(monitor.tests(&session.session_h)?.len())).sum()
    })?;
    Ok(())
}

/// What `cargo monitor gate` reads of each run.
fn figures() -> Vec<Figure> {
    let times: [&[Resource]; 3] =
        [&[Resource::TotalTime], &[Resource::UserTime, Resource::KernelTime], &[Resource::Memory]];
    let measures = ["instructions", "heap_peak", "heap_retained", "allocations"];
    let measures = MEASURES.iter().filter(|measure| measures.contains(&measure.name)).map(Figure::Measure);
    times.into_iter().map(Figure::Sum).chain(measures).collect()
}

/// Prints the fastest and the slowest of some runs, and how many rows came back; nothing of what was not asked for.
fn time(
    name: &str,
    mut query: impl FnMut() -> Result<usize, monitor_store::StoreError>,
) -> Result<(), monitor_store::StoreError> {
    if std::env::args().nth(2).is_some_and(|part| !name.contains(&part)) {
        return Ok(());
    }
    let (mut fastest, mut slowest, mut rows) = (f64::INFINITY, 0.0_f64, 0);
    for _ in 0..REPEATS {
        let start = Instant::now();
        rows = query()?;
        let millis = start.elapsed().as_secs_f64() * 1e3;
        fastest = fastest.min(millis);
        slowest = slowest.max(millis);
    }
    println!("{name:<36} {fastest:>9.2} ms to {slowest:>9.2} ms {rows:>10} rows");
    Ok(())
}

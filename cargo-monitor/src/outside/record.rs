//! The rows of tests that have not recorded themselves.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context as _;
use monitor_core::outside::{Outside, counted};
use monitor_store::{
    Attribution, CountFlags, Entry, Kind, Measures, MemSource, Metric, Monitor, Outcome, Process, Profile, ProfileKey,
    Spool, StoreError, Timestamp, Writer,
};

use super::log::Line;
use super::run::{Run, log};
use crate::environment;

/// Writes the rows of a run to `file`. `variables` are those that the tests were given, `counted_by` is the
/// valgrind that counted their instructions.
pub(crate) fn record(
    run: &Run,
    file: &Path,
    workspace: &Path,
    session_h: &str,
    variables: &[(&str, String)],
    counted_by: Option<&str>,
) -> anyhow::Result<()> {
    let outside = Outside::new(workspace, &|name| {
        let given = variables.iter().find(|(known, _)| *known == name);
        given.map(|(_, value)| value.into()).or_else(|| environment::variable(workspace, name))
    });
    let lines = Line::read_all(&log(run.folder())).context("cannot read the measurements of the tests")?;
    if !outside.is_enabled() {
        return Ok(());
    }
    let processes = known_processes(file, session_h)?;
    // As tests with the attribute do it: by the clock of the run's first process, however the system's is set meanwhile.
    let offset_us = processes.iter().find_map(|process| process.clock_offset_us);
    let offset_us = offset_us.or_else(|| lines.first().and_then(Line::offset_us));
    let Some(first) = lines.iter().map(|line| line.start_by(offset_us)).min() else { return Ok(()) };

    let mut entries = Vec::new();
    let known = processes.into_iter().find_map(|process| process.env_h.filter(|env_h| !env_h.is_empty()));
    // A profile may optimise one package more than another.
    let mut contexts: HashMap<&str, String> = HashMap::new();
    for line in &lines {
        let env_h = match (&known, contexts.get(line.package.as_str())) {
            (Some(env_h), _) | (None, Some(env_h)) => env_h.clone(),
            (None, None) => {
                let build = run.setting.build(workspace, &line.package);
                let build = match counted_by {
                    Some(valgrind) => counted(build, valgrind),
                    None => build,
                };
                if contexts.is_empty() {
                    let (session, lockfile) = outside.session(session_h, first, &build);
                    entries.push(Entry::Session { session, lockfile });
                }
                let (context, class) = outside.context(&build);
                let env_h = context.env_h.clone();
                entries.push(Entry::Context { context, class });
                contexts.insert(&line.package, env_h.clone());
                env_h
            }
        };
        let start = line.start_by(offset_us);
        entries.extend(line_entries(line, start, session_h, &env_h, &outside.component(&line.package)));
    }
    let written = Writer::open(file).and_then(|mut writer| {
        writer.apply(&entries)?;
        writer.close(true)
    });
    if let Err(error) = written {
        spool(file, &entries, error)?;
    }
    Ok(())
}

/// As monitored tests do it: what the file does not take is kept beside it.
fn spool(file: &Path, entries: &[Entry], error: StoreError) -> anyhow::Result<()> {
    let mut spool = Spool::create(file, std::process::id())?;
    spool.append(entries)?;
    let path = spool.path().display().to_string();
    crate::output::note(&format!("{error}; the rows go to {path}, which the next run that can write imports"));
    Ok(())
}

/// The processes of the session's monitored tests.
fn known_processes(file: &Path, session_h: &str) -> anyhow::Result<Vec<Process>> {
    match Monitor::open(file) {
        Err(StoreError::Missing { .. }) => Ok(Vec::new()),
        result => Ok(result?.processes(session_h)?),
    }
}

fn line_entries(line: &Line, start: Timestamp, session_h: &str, env_h: &str, component: &str) -> Vec<Entry> {
    let (module, item) = line.test.rsplit_once("::").unwrap_or(("", &line.test));
    let item_path = if module.is_empty() { line.root.clone() } else { format!("{}::{module}", line.root) };
    let key = ProfileKey {
        session_h: session_h.to_owned(),
        item_path: item_path.clone(),
        item_variant: item.to_owned(),
        item_start_time: start,
        process_h: line.process_h.clone(),
    };
    let measures = match line.instructions {
        Some(instructions) => Measures {
            instructions: Some(instructions),
            count_flags: Some(CountFlags::WHOLE_PROCESS.bits()),
            concurrency: Some(1),
            ..Measures::default()
        },
        None => Measures {
            rss_peak_bytes: line.resident_peak_bytes,
            minor_faults: Some(line.minor_faults),
            major_faults: Some(line.major_faults),
            voluntary_switches: Some(line.voluntary_switches),
            involuntary_switches: Some(line.involuntary_switches),
            concurrency: Some(1),
            ..Measures::default()
        },
    };
    let profile = Profile {
        key: key.clone(),
        package: line.package.clone(),
        binary: line.binary.clone(),
        attempt: line.attempt,
        outcome: line.outcome,
        attribution: Some(Attribution::Process),
        mem_source: line.resident_peak_bytes.map(|_| MemSource::Rss),
        measures,
    };
    if line.outcome == Outcome::Crashed {
        // As everywhere, a test that crashed has no metric row.
        let started = Profile { outcome: Outcome::Running, ..profile };
        return vec![Entry::Started(started), Entry::Crashed { key }];
    }
    // What valgrind takes is no cost of the test.
    let has_clock = line.instructions.is_none();
    let cpu_seconds = line.user_seconds + line.kernel_seconds;
    let metric = Metric {
        session_h: session_h.to_owned(),
        env_h: env_h.to_owned(),
        item_start_time: start,
        item_path,
        item: item.to_owned(),
        item_variant: item.to_owned(),
        item_fs_loc: String::new(),
        kind: Kind::Function,
        component: component.to_owned(),
        wall_seconds: has_clock.then_some(line.wall_seconds),
        user_seconds: has_clock.then_some(line.user_seconds),
        kernel_seconds: has_clock.then_some(line.kernel_seconds),
        cpu_usage: (line.wall_seconds > 0.0).then(|| cpu_seconds / line.wall_seconds),
        #[expect(clippy::cast_precision_loss, reason = "exact below 8 PiB")]
        memory_mib: line.resident_peak_bytes.map(|bytes| bytes as f64 / (1024.0 * 1024.0)),
    };
    vec![Entry::Finished { metric, profile }]
}

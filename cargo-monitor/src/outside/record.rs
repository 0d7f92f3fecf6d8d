//! The rows of tests that have not recorded themselves.

use std::collections::HashSet;
use std::path::Path;

use anyhow::Context as _;
use monitor_core::outside::Outside;
use monitor_store::{
    Attribution, Entry, Kind, Measures, MemSource, Metric, Monitor, Outcome, Profile, ProfileKey, Spool, StoreError,
    Writer,
};

use super::Run;
use super::log::Line;
use crate::environment;

/// Writes the rows of a run to `file`; returns how many. `variables` are those that the tests were given.
pub(crate) fn record(
    run: &Run,
    file: &Path,
    workspace: &Path,
    session_h: &str,
    variables: &[(&str, String)],
) -> anyhow::Result<usize> {
    let outside = Outside::new(workspace, &|name| {
        let given = variables.iter().find(|(known, _)| *known == name);
        given.map(|(_, value)| value.into()).or_else(|| environment::variable(workspace, name))
    });
    let mut lines = Line::read_all(&run.log()).context("cannot read what the tests cost")?;
    if lines.is_empty() || !outside.is_enabled() {
        return Ok(0);
    }
    let known = Known::of(file, session_h)?;
    lines.retain(|line| !known.processes.contains(&line.process_h));
    let Some(first) = lines.iter().map(|line| line.start).min() else { return Ok(0) };

    let mut entries = Vec::new();
    let env_h = match known.env_h {
        Some(env_h) => env_h,
        None => {
            let opt_level = run.setting().opt_level(workspace);
            let build = run.setting().build(&opt_level);
            let (session, lockfile) = outside.session(session_h, first, &build);
            let (context, class) = outside.context(&build);
            let env_h = context.env_h.clone();
            entries.extend([Entry::Session { session, lockfile }, Entry::Context { context, class }]);
            env_h
        }
    };
    for line in &lines {
        entries.extend(line_entries(line, session_h, &env_h, &outside.component(&line.package)));
    }
    let written = Writer::open(file).and_then(|mut writer| {
        writer.apply(&entries)?;
        writer.close(true)
    });
    if let Err(error) = written {
        spool(file, &entries, error)?;
    }
    Ok(lines.len())
}

/// As monitored tests do it: what the file does not take is kept beside it.
fn spool(file: &Path, entries: &[Entry], error: StoreError) -> anyhow::Result<()> {
    let mut spool = Spool::create(file, std::process::id())?;
    spool.append(entries)?;
    let path = spool.path().display().to_string();
    crate::output::note(&format!("{error}; the rows go to {path}, which the next run that can write imports"));
    Ok(())
}

/// What monitored tests of the session have recorded.
#[derive(Default)]
struct Known {
    processes: HashSet<String>,
    env_h: Option<String>,
}

impl Known {
    fn of(file: &Path, session_h: &str) -> anyhow::Result<Self> {
        let monitor = match Monitor::open(file) {
            Err(StoreError::Missing { .. }) => return Ok(Self::default()),
            result => result?,
        };
        let processes = monitor.processes(session_h)?;
        let env_h = processes.iter().find_map(|process| process.env_h.clone()).filter(|env_h| !env_h.is_empty());
        Ok(Self { env_h, processes: processes.into_iter().map(|process| process.process_h).collect() })
    }
}

fn line_entries(line: &Line, session_h: &str, env_h: &str, component: &str) -> Vec<Entry> {
    let (module, item) = line.test.rsplit_once("::").unwrap_or(("", &line.test));
    let item_path = if module.is_empty() { line.root.clone() } else { format!("{}::{module}", line.root) };
    let key = ProfileKey {
        session_h: session_h.to_owned(),
        item_path: item_path.clone(),
        item_variant: item.to_owned(),
        item_start_time: line.start,
        process_h: line.process_h.clone(),
    };
    let profile = Profile {
        key: key.clone(),
        package: line.package.clone(),
        binary: line.binary.clone(),
        attempt: line.attempt,
        outcome: line.outcome,
        attribution: Some(Attribution::Process),
        mem_source: line.resident_peak_bytes.map(|_| MemSource::Rss),
        measures: Measures {
            rss_peak: line.resident_peak_bytes,
            minor_faults: Some(line.minor_faults),
            major_faults: Some(line.major_faults),
            voluntary_switches: Some(line.voluntary_switches),
            involuntary_switches: Some(line.involuntary_switches),
            concurrency: Some(1),
            ..Measures::default()
        },
    };
    if line.outcome == Outcome::Crashed {
        // As everywhere, a test that crashed has no metric row.
        let started = Profile { outcome: Outcome::Running, ..profile };
        return vec![Entry::Started(started), Entry::Crashed { key }];
    }
    let cpu_seconds = line.user_seconds + line.kernel_seconds;
    let metric = Metric {
        session_h: session_h.to_owned(),
        env_h: env_h.to_owned(),
        item_start_time: line.start,
        item_path,
        item: item.to_owned(),
        item_variant: item.to_owned(),
        item_fs_loc: String::new(),
        kind: Kind::Function,
        component: component.to_owned(),
        total_time: Some(line.wall_seconds),
        user_time: Some(line.user_seconds),
        kernel_time: Some(line.kernel_seconds),
        cpu_usage: (line.wall_seconds > 0.0).then(|| cpu_seconds / line.wall_seconds),
        #[expect(clippy::cast_precision_loss, reason = "exact below 8 PiB")]
        mem_usage: line.resident_peak_bytes.map(|bytes| bytes as f64 / (1024.0 * 1024.0)),
    };
    vec![Entry::Finished { metric, profile }]
}

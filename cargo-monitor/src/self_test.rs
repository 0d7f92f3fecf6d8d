//! Proof that every outcome of a gate fires, on files made for it.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use monitor_report::gate::Gate;
use monitor_report::{NoRepository, Records};
use monitor_store::{
    Attribution, ContextClass, Entry, ExecutionContext, Kind, Measures, MemSource, Monitor, Outcome, Process, Profile,
    ProfileKey, Session, Timestamp, Writer, hash_hex,
};

use crate::exit::Exit;
use crate::explain;

/// One check of the gate itself.
#[derive(Clone, Debug)]
pub struct Check {
    /// What was tried.
    pub case: &'static str,
    /// How the gate has to end.
    pub expected: Exit,
    /// How it ended.
    pub found: Exit,
}

/// What a run of the made-up test costs.
#[derive(Clone, Copy)]
struct Cost {
    wall_seconds: f64,
    allocations: u64,
    class: &'static str,
}

const USUAL: Cost = Cost { wall_seconds: 0.2, allocations: 1_000, class: "one" };
const RUNS: u32 = 20;

/// Runs a gate on made-up files, one for each way in which it can end.
///
/// # Errors
///
/// If the files can't be written to the folder for temporary ones.
pub fn self_test() -> anyhow::Result<Vec<Check>> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let slower = Cost { wall_seconds: 0.3, ..USUAL };
    let one_allocation = Cost { allocations: 1_001, ..USUAL };
    let waived = "* in test_made_up until 9999-12-31";
    let cases: [(&'static str, Exit, Option<Cost>, Option<&str>); 7] = [
        ("the same code again", Exit::Success, Some(USUAL), None),
        ("wall time up by half", Exit::Regressed, Some(slower), None),
        ("one allocation more", Exit::Regressed, Some(one_allocation), None),
        ("wall time up by half, waived", Exit::Success, Some(slower), Some(waived)),
        ("another machine class", Exit::NoBaseline, Some(Cost { class: "two", ..USUAL }), None),
        ("a first run", Exit::NoBaseline, None, None),
        ("not a database", Exit::BadFile, None, None),
    ];
    let mut checks = Vec::new();
    for (number, (case, expected, head, waiver)) in cases.into_iter().enumerate() {
        let file = folder.path().join(format!("{number}.pymon"));
        match (expected, head) {
            (Exit::BadFile, _) => fs::write(&file, "this is no database")?,
            (_, None) => write(&file, &[USUAL])?,
            (_, Some(head)) => write(&file, &history(head))?,
        }
        let found = check(&file, waiver).unwrap_or_else(|error| explain::of(&error));
        checks.push(Check { case, expected, found });
    }
    Ok(checks)
}

/// Usual runs with one percent of noise, then the one to check.
fn history(head: Cost) -> Vec<Cost> {
    let noisy =
        |run: u32| Cost { wall_seconds: USUAL.wall_seconds * (1.0 + f64::from(run * 7 % 11) / 1_000.0), ..USUAL };
    (0..RUNS).map(noisy).chain([head]).collect()
}

fn check(file: &Path, waiver: Option<&str>) -> anyhow::Result<Exit> {
    let waivers = waiver.map(str::parse).transpose()?.into_iter().collect();
    let gate = Gate { waivers, ..Gate::new(format!("last:{RUNS}"), "latest") };
    let records = Records { source: &Monitor::open(file)?, repository: &NoRepository };
    Ok(gate.check(records, Timestamp::now())?.decision().into())
}

fn write(file: &Path, runs: &[Cost]) -> anyhow::Result<()> {
    let mut writer = Writer::open(file)?;
    let mut start: Timestamp = "2026-01-01T00:00:00.000000".parse()?;
    for (number, &cost) in runs.iter().enumerate() {
        start = start.after_seconds(3_600.0);
        writer.apply(&session(number, start, cost))?;
    }
    Ok(writer.close(true)?)
}

fn session(number: usize, start: Timestamp, cost: Cost) -> Vec<Entry> {
    let session_h = hash_hex([format!("session {number}")]);
    let process_h = hash_hex([format!("process {number}")]);
    let env_h = hash_hex([cost.class]);
    let key = ProfileKey {
        session_h: session_h.clone(),
        item_path: "made_up::tests".into(),
        item_variant: "test_made_up".into(),
        item_start_time: start,
        process_h: process_h.clone(),
    };
    let session =
        Session { session_h: session_h.clone(), run_date: start, scm_id: format!("{number:040}"), description: vec![] };
    let context = ExecutionContext { env_h: env_h.clone(), cpu_count: 1, ..ExecutionContext::default() };
    let class_h = format!("class of {env_h}");
    let class = ContextClass { env_h: env_h.clone(), class_h, ..ContextClass::default() };
    let process = Process {
        process_h,
        session_h,
        env_h: Some(env_h.clone()),
        host: "made up".into(),
        pid: 1,
        pid_started: 1,
        scopes: "function".into(),
        started_at: start,
        ..Process::default()
    };
    vec![
        Entry::Session { session, lockfile: None },
        Entry::Context { context, class },
        Entry::Process(process),
        Entry::Finished { metric: metric(&key, env_h, cost), profile: profile(key, cost) },
    ]
}

fn metric(key: &ProfileKey, env_h: String, cost: Cost) -> monitor_store::Metric {
    monitor_store::Metric {
        session_h: key.session_h.clone(),
        env_h,
        item_start_time: key.item_start_time,
        item_path: key.item_path.clone(),
        item: key.item_variant.clone(),
        item_variant: key.item_variant.clone(),
        item_fs_loc: "src/lib.rs".into(),
        kind: Kind::Function,
        component: "made_up".into(),
        wall_seconds: Some(cost.wall_seconds),
        user_seconds: Some(cost.wall_seconds),
        kernel_seconds: Some(0.0),
        cpu_usage: Some(1.0),
        memory_mib: Some(1.0),
    }
}

fn profile(key: ProfileKey, cost: Cost) -> Profile {
    Profile {
        key,
        package: "made_up".into(),
        binary: "made_up".into(),
        attempt: 1,
        outcome: Outcome::Passed,
        attribution: Some(Attribution::Threads),
        mem_source: Some(MemSource::Heap),
        measures: Measures {
            heap_peak_bytes: Some(1 << 20),
            heap_retained_bytes: Some(0),
            allocations: Some(cost.allocations),
            threads: Some(1),
            ..Measures::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_fires() {
        for Check { case, expected, found } in self_test().expect("a temporary folder") {
            assert_eq!(found, expected, "{case}");
        }
    }
}

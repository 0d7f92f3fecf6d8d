//! Files of many sessions, written row by row: what the judge is tried on.

use std::path::Path;

use monitor_store::{
    Attribution, ContextClass, Entry, Kind, Measures, MemSource, Metric, Outcome, Process, Profile, ProfileKey,
    Session, Timestamp, Writer,
};

use super::{Fixture, machine, process};

/// A session of a suite.
#[derive(Clone)]
pub struct Run {
    pub commit: String,
    pub branch: &'static str,
    pub dirty: bool,
    /// Hours after the first of January 2026.
    pub hour: u32,
    pub class: &'static str,
    pub costs: Vec<Cost>,
}

/// One run of one test.
#[derive(Clone)]
pub struct Cost {
    pub test: String,
    pub wall: f64,
    pub cpu: f64,
    /// `None` where no allocator counts.
    pub heap_peak: Option<u64>,
    pub allocations: Option<u64>,
    /// `MEM_USAGE`.
    pub memory: f64,
    pub threads: u64,
    pub outcome: Outcome,
    pub attribution: Attribution,
}

impl Cost {
    /// A test that passed, beside others.
    pub fn of(test: &str, wall: f64) -> Self {
        Self {
            test: test.to_owned(),
            wall,
            cpu: wall,
            heap_peak: Some(4096),
            allocations: Some(64),
            memory: 4096.0,
            threads: 1,
            outcome: Outcome::Passed,
            attribution: Attribution::Threads,
        }
    }

    pub fn heap(self, peak: u64, allocations: u64) -> Self {
        Self { heap_peak: Some(peak), allocations: Some(allocations), memory: peak as f64, ..self }
    }
}

impl Run {
    /// On a commit of `main` of its own.
    pub fn of(number: u32, costs: Vec<Cost>) -> Self {
        let commit = format!("{number:08x}aaaa");
        Self { commit, branch: "main", dirty: false, hour: number, class: "class", costs }
    }
}

impl Fixture {
    /// A file with these sessions.
    pub fn of_runs(runs: &[Run]) -> Self {
        let fixture = Self::empty();
        fixture.add_runs(runs);
        fixture
    }

    pub fn add_runs(&self, runs: &[Run]) {
        write(&self.file(), runs);
    }
}

fn write(file: &Path, runs: &[Run]) {
    let first: Timestamp = "2026-01-01T00:00:00".parse().expect("a valid time");
    let mut writer = Writer::open(file).expect("the file can be written");
    for run in runs {
        let start = first.after_seconds(f64::from(run.hour) * 3_600.0);
        writer.apply(&entries(run, start)).expect("the rows can be written");
    }
    writer.close(true).expect("the file can be closed");
}

/// What identifies the session of this hour.
pub fn session_h(hour: u32) -> String {
    format!("{hour:08x}{:024}", 0)
}

fn entries(run: &Run, start: Timestamp) -> Vec<Entry> {
    let session_h = session_h(run.hour);
    let env_h = format!("env of {}", run.class);
    let (context, class) = machine();
    let context = monitor_store::ExecutionContext { env_h: env_h.clone(), ..context };
    let class = ContextClass { env_h: env_h.clone(), class_h: run.class.into(), ..class };
    let mut description = vec![("git_branch".to_owned(), run.branch.to_owned())];
    description.push(("git_dirty".to_owned(), run.dirty.to_string()));
    let session = Session { session_h: session_h.clone(), run_date: start, scm_id: run.commit.clone(), description };
    let process: Process = process(&session_h, &env_h, start);
    let mut entries =
        vec![Entry::Session { session, lockfile: None }, Entry::Context { context, class }, Entry::Process(process)];
    for (index, cost) in (0..).zip(&run.costs) {
        entries.push(finished(&session_h, &env_h, start.after_micros(index * 10), cost));
    }
    entries
}

fn finished(session_h: &str, env_h: &str, start: Timestamp, cost: &Cost) -> Entry {
    let key = ProfileKey {
        session_h: session_h.to_owned(),
        item_path: "demo::tests".into(),
        item_variant: cost.test.clone(),
        item_start_time: start,
        process_h: format!("process of {session_h}"),
    };
    let source = if cost.heap_peak.is_some() { MemSource::Heap } else { MemSource::Rss };
    let profile = Profile {
        key: key.clone(),
        package: "demo".into(),
        binary: "demo".into(),
        attempt: 1,
        outcome: cost.outcome,
        attribution: Some(cost.attribution),
        mem_source: Some(source),
        measures: Measures {
            heap_peak_bytes: cost.heap_peak,
            allocations: cost.allocations,
            threads: Some(cost.threads),
            ..Measures::default()
        },
    };
    let metric = Metric {
        session_h: session_h.to_owned(),
        env_h: env_h.to_owned(),
        item_start_time: start,
        item_path: key.item_path,
        item: cost.test.clone(),
        item_variant: cost.test.clone(),
        item_fs_loc: "src/lib.rs".into(),
        kind: Kind::Function,
        component: "demo".into(),
        wall_seconds: Some(cost.wall),
        user_seconds: Some(cost.cpu),
        kernel_seconds: Some(0.0),
        cpu_usage: Some(1.0),
        memory_mib: Some(cost.memory / 1_048_576.0),
    };
    Entry::Finished { metric, profile }
}

/// Noise of two percent from a seed: the same everywhere.
pub fn noise(seed: u64) -> f64 {
    let mut bits = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678_9abc_def1);
    let mut uniform = || {
        bits ^= bits >> 30;
        bits = bits.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits ^= bits >> 27;
        bits = bits.wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        (bits >> 11) as f64 / (1_u64 << 53) as f64
    };
    // Near enough to normal: twelve uniform numbers.
    0.02 * ((0..12).map(|_| uniform()).sum::<f64>() - 6.0)
}

//! A small file whose every figure is known, and the program that reads it.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod evolution;
pub mod suite;

use std::path::{Path, PathBuf};
use std::process::Command;

use monitor_store::{
    Attribution, ContextClass, Entry, ExecutionContext, Kind, Measures, MemSource, Metric, Outcome, Process, Profile,
    ProfileKey, Session, Timestamp, Writer,
};
use monitor_tests::{Run, run};
use tempfile::TempDir;

/// A folder with a file.
pub struct Fixture {
    folder: TempDir,
}

/// One test of a session: name with its path, wall seconds, peak bytes, outcome.
pub type Row<'a> = (&'a str, f64, u64, Outcome);

impl Fixture {
    /// Two commits of `main`, then one of a branch, on one machine class.
    pub fn three_sessions() -> Self {
        let fixture = Self::empty();
        let passed = Outcome::Passed;
        let session = |number, commit, branch, tag, rows: &[Row<'_>]| {
            fixture.session(
                number,
                commit,
                &[("git_branch", branch), ("suite", tag), ("description", "fixture")],
                rows,
            );
        };
        let quick = ("demo::tests::quick[2, 3]", 0.001_18, 4096, passed);
        session(1, "beef01aaaaaaaaaaaaaa", "main", "day", &[quick, ("demo::tests::slow", 0.8, 1 << 20, passed)]);
        session(2, "beef02aaaaaaaaaaaaaa", "main", "night", &[quick, ("demo::tests::slow", 0.82, 1 << 20, passed)]);
        session(
            3,
            "cab003aaaaaaaaaaaaaa",
            "faster",
            "day",
            &[
                quick,
                ("demo::tests::slow", 2.4, 300 << 20, passed),
                ("demo::tests::wrong", 0.05, 512, Outcome::Failed),
                ("demo::deep::died", 0.0, 0, Outcome::Crashed),
            ],
        );
        fixture
    }

    /// A folder without a file.
    pub fn empty() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder can be made") }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join(".pymon")
    }

    /// Adds the session of day `number`, with a lock file of its own.
    pub fn session(&self, number: u32, commit: &str, fields: &[(&str, &str)], rows: &[Row<'_>]) {
        self.session_with(&format!("version = {number}\n"), number, commit, fields, rows);
    }

    /// Adds the session of day `number` with this lock file.
    pub fn session_with(&self, lockfile: &str, number: u32, commit: &str, fields: &[(&str, &str)], rows: &[Row<'_>]) {
        let session_h = format!("{number:x}5e55100{number:024}");
        let run_date: Timestamp = format!("2026-11-{number:02}T10:00:00").parse().expect("a valid time");
        let (context, class) = machine();
        let process = process(&session_h, &context.env_h, run_date);
        let description = fields.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
        let session = Session { session_h: session_h.clone(), run_date, scm_id: commit.into(), description };
        let mut entries = vec![
            Entry::Session { session, lockfile: Some(lockfile.to_owned()) },
            Entry::Context { context, class },
            Entry::Process(process),
        ];
        for (index, row) in (0..).zip(rows) {
            entries.extend(test(&session_h, run_date.after_micros(index * 10_000), row));
        }
        let mut writer = Writer::open(&self.file()).expect("the file can be written");
        writer.apply(&entries).expect("the rows can be written");
        writer.close(true).expect("the file can be closed");
    }

    /// `cargo-monitor ARGS` in the folder, with nothing of this run's environment that it reads.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-monitor"));
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if ["MONITOR", "CARGO_TERM", "CLICOLOR", "NO_COLOR", "COMPLETE"].iter().any(|p| name.starts_with(p)) {
                command.env_remove(&*name);
            }
        }
        command.current_dir(self.folder()).args(args);
        command
    }

    pub fn run(&self, args: &[&str]) -> Run {
        run(self.command(args))
    }

    /// `git ARGS` in the folder; what it printed.
    pub fn git(&self, args: &[&str]) -> String {
        let mut command = Command::new("git");
        command.current_dir(self.folder()).args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(args);
        run(command).succeeded().stdout.trim().to_owned()
    }

    /// The commands that `--help` lists.
    pub fn commands(&self) -> Vec<String> {
        let help = self.run(&["--help"]).succeeded().stdout;
        let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
        // What is further indented goes on with the line before.
        let lines = lines.filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
        let names = lines.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
        names.map(str::to_owned).collect()
    }
}

fn test(session_h: &str, start: Timestamp, &(name, wall, peak, outcome): &Row<'_>) -> Vec<Entry> {
    let (path, variant) = name.split_once('[').map_or((name, ""), |(path, _)| (path, &name[path.len()..]));
    let (path, item) = path.rsplit_once("::").unwrap_or(("", path));
    let key = ProfileKey {
        session_h: session_h.to_owned(),
        item_path: path.to_owned(),
        item_variant: format!("{item}{variant}"),
        item_start_time: start,
        process_h: format!("process of {session_h}"),
    };
    let profile = Profile {
        key: key.clone(),
        package: "demo".into(),
        binary: "demo".into(),
        attempt: 1,
        outcome,
        attribution: Some(if wall > 2.0 { Attribution::Shared } else { Attribution::Threads }),
        mem_source: Some(MemSource::Heap),
        measures: Measures {
            heap_peak_bytes: Some(peak),
            allocations: Some(peak / 64),
            threads: Some(1),
            ..Measures::default()
        },
    };
    if outcome == Outcome::Crashed {
        return vec![Entry::Started(Profile { outcome: Outcome::Running, ..profile }), Entry::Crashed { key }];
    }
    let metric = Metric {
        session_h: session_h.to_owned(),
        env_h: "env".into(),
        item_start_time: start,
        item_path: path.to_owned(),
        item: item.to_owned(),
        item_variant: key.item_variant,
        item_fs_loc: "src/lib.rs".into(),
        kind: Kind::Function,
        component: if path.ends_with("tests") { "core" } else { "edge" }.into(),
        wall_seconds: Some(wall),
        user_seconds: Some(wall * 0.75),
        kernel_seconds: Some(wall * 0.25),
        cpu_usage: Some(1.0),
        memory_mib: Some(peak as f64 / 1_048_576.0),
    };
    vec![Entry::Finished { metric, profile }]
}

pub(crate) fn machine() -> (ExecutionContext, ContextClass) {
    let context = ExecutionContext {
        env_h: "env".into(),
        cpu_count: 4,
        cpu_frequency_mhz: 2600.0,
        cpu_type: "x86_64".into(),
        cpu_vendor: "Example CPU".into(),
        ram_total_mib: 16_384,
        machine_node: "builder".into(),
        machine_type: "x86_64".into(),
        machine_arch: "64bit".into(),
        system_info: "Linux - 6.1.0".into(),
        python_info: "rustc 1.95.0 (0000000 2026-04-14) x86_64-unknown-linux-gnu dev".into(),
    };
    let class = ContextClass {
        env_h: "env".into(),
        class_h: "class".into(),
        rustc: "rustc 1.95.0 (0000000 2026-04-14)".into(),
        profile: "dev".into(),
        opt_level: "0".into(),
        target: "x86_64-unknown-linux-gnu".into(),
    };
    (context, class)
}

/// A process of another boot: gone.
pub(crate) fn process(session_h: &str, env_h: &str, started_at: Timestamp) -> Process {
    Process {
        process_h: format!("process of {session_h}"),
        session_h: session_h.to_owned(),
        env_h: Some(env_h.to_owned()),
        machine_key: "machine".into(),
        host: "builder".into(),
        boot_id: "boot".into(),
        pid: 1,
        pid_started: 1,
        leader_pid: None,
        leader_started: None,
        scopes: "function".into(),
        started_at,
        clock_offset_us: None,
        clock_cost_ns: None,
        scope_cost_ns: None,
        allocation_cost_ns: None,
    }
}

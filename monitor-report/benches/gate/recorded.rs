//! A suite as a `.pymon` file, written row by row, and its gate: that of the command, over the rows of that file.

use std::collections::{HashMap, HashSet};

use monitor_analysis::judge::RunFactor;
use monitor_analysis::metric::Metric;
use monitor_analysis::verdict::Verdict;
use monitor_report::comparison::Finding;
use monitor_report::gate::{Again, Decision, Gate, Outcome, Pairs, ROUNDS, again};
use monitor_report::{NoRepository, Records, ReportError, Source, measure};
use monitor_store::{
    Attribution, ContextClass, Entry, ExecutionContext, Figure, Figures, Kind, Measures, MemSource, Metric as Row,
    Monitor, Outcome as Ended, Process, Profile, ProfileKey, Session, SessionDetails, SessionFigures, Test, TestId,
    Timestamp, Writer,
};
use tempfile::TempDir;

use crate::suite::{Suite, value};

/// A file that is read once: a benchmark asks the same thousands of times.
pub struct Recorded {
    metrics: Vec<Metric>,
    /// What was read of each metric, in words: figures cannot be compared.
    read: Vec<String>,
    figures: Figures,
    /// The test, in the suite, of each of the file's.
    tests: Vec<usize>,
    sessions: Vec<Session>,
    places: HashMap<String, usize>,
    classes: HashMap<String, Option<String>>,
    folder: TempDir,
}

/// The commit before the head, and the head's, where each is measured again.
pub const BASE: &str = "ba5e000000000000000000000000000000000000";
pub const HEAD: &str = "4ead000000000000000000000000000000000000";

/// What a second measurement says.
pub struct Second {
    /// The tests that were in doubt.
    pub doubted: HashSet<usize>,
    /// Those that cost more.
    pub regressed: HashSet<usize>,
    /// Whether the gate fails after it.
    pub fails: bool,
}

/// A gate's answer.
pub struct Gated {
    /// What the gate says of the whole.
    pub decision: Option<Decision>,
    /// For each finding its test.
    pub findings: Vec<(usize, Finding)>,
    /// What all tests have in common.
    pub factors: Vec<(Metric, RunFactor)>,
}

impl Recorded {
    /// Each run on a commit of its own.
    pub fn of(suite: &Suite) -> Self {
        Self::on(suite, &|run| format!("{run:08x}{:032}", 0))
    }

    /// Each run on the commit that `commit` names.
    pub fn on(suite: &Suite, commit: &dyn Fn(u32) -> String) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join(".pymon");
        let mut writer = Writer::open(&file).expect("the file can be written");
        for run in suite.runs() {
            writer.apply(&entries(suite, run, commit(run))).expect("the rows can be written");
        }
        writer.close(true).expect("the file can be closed");
        let monitor = Monitor::open(&file).expect("the file can be read");
        let metrics = suite.metrics().to_vec();
        let sessions = Source::sessions(&monitor).expect("sessions");
        let names: Vec<&str> = sessions.iter().map(|session| session.session_h.as_str()).collect();
        let wanted: Vec<Figure> = metrics.iter().map(|metric| measure::figure(*metric).0).collect();
        let figures = Source::figures(&monitor, &names, &wanted).expect("figures");
        let read = wanted.iter().map(|figure| format!("{figure:?}")).collect();
        let tests = figures.tests.iter().map(number).collect();
        let places = names.iter().enumerate().map(|(place, name)| ((*name).to_owned(), place)).collect();
        let classes = Source::classes(&monitor).expect("classes");
        Self { metrics, read, figures, tests, sessions, places, classes, folder }
    }

    /// Gates run `run` by those before it, the times of each test multiplied by what `factor` says of it.
    pub fn gate(&self, run: u32, factor: &(dyn Fn(usize) -> f64 + Sync)) -> Gated {
        self.gate_of("last:100", &session_h(run), factor)
    }

    /// Gates a head by a baseline, both as a user names them.
    pub fn gate_of(&self, baseline: &str, head: &str, factor: &(dyn Fn(usize) -> f64 + Sync)) -> Gated {
        self.gate_by(&Planted::new(self, head, factor), baseline, head)
    }

    /// Gates run `run` as [`gate`](Self::gate) does, and measures what is in doubt by pairs of runs of base and head, which follow it.
    pub fn confirm(&self, run: u32, pairs: u32, factor: &(dyn Fn(usize) -> f64 + Sync)) -> Option<Second> {
        let head = session_h(run);
        let mut planted = Planted::new(self, HEAD, factor);
        let gate = self.gate_as("last:100", &head);
        let outcome = gate.check(Records { source: &planted, repository: &NoRepository }, start(0)).expect("a gate");
        let Outcome::Compared(mut checked) = outcome else { return None };
        let doubts = checked.doubts();
        let doubted = doubts.iter().map(|doubt| number(&doubt.test)).collect();
        let mut measured = 0;
        let mut found = Again::default();
        while !doubts.is_empty() && measured < ROUNDS * pairs {
            measured += pairs;
            let last = session_h(run + 2 * measured);
            let of = |commit: &str| {
                let is = |it: &&Session| it.scm_id == commit && it.session_h > head && it.session_h <= last;
                self.sessions.iter().filter(is).cloned().collect()
            };
            let both = Pairs { base: of(BASE), head: of(HEAD) };
            found = again(&planted, both, &doubts, &|_, _| None).expect("a second measurement");
            let wanting = found.wanting();
            for test in self.figures.tests.iter().filter(|test| !wanting.contains(test)) {
                planted.last.entry(number(test)).or_insert_with(|| last.clone());
            }
            if wanting.is_empty() {
                break;
            }
        }
        gate.decide(&mut checked, &found.decided, start(0));
        let regressed = checked.regressed.iter().map(|finding| number(&finding.test)).collect();
        Some(Second { doubted, regressed, fails: Outcome::Compared(checked).decision() == Decision::Regressed })
    }

    fn gate_as(&self, baseline: &str, head: &str) -> Gate {
        Gate { metrics: self.metrics.clone(), allow_partial: true, ..Gate::new(baseline, head) }
    }

    /// The same by the file itself.
    #[allow(dead_code, reason = "only tests ask for it")]
    pub fn gate_of_file(&self, baseline: &str, head: &str) -> Gated {
        let monitor = Monitor::open(&self.folder.path().join(".pymon")).expect("the file can be read");
        self.gate_by(&monitor, baseline, head)
    }

    fn gate_by(&self, source: &dyn Source, baseline: &str, head: &str) -> Gated {
        let records = Records { source, repository: &NoRepository };
        let outcome = self.gate_as(baseline, head).check(records, start(0)).expect("a gate");
        let decision = Some(outcome.decision());
        match outcome {
            Outcome::NoBaseline { .. } => Gated { decision, findings: Vec::new(), factors: Vec::new() },
            Outcome::Compared(checked) => {
                let verdicts = checked.comparison.verdicts;
                Gated {
                    decision,
                    findings: verdicts.findings.into_iter().map(|finding| (number(&finding.test), finding)).collect(),
                    factors: verdicts.factors.into_iter().collect(),
                }
            }
        }
    }
}

impl Gated {
    pub fn fails(&self) -> bool {
        self.decision == Some(Decision::Regressed)
    }

    /// Whether a finding on this test, of whatever metric, has one of these verdicts.
    pub fn has(&self, test: usize, verdicts: &[Verdict]) -> bool {
        self.findings.iter().any(|(of, finding)| *of == test && verdicts.contains(&finding.verdict()))
    }

    /// -ln p of each test's rise of wall time; 0 of a fall.
    pub fn scores(&self) -> impl Iterator<Item = (usize, f64)> {
        self.findings.iter().filter_map(|(test, finding)| {
            let figures = finding.judged.figures.filter(|_| finding.metric == Some(Metric::WallTime))?;
            Some((*test, if figures.z > 0.0 { -figures.p.ln() } else { 0.0 }))
        })
    }
}

/// The place of a test in its suite.
fn number(id: &TestId) -> usize {
    id.variant[1..].parse().expect("the number of a test")
}

/// The file with other values in one session, or in all of a commit.
struct Planted<'a> {
    recorded: &'a Recorded,
    head: &'a str,
    factor: &'a (dyn Fn(usize) -> f64 + Sync),
    /// The last session in which each of these tests ran.
    last: HashMap<usize, String>,
}

impl<'a> Planted<'a> {
    fn new(recorded: &'a Recorded, head: &'a str, factor: &'a (dyn Fn(usize) -> f64 + Sync)) -> Self {
        Self { recorded, head, factor, last: HashMap::new() }
    }
}

impl Source for Planted<'_> {
    fn sessions(&self) -> Result<Vec<Session>, ReportError> {
        Ok(self.recorded.sessions.clone())
    }

    fn newest(&self, count: usize) -> Result<Vec<Session>, ReportError> {
        Ok(self.recorded.sessions.iter().take(count).cloned().collect())
    }

    fn of_commit(&self, commit: &str, count: usize) -> Result<Vec<Session>, ReportError> {
        let of_commit = self.recorded.sessions.iter().filter(|session| session.scm_id == commit);
        Ok(of_commit.take(count).cloned().collect())
    }

    fn details(&self, _: &str) -> Result<Option<SessionDetails>, ReportError> {
        Ok(None)
    }

    fn classes(&self) -> Result<HashMap<String, Option<String>>, ReportError> {
        Ok(self.recorded.classes.clone())
    }

    fn tests(&self, _: &str) -> Result<Vec<Test>, ReportError> {
        Ok(Vec::new())
    }

    fn figures(&self, sessions: &[&str], wanted: &[Figure]) -> Result<Figures, ReportError> {
        let Recorded { figures, metrics, read, tests, sessions: all, places, .. } = self.recorded;
        let wanted: Vec<(usize, bool)> = wanted
            .iter()
            .map(|figure| read.iter().position(|it| *it == format!("{figure:?}")).expect("a figure that was read"))
            .map(|at| (at, metrics[at].depends_on_machine_speed()))
            .collect();
        let of = |name: &&str| {
            let place = places[*name];
            let SessionFigures { runs, values } = &figures.sessions[place];
            let is_head = *name == self.head || all[place].scm_id == self.head;
            let mut found = SessionFigures { runs: Vec::with_capacity(runs.len()), values: Vec::new() };
            for (run, values) in runs.iter().zip(values.chunks(metrics.len())) {
                let test = tests[run.test as usize];
                if self.last.get(&test).is_some_and(|last| **name > **last) {
                    continue;
                }
                let factor = if is_head { (self.factor)(test) } else { 1.0 };
                found.runs.push(*run);
                found.values.extend(
                    wanted.iter().map(|(at, is_time)| if *is_time { values[*at] * factor } else { values[*at] }),
                );
            }
            found
        };
        let sessions = sessions.iter().map(of).collect();
        Ok(Figures { tests: figures.tests.clone(), machines: figures.machines.clone(), sessions })
    }

    fn test_ids(&self, _: &str) -> Result<Vec<TestId>, ReportError> {
        self.known_tests()
    }

    fn known_tests(&self) -> Result<Vec<TestId>, ReportError> {
        Ok(self.recorded.figures.tests.clone())
    }

    fn history(&self, _: &TestId) -> Result<Vec<Test>, ReportError> {
        Ok(Vec::new())
    }

    fn lockfile(&self, _: &str) -> Result<Option<String>, ReportError> {
        Ok(None)
    }
}

/// What identifies the session of a run.
pub fn session_h(run: u32) -> String {
    format!("5e55{run:028x}")
}

fn start(run: u32) -> Timestamp {
    let first: Timestamp = "2026-01-01T00:00:00".parse().expect("a valid time");
    first.after_seconds(f64::from(run) * 3_600.0)
}

fn entries(suite: &Suite, run: u32, commit: String) -> Vec<Entry> {
    let session_h = session_h(run);
    let session =
        Session { session_h: session_h.clone(), run_date: start(run), scm_id: commit, description: Vec::new() };
    let mut entries =
        vec![Entry::Session { session, lockfile: None }, machine(), Entry::Process(process(&session_h, run))];
    for (number, test) in suite.tests.iter().enumerate() {
        if let Some(wall) = value(&test.wall, run) {
            entries.push(finished(&session_h, run, (number, &test.binary), wall, value(&test.cpu, run)));
        }
    }
    entries
}

fn machine() -> Entry {
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
        system_info: "Linux".into(),
        python_info: "rustc".into(),
    };
    let class = ContextClass {
        env_h: "env".into(),
        class_h: "class".into(),
        rustc: "rustc".into(),
        profile: "dev".into(),
        opt_level: "0".into(),
        target: "x86_64".into(),
    };
    Entry::Context { context, class }
}

fn process(session_h: &str, run: u32) -> Process {
    Process {
        process_h: format!("process of {session_h}"),
        session_h: session_h.to_owned(),
        env_h: Some("env".into()),
        machine_key: "machine".into(),
        host: "builder".into(),
        boot_id: "boot".into(),
        pid: 1,
        pid_started: 1,
        leader_pid: None,
        leader_started: None,
        scopes: "function".into(),
        started_at: start(run),
        clock_cost_ns: None,
        scope_cost_ns: None,
        allocation_cost_ns: None,
        clock_offset_us: None,
    }
}

/// A test that took so long, and whose heap never changes.
fn finished(session_h: &str, run: u32, (number, binary): (usize, &str), wall: f64, cpu: Option<f64>) -> Entry {
    let item_start_time = start(run).after_micros(number as i64 * 10);
    let name = format!("t{number}");
    let key = ProfileKey {
        session_h: session_h.to_owned(),
        item_path: "bench".into(),
        item_variant: name.clone(),
        item_start_time,
        process_h: format!("process of {session_h}"),
    };
    let measures =
        Measures { heap_peak_bytes: Some(4096), allocations: Some(64), threads: Some(1), ..Measures::default() };
    let profile = Profile {
        key,
        package: "suite".into(),
        binary: binary.to_owned(),
        attempt: 1,
        outcome: Ended::Passed,
        attribution: Some(Attribution::Threads),
        mem_source: Some(MemSource::Heap),
        measures,
    };
    let metric = Row {
        session_h: session_h.to_owned(),
        env_h: "env".into(),
        item_start_time,
        item_path: "bench".into(),
        item: name.clone(),
        item_variant: name,
        item_fs_loc: "src/lib.rs".into(),
        kind: Kind::Function,
        component: "suite".into(),
        wall_seconds: Some(wall),
        user_seconds: cpu,
        kernel_seconds: cpu.map(|_| 0.0),
        cpu_usage: None,
        memory_mib: Some(0.004),
    };
    Entry::Finished { metric, profile }
}

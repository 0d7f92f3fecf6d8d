//! A thousand gates over counted sessions of unchanged code, and one over a change of half a percent.
#![forbid(unsafe_code)]

use std::collections::HashMap;

use monitor_report::ReportError;
use monitor_report::gate::{Decision, Gate};
use monitor_report::repository::NoRepository;
use monitor_report::source::{Records, Source};
use monitor_store::{Figure, Figures, Monitor, Session, SessionDetails, Test, TestId, Timestamp};
use monitor_tests::{Project, manifest, run, valgrind_is_there};

const LIB: &str = include_str!("fixtures/counted.rs");

/// Sessions of a file in an order of their own, each as if it were of another commit.
struct Drawn<'a> {
    file: &'a Monitor,
    /// Newest first.
    sessions: Vec<Session>,
}

impl<'a> Drawn<'a> {
    /// Oldest first.
    fn new(file: &'a Monitor, order: &[&Session]) -> Self {
        let session = |(at, session): (usize, &&Session)| Session {
            run_date: format!("2026-01-{:02}T00:00:00.000000", at + 1).parse().expect("a time"),
            scm_id: format!("{at:040}"),
            ..(*session).clone()
        };
        Self { file, sessions: order.iter().enumerate().map(session).rev().collect() }
    }

    fn gate(&self) -> Decision {
        let gate = Gate::new("last:20", self.sessions[0].session_h.clone());
        let records = Records { source: self, repository: &NoRepository };
        gate.check(records, Timestamp::now()).expect("the head is there").decision()
    }
}

impl Source for Drawn<'_> {
    fn sessions(&self) -> Result<Vec<Session>, ReportError> {
        Ok(self.sessions.clone())
    }

    fn newest(&self, count: usize) -> Result<Vec<Session>, ReportError> {
        Ok(self.sessions.iter().take(count).cloned().collect())
    }

    fn of_commit(&self, commit: &str, count: usize) -> Result<Vec<Session>, ReportError> {
        Ok(self.sessions.iter().filter(|session| session.scm_id == commit).take(count).cloned().collect())
    }

    fn details(&self, session_h: &str) -> Result<Option<SessionDetails>, ReportError> {
        Source::details(self.file, session_h)
    }

    fn classes(&self) -> Result<HashMap<String, Option<String>>, ReportError> {
        Source::classes(self.file)
    }

    fn tests(&self, session_h: &str) -> Result<Vec<Test>, ReportError> {
        Source::tests(self.file, session_h)
    }

    fn figures(&self, sessions: &[&str], figures: &[Figure]) -> Result<Figures, ReportError> {
        Source::figures(self.file, sessions, figures)
    }

    fn test_ids(&self, session_h: &str) -> Result<Vec<TestId>, ReportError> {
        Source::test_ids(self.file, session_h)
    }

    fn known_tests(&self) -> Result<Vec<TestId>, ReportError> {
        Source::known_tests(self.file)
    }

    fn history(&self, test: &TestId) -> Result<Vec<Test>, ReportError> {
        let known = Source::history(self.file, test)?;
        let of = |session: &Session| {
            let session_h = session.session_h.clone();
            known.iter().filter(move |test| test.session_h() == session_h).cloned()
        };
        Ok(self.sessions.iter().rev().flat_map(of).collect())
    }

    fn lockfile(&self, session_h: &str) -> Result<Option<String>, ReportError> {
        Source::lockfile(self.file, session_h)
    }
}

/// Counts the project's tests so often, built anew before; all sessions go to the file of `to`.
fn count(project: &Project, to: &Project, times: usize) {
    let _ = run(project.cargo(&["clean", "--quiet", "--package", "counted-gates"])).succeeded();
    for _ in 0..times {
        let mut command = project.command(env!("CARGO_BIN_EXE_cargo-monitor"));
        command.args(["test", "--instructions", "--lib", "--", "longest_chain", "words"]);
        let _ = run({
            command.env("MONITOR_DB", to.path(".pymon"));
            command
        })
        .succeeded();
    }
}

#[test]
fn unchanged_code_passes_a_thousand_gates_and_half_a_percent_does_not() {
    if !valgrind_is_there() {
        return;
    }
    let manifest = manifest("counted-gates", "");
    let files = [("Cargo.toml", manifest.as_str()), ("src/lib.rs", LIB)];
    let places = [Project::in_folder("a", &files), Project::in_folder("another-worktree-of-it", &files)];
    // Two builds in each of two places, two runs of each.
    for _ in 0..2 {
        for place in &places {
            count(place, &places[0], 2);
        }
    }
    let planted = LIB.replace("(1..300).map(collatz)", "(1..303).map(collatz)");
    assert_ne!(planted, LIB);
    places[1].write("src/lib.rs", &planted);
    count(&places[1], &places[0], 1);

    let file = Monitor::open(&places[0].path(".pymon")).expect("the file opens");
    let all = Source::sessions(&file).expect("it can be read");
    assert_eq!(all.len(), 9);
    let (changed, unchanged) = all.split_first().expect("there are sessions");

    let mut seed = 1_u64;
    let mut below = |bound: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).expect("31 bits") % bound
    };
    for gate in 0..1_000 {
        let mut left: Vec<&Session> = unchanged.iter().collect();
        let order: Vec<&Session> = (0..2 + below(6)).map(|_| left.swap_remove(below(left.len()))).collect();
        assert_eq!(Drawn::new(&file, &order).gate(), Decision::Passed, "gate {gate}");
    }
    for before in unchanged {
        assert_eq!(Drawn::new(&file, &[before, changed]).gate(), Decision::Regressed, "one run against one");
    }
    let counts = places[0]
        .database()
        .column("select instructions from TESTS where variant = 'longest_chain' order by start_time");
    let numbers: Vec<f64> = counts.iter().map(|count| count.parse().expect("a number")).collect();
    let ratio = numbers[8] / numbers[0];
    assert!((1.002..1.005).contains(&ratio), "at most half a percent was planted, {ratio}");
}

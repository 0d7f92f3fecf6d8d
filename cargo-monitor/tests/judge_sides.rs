//! What is compared with what, through files and the command: exact metrics, N against N, lineage, `calibrate`.
#![forbid(unsafe_code)]

mod common;

use common::Fixture;
use common::suite::{Cost, Run, noise, session_h};
use monitor_analysis::metric::Metric;
use monitor_analysis::verdict::Verdict;
use monitor_report::gate::{Doubt, Pairs, again};
use monitor_report::measure;
use monitor_store::{Attribution, Kind, Monitor, Outcome, TestId};
use monitor_tests::repository;
use serde_json::Value;

const EXACT: &[&str] = &["--metric", "heap-peak", "--metric", "allocations"];

fn allocating(number: u32, allocations: &[u64]) -> Run {
    let cost = |(test, &count): (usize, &u64)| Cost::of(&format!("test_{test}"), 0.1).heap(count * 1024, count);
    Run::of(number, allocations.iter().enumerate().map(cost).collect())
}

fn gate(fixture: &Fixture, args: &[&str]) -> (i32, Value) {
    let run = fixture.run(&[&["gate", "--format", "json"], args].concat());
    let found =
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", run.stdout, run.stderr));
    (run.code.expect("an exit code"), found)
}

fn gate_exact(runs: &[Run]) -> (i32, Value) {
    gate(&Fixture::of_runs(runs), &[&["--baseline", "last:50"], EXACT].concat())
}

#[test]
fn one_more_allocation_is_found_after_changes_of_the_code_too() {
    let mut runs: Vec<Run> = (1..=20).map(|number| allocating(number, &[1000])).collect();
    assert_eq!(gate_exact(&runs).0, 0);
    runs[17] = allocating(18, &[1003]);
    runs[18] = allocating(19, &[1007]);
    runs[19] = allocating(20, &[1008]);
    let (code, found) = gate_exact(&runs);
    assert_eq!(code, 5, "two changes within five runs: {found:#}");
}

#[test]
fn a_commit_that_disagrees_with_itself_is_not_exact() {
    let mut runs: Vec<Run> = (1..=20).map(|number| allocating(number, &[19])).collect();
    // The same commit twice: 19 and 20 allocations. A hash map's seed.
    runs[9] = allocating(10, &[20]);
    runs[9].commit = runs[8].commit.clone();
    runs[19] = allocating(20, &[20]);
    let (code, found) = gate_exact(&runs);
    assert_eq!(code, 0, "{found:#}");

    // The head's commit ran twice, and was as before once.
    let mut runs: Vec<Run> = (1..=21).map(|number| allocating(number, &[19])).collect();
    runs[20] = allocating(21, &[20]);
    runs[20].commit = runs[19].commit.clone();
    assert_eq!(gate_exact(&runs).0, 0);
}

#[test]
fn thirty_sessions_of_one_commit_with_random_seeds_pass_each() {
    let fixture = Fixture::empty();
    for number in 1..=30 {
        let count = if [9, 21, 24].contains(&number) { 2 } else { 1 };
        let mut run = allocating(number, &[count, 1]);
        run.commit = "the same".into();
        fixture.add_runs(&[run]);
        if number > 1 {
            let (code, found) = gate(&fixture, &[&["--baseline", "last:20"], EXACT].concat());
            assert_ne!(code, 5, "session {number}: {found:#}");
        }
    }
}

#[test]
fn a_first_use_that_moved_is_named_and_blamed_on_nobody() {
    let mut runs: Vec<Run> = (1..=12).map(|number| allocating(number, &[5, 7, 5])).collect();
    runs[11] = allocating(12, &[7, 5, 5]);
    let (code, found) = gate_exact(&runs);
    assert_eq!(code, 0, "{found:#}");
    let compared = Fixture::of_runs(&runs).run(&["compare", "latest~1", "--all", "--format", "json"]).succeeded();
    assert!(
        ["paid for it before", "pays for it now"]
            .iter()
            .all(|words| compared.stdout.contains(&format!("first use: another test of the binary {words}"))),
        "{}",
        compared.stdout
    );
    runs[11] = allocating(12, &[7, 7, 5]);
    assert_eq!(gate_exact(&runs).0, 5, "nobody has less");
}

/// Eight recorded runs of one commit: whichever of two tests comes first makes a table of 4 MiB.
#[test]
fn a_lazy_static_on_unchanged_code() {
    let fixture = Fixture::empty();
    std::fs::copy(repository().join("cargo-monitor/tests/fixtures/lazy-first.pymon"), fixture.file()).expect("a copy");
    let args = [&["--baseline", "last:5", "--head", "latest~2"], EXACT].concat();
    let (code, found) = gate(&fixture, &args);
    assert_eq!(code, 0, "{found:#}");
}

/// `count` sessions of one commit, taken in turns with another's.
fn repeated(commit: &str, first: u32, count: u32, tests: u32, factor: f64) -> Vec<Run> {
    let cost = |run: u32, test: u32| {
        let slower = if test == 0 { factor } else { 1.0 };
        Cost::of(&format!("test_{test:04}"), 0.2 * slower * noise(u64::from(run) * 31 + u64::from(test) * 7919).exp())
    };
    let run =
        |number| Run { commit: commit.into(), ..Run::of(number, (0..tests).map(|test| cost(number, test)).collect()) };
    (0..count).map(|turn| run(first + 2 * turn)).collect()
}

#[test]
fn n_against_n_holds_its_promise_for_the_whole() {
    let wall: &[&str] = &["--baseline", "commit:aaaa", "--head", "commit:bbbb", "--metric", "wall-time"];
    for tests in [200, 1000] {
        let runs = [repeated("aaaa", 1, 4, tests, 1.0), repeated("bbbb", 2, 4, tests, 1.0)].concat();
        let (code, found) = gate(&Fixture::of_runs(&runs), wall);
        assert_eq!(code, 0, "{tests} tests of unchanged code: {}", found);
    }
    let runs = [repeated("aaaa", 1, 10, 100, 1.0), repeated("bbbb", 2, 10, 100, 1.1)].concat();
    let (code, found) = gate(&Fixture::of_runs(&runs), wall);
    assert_eq!((code, found["regressed"][0]["test"].as_str()), (5, Some("demo::tests::test_0000")), "{found:#}");
    assert_eq!(found["gate"]["regressed"], 1);
}

#[test]
fn unknown_commits_are_not_one_commit() {
    let mut runs = [repeated("", 1, 5, 3, 1.0), repeated("", 20, 5, 3, 3.0)].concat();
    for run in &mut runs[..5] {
        run.branch = "before";
    }
    let args = ["--baseline", "branch:before", "--head", "branch:main", "--metric", "wall-time"];
    let (code, found) = gate(&Fixture::of_runs(&runs), &args);
    assert_eq!(code, 5, "{found:#}");
    assert!(found["regressed"][0]["ratio_low"].is_null(), "not N against N: {found:#}");
}

/// A test that keeps less than nothing has freed what another made.
#[test]
fn negative_values_have_no_ratio_and_do_not_come_from_nothing() {
    let fixture = Fixture::of_runs(&(1..=9).map(|number| allocating(number, &[10])).collect::<Vec<_>>());
    let newest = "(SELECT max(ID) FROM RUNS)";
    monitor_tests::Database::open(&fixture.file())
        .execute(&format!("UPDATE RUNS SET HEAP_RETAINED = CASE ID WHEN {newest} THEN -8192 ELSE -4096 END"));
    let compare = ["compare", "latest~1", "--metric", "heap-retained", "--all"];
    let told = fixture.run(&compare).succeeded().stdout;
    assert!(told.contains("-4.00 KiB") && told.contains("-8.00 KiB") && !told.contains("from nothing"), "{told}");
    let found = fixture.run(&[&compare[..], &["--format", "json"]].concat()).succeeded().stdout;
    let found: Value = serde_json::from_str(&found).expect("JSON");
    assert!(found["changes"][0]["ratio"].is_null() && found["changes"][0]["after"] == -8192.0, "{found:#}");
}

/// A step masks itself where noise is taken from all values.
#[test]
fn a_step_of_many_sigmas_in_few_runs_is_in_the_history() {
    for (runs, step) in [(12, 1.15), (20, 1.1)] {
        let run = |number: u32| {
            let factor = if number > runs / 2 { step } else { 1.0 };
            // Half of two percent.
            let value = |test: u32| factor * (0.5 * noise(u64::from(number) * 1_009 + u64::from(test) * 31)).exp();
            Run::of(number, (0..10).map(|test| Cost::of(&format!("test_{test}"), 0.2 * value(test))).collect())
        };
        let fixture = Fixture::of_runs(&(1..=runs).map(run).collect::<Vec<_>>());
        for test in 0..10 {
            let name = format!("test_{test}");
            let args = ["history", &name, "--metric", "wall-time", "--format", "json"];
            let found: Value = serde_json::from_str(&fixture.run(&args).succeeded().stdout).expect("JSON");
            assert_eq!(found["changes"].as_array().map(Vec::len), Some(1), "{runs} runs, {name}: {found:#}");
        }
    }
}

#[test]
fn a_session_of_the_future_is_not_the_latest() {
    let mut runs: Vec<Run> = (1..=8).map(|number| allocating(number, &[10])).collect();
    runs.push(Run { hour: 24 * 365 * 80, ..allocating(9, &[99]) });
    let shown = Fixture::of_runs(&runs).run(&["show", "latest", "--format", "json"]).succeeded();
    assert!(!shown.stdout.contains("99"), "{}", shown.stdout);
}

/// In a repository, the base of a branch is what it comes from.
#[test]
fn a_branch_is_compared_with_what_it_forked_from() {
    let fixture = Fixture::empty();
    let git = |args: &[&str]| fixture.git(args);
    git(&["init", "--quiet", "--initial-branch", "main"]);
    let commit = || commit(&fixture);
    // Six commits of main, then main gets twice as heavy, and the branch comes from before that.
    let mut runs: Vec<Run> = (1..=6).map(|number| Run { commit: commit(), ..allocating(number, &[10]) }).collect();
    git(&["checkout", "--quiet", "-b", "feature"]);
    let branch = commit();
    git(&["checkout", "--quiet", "main"]);
    runs.extend((7..=12).map(|number| Run { commit: commit(), ..allocating(number, &[20]) }));
    runs.push(Run { commit: branch, branch: "feature", ..allocating(13, &[20]) });
    fixture.add_runs(&runs);
    let (code, found) = gate(&fixture, &["--baseline", "branch:main", "--metric", "allocations"]);
    assert_eq!(code, 5, "twice as much as where it forked: {found:#}");
}

/// A new commit of the repository in the folder.
fn commit(fixture: &Fixture) -> String {
    fixture.git(&["commit", "--quiet", "--allow-empty", "--message", "x"]);
    fixture.git(&["rev-parse", "HEAD"])
}

/// The base is what the head comes from, by whatever name and however often it was measured.
#[test]
fn a_base_is_found_by_every_name_that_the_book_gives() {
    let fixture = Fixture::empty();
    fixture.git(&["init", "--quiet", "--initial-branch", "main"]);
    let mut runs: Vec<Run> =
        (1..=9).map(|number| Run { commit: commit(&fixture), ..allocating(number, &[10]) }).collect();
    fixture.git(&["tag", "v1.0", &runs[5].commit]);
    fixture.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    // The eighth commit was measured three times.
    let again = (10..=11).map(|number| Run { commit: runs[7].commit.clone(), ..allocating(number, &[10]) });
    runs.splice(8..8, again.collect::<Vec<_>>());
    for (hour, run) in (1..).zip(&mut runs) {
        run.hour = hour;
    }
    let newest = runs.len() - 1;
    for (factor, expected) in [(1, 0), (2, 5)] {
        runs[newest] = Run { commit: runs[newest].commit.clone(), hour: 11, ..allocating(9, &[10 * factor]) };
        fixture.add_runs(&runs);
        let measured = |base: &str| gate(&fixture, &["--baseline", base, "--metric", "allocations"]);
        for base in ["HEAD~1", "origin/main", "main", &format!("commit:{}", runs[7].commit), "v1.0", "v1.0.."] {
            let (code, found) = measured(base);
            assert_eq!(code, expected, "{base}: {found:#}");
        }
        // All that came after: the median of five runs.
        let (code, found) = measured("v1.0..main");
        let head = found["gate"]["head"].as_str().unwrap_or_default();
        assert!(code == 0 && head.ends_with("and 4 before it"), "{found:#}");
        std::fs::remove_file(fixture.file()).expect("the file was there");
    }
}

#[test]
fn calibrate_counts_what_the_gate_does() {
    let mut runs: Vec<Run> = (1..=40)
        .map(|number| {
            let cost = |test: u32| {
                Cost::of(&format!("test_{test}"), 0.2 * noise(u64::from(number) * 97 + u64::from(test) * 13).exp())
            };
            Run::of(number, (0..10).map(cost).collect())
        })
        .collect();
    for at in [25, 33] {
        runs[at].costs[2].wall *= 4.0;
    }
    runs[37].costs[5] = runs[37].costs[5].clone().heap(9999, 64);
    let fixture = Fixture::of_runs(&runs);
    let failed = (0..30).filter(|back| {
        let head = format!("latest~{back}");
        gate(&fixture, &["--baseline", "last:100", "--head", &head]).0 == 5
    });
    let failed = failed.count();
    assert!(failed >= 2, "{failed}");
    let run = fixture.run(&["calibrate", "--runs", "30", "--format", "json"]).succeeded();
    let calibrated: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(calibrated["calibration"]["gates_failed"].as_u64(), Some(failed as u64), "{calibrated:#}");
}

/// What a judge reads is what whole rows say: retried tests, failed ones, other machines, tests without an allocator.
#[test]
fn numbers_alone_say_what_whole_rows_say() {
    let mut runs: Vec<Run> = (1..=3).map(|number| allocating(number, &[64, 65, 66])).collect();
    runs[1].class = "another";
    runs[1].costs[0].outcome = Outcome::Failed;
    runs[1].costs[1] = Cost { heap_peak: None, allocations: None, threads: 7, ..runs[1].costs[1].clone() };
    let again = Cost { wall: 9.0, attribution: Attribution::Process, ..runs[2].costs[2].clone() };
    runs[2].costs.push(again);
    let monitor = Monitor::open(&Fixture::of_runs(&runs).file()).expect("a file");
    let metrics: Vec<_> = measure::METRICS.clone();
    let (figures, factors): (Vec<_>, Vec<_>) = metrics.iter().map(|metric| measure::figure(*metric)).unzip();
    let sessions: Vec<String> = runs.iter().map(|run| session_h(run.hour)).collect();
    let found = monitor.figures(&sessions, &figures).expect("figures");
    for (session, of_session) in sessions.iter().zip(&found.sessions) {
        let rows = monitor.tests(session).expect("rows");
        let functions: Vec<_> = rows.iter().filter(|test| test.kind() == Kind::Function).collect();
        let names: std::collections::BTreeSet<_> = functions.iter().map(|test| test.id()).collect();
        assert_eq!(of_session.runs.len(), names.len());
        for (run, values) in of_session.runs.iter().zip(of_session.values.chunks(figures.len())) {
            let id = &found.tests[run.test as usize];
            let last = functions.iter().rfind(|test| test.id() == *id).expect("the test");
            assert_eq!(Some(found.machines[run.machine as usize].as_str()), measure::machine(last));
            assert_eq!(run.passed, measure::passed(last));
            assert_eq!(run.single_threaded, measure::is_single_threaded(last));
            assert_eq!(run.whole_process, measure::attribution(last) == Some(Attribution::Process));
            for ((metric, value), factor) in metrics.iter().zip(values).zip(&factors) {
                let value = Some(value * factor).filter(|value| !value.is_nan());
                assert_eq!(value, measure::value(last, *metric), "{id:?} {metric}");
            }
        }
    }
}

#[test]
fn calibrate_raises_no_values_that_are_zero() {
    let cost = |run: u32, test: u32| {
        let wall = if test.is_multiple_of(2) { 0.2 * noise(u64::from(run * 7 + test)).exp() } else { 0.0 };
        Cost::of(&format!("test_{test}"), wall)
    };
    let runs: Vec<Run> = (1..=40).map(|run| Run::of(run, (0..4).map(|test| cost(run, test)).collect())).collect();
    let fixture = Fixture::of_runs(&runs);
    let run = fixture.run(&["calibrate", "--runs", "10", "--metric", "wall-time", "--format", "json"]).succeeded();
    let calibrated: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(calibrated["metrics"][0]["suspected_at_100_percent"], "100 %", "{calibrated:#}");
}

/// Six pairs decide on a doubling in one test: of 100 planted ones 99 are confirmed, of 200 unchanged ones 199 are cleared.
#[test]
fn a_second_measurement_is_right() {
    const PAIRS: u32 = 6;
    for (family, spikes) in [("normal noise of 2 %", false), ("one value in twenty is half as large again", true)] {
        let value = |run: u32, test: u32| {
            let seed = u64::from(run) * 100_003 + u64::from(test);
            let spike = if spikes && seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 < (u64::from(u32::MAX) / 20) {
                1.5
            } else {
                1.0
            };
            let factor = if run > PAIRS && test < 100 { 2.0 } else { 1.0 };
            Cost::of(&format!("test_{test:03}"), 0.2 * factor * spike * noise(seed).exp())
        };
        let runs: Vec<Run> =
            (1..=2 * PAIRS).map(|run| Run::of(run, (0..300).map(|test| value(run, test)).collect())).collect();
        let monitor = Monitor::open(&Fixture::of_runs(&runs).file()).expect("a file");
        let side = |runs: &[Run]| {
            let session = |run: &Run| monitor.session(&session_h(run.hour)).expect("a file").expect("a session");
            runs.iter().rev().map(session).collect::<Vec<_>>()
        };
        let (mut confirmed, mut blamed) = (0, 0);
        let ids = monitor.test_ids(&session_h(1)).expect("tests");
        let is_planted = |variant: &str| variant < "test_100";
        // Ten suspects at a time, some right and some wrong.
        for group in 0..30 {
            let (base, head) = runs.split_at(PAIRS as usize);
            let pairs = Pairs { base: side(base), head: side(head) };
            let doubt = |id: &TestId| Doubt { test: id.clone(), metric: Metric::WallTime, beside: None, ratio: 2.0 };
            let doubts: Vec<_> = ids.iter().skip(group).step_by(30).map(doubt).collect();
            let found = again(&monitor, pairs, &doubts, &|_, _| None).expect("verdicts");
            assert_eq!(found.decided.len() + found.open.len(), doubts.len());
            for finding in found.decided.iter().filter(|finding| finding.verdict() == Verdict::Regressed) {
                *(if is_planted(&finding.test.variant) { &mut confirmed } else { &mut blamed }) += 1;
            }
        }
        println!("{family}: {confirmed} of 100 doublings confirmed, {blamed} of 200 unchanged ones blamed");
        assert!(confirmed >= 99 && blamed <= 1, "{family}: {confirmed} of 100 confirmed, {blamed} of 200 blamed");
    }
}

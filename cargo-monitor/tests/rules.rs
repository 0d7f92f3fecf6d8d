//! What a user says beside the names of sessions: git's names, rules for everybody, accepted changes, where results go.
#![forbid(unsafe_code)]

mod common;

use std::fs;

use common::Fixture;
use common::suite::{Cost, Run, noise};
use serde_json::Value;

/// Sessions of ten commits in a row of a repository; the last two need 128 instead of 64 allocations.
struct Repository {
    fixture: Fixture,
    commits: Vec<String>,
}

const STEP: usize = 8;

impl Repository {
    fn new() -> Self {
        let fixture = Fixture::empty();
        fixture.git(&["init", "--quiet", "--initial-branch=trunk"]);
        let mut commits = Vec::new();
        for number in 0..10 {
            fixture.git(&["commit", "--quiet", "--allow-empty", "--message", &format!("number {number}")]);
            commits.push(fixture.git(&["rev-parse", "HEAD"]));
        }
        fixture.git(&["tag", "v1.0", &commits[STEP - 1]]);
        let runs: Vec<Run> = commits.iter().zip(1..).map(|(commit, number)| run(commit, number)).collect();
        fixture.add_runs(&runs);
        Self { fixture, commits }
    }

    fn gate(&self, args: &[&str]) -> (i32, Value) {
        let run = self.fixture.run(&[&["gate", "--format", "json"], args].concat());
        let found =
            serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", run.stdout, run.stderr));
        (run.code.expect("an exit code"), found)
    }
}

fn run(commit: &str, number: u32) -> Run {
    let allocations = if number > STEP as u32 { 128 } else { 64 };
    let cost = |test: u32| {
        let wall = 0.2 * noise(u64::from(number) * 101 + u64::from(test)).exp();
        let cost = Cost::of(&format!("test_{test}"), wall);
        if test == 0 { cost.heap(4096, allocations) } else { cost }
    };
    Run { commit: commit.to_owned(), ..Run::of(number, (0..4).map(cost).collect()) }
}

#[test]
fn sides_are_named_as_git_names_them() {
    let repository = Repository::new();
    let head = |args: &[&str]| {
        let run = repository.fixture.run(&[&["compare", "--format", "json"], args].concat()).succeeded();
        let found: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let side = |key: &str| found["comparison"][key].as_str().expect("a side").to_owned();
        (side("base"), side("head"))
    };
    let of = |number: usize| format!("commit {}", &repository.commits[number][..10]);
    for (args, base, newest) in [
        (&["HEAD~3"][..], 6, 9),
        (&["v1.0"], STEP - 1, 9),
        (&["v1.0.."], STEP - 1, 9),
        (&["HEAD~4..HEAD~1"], 5, 8),
        (&["HEAD^", "HEAD"], 8, 9),
    ] {
        let (found_base, found_head) = head(args);
        assert!(found_base.contains(&of(base)), "{args:?}: {found_base}");
        assert!(found_head.contains(&of(newest)), "{args:?}: {found_head}");
    }
    // A commit that was not measured stands for the nearest before it that was.
    repository.fixture.git(&["commit", "--quiet", "--allow-empty", "--message", "docs"]);
    assert!(head(&["v1.0", "HEAD"]).1.contains(&of(9)));
    let unknown = repository.fixture.run(&["compare", "v9.9"]);
    assert_eq!(unknown.code, Some(3), "{}", unknown.stderr);
    let option = repository.fixture.run(&["compare", "--", "--output=x"]);
    assert_eq!(option.code, Some(3), "{}", option.stderr);
}

#[test]
fn rules_for_everybody_stand_in_a_file() {
    let repository = Repository::new();
    let folder = repository.fixture.folder();
    fs::create_dir(folder.join(".config")).expect("a folder");
    let write = |text: &str| fs::write(folder.join(".config/monitor.toml"), text).expect("a file");

    write("[gate]\nbaseline = 'v1.0'\nmetrics = ['allocations']\n");
    assert_eq!(repository.gate(&[]).0, 5);
    write("[gate]\nbaseline = 'v1.0'\nmetrics = ['wall-time']\n");
    assert_eq!(repository.gate(&[]).0, 0, "allocations are not asked for");
    assert_eq!(repository.gate(&["--metric", "allocations"]).0, 5, "options come last");
    write("[gate]\nbaseline = 'v1.0'\nthresholds = ['allocations=off in test_0']\n");
    assert_eq!(repository.gate(&[]).0, 0);
    assert_eq!(repository.gate(&["--threshold", "allocations=10"]).0, 5, "the last that fits counts");
    write(
        "[gate]\nbaseline = 'v1.0'\nwaivers = ['allocations in test_[;] until 2099-12-31', '* in test_0 until 2099-12-31']\n",
    );
    assert_eq!(repository.gate(&[]).0, 0, "a rule of the file may hold a semicolon");

    for (text, told) in [
        ("[gate]\nbase = 'v1.0'\n", "gate.base: unknown key: write baseline, metrics"),
        ("[gate]\nbaseline = 'v1.0'\nthresholds = ['speed=1%']\n", "gate.thresholds: `speed` is not a metric"),
        ("[gate\n", "is not valid TOML"),
    ] {
        write(text);
        let run = repository.fixture.run(&["gate"]);
        assert_eq!(run.code, Some(1), "{text}");
        assert!(run.stderr.contains("monitor.toml") && run.stderr.contains(told), "{text}: {}", run.stderr);
    }

    let manifest = "[workspace]\n[workspace.metadata.monitor.gate]\nbaseline = 'v1.0'\n";
    fs::write(folder.join("Cargo.toml"), manifest).expect("a manifest");
    write("[gate]\n");
    assert!(repository.fixture.run(&["gate"]).stderr.contains("both hold rules: keep one"));
    fs::remove_dir_all(folder.join(".config")).expect("a folder");
    assert_eq!(repository.gate(&[]).0, 5);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let mut command = repository.fixture.command(&["gate", "--manifest-path"]);
    command.arg(folder.join("Cargo.toml")).current_dir(elsewhere.path());
    assert_eq!(monitor_tests::run(command).code, Some(5), "the file, the rules and git are the workspace's");
}

#[test]
fn an_accepted_change_begins_a_new_level() {
    let repository = Repository::new();
    let args = ["--baseline", "last:20", "--metric", "allocations"];
    // Before the last session came, whose value is that of the one before.
    repository.fixture.git(&["checkout", "--quiet", "--detach", "HEAD~1"]);
    let head = repository.commits[STEP].clone();
    let at_step = [&args[..], &["--head", &head]].concat();
    assert_eq!(repository.gate(&at_step).0, 5);
    let regressed = || {
        let compared = repository.fixture.run(&["compare", &repository.commits[STEP - 1], &head, "--format", "json"]);
        let compared: Value = serde_json::from_str(&compared.stdout).expect("JSON");
        let _ = repository.fixture.run(&["report", &head, "--charts", "0"]).succeeded();
        let page = fs::read_to_string(repository.fixture.folder().join("report.html")).expect("a page");
        (compared["comparison"]["regressed"].as_u64(), page.contains("1 test costs more"))
    };
    assert_eq!(regressed(), (Some(1), true));
    let accept = repository.fixture.run(&["accept", "test_0", "--metric", "allocations"]).succeeded();
    assert!(accept.stderr.contains("allocations in demo::tests::test_0 since"), "{}", accept.stderr);
    assert_eq!(regressed(), (Some(0), false));
    let (code, found) = repository.gate(&at_step);
    assert_eq!(code, 0, "the others still pass: {found:#}");
    // What comes after it is judged by the new level: a further step is found, an equal value is none.
    assert_eq!(repository.gate(&args).0, 0);
    let next: Vec<Run> = (11..20).map(|number| run(&format!("{number:08x}bbbb"), number)).collect();
    repository.fixture.add_runs(&next);
    let mut worse = run("cccccccc", 20);
    worse.costs[0] = worse.costs[0].clone().heap(4096, 129);
    repository.fixture.add_runs(&[worse]);
    assert_eq!(repository.gate(&args).0, 5);

    // Whoever asks is told of the level that counts.
    let history = repository.fixture.run(&["history", "test_0", "--metric", "allocations", "--format", "json"]);
    let history: Value = serde_json::from_str(&history.stdout).expect("JSON");
    let accepted: Vec<bool> = history["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .map(|change| change["accepted"].as_bool().expect("a flag"))
        .collect();
    assert_eq!(accepted, [true, false], "{history:#}");

    let rules = fs::read_to_string(repository.fixture.folder().join(".config/monitor.toml")).expect("the rules");
    assert!(rules.contains("[gate]") && rules.contains(&format!("since {head}")), "{rules}");
    let unknown = repository.fixture.run(&["accept", "test_9", "--metric", "allocations"]);
    assert_eq!(unknown.code, Some(3), "{}", unknown.stderr);
    let unknown = repository.fixture.run(&["accept", "test_0", "--metric", "allocations", "nowhere"]);
    assert!(unknown.stderr.contains("git does not know the commit `nowhere`"), "{}", unknown.stderr);
}

#[test]
fn results_go_to_several_places_at_once() {
    let repository = Repository::new();
    let args = ["gate", "--baseline", "v1.0", "--quiet", "--write", "markdown=gate.md", "--write", "json=gate.json"];
    let run = repository.fixture.run(&args);
    assert_eq!(run.code, Some(5));
    assert!(run.stdout.contains("regressed") && run.stderr.is_empty(), "{}", run.stderr);
    let read = |name| fs::read_to_string(repository.fixture.folder().join(name)).expect("a file");
    assert!(read("gate.md").contains("| `demo::tests::test_0` |"), "{}", read("gate.md"));
    let found: Value = serde_json::from_str(&read("gate.json")).expect("JSON");
    assert_eq!(found["regressed"][0]["test"], "demo::tests::test_0");

    let wrong = repository.fixture.run(&["sessions", "--write", "gate.md"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("write FORMAT=FILE"), "{}", wrong.stderr);
}

#[test]
fn what_a_command_cannot_do_is_told_with_what_can() {
    let repository = Repository::new();
    let svg = repository.fixture.run(&["plot", "test_0", "--format", "svg"]);
    assert_eq!(svg.code, Some(2));
    assert!(svg.stderr.contains("`plot --output FILE.svg` writes a chart"), "{}", svg.stderr);
    for args in [["report", "--format", "json"], ["report", "--write", "markdown=x.md"]] {
        let refused = repository.fixture.run(&args);
        assert_eq!(refused.code, Some(2), "{args:?}");
        assert!(refused.stderr.contains("a page of HTML"), "{}", refused.stderr);
    }
    assert!(!repository.fixture.folder().join("report.html").exists());
}

#[test]
fn a_slip_in_a_baseline_is_no_lost_one() {
    let repository = Repository::new();
    let slip = repository.fixture.run(&["gate", "--baseline", "mian"]);
    assert_eq!(slip.code, Some(3), "{}", slip.stderr);
    assert!(slip.stderr.contains("did you mean `main`?"), "{}", slip.stderr);
    let (code, found) = repository.gate(&["--baseline", "release-7"]);
    assert_eq!((code, found["gate"]["gate"].as_str()), (6, Some("no baseline")), "{found:#}");
}

#[test]
fn a_rule_names_a_test_with_a_semicolon() {
    let fixture = Fixture::of_runs(&(1..=9).map(semicolon).collect::<Vec<_>>());
    let mut command = fixture.command(&["gate", "--baseline", "last:20", "--metric", "allocations"]);
    assert_eq!(monitor_tests::run(command).code, Some(5));
    command = fixture.command(&["gate", "--baseline", "last:20", "--metric", "allocations"]);
    command.env("MONITOR_GATE_WAIVERS", "allocations in x until 2099-01-01; * in f[\"a;b\"] until 2099-01-01");
    let waived = monitor_tests::run(command);
    assert_eq!(waived.code, Some(0), "{}{}", waived.stdout, waived.stderr);
}

fn semicolon(number: u32) -> Run {
    let cost = Cost::of("f[\"a;b\"]", 0.2).heap(4096, if number == 9 { 65 } else { 64 });
    Run::of(number, vec![cost, Cost::of("other", 0.2)])
}

#[test]
fn repeats_of_one_commit_are_not_compared_with_each_other() {
    let mut runs: Vec<Run> = (1..=6).map(|number| run(&format!("{number:08x}aaaa"), number)).collect();
    runs.extend((7..=9).map(|number| Run { commit: "feedbeef".to_owned(), ..run("", number) }));
    let fixture = Fixture::of_runs(&runs);
    let _ = fixture.run(&["report", "--charts", "0"]).succeeded();
    let page = fs::read_to_string(fixture.folder().join("report.html")).expect("a page");
    assert!(page.contains("commit 00000006aa"), "the base is the last other commit");
    assert!(!page.contains("base</dt><dd>session 0000000800"), "the base is a repeat");
}

#[test]
fn a_machine_for_a_thousand_tests_is_looked_for_to_an_end() {
    let costs = (0..1_000).map(|test| Cost::of(&format!("test_{test}"), 0.05 + f64::from(test % 7) * 0.01)).collect();
    let fixture = Fixture::of_runs(&[Run::of(1, costs)]);
    for (within, cores) in [("100ms", false), ("112ms", false), ("5s", true)] {
        let run = fixture.run(&["capacity", "--within", within, "--format", "json"]).succeeded();
        let found: Value = serde_json::from_str(&run.stdout).expect("JSON");
        assert_eq!(found["capacity"]["cheapest_cores"].is_number(), cores, "{within}: {}", found["capacity"]);
    }
}

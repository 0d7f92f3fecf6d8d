//! Suspects measured again: real builds of two commits, in pairs.
#![forbid(unsafe_code)]

use std::process::Command;

use monitor_tests::{Project, Run, run};
use serde_json::Value;

/// One commit needs an allocation less than the other.
fn lib(allocations: u32) -> String {
    format!(
        "#[cfg(test)]\nmod tests {{\n    #[monitor_runtime::monitored]\n    #[test]\n    fn boxes() {{\n        \
         let kept: Vec<Box<u32>> = (0..{allocations}).map(Box::new).collect();\n        std::hint::black_box(kept);\n    }}\n\n    \
         #[monitor_runtime::monitored]\n    #[test]\n    fn other() {{\n        std::hint::black_box(vec![1_u8; 64]);\n    }}\n}}\n"
    )
}

fn git(project: &Project, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.current_dir(project.root()).args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(args);
    let output = command.output().expect("git runs");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn commit(project: &Project) {
    git(project, &["add", "--all"]);
    git(project, &["commit", "--quiet", "--message", "a state"]);
}

fn monitor(project: &Project, args: &[&str]) -> Run {
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-monitor"));
    command.args(args);
    run(command)
}

#[test]
fn what_is_worse_is_confirmed_and_what_is_not_is_cleared() {
    let project = Project::library("confirm", &lib(8));
    project.write(".gitignore", "/target\n.pymon*\nCargo.lock\n");
    git(&project, &["init", "--quiet", "--initial-branch=main"]);
    commit(&project);
    let _ = monitor(&project, &["test", "--lib", "--repeat", "5"]).succeeded();
    let unchanged = monitor(&project, &["test", "--lib", "--confirm", "4"]);
    assert_eq!(unchanged.code, Some(0), "{}{}", unchanged.stdout, unchanged.stderr);
    project.write("src/lib.rs", &lib(20));
    commit(&project);
    let worse = monitor(&project, &["test", "--lib", "--confirm", "4"]);
    assert_eq!(worse.code, Some(5), "{}{}", worse.stdout, worse.stderr);
    assert!(worse.stdout.contains("Measured again") && worse.stdout.contains("boxes"), "{}", worse.stdout);

    let gate = ["gate", "--baseline", "last:20", "--metric", "allocations", "--format", "json"];
    let once = monitor(&project, &gate);
    assert_eq!(once.code, Some(5), "{}{}", once.stdout, once.stderr);
    // One run before is too little to judge by, but not to suspect.
    let after_one = ["gate", "--baseline", "last:1", "--metric", "allocations"];
    let suspected = monitor(&project, &after_one);
    assert!(suspected.code == Some(6) && suspected.stdout.contains("boxes"), "{}", suspected.stdout);
    let confirmed = monitor(&project, &[&after_one[..], &["--confirm", "4", "--", "--lib"]].concat());
    assert_eq!(confirmed.code, Some(5), "{}{}", confirmed.stdout, confirmed.stderr);
    // A value that this code does not have, as if the machine had made it.
    project
        .database()
        .execute("UPDATE RUNS SET ALLOCATIONS = 500 WHERE ID IN (SELECT max(r.ID) FROM RUNS r JOIN ITEMS i ON i.ID = r.ITEM WHERE i.ITEM = 'other')");
    let twice = monitor(&project, &[&gate[..], &["--confirm", "4", "--", "--lib"]].concat());
    assert_eq!(twice.code, Some(5), "{}{}", twice.stdout, twice.stderr);
    let found: serde_json::Value = serde_json::from_str(&twice.stdout).expect("JSON");
    let tests = |table: &str| {
        let rows = found[table].as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| row["test"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(tests("regressed"), ["confirm::tests::boxes"], "{found:#}");
    assert_eq!(tests("cleared"), ["confirm::tests::other"], "{found:#}");
    assert_eq!(git(&project, &["worktree", "list"]).lines().count(), 1, "the worktree is gone");

    let told = monitor(&project, &["gate", "--baseline", "last:20", "--confirm", "3"]);
    assert_eq!(told.code, Some(2), "{}", told.stderr);
    git(&project, &["checkout", "--quiet", "--detach", "HEAD~1"]);
    let told = monitor(&project, &[&gate[..], &["--confirm", "4"]].concat());
    assert!(told.stderr.contains("is checked out"), "{}", told.stderr);
}

#[test]
fn two_commits_take_turns_and_what_was_accepted_is_told_no_more() {
    let project = Project::library("turns", &lib(8));
    project.write(".gitignore", "/target\n.pymon*\nCargo.lock\n.config\n");
    git(&project, &["init", "--quiet", "--initial-branch=main"]);
    commit(&project);
    project.write("src/lib.rs", &lib(9));
    commit(&project);
    let turns = monitor(&project, &["test", "--lib", "--repeat", "6", "--against", "HEAD~1", "--format", "json"]);
    assert_eq!(turns.code, Some(0), "{}{}", turns.stdout, turns.stderr);
    let told: Value = serde_json::from_str(&turns.stdout).expect("JSON");
    assert_eq!(regressed(&told["changes"]), ["turns::tests::boxes"], "{told:#}");
    let commits = "select SCM_ID from TEST_SESSIONS order by RUN_DATE";
    let commits: Vec<String> = project.database().column(commits);
    let [base, head] = ["HEAD~1", "HEAD"].map(|name| git(&project, &["rev-parse", name]).trim().to_owned());
    let of = |number: usize| if number == 0 { &base } else { &head };
    assert_eq!(commits.iter().collect::<Vec<_>>(), [0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0].map(of));
    assert_eq!(git(&project, &["worktree", "list"]).lines().count(), 1, "the worktree is gone");
    let few = monitor(&project, &["test", "--repeat", "3", "--against", "HEAD~1"]);
    assert!(few.code != Some(0) && few.stderr.contains("--repeat 4"), "{}", few.stderr);

    // Against the history the head's allocation is told after each run, until it is accepted.
    let summary = || {
        let summary = monitor(&project, &["test", "--lib", "--format", "json"]).succeeded();
        serde_json::from_str::<Value>(&summary.stdout).expect("JSON")
    };
    assert_eq!(regressed(&summary()["changes"]), ["turns::tests::boxes"]);
    let _ = monitor(&project, &["accept", "boxes", "--metric", "allocations"]).succeeded();
    assert_eq!(regressed(&summary()["changes"]), [""; 0]);
}

/// A test with ten allocations, or, if told so, with ten and with a thousand in turns.
const SCATTERS: &str = r#"
#[cfg(test)]
mod tests {
    #[monitor_runtime::monitored]
    #[test]
    fn boxes() {
        let runs = std::fs::read("runs").unwrap_or_default().len();
        let scatters = std::env::var_os("SCATTER").is_some();
        if scatters {
            std::fs::write("runs", vec![0_u8; runs + 1]).unwrap();
        }
        let count = if scatters && runs % 2 == 1 { 1000 } else { 10 };
        std::hint::black_box((0..count).map(Box::new).collect::<Vec<Box<u32>>>());
    }
}
"#;

#[test]
fn what_scatters_too_much_is_measured_further() {
    let project = Project::library("scatters", SCATTERS);
    project.write(".gitignore", "/target\n.pymon*\nCargo.lock\nruns\n");
    git(&project, &["init", "--quiet", "--initial-branch=main"]);
    commit(&project);
    let _ = monitor(&project, &["test", "--lib", "--repeat", "6"]).succeeded();
    git(&project, &["commit", "--quiet", "--allow-empty", "--message", "another state"]);
    let _ = monitor(&project, &["test", "--lib"]).succeeded();
    // Four runs a side rule out neither of these factors, eight only the larger one.
    for (factor, code, runs, ends) in [(50, 0, 8, "4 more"), (4, 5, 12, "too much scatters here")] {
        project.database().execute(&format!(
            "UPDATE RUNS SET ALLOCATIONS = {factor} * (SELECT min(ALLOCATIONS) FROM RUNS) WHERE ID = (SELECT max(ID) FROM RUNS)"
        ));
        let mut command = project.command(env!("CARGO_BIN_EXE_cargo-monitor"));
        command.args(["gate", "--baseline", "last:20", "--metric", "allocations", "--confirm", "4", "--", "--lib"]);
        command.env("SCATTER", "1");
        let gate = run(command);
        assert_eq!(gate.code, Some(code), "{factor}: {}{}", gate.stdout, gate.stderr);
        assert!(gate.stderr.contains("still in doubt after 4 runs") && gate.stderr.contains(ends), "{}", gate.stderr);
        let counted = project.root().join("runs");
        assert_eq!(std::fs::read(&counted).expect("the head ran").len(), runs, "{}", gate.stderr);
        std::fs::remove_file(counted).expect("it can be removed");
    }
}

/// The tests whose allocations have regressed, in a table of changes.
fn regressed(changes: &Value) -> Vec<&str> {
    let rows = changes.as_array().map_or(&[][..], Vec::as_slice);
    let is_one = |row: &&Value| row["metric"] == "allocations" && row["verdict"] == "regressed";
    rows.iter().filter(is_one).filter_map(|row| row["test"].as_str()).collect()
}

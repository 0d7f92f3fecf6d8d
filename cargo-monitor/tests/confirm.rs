//! Suspects measured again: real builds of two commits, in pairs.
#![forbid(unsafe_code)]

use std::process::Command;

use monitor_tests::{Project, Run, run};

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
    project.write("src/lib.rs", &lib(9));
    commit(&project);
    let worse = monitor(&project, &["test", "--lib", "--confirm", "4"]);
    assert_eq!(worse.code, Some(5), "{}{}", worse.stdout, worse.stderr);
    assert!(worse.stdout.contains("Measured again") && worse.stdout.contains("boxes"), "{}", worse.stdout);

    let gate = ["gate", "--baseline", "last:20", "--metric", "allocations", "--format", "json"];
    let once = monitor(&project, &gate);
    assert_eq!(once.code, Some(5), "{}{}", once.stdout, once.stderr);
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

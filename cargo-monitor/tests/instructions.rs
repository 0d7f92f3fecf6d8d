//! `cargo monitor test --instructions`, `explain` and `bisect` on a real project, by the real valgrind.
#![forbid(unsafe_code)]

use std::process::Command;

use monitor_tests::{Project, Run, manifest, run, skipped};

const LIB: &str = include_str!("fixtures/counted.rs");

/// Tests that use the clock for nothing and run on one thread. What panics prints its thread's number, of any digits.
const STEADY: &str = "('longest_chain', 'words')";

/// Whether instructions can be counted here; says so if not.
fn valgrind_is_there() -> bool {
    let is_there = Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success());
    if !is_there {
        skipped("no valgrind on this machine, so instructions are not counted");
    }
    is_there
}

fn project(name: &str) -> Project {
    // Costs are told by line, and the project's own code is compiled as users do it.
    let manifest = manifest(name, "") + "[profile.dev]\ndebug = \"line-tables-only\"\n";
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/lib.rs", LIB), (".gitignore", "target\n.pymon*\n")]);
    git(&project, &["init", "--quiet"]);
    commit(&project, "the first");
    project
}

fn git(project: &Project, arguments: &[&str]) -> String {
    let mut command = project.command("git");
    command.args(["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]).args(arguments);
    let output = command.output().expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn commit(project: &Project, message: &str) -> String {
    git(project, &["add", "--all"]);
    git(project, &["commit", "--quiet", "--allow-empty", "--message", message]);
    git(project, &["rev-parse", "HEAD"])
}

fn monitor(project: &Project, arguments: &[&str]) -> Run {
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-monitor"));
    command.args(arguments);
    run(command)
}

fn rows(project: &Project, sql: &str) -> Vec<String> {
    project.database().rows(sql).into_iter().map(|row| row.join(" ")).collect()
}

/// Collatz with some more work in each sixteenth step.
fn planted() -> String {
    let planted = LIB.replace("        steps += 1;\n", "        steps += 1;\n        extra(steps);\n");
    planted
        + "\n#[inline(never)]\nfn extra(steps: u32) {\n    if steps % 16 == 0 {\n        std::hint::black_box(steps.checked_mul(3));\n    }\n}\n"
}

#[test]
fn counts_repeat_and_a_change_is_found_and_explained() {
    if !valgrind_is_there() {
        return;
    }
    let project = project("instructions");
    let arguments = ["test", "--instructions", "--lib", "--", "--skip", "too_many"];
    let first = monitor(&project, &arguments).succeeded();
    assert!(first.stderr.contains("4 tests counted in"), "the slowdown is told: {}", first.stderr);
    let _ = monitor(&project, &arguments).succeeded();

    assert_eq!(rows(&project, "select count(*) from TESTS where variant = 'without'"), ["0"]);
    let known = "select count(*) from TESTS where instructions > 0 and outcome = 'passed' and attribution = 'process'";
    assert_eq!(rows(&project, known), ["8"]);
    let with_clock =
        "select count(*) from TESTS where coalesce(wall_seconds, user_seconds, cpu_usage, memory_mib) is not null";
    assert_eq!(rows(&project, with_clock), ["0"], "what valgrind takes is no cost of the test");
    let differing = format!(
        "select variant, group_concat(instructions) from TESTS where variant in {STEADY} group by 1 having count(distinct instructions) > 1"
    );
    assert_eq!(rows(&project, &differing), [] as [&str; 0]);
    let spread = "select max(instructions) <= 1.01 * min(instructions) from TESTS \
                  where variant in ('two_threads', 'panics') group by variant";
    assert_eq!(rows(&project, spread), ["1", "1"]);
    let per_step = "select instructions between 100000 and 2000000 from TESTS where variant = 'longest_chain' limit 1";
    assert_eq!(rows(&project, per_step), ["1"], "14,000 steps of some instructions");
    let dearest = "select NAME from COSTS c join COST_FUNCTIONS f on f.ID = c.FUNCTION \
                   join RUNS r on r.PROCESS = c.PROCESS join ITEMS i on i.ID = r.ITEM \
                   where i.ITEM = 'longest_chain' order by SELF desc limit 1";
    assert_eq!(rows(&project, dearest), ["instructions::collatz"]);

    let same = monitor(&project, &["gate", "--baseline", "latest~1"]);
    assert_eq!(same.code, Some(0), "{}\n{}", same.stdout, same.stderr);

    let base = git(&project, &["rev-parse", "HEAD"]);
    project.write("src/lib.rs", &planted());
    let head = commit(&project, "more work");
    let _ = monitor(&project, &["test", "--instructions", "--lib", "--", "longest_chain", "words"]).succeeded();
    let changed = monitor(&project, &["compare", "latest~1", "latest", "--format", "json"]).succeeded();
    assert!(changed.stdout.contains("\"regressed\"") && changed.stdout.contains("longest_chain"), "{}", changed.stdout);

    let explained = monitor(&project, &["explain", "longest_chain", &base, &head, "--format", "json"]).succeeded();
    let functions = explained.stdout.split("\"functions\"").nth(1).expect("functions are listed");
    let first = functions.split("\"function\"").nth(1).expect("one changed");
    assert!(first.contains("instructions::collatz") || first.contains("instructions::extra"), "{}", explained.stdout);

    // The file knows only 99 % of the costs and no lines.
    let built =
        monitor(&project, &["explain", "longest_chain", &base, &head, "--build", "--format", "json"]).succeeded();
    let functions = built.stdout.split("\"functions\"").nth(1).expect("functions are listed");
    let first = functions.split("\"function\"").nth(1).expect("one changed");
    assert!(first.contains("instructions::collatz"), "with what it calls: {}", built.stdout);
    assert!(functions.contains("extra"), "{}", built.stdout);
    assert_eq!(git(&project, &["worktree", "list"]).lines().count(), 1, "the worktree is gone");
}

#[test]
fn a_budget_of_instructions_is_checked_where_they_are_counted() {
    if !valgrind_is_there() {
        return;
    }
    let project = project("instructions-budget");
    let uncounted = monitor(&project, &["test", "--lib", "too_many"]);
    assert_eq!(uncounted.code, Some(0), "{}", uncounted.stderr);
    let counted = monitor(&project, &["test", "--instructions", "--lib", "too_many"]);
    assert_ne!(counted.code, Some(0));
    assert!(counted.stderr.contains("max_instructions: "), "{}", counted.stderr);
    assert_eq!(rows(&project, "select outcome from TESTS where instructions > 10"), ["over budget"]);
}

#[test]
fn where_nothing_can_be_counted_no_test_runs() {
    let project = Project::library("instructions-nowhere", LIB);
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-monitor"));
    let empty = project.path("nothing");
    std::fs::create_dir_all(&empty).expect("a folder");
    command.args(["test", "--instructions"]).env("PATH", &empty);
    let run = run(command);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("valgrind") && run.stderr.contains("apt install"), "{}", run.stderr);
    assert!(!run.stdout.contains("running"), "{}", run.stdout);
}

#[test]
fn the_commit_with_the_change_is_found() {
    if !valgrind_is_there() {
        return;
    }
    let project = project("bisected");
    let _ = monitor(&project, &["test", "--lib", "longest_chain"]).succeeded();
    let good = git(&project, &["rev-parse", "HEAD"]);
    commit(&project, "nothing");
    project.write("src/lib.rs", &format!("{LIB}\nbroken!"));
    commit(&project, "does not build");
    project.write("src/lib.rs", &planted());
    let culprit = commit(&project, "more work in each step");
    project.write("README.md", "later");
    commit(&project, "later");
    let found = monitor(
        &project,
        &["bisect", "longest_chain", "--metric", "instructions", "--good", &good, "--format", "json"],
    )
    .succeeded();
    assert!(found.stdout.contains(&culprit) && found.stdout.contains("more work in each step"), "{}", found.stdout);
    assert!(found.stdout.contains("bisected::collatz"), "with its explanation: {}", found.stdout);
    assert_eq!(git(&project, &["status", "--porcelain"]), "", "the user's tree is as it was");
}

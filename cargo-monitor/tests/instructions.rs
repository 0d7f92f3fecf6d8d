//! `cargo monitor test --instructions`, `explain` and `bisect` on a real project, by the real valgrind.
#![forbid(unsafe_code)]

use std::env;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use monitor_tests::plants::{Base, plants};
use monitor_tests::{Project, Run, manifest, nextest_is_there, run, valgrind_is_there};

const LIB: &str = include_str!("fixtures/counted.rs");
const ENDS: &str = include_str!("fixtures/counted_ends.rs");

/// Tests that use the clock for nothing and run on one thread. What panics prints its thread's number, of any digits.
const STEADY: &str = "('longest_chain', 'words')";

fn project(name: &str) -> Project {
    // Costs are told by line. What it depends on is built already, for other projects.
    let profile = format!("[profile.dev.package.{name}]\ndebug = \"line-tables-only\"\n");
    let manifest = manifest(name, "") + &profile;
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/lib.rs", LIB), (".gitignore", "target\n.pymon*\n")]);
    let _ = project.git(&["init", "--quiet"]);
    let _ = project.commit("the first");
    project
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

    let base = project.git(&["rev-parse", "HEAD"]);
    project.write("src/lib.rs", &planted());
    let head = project.commit("more work");
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
    assert_eq!(project.git(&["worktree", "list"]).lines().count(), 1, "the worktree is gone");

    let again = |compiler: &Path| {
        let mut command = project.command(env!("CARGO_BIN_EXE_cargo-monitor"));
        command.args(["explain", "longest_chain", &base, &head, "--build", "--format", "json"]).env("RUSTC", compiler);
        run(command)
    };
    let kept = again(&of_version(&project, "same", "")).succeeded();
    assert_eq!(kept.stdout, built.stdout, "nothing is built again for the same compiler");
    let other = again(&of_version(&project, "other", "; echo 'release: 9.9.9'"));
    assert_ne!(other.code, Some(0), "what another compiler has built is no answer: {}", other.stdout);
    assert!(other.stderr.contains("gives no result"), "{}", other.stderr);
}

/// A compiler that says of itself what the real one does, and `more`, and compiles nothing.
fn of_version(project: &Project, name: &str, more: &str) -> PathBuf {
    let file = format!("{name}/rustc");
    project.write(
        &file,
        &format!("#!/bin/sh\ncase \"$1\" in -vV) rustc -vV{more};; *) echo 'error: it is not to compile' >&2; exit 1;; esac\n"),
    );
    let path = project.path(&file);
    std::fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("it can be made a program");
    path
}

/// Two tests that stand for a product, and one more.
const PARSER: &str = "\
pub fn parse(text: &str) -> usize {
    text.split(',').filter(|field| !field.is_empty()).count()
}

#[cfg(test)]
mod tests {
    use monitor_runtime::monitored;

    #[test]
    #[monitored]
    fn parse_large() {
        assert_eq!(super::parse(&\"ab,cd,\".repeat(2_000)), 4_000);
    }

    #[test]
    #[monitored]
    fn encode() {
        assert_eq!(\"ab\".repeat(2_000).to_uppercase().len(), 4_000);
    }

    #[test]
    #[monitored]
    fn other() {}
}
";

#[test]
fn the_books_recipe_counts_chosen_tests_and_gates_by_them() {
    if !valgrind_is_there() {
        return;
    }
    let book = include_str!("../../docs/src/instructions.md");
    let recipe: Vec<Vec<&str>> = book
        .lines()
        .filter_map(|line| Some(line.strip_prefix("- run: cargo monitor ")?.split(' ').collect()))
        .collect();
    let [test, gate] = recipe.as_slice() else { panic!("two commands of ours: {recipe:?}") };
    let project = Project::library("parser", PARSER);
    project.write(".gitignore", "target\n.pymon*\n");
    let _ = project.git(&["init", "--quiet", "--initial-branch=main"]);
    let _ = project.commit("what is there");
    let _ = monitor(&project, test).succeeded();
    assert_eq!(rows(&project, "select variant from TESTS order by 1"), ["encode", "parse_large"]);

    let _ = project.git(&["checkout", "--quiet", "-b", "change"]);
    let _ = project.commit("nothing");
    let _ = monitor(&project, test).succeeded();
    let same = monitor(&project, gate);
    assert_eq!(same.code, Some(0), "{}{}", same.stdout, same.stderr);

    project.write("src/lib.rs", &PARSER.replace("!field.is_empty()", "!field.is_empty() && !field.contains(';')"));
    let _ = project.commit("one look more at each field");
    let _ = monitor(&project, test).succeeded();
    let worse = monitor(&project, gate);
    assert_eq!(worse.code, Some(5), "{}{}", worse.stdout, worse.stderr);
    assert!(worse.stdout.contains("parse_large") && !worse.stdout.contains("encode"), "{}", worse.stdout);
    assert!(worse.stdout.contains(" instructions in parser::"), "with the reason: {}", worse.stdout);
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
fn what_was_planted_stands_first() {
    if !valgrind_is_there() {
        return;
    }
    let base =
        Base::new("primes-demo", Path::new(env!("CARGO_BIN_EXE_cargo-monitor"))).expect("it is in this repository");
    let some = ["powers-by-one", "divisors-counted", "sieve-cloned"];
    for plant in plants("primes-demo").into_iter().filter(|plant| some.contains(&plant.name.as_str())) {
        let answer = base.explain(&plant).unwrap_or_else(|problem| panic!("{}: {problem}", plant.name));
        assert_eq!(answer.rank, Some(1), "{}: {}", plant.name, answer.first);
        assert!(answer.share > 0.01, "{}: {}", plant.name, answer.share);
        let counted = base.counted_variants();
        assert!(counted.len() == 1, "only the case that is asked for: {counted:?}");
    }
}

#[test]
fn a_test_is_counted_up_to_its_end_whatever_that_is() {
    if !valgrind_is_there() {
        return;
    }
    let project = Project::library("instructions-ends", ENDS);
    let count_all = |tests: &[&str]| monitor(&project, &[&["test", "--instructions", "--lib", "--"], tests].concat());
    let count = |test: &str| count_all(&[test]);
    let row = |test: &str| {
        rows(
            &project,
            &format!(
                "select outcome, instructions between 1000000 and 50000000, count_flags from TESTS where variant = '{test}'"
            ),
        )
    };
    let _ = count("exits");
    assert_eq!(row("exits"), ["passed 1 1"]);
    let replaced = count("becomes_another_program");
    assert_eq!(row("becomes_another_program"), ["crashed NULL 8"], "{}", replaced.stderr);
    let crashed = count("aborts");
    assert_ne!(crashed.code, Some(0), "{}", crashed.stderr);
    assert_eq!(row("aborts"), ["crashed 1 2"]);

    let _ = count_all(&["starts_a_program", "alone", "forks"]).succeeded();
    assert_eq!(row("starts_a_program"), ["passed 1 8"]);
    assert_eq!(row("alone"), ["passed 1 0"]);
    assert_eq!(row("forks"), ["passed 1 4"]);
    let once = "select (select max(instructions) from TESTS where variant = 'forks') \
                < 1.05 * (select max(instructions) from TESTS where variant = 'alone')";
    assert_eq!(rows(&project, once), ["1"], "what the child inherits and does is not counted");
    let shown = monitor(&project, &["show"]).succeeded();
    assert!(shown.stdout.contains("fork"), "{}", shown.stdout);
    let exported = monitor(&project, &["export", "--format", "csv"]).succeeded();
    assert!(exported.stdout.contains("count_flags") && exported.stdout.contains(",fork,4,"), "{}", exported.stdout);
}

#[test]
fn nextest_counts_too() {
    if !valgrind_is_there() || !nextest_is_there() {
        return;
    }
    let project = Project::library("instructions-ends", ENDS);
    let arguments =
        ["nextest", "--instructions", "--lib", "-E", "test(starts_a_program) + test(without) + test(skipped)"];
    let run = monitor(&project, &arguments).succeeded();
    let known = "select variant, instructions between 1000000 and 50000000, wall_seconds from TESTS";
    assert_eq!(rows(&project, known), ["starts_a_program 1 NULL", "without 1 NULL"]);
    assert!(run.stderr.contains("of the whole process, since it has no #[monitored]"), "{}", run.stderr);
    assert_eq!(rows(&project, "select variant from TESTS where count_flags = 16"), ["without"]);
    assert_eq!(
        rows(&project, "select count(distinct machine_class) from TESTS"),
        ["1"],
        "both are of valgrind's class"
    );
}

/// Asks for counts with a valgrind that says it is `version`, and `flags` for the compiler; what is said.
fn refused(version: Option<&str>, flags: &str) -> String {
    let project = Project::library("instructions-nowhere", LIB);
    let folder = project.path("programs");
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut path = vec![folder.clone()];
    if let Some(version) = version {
        let program = folder.join("valgrind");
        std::fs::write(&program, format!("#!/bin/sh\necho {version}\n")).expect("it can be written");
        std::fs::set_permissions(&program, Permissions::from_mode(0o755)).expect("it can be made a program");
        path.extend(env::split_paths(&env::var_os("PATH").expect("a path")));
    }
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-monitor"));
    command.args(["test", "--instructions", "--lib"]).env("RUSTFLAGS", flags);
    let run = run(command_in(command, &path));
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let errors = run.stderr.lines().filter(|line| line.starts_with("error")).count();
    assert_eq!(errors, 1, "{}", run.stderr);
    assert!(!run.stderr.contains("Compiling") && !run.stdout.contains("running"), "{}{}", run.stdout, run.stderr);
    run.stderr
}

fn command_in(mut command: Command, path: &[PathBuf]) -> Command {
    command.env("PATH", env::join_paths(path).expect("no colons"));
    command
}

#[test]
fn where_nothing_can_be_counted_nothing_is_built_and_the_remedy_is_told() {
    let none = refused(None, "");
    assert!(none.contains("valgrind") && none.contains("apt install"), "{none}");
    let old = refused(Some("valgrind-3.15.0"), "");
    assert!(old.contains("\"valgrind-3.15.0\" is too old") && old.contains("3.18"), "{old}");
    if cfg!(target_arch = "x86_64") {
        let unknown = refused(Some("valgrind-3.25.0"), "-C target-feature=+avx512f");
        assert!(unknown.contains("AVX-512") && unknown.contains("-C target-cpu=x86-64-v3"), "{unknown}");
    }
}

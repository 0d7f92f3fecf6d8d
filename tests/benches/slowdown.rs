//! How much longer a test takes when its instructions are counted: `cargo bench -p monitor-tests --bench slowdown`, on a machine
//! that does nothing else. It needs valgrind.
#![forbid(unsafe_code)]

use std::fs;

use monitor_tests::{Project, Run, cargo_monitor, manifest, run, valgrind_is_there};

const TESTS: &str = include_str!("../fixtures/slowdown.rs");

fn main() {
    if !valgrind_is_there() {
        return;
    }
    let manifest = manifest("slowdown", "") + "[profile.dev]\nopt-level = 3\ndebug = \"line-tables-only\"\n";
    let project = Project::kept("slowdown", &[("Cargo.toml", &manifest), ("src/lib.rs", TESTS)]);
    let _ = fs::remove_file(project.path(".pymon"));
    let _ = monitor(&project, &["test", "--lib", "--", "--test-threads=1"]);
    let alone = project.database().rows("select variant, wall_seconds from TESTS order by wall_seconds");
    let counted = monitor(&project, &["test", "--instructions", "--lib", "--", "--test-threads=1"]).stderr;
    println!("{:<20} {:>10} {:>10} {:>8}", "test", "alone, s", "counted, s", "times");
    for row in alone {
        let [test, alone] = [&row[0], &row[1]];
        // `slowdown::tests::sorts: 123 instructions (4.5 s)`.
        let line =
            counted.lines().find(|line| line.contains(&format!("::{test}: ")) && line.contains(" instructions ("));
        let seconds = line.and_then(|line| line.rsplit_once('(')?.1.strip_suffix(" s)")?.parse::<f64>().ok());
        let (alone, seconds) = (alone.parse::<f64>().unwrap_or(f64::NAN), seconds.unwrap_or(f64::NAN));
        println!("{test:<20} {alone:>10.4} {seconds:>10.1} {:>8.0}", seconds / alone);
    }
}

fn monitor(project: &Project, arguments: &[&str]) -> Run {
    let mut command = project.command(cargo_monitor());
    command.args(arguments);
    run(command).succeeded()
}

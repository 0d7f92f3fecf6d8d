//! How much longer a test takes when its instructions are counted: `cargo bench -p monitor-tests --bench slowdown`, on a machine
//! that does nothing else. It needs valgrind.
#![forbid(unsafe_code)]

use std::fs;

use monitor_tests::{Project, Run, cargo_monitor, manifest, run, valgrind_is_there};

/// The test that does nothing.
const NOTHING: &str = "nothing";

const TESTS: &str = include_str!("../fixtures/slowdown.rs");

fn main() {
    if !valgrind_is_there() {
        return;
    }
    // Only the package itself: what it depends on is built already, for other projects.
    let manifest =
        manifest("slowdown", "") + "[profile.dev.package.slowdown]\nopt-level = 3\ndebug = \"line-tables-only\"\n";
    let project = Project::kept("slowdown", &[("Cargo.toml", &manifest), ("src/lib.rs", TESTS)]);
    let _ = fs::remove_file(project.path(".pymon"));
    let _ = monitor(&project, &["test", "--lib", "--repeat=3", "--", "--test-threads=1"]);
    let alone = project
        .database()
        .rows("select variant, min(wall_seconds) from TESTS group by variant order by min(wall_seconds)");
    let counted =
        |test: &[&str]| monitor(&project, &[&["test", "--instructions", "--lib", "--"], test].concat()).stderr;
    let counted = [counted(&[]), counted(&[NOTHING]), counted(&[NOTHING])];
    let start = least(&counted, NOTHING);
    println!("to start a process, find the test and write the counts: {start:.2} s");
    println!("{:<20} {:>10} {:>22} {:>8}", "test", "alone, s", "counted beyond that, s", "times");
    for row in alone.iter().filter(|row| row[0] != NOTHING) {
        let seconds = least(&counted, &row[0]) - start;
        let alone = row[1].parse::<f64>().unwrap_or(f64::NAN);
        println!("{:<20} {alone:>10.4} {seconds:>22.2} {:>8.0}", row[0], seconds / alone);
    }
}

/// The shortest time that a test took to be counted, seconds: `slowdown::tests::sorts: 123 instructions (4.50 s)`.
fn least(runs: &[String], test: &str) -> f64 {
    let seconds = runs.iter().filter_map(|said| {
        let mut lines = said.lines();
        let line = lines.find(|line| line.contains(&format!("::{test}: ")) && line.contains(" instructions ("))?;
        line.rsplit_once('(')?.1.strip_suffix(" s)")?.parse().ok()
    });
    seconds.fold(f64::INFINITY, f64::min)
}

fn monitor(project: &Project, arguments: &[&str]) -> Run {
    let mut command = project.command(cargo_monitor());
    command.args(arguments);
    run(command).succeeded()
}

//! How much more CPU time a test takes when its instructions are counted: `slowdown`. It needs Linux and valgrind.
//! `CARGO_MONITOR` names another build of the command.
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::{env, fs};

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
    let alone = project.database().rows(
        "select variant, min(user_seconds + kernel_seconds) from TESTS group by variant \
         order by min(user_seconds + kernel_seconds)",
    );
    let counted = |test: &str| seconds(&project, &["test", "--instructions", "--lib", test]);
    let uncounted = seconds(&project, &["test", "--lib", NOTHING]);
    let nothing = counted(NOTHING).min(counted(NOTHING));
    println!("to start a process, find the test and write the counts: {:.2} s", nothing - uncounted);
    println!("{:<20} {:>10} {:>14} {:>8}", "test", "alone, s", "counted, s", "times");
    for row in alone.iter().filter(|row| row[0] != NOTHING) {
        let alone = row[1].parse::<f64>().unwrap_or(f64::NAN);
        // Before it is counted, it runs as always.
        let seconds = counted(&row[0]) - nothing - alone;
        println!("{:<20} {alone:>10.4} {seconds:>14.2} {:>8.0}", row[0], seconds / alone);
    }
}

/// CPU time of the command and of all that it starts, seconds.
fn seconds(project: &Project, arguments: &[&str]) -> f64 {
    let before = children();
    let _ = monitor(project, arguments);
    children() - before
}

/// CPU time of all programs that have run for this one, seconds: cutime and cstime of
/// <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>, in hundredths.
fn children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("this is Linux");
    let (_, fields) = stat.rsplit_once(") ").expect("the program's name is in brackets");
    fields.split(' ').skip(13).take(2).map(|ticks| ticks.parse::<f64>().expect("a number") / 100.0).sum()
}

fn monitor(project: &Project, arguments: &[&str]) -> Run {
    let program = env::var_os("CARGO_MONITOR").map_or_else(cargo_monitor, PathBuf::from);
    let mut command = project.command(program);
    command.args(arguments);
    run(command).succeeded()
}

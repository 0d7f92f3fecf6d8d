//! The same empty tests under nextest, a process each: without the attribute and with it. Who brings the rows into the file
//! decides what they cost: each process if it is alone, one of those beside each other, or `cargo monitor nextest`.

use std::fmt::Write as _;
use std::process::Command;
use std::time::Instant;

use monitor_tests::{Project, cargo_monitor, manifest, run as run_command};

use crate::least;

const TESTS: usize = 100;
const ROUNDS: usize = 9;

/// In the profile `dev` SQLite is compiled without optimisation unless the user's workspace says otherwise.
const OPTIMISED: &str = "\n[profile.dev.package.libsqlite3-sys]\nopt-level = 2\n";

pub(crate) fn run() {
    println!("\nempty test under nextest, {TESTS} tests, whole command, least of {ROUNDS} (budget: 1.5 ms added)");
    println!("  profile dev as Cargo has it, which is what the README's set-up gives");
    let project = project("bench-nextest", "");
    let nextest = |slots: &'static str| {
        let project = &project;
        move |module: &str| project.cargo(&["nextest", "run", slots, module])
    };
    let command = cargo_monitor();
    let monitor = |module: &str| {
        let mut monitor = project.command(&command);
        monitor.args(["monitor", "nextest", "-j1", module]);
        monitor
    };
    added("cargo nextest run -j1", nextest("-j1"));
    added("cargo nextest run -j2", nextest("-j2"));
    added("cargo monitor nextest -j1", monitor);
    println!("  the same with [profile.dev.package.libsqlite3-sys] opt-level = 2");
    let optimised = self::project("bench-nextest-optimised", OPTIMISED);
    added("cargo nextest run -j1", |module| optimised.cargo(&["nextest", "run", "-j1", module]));
}

fn project(package: &str, profile: &str) -> Project {
    let modules = format!(
        "#[cfg(test)] mod plain {{ {} }}\n#[cfg(test)] mod recorded {{ {} }}\n",
        tests(""),
        tests("#[monitor_runtime::monitored]")
    );
    Project::new(&[("Cargo.toml", &format!("{}{profile}", manifest(package, ""))), ("src/lib.rs", &modules)])
}

fn added(way: &str, command: impl Fn(&str) -> Command) {
    let each = |module: &str| {
        let command = command(&format!("{module}::"));
        let start = Instant::now();
        let _ = run_command(command).succeeded();
        start.elapsed().as_secs_f64() * 1e3 / TESTS as f64
    };
    each("plain");
    each("recorded");
    let (mut plain, mut recorded) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        plain.push(each("plain"));
        recorded.push(each("recorded"));
    }
    let (plain, recorded) = (least(&plain), least(&recorded));
    println!("  {way:30} plain {plain:6.2} ms, recorded {recorded:6.2} ms, added {:6.2} ms", recorded - plain);
}

fn tests(attribute: &str) -> String {
    (0..TESTS).fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "{attribute} #[test] fn empty_{number}() {{}}");
        text
    })
}

//! The same empty tests under nextest, a process each: without the attribute and with it.

use std::fmt::Write as _;
use std::time::Instant;

use monitor_tests::{Project, manifest};

use crate::least;

const TESTS: usize = 100;
const ROUNDS: usize = 9;

/// In the profile `dev` SQLite is compiled without optimisation unless the user's workspace says otherwise.
const OPTIMISED: &str = "\n[profile.dev.package.libsqlite3-sys]\nopt-level = 2\n";

pub(crate) fn run() {
    println!(
        "\nempty test under nextest, one at a time, {TESTS} tests, whole command, least of {ROUNDS} (budget: 1.5 ms added)"
    );
    println!("  profile dev as Cargo has it, which is what the README's set-up gives");
    added("bench-nextest", "");
    println!("  the same with [profile.dev.package.libsqlite3-sys] opt-level = 2");
    added("bench-nextest-optimised", OPTIMISED);
}

fn added(package: &str, profile: &str) {
    let modules = format!(
        "#[cfg(test)] mod plain {{ {} }}\n#[cfg(test)] mod recorded {{ {} }}\n",
        tests(""),
        tests("#[monitor_runtime::monitored]")
    );
    let project =
        Project::new(&[("Cargo.toml", &format!("{}{profile}", manifest(package, ""))), ("src/lib.rs", &modules)]);
    let nextest = |module: &str| {
        let start = Instant::now();
        let _ = project.nextest(&["-j1", &format!("{module}::")]);
        start.elapsed().as_secs_f64() * 1e3
    };
    nextest("plain");
    nextest("recorded");
    let (mut plain, mut recorded) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        plain.push(nextest("plain"));
        recorded.push(nextest("recorded"));
    }
    let each = |figures: Vec<f64>| least(&figures) / TESTS as f64;
    let (plain, recorded) = (each(plain), each(recorded));
    println!("  plain                              {plain:8.2} ms");
    println!("  monitored and recorded             {recorded:8.2} ms");
    println!("  added                              {:8.2} ms", recorded - plain);
}

fn tests(attribute: &str) -> String {
    (0..TESTS).fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "{attribute} #[test] fn empty_{number}() {{}}");
        text
    })
}

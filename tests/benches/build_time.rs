//! What the dev-dependency adds to a clean build: `cargo bench -p monitor-tests --bench build_time`.
//!
//! CPU time is what the machine's other work disturbs least; the wall time is that of this machine.
#![forbid(unsafe_code)]

use std::process::Command;
use std::time::Instant;
use std::{env, fs};

use monitor_tests::{Project, manifest, run};

const LIB: &str = "#[cfg(test)]\nmod tests {\n    #[test]\n    fn adds() {\n        assert_eq!(1 + 1, 2);\n    }\n}\n";

fn main() {
    let monitored = LIB.replace("    #[test]", "    #[monitor_runtime::monitored]\n    #[test]");
    let bare: String = manifest("without", "")
        .lines()
        .filter(|line| !line.starts_with("monitor-runtime"))
        .fold(String::new(), |text, line| text + line + "\n");
    println!("clean `cargo test --no-run` of a crate with one test, {} processors", processors());
    println!("{:<28} {:>8} {:>8}", "", "wall s", "CPU s");
    row("without monitor-runtime", &bare, LIB);
    row("with monitor-runtime", &manifest("with", ""), &monitored);
    let system = manifest("system", "rusqlite = { version = \"0.40\", default-features = false }").replace(
        "/monitor-runtime\" }",
        "/monitor-runtime\", default-features = false, features = [\"thread-attribution\"] }",
    );
    row("with the system's SQLite", &system, &monitored);
}

fn row(what: &str, manifest: &str, lib: &str) {
    let project = Project::new(&[("Cargo.toml", manifest), ("src/lib.rs", lib)]);
    // The system's SQLite may want another version than the lock file's.
    let _ = run(online(project.cargo(&["fetch"]))).succeeded();
    let (start, cpu_before) = (Instant::now(), children_cpu_seconds());
    let mut cargo = online(project.cargo(&["test", "--no-run", "--quiet"]));
    cargo.env("CARGO_TARGET_DIR", project.path("target"));
    let _ = run(cargo).succeeded();
    let (wall, cpu) = (start.elapsed().as_secs_f64(), children_cpu_seconds() - cpu_before);
    println!("{what:<28} {wall:>8.1} {cpu:>8.1}");
}

fn online(mut cargo: Command) -> Command {
    cargo.env("CARGO_NET_OFFLINE", "false");
    cargo
}

/// CPU time of the processes that this one has waited for; not a number where there is no `/proc`.
fn children_cpu_seconds() -> f64 {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let ticks = |number: usize| fields.get(number - 3).and_then(|text| text.parse::<f64>().ok()).unwrap_or(f64::NAN);
    (ticks(16) + ticks(17)) / TICKS_PER_SECOND
}

fn processors() -> usize {
    env::var("CARGO_BUILD_JOBS")
        .ok()
        .and_then(|jobs| jobs.parse().ok())
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

//! What monitoring costs, each figure beside what it is to be judged by, measured in the same run.
//!
//! `cargo bench -p monitor-tests --bench overhead` prints: an empty test, plain and monitored, beside its bare parts, and
//! beside threads that outlived theirs; an allocation, bare and counted, beside divan's profiler; an empty test under nextest; one more
//! test binary; pytest-monitor's overhead.
//! With a part's name (`-- nextest`, `-- pytest`) it prints that part alone. The budgets are those of the design; nothing here fails if one is missed, since machines are noisy.

mod allocation;
mod binaries;
mod leaked;
mod nextest;
mod pytest;
mod recording;

use std::env;
use std::process::Command;

fn main() {
    match env::args().nth(1).as_deref() {
        Some("recording") => recording::run(),
        Some("allocation") => allocation::run(),
        Some("leaked") => leaked::run(),
        Some("nextest") => nextest::run(),
        Some("binaries") => binaries::run(),
        Some("pytest") => pytest::run(),
        _ => {
            println!(
                "machine: {} CPUs; figures are medians unless they say otherwise",
                std::thread::available_parallelism().map_or(0, usize::from)
            );
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            for part in ["recording", "leaked", "allocation"] {
                // In a process of its own, whose environment says where to record.
                let itself = env::current_exe().expect("this program knows its path");
                let status = Command::new(itself)
                    .arg(part)
                    .env("MONITOR_DB", folder.path().join(format!("{part}.pymon")))
                    .status()
                    .expect("this program runs again");
                assert!(status.success(), "{part} failed");
            }
            nextest::run();
            binaries::run();
            pytest::run();
        }
    }
}

/// The least of some figures: of whole commands, which other programs can only make slower.
fn least(figures: &[f64]) -> f64 {
    figures.iter().copied().fold(f64::INFINITY, f64::min)
}

/// The middle of some figures.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

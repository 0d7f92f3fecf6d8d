//! What `cargo monitor gate` and `compare` decide, by the library alone, and how long that takes:
//! `cargo run --release -p monitor-report --example gate -- FILE BASELINE`.
#![forbid(unsafe_code)]

use std::path::Path;
use std::time::Instant;

use monitor_report::comparison::{Comparison, Request, Sides};
use monitor_report::gate::Gate;
use monitor_report::{NoRepository, Records, render, view};
use monitor_store::{Monitor, Timestamp};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: gate FILE BASELINE";
    let (file, baseline) = (args.next().ok_or(usage)?, args.next().ok_or(usage)?);
    let monitor = Monitor::open(Path::new(&file))?;
    let records = Records { source: &monitor, repository: &NoRepository };

    let started = Instant::now();
    let gate = Gate::new(baseline, "latest");
    let outcome = gate.check(records, Timestamp::now())?;
    eprintln!("gate: {:?} in {:.0?}", outcome.decision(), started.elapsed());
    print!("{}", render::markdown(&view::gate::document(&outcome)));

    let started = Instant::now();
    let sides = Sides::find(records, "latest~1", "latest")?;
    let comparison = Comparison::new(&monitor, Request::new(sides))?;
    eprintln!("compare: {} findings in {:.0?}", comparison.verdicts.findings.len(), started.elapsed());
    Ok(())
}

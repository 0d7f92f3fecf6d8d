//! `cargo monitor capacity`: what the tests need of a machine.

use clap::Args;

use crate::app::App;
use crate::complete;
use crate::output;
use monitor_report::amount;
use monitor_report::select;
use monitor_report::view::capacity::{self, Wanted};

/// What to estimate.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor capacity
  cargo monitor capacity --cores 8 --memory 4GiB
  cargo monitor capacity main --within 90s

The runner's schedule is replayed with the times of one session. Record it with at most as many tests at once as cores: a test that \
waited for a core looks like one that sleeps. Memory is what the tests hold if all that run together reach their peaks together; \
each process needs a few MiB more.")]
pub struct Arguments {
    /// The session to start from
    #[arg(default_value = "latest", add = complete::session_completer())]
    session: String,
    /// Number of cores of the machine [default: that of the recorded machine]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    cores: Option<u16>,
    /// Memory of the machine
    #[arg(long, value_name = "AMOUNT", value_parser = amount::bytes)]
    memory: Option<f64>,
    /// Find the cheapest machine that takes at most this long [default: the recorded time]
    #[arg(long, value_name = "TIME", value_parser = amount::seconds)]
    within: Option<f64>,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<()> {
    let monitor = app.monitor()?;
    let session = select::session(app.records(&monitor), &arguments.session)?;
    let tests = capacity::ended_tests(&monitor, &session)?;
    let recording = capacity::recording(&monitor, &session, &tests)?;
    if let Some(doubt) = capacity::doubt(&recording, &tests) {
        output::note(&doubt);
    }
    let Arguments { cores, memory, within, .. } = *arguments;
    let wanted = Wanted { cores: cores.map(usize::from), memory, within };
    app.print(&capacity::document(&wanted, recording, &tests))
}

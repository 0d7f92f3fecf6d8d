//! `cargo monitor capacity`: what the tests need of a machine.

use clap::Args;

use crate::app::App;
use crate::complete;
use crate::exit::Exit;
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

The runner's schedule is replayed with the times of one session. Record with no more workers than cores: a test that \
waited for a core looks like one that sleeps. Memory is what the tests hold, should those that run together peak together; \
a process's own few MiB come on top.")]
pub struct Arguments {
    /// The session to go by
    #[arg(default_value = "latest", add = complete::session_completer())]
    session: String,
    /// Cores of the machine [default: those of the recorded one]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    cores: Option<u16>,
    /// Memory of the machine
    #[arg(long, value_name = "AMOUNT", value_parser = amount::bytes)]
    memory: Option<f64>,
    /// Look for the cheapest machine that takes no longer [default: as long as recorded]
    #[arg(long, value_name = "TIME", value_parser = amount::seconds)]
    within: Option<f64>,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<Exit> {
    let monitor = app.monitor()?;
    let session = select::session(app.records(&monitor), &arguments.session)?;
    let tests = capacity::ended_tests(&monitor, &session)?;
    let recording = capacity::recording(&monitor, &session, &tests)?;
    if let Some(doubt) = capacity::doubt(&recording, &tests) {
        output::note(&doubt);
    }
    let Arguments { cores, memory, within, .. } = *arguments;
    let wanted = Wanted { cores: cores.map(usize::from), memory, within };
    app.print(&capacity::document(&wanted, recording, &tests))?;
    Ok(Exit::Success)
}

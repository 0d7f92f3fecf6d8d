//! `cargo monitor history`: what a test cost over the sessions, and where that changed.

use clap::Args;
use monitor_report::select;
use monitor_report::series::{Archive, Scope};
use monitor_report::view::history::{document, hints};

use crate::app::App;
use crate::argument::MetricArgument;
use crate::complete;
use crate::output;

/// Of which test, and what of it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor history 'test_prime[982451653]'
  cargo monitor history primes_demo::tests::sums --metric heap-peak
  cargo monitor history '*::tests::sums' --all --format csv > sums.csv

A change point is found by statistics in at least 10 values; in fewer, a large change from one value to the next (2x and 50 ms, \
1.2x and 1 MiB) is marked. Runs that did not pass are shown, but not used.")]
pub struct Arguments {
    /// The test: its name with parameters, with its path, a glob or a part of a name that only one test has
    #[arg(value_name = "TEST", add = complete::test_completer())]
    test: String,
    /// The metric
    #[arg(short, long, value_name = "METRIC", default_value = "wall-time")]
    metric: MetricArgument,
    /// Number of runs to list, the newest
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 25)]
    limit: usize,
    /// List every run
    #[arg(short, long, conflicts_with = "limit")]
    all: bool,
    /// Also show runs on other machine classes than that of the newest run
    #[arg(long)]
    across_machines: bool,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<()> {
    let monitor = app.monitor()?;
    let test = select::test(&monitor, &arguments.test)?;
    let levels = app.levels(&monitor)?;
    let archive = Archive::new(&monitor)?.with_levels(&levels);
    let scope = Scope { across_machines: arguments.across_machines, ..Scope::default() };
    let series = archive.series(&test, &scope)?;
    let MetricArgument(metric) = arguments.metric;
    let shifts = archive.shifts(&series, metric)?;
    let limit = if arguments.all { series.runs.len() } else { arguments.limit };
    app.print(&document(&series, metric, &shifts, limit))?;
    for hint in hints(&series, limit) {
        output::note(&hint);
    }
    Ok(())
}

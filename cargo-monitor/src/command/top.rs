//! `cargo monitor top`: who uses most, or least, of something.

use clap::{Args, ValueEnum};
use monitor_store::Kind;

use crate::app::App;
use crate::argument::MetricArgument;
use crate::complete;
use crate::output::Document;
use monitor_report::select;
use monitor_report::view::top::{self, Top};

/// Of what, in which session.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor top
  cargo monitor top memory -n 5
  cargo monitor top cpu-time --by component
  cargo monitor top allocations --reverse --session main~1

Times, counts and bytes moved are added up over a module or component; of peaks and threads the largest counts.")]
pub struct Arguments {
    /// The metric to rank by
    #[arg(value_name = "METRIC", default_value = "wall-time")]
    metric: MetricArgument,
    /// What to rank
    #[arg(long, value_name = "WHAT", default_value = "test")]
    by: By,
    /// Number of rows
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 10)]
    limit: usize,
    /// Show the lowest values instead of the highest
    #[arg(long)]
    reverse: bool,
    /// The session: latest, latest~2, a commit, branch, date, tag:KEY=VALUE, …
    #[arg(short, long, value_name = "SESSION", default_value = "latest", add = complete::session_completer())]
    session: String,
}

/// Who uses something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// A test
    Test,
    /// The tests of a module
    Module,
    /// The tests of a component
    Component,
    /// The tests of a Cargo package
    Package,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<()> {
    let monitor = app.monitor()?;
    let session = select::session(app.records(&monitor), &arguments.session)?;
    let mut tests = monitor.tests(&session.session_h)?;
    tests.retain(|test| test.kind() == Kind::Function);
    let Arguments { metric: MetricArgument(metric), by, limit, reverse, .. } = *arguments;
    let wanted = Top { metric, by: by.to_view(), limit, least: reverse };
    app.print(&Document::table("top", top::table(&tests, &wanted)))
}

impl By {
    const fn to_view(self) -> top::By {
        match self {
            Self::Test => top::By::Test,
            Self::Module => top::By::Module,
            Self::Component => top::By::Component,
            Self::Package => top::By::Package,
        }
    }
}

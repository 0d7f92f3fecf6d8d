//! `cargo monitor accept`: a change that is meant to stay.

use anyhow::Context as _;
use clap::Args;
use monitor_report::gate::Accepted;
use monitor_report::{Repository as _, measure, select};

use crate::app::App;
use crate::argument::MetricArgument;
use crate::complete;
use crate::output;
use crate::rules_file::Rules;

/// What is accepted, and since when.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor accept 'parse_large' --metric allocations
  cargo monitor accept 'cache_*' --metric heap-peak HEAD~1

Writes a line to .config/monitor.toml (or to [workspace.metadata.monitor], if the rules are there). Commit it with the change, so that it is
reviewed. From then on `gate`, `compare`, `report` and `history` ignore values of this figure from before that commit.")]
pub struct Arguments {
    /// The test: its name with parameters, with its path, or a glob
    #[arg(value_name = "TEST", add = complete::test_completer())]
    test: String,
    /// The metric whose change is accepted
    #[arg(short, long, value_name = "METRIC")]
    metric: MetricArgument,
    /// The first commit of the new level, under any name that git knows
    #[arg(value_name = "COMMIT", default_value = "HEAD")]
    commit: String,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<()> {
    // A misspelt test would be a line that does nothing.
    let tests = select::tests(&app.monitor()?, &arguments.test)?;
    let pattern = if arguments.test.contains(['*', '?']) {
        arguments.test.clone()
    } else {
        tests.first().map(measure::full_name).unwrap_or_default()
    };
    let commit = app.git.commit(&arguments.commit);
    let commit = commit.with_context(|| format!("git does not know the commit `{}`", arguments.commit))?;
    let accepted: Accepted = format!("{} in {pattern} since {commit}", arguments.metric.0.name()).parse()?;
    let file = Rules::accept(&app.workspace()?, &accepted)?;
    output::note(&format!("{} has it: {accepted}", file.display()));
    Ok(())
}

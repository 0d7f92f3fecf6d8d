//! `cargo monitor show`: the tests of one session.

use clap::Args;
use monitor_analysis::metric::Metric;
use monitor_report::view::{sessions, show};
use monitor_report::{measure, select};
use monitor_store::{Kind, Test};

use crate::app::App;
use crate::argument::MetricArgument;
use crate::complete;
use crate::output::Document;

/// Which session, and what of it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor show
  cargo monitor show latest~1 --sort memory
  cargo monitor show main --test prime --metrics wall-time,allocations
  cargo monitor show tag:suite=nightly --format csv > nightly.csv")]
pub struct Arguments {
    /// The session: latest, latest~2, a commit, branch, date, tag:KEY=VALUE, …
    #[arg(value_name = "SESSION", default_value = "latest", add = complete::session_completer())]
    session: String,
    /// Sort by this metric, highest first, instead of by start
    #[arg(short, long, value_name = "METRIC")]
    sort: Option<MetricArgument>,
    /// Only tests whose name contains this text (repeatable)
    #[arg(short, long, value_name = "TEXT")]
    test: Vec<String>,
    /// Metrics to show, separated by commas (json and csv have all of them)
    #[arg(
        short,
        long,
        value_name = "METRICS",
        value_delimiter = ',',
        default_value = "wall-time,cpu-time,memory,allocations"
    )]
    metrics: Vec<MetricArgument>,
    /// Also show rows of modules and of the session, where there are any
    #[arg(long)]
    all_kinds: bool,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<()> {
    let monitor = app.monitor()?;
    let session = select::session(app.records(&monitor), &arguments.session)?;
    let mut rows = monitor.tests(&session.session_h)?;
    let wanted = |test: &Test| {
        let name = measure::name(test);
        (arguments.all_kinds || test.kind() == Kind::Function)
            && (arguments.test.is_empty() || arguments.test.iter().any(|part| name.contains(part.as_str())))
    };
    rows.retain(wanted);
    if let Some(MetricArgument(metric)) = arguments.sort {
        show::sort_by(&mut rows, metric);
    }
    let shown: Vec<Metric> = arguments.metrics.iter().map(|metric| metric.0).collect();
    let document = Document::default().with_facts("session", "", sessions::facts(&monitor, &session)?).with_table(
        "tests",
        "",
        show::table(&rows, &shown),
    );
    app.print(&document)
}

//! `cargo monitor bisect`: the commit that made a test cost more.

mod history;
mod search;

use clap::Args;
use monitor_report::view::explanation::{self, Differences};
use monitor_report::{measure, select};

use self::history::History;
use self::search::{Found, RUNS, Search};
use super::explain;
use crate::app::App;
use crate::argument::MetricArgument;
use crate::complete;
use crate::elsewhere::{self, Place, Task};
use crate::output::{Column, Document, Table, Value, short};

/// So many runs of a commit in the history are taken for what it costs, if the test's figures scatter.
const RUNS_OF_HISTORY: usize = 3;

/// Which test, what of it, and between which commits.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor bisect 'test_prime[982451653]' --metric instructions
  cargo monitor bisect sums --metric heap-peak --good v1.2.0
  cargo monitor bisect sums --metric wall-time --good v1.2.0 -- --release

Commits are built and run in a separate worktree, with a separate target folder; arguments after `--` are for `cargo \
test` there. Commits that do not compile are skipped. Results are kept: after Ctrl-C the same command continues.")]
pub struct Arguments {
    /// The test: its name with parameters, with its path, a glob or a part of a name that only one test has
    #[arg(value_name = "TEST", add = complete::test_completer())]
    test: String,
    /// The metric
    #[arg(short, long, value_name = "METRIC", default_value = "instructions")]
    metric: MetricArgument,
    /// A commit before the change [default: the last one before the newest change point in the history]
    #[arg(long, value_name = "COMMIT")]
    good: Option<String>,
    /// A commit with the change
    #[arg(long, value_name = "COMMIT", default_value = "HEAD")]
    bad: String,
    /// Look for the commit that made the test cost less
    #[arg(long)]
    improved: bool,
    /// Arguments for `cargo test` in the worktree
    #[arg(last = true, value_name = "ARGUMENTS")]
    cargo: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<()> {
    let monitor = app.monitor()?;
    let test = select::test(&monitor, &arguments.test)?;
    let workspace = app.workspace()?;
    let MetricArgument(metric) = arguments.metric;
    let counts = metric.name() == "instructions";
    let is_exact = counts || metric.is_countable();
    let history = History::new(&monitor, &test, metric, if is_exact { 1 } else { RUNS_OF_HISTORY })?;
    let good = match &arguments.good {
        Some(good) => elsewhere::commit(&workspace, good)?,
        None => history.last_before_change(&monitor, &workspace)?,
    };
    let bad = elsewhere::commit(&workspace, &arguments.bad)?;
    let line = elsewhere::first_parents(&workspace, &good, &bad)?;
    anyhow::ensure!(!line.is_empty(), "{} does not come before {}", short(&good), short(&bad));
    let task = Task { test, counts, runs: if is_exact { 1 } else { RUNS }, cargo: arguments.cargo.clone() };
    let mut search = Search {
        place: Place::new(&workspace)?,
        task,
        metric,
        improved: arguments.improved,
        good: &good,
        line: &line,
        asked: Vec::new(),
    };
    let found = search.run(&history)?;
    let subject = elsewhere::subject(&workspace, found.commit)?;
    let mut document = document(&search, &found, &subject);
    let differences = if search.task.counts {
        explain::explain_commits(&search.place, &search.task, found.parent, found.commit)?
    } else {
        let dependencies = explain::dependencies_of(&search.place, &search.task, found.parent, found.commit)?;
        Differences { dependencies, ..Differences::default() }
    };
    document.sections.extend(explanation::of_two(&search.task.test, &differences, 10).sections);
    app.print(&document)
}

fn document(search: &Search<'_>, found: &Found<'_>, subject: &str) -> Document {
    let quantity = |value: f64| Value::Quantity(search.metric.quantity(value));
    let mut facts = vec![
        (Column::new("test", "test"), Value::Name(measure::full_name(&search.task.test)).into()),
        (Column::new("metric", "metric"), Value::text(search.metric.title()).into()),
        (Column::new("commit", "first commit with the change"), Value::Text(found.commit.to_owned()).into()),
        (Column::new("subject", "subject"), Value::text(subject).into()),
        (Column::new("base_value", "before"), quantity(found.values.0).into()),
        (Column::new("head_value", "now"), quantity(found.values.1).into()),
        (Column::new("builds", "commits built"), Value::count(search.place.built()).into()),
    ];
    if !found.perhaps.is_empty() {
        let perhaps: Vec<String> = found.perhaps.iter().map(|commit| short(commit)).collect();
        let perhaps = Value::Text(perhaps.join(" "));
        facts.push((Column::new("perhaps", "or one of these, which gave no value"), perhaps.into()));
    }
    if let Some(error) = found.error {
        facts.push((Column::new("error_rate", "probability that an answer is wrong"), Value::Share(error).into()));
    }
    let mut table =
        Table::new(&[("commit", "commit"), ("value", search.metric.title()), ("reason", "passed by since")]);
    for asked in &search.asked {
        let is_known = !asked.values.is_empty();
        table.push(vec![
            Value::id(&asked.commit).into(),
            Value::or_missing(is_known.then_some(asked.middle), quantity).into(),
            Value::text(if is_known { "" } else { &asked.reason }).into(),
        ]);
    }
    Document::default().with_facts("bisection", "", facts).with_table("asked", "Commits", table)
}

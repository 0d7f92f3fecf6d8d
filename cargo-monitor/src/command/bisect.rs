//! `cargo monitor bisect`: the commit that made a test cost more.

use std::path::Path;

use clap::Args;
use monitor_analysis::bisection::{Bisection, Next, limit, majority_error};
use monitor_analysis::metric::Metric;
use monitor_report::series::{Archive, Scope};
use monitor_report::view::explanation;
use monitor_report::{measure, select};
use monitor_store::{Monitor, Test, TestId};

use super::explain;
use crate::app::App;
use crate::argument::MetricArgument;
use crate::complete;
use crate::elsewhere::{self, Outcome, Place, Task};
use crate::exit::Exit;
use crate::output::{self, Column, Document, Table, Value, short};

/// A test whose figures scatter runs so often at each commit; its median decides.
const RUNS: u32 = 7;

/// Values at the ends that lie closer than this are no change to look for.
const LEAST_RATIO: f64 = 1.005;

/// Which test, what of it, and between which commits.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor bisect 'test_prime[982451653]' --metric instructions
  cargo monitor bisect sums --metric heap-peak --good v1.2.0
  cargo monitor bisect sums --metric wall-time --good main~40 --bad main -- --release

Commits are built and run in a worktree of their own, with a target folder of their own; arguments after `--` are for `cargo \
test` there. Commits that do not build are passed by. What was found out is kept: the same command goes on after Ctrl-C.")]
pub struct Arguments {
    /// The test: its name with parameters, with its path, a glob or a part of a name that only one test has
    #[arg(value_name = "TEST", add = complete::test_completer())]
    test: String,
    /// What to look at
    #[arg(short, long, value_name = "METRIC", default_value = "instructions")]
    metric: MetricArgument,
    /// A commit before the change [default: the last one before the newest change of level in the history]
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

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<Exit> {
    let monitor = app.monitor()?;
    let test = select::test(&monitor, &arguments.test)?;
    let workspace = app.workspace()?;
    let MetricArgument(metric) = arguments.metric;
    let good = match &arguments.good {
        Some(good) => elsewhere::commit(&workspace, good)?,
        None => last_before_change(&monitor, &workspace, &test, metric)?,
    };
    let bad = elsewhere::commit(&workspace, &arguments.bad)?;
    let commits = elsewhere::first_parents(&workspace, &good, &bad)?;
    if commits.is_empty() {
        anyhow::bail!("{} does not come before {}", short(&good), short(&bad));
    }
    let counts = metric.name() == "instructions";
    let is_exact = counts || metric.is_countable();
    let task = Task { test, counts, runs: if is_exact { 1 } else { RUNS }, cargo: arguments.cargo.clone() };
    let mut search = Search { place: Place::new(&workspace)?, task, metric, asked: Vec::new() };
    let before = search.must_ask(&good)?;
    let after = search.must_ask(&bad)?;
    let ratio = if arguments.improved { before.middle / after.middle } else { after.middle / before.middle };
    if ratio.is_nan() || ratio < LEAST_RATIO {
        let quantity = |ask: &Asked| metric.quantity(ask.middle).to_string();
        anyhow::bail!(
            "no change to look for: {} is {} at {} and {} at {}",
            metric.title(),
            quantity(&before),
            short(&good),
            quantity(&after),
            short(&bad)
        );
    }
    let limit = limit(before.middle, after.middle);
    let is_changed = |value: f64| (value > limit) == (after.middle > limit);
    let mut bisection = Bisection::new(commits.len());
    let (changed, perhaps) = loop {
        match bisection.next() {
            Next::Ask(at) => {
                let answer = search.ask(&commits[at])?;
                bisection.answer(at, answer.map(|asked| is_changed(asked.middle)));
            }
            Next::Found { changed, perhaps } => break (changed, perhaps),
        }
    };
    let parent = changed.checked_sub(1 + perhaps.len()).map_or(good.as_str(), |at| commits[at].as_str());
    let error = (!is_exact).then(|| search.error(&is_changed));
    let found = Found {
        commit: &commits[changed],
        subject: elsewhere::subject(&workspace, &commits[changed])?,
        perhaps: perhaps.iter().map(|at| short(&commits[*at])).collect(),
        values: (before.middle, after.middle),
        error,
    };
    let mut document = search.document(&found);
    if search.task.counts {
        let differences = explain::explain_commits(&search.place, &search.task, parent, &commits[changed])?;
        let explanation = explanation::of_two(&search.task.test, &differences, 10);
        document.sections.extend(explanation.sections);
    }
    app.print(&document)?;
    Ok(Exit::Success)
}

/// The commit of the last session before the newest change of level.
fn last_before_change(monitor: &Monitor, workspace: &Path, test: &TestId, metric: Metric) -> anyhow::Result<String> {
    let archive = Archive::new(monitor)?;
    let series = archive.series(test, &Scope::default())?;
    let shifts = archive.shifts(&series, metric)?;
    let before = shifts.last().and_then(|shift| series.runs.get(shift.index.checked_sub(1)?));
    match before.filter(|run| !run.session.scm_id.is_empty()) {
        Some(run) => elsewhere::commit(workspace, &run.session.scm_id),
        None => anyhow::bail!("the history shows no change of {}: name a commit before it with --good", metric.title()),
    }
}

struct Search {
    place: Place,
    task: Task,
    metric: Metric,
    asked: Vec<Asked>,
}

/// What a commit gave.
#[derive(Clone, Debug)]
struct Asked {
    commit: String,
    values: Vec<f64>,
    /// The median.
    middle: f64,
    /// Why there are no values.
    reason: String,
}

struct Found<'a> {
    commit: &'a str,
    subject: String,
    perhaps: Vec<String>,
    values: (f64, f64),
    error: Option<f64>,
}

impl Search {
    /// `None` if the commit gives no value.
    fn ask(&mut self, commit: &str) -> anyhow::Result<Option<Asked>> {
        output::note(&format!("building and running {} at {}", self.task.test.variant, short(commit)));
        let (values, reason) = match self.place.run(&self.task, commit)? {
            Outcome::Ran(runs) => (self.values(&runs), "the metric was not measured".to_owned()),
            Outcome::Failed(reason) => (Vec::new(), reason),
        };
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let asked = Asked {
            commit: commit.to_owned(),
            middle: sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN),
            reason,
            values,
        };
        match asked.values.is_empty() {
            true => output::note(&format!("{} is passed by: {}", short(commit), asked.reason)),
            false => output::note(&format!("{}: {}", short(commit), self.metric.quantity(asked.middle))),
        }
        self.asked.push(asked.clone());
        Ok((!asked.values.is_empty()).then_some(asked))
    }

    fn must_ask(&mut self, commit: &str) -> anyhow::Result<Asked> {
        match self.ask(commit)? {
            Some(asked) => Ok(asked),
            None => {
                let reason = self.asked.last().map_or("", |asked| &asked.reason);
                anyhow::bail!("{} gives no value of {}: {reason}", short(commit), self.metric.title())
            }
        }
    }

    fn values(&self, runs: &[Test]) -> Vec<f64> {
        runs.iter().filter_map(|run| measure::value(run, self.metric)).collect()
    }

    /// How likely one of the answers is wrong: as often as single runs contradict the median of their commit, which is taken to be
    /// one run at least.
    fn error(&self, is_changed: &dyn Fn(f64) -> bool) -> f64 {
        let (mut runs, mut contrary, mut answers) = (0_u32, 0_u32, 0);
        for asked in self.asked.iter().filter(|asked| !asked.values.is_empty()) {
            answers += 1;
            runs += asked.values.len() as u32;
            contrary +=
                asked.values.iter().filter(|value| is_changed(**value) != is_changed(asked.middle)).count() as u32;
        }
        let wrong = f64::from(contrary.max(1)) / f64::from(runs.max(2));
        1.0 - (1.0 - majority_error(RUNS, wrong)).powi(answers)
    }

    fn document(&self, found: &Found<'_>) -> Document {
        let quantity = |value: f64| Value::Quantity(self.metric.quantity(value));
        let mut facts = vec![
            (Column::new("test", "test"), Value::Name(measure::full_name(&self.task.test)).into()),
            (Column::new("metric", "metric"), Value::text(self.metric.title()).into()),
            (Column::new("commit", "first commit with the change"), Value::Text(found.commit.to_owned()).into()),
            (Column::new("subject", "subject"), Value::text(&found.subject).into()),
            (Column::new("base_value", "before"), quantity(found.values.0).into()),
            (Column::new("head_value", "now"), quantity(found.values.1).into()),
            (Column::new("builds", "commits asked"), Value::count(self.asked.len() as u64).into()),
        ];
        if !found.perhaps.is_empty() {
            let perhaps = Value::Text(found.perhaps.join(" "));
            facts.push((Column::new("perhaps", "or one of these, which gave no value"), perhaps.into()));
        }
        if let Some(error) = found.error {
            facts.push((Column::new("error_rate", "probability that an answer is wrong"), Value::Share(error).into()));
        }
        let mut table =
            Table::new(&[("commit", "commit"), ("value", self.metric.title()), ("reason", "passed by since")]);
        for asked in &self.asked {
            let is_known = !asked.values.is_empty();
            table.push(vec![
                Value::id(&asked.commit).into(),
                Value::or_missing(is_known.then_some(asked.middle), quantity).into(),
                Value::text(if is_known { "" } else { &asked.reason }).into(),
            ]);
        }
        Document::default().with_facts("bisection", "", facts).with_table("asked", "Commits", table)
    }
}

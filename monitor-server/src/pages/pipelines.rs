//! Pipelines and their builds, as CI systems name them in the tags of sessions.

use monitor_report::document::{Cell, Document, Table, Value};
use monitor_store::Session;

use super::links::{escaped, linked};
use super::sessions::{grouped, verdict};
use super::view::View;
use super::wanted::Wanted;
use crate::error::Problem;
use crate::judge::Project;

/// Rows that people see.
const ROWS: usize = 200;

/// The page of pipelines, or of one pipeline's builds.
///
/// # Errors
///
/// None of its own.
pub fn pipelines(wanted: &Wanted, project: &Project<'_>) -> Result<View, Problem> {
    let pipeline = wanted.parameter("pipeline");
    let document =
        if pipeline.is_empty() { all(wanted, project) } else { Document::table("builds", builds(project, pipeline)) };
    let mut view = View::of("Pipelines", linked(&wanted.prefix, document));
    if pipeline.is_empty() {
        "By the tags pipeline_branch and pipeline_build_no, which CI systems set".clone_into(&mut view.subtitle);
    } else {
        view.subtitle = format!("Builds of {pipeline}, the newest first");
        view.form = format!("<p><a href=\"{}/pipelines\">All pipelines</a></p>", wanted.prefix);
    }
    Ok(view)
}

fn all(wanted: &Wanted, project: &Project<'_>) -> Document {
    let mut table = Table::new(&[
        ("pipeline", "pipeline"),
        ("builds", "builds"),
        ("sessions", "sessions"),
        ("session", "newest session"),
        ("run_date", "date (UTC)"),
        ("verdict", "verdict"),
    ]);
    for (pipeline, sessions) in by_tag(project.newest_first(), project, "pipeline_branch").into_iter().take(ROWS) {
        let builds = by_tag(sessions.iter().copied(), project, "pipeline_build_no").len();
        let address = format!("{}/pipelines?pipeline={}", wanted.prefix, escaped(pipeline));
        let mut row = vec![Cell::from(Value::text(pipeline)).linked(address), Value::count(builds as u64).into()];
        row.extend(of_newest(project, &sessions));
        table.push(row);
    }
    Document::table("pipelines", table)
}

fn builds(project: &Project<'_>, pipeline: &str) -> Table {
    let mut table = Table::new(&[
        ("build", "build"),
        ("sessions", "sessions"),
        ("session", "newest session"),
        ("run_date", "date (UTC)"),
        ("verdict", "verdict"),
    ]);
    let of_pipeline = by_tag(project.newest_first(), project, "pipeline_branch");
    let sessions = of_pipeline.into_iter().find(|(name, _)| *name == pipeline).map(|(_, sessions)| sessions);
    let sessions = sessions.unwrap_or_default();
    for (build, sessions) in by_tag(sessions.into_iter(), project, "pipeline_build_no").into_iter().take(ROWS) {
        let mut row = vec![Value::text(build).into()];
        row.extend(of_newest(project, &sessions));
        table.push(row);
    }
    table
}

/// How many sessions, and what is known of the newest.
fn of_newest(project: &Project<'_>, sessions: &[&Session]) -> [Cell; 4] {
    let newest = sessions[0];
    [
        Value::count(sessions.len() as u64).into(),
        Value::id(&newest.session_h).into(),
        Value::Time(newest.run_date).into(),
        verdict(project, &newest.session_h),
    ]
}

/// The values of a tag, each with its sessions, both in the order of the sessions.
fn by_tag<'p>(
    sessions: impl Iterator<Item = &'p Session>,
    project: &'p Project<'_>,
    tag: &str,
) -> Vec<(&'p str, Vec<&'p Session>)> {
    grouped(sessions, |session| project.kept(&session.session_h)?.tag(tag))
}

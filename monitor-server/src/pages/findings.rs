//! What sessions were found to cost more, and what became of that.

use axum::extract::{Path, Request, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use monitor_report::document::{Cell, Document, Table, Tone, Value};
use monitor_report::measure;
use monitor_report::render::page::Section;
use monitor_store::Timestamp;

use super::links::{self, linked};
use super::view::View;
use super::wanted::Wanted;
use crate::address::Address;
use crate::error::Problem;
use crate::ingest::body;
use crate::judge::Project;
use crate::query::parameters;
use crate::state::State as Shared;
use crate::store::{Finding, State, Write};

/// The page of findings: those that are open, or all.
///
/// # Errors
///
/// If the rows can't be read.
pub fn findings(wanted: &Wanted, project: &Project<'_>) -> Result<View, Problem> {
    let all = wanted.parameter("state") == "all";
    let today = today();
    let mut found = project.store().findings(project.name())?;
    found.retain(|it| all || state(it, &today) == State::Open);
    found.reverse();
    let mut table = Table::new(&[
        ("id", "finding"),
        ("test", "test"),
        ("package", ""),
        ("binary", ""),
        ("metric", ""),
        ("metric_title", "metric"),
        ("before", "before"),
        ("after", "after"),
        ("ratio", "change"),
        ("branch", "branch"),
        ("session", "found in"),
        ("found_at", "at (UTC)"),
        ("state", "state"),
        ("until", "muted until"),
        ("fixed_in", "fixed in"),
    ]);
    for finding in &found {
        table.push(row(wanted, finding, &today));
    }
    let mut view = View::of("Findings", linked(&wanted.prefix, Document::table("findings", table)));
    view.subtitle =
        if all { "All, the newest first".to_owned() } else { "Those that are open, the newest first".to_owned() };
    let (query, name) = if all { ("", "Open findings only") } else { ("?state=all", "All findings") };
    view.form = format!("<p><a href=\"{}/findings{query}\">{name}</a></p>", wanted.prefix);
    if !found.is_empty() {
        view = view.with(Section::new("decide", "").with_text(&how_to_decide(wanted)));
    }
    Ok(view)
}

fn how_to_decide(wanted: &Wanted) -> String {
    format!(
        "A finding stays open until a later session of its branch is closer to the value before. Who has a token that may \
         write accepts it by curl --oauth2-bearer TOKEN --data state=accepted {}{}/findings/FINDING, and mutes it by \
         --data 'state=muted&until=2026-12-31'.",
        wanted.origin, wanted.prefix
    )
}

/// How many are open.
///
/// # Errors
///
/// If the rows can't be read.
pub(super) fn count_open(project: &Project<'_>) -> Result<u64, Problem> {
    let today = today();
    let found = project.store().findings(project.name())?;
    Ok(found.iter().filter(|it| state(it, &today) == State::Open).count() as u64)
}

fn row(wanted: &Wanted, finding: &Finding, today: &str) -> Vec<Cell> {
    let metric = measure::metric(&finding.metric);
    let quantity = |value| Value::or_missing(metric, |metric| Value::Quantity(metric.quantity(value))).into();
    let state = state(finding, today);
    let tone = if state == State::Open { Tone::Bad } else { Tone::Plain };
    let fixed_in = finding.fixed_in.as_deref().unwrap_or("");
    let mut fixed: Cell = Value::id(fixed_in).into();
    if !fixed_in.is_empty() {
        fixed = fixed.linked(links::session(&wanted.prefix, fixed_in));
    }
    vec![
        // Whole: it is what one asks for when one mutes it.
        Value::Name(finding.id.clone()).into(),
        Value::Name(measure::full_name(&finding.test)).into(),
        Value::text(&finding.test.package).into(),
        Value::text(&finding.test.binary).into(),
        Value::text(&finding.metric).into(),
        Value::text(metric.map_or(finding.metric.as_str(), |metric| metric.title())).into(),
        quantity(finding.before),
        quantity(finding.after),
        Value::or_missing(metric, |metric| Value::Change(finding.after / finding.before, metric.unit()))
            .toned(Tone::Bad),
        Value::text(&finding.branch).into(),
        Value::id(&finding.found_in).into(),
        finding.found_at.parse().map_or(Value::Missing, Value::Time).into(),
        Value::text(state.as_str()).toned(tone),
        Value::text(finding.until.as_deref().unwrap_or("")).into(),
        fixed,
    ]
}

/// `POST /findings/ID`: `state=muted&until=2026-12-31`, `state=accepted`, `state=open`.
///
/// # Errors
///
/// If there is no such finding, or it can't become so.
pub async fn decide(Of(shared): Of<Shared>, Path(id): Path<String>, request: Request) -> Result<Response, Problem> {
    let (parts, sent) = request.into_parts();
    let sent = body::read(&parts.headers, sent, &shared).await?;
    let sent = parameters(&String::from_utf8_lossy(&sent));
    let field = |name: &str| sent.get(name).map_or("", String::as_str);
    let state = State::parse(field("state")).filter(|state| *state != State::Fixed);
    let state = state.ok_or_else(|| Problem::field("state", "write open, muted or accepted"))?;
    let until = match (state, field("until")) {
        (State::Muted, day) if day.len() == 10 && day.parse::<Timestamp>().is_ok() => Some(day.to_owned()),
        (State::Muted, _) => return Err(Problem::field("until", "write the last day, 2026-12-31")),
        _ => None,
    };
    let project = Address::of(&parts.extensions).project;
    let name = project.clone();
    let known = shared.read(move |store| Ok(store.findings(&name)?)).await?;
    let finding = known.into_iter().find(|finding| finding.id == id);
    let finding = finding.ok_or_else(|| Problem::not_found(format!("there is no finding {id:?}")))?;
    let findings = vec![Finding { state, until, fixed_in: None, ..finding }];
    shared.write(Write { project, findings, ..Write::default() }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What counts today: one that is muted is open again when its time is over.
fn state(finding: &Finding, today: &str) -> State {
    let is_over = finding.until.as_deref().is_some_and(|until| until < today);
    if finding.state == State::Muted && is_over { State::Open } else { finding.state }
}

fn today() -> String {
    Timestamp::now().to_string()[..10].to_owned()
}

//! One test: its history, and where its costs changed.

use askama::Template;
use monitor_analysis::metric::Metric;
use monitor_report::document::{Body, Document};
use monitor_report::render::page::Section;
use monitor_report::series::chart::{By, Curve, chart, title};
use monitor_report::series::{Archive, Scope, Series};
use monitor_report::view::history;
use monitor_report::{ReportError, measure, select};
use monitor_store::{TestId, Timestamp};

use super::links::linked;
use super::view::View;
use super::wanted::Wanted;
use crate::error::Problem;
use crate::judge::Project;
use crate::store::{Filter, Page, Text};

/// What is drawn: the first of each pair along the left axis.
const CHARTS: [[Metric; 2]; 2] = [[Metric::WallTime, Metric::Memory], [Metric::CpuTime, Metric::HeapPeak]];

/// Runs in the table; programs get all.
const RUNS: usize = 100;

#[derive(Template)]
#[template(path = "test.html")]
struct Form<'a> {
    wanted: &'a Wanted,
    metric: Metric,
}

/// The page of a test.
///
/// # Errors
///
/// If there is no such test, a parameter makes no sense, or the rows can't be read.
pub fn test(wanted: &Wanted, project: &Project<'_>) -> Result<View, Problem> {
    let metric = wanted.metric()?;
    let test = find(wanted, project)?;
    let archive = Archive::new(project)?;
    let scope = Scope {
        across_machines: wanted.parameter("machines") == "all",
        from: time(wanted, "from")?,
        until: time(wanted, "until")?,
    };
    let series = archive.series(&test, &scope)?;
    let name = measure::full_name(&test);
    let mut view = View { title: name.clone(), ..View::default() };
    view.subtitle =
        [test.package.as_str(), &test.binary].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" · ");
    view.form = Form { wanted, metric }.render().unwrap_or_default();
    let mut drawn = Section::new("charts", "Evolution");
    if series.other_machines > 0 {
        drawn = drawn.with_text(&format!(
            "{} runs on other machine classes (processor, system, rustc or profile) than that of the newest run are left out: \
             choose all machines to see them.",
            series.other_machines
        ));
    }
    drawn = drawn.with_text("Dashed lines are change points.");
    for metrics in CHARTS {
        drawn = draw(drawn, &archive, &series, metrics)?;
    }
    view = view.with(drawn);
    let shifts = archive.shifts(&series, metric)?;
    let listed = if wanted.format == super::Format::Html { RUNS } else { series.runs.len() };
    let document = history::document(&series, metric, &shifts, listed);
    view = view.with_document(of_metric(linked(&wanted.prefix, document), metric));
    Ok(view)
}

/// What is shown of one metric says of which; dates of runs lead to their sessions.
fn of_metric(mut document: Document, metric: Metric) -> Document {
    for section in document.sections.iter_mut().filter(|section| !section.title.is_empty()) {
        section.title = format!("{} of {metric}", section.title);
        let Body::Table(table) = &mut section.body else { continue };
        let place = |key: &str| table.columns.iter().position(|column| column.key == key);
        if let (Some(session), Some(date)) = (place("session"), place("run_date")) {
            for row in &mut table.rows {
                row[date].link = row[session].link.clone();
            }
        }
    }
    document
}

fn draw(
    section: Section,
    archive: &Archive<'_>,
    series: &Series,
    metrics: [Metric; 2],
) -> Result<Section, ReportError> {
    let mut curves = Vec::new();
    for metric in metrics {
        if series.values(metric).iter().any(Option::is_some) {
            let shifts = archive.shifts(series, metric)?;
            curves.push(Curve { name: metric.title().to_owned(), series, metric, shifts });
        }
    }
    let drawn: Vec<Metric> = curves.iter().map(|curve| curve.metric).collect();
    if drawn.is_empty() {
        return Ok(section);
    }
    let chart = chart(&title(&drawn, &series.test.variant, By::Commit), &curves, By::Commit);
    Ok(history::with_changes(section.with_chart(&chart), &curves))
}

/// A date of the address.
fn time(wanted: &Wanted, name: &str) -> Result<Option<Timestamp>, Problem> {
    match wanted.parameter(name) {
        "" => Ok(None),
        text => {
            text.parse().map(Some).map_err(|_| Problem::field(name, "write it as 2026-12-31 or 2026-12-31T23:59:59"))
        }
    }
}

/// The test that an address names: by path and variant, else as `cargo monitor` names tests.
fn find(wanted: &Wanted, project: &Project<'_>) -> Result<TestId, Problem> {
    let name = wanted.parameter("name");
    if name.is_empty() {
        return Err(Problem::field("name", "it is missing: say which test"));
    }
    let ends = name.match_indices("::").map(|(at, _)| (&name[..at], &name[at + 2..]));
    for (path, variant) in ends.chain([("", name)]) {
        let is = |text: &str| Some(Text::Is(text.to_owned()));
        let filter =
            Filter { path: is(path), variant: is(variant), unfinished: true, ..Filter::project(project.name()) };
        if !project.store().runs(&filter, Page::first(1))?.is_empty() {
            return Ok(TestId {
                package: wanted.parameter("package").to_owned(),
                binary: wanted.parameter("binary").to_owned(),
                path: path.to_owned(),
                variant: variant.to_owned(),
            });
        }
    }
    Ok(select::test(project, name)?)
}

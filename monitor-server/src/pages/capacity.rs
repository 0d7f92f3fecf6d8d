//! What the tests need of a machine.

use askama::Template;
use monitor_report::amount;
use monitor_report::render::{page::Section, short};
use monitor_report::view::capacity;
use monitor_report::view::subject::words;

use super::links::linked;
use super::session::find;
use super::view::View;
use super::wanted::Wanted;
use crate::error::Problem;
use crate::judge::Project;

#[derive(Template)]
#[template(path = "capacity.html")]
struct Form<'a> {
    wanted: &'a Wanted,
}

/// The page of the forecast.
///
/// # Errors
///
/// None of its own: why there is no forecast is part of the page.
pub fn capacity(wanted: &Wanted, project: &Project<'_>) -> Result<View, Problem> {
    let form = Form { wanted }.render().unwrap_or_default();
    let view = View { title: "Capacity".to_owned(), form, ..View::default() };
    if project.newest_first().next().is_none() {
        return Ok(view);
    }
    Ok(view.with_answer(forecast(wanted, project)))
}

fn forecast(wanted: &Wanted, project: &Project<'_>) -> Result<View, Problem> {
    let cores = parameter(wanted, "cores", |text| match text.parse() {
        Ok(cores @ 1..=1024) => Ok(cores),
        _ => Err("write a number from 1 to 1024".to_owned()),
    })?;
    let (memory, within) = (parameter(wanted, "memory", amount::bytes)?, parameter(wanted, "within", amount::seconds)?);
    let session = find(project, wanted.parameter_or("session", "latest"))?;
    let tests = capacity::ended_tests(project, &session)?;
    let recording = capacity::recording(project, &session, &tests)?;
    let subtitle = format!("Session {} · {}", short(&session.session_h), words(&session));
    let mut view = View { subtitle, ..View::default() };
    if let Some(doubt) = capacity::doubt(&recording, &tests) {
        view = view.with(Section::new("doubt", "").with_text(&doubt));
    }
    let document = capacity::document(&capacity::Wanted { cores, memory, within }, recording, &tests);
    Ok(view.with_document(linked(&wanted.prefix, document)))
}

fn parameter<T>(wanted: &Wanted, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, Problem> {
    match wanted.parameter(name) {
        "" => Ok(None),
        text => parse(text).map(Some).map_err(|reason| Problem::field(name, reason)),
    }
}

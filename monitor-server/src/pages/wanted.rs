//! What is asked of a page.

use std::collections::HashMap;

use axum::extract::Request;
use monitor_analysis::metric::Metric;
use monitor_report::measure;
use percent_encoding::percent_decode_str;

use crate::access::cookie;
use crate::address::Address;
use crate::error::Problem;
use crate::query::parameters;

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Html,
    /// For programs.
    Json,
    /// The first table, for spreadsheets.
    Csv,
}

/// A request for a page.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The project.
    pub project: String,
    /// Scheme and host by which the client reached the server; empty if it did not say.
    pub origin: String,
    /// Whether a browser asks that somebody has signed in with.
    pub is_signed_in: bool,
    /// The path before all of the server's.
    pub base: String,
    /// The base, and `/p/NAME` if the project was named.
    pub prefix: String,
    /// The path within the project, without the ending that says the form.
    pub path: String,
    /// The form.
    pub format: Format,
    /// The query as it came.
    pub query: String,
    parameters: HashMap<String, String>,
}

impl Wanted {
    /// Of a request.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        let Address { origin, base, project, prefix, path } = Address::of(request.extensions());
        let endings = [(".json", Format::Json), (".csv", Format::Csv)];
        let found = endings.into_iter().find_map(|(ending, format)| Some((path.strip_suffix(ending)?, format)));
        let (path, format) = found.unwrap_or((&path, Format::Html));
        let path = if matches!(path, "/index" | "/index.html") { "/" } else { path };
        let query = request.uri().query().unwrap_or("").to_owned();
        let is_signed_in = cookie::of(request.headers(), cookie::TOKEN).is_some();
        Self {
            project,
            origin,
            is_signed_in,
            base,
            prefix,
            path: path.to_owned(),
            format,
            parameters: parameters(&query),
            query,
        }
    }

    /// A part of the path, decoded, counted from the last, which is 0.
    #[must_use]
    pub fn part(&self, from_last: usize) -> String {
        let part = self.path.rsplit('/').nth(from_last).unwrap_or("");
        percent_decode_str(part).decode_utf8_lossy().into_owned()
    }

    /// A parameter of the address; empty if it is not there.
    #[must_use]
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }

    /// A parameter of the address, or what is usual.
    #[must_use]
    pub fn parameter_or<'a>(&'a self, name: &str, usual: &'a str) -> &'a str {
        Some(self.parameter(name)).filter(|text| !text.is_empty()).unwrap_or(usual)
    }

    /// The metric that is wanted.
    ///
    /// # Errors
    ///
    /// If there is none of that name.
    pub fn metric(&self) -> Result<Metric, Problem> {
        let name = self.parameter_or("metric", Metric::WallTime.name());
        measure::metric(name).ok_or_else(|| Problem::field("metric", format!("{name:?} is not a metric")))
    }

    /// The same page in another form.
    #[must_use]
    pub fn as_format(&self, ending: &str) -> String {
        let path = if self.path == "/" { "/index" } else { &self.path };
        let query = if self.query.is_empty() { String::new() } else { format!("?{}", self.query) };
        format!("{}{path}.{ending}{query}", self.prefix)
    }
}

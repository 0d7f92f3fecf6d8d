//! A self-contained HTML page: styles, script and charts are in it, and it asks for nothing from anywhere.
//!
//! Without JavaScript all is there: browsers show the charts' tooltips themselves. With it they follow the pointer at
//! once, and the arrow keys.

use std::fmt::Write as _;

use monitor_analysis::chart::{self, Chart};
use monitor_analysis::sanitise::html;

use super::html as render;
pub use super::html::MOST_ROWS;
use crate::document::{Cell, Column, Document, Table};

const STYLE: &str = include_str!("page.css");

/// The script that shows the tooltips of charts, in the element with the identifier `tooltip`.
pub const SCRIPT: &str = include_str!("page.js");

/// The style sheet of pages.
#[must_use]
pub fn style() -> String {
    format!("{STYLE}{}", chart::STYLE)
}

/// What a page may do: show itself, and run its own script, whatever else got into it. The script is known by the base64 of
/// the SHA-256 of `page.js`. A browser that refuses it tells the new one in its console; the test of the report in Chromium
/// fails then.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; \
     script-src 'sha256-4ksbuvJdQtbf1An0xHPcq8YE7gU3me19TabUypy30hk='";

/// A page.
#[must_use]
#[derive(Clone, Debug)]
pub struct Page {
    title: String,
    subtitle: String,
    sections: Vec<Section>,
}

/// A part of a page, with a heading and a place in the navigation if it has a title.
#[must_use]
#[derive(Clone, Debug)]
pub struct Section {
    id: String,
    title: String,
    /// What the next table or chart is about, for those who do not see the heading above it.
    about: String,
    body: String,
}

impl Page {
    /// A page without content.
    pub fn new(title: &str) -> Self {
        Self { title: title.to_owned(), subtitle: String::new(), sections: Vec::new() }
    }

    /// A line below the title.
    pub fn subtitled(mut self, subtitle: &str) -> Self {
        subtitle.clone_into(&mut self.subtitle);
        self
    }

    /// Adds a section.
    pub fn with(mut self, section: Section) -> Self {
        self.sections.push(section);
        self
    }

    /// The HTML.
    #[must_use]
    pub fn render(&self) -> String {
        let title = html(&self.title);
        let titled = || self.sections.iter().filter(|section| !section.title.is_empty());
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{CONTENT_SECURITY_POLICY}\">\n\
             <title>{title}</title>\n<style>\n{}\n</style>\n</head>\n<body>\n\
             <a class=\"skip\" href=\"#content\">Skip to the content</a>\n<header>\n<h1>{title}</h1>\n",
            style(),
        );
        if !self.subtitle.is_empty() {
            let _ = writeln!(out, "<p>{}</p>", html(&self.subtitle));
        }
        if titled().count() > 1 {
            out.push_str("<nav aria-label=\"Sections\">\n");
            for section in titled() {
                let _ = writeln!(out, "<a href=\"#{}\">{}</a>", section.id, html(&section.title));
            }
            out.push_str("</nav>\n");
        }
        out.push_str("</header>\n<main id=\"content\">\n");
        for section in &self.sections {
            out.push_str(&section.html());
        }
        let _ = write!(
            out,
            "</main>\n<div id=\"tooltip\" role=\"status\" hidden></div>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
        );
        out
    }
}

impl Section {
    /// A section without content. `id` is its anchor: letters, digits and `-`.
    pub fn new(id: &str, title: &str) -> Self {
        debug_assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{id}");
        Self { id: id.to_owned(), title: title.to_owned(), about: title.to_owned(), body: String::new() }
    }

    /// Adds a paragraph.
    pub fn with_text(self, text: &str) -> Self {
        let paragraph = format!("<p>{}</p>\n", html(text));
        self.with(&paragraph)
    }

    /// Adds a heading of words.
    pub fn with_heading(mut self, heading: &str) -> Self {
        heading.clone_into(&mut self.about);
        let heading = format!("<h3>{}</h3>\n", html(heading));
        self.with(&heading)
    }

    /// Adds a heading that is a name in code, such as a test's.
    pub fn with_name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.about);
        let heading = format!("<h3><code>{}</code></h3>\n", html(name));
        self.with(&heading)
    }

    /// Adds named values.
    pub fn with_facts(self, facts: &[(Column, Cell)]) -> Self {
        self.with(&render::facts(facts))
    }

    /// Adds a table.
    pub fn with_table(self, table: &Table) -> Self {
        let table = render::table(table, &self.about);
        self.with(&table)
    }

    /// Adds facts and tables.
    pub fn with_document(self, document: &Document) -> Self {
        self.with(&render::document(document))
    }

    /// Adds a table that is folded away below a line, which opens it.
    pub fn with_folded(self, summary: &str, table: &Table) -> Self {
        let table = render::table(table, &format!("{}: {summary}", self.about));
        let folded = format!("<details><summary>{}</summary>\n{table}</details>\n", html(summary));
        self.with(&folded)
    }

    /// Adds a chart below the heading that was added last: one drawing for wide screens and paper, one for phones.
    pub fn with_chart(self, chart: &Chart) -> Self {
        let (wide, narrow) = (chart.element(), chart.narrow().element());
        let figure =
            format!("<figure class=\"wide\">\n{wide}</figure>\n<figure class=\"narrow\">\n{narrow}</figure>\n");
        self.with(&figure)
    }

    /// The size of its content, bytes: what a page that may not become too large goes by.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.body.len()
    }

    /// The section as HTML.
    #[must_use]
    pub fn html(&self) -> String {
        let Self { id, title, body, .. } = self;
        let heading = if title.is_empty() { String::new() } else { format!("<h2>{}</h2>\n", html(title)) };
        format!("<section id=\"{id}\">\n{heading}{body}</section>\n")
    }

    fn with(mut self, html: &str) -> Self {
        self.body.push_str(html);
        self
    }
}

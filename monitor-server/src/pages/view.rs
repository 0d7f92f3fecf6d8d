//! What a page says.

use monitor_report::document::{self, Body, Document};
use monitor_report::render::page::Section;

use crate::error::Problem;

/// A page without its frame.
#[derive(Debug, Default)]
pub struct View {
    /// The heading.
    pub title: String,
    /// A line below it; empty for none.
    pub subtitle: String,
    /// A form above all, as HTML.
    pub form: String,
    /// The parts of the page, in HTML.
    pub sections: Vec<Section>,
    /// The same for programs.
    pub document: Document,
    /// Why there is no more than the form.
    pub refused: Option<Problem>,
}

impl View {
    /// A page that says what a document says, a section for each of its parts.
    #[must_use]
    pub fn of(title: &str, document: Document) -> Self {
        Self { title: title.to_owned(), ..Self::default() }.with_document(document)
    }

    /// Adds what a document says.
    #[must_use]
    pub fn with_document(mut self, document: Document) -> Self {
        for section in document.seen() {
            let shown = Section::new(&section.key.replace('_', "-"), &section.title);
            self.sections.push(match &section.body {
                Body::Facts(facts) => shown.with_facts(facts),
                // Who can't see where a table stands hears its name.
                Body::Table(_) if section.title.is_empty() => shown.with_document(&only(section)),
                Body::Table(table) => shown.with_table(table),
            });
        }
        self.document.sections.extend(document.sections);
        self
    }

    /// Adds the answer; if there is none, the form stays, for another try.
    #[must_use]
    pub fn with_answer(self, answer: Result<Self, Problem>) -> Self {
        match answer {
            Ok(answer) => Self { title: self.title, form: self.form, ..answer },
            Err(problem) => Self { subtitle: problem.to_string(), refused: Some(problem), ..self },
        }
    }

    /// Adds a section that is only for people.
    #[must_use]
    pub fn with(mut self, section: Section) -> Self {
        self.sections.push(section);
        self
    }
}

fn only(section: &document::Section) -> Document {
    Document { sections: vec![section.clone()] }
}

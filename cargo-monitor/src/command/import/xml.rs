//! XML as a tree of elements, without its text. What real reports have beyond the standard is no reason to lose them: control
//! characters, lone ampersands, unknown entities.

use anyhow::{Context as _, bail, ensure};
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

/// Deeper than any report, and far from the end of the stack.
const DEPTH: usize = 200;

/// An element.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// Without its namespace.
    pub name: String,
    attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
}

impl Element {
    /// The root of a document. No DTD is read, from wherever.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut reader = Reader::from_str(text);
        reader.config_mut().allow_dangling_amp = true;
        // The first is the document, the others are open.
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().with_context(|| format!("at byte {}", reader.error_position()))? {
                Event::Start(start) => {
                    ensure!(open.len() < DEPTH, "its elements are nested more than {DEPTH} deep");
                    open.push(Self::of(&start)?);
                }
                Event::Empty(start) => {
                    let element = Self::of(&start)?;
                    open.last_mut().context("nothing is open")?.children.push(element);
                }
                Event::End(_) => {
                    let element = open.pop().context("nothing is open")?;
                    open.last_mut().context("nothing is open")?.children.push(element);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        match (open.len(), open.pop()) {
            (1, Some(document)) => document.children.into_iter().next().context("it has no element"),
            (_, element) => bail!("it ends within <{}>", element.unwrap_or_default().name),
        }
    }

    fn of(start: &BytesStart<'_>) -> anyhow::Result<Self> {
        let mut attributes = Vec::new();
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.with_context(|| format!("in <{}>", start.local_name().as_ref()))?;
            let value = unescape(&attribute.value).unwrap_or_else(|_| attribute.value.clone());
            attributes.push((attribute.key.local_name().as_ref().to_owned(), value.into_owned()));
        }
        Ok(Self { name: start.local_name().as_ref().to_owned(), attributes, children: Vec::new() })
    }

    /// The value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of an attribute, if there is something in it.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.attribute(name).map(str::trim).filter(|text| !text.is_empty())
    }

    /// Whether one of these is a child.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.children.iter().any(|child| names.contains(&child.name.as_str()))
    }

    /// This element and all below it.
    pub(super) fn all(&self) -> Vec<&Self> {
        let mut all = vec![self];
        let mut next = 0;
        while let Some(element) = all.get(next) {
            all.extend(&element.children);
            next += 1;
        }
        all
    }
}

//! The answer of a command, before it is text.

use monitor_analysis::quantity::{Quantity, Unit};
use monitor_store::Timestamp;

/// An answer: facts and tables, in order.
#[must_use]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// The parts. A document of one table is an array in JSON, another an object with a key for each section.
    pub sections: Vec<Section>,
}

/// A part of a document.
#[must_use]
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Its name for programs, such as the key in JSON.
    pub key: &'static str,
    /// Its heading for people; empty for none.
    pub title: String,
    /// What it says.
    pub body: Body,
    /// People don't see it if it is a table without rows; programs always do.
    pub is_seen_only_with_rows: bool,
}

impl Section {
    /// Whether people see it.
    #[must_use]
    pub fn is_seen(&self) -> bool {
        !self.is_seen_only_with_rows || !matches!(&self.body, Body::Table(table) if table.rows.is_empty())
    }
}

/// What a section says.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Named values about one thing.
    Facts(Vec<(Column, Cell)>),
    /// The same values about many things.
    Table(Table),
}

/// Rows of cells under columns.
#[must_use]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, each with a cell for every column.
    pub rows: Vec<Vec<Cell>>,
}

/// A column of a table, or the name of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name for programs, with the unit of plain numbers: `wall_seconds`.
    pub key: &'static str,
    /// Heading for people, who see the unit with each value: `wall`. Empty if only programs see the column.
    pub title: &'static str,
}

/// A value and how it looks.
#[must_use]
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The value.
    pub value: Value,
    /// How it looks on a terminal.
    pub tone: Tone,
    /// The address that it links to on a page of HTML.
    pub link: Option<String>,
}

/// A value. People see it in a suitable unit, programs as a plain number in the base unit or as text.
#[must_use]
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Not known, or not measurable on this platform. It is never shown as zero.
    Missing,
    /// Text of ours or of a user.
    Text(String),
    /// A name in code, such as a test's: set in code type in markdown.
    Name(String),
    /// An identifier, such as a session's or a commit's: people see its first characters.
    Id(String),
    /// A toolchain, `rustc 1.95.0 (hash date)`: people see the version.
    Toolchain(String),
    /// A number with its unit.
    Quantity(Quantity),
    /// A part of a whole, 0 to 1.
    Share(f64),
    /// A value divided by the one before, both of this unit: 1.0 is no change, infinite means that the one before was zero.
    Change(f64, Unit),
    /// A point in time.
    Time(Timestamp),
    /// Yes or no.
    Flag(bool),
    /// Names and texts, for programs.
    Fields(Vec<(String, String)>),
}

/// How a value looks on a terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// No colour.
    #[default]
    Plain,
    /// Better, passed: green.
    Good,
    /// To be looked at: yellow.
    Doubtful,
    /// Worse, failed: red.
    Bad,
    /// Beside the point: dim.
    Dim,
}

impl Document {
    /// A document of one table.
    pub fn table(key: &'static str, table: Table) -> Self {
        Self::default().with_table(key, "", table)
    }

    /// Adds a table.
    pub fn with_table(self, key: &'static str, title: impl Into<String>, table: Table) -> Self {
        self.with(key, title, Body::Table(table), false)
    }

    /// Adds a table that people see only if it has rows.
    pub fn with_rows(self, key: &'static str, title: impl Into<String>, table: Table) -> Self {
        self.with(key, title, Body::Table(table), true)
    }

    /// Adds facts.
    pub fn with_facts(self, key: &'static str, title: impl Into<String>, facts: Vec<(Column, Cell)>) -> Self {
        self.with(key, title, Body::Facts(facts), false)
    }

    fn with(mut self, key: &'static str, title: impl Into<String>, body: Body, is_seen_only_with_rows: bool) -> Self {
        self.sections.push(Section { key, title: title.into(), body, is_seen_only_with_rows });
        self
    }

    /// The sections that people see.
    pub fn seen(&self) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(|section| section.is_seen())
    }

    /// Those of them that are tables.
    pub fn tables(&self) -> impl Iterator<Item = &Section> {
        self.seen().filter(|section| matches!(section.body, Body::Table(_)))
    }
}

impl Table {
    /// A table without rows, of columns given as key and title.
    pub fn new(columns: &[(&'static str, &'static str)]) -> Self {
        Self { columns: columns.iter().map(|&(key, title)| Column { key, title }).collect(), rows: Vec::new() }
    }

    /// The columns that people see, by index.
    #[must_use]
    pub fn shown(&self) -> Vec<usize> {
        (0..self.columns.len()).filter(|&index| !self.columns[index].title.is_empty()).collect()
    }

    /// Whether a column holds numbers, which are aligned to the right.
    ///
    /// # Panics
    ///
    /// If there is no such column.
    #[must_use]
    pub fn is_number(&self, column: usize) -> bool {
        self.rows.iter().any(|row| row[column].value.is_number())
    }

    /// Adds a row: a cell for each column.
    pub fn push(&mut self, row: Vec<Cell>) {
        debug_assert_eq!(row.len(), self.columns.len(), "a cell for each column");
        self.rows.push(row);
    }
}

impl Column {
    /// A column by key and title.
    #[must_use]
    pub const fn new(key: &'static str, title: &'static str) -> Self {
        Self { key, title }
    }
}

impl Value {
    /// The value, in a tone.
    pub fn toned(self, tone: Tone) -> Cell {
        Cell { value: self, tone, link: None }
    }

    /// `kind` of the value, or [`Value::Missing`].
    pub fn or_missing<T>(value: Option<T>, kind: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Missing, kind)
    }

    /// A number of things.
    #[expect(clippy::cast_precision_loss, reason = "exact below 9,007,199,254,740,993")]
    pub fn count(count: u64) -> Self {
        Self::Quantity(Quantity { value: count as f64, unit: Unit::Count })
    }

    /// A duration, seconds.
    pub const fn seconds(seconds: f64) -> Self {
        Self::Quantity(Quantity { value: seconds, unit: Unit::Seconds })
    }

    /// An amount of memory, bytes.
    pub const fn bytes(bytes: f64) -> Self {
        Self::Quantity(Quantity { value: bytes, unit: Unit::Bytes })
    }

    /// A text, or none if it is empty.
    pub fn text(text: &str) -> Self {
        if text.is_empty() { Self::Missing } else { Self::Text(text.to_owned()) }
    }

    /// An identifier, or none if it is empty.
    pub fn id(id: &str) -> Self {
        if id.is_empty() { Self::Missing } else { Self::Id(id.to_owned()) }
    }

    /// Whether it stands at the right of its column, as numbers do.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Quantity(_) | Self::Share(_) | Self::Change(..))
    }
}

impl Cell {
    /// The cell, with an address to which it leads.
    pub fn linked(self, address: String) -> Self {
        Self { link: Some(address), ..self }
    }
}

impl From<Value> for Cell {
    fn from(value: Value) -> Self {
        Self { value, tone: Tone::Plain, link: None }
    }
}

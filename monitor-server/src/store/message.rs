//! What other programs are to be told.

use super::cells::Cells;
use super::value::Value;

/// A message on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Its name; a second one of the same name is the same.
    pub id: String,
    /// The project that it is about.
    pub project: String,
    /// What it says.
    pub body: String,
    /// How often its receiver did not take it.
    pub attempts: u32,
    /// When it is to be sent, in seconds since 1970; `None` if it needs no more sending.
    pub due: Option<i64>,
}

impl Message {
    /// The values in the order of the columns.
    pub(super) fn values(&self) -> [Value; 5] {
        [
            Value::text(&self.id),
            Value::text(&self.project),
            Value::text(&self.body),
            Value::Integer(self.attempts.into()),
            self.due.map_or(Value::Null, Value::Integer),
        ]
    }

    pub(super) fn from_cells(mut cells: Cells) -> Self {
        Self {
            id: cells.text(),
            project: cells.text(),
            body: cells.text(),
            attempts: u32::try_from(cells.integer()).unwrap_or(u32::MAX),
            due: Some(cells.integer()),
        }
    }
}

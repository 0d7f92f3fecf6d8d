//! Messages to other programs.

use super::cells::Cells;
use super::value::Value;

/// A message, with its state of delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Its identifier: a second message with the same one is the same message.
    pub id: String,
    /// The project that it is about.
    pub project: String,
    /// Its text, JSON.
    pub body: String,
    /// The number of failed attempts to deliver it.
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

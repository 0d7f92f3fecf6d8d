//! Whole tables of rows by COPY, which costs the database a fraction of INSERT.

use std::io::Write as _;

use postgres::{Error, Transaction};

use super::super::super::value::Value;

/// Bytes that a value usually takes: its length, and a number.
const USUAL: usize = 12;

/// Rows in the form that `COPY ... (FORMAT binary)` takes.
pub(super) struct Rows {
    columns: usize,
    bytes: Vec<u8>,
}

impl Rows {
    /// For so many rows of so many columns.
    pub(super) fn new(columns: usize, rows: usize) -> Self {
        let mut bytes = Vec::with_capacity(rows * columns * USUAL);
        bytes.extend(b"PGCOPY\n\xff\r\n\0");
        // No flags, and no more of a head.
        bytes.extend([0; 8]);
        Self { columns, bytes }
    }

    /// A row; `fill` writes a value for each column.
    pub(super) fn row(&mut self, fill: impl FnOnce(&mut Self)) {
        self.bytes.extend((self.columns as u16).to_be_bytes());
        fill(self);
    }

    pub(super) fn integer(&mut self, number: i64) {
        self.value(&number.to_be_bytes());
    }

    pub(super) fn real(&mut self, number: Option<f64>) {
        match number {
            Some(number) => self.value(&number.to_be_bytes()),
            None => self.null(),
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        self.value(text.as_bytes());
    }

    pub(super) fn word(&mut self, word: Option<&str>) {
        match word {
            Some(word) => self.text(word),
            None => self.null(),
        }
    }

    pub(super) fn any(&mut self, value: &Value) {
        match value {
            Value::Null => self.null(),
            Value::Integer(number) => self.integer(*number),
            Value::Real(number) => self.real(Some(*number)),
            Value::Text(text) => self.text(text),
            Value::Bytes(bytes) => self.value(bytes),
        }
    }

    fn value(&mut self, bytes: &[u8]) {
        self.bytes.extend((bytes.len() as u32).to_be_bytes());
        self.bytes.extend(bytes);
    }

    fn null(&mut self) {
        self.bytes.extend((-1_i32).to_be_bytes());
    }

    /// Sends them into these columns of a table.
    pub(super) fn send(mut self, transaction: &mut Transaction<'_>, table: &str, columns: &str) -> Result<(), Error> {
        self.bytes.extend((-1_i16).to_be_bytes());
        let mut copy = transaction.copy_in(&format!("COPY {table} ({columns}) FROM STDIN (FORMAT binary)"))?;
        // The first part is only put aside; what may fail does so at the end.
        let _ = copy.write_all(&self.bytes);
        copy.finish()?;
        Ok(())
    }
}

//! The values of a row, read one after another.

use rusqlite::types::{FromSql, Type};
use rusqlite::{Error, Result, Row};

/// Reads the values of a row one after another.
pub(crate) struct Cells<'r, 's> {
    row: &'r Row<'s>,
    next: usize,
}

impl<'r, 's> Cells<'r, 's> {
    pub(crate) fn new(row: &'r Row<'s>, first: usize) -> Self {
        Self { row, next: first }
    }

    pub(crate) fn get<T: FromSql>(&mut self) -> Result<T> {
        self.next += 1;
        T::column_result(self.row.get_ref(self.next - 1)?).map_err(|_| in_column(self.next - 1))
    }

    /// The value, if it can be.
    fn that<T: FromSql>(&mut self, can_be: impl FnOnce(&T) -> bool) -> Result<Option<T>> {
        match self.get::<Option<T>>()? {
            Some(value) if !can_be(&value) => Err(in_column(self.next - 1)),
            value => Ok(value),
        }
    }

    pub(crate) fn text(&mut self) -> Result<String> {
        Ok(self.get::<Option<String>>()?.unwrap_or_default())
    }

    pub(crate) fn count(&mut self) -> Result<Option<u64>> {
        Ok(self.that(|count: &i64| *count >= 0)?.map(i64::unsigned_abs))
    }

    pub(crate) fn real(&mut self) -> Result<Option<f64>> {
        self.that(|value: &f64| value.is_finite())
    }

    pub(crate) fn seconds(&mut self) -> Result<Option<f64>> {
        self.that(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0)
    }
}

/// The value in this column cannot be.
pub(crate) fn in_column(column: usize) -> Error {
    Error::FromSqlConversionFailure(column, Type::Null, "the value cannot be".into())
}

/// The column whose value cannot be.
pub(crate) fn column_of(error: &Error) -> Option<usize> {
    match error {
        Error::FromSqlConversionFailure(column, ..) => Some(*column),
        _ => None,
    }
}

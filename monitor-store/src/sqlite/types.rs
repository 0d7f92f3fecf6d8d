//! How values of rows stand in SQLite.

use std::ops::Range;

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};

use crate::timestamp::Timestamp;
use crate::words::{Attribution, Kind, MemSource, Outcome};

macro_rules! words {
    ($($name:ident)+) => { $(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let word = value.as_str()?;
                Self::parse(word).ok_or_else(|| {
                    FromSqlError::Other(format!("{word:?} is not a valid {}", stringify!($name)).into())
                })
            }
        }
    )+ };
}

words! { Attribution Kind MemSource Outcome }

impl ToSql for Timestamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.to_string().into())
    }
}

/// Microseconds that SQLite turns into a time with a year of four digits.
pub(crate) const TIMES: Range<i64> = 0..253_402_300_800_000_000;

/// As `RUNS` holds it: microseconds, unless no SQLite turns them back into the text.
pub(crate) struct Start(pub(crate) Timestamp);

impl ToSql for Start {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let micros = self.0.as_micros();
        if TIMES.contains(&micros) { Ok(micros.into()) } else { self.0.to_sql() }
    }
}

impl FromSql for Timestamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        if let ValueRef::Integer(micros) = value {
            let time = TIMES.contains(&micros).then(|| Self::from_micros(micros));
            return time.ok_or(FromSqlError::OutOfRange(micros));
        }
        value.as_str()?.parse().map_err(|e| FromSqlError::Other(Box::new(e)))
    }
}

/// SQLite's integers end at `i64::MAX`; a larger measure is one that wrapped below zero.
pub(crate) fn integer(value: Option<u64>) -> Option<i64> {
    value.map(|value| i64::try_from(value).unwrap_or(i64::MAX))
}

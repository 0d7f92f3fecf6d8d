//! Parquet, as far as flat tables need it: a row group for each session, one plain, uncompressed page for each column.
//!
//! Written after the format's specification (<https://github.com/apache/parquet-format>): the libraries that write it bring
//! twenty crates along, for encodings that files of this size do not need.

use std::io::{self, Write};

use monitor_analysis::quantity::Unit;

use super::thrift::{Struct, varint};
use crate::output::{Cell, Column, Table, Value, text_of};
use monitor_report::measure;

const MAGIC: &[u8] = b"PAR1";

/// Codes of the format that are needed.
const OPTIONAL: i32 = 1;
const PLAIN: i32 = 0;
const RLE: i32 = 3;
const UNCOMPRESSED: i32 = 0;
const DATA_PAGE: i32 = 0;
const UTF8: i32 = 0;
const TIMESTAMP_MICROS: i32 = 10;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Boolean,
    Integer,
    Double,
    Text,
    Time,
}

impl Kind {
    /// The same for every session, also where all values of one are missing.
    fn of(column: &Column) -> Self {
        if let Some(metric) = measure::METRICS.iter().find(|metric| measure::key(**metric) == column.key) {
            return match metric.unit() {
                Unit::Bytes | Unit::Count => Self::Integer,
                Unit::Seconds | Unit::Ratio => Self::Double,
            };
        }
        match column.key {
            "dirty" => Self::Boolean,
            "cpu_count" | "memory_mib" | "concurrency" | "attempt" => Self::Integer,
            "cpu_frequency_mhz" => Self::Double,
            "run_date" | "start_time" => Self::Time,
            _ => Self::Text,
        }
    }

    /// `Type`: how values are stored.
    fn physical(self) -> i32 {
        match self {
            Self::Boolean => 0,
            Self::Integer | Self::Time => 2,
            Self::Double => 5,
            Self::Text => 6,
        }
    }

    /// `SchemaElement` of a column.
    fn schema(self, name: &str) -> Struct {
        let element = Struct::default().i32(1, self.physical()).i32(3, OPTIONAL).text(4, name);
        match self {
            Self::Text => element.i32(6, UTF8),
            Self::Time => element.i32(6, TIMESTAMP_MICROS),
            Self::Boolean | Self::Integer | Self::Double => element,
        }
    }
}

/// A file that is being written.
pub(super) struct Writer<'a> {
    out: &'a mut dyn Write,
    position: u64,
    columns: Vec<Column>,
    row_groups: Vec<Struct>,
    rows: i64,
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> io::Result<Self> {
        let mut writer = Self { out, position: 0, columns: Vec::new(), row_groups: Vec::new(), rows: 0 };
        writer.write(MAGIC)?;
        Ok(writer)
    }

    /// Adds rows; every table has the same columns.
    pub(super) fn add(&mut self, table: &Table) -> io::Result<()> {
        self.columns.clone_from(&table.columns);
        if table.rows.is_empty() {
            return Ok(());
        }
        let rows = small(table.rows.len())?;
        let begin = self.position;
        let mut chunks = Vec::with_capacity(table.columns.len());
        for (index, column) in table.columns.iter().enumerate() {
            let kind = Kind::of(column);
            let offset = self.position;
            self.page(kind, rows, table.rows.iter().map(|row| &row[index]))?;
            let size = large(self.position - offset)?;
            let meta_data = Struct::default()
                .i32(1, kind.physical())
                .i32s(2, &[PLAIN, RLE])
                .texts(3, &[column.key])
                .i32(4, UNCOMPRESSED)
                .i64(5, rows.into())
                .i64(6, size)
                .i64(7, size)
                .i64(9, large(offset)?);
            chunks.push(Struct::default().i64(2, large(offset)?).structure(3, meta_data));
        }
        let size = large(self.position - begin)?;
        self.row_groups.push(Struct::default().structures(1, chunks).i64(2, size).i64(3, rows.into()));
        self.rows += i64::from(rows);
        Ok(())
    }

    /// One page with all values of a column.
    fn page<'c>(&mut self, kind: Kind, rows: i32, cells: impl Iterator<Item = &'c Cell>) -> io::Result<()> {
        let values: Vec<Option<Vec<u8>>> = cells.map(|cell| plain(kind, &cell.value)).collect();
        let mut levels = Vec::new();
        for run in values.chunk_by(|a, b| a.is_some() == b.is_some()) {
            // A run: twice its length, then the level that it repeats.
            varint(&mut levels, (run.len() as u64) << 1);
            levels.push(run[0].is_some().into());
        }
        let mut page = small(levels.len())?.to_le_bytes().to_vec();
        page.extend(levels);
        let there = values.into_iter().flatten();
        if kind == Kind::Boolean {
            let bits: Vec<u8> = there.flatten().collect();
            page.extend(bits.chunks(8).map(|bits| (0..).zip(bits).fold(0, |byte, (at, bit)| byte | bit << at)));
        } else {
            page.extend(there.flatten());
        }
        let data = Struct::default().i32(1, rows).i32(2, PLAIN).i32(3, RLE).i32(4, RLE);
        let size = small(page.len())?;
        let header = Struct::default().i32(1, DATA_PAGE).i32(2, size).i32(3, size).structure(5, data);
        self.write(&header.finish())?;
        self.write(&page)
    }

    /// Writes what readers look for at the end.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let root = Struct::default().text(4, "rows").i32(5, small(self.columns.len())?);
        let elements = self.columns.iter().map(|column| Kind::of(column).schema(column.key));
        let metadata = Struct::default()
            .i32(1, 1)
            .structures(2, std::iter::once(root).chain(elements).collect())
            .i64(3, self.rows)
            .structures(4, std::mem::take(&mut self.row_groups))
            .text(6, concat!("cargo-monitor ", env!("CARGO_PKG_VERSION")))
            .finish();
        self.write(&metadata)?;
        self.write(&small(metadata.len())?.to_le_bytes())?;
        self.write(MAGIC)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.position += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

/// A value as `PLAIN` stores it, a Boolean as one byte; `None` if it is missing.
fn plain(kind: Kind, value: &Value) -> Option<Vec<u8>> {
    Some(match (kind, value) {
        (_, Value::Missing) => return None,
        (Kind::Boolean, Value::Flag(flag)) => vec![(*flag).into()],
        #[expect(clippy::cast_possible_truncation, reason = "counts and bytes are whole numbers that a float holds")]
        (Kind::Integer, Value::Quantity(quantity)) => (quantity.value as i64).to_le_bytes().to_vec(),
        (Kind::Double, Value::Quantity(quantity)) => quantity.value.to_le_bytes().to_vec(),
        (Kind::Time, Value::Time(time)) => time.as_micros().to_le_bytes().to_vec(),
        (Kind::Text, value) => {
            let text = text_of(value);
            let length = u32::try_from(text.len()).ok()?;
            [&length.to_le_bytes(), text.as_bytes()].concat()
        }
        _ => return None,
    })
}

fn small(number: usize) -> io::Result<i32> {
    i32::try_from(number).map_err(|_| too_large())
}

fn large(number: u64) -> io::Result<i64> {
    i64::try_from(number).map_err(|_| too_large())
}

fn too_large() -> io::Error {
    io::Error::other("a session is too large for Parquet's 2 GiB pages: export fewer at once, or as json-lines")
}

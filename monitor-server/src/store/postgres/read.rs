//! Rows as the values that both databases have in common.

use postgres::types::{ToSql, Type};
use postgres::{Client, Error, Row};

use super::super::cells::Cells;
use super::super::value::Value;

pub(super) fn rows<T>(
    client: &mut Client,
    sql: &str,
    values: &[Value],
    decode: fn(Cells) -> T,
) -> Result<Vec<T>, Error> {
    let values: Vec<_> = values.iter().map(typed).collect();
    let rows = client.query_typed(sql, &values)?;
    rows.iter().map(|row| Ok(decode(Cells::new(cells(row)?)))).collect()
}

pub(super) fn typed(value: &Value) -> (&(dyn ToSql + Sync), Type) {
    match value {
        Value::Null => (&None::<String>, Type::TEXT),
        Value::Integer(number) => (number, Type::INT8),
        Value::Real(number) => (number, Type::FLOAT8),
        Value::Text(text) => (text, Type::TEXT),
        Value::Bytes(bytes) => (bytes, Type::BYTEA),
    }
}

fn cells(row: &Row) -> Result<Vec<Value>, Error> {
    let cell = |(index, column): (usize, &postgres::Column)| {
        let value = match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(index)?.map(Value::Integer),
            Type::FLOAT8 => row.try_get::<_, Option<f64>>(index)?.map(Value::Real),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(index)?.map(Value::Bytes),
            Type::INT4 => row.try_get::<_, Option<i32>>(index)?.map(|number| Value::Integer(i64::from(number))),
            _ => row.try_get::<_, Option<String>>(index)?.map(Value::Text),
        };
        Ok(value.unwrap_or(Value::Null))
    };
    row.columns().iter().enumerate().map(cell).collect()
}

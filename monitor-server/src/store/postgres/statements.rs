//! Statements and rows of the values that both databases have in common.

use postgres::types::{ToSql, Type};
use postgres::{Error, GenericClient, Row};

use super::super::cells::Cells;
use super::super::sql::Sql;
use super::super::value::Value;

pub(super) fn execute(client: &mut impl GenericClient, sql: &Sql) -> Result<u64, Error> {
    client.execute_typed(&sql.text, &typed(&sql.values))
}

pub(super) fn query(client: &mut impl GenericClient, sql: &Sql, each: &mut dyn FnMut(Cells)) -> Result<(), Error> {
    let rows = client.query_typed(&sql.text, &typed(&sql.values))?;
    rows.iter().try_for_each(|row| cells(row).map(Cells::new).map(&mut *each))
}

fn typed(values: &[Value]) -> Vec<(&(dyn ToSql + Sync), Type)> {
    fn typed(value: &Value) -> (&(dyn ToSql + Sync), Type) {
        match value {
            // Of the type that is expected in its place.
            Value::Null => (&None::<String>, Type::UNKNOWN),
            Value::Integer(number) => (number, Type::INT8),
            Value::Real(number) => (number, Type::FLOAT8),
            Value::Text(text) => (text, Type::TEXT),
            Value::Bytes(bytes) => (bytes, Type::BYTEA),
        }
    }
    values.iter().map(typed).collect()
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

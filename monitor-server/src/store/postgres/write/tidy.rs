//! Sessions that go, and tokens that come and go.

use postgres::types::Type;
use postgres::{Error, Transaction};

use super::super::super::sql::BLOCK;
use super::memory::sweep;

pub(in super::super) fn delete(
    transaction: &mut Transaction<'_>,
    project: &str,
    sessions: &[String],
) -> Result<u64, Error> {
    sweep(transaction)?;
    let select = "SELECT s.id, s.label FROM sessions s JOIN labels l ON l.id = s.label \
         JOIN projects p ON p.id = s.project WHERE p.name = $1 AND l.h = ANY ($2) ORDER BY s.id FOR UPDATE OF s";
    let found = transaction.query_typed(select, &[(&project, Type::TEXT), (&sessions, Type::TEXT_ARRAY)])?;
    let ids: Vec<i64> = found.iter().map(|row| row.get(0)).collect();
    let labels: Vec<i64> = found.iter().map(|row| row.get(1)).collect();
    let going = "CREATE TEMP TABLE going (test BIGINT, key BIGINT, block BIGINT) ON COMMIT DROP";
    transaction.execute_typed(going, &[])?;
    let going =
        format!("INSERT INTO going SELECT DISTINCT test, key, session / {BLOCK} FROM runs WHERE session = ANY ($1)");
    transaction.execute_typed(&going, &[(&labels, Type::INT8_ARRAY)])?;
    let of_runs = "DELETE FROM profiles WHERE run IN (SELECT id FROM runs WHERE session = ANY ($1))";
    transaction.execute_typed(of_runs, &[(&labels, Type::INT8_ARRAY)])?;
    let of_runs = "DELETE FROM costs WHERE run IN (SELECT id FROM runs WHERE session = ANY ($1))";
    transaction.execute_typed(of_runs, &[(&labels, Type::INT8_ARRAY)])?;
    transaction.execute_typed("DELETE FROM runs WHERE session = ANY ($1)", &[(&labels, Type::INT8_ARRAY)])?;
    transaction.execute_typed("DELETE FROM tallies WHERE session = ANY ($1)", &[(&labels, Type::INT8_ARRAY)])?;
    transaction.execute_typed("DELETE FROM session_tags WHERE session = ANY ($1)", &[(&ids, Type::INT8_ARRAY)])?;
    transaction.execute_typed("DELETE FROM sessions WHERE id = ANY ($1)", &[(&ids, Type::INT8_ARRAY)])
}

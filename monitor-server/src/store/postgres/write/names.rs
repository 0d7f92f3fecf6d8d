//! The numbers of projects, labels and tests, made where there are none.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use postgres::types::{ToSql, Type};
use postgres::{Error, Transaction};

use super::super::super::Write;
use super::super::super::digest::key;
use super::super::super::rows::Run;

type Label = (i64, String);

pub(super) fn projects(transaction: &mut Transaction<'_>, requests: &[&Write]) -> Result<HashMap<String, i64>, Error> {
    let names: Vec<_> =
        requests.iter().map(|request| request.project.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
    let select = "SELECT name, id FROM projects WHERE name = ANY ($1)";
    let mut ids = HashMap::new();
    for attempt in 0..2 {
        let found = transaction.query_typed(select, &[(&names, Type::TEXT_ARRAY)])?;
        ids = found.iter().map(|row| (row.get(0), row.get(1))).collect();
        if attempt == 0 && ids.len() < names.len() {
            let insert = "INSERT INTO projects (name) SELECT unnest($1) ON CONFLICT DO NOTHING";
            transaction.execute_typed(insert, &[(&names, Type::TEXT_ARRAY)])?;
        }
    }
    Ok(ids)
}

pub(super) fn labels(
    transaction: &mut Transaction<'_>,
    wanted: &BTreeSet<Label>,
) -> Result<HashMap<Label, i64>, Error> {
    let mut ids = HashMap::new();
    for attempt in 0..2 {
        let missing: Vec<_> = wanted.iter().filter(|label| !ids.contains_key(*label)).collect();
        if missing.is_empty() {
            break;
        }
        let projects: Vec<_> = missing.iter().map(|label| label.0).collect();
        let names: Vec<_> = missing.iter().map(|label| label.1.as_str()).collect();
        let values: [(&(dyn ToSql + Sync), Type); 2] = [(&projects, Type::INT8_ARRAY), (&names, Type::TEXT_ARRAY)];
        if attempt == 0 {
            // Most groups know all of them.
            ids.extend(find_labels(transaction, &values)?);
            if ids.len() == wanted.len() {
                break;
            }
        }
        let insert = "INSERT INTO labels (project, h) SELECT * FROM unnest($1, $2) ON CONFLICT DO NOTHING";
        transaction.execute_typed(insert, &values)?;
        ids.extend(find_labels(transaction, &values)?);
    }
    Ok(ids)
}

fn find_labels(
    transaction: &mut Transaction<'_>,
    values: &[(&(dyn ToSql + Sync), Type)],
) -> Result<Vec<(Label, i64)>, Error> {
    let select = "SELECT l.project, l.h, l.id FROM labels l JOIN unnest($1, $2) AS w (project, h) \
         ON l.project = w.project AND l.h = w.h";
    let found = transaction.query_typed(select, values)?;
    Ok(found.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect())
}

pub(super) fn tests(
    transaction: &mut Transaction<'_>,
    wanted: &BTreeMap<[u8; 32], (i64, &Run)>,
) -> Result<HashMap<[u8; 32], i64>, Error> {
    let mut ids: HashMap<[u8; 32], i64> = HashMap::new();
    for attempt in 0..3 {
        let missing: Vec<_> = wanted.iter().filter(|(hash, _)| !ids.contains_key(*hash)).collect();
        if missing.is_empty() {
            break;
        }
        let hashes: Vec<_> = missing.iter().map(|(hash, _)| hash.as_slice()).collect();
        if attempt == 1 {
            insert_tests(transaction, &hashes, &missing)?;
        }
        let select = "SELECT hash, id FROM tests WHERE hash = ANY ($1)";
        for row in transaction.query_typed(select, &[(&hashes, Type::BYTEA_ARRAY)])? {
            ids.insert(row.get::<_, &[u8]>(0).try_into().unwrap_or_default(), row.get(1));
        }
    }
    Ok(ids)
}

fn insert_tests(
    transaction: &mut Transaction<'_>,
    hashes: &[&[u8]],
    missing: &[(&[u8; 32], &(i64, &Run))],
) -> Result<(), Error> {
    let of = |field: fn(&Run) -> &String| missing.iter().map(|(_, (_, run))| field(run).as_str()).collect::<Vec<_>>();
    let projects: Vec<_> = missing.iter().map(|(_, (project, _))| *project).collect();
    let keys: Vec<_> = missing.iter().map(|(_, (_, run))| key(&run.path, &run.variant)).collect();
    let texts = [
        of(|run| &run.path),
        of(|run| &run.item),
        of(|run| &run.variant),
        of(|run| &run.fs_loc),
        of(|run| &run.kind),
        of(|run| &run.component),
        of(|run| &run.package),
        of(|run| &run.binary),
    ];
    let mut values: Vec<(&(dyn ToSql + Sync), Type)> =
        vec![(&hashes, Type::BYTEA_ARRAY), (&projects, Type::INT8_ARRAY), (&keys, Type::INT8_ARRAY)];
    values.extend(texts.iter().map(|texts| (texts as &(dyn ToSql + Sync), Type::TEXT_ARRAY)));
    let insert = "INSERT INTO tests (hash, project, key, path, item, variant, fs_loc, kind, component, package, \"binary\") \
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING";
    transaction.execute_typed(insert, &values)?;
    Ok(())
}

//! The numbers of projects, labels and tests, made where there are none.
//!
//! Each time the database is asked only for what is not in mind, and given only what it does not have: in sorted order.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use postgres::types::{ToSql, Type};
use postgres::{Error, Transaction};

use super::super::super::rows::Run;
use super::memory::Numbers;
use super::runs::{Row, arrays};

/// Of a project the identifier of a session or context.
pub(super) type Label<'a> = (i64, &'a str);

/// The number of each project.
pub(super) fn projects<'a>(
    transaction: &mut Transaction<'_>,
    numbers: &mut Numbers<'_>,
    names: &BTreeSet<&'a str>,
) -> Result<HashMap<&'a str, i64>, Error> {
    let mut ids = HashMap::new();
    for attempt in 0..3 {
        let missing: Vec<_> = names.iter().copied().filter(|name| !ids.contains_key(name)).collect();
        match attempt {
            _ if missing.is_empty() => break,
            0 => {}
            _ => {
                if attempt == 2 {
                    let insert = "INSERT INTO projects (name) SELECT unnest($1) ON CONFLICT DO NOTHING";
                    transaction.execute_typed(insert, &[(&missing, Type::TEXT_ARRAY)])?;
                }
                let select = "SELECT name, id FROM projects WHERE name = ANY ($1)";
                let found = transaction.query_typed(select, &[(&missing, Type::TEXT_ARRAY)])?;
                numbers.new.projects.extend(found.iter().map(|row| (row.get(0), row.get(1))));
            }
        }
        let known = |name: &str| numbers.look_up(|known| known.projects.get(name).copied());
        ids.extend(missing.into_iter().filter_map(|name| Some((name, known(name)?))));
    }
    Ok(ids)
}

/// The number of each label.
pub(super) fn labels<'a>(
    transaction: &mut Transaction<'_>,
    numbers: &mut Numbers<'_>,
    wanted: &BTreeSet<Label<'a>>,
) -> Result<HashMap<Label<'a>, i64>, Error> {
    let mut ids = HashMap::new();
    for attempt in 0..3 {
        let missing: Vec<_> = wanted.iter().filter(|label| !ids.contains_key(*label)).copied().collect();
        match attempt {
            _ if missing.is_empty() => break,
            0 => {}
            _ => {
                let projects = [missing.iter().map(|label| label.0).collect()];
                let names = [missing.iter().map(|label| label.1).collect()];
                let values = arrays(&projects, &names);
                if attempt == 2 {
                    let insert = "INSERT INTO labels (project, h) SELECT * FROM unnest($1, $2) ON CONFLICT DO NOTHING";
                    transaction.execute_typed(insert, &values)?;
                }
                let select = "SELECT l.project, l.h, l.id FROM labels l JOIN unnest($1, $2) AS w (project, h) \
                     ON l.project = w.project AND l.h = w.h";
                let found = transaction.query_typed(select, &values)?;
                numbers.new.labels.extend(found.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))));
            }
        }
        let known =
            |(project, h): Label<'_>| numbers.look_up(|known| known.labels.get(&(project, h.to_owned())).copied());
        ids.extend(missing.into_iter().filter_map(|label| Some((label, known(label)?))));
    }
    Ok(ids)
}

/// Gives each row the number of its test.
pub(super) fn tests(
    transaction: &mut Transaction<'_>,
    numbers: &mut Numbers<'_>,
    rows: &mut [Row<'_>],
) -> Result<(), Error> {
    numbers.remembered(|known| {
        for row in rows.iter_mut() {
            row.test = known.tests.get(&row.hash).copied().unwrap_or(0);
        }
    });
    let mut missing: BTreeMap<[u8; 32], (i64, i64, &Run)> =
        rows.iter().filter(|row| row.test == 0).map(|row| (row.hash, (row.project, row.key, row.run))).collect();
    for attempt in 0..2 {
        if missing.is_empty() {
            break;
        }
        let hashes: Vec<_> = missing.keys().map(<[u8; 32]>::as_slice).collect();
        if attempt == 1 {
            insert_tests(transaction, &hashes, &missing)?;
        }
        let select = "SELECT hash, id FROM tests WHERE hash = ANY ($1)";
        for row in transaction.query_typed(select, &[(&hashes, Type::BYTEA_ARRAY)])? {
            let hash = row.get::<_, &[u8]>(0).try_into().unwrap_or_default();
            numbers.new.tests.insert(hash, row.get(1));
        }
        missing.retain(|hash, _| !numbers.new.tests.contains_key(hash));
    }
    for row in rows.iter_mut().filter(|row| row.test == 0) {
        row.test = numbers.new.tests.get(&row.hash).copied().unwrap_or(0);
    }
    Ok(())
}

fn insert_tests(
    transaction: &mut Transaction<'_>,
    hashes: &[&[u8]],
    missing: &BTreeMap<[u8; 32], (i64, i64, &Run)>,
) -> Result<(), Error> {
    let numbers = [missing.values().map(|it| it.0).collect(), missing.values().map(|it| it.1).collect()];
    let texts: [Vec<&str>; 8] =
        std::array::from_fn(|place| missing.values().map(|(_, _, run)| run.texts()[place]).collect());
    let mut values: Vec<(&(dyn ToSql + Sync), Type)> = vec![(&hashes, Type::BYTEA_ARRAY)];
    values.extend(arrays(&numbers, &texts));
    let insert = "INSERT INTO tests (hash, project, key, path, item, variant, fs_loc, kind, component, package, \"binary\") \
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING";
    transaction.execute_typed(insert, &values)?;
    Ok(())
}

//! Runs with their profiles, as whole columns.

use std::collections::{BTreeSet, HashMap, HashSet};

use monitor_store::{MEASURES, Number};
use postgres::types::{ToSql, Type};
use postgres::{Error, Transaction};

use super::super::super::rows::Run;
use super::super::super::tallies::Tallies;
use super::super::super::value::Value;
use super::super::super::{Figures, measures};

/// A run with the numbers of what it refers to.
pub(super) struct Row<'a> {
    pub(super) request: usize,
    pub(super) append: bool,
    pub(super) project: i64,
    pub(super) session: i64,
    pub(super) context: i64,
    pub(super) test: i64,
    pub(super) key: i64,
    pub(super) nth: i64,
    pub(super) run: &'a Run,
}

impl<'a> Row<'a> {
    fn place(&self) -> (i64, i64, &'a str) {
        (self.session, self.key, &self.run.start)
    }
}

/// Gives rows that are new whatever is there the next free number.
pub(super) fn number(transaction: &mut Transaction<'_>, rows: &mut [Row<'_>]) -> Result<(), Error> {
    let places: BTreeSet<_> = rows.iter().filter(|row| row.append).map(Row::place).collect();
    if places.is_empty() {
        return Ok(());
    }
    let sessions: Vec<_> = places.iter().map(|place| place.0).collect();
    let keys: Vec<_> = places.iter().map(|place| place.1).collect();
    let starts: Vec<_> = places.iter().map(|place| place.2).collect();
    // Another server may number the same place: one after the other, in the order of the numbers.
    let locks: BTreeSet<_> = places.iter().map(|place| place.0 ^ place.1).collect();
    let locks: Vec<_> = locks.into_iter().collect();
    transaction.query_typed("SELECT pg_advisory_xact_lock(w) FROM unnest($1) AS w", &[(&locks, Type::INT8_ARRAY)])?;
    let select = "SELECT w.session, w.key, w.start, max(r.nth) + 1 FROM unnest($1, $2, $3) AS w (session, key, start) \
         JOIN runs r ON r.session = w.session AND r.key = w.key AND r.start = w.start GROUP BY 1, 2, 3";
    let values: [(&(dyn ToSql + Sync), Type); 3] =
        [(&sessions, Type::INT8_ARRAY), (&keys, Type::INT8_ARRAY), (&starts, Type::TEXT_ARRAY)];
    let found = transaction.query_typed(select, &values)?;
    let mut next: HashMap<(i64, i64, &str), i64> =
        found.iter().map(|row| ((row.get(0), row.get(1), row.get(2)), row.get(3))).collect();
    for row in rows.iter_mut().filter(|row| row.append) {
        let nth = next.entry(row.place()).or_insert(0);
        row.nth = *nth;
        *nth += 1;
    }
    Ok(())
}

pub(super) fn runs(transaction: &mut Transaction<'_>, rows: &[Row<'_>], new_runs: &mut [u64]) -> Result<(), Error> {
    let mut seen = HashSet::new();
    let rows: Vec<_> = rows.iter().filter(|row| seen.insert((row.place(), row.nth))).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let numbers = [
        rows.iter().map(|row| row.project).collect::<Vec<_>>(),
        rows.iter().map(|row| row.session).collect(),
        rows.iter().map(|row| row.context).collect(),
        rows.iter().map(|row| row.test).collect(),
        rows.iter().map(|row| row.key).collect(),
        rows.iter().map(|row| row.nth).collect(),
    ];
    let starts: Vec<_> = rows.iter().map(|row| row.run.start.as_str()).collect();
    let figures = |field: fn(&Figures) -> Option<f64>| {
        rows.iter().map(|row| row.run.figures.as_ref().and_then(field)).collect::<Vec<_>>()
    };
    let figures = [
        figures(|figures| Some(figures.total_time)),
        figures(|figures| figures.user_time),
        figures(|figures| figures.kernel_time),
        figures(|figures| figures.cpu_usage),
        figures(|figures| figures.mem_usage),
    ];
    let mut values: Vec<(&(dyn ToSql + Sync), Type)> =
        numbers.iter().map(|numbers| (numbers as &(dyn ToSql + Sync), Type::INT8_ARRAY)).collect();
    values.push((&starts, Type::TEXT_ARRAY));
    values.extend(figures.iter().map(|figures| (figures as &(dyn ToSql + Sync), Type::FLOAT8_ARRAY)));
    let insert = "INSERT INTO runs (project, session, context, test, key, nth, start, total_time, user_time, kernel_time, \
         cpu_usage, mem_usage) SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
         ON CONFLICT (session, key, start, nth) DO UPDATE SET total_time = excluded.total_time, \
         user_time = excluded.user_time, kernel_time = excluded.kernel_time, cpu_usage = excluded.cpu_usage, \
         mem_usage = excluded.mem_usage WHERE runs.total_time IS NULL AND excluded.total_time IS NOT NULL \
         RETURNING session, key, start, nth, id, xmax <> 0";
    let stored = transaction.query_typed(insert, &values)?;
    let ended: Vec<i64> = stored.iter().filter(|row| row.get::<_, bool>(5)).map(|row| row.get(4)).collect();
    let stored: HashMap<((i64, i64, &str), i64), bool> =
        stored.iter().map(|row| (((row.get(0), row.get(1), row.get(2)), row.get(3)), !row.get::<_, bool>(5))).collect();
    let mut tallies = Tallies::default();
    for row in &rows {
        if let Some(is_inserted) = stored.get(&(row.place(), row.nth)) {
            new_runs[row.request] += 1;
            tallies.add((row.project, row.session, row.context), row.run, *is_inserted);
        }
    }
    count(transaction, &tallies)?;
    if !ended.is_empty() {
        // A test that ended after all has another profile than the crash that was reported.
        transaction.execute_typed("DELETE FROM profiles WHERE run = ANY ($1)", &[(&ended, Type::INT8_ARRAY)])?;
    }
    profiles(transaction, &rows)
}

fn count(transaction: &mut Transaction<'_>, tallies: &Tallies<'_>) -> Result<(), Error> {
    let numbers: [Vec<i64>; 5] = [
        tallies.iter().map(|(key, _)| key.0).collect(),
        tallies.iter().map(|(key, _)| key.1).collect(),
        tallies.iter().map(|(key, _)| key.2).collect(),
        tallies.iter().map(|(_, counts)| counts.0).collect(),
        tallies.iter().map(|(_, counts)| counts.1).collect(),
    ];
    let texts: [Vec<&str>; 2] =
        [tallies.iter().map(|(key, _)| key.3).collect(), tallies.iter().map(|(key, _)| key.4).collect()];
    let mut values: Vec<(&(dyn ToSql + Sync), Type)> =
        numbers.iter().map(|numbers| (numbers as &(dyn ToSql + Sync), Type::INT8_ARRAY)).collect();
    values.extend(texts.iter().map(|texts| (texts as &(dyn ToSql + Sync), Type::TEXT_ARRAY)));
    let insert = "INSERT INTO tallies (project, session, context, runs, finished, kind, component) \
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (project, session, context, kind, component) \
         DO UPDATE SET runs = tallies.runs + excluded.runs, finished = tallies.finished + excluded.finished";
    transaction.execute_typed(insert, &values)?;
    Ok(())
}

fn profiles(transaction: &mut Transaction<'_>, rows: &[&Row<'_>]) -> Result<(), Error> {
    let rows: Vec<_> = rows.iter().filter_map(|row| Some((row, row.run.profile.as_ref()?))).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let numbers = [
        rows.iter().map(|(row, _)| row.session).collect::<Vec<_>>(),
        rows.iter().map(|(row, _)| row.key).collect(),
        rows.iter().map(|(row, _)| row.nth).collect(),
    ];
    let starts: Vec<_> = rows.iter().map(|(row, _)| row.run.start.as_str()).collect();
    let cells: Vec<_> = rows.iter().map(|(_, profile)| profile.cells()).collect();
    let column = |index: usize| cells.iter().map(move |cells| &cells[index]);
    let integers = |index: usize| column(index).map(Value::integer).collect::<Vec<_>>();
    let text = |value: &'_ Value| if let Value::Text(text) = value { Some(text.clone()) } else { None };
    let attempts = integers(0);
    let words = [1, 2, 3].map(|index| column(index).map(text).collect::<Vec<_>>());
    let measured = (4..).zip(MEASURES).map(|(index, measure)| match measure.number {
        Number::Real => Column::Reals(column(index).map(Value::real).collect()),
        _ => Column::Integers(integers(index)),
    });
    let measured: Vec<_> = measured.collect();
    let mut values: Vec<(&(dyn ToSql + Sync), Type)> =
        numbers.iter().map(|numbers| (numbers as &(dyn ToSql + Sync), Type::INT8_ARRAY)).collect();
    values.push((&starts, Type::TEXT_ARRAY));
    values.push((&attempts, Type::INT8_ARRAY));
    values.extend(words.iter().map(|words| (words as &(dyn ToSql + Sync), Type::TEXT_ARRAY)));
    values.extend(measured.iter().map(|column| match column {
        Column::Integers(values) => (values as &(dyn ToSql + Sync), Type::INT8_ARRAY),
        Column::Reals(values) => (values as &(dyn ToSql + Sync), Type::FLOAT8_ARRAY),
    }));
    let columns = measures::columns("");
    let marks = (1..=values.len()).map(|mark| format!("${mark}")).collect::<Vec<_>>().join(", ");
    let insert = format!(
        "INSERT INTO profiles (run, attempt, outcome, attribution, mem_source{columns}) \
         SELECT r.id, w.attempt, w.outcome, w.attribution, w.mem_source{} \
         FROM unnest({marks}) AS w (session, key, nth, start, attempt, outcome, attribution, mem_source{columns}) \
         JOIN runs r ON r.session = w.session AND r.key = w.key AND r.start = w.start AND r.nth = w.nth \
         ON CONFLICT (run) DO NOTHING",
        measures::columns("w.")
    );
    transaction.execute_typed(&insert, &values)?;
    Ok(())
}

enum Column {
    Integers(Vec<Option<i64>>),
    Reals(Vec<Option<f64>>),
}

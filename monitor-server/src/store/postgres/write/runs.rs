//! Runs with their profiles.
//!
//! What is there already is asked for, and the others are copied, which is far cheaper than to insert what does not stand in
//! the way of anything. If another transaction stores the same at the same time, the unique index refuses one of them, whose
//! next try finds the rows there.

use std::collections::{BTreeSet, HashMap};

use monitor_store::{Attribution, MEASURES, Measure, MemSource};
use postgres::types::{ToSql, Type};
use postgres::{Error, Transaction};

use super::super::super::rows::Run;
use super::super::super::sql::BLOCK;
use super::super::super::tallies::Tallies;
use super::super::super::{costs, measures};
use super::copy::Rows;
use super::memory::Numbers;

/// A run with the numbers of what it refers to.
pub(super) struct Row<'a> {
    pub(super) request: usize,
    pub(super) append: bool,
    pub(super) project: i64,
    pub(super) session: i64,
    pub(super) context: i64,
    pub(super) test: i64,
    pub(super) hash: [u8; 32],
    pub(super) key: i64,
    pub(super) nth: i64,
    pub(super) run: &'a Run,
}

impl<'a> Row<'a> {
    fn place(&self) -> (i64, i64, &'a str) {
        (self.session, self.key, &self.run.start)
    }
}

/// So many numbers the sequence gives at once.
const BY: usize = 1_000;

/// A run that is in the database.
#[derive(Clone, Copy, Debug)]
struct Stored {
    id: i64,
    has_ended: bool,
    has_profile: bool,
}

/// Gives rows that are new whatever is there the next free number.
pub(super) fn number(transaction: &mut Transaction<'_>, rows: &mut [Row<'_>]) -> Result<(), Error> {
    let places: BTreeSet<_> = rows.iter().filter(|row| row.append).map(Row::place).collect();
    if places.is_empty() {
        return Ok(());
    }
    let numbers = [places.iter().map(|place| place.0).collect(), places.iter().map(|place| place.1).collect()];
    let starts = [places.iter().map(|place| place.2).collect()];
    // Another server may number the same place: one after the other, in the order of the numbers.
    let locks: BTreeSet<_> = places.iter().map(|place| place.0 ^ place.1).collect();
    let locks: Vec<_> = locks.into_iter().collect();
    transaction.query_typed("SELECT pg_advisory_xact_lock(w) FROM unnest($1) AS w", &[(&locks, Type::INT8_ARRAY)])?;
    let select = "SELECT w.session, w.key, w.start, max(r.nth) + 1 FROM unnest($1, $2, $3) AS w (session, key, start) \
         JOIN runs r ON r.session = w.session AND r.key = w.key AND r.start = w.start GROUP BY 1, 2, 3";
    let found = transaction.query_typed(select, &arrays(&numbers, &starts))?;
    let mut next: HashMap<(i64, i64, &str), i64> =
        found.iter().map(|row| ((row.get(0), row.get(1), row.get(2)), row.get(3))).collect();
    for row in rows.iter_mut().filter(|row| row.append) {
        let nth = next.entry(row.place()).or_insert(0);
        row.nth = *nth;
        *nth += 1;
    }
    Ok(())
}

pub(super) fn runs(
    transaction: &mut Transaction<'_>,
    numbers: &mut Numbers<'_>,
    rows: &[Row<'_>],
    new_runs: &mut [u64],
) -> Result<(), Error> {
    // In the order of the index, whose pages are then met one after the other; of the same row only one,
    // which has ended if one has.
    let mut rows: Vec<_> = rows.iter().enumerate().collect();
    rows.sort_by_key(|(_, row)| (row.place(), row.nth, row.run.figures.is_none()));
    rows.dedup_by_key(|(_, row)| (row.place(), row.nth));
    if rows.is_empty() {
        return Ok(());
    }
    let stored = stored(transaction, &rows)?;
    let new: Vec<_> = rows.iter().filter(|(at, _)| !stored.contains_key(at)).copied().collect();
    let ids = copy(transaction, &new)?;
    let known = rows.iter().filter_map(|(at, row)| Some((stored.get(at)?.id, *row)));
    costs(transaction, ids.iter().copied().zip(new.iter().map(|(_, row)| *row)).chain(known))?;
    blocks(transaction, numbers, &new)?;
    let ended = |(at, row): &&(usize, &Row<'_>)| {
        row.run.figures.is_some() && stored.get(at).is_some_and(|stored| !stored.has_ended)
    };
    let ended: Vec<_> = rows.iter().filter(ended).map(|(at, row)| (stored[at].id, *row)).collect();
    end(transaction, &ended)?;

    let mut tallies = Tallies::default();
    let changed = new.iter().map(|(_, row)| (*row, true)).chain(ended.iter().map(|(_, row)| (*row, false)));
    for (row, is_new) in changed {
        new_runs[row.request] += 1;
        tallies.add((row.project, row.session, row.context), row.run, is_new);
    }
    count(transaction, &tallies)?;
    // One that was sent live had none, and one that ended after all has another than the crash that was reported.
    let without = rows.iter().filter_map(|(at, row)| Some((stored.get(at)?, row)));
    let without =
        without.filter(|(stored, row)| !stored.has_profile || (!stored.has_ended && row.run.figures.is_some()));
    let without = without.map(|(stored, row)| (stored.id, *row));
    profiles(transaction, &ids.into_iter().zip(new.iter().map(|(_, row)| *row)).chain(without).collect::<Vec<_>>())
}

/// Those of the rows that are in the database, by their places in the group.
fn stored(transaction: &mut Transaction<'_>, rows: &[(usize, &Row<'_>)]) -> Result<HashMap<usize, Stored>, Error> {
    // The numbers were chosen so that they are free.
    let mut asked: Vec<_> = rows.iter().filter(|(_, row)| !row.append).collect();
    let sessions: BTreeSet<_> = asked.iter().map(|(_, row)| (row.project, row.session)).collect();
    let numbers = [sessions.iter().map(|it| it.0).collect(), sessions.iter().map(|it| it.1).collect()];
    // Most sessions come as a whole, and there is nothing of them yet.
    let select = "SELECT DISTINCT r.session FROM unnest($1, $2) AS w (project, session) \
         JOIN tallies r ON r.project = w.project AND r.session = w.session";
    let begun = match sessions.is_empty() {
        true => Vec::new(),
        false => transaction.query_typed(select, &arrays(&numbers, &[]))?,
    };
    let begun: BTreeSet<i64> = begun.iter().map(|row| row.get(0)).collect();
    asked.retain(|(_, row)| begun.contains(&row.session));
    if asked.is_empty() {
        return Ok(HashMap::new());
    }
    let column = |of: fn(&Row<'_>) -> i64| asked.iter().map(|(_, row)| of(row)).collect::<Vec<_>>();
    let numbers = [column(|row| row.session), column(|row| row.key), column(|row| row.nth)];
    let starts = [asked.iter().map(|(_, row)| row.run.start.as_str()).collect()];
    let select = "SELECT w.place, r.id, r.total_time IS NOT NULL, p.run IS NOT NULL \
         FROM unnest($1, $2, $3, $4) WITH ORDINALITY AS w (session, key, nth, start, place) \
         JOIN runs r ON r.session = w.session AND r.key = w.key AND r.start = w.start AND r.nth = w.nth \
         LEFT JOIN profiles p ON p.run = r.id";
    let found = transaction.query_typed(select, &arrays(&numbers, &starts))?;
    let stored = found.iter().map(|row| {
        let place = usize::try_from(row.get::<_, i64>(0)).unwrap_or(1) - 1;
        (asked[place].0, Stored { id: row.get(1), has_ended: row.get(2), has_profile: row.get(3) })
    });
    Ok(stored.collect())
}

/// Stores new rows, and tells their numbers, which are in the order in which the rows came.
fn copy(transaction: &mut Transaction<'_>, rows: &[(usize, &Row<'_>)]) -> Result<Vec<i64>, Error> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let thousands = rows.len().div_ceil(BY) as i64;
    let select = "SELECT nextval('runs_id_seq') FROM generate_series(1, $1)";
    let next = transaction.query_typed(select, &[(&thousands, Type::INT8)])?;
    let next = next.iter().map(|row| row.get::<_, i64>(0)).flat_map(|first| first..first + BY as i64);
    let mut order: Vec<_> = (0..rows.len()).collect();
    order.sort_by_key(|at| rows[*at].0);
    let mut ids = vec![0; rows.len()];
    for (at, id) in order.into_iter().zip(next) {
        ids[at] = id;
    }
    let mut table = Rows::new(13, rows.len());
    for ((_, row), id) in rows.iter().zip(&ids) {
        table.row(|cells| {
            for number in [*id, row.project, row.session, row.context, row.test, row.key, row.nth] {
                cells.integer(number);
            }
            cells.text(&row.run.start);
            row.run.figures().into_iter().for_each(|figure| cells.real(figure));
        });
    }
    let columns = "id, project, session, context, test, key, nth, start, total_time, user_time, kernel_time, cpu_usage, \
         mem_usage";
    table.send(transaction, "runs", columns)?;
    Ok(ids)
}

/// Stores what the functions of these runs cost, where that was counted.
fn costs<'a>(transaction: &mut Transaction<'_>, runs: impl Iterator<Item = (i64, &'a Row<'a>)>) -> Result<(), Error> {
    let counted = runs.filter(|(_, row)| !row.run.costs.is_empty());
    let (ids, packed): (Vec<i64>, Vec<Vec<u8>>) = counted.map(|(id, row)| (id, costs::pack(&row.run.costs))).unzip();
    if ids.is_empty() {
        return Ok(());
    }
    let insert = "INSERT INTO costs (run, functions) SELECT * FROM unnest($1, $2) \
         ON CONFLICT (run) DO UPDATE SET functions = excluded.functions";
    transaction.execute_typed(insert, &[(&ids, Type::INT8_ARRAY), (&packed, Type::BYTEA_ARRAY)])?;
    Ok(())
}

/// Notes which blocks of sessions have the tests.
fn blocks(
    transaction: &mut Transaction<'_>,
    numbers: &mut Numbers<'_>,
    rows: &[(usize, &Row<'_>)],
) -> Result<(), Error> {
    let block = |row: &Row<'_>| (row.key, row.session.div_euclid(BLOCK));
    // Most are known: a set is made of the others only.
    let known =
        numbers.remembered(|known| rows.iter().map(|(_, row)| known.blocks.contains(&block(row))).collect::<Vec<_>>());
    let known = known.into_iter().chain(std::iter::repeat(false));
    let wanted: BTreeSet<_> =
        rows.iter().zip(known).filter(|(_, is_known)| !is_known).map(|((_, row), _)| block(row)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let places = [wanted.iter().map(|it| it.0).collect(), wanted.iter().map(|it| it.1).collect()];
    let insert = "INSERT INTO test_blocks (key, block) SELECT * FROM unnest($1, $2) ON CONFLICT DO NOTHING";
    transaction.execute_typed(insert, &arrays(&places, &[]))?;
    numbers.new.blocks.extend(wanted);
    Ok(())
}

/// Gives runs that had not ended their figures, and takes their profiles away.
fn end(transaction: &mut Transaction<'_>, ended: &[(i64, &Row<'_>)]) -> Result<(), Error> {
    if ended.is_empty() {
        return Ok(());
    }
    let numbers: [Vec<i64>; 2] = [ended.iter().map(|it| it.0).collect(), ended.iter().map(|it| it.1.project).collect()];
    let figures: [Vec<_>; 5] =
        std::array::from_fn(|place| ended.iter().map(|(_, row)| row.run.figures()[place]).collect());
    let mut values = arrays(&numbers, &[]);
    values.extend(figures.iter().map(|figures| (figures as &(dyn ToSql + Sync), Type::FLOAT8_ARRAY)));
    transaction.execute_typed(
        "UPDATE runs r SET total_time = w.total_time, user_time = w.user_time, kernel_time = w.kernel_time, \
         cpu_usage = w.cpu_usage, mem_usage = w.mem_usage FROM unnest($1, $2, $3, $4, $5, $6, $7) \
         AS w (id, project, total_time, user_time, kernel_time, cpu_usage, mem_usage) \
         WHERE r.project = w.project AND r.id = w.id",
        &values,
    )?;
    transaction.execute_typed("DELETE FROM profiles WHERE run = ANY ($1)", &values[..1])?;
    Ok(())
}

fn count(transaction: &mut Transaction<'_>, tallies: &Tallies<'_>) -> Result<(), Error> {
    let numbers: [Vec<i64>; 5] = [
        tallies.iter().map(|(key, _)| key.0).collect(),
        tallies.iter().map(|(key, _)| key.1).collect(),
        tallies.iter().map(|(key, _)| key.2).collect(),
        tallies.iter().map(|(_, counts)| counts.0).collect(),
        tallies.iter().map(|(_, counts)| counts.1).collect(),
    ];
    if numbers[0].is_empty() {
        return Ok(());
    }
    let texts: [Vec<&str>; 2] =
        [tallies.iter().map(|(key, _)| key.3).collect(), tallies.iter().map(|(key, _)| key.4).collect()];
    let insert = "INSERT INTO tallies (project, session, context, runs, finished, kind, component) \
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (project, session, context, kind, component) \
         DO UPDATE SET runs = tallies.runs + excluded.runs, finished = tallies.finished + excluded.finished";
    transaction.execute_typed(insert, &arrays(&numbers, &texts))?;
    Ok(())
}

/// Stores the profiles of these runs, where they have some.
fn profiles(transaction: &mut Transaction<'_>, runs: &[(i64, &Row<'_>)]) -> Result<(), Error> {
    let profiles: Vec<_> = runs.iter().filter_map(|(id, row)| Some((id, row.run.profile.as_ref()?))).collect();
    if profiles.is_empty() {
        return Ok(());
    }
    // Most measures are of few tests, and a column that is not named costs nothing.
    let is_used = |measure: &&Measure| profiles.iter().any(|(_, profile)| measure.of(&profile.measures).is_some());
    let used: Vec<_> = MEASURES.iter().filter(is_used).collect();
    let named: String = used.iter().map(|measure| format!(", {}", measure.name)).collect();
    let columns = format!("run, attempt, outcome, attribution, mem_source{named}");
    let mut table = Rows::new(columns.split(',').count(), profiles.len());
    for (id, profile) in profiles {
        table.row(|cells| {
            cells.integer(*id);
            cells.integer(i64::from(profile.attempt));
            cells.text(profile.outcome.as_str());
            cells.word(profile.attribution.map(Attribution::as_str));
            cells.word(profile.mem_source.map(MemSource::as_str));
            for measure in &used {
                cells.any(&measures::value(measure, &profile.measures));
            }
        });
    }
    table.send(transaction, "profiles", &columns)
}

/// Columns as parameters, those of numbers first.
pub(super) fn arrays<'a>(numbers: &'a [Vec<i64>], texts: &'a [Vec<&'a str>]) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    let numbers = numbers.iter().map(|numbers| (numbers as &(dyn ToSql + Sync), Type::INT8_ARRAY));
    numbers.chain(texts.iter().map(|texts| (texts as &(dyn ToSql + Sync), Type::TEXT_ARRAY))).collect()
}

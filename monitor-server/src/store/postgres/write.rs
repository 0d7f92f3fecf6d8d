//! A group of requests as a few statements over whole columns.
//!
//! Texts get their numbers in sorted order: two groups that want the same ones wait for each other, but never in a ring.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use monitor_store::{MEASURES, Number};
use postgres::types::{ToSql, Type};
use postgres::{Client, Error, Transaction};

use super::super::cells;
use super::super::rows::{Context, Run, Session, Token};
use super::super::sql::{Dialect, Sql, digest, key};
use super::super::value::Value;
use super::super::{Outcome, StoreError, Write, measures};
use super::failure::explain;
use super::read::typed;

/// What is known of a group after a try.
pub(super) enum Fate {
    /// It is stored.
    Committed(Vec<Outcome>),
    /// It may be stored or not: the connection was lost while it was committed.
    Unknown(Vec<Outcome>),
    /// It was stored by an earlier try.
    Before,
}

type Label = (i64, String);

pub(super) fn group(client: &mut Client, id: &[u8], requests: &[&Write]) -> Result<Fate, StoreError> {
    let mut transaction = client.transaction().map_err(explain)?;
    let mark = "INSERT INTO commits (id) VALUES ($1) ON CONFLICT DO NOTHING";
    if transaction.execute_typed(mark, &[(&id, Type::BYTEA)]).map_err(explain)? == 0 {
        return Ok(Fate::Before);
    }
    let outcomes = store(&mut transaction, requests).map_err(explain)?;
    match transaction.commit() {
        Ok(()) => Ok(Fate::Committed(outcomes)),
        Err(error) if error.as_db_error().is_none() => Ok(Fate::Unknown(outcomes)),
        Err(error) => Err(explain(error)),
    }
}

fn store(transaction: &mut Transaction<'_>, requests: &[&Write]) -> Result<Vec<Outcome>, Error> {
    let projects = projects(transaction, requests)?;
    let project = |request: &Write| projects.get(&request.project).copied().unwrap_or(0);
    let mut wanted = BTreeSet::new();
    for request in requests {
        let of_contexts = request.contexts.iter().map(|context| &context.h);
        let of_runs = request.runs.iter().flat_map(|run| [&run.session_h, &run.context_h]);
        let all = of_contexts.chain(of_runs).chain(request.session.iter().map(|session| &session.h));
        wanted.extend(all.map(|h| (project(request), h.clone())));
    }
    let labels = labels(transaction, &wanted)?;
    let label = |request: &Write, h: &str| labels.get(&(project(request), h.to_owned())).copied().unwrap_or(0);

    let mut refused = HashSet::new();
    let mut sessions: Vec<_> =
        requests.iter().enumerate().filter_map(|(index, request)| Some((index, request.session.as_ref()?))).collect();
    sessions.sort_by_key(|(index, session)| (label(requests[*index], &session.h), *index));
    for (index, session) in sessions {
        let request = requests[index];
        let (project, label) = (project(request), label(request, &session.h));
        if !self::session(transaction, project, label, session, request.lockfile.as_deref())? {
            refused.insert(index);
        }
    }
    let accepted: Vec<_> = requests
        .iter()
        .enumerate()
        .filter(|(index, _)| !refused.contains(index))
        .map(|(index, request)| (index, *request))
        .collect();
    let mut contexts = BTreeMap::new();
    for (_, request) in &accepted {
        for context in &request.contexts {
            contexts.entry(label(request, &context.h)).or_insert((project(request), context));
        }
    }
    for (label, (project, context)) in contexts {
        self::context(transaction, project, label, context)?;
    }
    let mut tests = BTreeMap::new();
    for (_, request) in &accepted {
        for run in &request.runs {
            let project = project(request);
            tests.entry(run.test_hash(project)).or_insert((project, run));
        }
    }
    let tests = self::tests(transaction, &tests)?;
    for (_, request) in &accepted {
        for finding in &request.findings {
            let sql = Sql::keep(Dialect::Postgres, project(request), finding.values());
            let values: Vec<_> = sql.values.iter().map(typed).collect();
            transaction.execute_typed(&sql.text, &values)?;
        }
    }
    let mut rows = Vec::new();
    for (index, request) in &accepted {
        for run in &request.runs {
            let project = project(request);
            rows.push(Row {
                request: *index,
                append: request.append,
                project,
                session: label(request, &run.session_h),
                context: label(request, &run.context_h),
                test: tests.get(&run.test_hash(project)).copied().unwrap_or(0),
                key: key(&run.path, &run.variant),
                nth: run.nth,
                run,
            });
        }
    }
    number(transaction, &mut rows)?;
    let mut new_runs = vec![0; requests.len()];
    runs(transaction, &rows, &mut new_runs)?;
    let outcome = |(index, new_runs)| {
        if refused.contains(&index) { Outcome::OtherSession } else { Outcome::Stored { new_runs } }
    };
    Ok(new_runs.into_iter().enumerate().map(outcome).collect())
}

/// A run with the numbers of what it refers to.
struct Row<'a> {
    request: usize,
    append: bool,
    project: i64,
    session: i64,
    context: i64,
    test: i64,
    key: i64,
    nth: i64,
    run: &'a Run,
}

impl<'a> Row<'a> {
    fn place(&self) -> (i64, i64, &'a str) {
        (self.session, self.key, &self.run.start)
    }
}

fn projects(transaction: &mut Transaction<'_>, requests: &[&Write]) -> Result<HashMap<String, i64>, Error> {
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

fn labels(transaction: &mut Transaction<'_>, wanted: &BTreeSet<Label>) -> Result<HashMap<Label, i64>, Error> {
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

/// False if there is another session under its identifier.
fn session(
    transaction: &mut Transaction<'_>,
    project: i64,
    label: i64,
    session: &Session,
    lockfile: Option<&str>,
) -> Result<bool, Error> {
    let (tags, facts) = (cells::tags_to(&session.tags), &session.facts);
    let (pipeline, build) = (session.tag("pipeline_branch"), session.tag("pipeline_build_no"));
    let lockfile = match lockfile {
        Some(content) => Some(self::lockfile(transaction, content)?),
        None => None,
    };
    let inserted = transaction.query_typed(
        "INSERT INTO sessions (project, label, run_date, scm_ref, tags, pipeline, build, received_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (label) DO NOTHING RETURNING id",
        &[
            (&project, Type::INT8),
            (&label, Type::INT8),
            (&session.run_date, Type::TEXT),
            (&session.scm_ref, Type::TEXT),
            (&tags, Type::TEXT),
            (&pipeline, Type::TEXT),
            (&build, Type::TEXT),
            (&facts.received_at, Type::TEXT),
        ],
    )?;
    if let Some(row) = inserted.first() {
        let id: i64 = row.get(0);
        let names: Vec<_> = session.tags.iter().map(|tag| tag.0.as_str()).collect();
        let values: Vec<_> = session.tags.iter().map(|tag| tag.1.as_deref()).collect();
        transaction.execute_typed(
            "INSERT INTO session_tags (session, position, name, value) \
             SELECT $1, w.position, w.name, w.value FROM unnest($2, $3) WITH ORDINALITY AS w (name, value, position)",
            &[(&id, Type::INT8), (&names, Type::TEXT_ARRAY), (&values, Type::TEXT_ARRAY)],
        )?;
    } else {
        let select = "SELECT run_date, scm_ref, tags FROM sessions WHERE label = $1 FOR UPDATE";
        let known = transaction.query_typed(select, &[(&label, Type::INT8)])?;
        let same = known.first().is_some_and(|row| {
            row.get::<_, &str>(0) == session.run_date
                && row.get::<_, Option<&str>>(1) == session.scm_ref.as_deref()
                && row.get::<_, &str>(2) == tags
        });
        if !same {
            return Ok(false);
        }
    }
    // What was said once stays; what was not said yet is added.
    transaction.execute_typed(
        "UPDATE sessions SET branch = coalesce(branch, $2), merge_base = coalesce(merge_base, $3), \
         pull_request = coalesce(pull_request, $4), ci_url = coalesce(ci_url, $5), ended_at = coalesce(ended_at, $6), \
         lockfile = coalesce(lockfile, $7) WHERE label = $1",
        &[
            (&label, Type::INT8),
            (&facts.branch, Type::TEXT),
            (&facts.merge_base, Type::TEXT),
            (&facts.pull_request, Type::TEXT),
            (&facts.ci_url, Type::TEXT),
            (&facts.ended_at, Type::TEXT),
            (&lockfile, Type::INT8),
        ],
    )?;
    Ok(true)
}

fn lockfile(transaction: &mut Transaction<'_>, content: &str) -> Result<i64, Error> {
    let hash = digest(&[content]).to_vec();
    transaction.execute_typed(
        "INSERT INTO lockfiles (hash, content) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        &[(&hash, Type::BYTEA), (&content, Type::TEXT)],
    )?;
    let rows = transaction.query_typed("SELECT id FROM lockfiles WHERE hash = $1", &[(&hash, Type::BYTEA)])?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

fn context(transaction: &mut Transaction<'_>, project: i64, label: i64, context: &Context) -> Result<(), Error> {
    let class = context.class.as_ref();
    let texts = [
        Some(&context.cpu_type),
        context.cpu_vendor.as_ref(),
        Some(&context.machine_node),
        Some(&context.machine_type),
        Some(&context.machine_arch),
        Some(&context.system_info),
        Some(&context.python_info),
        class.map(|class| &class.class_h),
        class.map(|class| &class.rustc),
        class.map(|class| &class.profile),
        class.map(|class| &class.opt_level),
        class.map(|class| &class.target),
    ];
    let mut values: Vec<(&(dyn ToSql + Sync), Type)> = vec![
        (&project, Type::INT8),
        (&label, Type::INT8),
        (&context.cpu_count, Type::INT8),
        (&context.cpu_frequency, Type::FLOAT8),
        (&context.ram_total, Type::INT8),
    ];
    values.extend(texts.iter().map(|text| (text as &(dyn ToSql + Sync), Type::TEXT)));
    let insert = "INSERT INTO contexts (project, label, cpu_count, cpu_frequency, ram_total, cpu_type, cpu_vendor, \
         machine_node, machine_type, machine_arch, system_info, python_info, class_h, rustc, profile, opt_level, target) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) ON CONFLICT (label) DO NOTHING";
    transaction.execute_typed(insert, &values)?;
    Ok(())
}

fn tests(
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

/// Gives rows that are new whatever is there the next free number.
fn number(transaction: &mut Transaction<'_>, rows: &mut [Row<'_>]) -> Result<(), Error> {
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

fn runs(transaction: &mut Transaction<'_>, rows: &[Row<'_>], new_runs: &mut [u64]) -> Result<(), Error> {
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
    let figures = |field: fn(&super::super::Figures) -> Option<f64>| {
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
    let stored: HashSet<((i64, i64, &str), i64)> =
        stored.iter().map(|row| ((row.get(0), row.get(1), row.get(2)), row.get(3))).collect();
    for row in &rows {
        new_runs[row.request] += u64::from(stored.contains(&(row.place(), row.nth)));
    }
    if !ended.is_empty() {
        // A test that ended after all has another profile than the crash that was reported.
        transaction.execute_typed("DELETE FROM profiles WHERE run = ANY ($1)", &[(&ended, Type::INT8_ARRAY)])?;
    }
    profiles(transaction, &rows)
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

pub(super) fn delete(transaction: &mut Transaction<'_>, project: &str, sessions: &[String]) -> Result<u64, Error> {
    let select = "SELECT s.id, s.label FROM sessions s JOIN labels l ON l.id = s.label \
         JOIN projects p ON p.id = s.project WHERE p.name = $1 AND l.h = ANY ($2) ORDER BY s.id FOR UPDATE OF s";
    let found = transaction.query_typed(select, &[(&project, Type::TEXT), (&sessions, Type::TEXT_ARRAY)])?;
    let ids: Vec<i64> = found.iter().map(|row| row.get(0)).collect();
    let labels: Vec<i64> = found.iter().map(|row| row.get(1)).collect();
    let of_runs = "DELETE FROM profiles WHERE run IN (SELECT id FROM runs WHERE session = ANY ($1))";
    transaction.execute_typed(of_runs, &[(&labels, Type::INT8_ARRAY)])?;
    transaction.execute_typed("DELETE FROM runs WHERE session = ANY ($1)", &[(&labels, Type::INT8_ARRAY)])?;
    transaction.execute_typed("DELETE FROM session_tags WHERE session = ANY ($1)", &[(&ids, Type::INT8_ARRAY)])?;
    transaction.execute_typed("DELETE FROM sessions WHERE id = ANY ($1)", &[(&ids, Type::INT8_ARRAY)])
}

pub(super) fn add_token(client: &mut Client, token: &Token) -> Result<(), Error> {
    client.execute_typed(
        "INSERT INTO tokens (name, hash, access, project, expires_at) VALUES ($1, $2, $3, $4, $5)",
        &[
            (&token.name, Type::TEXT),
            (&token.hash, Type::BYTEA),
            (&token.access.as_str(), Type::TEXT),
            (&token.project, Type::TEXT),
            (&token.expires_at, Type::INT8),
        ],
    )?;
    Ok(())
}

pub(super) fn revoke_token(client: &mut Client, name: &str) -> Result<bool, Error> {
    Ok(client.execute_typed("DELETE FROM tokens WHERE name = $1", &[(&name, Type::TEXT)])? > 0)
}

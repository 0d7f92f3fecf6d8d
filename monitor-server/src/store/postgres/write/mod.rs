//! A group of requests as a few statements over whole columns, and its rows by COPY.
//!
//! Texts get their numbers in sorted order: two groups that want the same ones wait for each other, but never in a ring.

mod copy;
mod memory;
mod names;
mod runs;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use postgres::error::SqlState;
use postgres::{Client, Error, Transaction};

use super::super::cells::Cells;
use super::super::described;
use super::super::digest::key;
use super::super::rows::Run;
use super::super::sql::{Dialect, Sql};
use super::super::{Outcome, StoreError, Write};
use super::failure::explain;
use super::statements;

use self::memory::Numbers;
pub(super) use self::memory::{Memory, sweep};
use self::runs::Row;

/// What is known of a group after a try.
pub(super) enum Fate {
    /// It is stored.
    Committed(Vec<Outcome>),
    /// It may be stored or not: the connection was lost while it was committed.
    Unknown(Vec<Outcome>),
    /// It was stored by an earlier try.
    Before,
    /// Nothing is stored: another transaction stored some of the same at the same time.
    Crossed,
}

pub(super) fn group(client: &mut Client, memory: &Memory, id: &[u8], requests: &[&Write]) -> Result<Fate, StoreError> {
    let mut transaction = client.transaction().map_err(explain)?;
    let Some(mut numbers) = Numbers::of_group(&mut transaction, memory, id).map_err(explain)? else {
        return Ok(Fate::Before);
    };
    let outcomes = match store(&mut transaction, &mut numbers, requests) {
        Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => return Ok(Fate::Crossed),
        outcomes => outcomes.map_err(explain)?,
    };
    match transaction.commit() {
        Ok(()) => {
            numbers.keep();
            Ok(Fate::Committed(outcomes))
        }
        Err(error) if error.as_db_error().is_none() => Ok(Fate::Unknown(outcomes)),
        Err(error) => Err(explain(error)),
    }
}

fn store(
    transaction: &mut Transaction<'_>,
    numbers: &mut Numbers<'_>,
    requests: &[&Write],
) -> Result<Vec<Outcome>, Error> {
    let projects = requests.iter().map(|request| request.project.as_str()).collect();
    let projects = names::projects(transaction, numbers, &projects)?;
    let project = |request: &Write| projects.get(request.project.as_str()).copied().unwrap_or(0);
    let mut wanted = BTreeSet::new();
    for request in requests {
        let project = project(request);
        let of_contexts = request.contexts.iter().map(|context| &context.h);
        let of_runs = request.runs.chunk_by(|one, next| labels_of(one) == labels_of(next));
        let of_runs = of_runs.flat_map(|runs| labels_of(&runs[0]));
        let all = of_contexts.chain(of_runs).chain(request.session.iter().map(|session| &session.h));
        wanted.extend(all.map(|h| (project, h.as_str())));
    }
    let labels = names::labels(transaction, numbers, &wanted)?;
    let label = |request: &Write, h: &str| labels.get(&(project(request), h)).copied().unwrap_or(0);

    let mut refused = HashSet::new();
    let mut sessions: Vec<_> =
        requests.iter().enumerate().filter_map(|(index, request)| Some((index, request.session.as_ref()?))).collect();
    sessions.sort_by_key(|(index, session)| (label(requests[*index], &session.h), *index));
    for (index, session) in sessions {
        let request = requests[index];
        let (project, label) = (project(request), label(request, &session.h));
        if !described::session(transaction, project, label, session, request.lockfile.as_deref())? {
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
    // One that is there stays as it is.
    numbers.remembered(|known| contexts.retain(|label, _| !known.contexts.contains(label)));
    for (label, (project, context)) in contexts {
        described::context(transaction, project, label, context)?;
        numbers.new.contexts.insert(label);
    }
    for (_, request) in &accepted {
        described::judged(transaction, project(request), request)?;
    }
    let mut rows = Vec::new();
    for (index, request) in &accepted {
        let project = project(request);
        // Looked up once for all that have the same.
        for runs in request.runs.chunk_by(|one, next| labels_of(one) == labels_of(next)) {
            let [session, context] = labels_of(&runs[0]).map(|h| label(request, h));
            rows.extend(runs.iter().map(|run| Row {
                request: *index,
                append: request.append,
                project,
                session,
                context,
                test: 0,
                hash: run.test_hash(project),
                key: key(&run.path, &run.variant),
                nth: run.nth,
                run,
            }));
        }
    }
    names::tests(transaction, numbers, &mut rows)?;
    runs::number(transaction, &mut rows)?;
    let mut new_runs = vec![0; requests.len()];
    runs::runs(transaction, numbers, &rows, &mut new_runs)?;
    let outcome = |(index, new_runs)| {
        if refused.contains(&index) { Outcome::OtherSession } else { Outcome::Stored { new_runs } }
    };
    Ok(new_runs.into_iter().enumerate().map(outcome).collect())
}

impl described::Transaction for Transaction<'_> {
    type Error = Error;
    const DIALECT: Dialect = Dialect::Postgres;

    fn execute(&mut self, sql: &Sql) -> Result<(), Error> {
        statements::execute(self, sql).map(drop)
    }

    fn first<T>(&mut self, sql: &Sql, decode: fn(Cells) -> T) -> Result<Option<T>, Error> {
        let mut first = None;
        statements::query(self, sql, &mut |cells| first = Some(decode(cells)))?;
        Ok(first)
    }
}

/// Identifiers that rows of a request mostly have in common.
fn labels_of(run: &Run) -> [&String; 2] {
    [&run.session_h, &run.context_h]
}

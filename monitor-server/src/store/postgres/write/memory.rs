//! The numbers of names that this server has met: most groups need no others.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use postgres::types::Type;
use postgres::{Error, Transaction};

/// Numbers are kept in mind up to so many.
const REMEMBERED: usize = 200_000;
/// Any number, the same for every server: who deletes names keeps those waiting that store, and the other way round.
const SWEEP_LOCK: i64 = 0x6d6f_6e69_746f_7222;

/// What the numbers rest on: how often names were deleted, and since when the database has run. Another one, to which the
/// connections lead now, may lack the last of what was there.
type State = (i64, String);

/// Numbers that names have in the database.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) projects: HashMap<String, i64>,
    pub(super) labels: HashMap<(i64, String), i64>,
    pub(super) tests: HashMap<[u8; 32], i64>,
    /// Labels of contexts that are described.
    pub(super) contexts: HashSet<i64>,
    /// Keys of tests with the blocks that have them.
    pub(super) blocks: HashSet<(i64, i64)>,
}

impl Known {
    fn len(&self) -> usize {
        self.projects.len() + self.labels.len() + self.tests.len() + self.contexts.len() + self.blocks.len()
    }

    fn extend(&mut self, other: Self) {
        self.projects.extend(other.projects);
        self.labels.extend(other.labels);
        self.tests.extend(other.tests);
        self.contexts.extend(other.contexts);
        self.blocks.extend(other.blocks);
    }
}

/// What all groups that were stored have met.
#[derive(Debug, Default)]
pub(in super::super) struct Memory(Mutex<(State, Known)>);

/// What one group knows. As long as its transaction lasts, nobody deletes names.
#[derive(Debug)]
pub(super) struct Numbers<'a> {
    memory: &'a Memory,
    state: State,
    /// Not in the memory yet.
    pub(super) new: Known,
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, (State, Known)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Numbers<'a> {
    /// Marks the group as one that is stored; `None` if it bears the mark already.
    pub(super) fn of_group(
        transaction: &mut Transaction<'_>,
        memory: &'a Memory,
        id: &[u8],
    ) -> Result<Option<Self>, Error> {
        transaction.query_typed("SELECT pg_advisory_xact_lock_shared($1)", &[(&SWEEP_LOCK, Type::INT8)])?;
        // A statement of its own: it sees what is committed when nobody deletes any more.
        let mark = "INSERT INTO commits (id) VALUES ($1) ON CONFLICT DO NOTHING \
             RETURNING (SELECT number FROM sweeps), pg_postmaster_start_time()::text";
        let marked = transaction.query_typed(mark, &[(&id, Type::BYTEA)])?;
        Ok(marked.first().map(|row| Self { memory, state: (row.get(0), row.get(1)), new: Known::default() }))
    }

    /// Looks something up in what this group and those before it have met.
    pub(super) fn look_up<T>(&self, look_up: impl Fn(&Known) -> Option<T>) -> Option<T> {
        look_up(&self.new).or_else(|| self.remembered(&look_up))
    }

    /// Looks up what only those before may have met.
    pub(super) fn remembered<T: Default>(&self, look_up: impl FnOnce(&Known) -> T) -> T {
        let memory = self.memory.lock();
        if memory.0 == self.state { look_up(&memory.1) } else { T::default() }
    }

    /// The group is stored: others may rely on its numbers.
    pub(super) fn keep(self) {
        let mut memory = self.memory.lock();
        if memory.0 != self.state || memory.1.len() > REMEMBERED {
            *memory = (self.state, Known::default());
        }
        memory.1.extend(self.new);
    }
}

/// Keeps others from storing until the end of the transaction, which deletes names.
pub(in super::super) fn sweep(transaction: &mut Transaction<'_>) -> Result<(), Error> {
    transaction.query_typed("SELECT pg_advisory_xact_lock($1)", &[(&SWEEP_LOCK, Type::INT8)])?;
    transaction.execute_typed("UPDATE sweeps SET number = number + 1", &[])?;
    Ok(())
}

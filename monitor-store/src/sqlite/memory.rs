//! What a writer knows of the file without asking again, as long as nobody else writes to it.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, Result};

use crate::rows::{Metric, Process, Profile, ProfileKey};
use crate::sqlite::statements::Statements;
use crate::timestamp::Timestamp;
use crate::words::Kind;

/// Kept by one connection from one transaction to the next, and forgotten when another connection has written between
/// them, or when the transaction is undone.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// SQLite's count of the commits of other connections.
    others_commits: Option<i64>,
    /// Whether all that is in the file was there at our last transaction, or is ours.
    pub(super) is_up_to_date: bool,
    /// Of a session, a context and a process.
    numbers: Option<([String; 3], Numbers)>,
    /// By variant, with those of other paths, packages and binaries.
    items: HashMap<String, Vec<(Tested, Arc<Item>)>>,
    pub(super) running: Vec<Running>,
    /// Whether the transaction knows if others have committed since the last: not when it begins.
    pub(super) is_refreshed: bool,
    /// Whether the next transaction is the only one of its kind, so that it is no use to keep statements.
    pub(super) once: bool,
}

/// What the columns of a run that are numbers stand for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    pub session: i64,
    pub env: Option<i64>,
    pub process: Option<i64>,
}

/// Which of them the file has.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KnownNumbers {
    pub session: Option<i64>,
    pub env: Option<i64>,
    pub process: Option<i64>,
    /// The row of `PROCESS_GROUPS` that the process belongs to.
    pub group: Option<i64>,
}

/// The texts behind [`Numbers`]; without a context, that of the process is meant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Texts<'t> {
    pub session_h: &'t str,
    pub env_h: Option<&'t str>,
    pub process_h: &'t str,
}

impl<'t> Texts<'t> {
    pub(crate) fn of(process: &'t Process) -> Self {
        Self { session_h: &process.session_h, env_h: process.env_h.as_deref(), process_h: &process.process_h }
    }

    /// Of a test.
    pub(crate) fn of_key(key: &'t ProfileKey, env_h: Option<&'t str>) -> Self {
        Self { session_h: &key.session_h, env_h, process_h: &key.process_h }
    }
}

/// What tells the tests of a file with the same variant apart: path, package and binary.
type Tested = [String; 3];

fn tested(profile: &Profile) -> [&str; 3] {
    [&profile.key.item_path, &profile.package, &profile.binary]
}

/// A row of `ITEMS` that is about a function.
#[derive(Debug)]
pub(crate) struct Item {
    pub id: i64,
    /// Its `ITEM`, `ITEM_FS_LOC` and `COMPONENT`; the second is `None` as long as no run of it has ended.
    pub described: (String, Option<String>, String),
}

impl Item {
    /// Whether it is the one that `metric` is about.
    pub(crate) fn is_of(&self, metric: &Metric) -> bool {
        let (item, fs_loc, component) = &self.described;
        metric.kind == Kind::Function
            && *item == metric.item
            && fs_loc.as_ref() == Some(&metric.item_fs_loc)
            && *component == metric.component
    }
}

/// A test that this connection has begun.
#[derive(Debug)]
pub(crate) struct Running {
    pub key: ProfileKey,
    /// Its row of `RUNS`.
    pub run: i64,
    pub start: Timestamp,
    /// What it is a run of.
    pub item: Arc<Item>,
}

impl Memory {
    /// Forgets what others may have changed, once in a transaction, whose lock keeps others out.
    pub(crate) fn refresh(&mut self, connection: &Connection) -> Result<()> {
        if self.is_refreshed {
            return Ok(());
        }
        let others_commits = connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        self.is_up_to_date = self.others_commits == others_commits;
        if !self.is_up_to_date {
            *self = Self { others_commits, once: self.once, ..Self::default() };
        }
        self.is_refreshed = true;
        Ok(())
    }

    pub(crate) fn statements<'c>(&self, connection: &'c Connection) -> Statements<'c> {
        Statements::of(connection, !self.once)
    }

    pub(crate) fn numbers(&self, texts: Texts<'_>) -> Option<Numbers> {
        let ([session, env, process], numbers) = self.numbers.as_ref()?;
        let is_same = session == texts.session_h && process == texts.process_h;
        (is_same && texts.env_h.is_none_or(|env_h| env == env_h)).then_some(*numbers)
    }

    /// The numbers of the tests of `process`, whose context is `env_h`.
    pub(crate) fn keep_numbers(&mut self, process: &Process, env_h: &str, numbers: Numbers) {
        self.numbers = Some(([&process.session_h, env_h, &process.process_h].map(str::to_owned), numbers));
    }

    pub(crate) fn item(&self, profile: &Profile) -> Option<Arc<Item>> {
        let of_variant = self.items.get(&profile.key.item_variant)?;
        of_variant.iter().find(|(known, _)| *known == tested(profile)).map(|(_, item)| Arc::clone(item))
    }

    pub(crate) fn keep_item(&mut self, profile: &Profile, item: Item) -> Arc<Item> {
        let item = Arc::new(item);
        let of_variant = self.items.entry(profile.key.item_variant.clone()).or_default();
        if let Some((_, known)) = of_variant.iter_mut().find(|(known, _)| *known == tested(profile)) {
            known.clone_from(&item);
        } else {
            of_variant.push((tested(profile).map(str::to_owned), Arc::clone(&item)));
        }
        item
    }

    /// The test that this connection has begun under `key`.
    pub(crate) fn running(&self, key: &ProfileKey) -> Option<&Running> {
        self.running.iter().find(|running| running.key == *key)
    }

    /// The test that this connection has begun under `key`, which ends now.
    pub(crate) fn take_running(&mut self, key: &ProfileKey) -> Option<Running> {
        let position = self.running.iter().position(|running| running.key == *key)?;
        Some(self.running.swap_remove(position))
    }
}

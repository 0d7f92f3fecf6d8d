//! The numbers of texts, made where there are none, and kept in mind.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, Result, params};

use super::super::rows::Run;
use super::super::sql::BLOCK;

/// Numbers of labels and tests are kept in mind up to so many.
const REMEMBERED: usize = 100_000;

/// Numbers that texts have in this database.
#[derive(Debug, Default)]
pub(super) struct Memory {
    projects: HashMap<String, i64>,
    labels: HashMap<i64, HashMap<String, i64>>,
    tests: HashMap<[u8; 32], i64>,
    /// Keys of tests with the blocks that are known to have them.
    blocks: HashSet<(i64, i64)>,
}

impl Memory {
    /// Whether there is more in it than is worth its memory.
    pub(super) fn is_full(&self) -> bool {
        let labels: usize = self.labels.values().map(HashMap::len).sum();
        self.projects.len() + labels + self.tests.len() + self.blocks.len() > REMEMBERED
    }
}

pub(super) fn project(connection: &Connection, memory: &mut Memory, name: &str) -> Result<i64> {
    if let Some(id) = memory.projects.get(name) {
        return Ok(*id);
    }
    connection.prepare_cached("INSERT OR IGNORE INTO projects (name) VALUES (?1)")?.execute([name])?;
    let id =
        connection.prepare_cached("SELECT id FROM projects WHERE name = ?1")?.query_row([name], |row| row.get(0))?;
    memory.projects.insert(name.to_owned(), id);
    Ok(id)
}

pub(super) fn label(connection: &Connection, memory: &mut Memory, project: i64, h: &str) -> Result<i64> {
    let labels = memory.labels.entry(project).or_default();
    if let Some(id) = labels.get(h) {
        return Ok(*id);
    }
    connection
        .prepare_cached("INSERT OR IGNORE INTO labels (project, h) VALUES (?1, ?2)")?
        .execute(params![project, h])?;
    let id = connection
        .prepare_cached("SELECT id FROM labels WHERE project = ?1 AND h = ?2")?
        .query_row(params![project, h], |row| row.get(0))?;
    labels.insert(h.to_owned(), id);
    Ok(id)
}

pub(super) fn test(connection: &Connection, memory: &mut Memory, project: i64, run: &Run, key: i64) -> Result<i64> {
    let hash = run.test_hash(project);
    if let Some(id) = memory.tests.get(&hash) {
        return Ok(*id);
    }
    let [path, item, variant, fs_loc, kind, component, package, binary] = run.texts();
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO tests (hash, project, key, path, item, variant, fs_loc, kind, component, package, \
             \"binary\") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![hash, project, key, path, item, variant, fs_loc, kind, component, package, binary])?;
    let id = connection.prepare_cached("SELECT id FROM tests WHERE hash = ?1")?.query_row([hash], |row| row.get(0))?;
    memory.tests.insert(hash, id);
    Ok(id)
}

/// Notes that the session's block has the test.
pub(super) fn block(connection: &Connection, memory: &mut Memory, key: i64, session: i64) -> Result<()> {
    let block = (key, session / BLOCK);
    if memory.blocks.insert(block) {
        connection.prepare_cached("INSERT OR IGNORE INTO test_blocks (key, block) VALUES (?1, ?2)")?.execute(block)?;
    }
    Ok(())
}

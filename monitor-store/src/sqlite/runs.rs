//! Queries for tests: all of a session, and one in many sessions.

use std::collections::HashMap;

use rusqlite::types::Value;

use crate::error::StoreError;
use crate::json::quoted;
use crate::rows::Process;
use crate::sqlite::cells::Cells;
use crate::sqlite::columns;
use crate::sqlite::monitor::{ENDED, Monitor, text};
use crate::sqlite::unfit::Named;
use crate::test_run::{OutcomeCounts, Test, TestId};
use crate::words::Outcome;

impl Monitor {
    /// Every row of a session: tests, those that did not end included, then modules and the session itself if
    /// they were asked for; each in the order of their start.
    ///
    /// # Errors
    ///
    /// An error that says why the file cannot be read.
    pub fn tests(&self, session_h: &str) -> Result<Vec<Test>, StoreError> {
        let sql = format!("SELECT {} FROM {} WHERE r.SESSION = {ID_OF_1} AND {SHOWN}", *columns::TEST, columns::RUNS);
        let mut tests = self.rows(columns::RUN, &sql, [text(session_h)], columns::test)?;
        for profile in tests.iter_mut().filter_map(|test| test.profile.as_mut()) {
            profile.outcome = self.settled(profile.outcome, &profile.key.process_h);
        }
        tests.sort_by_key(|test| (test.kind(), test.start()));
        Ok(tests)
    }

    /// The rows that a session got since `mark`, and the mark for the next call; begin with 0. For programs that pass rows on
    /// while tests run. Tests that still run hold the mark back, so a row may come twice, but none is left out.
    ///
    /// # Errors
    ///
    /// As [`Monitor::tests`].
    pub fn tests_since(&self, session_h: &str, mark: i64) -> Result<(Vec<Test>, i64), StoreError> {
        let of_session = format!("FROM RUNS r WHERE r.SESSION = {ID_OF_1} AND {SHOWN}");
        let sql =
            format!("SELECT coalesce(min(r.ID) FILTER (WHERE r.OUTCOME = 'running') - 1, max(r.ID), 0) {of_session}");
        let now = self.asked(|connection| connection.query_row(&sql, [session_h], |row| row.get::<_, i64>(0)))?;
        let sql = format!(
            "SELECT {} FROM {} WHERE r.SESSION = {ID_OF_1} AND {SHOWN} AND r.OUTCOME IS NOT 'running' AND r.ID > ?2 \
             ORDER BY r.ID",
            *columns::TEST,
            columns::RUNS
        );
        let tests = self.rows(columns::RUN, &sql, [text(session_h), Value::Integer(mark)], columns::test)?;
        Ok((tests, now.max(mark)))
    }

    /// The identity of each test that ended in a session, sorted by path and variant.
    ///
    /// # Errors
    ///
    /// An error that says why the file cannot be read.
    pub fn test_ids(&self, session_h: &str) -> Result<Vec<TestId>, StoreError> {
        let sql = format!(
            "SELECT DISTINCT i.PACKAGE, i.BINARY, i.ITEM_PATH, i.ITEM_VARIANT FROM RUNS r JOIN ITEMS i ON i.ID = r.ITEM \
             WHERE r.SESSION = {ID_OF_1} AND r.ENDED AND i.KIND = 'function' ORDER BY i.ITEM_PATH, i.ITEM_VARIANT"
        );
        self.rows(Named { key: 3, ..Named::of("ITEMS") }, &sql, [text(session_h)], test_id)
    }

    /// The identity of each test that ended in a session; one may come twice.
    ///
    /// # Errors
    ///
    /// An error that says why the file cannot be read.
    pub fn known_tests(&self) -> Result<Vec<TestId>, StoreError> {
        let sql =
            format!("SELECT PACKAGE, BINARY, ITEM_PATH, ITEM_VARIANT FROM ITEMS WHERE KIND = 'function' AND {ENDED}");
        self.rows(Named { key: 3, ..Named::of("ITEMS") }, &sql, [], test_id)
    }

    /// Every run of a test, those of one machine class if `class_h` is given, oldest session first.
    ///
    /// # Errors
    ///
    /// As [`Monitor::tests`].
    pub fn history(&self, test: &TestId, class_h: Option<&str>) -> Result<Vec<Test>, StoreError> {
        // For each session one look-up in the index, which begins with the session.
        let sql = format!(
            "SELECT {} FROM TEST_SESSIONS d CROSS JOIN TEXTS t ON t.TEXT = d.SESSION_H CROSS JOIN ITEMS j {OF_TEST} \
             WHERE {THIS_TEST} AND (?5 = '' OR k.CLASS_H = ?5) ORDER BY d.RUN_DATE, r.START",
            *columns::TEST
        );
        let values = [&test.variant, &test.path, &test.package, &test.binary].map(|value| text(value));
        self.rows(columns::RUN, &sql, values.into_iter().chain([text(class_h.unwrap_or(""))]), columns::test)
    }

    /// Every run of a test in some sessions, in their order.
    ///
    /// # Errors
    ///
    /// As [`Monitor::tests`].
    pub fn runs<S: AsRef<str>>(&self, test: &TestId, sessions: &[S]) -> Result<Vec<Test>, StoreError> {
        let sql = format!(
            "SELECT {} FROM json_each(?5) d CROSS JOIN TEXTS t ON t.TEXT = d.value CROSS JOIN ITEMS j {OF_TEST} \
             WHERE {THIS_TEST} ORDER BY d.key, r.START",
            *columns::TEST
        );
        let sessions = sessions.iter().map(|session| quoted(session.as_ref())).collect::<Vec<_>>().join(",");
        let sessions = format!("[{sessions}]");
        let values = [&test.variant, &test.path, &test.package, &test.binary, &sessions].map(|value| text(value));
        self.rows(columns::RUN, &sql, values, columns::test)
    }

    /// The machine class of every session, by session; `None` for sessions of pytest-monitor and empty ones.
    ///
    /// # Errors
    ///
    /// As [`Monitor::tests`].
    pub fn session_classes(&self) -> Result<HashMap<String, Option<String>>, StoreError> {
        let sql = "SELECT s.SESSION_H, (SELECT k.CLASS_H FROM PROCESSES r JOIN CONTEXT_CLASSES k USING (ENV_H) \
                   WHERE r.SESSION_H = s.SESSION_H LIMIT 1) CLASS_H FROM TEST_SESSIONS s";
        let classes = self.rows(Named::of("TEST_SESSIONS"), sql, [], |cells| Ok((cells.get()?, cells.get()?)))?;
        Ok(classes.into_iter().collect())
    }

    /// How the tests of a session ended.
    ///
    /// # Errors
    ///
    /// As [`Monitor::tests`].
    pub fn outcomes(&self, session_h: &str) -> Result<OutcomeCounts, StoreError> {
        let mut counts = OutcomeCounts::default();
        let sql = format!(
            "SELECT r.ID, r.OUTCOME, coalesce(p.TEXT, '') PROCESS_H, i.ITEM_VARIANT FROM RUNS r JOIN ITEMS i ON i.ID = r.ITEM \
             LEFT JOIN TEXTS p ON p.ID = r.PROCESS WHERE r.SESSION = {ID_OF_1} AND i.KIND = 'function' AND {SHOWN}"
        );
        let rows = self.rows(columns::RUN, &sql, [text(session_h)], |cells| {
            Ok((cells.get::<Option<Outcome>>()?, cells.text()?))
        })?;
        for (outcome, process_h) in rows {
            let outcome = outcome.map(|outcome| self.settled(outcome, &process_h));
            *match outcome {
                Some(Outcome::Running) => &mut counts.running,
                Some(Outcome::Passed) | None => &mut counts.passed,
                Some(Outcome::Failed) => &mut counts.failed,
                Some(Outcome::OverBudget) => &mut counts.over_budget,
                Some(Outcome::Crashed) => &mut counts.crashed,
            } += 1;
        }
        Ok(counts)
    }

    /// The processes of a session, with what measuring cost in each.
    ///
    /// # Errors
    ///
    /// As [`Monitor::tests`].
    pub fn processes(&self, session_h: &str) -> Result<Vec<Process>, StoreError> {
        let sql = format!("SELECT {} FROM PROCESSES WHERE SESSION_H = ? ORDER BY STARTED_AT", columns::PROCESS);
        self.rows(columns::OF_PROCESS, &sql, [text(session_h)], columns::process)
    }

    /// Whether the process `process_h` has recorded tests.
    ///
    /// # Errors
    ///
    /// As [`Monitor::tests`].
    pub fn has_process(&self, process_h: &str) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM PROCESSES WHERE PROCESS_H = ?)";
        self.asked(|connection| connection.query_row(sql, [process_h], |row| row.get(0)))
    }

    /// The outcome that a row has once what is due is done, where the file does not take the change.
    fn settled(&self, outcome: Outcome, process_h: &str) -> Outcome {
        match outcome {
            Outcome::Running if self.gone.contains(process_h) => Outcome::Crashed,
            outcome => outcome,
        }
    }
}

fn test_id(cells: &mut Cells<'_, '_>) -> rusqlite::Result<TestId> {
    Ok(TestId { package: cells.text()?, binary: cells.text()?, path: cells.text()?, variant: cells.text()? })
}

/// The number of the text `?1`.
const ID_OF_1: &str = "(SELECT ID FROM TEXTS WHERE TEXT = ?1)";

/// Runs that have ended or crashed, or may yet end.
const SHOWN: &str = "(r.ENDED OR r.OUTCOME IN ('running', 'crashed'))";

/// The ended runs of the items `j` in the sessions `t`, with what their numbers stand for.
const OF_TEST: &str = "CROSS JOIN RUNS r ON r.SESSION = t.ID AND r.ITEM = j.ID AND r.ENDED \
     LEFT JOIN ITEMS i ON i.ID = r.ITEM LEFT JOIN TEXTS s ON s.ID = r.SESSION LEFT JOIN TEXTS e ON e.ID = r.ENV \
     LEFT JOIN TEXTS p ON p.ID = r.PROCESS LEFT JOIN CONTEXT_CLASSES k ON k.ENV_H = e.TEXT";

/// An item `j` by variant, path, package and binary; an empty one of the last two stands for any.
const THIS_TEST: &str =
    "j.ITEM_VARIANT = ?1 AND j.ITEM_PATH = ?2 AND (?3 = '' OR j.PACKAGE = ?3) AND (?4 = '' OR j.BINARY = ?4)";

//! A project as monitor-report asks for it: what it answers on a file, it answers on a server too.

use std::collections::{BTreeMap, HashMap};

use monitor_report::{ReportError, Source};
use monitor_store::{ContextClass, ExecutionContext, Figure, Figures, Kind, SessionDetails, Test, TestId, hash_hex};

use super::figures::Counted;

use crate::hand_out;
use crate::store::{Count, Filter, Page, Run, Session, Store, StoreError, Text};

/// Rows of a project. The contexts are those that were there when it was made.
pub struct Project<'a> {
    store: &'a dyn Store,
    name: &'a str,
    contexts: BTreeMap<String, (ExecutionContext, Option<ContextClass>)>,
}

impl<'a> Project<'a> {
    /// The project of this name.
    ///
    /// # Errors
    ///
    /// If the database can't be read.
    pub fn new(store: &'a dyn Store, name: &'a str) -> Result<Self, StoreError> {
        let contexts = store.contexts(&Filter::project(name), Page::ALL)?.into_iter();
        let contexts = contexts.map(|context| (context.h.clone(), hand_out::context(context).to_store())).collect();
        Ok(Self { store, name, contexts })
    }

    /// What its sessions ran on.
    pub fn machines(&self) -> impl Iterator<Item = &(ExecutionContext, Option<ContextClass>)> {
        self.contexts.values()
    }

    fn filter(&self) -> Filter {
        Filter::project(self.name)
    }

    fn of_session(&self, session_h: &str) -> Filter {
        Filter { session: Some(Text::Is(session_h.to_owned())), unfinished: true, ..self.filter() }
    }

    fn list(&self, filter: &Filter) -> Result<Vec<monitor_store::Session>, ReportError> {
        let sessions = told(self.store.sessions(filter, Page::ALL))?.into_iter().rev().map(session);
        let mut sessions = sessions.collect::<Result<Vec<_>, _>>()?;
        sessions.sort_by_key(|session| std::cmp::Reverse(session.run_date));
        Ok(sessions)
    }

    fn class_of(&self, context_h: &str) -> Option<String> {
        let (_, class) = self.contexts.get(context_h)?;
        class.as_ref().map(|class| class.class_h.clone())
    }

    fn rows(&self, filter: &Filter, page: Page) -> Result<Vec<Test>, ReportError> {
        let test = |run: Run| {
            let (session_h, class_h) = (run.session_h.clone(), self.class_of(&run.context_h));
            let process_h = hash_hex(["monitor-server", &session_h]);
            hand_out::row(run).to_store(&session_h, &process_h, class_h).map_err(ReportError::source)
        };
        told(self.store.runs(filter, page))?.into_iter().map(test).collect()
    }

    /// The context of a session: that of its first run.
    fn context_h(&self, session_h: &str) -> Result<Option<String>, ReportError> {
        let first = told(self.store.runs(&self.of_session(session_h), Page::first(1)))?;
        Ok(first.into_iter().next().map(|run| run.context_h))
    }
}

impl Source for Project<'_> {
    fn sessions(&self) -> Result<Vec<monitor_store::Session>, ReportError> {
        self.list(&self.filter())
    }

    fn newest(&self, count: usize) -> Result<Vec<monitor_store::Session>, ReportError> {
        let mut sessions = self.sessions()?;
        sessions.truncate(count);
        Ok(sessions)
    }

    fn of_commit(&self, commit: &str, count: usize) -> Result<Vec<monitor_store::Session>, ReportError> {
        let mut sessions = self.list(&Filter { revision: Some(Text::Is(commit.to_owned())), ..self.filter() })?;
        sessions.truncate(count);
        Ok(sessions)
    }

    fn details(&self, session_h: &str) -> Result<Option<SessionDetails>, ReportError> {
        let found = self.list(&Filter { unfinished: false, ..self.of_session(session_h) })?;
        let Some(session) = found.into_iter().next() else { return Ok(None) };
        let metrics = told(self.store.count(Count::Runs, &Filter { unfinished: false, ..self.of_session(session_h) }))?;
        let known = self.context_h(session_h)?.and_then(|context_h| self.contexts.get(&context_h).cloned());
        let (context, class) = known.map_or((None, None), |(context, class)| (Some(context), class));
        let lockfile_h = self.lockfile(session_h)?.map(|content| hash_hex([content.as_str()]));
        Ok(Some(SessionDetails { session, context, class, lockfile_h, metrics }))
    }

    fn classes(&self) -> Result<HashMap<String, Option<String>>, ReportError> {
        let of = |session: Session| {
            let context_h = self.context_h(&session.h)?;
            Ok((session.h, context_h.and_then(|context_h| self.class_of(&context_h))))
        };
        told(self.store.sessions(&self.filter(), Page::ALL))?.into_iter().map(of).collect()
    }

    fn tests(&self, session_h: &str) -> Result<Vec<Test>, ReportError> {
        let mut tests = self.rows(&self.of_session(session_h), Page::ALL)?;
        tests.sort_by_key(|test| (test.kind(), test.start()));
        Ok(tests)
    }

    fn figures(&self, sessions: &[&str], figures: &[Figure]) -> Result<Figures, ReportError> {
        let mut counted = Counted::default();
        for session_h in sessions {
            counted.add(&self.rows(&self.of_session(session_h), Page::ALL)?, figures);
        }
        Ok(counted.finish())
    }

    fn test_ids(&self, session_h: &str) -> Result<Vec<TestId>, ReportError> {
        let tests = self.rows(&Filter { unfinished: false, ..self.of_session(session_h) }, Page::ALL)?;
        let mut ids: Vec<_> = tests.iter().filter(|test| test.kind() == Kind::Function).map(Test::id).collect();
        ids.sort_by(|a, b| (&a.path, &a.variant).cmp(&(&b.path, &b.variant)));
        ids.dedup();
        Ok(ids)
    }

    fn history(&self, test: &TestId) -> Result<Vec<Test>, ReportError> {
        let (path, variant) = (Some(Text::Is(test.path.clone())), Some(Text::Is(test.variant.clone())));
        let mut runs = self.rows(&Filter { path, variant, ..self.filter() }, Page::ALL)?;
        let is_it = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
        runs.retain(|run| {
            let id = run.id();
            is_it(&test.package, &id.package) && is_it(&test.binary, &id.binary)
        });
        let dates: HashMap<_, _> =
            self.sessions()?.into_iter().map(|session| (session.session_h, session.run_date)).collect();
        // Of sessions that nobody described nothing is shown, as in a file.
        runs.retain(|run| dates.contains_key(run.session_h()));
        runs.sort_by_key(|run| (dates.get(run.session_h()).copied(), run.start()));
        Ok(runs)
    }

    fn lockfile(&self, session_h: &str) -> Result<Option<String>, ReportError> {
        told(self.store.lockfile(self.name, session_h))
    }
}

fn session(session: Session) -> Result<monitor_store::Session, ReportError> {
    hand_out::session_head(session).to_store().map_err(ReportError::source)
}

fn told<T>(result: Result<T, StoreError>) -> Result<T, ReportError> {
    result.map_err(ReportError::source)
}

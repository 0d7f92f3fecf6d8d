//! A project of the database as what `monitor-report` asks.

use std::collections::{BTreeSet, HashMap, HashSet};

use monitor_report::{ReportError, Source, select};
use monitor_store::{
    Cost, Figure, Figures, Kind, Metric, ProfileKey, Session, SessionDetails, Test, TestId, Timestamp, hash_hex,
};

use super::verdict::Verdicts;
use crate::on_the_wire;
use crate::store::{Filter, Page, Run, Store, StoreError, Text};

/// How far a clock that is right may be ahead of the server's: pytest-monitor sends local time.
const AHEAD_SECONDS: f64 = 86_400.0;

/// The rows of a project. Sessions and contexts are read once, so that an answer is about one state of them.
pub struct Project<'a> {
    store: &'a dyn Store,
    name: &'a str,
    verdicts: &'a Verdicts,
    /// Newest first, with what the server alone knows of each.
    sessions: Vec<(Session, crate::store::Session)>,
    /// Where each stands among them.
    places: HashMap<String, usize>,
    contexts: HashMap<String, crate::store::Context>,
}

impl std::fmt::Debug for Project<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Project").field(&self.name).finish()
    }
}

impl<'a> Project<'a> {
    /// Reads what a project has.
    ///
    /// # Errors
    ///
    /// If the database can't be read.
    pub fn new(store: &'a dyn Store, name: &'a str, verdicts: &'a Verdicts) -> Result<Self, StoreError> {
        let filter = Filter::project(name);
        let known = store.sessions(&filter, Page::ALL)?.into_iter();
        let mut sessions: Vec<_> = known.filter_map(|session| Some((of_store(&session)?, session))).collect();
        // The last that came is the newest of one date.
        sessions.reverse();
        sessions.sort_by_cached_key(|(session, kept)| std::cmp::Reverse(when(session, kept)));
        let places = sessions.iter().enumerate().map(|(place, (_, kept))| (kept.h.clone(), place)).collect();
        let contexts = store.contexts(&filter, Page::ALL)?.into_iter();
        let contexts = contexts.map(|context| (context.h.clone(), context)).collect();
        Ok(Self { store, name, verdicts, sessions, places, contexts })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name
    }

    /// The database.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        self.store
    }

    /// Verdicts that were made before.
    #[must_use]
    pub fn verdicts(&self) -> &Verdicts {
        self.verdicts
    }

    /// The machines on which its sessions ran.
    pub fn contexts(&self) -> impl Iterator<Item = &crate::store::Context> {
        self.contexts.values()
    }

    /// A session as the server keeps it.
    #[must_use]
    pub fn kept(&self, session_h: &str) -> Option<&crate::store::Session> {
        self.places.get(session_h).map(|place| &self.sessions[*place].1)
    }

    /// What is no longer the same when something came to a session, or another came under its name.
    pub(super) fn state(&self, session_h: &str) -> String {
        format!("{:?}", self.kept(session_h).map(|kept| (kept.runs, kept.finished, &kept.facts.received_at)))
    }

    /// Every session, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Session> {
        self.sessions.iter().map(|(session, _)| session)
    }

    /// The machine class of a session; `None` where it is not known.
    #[must_use]
    pub fn class(&self, session_h: &str) -> Option<&str> {
        Some(&self.contexts.get(&self.kept(session_h)?.context_h)?.class.as_ref()?.class_h)
    }

    /// The last run of each of some tests in a session, ended or not.
    ///
    /// # Errors
    ///
    /// If the database can't be read.
    pub fn last_runs(&self, session_h: &str, tests: &[&TestId]) -> Result<HashMap<TestId, Test>, ReportError> {
        let tests = tests.iter().map(|test| (test.path.clone(), test.variant.clone())).collect();
        let mut runs = self.runs(Filter { tests, ..Filter::session(self.name, session_h) })?;
        runs.sort_by_key(Test::start);
        Ok(runs.into_iter().filter(|run| run.kind() == Kind::Function).map(|run| (run.id(), run)).collect())
    }

    /// Every run of a test, ended or not.
    ///
    /// # Errors
    ///
    /// If the database can't be read.
    pub fn runs_of(&self, test: &TestId) -> Result<Vec<Test>, ReportError> {
        let is = |text: &str| Some(Text::Is(text.to_owned()));
        let (path, variant) = (is(&test.path), is(&test.variant));
        let mut runs = self.runs(Filter { path, variant, unfinished: true, ..Filter::project(self.name) })?;
        runs.retain(|run| run.kind() == Kind::Function && run.id() == *test);
        Ok(runs)
    }

    /// The tests that did not pass in one of some sessions.
    ///
    /// # Errors
    ///
    /// If the database can't be read.
    pub fn failures(&self, sessions: &[Session]) -> Result<BTreeSet<TestId>, ReportError> {
        let mut failures = BTreeSet::new();
        for session in sessions {
            let failed = self.runs(Filter { failed: true, ..Filter::session(self.name, &session.session_h) })?;
            failures.extend(failed.iter().filter(|run| run.kind() == Kind::Function).map(Test::id));
        }
        Ok(failures)
    }

    fn runs(&self, filter: Filter) -> Result<Vec<Test>, ReportError> {
        let runs = self.store.runs(&filter, Page::ALL).map_err(ReportError::source)?;
        Ok(runs.into_iter().filter_map(|run| self.test(run)).collect())
    }

    /// A run as files have it; `None` if its start is none.
    fn test(&self, run: Run) -> Option<Test> {
        let class = self.contexts.get(&run.context_h).and_then(|context| context.class.as_ref());
        let class_h = class.map(|class| class.class_h.clone());
        let item_start_time: Timestamp = run.start.parse().ok()?;
        let profile = run.profile.map(|profile| monitor_store::Profile {
            key: ProfileKey {
                session_h: run.session_h.clone(),
                item_path: run.path.clone(),
                item_variant: run.variant.clone(),
                item_start_time,
                process_h: process_of(&run.session_h),
            },
            package: run.package,
            binary: run.binary,
            attempt: profile.attempt,
            outcome: profile.outcome,
            attribution: profile.attribution,
            mem_source: profile.mem_source,
            measures: profile.measures,
        });
        let metric = run.figures.map(|figures| Metric {
            session_h: run.session_h,
            env_h: run.context_h,
            item_start_time,
            item_path: run.path,
            item: run.item,
            item_variant: run.variant,
            item_fs_loc: run.fs_loc,
            kind: Kind::parse(&run.kind).unwrap_or(Kind::Package),
            component: run.component,
            wall_seconds: Some(figures.total_time),
            user_seconds: figures.user_time,
            kernel_seconds: figures.kernel_time,
            cpu_usage: figures.cpu_usage,
            memory_mib: figures.mem_usage,
        });
        Some(Test { metric, profile, class_h })
    }
}

/// When a session ran, by its sender's clock; by the server's if that one was wrong.
fn when(session: &Session, kept: &crate::store::Session) -> Timestamp {
    let received = kept.facts.received_at.parse().unwrap_or(session.run_date);
    if session.run_date.seconds_since(received) > AHEAD_SECONDS { received } else { session.run_date }
}

/// The one process that stands for all that a session's tests ran in: the server does not know them apart.
fn process_of(session_h: &str) -> String {
    hash_hex(["monitor-server", session_h])
}

/// A session as files have it; `None` if its date is none.
fn of_store(session: &crate::store::Session) -> Option<Session> {
    let mut known = on_the_wire::session_head(session.clone()).to_store().ok()?;
    // A sender may say the branch beside the tags.
    if let Some(branch) = &session.facts.branch
        && select::fact(&known, "git_branch").is_none()
    {
        known.description.push(("git_branch".to_owned(), branch.clone()));
    }
    Some(known)
}

impl Source for Project<'_> {
    fn sessions(&self) -> Result<Vec<Session>, ReportError> {
        Ok(self.newest_first().cloned().collect())
    }

    fn newest(&self, count: usize) -> Result<Vec<Session>, ReportError> {
        Ok(self.newest_first().take(count).cloned().collect())
    }

    fn of_commit(&self, commit: &str, count: usize) -> Result<Vec<Session>, ReportError> {
        Ok(self.newest_first().filter(|session| session.scm_id == commit).take(count).cloned().collect())
    }

    fn details(&self, session_h: &str) -> Result<Option<SessionDetails>, ReportError> {
        let Some((session, kept)) = self.places.get(session_h).map(|place| &self.sessions[*place]) else {
            return Ok(None);
        };
        let known = self.contexts.get(&kept.context_h).map(|context| context.clone().to_store());
        let (context, class) = known.unzip();
        Ok(Some(SessionDetails {
            session: session.clone(),
            context,
            class: class.flatten(),
            lockfile_h: self.lockfile(session_h)?.map(|content| hash_hex([content])),
            metrics: kept.finished,
        }))
    }

    fn classes(&self) -> Result<HashMap<String, Option<String>>, ReportError> {
        let class = |session: &Session| (session.session_h.clone(), self.class(&session.session_h).map(str::to_owned));
        Ok(self.newest_first().map(class).collect())
    }

    fn tests(&self, session_h: &str) -> Result<Vec<Test>, ReportError> {
        let mut tests = self.runs(Filter::session(self.name, session_h))?;
        tests.sort_by_key(|test| (test.kind(), test.start()));
        Ok(tests)
    }

    fn figures(&self, sessions: &[&str], figures: &[Figure]) -> Result<Figures, ReportError> {
        self.store.figures(self.name, sessions, figures).map_err(ReportError::source)
    }

    fn test_ids(&self, session_h: &str) -> Result<Vec<TestId>, ReportError> {
        let tests = self.tests(session_h)?;
        let ids: HashSet<TestId> =
            tests.iter().filter(|test| test.metric.is_some() && test.kind() == Kind::Function).map(Test::id).collect();
        let mut ids: Vec<TestId> = ids.into_iter().collect();
        ids.sort_by(|a, b| (&a.path, &a.variant, a).cmp(&(&b.path, &b.variant, b)));
        Ok(ids)
    }

    fn known_tests(&self) -> Result<Vec<TestId>, ReportError> {
        self.store.tests(self.name).map_err(ReportError::source)
    }

    fn history(&self, test: &TestId) -> Result<Vec<Test>, ReportError> {
        let is = |text: &str| Some(Text::Is(text.to_owned()));
        let filter = Filter { path: is(&test.path), variant: is(&test.variant), ..Filter::project(self.name) };
        let mut tests = self.runs(filter)?;
        // As in a file: an empty package or binary stands for any.
        let fits = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
        tests.retain(|run| {
            let id = run.id();
            fits(&test.package, &id.package) && fits(&test.binary, &id.binary)
        });
        let dates: HashMap<&str, _> =
            self.sessions.iter().map(|(session, kept)| (session.session_h.as_str(), when(session, kept))).collect();
        tests.sort_by_key(|run| (dates.get(run.session_h()).copied(), run.start()));
        Ok(tests)
    }

    fn costs(&self, run: &ProfileKey) -> Result<Vec<Cost>, ReportError> {
        let is = |text: &str| Some(Text::Is(text.to_owned()));
        let (path, variant) = (is(&run.item_path), is(&run.item_variant));
        let filter = Filter { path, variant, costs: true, ..Filter::session(self.name, &run.session_h) };
        let runs = self.store.runs(&filter, Page::ALL).map_err(ReportError::source)?;
        let is_it = |found: &Run| found.start.parse() == Ok(run.item_start_time) && !found.costs.is_empty();
        Ok(runs.into_iter().find(is_it).map(|found| found.costs).unwrap_or_default())
    }

    fn lockfile(&self, session_h: &str) -> Result<Option<String>, ReportError> {
        self.store.lockfile(self.name, session_h).map_err(ReportError::source)
    }
}

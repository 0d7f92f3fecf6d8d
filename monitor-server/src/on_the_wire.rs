//! Rows of the database as they are sent.

use std::collections::HashSet;

use monitor_client::wire::{self, Row};
use monitor_client::{Batch, Fields};

use crate::store::{Filter, Page, Profile, Run, Session, Store, StoreError, Text};

/// A session with all that belongs to it.
///
/// # Errors
///
/// If the database can't be read.
pub fn batch(store: &dyn Store, project: &str, session: Session) -> Result<Batch<'static>, StoreError> {
    let lockfile = store.lockfile(project, &session.h)?;
    let runs = store.runs(&Filter { costs: true, ..Filter::session(project, &session.h) }, Page::ALL)?;
    let mut seen = HashSet::new();
    let mut contexts = Vec::new();
    for h in runs.iter().map(|run| run.context_h.as_str()).filter(|h| seen.insert(*h)) {
        let filter = Filter { context: Some(Text::Is(h.to_owned())), ..Filter::project(project) };
        contexts.extend(store.contexts(&filter, Page::first(1))?);
    }
    Ok(Batch { session: session_head(session), contexts, lockfile, rows: runs.into_iter().map(row).collect() })
}

/// A session without what belongs to it.
#[must_use]
pub fn session_head(session: Session) -> wire::Session {
    wire::Session {
        session_h: session.h,
        run_date: session.run_date,
        scm_ref: session.scm_ref,
        description: session.tags.into_iter().map(|(name, value)| (name, value.into())).collect(),
        branch: session.facts.branch,
        merge_base: session.facts.merge_base,
        pull_request: session.facts.pull_request,
        ci_url: session.facts.ci_url,
        ended: session.facts.ended_at.is_some(),
    }
}

/// A run.
#[must_use]
pub fn row(run: Run) -> Row<'static> {
    let figures = run.figures.as_ref();
    Row {
        total_time: figures.map(|figures| figures.total_time),
        user_time: figures.and_then(|figures| figures.user_time),
        kernel_time: figures.and_then(|figures| figures.kernel_time),
        cpu_usage: figures.and_then(|figures| figures.cpu_usage),
        mem_usage: figures.and_then(|figures| figures.mem_usage),
        profile: run.profile.as_ref().map(profile),
        costs: run.costs.into_iter().map(wire::Cost::from).collect(),
        context_h: run.context_h.into(),
        item_start_time: run.start.into(),
        item_path: run.path.into(),
        item: run.item.into(),
        item_variant: run.variant.into(),
        item_fs_loc: run.fs_loc.into(),
        kind: run.kind.into(),
        component: run.component.into(),
        package: run.package.into(),
        binary: run.binary.into(),
    }
}

fn profile(profile: &Profile) -> Fields<'static> {
    wire::profile(profile.attempt, profile.outcome, profile.attribution, profile.mem_source, &profile.measures)
}

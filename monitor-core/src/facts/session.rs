//! The session's row: revision, description, tags, CI, and the lock file it ran with.

use std::{env, fs};

use monitor_store::{Session, Timestamp};

use super::{Build, RunnerKind, ci, pull_request, scm};
use crate::config::Config;

/// The row of a session, and the text of the workspace's `Cargo.lock`.
///
/// Only the first process of a session asks: version control tools take milliseconds.
pub(crate) fn session_row(
    config: &Config,
    session_h: &str,
    runner: RunnerKind,
    build: &Build,
) -> (Session, Option<String>) {
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let mut revision = scm::revision(&config.workspace);
    if let Some(pull_request) = pull_request::find(&variable, &revision.id, &scm::Repository(&config.workspace)) {
        revision.id = pull_request.id;
        revision.facts.extend(pull_request.facts);
    }
    let scm_id = config.scm_id.clone().unwrap_or(revision.id);
    let mut description = ci::facts(&variable);
    description.extend(config.description.clone().map(|text| ("description".to_owned(), text)));
    description.extend(config.tags.iter().cloned());
    let facts = [
        ("rust_toolchain", build.rustc.as_str()),
        ("rust_profile", &build.profile),
        ("rust_target", &build.target),
        ("rust_runner", runner.as_str()),
        ("rust_flags", &build.flags),
        ("emulator", &build.emulator),
    ];
    let known = facts.into_iter().filter(|(_, value)| !value.is_empty());
    description.extend(known.map(|(key, value)| (key.to_owned(), value.to_owned())));
    description.extend(revision.facts);
    let session = Session {
        session_h: session_h.to_owned(),
        run_date: Timestamp::now(),
        scm_id,
        description: unique(description),
    };
    (session, fs::read_to_string(config.workspace.join("Cargo.lock")).ok())
}

/// One value for each key: the first, so that a user's tag can't be overwritten by a fact.
fn unique(pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut unique: Vec<(String, String)> = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        if !unique.iter().any(|(known, _)| *known == key) {
            unique.push((key, value));
        }
    }
    unique
}

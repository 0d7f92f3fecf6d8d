//! Facts in the description of a session.

use monitor_store::Session;

/// The branches that a session names: git's and the CI system's.
pub fn branches(session: &Session) -> impl Iterator<Item = &str> {
    ["git_branch", "pipeline_branch"].into_iter().filter_map(|key| fact(session, key))
}

/// The fields of a session's description that its user gave.
pub fn tags(session: &Session) -> impl Iterator<Item = &(String, String)> {
    session.description.iter().filter(|(key, _)| {
        let is_ours = key.starts_with("rust_") || key.starts_with("git_") || key.starts_with("pipeline_");
        !is_ours && key != "description" && key != "__ci__"
    })
}

/// A field of a session's description.
#[must_use]
pub fn fact<'a>(session: &'a Session, key: &str) -> Option<&'a str> {
    session.description.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
}

/// Whether a session ran on uncommitted changes.
#[must_use]
pub fn is_dirty(session: &Session) -> bool {
    fact(session, "git_dirty") == Some("true")
}

//! Names that are like one that is unknown.

use monitor_store::Session;

use super::facts::branches;
use crate::render::short;

/// How alike (Jaro-Winkler, 0 to 1) a name must be to be proposed.
pub(super) const ALIKE: f64 = 0.8;

/// The three names of sessions that are most like `name`.
pub(super) fn names(all: &[Session], name: &str) -> Vec<String> {
    let mut names: Vec<(f64, String)> = Vec::new();
    for candidate in all.iter().flat_map(candidates) {
        let alike = strsim::jaro_winkler(name, &candidate);
        if alike >= ALIKE && !names.iter().any(|(_, known)| *known == candidate) {
            names.push((alike, candidate));
        }
    }
    names.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    names.into_iter().take(3).map(|(_, name)| name).collect()
}

fn candidates(session: &Session) -> Vec<String> {
    let mut candidates = vec![short(&session.session_h), session.run_date.to_string()[..10].to_owned()];
    if !session.scm_id.is_empty() {
        candidates.push(short(&session.scm_id));
    }
    candidates.extend(branches(session).map(str::to_owned));
    candidates.extend(session.description.iter().map(|(key, value)| format!("tag:{key}={value}")));
    candidates.push("latest".to_owned());
    candidates
}

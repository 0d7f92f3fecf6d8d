//! The text of a message, and its signature.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::pages::links;
use crate::store::{Finding, Message, State, hex};

/// The receiver of messages.
#[derive(Clone)]
pub struct Webhook {
    /// Where messages are sent by `POST`.
    pub url: String,
    /// What they are signed with.
    pub secret: String,
    /// The time before the second attempt; it doubles with each attempt.
    pub pause: Duration,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("pause", &self.pause).finish_non_exhaustive()
    }
}

/// The message about a session that opens or ends findings; `None` if it does neither. Pages are below `root`.
#[must_use]
pub fn about(root: &str, project: &str, session_h: &str, verdict: &str, findings: &[Finding]) -> Option<Message> {
    if findings.is_empty() {
        return None;
    }
    let is_fixed = |finding: &&Finding| finding.state == State::Fixed;
    let (fixed, opened): (Vec<&Finding>, Vec<&Finding>) = findings.iter().partition(is_fixed);
    let list = |findings: Vec<&Finding>| findings.into_iter().map(json_of).collect::<Vec<_>>();
    let id = message_id(project, session_h, findings);
    let body = json!({
        "id": id,
        "event": "session_judged",
        "project": project,
        "session": session_h,
        "branch": findings[0].branch,
        "verdict": verdict,
        "page": links::session(&format!("{root}/p/{}", links::escaped(project)), session_h),
        "opened": list(opened),
        "fixed": list(fixed),
    });
    Some(Message { id, project: project.to_owned(), body: body.to_string(), attempts: 0, due: Some(0) })
}

/// The same for the same changes: a session that is judged again says nothing new.
fn message_id(project: &str, session_h: &str, findings: &[Finding]) -> String {
    let mut texts = vec![project, session_h];
    texts.extend(findings.iter().flat_map(|finding| [finding.id.as_str(), finding.state.as_str()]));
    hex(&crate::store::digest(texts)[..16])
}

fn json_of(finding: &Finding) -> Value {
    json!({
        "id": finding.id,
        "test": format!("{}::{}", finding.test.path, finding.test.variant),
        "package": finding.test.package,
        "metric": finding.metric,
        "before": finding.before,
        "after": finding.after,
        "found_in": finding.found_in,
    })
}

/// `sha256=` and the HMAC of the body by SHA-256 (RFC 2104) in hexadecimal.
///
/// # Panics
///
/// Never: a secret of any length is a key.
#[must_use]
pub fn signature(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(body.as_bytes());
    format!("sha256={}", hex(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test case 2 of RFC 4231.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signature("Jefe", "what do ya want for nothing?"), expected);
    }

    #[test]
    fn who_is_told_can_open_the_page() {
        for (root, page) in [("", "/p/ours/sessions/s"), ("https://a/b", "https://a/b/p/ours/sessions/s")] {
            let message = about(root, "ours", "s", "regressed", &[Finding::default()]).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&message.body).unwrap()["page"], page);
        }
    }
}

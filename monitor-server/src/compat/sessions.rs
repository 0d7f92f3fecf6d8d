//! `sessions/`.

use std::collections::HashMap;

use axum::extract::Path;
use axum::http::StatusCode;

use super::ask::{Ask, Reply};
use super::entity;
use super::submission::Submission;
use crate::error::Problem;
use crate::store::{Outcome, Tag, Text, Write};

/// All, or those whose identifier begins so, or those with tags.
pub async fn list(mut ask: Ask) -> Reply {
    ask.filter.session = ask.part("session").map(Text::StartsWith);
    (ask.filter.tags, ask.filter.any_tag) = tags(ask.parameters());
    ask.sessions().await
}

/// Stores one whose identifier may be in the address.
pub async fn add(h: Option<Path<String>>, submission: Submission) -> Reply {
    let h = h.map(|Path(h)| h);
    let session = entity::to_session(&submission.object()?, h.as_deref())?;
    let answer = submission.answer(&entity::from_session(&session));
    let write = Write { project: submission.project, session: Some(session), ..Write::default() };
    if submission.state.write(write).await? == Outcome::OtherSession {
        return Err(other_session());
    }
    Ok(answer)
}

/// There is another session under the same identifier.
pub fn other_session() -> Problem {
    let message = "there is a session of this session_h with another run_date, scm_ref or description";
    Problem::new(StatusCode::CONFLICT, message)
}

/// The tags of a listing, and whether one is enough. The reference reads `with_flags`, its client sends `with_tags`.
fn tags(mut parameters: HashMap<String, String>) -> (Vec<Tag>, bool) {
    let mut list = |name: &str| -> Vec<String> {
        let text = parameters.remove(name).filter(|text| !text.is_empty());
        text.map(|text| text.split(',').map(str::to_owned).collect()).unwrap_or_default()
    };
    let names = [list("with_flags"), list("with_tags")].concat();
    let mut values = list("restrict_flags").into_iter();
    let tags = names.into_iter().map(|name| Tag { name, value: values.next().filter(|value| !value.is_empty()) });
    (tags.collect(), parameters.get("method").is_none_or(|method| method != "match_all"))
}

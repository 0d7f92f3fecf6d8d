//! `contexts/`.

use super::ask::{Ask, Reply};
use super::entity;
use super::submission::Submission;
use crate::store::{Filter, Page, Text, Write};

/// All, or those whose identifier begins so.
pub async fn list(mut ask: Ask) -> Reply {
    ask.filter.context = ask.part("context").map(Text::StartsWith);
    ask.contexts().await
}

/// Stores one. If it is there already, the answer is the one that is there: of two runs that begin at once on a new
/// machine, both go on.
pub async fn add(submission: Submission) -> Reply {
    let context = entity::to_context(&submission.object()?)?;
    let filter = Filter { context: Some(Text::Is(context.h.clone())), ..Filter::project(&submission.project) };
    let write = Write { project: submission.project.clone(), contexts: vec![context], ..Write::default() };
    submission.state.write(write).await?;
    let stored = submission.state.read(move |store| Ok(store.contexts(&filter, Page::first(1))?)).await?;
    Ok(submission.answer(&stored.first().map(entity::from_context)))
}

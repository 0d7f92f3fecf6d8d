//! `contexts/`.

use super::ask::{Ask, Reply};
use super::entity;
use super::submission::Submission;
use crate::store::{Count, Filter, Page, Text, Write};

/// All, or those whose identifier begins so.
pub async fn list(ask: Ask) -> Reply {
    let filter = Filter { context: ask.part("context").map(Text::StartsWith), ..ask.filter() };
    ask.contexts(filter).await
}

/// How many there are.
pub async fn count(ask: Ask) -> Reply {
    let filter = ask.filter();
    ask.count(Count::Contexts, filter).await
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

//! `metrics/`, and metrics by item, variant, kind and revision.

use super::ask::{Ask, Reply};
use super::entity;
use super::submission::Submission;
use crate::store::{Count, Filter, Text, Write};

/// Those of all that the path names.
pub async fn list(ask: Ask) -> Reply {
    let filter = ask.filter();
    ask.metrics(filter).await
}

/// How many they are.
pub async fn count(ask: Ask) -> Reply {
    let filter = ask.filter();
    ask.count(Count::Runs, filter).await
}

/// Stores one: a new row, whatever is there already.
pub async fn add(submission: Submission) -> Reply {
    let run = entity::to_metric(&submission.object()?)?;
    // Made while the disk has nothing to do.
    let answer = submission.answer(&entity::Metric::of(&run));
    let write = Write { project: submission.project, runs: vec![run], append: true, ..Write::default() };
    submission.state.write(write).await?;
    Ok(answer)
}

/// Those whose item contains this.
pub async fn of_item_like(ask: Ask) -> Reply {
    let filter = Filter { item: ask.part("text").map(Text::Contains), ..ask.filter() };
    ask.metrics(filter).await
}

/// Those whose variant contains this.
pub async fn of_variant_like(ask: Ask) -> Reply {
    let filter = Filter { variant: ask.part("text").map(Text::Contains), ..ask.filter() };
    ask.metrics(filter).await
}

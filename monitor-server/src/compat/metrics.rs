//! `metrics/`, and metrics by a part of the item or variant.

use super::ask::{Ask, Reply};
use super::entity;
use super::submission::Submission;
use crate::store::{Text, Write};

/// Stores one: a new row, whatever is there already.
pub async fn add(submission: Submission) -> Reply {
    let run = entity::to_metric(&submission.object()?)?;
    // Made while the disk has nothing to do.
    let answer = submission.answer(&entity::Metric(&run));
    let write = Write { project: submission.project, runs: vec![run], append: true, ..Write::default() };
    submission.state.write(write).await?;
    Ok(answer)
}

/// Those whose item contains this.
pub async fn of_item_like(mut ask: Ask) -> Reply {
    ask.filter.item = ask.part("text").map(Text::Contains);
    ask.metrics().await
}

/// Those whose variant contains this.
pub async fn of_variant_like(mut ask: Ask) -> Reply {
    ask.filter.variant = ask.part("text").map(Text::Contains);
    ask.metrics().await
}

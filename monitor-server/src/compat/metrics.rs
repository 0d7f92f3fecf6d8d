//! `metrics/`, and metrics by item, variant, kind and revision.

use axum::extract::Path;

use super::ask::{Ask, Reply};
use super::entity;
use super::submission::Submission;
use crate::store::{Count, Filter, Text, Write};

/// All.
pub async fn list(ask: Ask) -> Reply {
    let filter = ask.filter();
    ask.metrics(filter).await
}

/// How many there are.
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

/// Defines the listing and the count of metrics with one field.
macro_rules! by {
    ($($list:ident $(, $count:ident)?: $field:ident, $matches:ident, $about:literal;)+) => {$(
        #[doc = concat!("Those whose ", $about, ".")]
        pub async fn $list(Path(value): Path<String>, ask: Ask) -> Reply {
            let filter = Filter { $field: Some(Text::$matches(value)), ..ask.filter() };
            ask.metrics(filter).await
        }

        $(
            #[doc = concat!("How many have a ", $about, ".")]
            pub async fn $count(Path(value): Path<String>, ask: Ask) -> Reply {
                let filter = Filter { $field: Some(Text::$matches(value)), ..ask.filter() };
                ask.count(Count::Runs, filter).await
            }
        )?
    )+};
}

by! {
    of_item, count_of_item: item, Is, "item is so";
    of_item_like: item, Contains, "item contains this";
    of_variant, count_of_variant: variant, Is, "variant is so";
    of_variant_like: variant, Contains, "variant contains this";
    of_kind, count_of_kind: kind, Is, "kind is so";
    of_revision, count_of_revision: revision, StartsWith, "revision begins so";
}

/// Sessions whose revision begins so.
pub async fn sessions_of_revision(Path(revision): Path<String>, ask: Ask) -> Reply {
    let filter = Filter { revision: Some(Text::StartsWith(revision)), ..ask.filter() };
    ask.sessions(filter).await
}

//! `resources/`: the metrics that need most or least.

use serde_json::{Value, json};

use super::ask::{Ask, Reply};
use super::{entity, render};
use crate::error::Problem;
use crate::store::{Order, Page, RESOURCES};

/// Rows unless the address says how many.
const ROWS: u64 = 10;
/// Rows at most.
const MOST: u64 = 500;

/// The first or last metrics by a resource: of all, of a component, of a pipeline or of a build.
pub async fn list(mut ask: Ask) -> Reply {
    let digits = |n: String| if n.starts_with('+') { None } else { n.parse::<u64>().ok() };
    let rows = match ask.part("n").map(digits) {
        None => ROWS,
        Some(Some(rows)) => rows.min(MOST),
        Some(None) => return Ok(render::no_page()),
    };
    let order = match ask.part("end").as_deref() {
        Some("head") => Order::Highest,
        Some("tail") => Order::Lowest,
        _ => return Ok(render::no_page()),
    };
    let resource = ask.part("resource").unwrap_or_default();
    let known = RESOURCES.iter().find(|(name, _)| *name == resource);
    let Some((_, column)) = known else {
        let names = RESOURCES.map(|(name, _)| name).join(", ");
        return Err(Problem::field("resource", format!("'{resource}' is none of {names}")));
    };
    ask.filter.order = order(*column);
    let metrics = ask.read(move |store, filter| {
        Ok(store.runs(filter, Page::first(rows))?.iter().map(entity::from_metric).collect::<Vec<_>>())
    });
    let metrics = metrics.await?;
    Ok(ask.answer(json!({"metrics": metrics, "prev_url": Value::Null, "next_url": Value::Null, "total_page": 1})))
}

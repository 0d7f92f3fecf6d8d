//! `resources/`: the metrics that need most or least.

use std::collections::HashMap;

use axum::extract::Path;
use serde_json::{Value, json};

use super::ask::{Ask, Reply};
use super::{entity, render};
use crate::error::Problem;
use crate::store::{Filter, Order, Page, Resource, Text};

/// Rows unless the address says how many.
const ROWS: u64 = 10;
/// Rows at most.
const MOST: u64 = 500;

/// The first or last metrics by a resource: of all, of a component, of a pipeline or of a build.
pub async fn list(Path(mut path): Path<HashMap<String, String>>, ask: Ask) -> Reply {
    let mut take = |name: &str| path.remove(name);
    let digits = |n: String| if n.starts_with('+') { None } else { n.parse::<u64>().ok() };
    let rows = match take("n").map(digits) {
        None => ROWS,
        Some(Some(rows)) => rows.min(MOST),
        Some(None) => return Ok(render::no_page()),
    };
    let order = match take("end").as_deref() {
        Some("head") => Order::Highest,
        Some("tail") => Order::Lowest,
        _ => return Ok(render::no_page()),
    };
    let resource = take("resource").unwrap_or_default();
    let known = Resource::ALL.iter().find(|(name, _)| *name == resource);
    let Some((_, column)) = known else {
        let names = Resource::ALL.map(|(name, _)| name).join(", ");
        return Err(Problem::field("resource", format!("'{resource}' is none of {names}")));
    };
    let filter = Filter {
        component: take("component").map(Text::Is),
        pipeline: take("pipeline"),
        build: take("build"),
        order: order(*column),
        ..ask.filter()
    };
    let metrics = ask.read(move |store| {
        Ok(store.runs(&filter, Page::first(rows))?.iter().map(entity::from_metric).collect::<Vec<_>>())
    });
    let metrics = metrics.await?;
    Ok(ask.answer(json!({"metrics": metrics, "prev_url": Value::Null, "next_url": Value::Null, "total_page": 1})))
}

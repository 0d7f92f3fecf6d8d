//! `components/`.

use serde_json::json;

use super::ask::{Ask, Family, Reply};
use crate::store::{Filter, Names, Text};

/// All, the empty one included, or those that begin so.
pub async fn list(ask: Ask) -> Reply {
    let filter = Filter { component: ask.part("component").map(Text::StartsWith), ..ask.filter() };
    ask.names("components", Names::Components, filter, Family::Plain).await
}

/// How many there are, the empty one left out.
pub async fn count(ask: Ask) -> Reply {
    let filter = ask.filter();
    let names = ask.read(move |store| Ok(store.names(Names::Components, &filter)?)).await?;
    Ok(ask.answer(json!({"count": names.iter().filter(|name| !name.is_empty()).count()})))
}

/// Metrics of one; `%` in it stands for anything.
pub async fn metrics(ask: Ask) -> Reply {
    let filter = Filter { component: ask.part("component").map(Text::Like), ..ask.filter() };
    ask.metrics(filter).await
}

/// Metrics without a component: all, or of an item or a variant.
pub async fn metrics_of_none(ask: Ask) -> Reply {
    let filter = Filter { component: Some(Text::Is(String::new())), ..ask.filter() };
    ask.metrics(filter).await
}

//! `components/`.

use serde_json::json;

use super::ask::{Ask, Family, Reply};
use crate::store::{Names, Text};

/// All, the empty one included, or those that begin so.
pub async fn list(mut ask: Ask) -> Reply {
    ask.filter.component = ask.part("component").map(Text::StartsWith);
    ask.names("components", Names::Components, Family::Plain).await
}

/// How many there are, the empty one left out.
pub async fn count(mut ask: Ask) -> Reply {
    let names = ask.read(|store, filter| Ok(store.names(Names::Components, filter)?)).await?;
    Ok(ask.answer(json!({"count": names.iter().filter(|name| !name.is_empty()).count()})))
}

/// Metrics of one; `%` in it stands for anything.
pub async fn metrics(mut ask: Ask) -> Reply {
    ask.filter.component = ask.part("component").map(Text::Like);
    ask.metrics().await
}

/// Metrics without a component: all, or of an item or a variant.
pub async fn metrics_of_none(mut ask: Ask) -> Reply {
    ask.filter.component = Some(Text::Is(String::new()));
    ask.metrics().await
}

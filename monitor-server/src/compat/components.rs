//! `components/`.

use axum::extract::Path;
use serde_json::json;

use super::ask::{Ask, Family, Reply};
use crate::store::{Filter, Names, Text};

/// All, the empty one included.
pub async fn list(ask: Ask) -> Reply {
    let filter = ask.filter();
    ask.names(&[], "components", Names::Components, filter, Family::Plain).await
}

/// Those that begin so.
pub async fn find(Path(component): Path<String>, ask: Ask) -> Reply {
    let filter = Filter { component: Some(Text::StartsWith(component)), ..ask.filter() };
    ask.names(&[], "components", Names::Components, filter, Family::Plain).await
}

/// How many there are, the empty one left out.
pub async fn count(ask: Ask) -> Reply {
    let filter = ask.filter();
    let names = ask.read(move |store| Ok(store.names(Names::Components, &filter)?)).await?;
    Ok(ask.answer(json!({"count": names.iter().filter(|name| !name.is_empty()).count()})))
}

/// Metrics of one; `%` in it stands for anything.
pub async fn metrics(Path(component): Path<String>, ask: Ask) -> Reply {
    let filter = Filter { component: Some(Text::Like(component)), ..ask.filter() };
    ask.metrics(filter).await
}

/// Metrics without a component.
pub async fn metrics_of_none(ask: Ask) -> Reply {
    let filter = of(&ask, String::new());
    ask.metrics(filter).await
}

/// Metrics of a component and an item.
pub async fn of_item(Path((component, item)): Path<(String, String)>, ask: Ask) -> Reply {
    let filter = Filter { item: Some(Text::Is(item)), ..of(&ask, component) };
    ask.metrics(filter).await
}

/// Metrics of an item without a component.
pub async fn of_item_of_none(Path(item): Path<String>, ask: Ask) -> Reply {
    let filter = Filter { item: Some(Text::Is(item)), ..of(&ask, String::new()) };
    ask.metrics(filter).await
}

/// Metrics of a component and a variant.
pub async fn of_variant(Path((component, variant)): Path<(String, String)>, ask: Ask) -> Reply {
    let filter = Filter { variant: Some(Text::Is(variant)), ..of(&ask, component) };
    ask.metrics(filter).await
}

/// Metrics of a variant without a component.
pub async fn of_variant_of_none(Path(variant): Path<String>, ask: Ask) -> Reply {
    let filter = Filter { variant: Some(Text::Is(variant)), ..of(&ask, String::new()) };
    ask.metrics(filter).await
}

/// Pipelines whose sessions have metrics of a component.
pub async fn pipelines(Path(component): Path<String>, ask: Ask) -> Reply {
    let filter = of(&ask, component.clone());
    ask.names(&[("component", &component)], "pipelines", Names::Pipelines, filter, Family::NullLinks).await
}

/// Their builds.
pub async fn builds(Path((component, pipeline)): Path<(String, String)>, ask: Ask) -> Reply {
    let filter = Filter { pipeline: Some(pipeline.clone()), ..of(&ask, component.clone()) };
    let head = [("component", component.as_str()), ("pipeline", &pipeline)];
    ask.names(&head, "builds", Names::Builds, filter, Family::NullLinks).await
}

/// Their sessions.
pub async fn sessions(Path((component, pipeline, build)): Path<(String, String, String)>, ask: Ask) -> Reply {
    let filter = Filter { pipeline: Some(pipeline.clone()), build: Some(build.clone()), ..of(&ask, component.clone()) };
    let head = [("component", component.as_str()), ("pipeline", &pipeline), ("build", &build)];
    ask.names(&head, "sessions", Names::Sessions, filter, Family::NullLinks).await
}

fn of(ask: &Ask, component: String) -> Filter {
    Filter { component: Some(Text::Is(component)), ..ask.filter() }
}

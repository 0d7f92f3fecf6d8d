//! `pipelines/`: the sessions of CI.

use axum::extract::Path;
use serde_json::json;

use super::ask::{Ask, Family, Reply};
use super::render;
use crate::store::{Filter, Names};

/// All of them: this listing has no pages.
pub async fn list(ask: Ask) -> Reply {
    let filter = ask.filter();
    let names = ask.read(move |store| Ok(store.names(Names::Pipelines, &filter)?)).await?;
    Ok(if names.is_empty() { render::nothing() } else { ask.answer(json!({"pipelines": names})) })
}

/// Builds of one.
pub async fn builds(Path(pipeline): Path<String>, ask: Ask) -> Reply {
    let filter = Filter { pipeline: Some(pipeline.clone()), ..ask.filter() };
    ask.names(&[("pipeline", &pipeline)], "builds", Names::Builds, filter, Family::NullLinks).await
}

/// Sessions of a build.
pub async fn sessions(Path((pipeline, build)): Path<(String, String)>, ask: Ask) -> Reply {
    let filter = Filter { pipeline: Some(pipeline.clone()), build: Some(build.clone()), ..ask.filter() };
    let head = [("pipeline", pipeline.as_str()), ("build", &build)];
    ask.names(&head, "sessions", Names::Sessions, filter, Family::NullLinks).await
}

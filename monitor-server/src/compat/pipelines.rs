//! `pipelines/`.

use serde_json::json;

use super::ask::{Ask, Reply};
use super::render;
use crate::store::Names;

/// All of them: this listing has no pages.
pub async fn list(mut ask: Ask) -> Reply {
    let names = ask.read(|store, filter| Ok(store.names(Names::Pipelines, filter)?)).await?;
    Ok(if names.is_empty() { render::nothing() } else { ask.answer(json!({"pipelines": names})) })
}

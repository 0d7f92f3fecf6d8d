//! `pipelines/`, of the project or of a component.

use serde_json::json;

use super::ask::{Ask, Family, Reply};
use super::render;
use crate::store::Names;

/// All of them: this listing has no pages.
pub async fn list(ask: Ask) -> Reply {
    let filter = ask.filter();
    let names = ask.read(move |store| Ok(store.names(Names::Pipelines, &filter)?)).await?;
    Ok(if names.is_empty() { render::nothing() } else { ask.answer(json!({"pipelines": names})) })
}

/// Those whose sessions have metrics of a component.
pub async fn of_component(ask: Ask) -> Reply {
    let filter = ask.filter();
    ask.names("pipelines", Names::Pipelines, filter, Family::NullLinks).await
}

/// Builds of one.
pub async fn builds(ask: Ask) -> Reply {
    let filter = ask.filter();
    ask.names("builds", Names::Builds, filter, Family::NullLinks).await
}

/// Sessions of a build.
pub async fn sessions(ask: Ask) -> Reply {
    let filter = ask.filter();
    ask.names("sessions", Names::Sessions, filter, Family::NullLinks).await
}

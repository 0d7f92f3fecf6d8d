//! What pages load: style, script, icon. Nothing comes from elsewhere.

use axum::extract::{Path, Request};
use axum::response::{IntoResponse as _, Response};
use monitor_report::render::page;

use super::answer::cached;
use crate::compat::render;

/// Where they are; they hold no results, and pages need them before anybody has signed in.
pub const ASSETS: &str = "/assets/";

const STYLE: &str = include_str!("assets/server.css");
const ICON: &str = include_str!("assets/icon.svg");

/// A file.
pub async fn asset(Path(name): Path<String>, request: Request) -> Response {
    let (kind, content) = match name.as_str() {
        "page.css" => ("text/css; charset=utf-8", format!("{}{STYLE}", page::style())),
        "page.js" => ("text/javascript; charset=utf-8", page::SCRIPT.to_owned()),
        "icon.svg" => ("image/svg+xml", ICON.to_owned()),
        _ => return render::no_page().into_response(),
    };
    cached(request.headers(), kind, content)
}

//! Every route.

use axum::extract::Request;
use axum::http::{self, Method, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router};

use crate::access::login;
use crate::address::Address;
use crate::compat::render;
use crate::compat::{Ask, components, contexts, count, metrics, names, pipelines, resources, sessions};
use crate::error::Problem;
use crate::pages::{page, text};
use crate::state::State;
use crate::store::{Count, Names};
use crate::{access, hand_out, ingest, openapi, operate, pages};

/// Routes by their pattern, after the project's prefix.
#[rustfmt::skip]
pub fn routes() -> Vec<(&'static str, MethodRouter<State>)> {
    vec![
        ("/", page(pages::overview)),
        ("/index.{kind}", page(pages::overview)),
        ("/sessions", page(pages::sessions)),
        ("/sessions.{kind}", page(pages::sessions)),
        ("/session", page(pages::session)),
        ("/session.{kind}", page(pages::session)),
        ("/sessions/{session}", page(pages::session)),
        ("/sessions/{session}/gate", page(pages::gate)),
        ("/sessions/{session}/gate.{kind}", page(pages::gate)),
        ("/sessions/{session}/comment.md", text("text/markdown; charset=utf-8", pages::comment)),
        ("/badge.svg", text("image/svg+xml", pages::badge)),
        ("/tests", page(pages::tests)),
        ("/tests.{kind}", page(pages::tests)),
        ("/test", page(pages::test)),
        ("/test.{kind}", page(pages::test)),
        ("/compare", page(pages::compare)),
        ("/compare.{kind}", page(pages::compare)),
        ("/top", page(pages::top)),
        ("/top.{kind}", page(pages::top)),
        ("/capacity", page(pages::capacity)),
        ("/capacity.{kind}", page(pages::capacity)),
        ("/pipelines", page(pages::pipelines)),
        ("/pipelines.{kind}", page(pages::pipelines)),
        ("/findings", page(pages::findings)),
        ("/findings.{kind}", page(pages::findings)),
        ("/findings/{finding}", post(pages::decide)),
        ("/flaky", page(pages::flaky)),
        ("/flaky.{kind}", page(pages::flaky)),
        ("/machines", page(pages::machines)),
        ("/machines.{kind}", page(pages::machines)),
        ("/assets/{asset}", get(pages::asset)),
        (login::PATH, get(login::page).post(login::sign_in)),
        (login::OUT, post(login::sign_out)),

        ("/healthz", get(operate::healthz)),
        ("/readyz", get(operate::readyz)),
        ("/metrics", get(operate::metrics)),

        ("/api/v2/sessions", get(hand_out::list).post(ingest::sessions)),
        ("/api/v2/sessions/{session}", get(hand_out::session)),

        ("/api/v1/openapi.json", get(openapi::document)),
        ("/api/v1/docs", get(openapi::page)),

        // The reference leads to the root of its API, though nothing is there.
        (openapi::ROOT, get(nothing_here)),
        ("/api/v1/contexts/", get(contexts::list).post(contexts::add)),
        ("/api/v1/contexts/count", count(Count::Contexts).post(contexts::add)),
        ("/api/v1/contexts/{context}", get(contexts::list).post(contexts::add)),
        ("/api/v1/contexts/{context}/metrics", get(Ask::metrics)),
        ("/api/v1/contexts/{context}/metrics/count", count(Count::Runs)),

        ("/api/v1/sessions/", get(sessions::list).post(sessions::add)),
        ("/api/v1/sessions/count", count(Count::Sessions).post(sessions::add)),
        ("/api/v1/sessions/{session}", get(sessions::list).post(sessions::add)),
        ("/api/v1/sessions/{session}/metrics", get(Ask::metrics)),
        ("/api/v1/sessions/{session}/metrics/count", count(Count::Runs)),

        ("/api/v1/metrics/", get(Ask::metrics).post(metrics::add)),
        ("/api/v1/metrics/count", count(Count::Runs)),
        ("/api/v1/items/{item}/metrics", get(Ask::metrics)),
        ("/api/v1/items/{item}/metrics/count", count(Count::Runs)),
        ("/api/v1/items/like/{text}/metrics", get(metrics::of_item_like)),
        ("/api/v1/variants/{variant}/metrics", get(Ask::metrics)),
        ("/api/v1/variants/{variant}/metrics/count", count(Count::Runs)),
        ("/api/v1/variants/like/{text}/metrics", get(metrics::of_variant_like)),
        ("/api/v1/filters/scope/{kind}/metrics", get(Ask::metrics)),
        ("/api/v1/filters/scope/{kind}/metrics/count", count(Count::Runs)),
        ("/api/v1/filters/scm/{revision}/metrics", get(Ask::metrics)),
        ("/api/v1/filters/scm/{revision}/metrics/count", count(Count::Runs)),
        ("/api/v1/filters/scm/{revision}/sessions", get(Ask::sessions)),

        ("/api/v1/components/", get(components::list)),
        ("/api/v1/components/count", get(components::count)),
        ("/api/v1/components/metrics", get(components::metrics_of_none)),
        ("/api/v1/components/items/{item}/metrics", get(components::metrics_of_none)),
        ("/api/v1/components/variants/{variant}/metrics", get(components::metrics_of_none)),
        ("/api/v1/components/{component}", get(components::list)),
        ("/api/v1/components/{component}/metrics", get(components::metrics)),
        ("/api/v1/components/{component}/items/{item}/metrics", get(Ask::metrics)),
        ("/api/v1/components/{component}/variants/{variant}/metrics", get(Ask::metrics)),
        ("/api/v1/components/{component}/pipelines", names("pipelines", Names::Pipelines)),
        ("/api/v1/components/{component}/pipelines/{pipeline}/builds", names("builds", Names::Builds)),
        ("/api/v1/components/{component}/pipelines/{pipeline}/builds/{build}/sessions", names("sessions", Names::Sessions)),

        ("/api/v1/pipelines/", get(pipelines::list)),
        ("/api/v1/pipelines/{pipeline}/builds", names("builds", Names::Builds)),
        ("/api/v1/pipelines/{pipeline}/builds/{build}/sessions", names("sessions", Names::Sessions)),

        ("/api/v1/resources/{resource}/{end}/metrics", get(resources::list)),
        ("/api/v1/resources/{resource}/{end}/{n}/metrics", get(resources::list)),
        ("/api/v1/resources/{resource}/components/{component}/{end}/metrics", get(resources::list)),
        ("/api/v1/resources/{resource}/components/{component}/{end}/{n}/metrics", get(resources::list)),
        ("/api/v1/resources/{resource}/pipelines/{pipeline}/{end}/metrics", get(resources::list)),
        ("/api/v1/resources/{resource}/pipelines/{pipeline}/{end}/{n}/metrics", get(resources::list)),
        ("/api/v1/resources/{resource}/pipelines/{pipeline}/builds/{build}/{end}/metrics", get(resources::list)),
        ("/api/v1/resources/{resource}/pipelines/{pipeline}/builds/{build}/{end}/{n}/metrics", get(resources::list)),
    ]
}

/// The service behind every address.
pub fn router(state: &State) -> Router {
    let mut router = Router::new();
    let base = state.options.public_url.as_ref().map_or("", |url| &url.base);
    let description = openapi::describe(base, routes().into_iter().map(|(path, _)| path));
    for (path, methods) in routes() {
        router = router.route(path, methods);
    }
    router
        .fallback(no_route)
        .method_not_allowed_fallback(other_method)
        .layer(Extension(description))
        .layer(from_fn_with_state(State::clone(state), access::check))
        .with_state(State::clone(state))
}

async fn no_route(request: Request) -> Response {
    elsewhere(&Address::of(request.extensions()), &request)
}

/// An address that is no route may be one if its slashes are put right.
pub fn elsewhere<B>(address: &Address, request: &http::Request<B>) -> Response {
    let single = single_slashes(&address.path);
    let with_slash = format!("{}/", address.path);
    let right = [single, with_slash].into_iter().find(|path| *path != address.path && is_route(path));
    let Some(path) = right else { return render::no_page() };
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let location = format!("{}{}{path}{query}", address.origin, address.prefix);
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, location)]).into_response()
}

async fn nothing_here() -> Response {
    render::no_page()
}

async fn other_method(request: Request) -> Response {
    if request.method() == Method::OPTIONS {
        return StatusCode::OK.into_response();
    }
    let message = "The method is not allowed for the requested URL.";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, message).into_response()
}

fn single_slashes(path: &str) -> String {
    let mut single = path.to_owned();
    while single.contains("//") {
        single = single.replace("//", "/");
    }
    single
}

fn is_route(path: &str) -> bool {
    routes().iter().any(|(pattern, _)| matches(pattern, path))
}

fn matches(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut found) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == found || (wanted.starts_with('{') && !found.is_empty()) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_match_their_patterns() {
        assert!(matches("/a/{b}/c", "/a/x/c"));
        for path in ["/a//c", "/a/x", "/a/x/c/", "/a/x/d"] {
            assert!(!matches("/a/{b}/c", path), "{path}");
        }
        assert_eq!(single_slashes("//a///b/"), "/a/b/");
    }
}

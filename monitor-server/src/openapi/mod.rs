//! The API's description, made of the router's own table: a route can't be forgotten.

mod batch;

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};

use crate::compat::{Reply, entity, render};
use crate::error::Problem;
use crate::store::RESOURCES;

/// Where the API begins; nothing is there.
pub const ROOT: &str = "/api/v1/";

/// Texts of a context that none can do without.
const CONTEXT_TEXTS: [&str; 6] =
    ["cpu_type", "machine_node", "machine_type", "machine_arch", "system_info", "python_info"];

/// Routes that take something, with what they take and what they answer.
const POSTS: [(&str, &str, &str); 8] = [
    ("/api/v1/contexts/", "Context", "StoredContext"),
    ("/api/v1/contexts/{context}", "Context", "StoredContext"),
    // That it is called `count` makes no difference.
    ("/api/v1/contexts/count", "Context", "StoredContext"),
    ("/api/v1/sessions/count", "Session", "StoredSession"),
    ("/api/v1/sessions/", "Session", "StoredSession"),
    ("/api/v1/sessions/{session}", "NamedSession", "StoredSession"),
    ("/api/v1/metrics/", "Metric", "StoredMetric"),
    ("/api/v2/sessions", "Batch", "StoredBatch"),
];

/// The document, as the router adds it to every request.
#[derive(Clone, Debug)]
pub struct Description(Arc<Value>);

/// `/api/v1/openapi.json`.
pub async fn document(Extension(description): Extension<Description>) -> Response {
    render::json(StatusCode::OK, &*description.0)
}

#[derive(Template)]
#[template(path = "api.html")]
struct Page {
    operations: Vec<Operation>,
}

struct Operation {
    method: String,
    path: String,
    summary: String,
    answers: String,
}

/// `/api/v1/docs`: the same to read.
pub async fn page(Extension(Description(document)): Extension<Description>) -> Reply {
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let answers = operation["responses"].as_object().into_iter().flatten();
            operations.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                summary: operation["summary"].as_str().unwrap_or("").to_owned(),
                answers: answers.map(|(status, _)| status.as_str()).collect::<Vec<_>>().join(", "),
            });
        }
    }
    let html = Page { operations }.render().map_err(|error| Problem::bad(error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response())
}

/// Describes the routes of these patterns, below a path.
pub fn describe<'a>(base: &str, patterns: impl IntoIterator<Item = &'a str>) -> Description {
    let mut paths = Map::new();
    for path in patterns.into_iter().filter(|path| path.starts_with("/api/")) {
        let mut methods = Map::new();
        // What describes the API is not part of it.
        if path.starts_with("/api/v2/") {
            methods.insert("get".to_owned(), lines(path));
        } else if path != ROOT && !path.ends_with("/openapi.json") && !path.ends_with("/docs") {
            methods.insert("get".to_owned(), get(path));
        }
        if let Some((_, takes, answers)) = POSTS.iter().find(|(of, _, _)| *of == path) {
            methods.insert("post".to_owned(), post(path, takes, answers));
        }
        if !methods.is_empty() {
            paths.insert(path.to_owned(), methods.into());
        }
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "monitor-server",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "MIT OR Apache-2.0"},
            "description": "What tests cost. /p/NAME before a path says which project; without it the project is default.",
        },
        "servers": [{"url": format!("{base}/")}],
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    });
    Description(Arc::new(document))
}

fn get(path: &str) -> Value {
    let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let last = segments.last().copied().unwrap_or("");
    let listing = match last {
        "{context}" => "contexts",
        "{session}" => "sessions",
        "{component}" => "components",
        other => other,
    };
    let (pipelines, resources) = (path == "/api/v1/pipelines/", path.contains("/resources/"));
    let mut parameters = path_parameters(path);
    if listing != "count" && !pipelines && !resources {
        parameters.push(query(
            "page",
            "Its number, from 1, or from the end if negative; the first for other text.",
            text(),
        ));
    }
    if listing == "sessions"
        && segments.len() <= 4
        && segments.contains(&"sessions")
        && !path.contains("pipelines")
        && !path.contains("filters")
    {
        parameters.push(query("with_tags", "Names of tags, separated by commas; with_flags is the same.", text()));
        parameters.push(query("restrict_flags", "Their values in the same order; an empty one is any.", text()));
        parameters.push(query("method", "match_all if every tag is needed; else one is enough.", text()));
    }
    let schema = if listing == "count" { reference("Count") } else { self::listing(listing) };
    let mut responses = answers(&["400", "404", "503"]);
    responses.insert("200".to_owned(), answer("What was asked for.", schema));
    if listing != "count" {
        responses.insert("204".to_owned(), json!({"description": "There is nothing."}));
    }
    operation(&format!("{} of {path}", if listing == "count" { "How many" } else { listing }), parameters, responses)
}

fn lines(path: &str) -> Value {
    let mut responses = answers(&["404", "503"]);
    let about = "One JSON value a line: of a list the sessions, of a session its head and then its rows.";
    responses.insert(
        "200".to_owned(),
        json!({"description": about, "content": {"application/x-ndjson": {"schema": {"type": "string"}}}}),
    );
    let summary = if path.contains('{') { "A session with all that belongs to it" } else { "Every session" };
    operation(summary, path_parameters(path), responses)
}

fn post(path: &str, takes: &str, answers: &str) -> Value {
    let mut responses = self::answers(&["400", "404", "408", "409", "413", "415", "503", "507"]);
    responses.insert("201".to_owned(), answer("It is on the disk.", reference(answers)));
    let mut operation = operation(&format!("Stores {takes}"), path_parameters(path), responses);
    operation["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": reference(takes)}}});
    operation
}

fn operation(summary: &str, parameters: Vec<Value>, mut responses: Map<String, Value>) -> Value {
    responses.extend(answers(&["401", "403", "429"]));
    responses.sort_keys();
    json!({"summary": summary, "parameters": parameters, "responses": responses})
}

fn path_parameters(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let parameter = |name| {
        let schema = match name {
            "resource" => json!({"type": "string", "enum": RESOURCES.map(|(name, _)| name)}),
            "end" => json!({"type": "string", "enum": ["head", "tail"]}),
            "n" => json!({"type": "integer", "minimum": 0}),
            _ => json!({"type": "string", "minLength": 1}),
        };
        json!({"name": name, "in": "path", "required": true, "schema": schema})
    };
    names.map(parameter).collect()
}

fn query(name: &str, description: &str, schema: Value) -> Value {
    json!({"name": name, "in": "query", "description": description, "schema": schema})
}

fn answers(statuses: &[&str]) -> Map<String, Value> {
    let about = |status: &str| match status {
        "400" => "The request is not as it should be; the body says which field and why.",
        "401" => "A token is needed.",
        "403" => "The token does not allow this.",
        "404" => "There is no such page.",
        "408" => "The body came too slowly.",
        "409" => "There is another session under this identifier.",
        "413" => "The body is too large.",
        "415" => "The body's encoding is not known.",
        "429" => "Too many requests without a token.",
        "507" => "The disk is full.",
        _ => "The database can't be had; try again after Retry-After seconds.",
    };
    let content = json!({"application/json": {"schema": reference("Problem")}});
    let answer = |status: &&str| {
        let mut answer = json!({"description": about(status), "content": content});
        if *status == "404" {
            answer["content"]["text/html"] = json!({"schema": {"type": "string"}});
        }
        ((*status).to_owned(), answer)
    };
    statuses.iter().map(answer).collect()
}

fn answer(description: &str, schema: Value) -> Value {
    json!({"description": description, "content": {"application/json": {"schema": schema}}})
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// A list with links to the pages beside it.
fn listing(key: &str) -> Value {
    let rows = match key {
        "metrics" => reference("StoredMetric"),
        "contexts" => reference("StoredContext"),
        // Of a pipeline's build, sessions are listed by their identifiers.
        "sessions" => json!({"anyOf": [reference("StoredSession"), {"type": "string"}]}),
        _ => json!({"type": "string"}),
    };
    let link = json!({"type": ["string", "null"]});
    json!({
        "type": "object",
        "required": [key],
        "properties": {
            (key): {"type": "array", "items": rows},
            "total_page": {"type": "integer", "minimum": 0}, "prev_url": link, "next_url": link,
        },
    })
}

fn schemas() -> Value {
    let number = || json!({"type": "number"});
    let numeral = || json!({"type": "string", "pattern": entity::NUMERAL});
    let whole =
        || json!({"anyOf": [{"type": "number", "exclusiveMinimum": -9e15, "exclusiveMaximum": 9e15}, numeral()]});
    // A number where a text is wanted is taken for one.
    let loose = |schema: Value| json!({"anyOf": [schema, {"type": "number"}]});
    let date = || json!({"type": "string", "format": "date-time"});
    // Values are turned into text.
    let described = json!({"type": "object", "propertyNames": text()});
    let mut of_context = CONTEXT_TEXTS.map(|name| (name, loose(text()))).to_vec();
    of_context.extend([
        ("h", loose(identifier())),
        ("cpu_count", whole()),
        ("cpu_frequency", json!({"anyOf": [number(), numeral()]})),
        ("cpu_vendor", or_null(loose(text()))),
        ("ram_total", whole()),
    ]);
    let of_session = [
        ("session_h", loose(identifier())),
        ("run_date", date()),
        ("scm_ref", or_null(loose(text()))),
        ("description", described),
    ];
    let [identifiers, texts] = [&entity::METRIC_TEXTS[..3], &entity::METRIC_TEXTS[3..]];
    let mut of_metric: Vec<_> = identifiers.iter().map(|name| (*name, identifier())).collect();
    of_metric.extend(texts.iter().map(|name| (*name, text())));
    of_metric.extend(entity::METRIC_NUMBERS.map(|name| (name, number())));
    let stored = |fields: &[(&str, Value)]| {
        let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
        json!({"type": "object", "required": names})
    };
    json!({
        "Count": {"type": "object", "required": ["count"], "properties": {"count": {"type": "integer", "minimum": 0}}},
        "Problem": {
            "type": "object", "required": ["message"],
            "properties": {
                "message": {"type": "string"},
                "errors": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        },
        "Context": object(&of_context, &["cpu_vendor"]),
        "Session": object(&of_session, &[]),
        "NamedSession": object(&of_session, &["session_h"]),
        "Metric": object(&of_metric, &[]),
        "Batch": batch::schema(),
        "StoredContext": stored(&of_context),
        "StoredSession": {"type": "object", "required": ["session_h", "run_date", "scm_ref", "tags"]},
        "StoredMetric": stored(&of_metric),
        "StoredBatch": {"type": "object", "required": ["session_h", "rows", "new_rows"]},
    })
}

fn object(fields: &[(&str, Value)], optional: &[&str]) -> Value {
    let required: Vec<_> = fields.iter().map(|(name, _)| *name).filter(|name| !optional.contains(name)).collect();
    let properties: Map<_, _> = fields.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({"type": "object", "required": required, "properties": properties})
}

fn or_null(schema: Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

fn text() -> Value {
    json!({"type": "string", "pattern": "^[^\\u0000]*$"})
}

fn identifier() -> Value {
    json!({"type": "string", "pattern": "^[^\\u0000]*$", "maxLength": 512})
}

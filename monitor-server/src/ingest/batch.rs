//! A session with its rows, as our own senders write it, checked and made into rows of the database.

use std::collections::HashMap;
use std::fmt::Display;

use monitor_client::wire::{self, Batch, Row};
use monitor_client::{Field, Fields};
use monitor_store::{Amount, Attribution, MEASURES, Measures, MemSource, Number, Outcome};
use serde::Deserialize;

use crate::compat::{date, entity, python};
use crate::error::Problem;
use crate::store::{Context, Facts, Figures, Profile, Run, Session, Write};

/// Reads a batch, one document or lines.
///
/// # Errors
///
/// With what is wrong, and where.
pub fn parse(bytes: &[u8], lines: bool, project: String) -> Result<Write, Problem> {
    let batch = if lines {
        Batch::from_lines(bytes).map_err(|(row, error)| match row {
            Some(index) => {
                let line = wire::lines(bytes).nth(index + 1).unwrap_or_default();
                Problem::field(&format!("rows[{index}]{}", place::<Row<'_>>(line, ".")), error.to_string())
            }
            None => malformed(wire::lines(bytes).next().unwrap_or_default(), &error),
        })
    } else {
        serde_json::from_slice(bytes).map_err(|error| malformed(bytes, &error))
    };
    to_write(batch?, project)
}

/// With the field, unless the whole is no JSON.
fn malformed(document: &[u8], error: &serde_json::Error) -> Problem {
    match (error.is_data(), place::<Batch<'_>>(document, "")) {
        (true, field) if !field.is_empty() => Problem::field(&field, error.to_string()),
        _ => Problem::bad(format!("the body: {error}")),
    }
}

/// Where in a document, `rows[1].total_time`, is what can't be read, after `before`; nothing if it is the whole.
fn place<'a, T: Deserialize<'a>>(document: &'a [u8], before: &str) -> String {
    let read = serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_slice(document));
    let path = read.err().map(|error| error.path().to_string());
    path.filter(|path| path != ".").map_or_else(String::new, |path| format!("{before}{path}"))
}

/// What a batch stores.
///
/// # Errors
///
/// With what is wrong, and where.
pub fn to_write(batch: Batch<'_>, project: String) -> Result<Write, Problem> {
    let session = session(batch.session)?;
    let nths = nths(&batch.rows);
    let mut runs = Vec::with_capacity(batch.rows.len());
    for (index, (row, nth)) in batch.rows.into_iter().zip(nths).enumerate() {
        let wrong = |(field, reason): (String, String)| Problem::field(&format!("rows[{index}].{field}"), reason);
        runs.push(run(row, nth, &session.h).map_err(wrong)?);
    }
    batch.contexts.iter().try_for_each(check_context)?;
    if let Some(lockfile) = &batch.lockfile {
        entity::check_text("lockfile", lockfile).map_err(|(field, reason)| Problem::field(&field, reason))?;
    }
    Ok(Write {
        project,
        contexts: batch.contexts,
        session: Some(session),
        lockfile: batch.lockfile,
        runs,
        ..Write::default()
    })
}

/// The how-manieth each row is among those of the same path, variant and start.
fn nths(rows: &[Row<'_>]) -> Vec<i64> {
    let mut next = HashMap::with_capacity(rows.len());
    let mut nths = Vec::with_capacity(rows.len());
    for row in rows {
        let place = (&*row.item_path, &*row.item_variant, spelled(&row.item_start_time));
        let nth: &mut i64 = next.entry(place).or_default();
        nths.push(*nth);
        *nth += 1;
    }
    nths
}

type Checked<T> = Result<T, (String, String)>;

fn session(json: wire::Session) -> Result<Session, Problem> {
    let wrong = |(field, reason): (String, String)| Problem::field(&format!("session.{field}"), reason);
    let texts = [
        ("scm_ref", &json.scm_ref),
        ("branch", &json.branch),
        ("merge_base", &json.merge_base),
        ("pull_request", &json.pull_request),
        ("ci_url", &json.ci_url),
    ];
    entity::check_identifier("session_h", &json.session_h).map_err(wrong)?;
    for (name, text) in texts {
        entity::check_text(name, text.as_deref().unwrap_or("")).map_err(wrong)?;
    }
    let run_date = date::normal(&json.run_date)
        .ok_or_else(|| wrong(("run_date".into(), format!("{:?} is not a date", json.run_date))))?;
    let mut tags = Vec::new();
    for (name, value) in &json.description {
        let text = if value.is_null() { None } else { Some(python::text(value)) };
        entity::check_text("description", name).map_err(wrong)?;
        entity::check_text("description", text.as_deref().unwrap_or("")).map_err(wrong)?;
        tags.push((name.clone(), text));
    }
    let received = entity::received();
    let facts = Facts {
        branch: json.branch,
        merge_base: json.merge_base,
        pull_request: json.pull_request,
        ci_url: json.ci_url,
        ended_at: json.ended.then(|| received.received_at.clone()),
        ..received
    };
    Ok(Session { h: json.session_h, run_date, scm_ref: json.scm_ref, tags, facts, ..Session::default() })
}

fn check_context(context: &Context) -> Result<(), Problem> {
    let wrong = |(field, reason): (String, String)| Problem::field(&format!("contexts.{field}"), reason);
    entity::check_identifier("h", &context.h).map_err(wrong)?;
    context.texts().try_for_each(|text| entity::check_text("texts", text)).map_err(wrong)
}

fn run(json: Row<'_>, nth: i64, session_h: &str) -> Checked<Run> {
    for (name, text) in [("context_h", &json.context_h), ("item_start_time", &json.item_start_time)] {
        entity::check_identifier(name, text)?;
    }
    for (name, text) in
        [("item_start_time", &json.item_start_time), ("item_variant", &json.item_variant), ("kind", &json.kind)]
    {
        if text.is_empty() && !(name == "item_variant" && json.kind != "function") {
            return Err((name.to_owned(), format!("'{name}' is a required property")));
        }
    }
    for (name, text) in [
        ("item_path", &json.item_path),
        ("item", &json.item),
        ("item_variant", &json.item_variant),
        ("item_fs_loc", &json.item_fs_loc),
        ("kind", &json.kind),
        ("component", &json.component),
        ("package", &json.package),
        ("binary", &json.binary),
    ] {
        entity::check_text(name, text)?;
    }
    let figures = json.total_time.map(|total_time| Figures {
        total_time,
        user_time: json.user_time,
        kernel_time: json.kernel_time,
        cpu_usage: json.cpu_usage,
        mem_usage: json.mem_usage,
    });
    for cost in &json.costs {
        for (name, text) in [("costs.name", &cost.name), ("costs.file", &cost.file), ("costs.package", &cost.package)] {
            entity::check_text(name, text)?;
        }
    }
    let profile = json.profile.as_ref().map(profile).transpose()?;
    if figures.is_none() && profile.is_none() {
        return Err(("total_time".to_owned(), "a row needs its figures or its profile".to_owned()));
    }
    Ok(Run {
        session_h: session_h.to_owned(),
        context_h: json.context_h.into_owned(),
        start: spelled(&json.item_start_time).to_owned(),
        nth,
        path: json.item_path.into_owned(),
        item: json.item.into_owned(),
        variant: json.item_variant.into_owned(),
        fs_loc: json.item_fs_loc.into_owned(),
        kind: json.kind.into_owned(),
        component: json.component.into_owned(),
        package: json.package.into_owned(),
        binary: json.binary.into_owned(),
        figures,
        profile,
        costs: json.costs.into_iter().map(wire::Cost::to_store).collect(),
    })
}

/// A start as Python spells it, which leaves out a fraction of 0: rows that pytest-monitor sent live are found by it.
fn spelled(start: &str) -> &str {
    start.strip_suffix(".000000").unwrap_or(start)
}

fn profile(json: &Fields<'_>) -> Checked<Profile> {
    let wrong = |name: &str, value: &Field<'_>| {
        (format!("profile.{name}"), format!("{} is not possible", python::repr(&value.to_value())))
    };
    let (mut outcome, mut attribution, mut mem_source, mut attempt) = (None, None, None, 1);
    let mut measures = Measures::default();
    for (name, value) in json.iter() {
        match name {
            "attempt" => {
                let number = whole(value).and_then(|number| u32::try_from(number).ok());
                attempt = number.ok_or_else(|| wrong(name, value))?;
            }
            "outcome" => outcome = value.as_str(),
            "attribution" => attribution = one_of(name, value, Attribution::parse, Attribution::ALL)?,
            "mem_source" => mem_source = one_of(name, value, MemSource::parse, MemSource::ALL)?,
            _ => {
                let measure = MEASURES.iter().find(|measure| measure.name == name);
                let measure = measure.ok_or_else(|| (format!("profile.{name}"), no_such_field(name)))?;
                if *value != Field::Null {
                    let amount = amount(measure.number, value).ok_or_else(|| wrong(name, value))?;
                    measure.set(&mut measures, Some(amount));
                }
            }
        }
    }
    let outcome = outcome.unwrap_or("");
    let outcome =
        Outcome::parse(outcome).ok_or_else(|| not_among("outcome", &Field::Text(outcome.into()), Outcome::ALL))?;
    Ok(Profile { attempt, outcome, attribution, mem_source, measures })
}

/// The word for something; `None` for null.
fn one_of<T: Display>(name: &str, value: &Field<'_>, parse: fn(&str) -> Option<T>, all: &[T]) -> Checked<Option<T>> {
    let word = value.as_str().and_then(parse);
    if word.is_none() && *value != Field::Null { Err(not_among(name, value, all)) } else { Ok(word) }
}

fn not_among<T: Display>(name: &str, value: &Field<'_>, words: &[T]) -> (String, String) {
    let words: Vec<_> = words.iter().map(ToString::to_string).collect();
    let value = python::repr(&value.to_value());
    (format!("profile.{name}"), format!("{value} is not possible: it is one of {}", words.join(", ")))
}

fn no_such_field(name: &str) -> String {
    // Exports have the unit in the name.
    match MEASURES.iter().find(|measure| measure.key == name) {
        Some(measure) => format!("there is no such field: it is called {}", measure.name),
        None => "there is no such field: /api/v1/docs has them all".to_owned(),
    }
}

fn amount(number: Number, value: &Field<'_>) -> Option<Amount> {
    match number {
        Number::Real => value.as_number().and_then(serde_json::Number::as_f64).map(Amount::Real),
        Number::Signed => whole(value).map(Amount::Signed),
        Number::Count => whole(value).and_then(|count| u64::try_from(count).ok()).map(Amount::Count),
    }
}

fn whole(value: &Field<'_>) -> Option<i64> {
    wire::to_whole(value.as_number()?)
}

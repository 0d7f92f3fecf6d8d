//! A session with its rows, as our own senders write it: one JSON document, or its head and then a row a line.

use std::borrow::Cow;
use std::collections::HashMap;

use monitor_store::{Amount, Attribution, MEASURES, Measures, MemSource, Number, Outcome};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::compat::{date, entity, python};
use crate::error::Problem;
use crate::store::{Class, Context, Facts, Figures, Profile, Run, Session, Write};

/// The head of a batch, and in one document its rows too.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<'a> {
    session: SessionJson,
    #[serde(default)]
    contexts: Vec<ContextJson>,
    lockfile: Option<String>,
    #[serde(default, borrow)]
    rows: Vec<RowJson<'a>>,
}

/// A session.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SessionJson {
    /// Identifier.
    pub session_h: String,
    /// When it began.
    pub run_date: String,
    /// Revision of the sources.
    pub scm_ref: Option<String>,
    /// Tags.
    #[serde(default)]
    pub description: Map<String, Value>,
    /// Branch of the sources.
    pub branch: Option<String>,
    /// Where that branch left the one it will be merged into.
    pub merge_base: Option<String>,
    /// Number of the pull request.
    pub pull_request: Option<String>,
    /// Where to see the CI's run.
    pub ci_url: Option<String>,
    /// Whether the session is over.
    #[serde(default)]
    pub ended: bool,
}

/// A context.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ContextJson {
    /// Identifier.
    pub h: String,
    /// Logical processors.
    pub cpu_count: i64,
    /// MHz.
    pub cpu_frequency: f64,
    /// Processor architecture.
    pub cpu_type: String,
    /// The processor's model.
    pub cpu_vendor: Option<String>,
    /// MiB.
    pub ram_total: i64,
    /// Host name.
    pub machine_node: String,
    /// Machine type.
    pub machine_type: String,
    /// `64bit` or `32bit`.
    pub machine_arch: String,
    /// Operating system.
    pub system_info: String,
    /// Toolchain.
    pub python_info: String,
    /// Machine class.
    pub class: Option<ClassJson>,
}

/// A machine class.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClassJson {
    /// Identifier.
    pub class_h: String,
    /// The compiler.
    pub rustc: String,
    /// Build profile.
    pub profile: String,
    /// Optimisation level.
    pub opt_level: String,
    /// Target triple.
    pub target: String,
}

/// One run of a test.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RowJson<'a> {
    /// The context, if it is known.
    #[serde(borrow)]
    pub context_h: Cow<'a, str>,
    /// Start of the body.
    #[serde(borrow)]
    pub item_start_time: Cow<'a, str>,
    /// Module path.
    #[serde(borrow)]
    pub item_path: Cow<'a, str>,
    /// Function name.
    #[serde(borrow)]
    pub item: Cow<'a, str>,
    /// Function name with parameters.
    #[serde(borrow)]
    pub item_variant: Cow<'a, str>,
    /// Source file.
    #[serde(borrow)]
    pub item_fs_loc: Cow<'a, str>,
    /// What the row is about.
    #[serde(borrow)]
    pub kind: Cow<'a, str>,
    /// Part of the product.
    #[serde(borrow)]
    pub component: Cow<'a, str>,
    /// Cargo package.
    #[serde(borrow)]
    pub package: Cow<'a, str>,
    /// Test binary.
    #[serde(borrow)]
    pub binary: Cow<'a, str>,
    /// Wall time, s; absent for a test that did not end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_time: Option<f64>,
    /// CPU time in user space, s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_time: Option<f64>,
    /// CPU time in the kernel, s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel_time: Option<f64>,
    /// 1.0 is one core busy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_usage: Option<f64>,
    /// MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mem_usage: Option<f64>,
    /// What we know beyond pytest-monitor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Map<String, Value>>,
}

/// Reads a batch.
///
/// # Errors
///
/// With what is wrong, and where.
pub fn parse(bytes: &[u8], lines: bool, project: String) -> Result<Write, Problem> {
    let malformed = |error: serde_json::Error| Problem::bad(format!("the body: {error}"));
    let (document, rows) = if lines {
        let mut lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let head = lines.next().unwrap_or_default();
        let head: Document<'_> = serde_json::from_slice(head).map_err(malformed)?;
        let mut rows = Vec::new();
        for (index, line) in lines.enumerate() {
            let row = serde_json::from_slice::<RowJson<'_>>(line);
            rows.push(row.map_err(|error| Problem::field(&format!("rows[{index}]"), error.to_string()))?);
        }
        (head, rows)
    } else {
        let mut document: Document<'_> = serde_json::from_slice(bytes).map_err(malformed)?;
        let rows = std::mem::take(&mut document.rows);
        (document, rows)
    };
    let session = session(document.session)?;
    let mut nths = HashMap::new();
    let mut runs = Vec::with_capacity(rows.len());
    for (index, row) in rows.into_iter().enumerate() {
        let mut run = run(row, &session.h)
            .map_err(|(field, reason)| Problem::field(&format!("rows[{index}].{field}"), reason))?;
        let nth = nths.entry((run.path.clone(), run.variant.clone(), run.start.clone())).or_insert(0);
        run.nth = *nth;
        *nth += 1;
        runs.push(run);
    }
    let contexts = document.contexts.into_iter().map(context).collect::<Result<_, _>>()?;
    if let Some(lockfile) = &document.lockfile {
        entity::check_text("lockfile", lockfile).map_err(|(field, reason)| Problem::field(&field, reason))?;
    }
    Ok(Write { project, contexts, session: Some(session), lockfile: document.lockfile, runs, append: false })
}

type Checked<T> = Result<T, (String, String)>;

fn session(json: SessionJson) -> Result<Session, Problem> {
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
        .ok_or_else(|| wrong(("run_date".into(), format!("{:?} is no date", json.run_date))))?;
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
    Ok(Session { h: json.session_h, run_date, scm_ref: json.scm_ref, tags, facts })
}

fn context(json: ContextJson) -> Result<Context, Problem> {
    let wrong = |(field, reason): (String, String)| Problem::field(&format!("contexts.{field}"), reason);
    entity::check_identifier("h", &json.h).map_err(wrong)?;
    let class = json.class.map(|class| Class {
        class_h: class.class_h,
        rustc: class.rustc,
        profile: class.profile,
        opt_level: class.opt_level,
        target: class.target,
    });
    let context = Context {
        h: json.h,
        cpu_count: json.cpu_count,
        cpu_frequency: json.cpu_frequency,
        cpu_type: json.cpu_type,
        cpu_vendor: json.cpu_vendor,
        ram_total: json.ram_total,
        machine_node: json.machine_node,
        machine_type: json.machine_type,
        machine_arch: json.machine_arch,
        system_info: json.system_info,
        python_info: json.python_info,
        class,
    };
    for text in context.texts() {
        entity::check_text("texts", text).map_err(wrong)?;
    }
    Ok(context)
}

fn run(json: RowJson<'_>, session_h: &str) -> Checked<Run> {
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
    let profile = json.profile.as_ref().map(profile).transpose()?;
    if figures.is_none() && profile.is_none() {
        return Err(("total_time".to_owned(), "a row needs its figures or its profile".to_owned()));
    }
    Ok(Run {
        session_h: session_h.to_owned(),
        context_h: json.context_h.into_owned(),
        start: json.item_start_time.into_owned(),
        nth: 0,
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
    })
}

fn profile(json: &Map<String, Value>) -> Checked<Profile> {
    let wrong = |name: &str| (format!("profile.{name}"), format!("{} is not possible", python::repr(&json[name])));
    if let Some(name) = json.keys().find(|name| !is_known(name)) {
        return Err((format!("profile.{name}"), "there is no such field".to_owned()));
    }
    let word = |name: &str| json.get(name).and_then(Value::as_str).unwrap_or("");
    let given = |name: &str| json.get(name).is_some_and(|value| !value.is_null());
    let outcome = Outcome::parse(word("outcome"))
        .ok_or_else(|| ("profile.outcome".to_owned(), format!("{:?} is no outcome", word("outcome"))))?;
    let attribution = Attribution::parse(word("attribution"));
    let mem_source = MemSource::parse(word("mem_source"));
    for (name, unknown) in [("attribution", attribution.is_none()), ("mem_source", mem_source.is_none())] {
        if unknown && given(name) {
            return Err(wrong(name));
        }
    }
    let attempt = match json.get("attempt") {
        None => 1,
        Some(number) => {
            number.as_u64().and_then(|number| u32::try_from(number).ok()).ok_or_else(|| wrong("attempt"))?
        }
    };
    let mut measures = Measures::default();
    for measure in MEASURES {
        let value = json.get(measure.name).unwrap_or(&Value::Null);
        if value.is_null() {
            continue;
        }
        let amount = match measure.number {
            Number::Real => value.as_f64().map(Amount::Real),
            Number::Signed => value.as_i64().map(Amount::Signed),
            Number::Count => value.as_u64().filter(|count| i64::try_from(*count).is_ok()).map(Amount::Count),
        };
        measure.set(&mut measures, Some(amount.ok_or_else(|| wrong(measure.name))?));
    }
    Ok(Profile { attempt, outcome, attribution, mem_source, measures })
}

fn is_known(name: &str) -> bool {
    ["attempt", "outcome", "attribution", "mem_source"].contains(&name)
        || MEASURES.iter().any(|measure| measure.name == name)
}

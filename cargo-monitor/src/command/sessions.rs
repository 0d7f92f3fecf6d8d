//! `cargo monitor sessions`: what was run, when, and on what.

use std::collections::HashSet;

use clap::Args;
use monitor_analysis::quantity::{Quantity, Unit};
use monitor_store::{SessionDetails, Sessions};

use crate::app::App;
use crate::complete;
use crate::exit::Exit;
use crate::output::{self, Cell, Document, Table, Tone, Value};
use crate::select::{self, fact};

/// What to list.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor sessions
  cargo monitor sessions main --limit 5
  cargo monitor sessions tag:suite=nightly --all --format json")]
pub struct Arguments {
    /// Only these: a branch, commit, date, tag:KEY=VALUE, …
    #[arg(value_name = "SESSIONS", add = complete::session_completer())]
    sessions: Option<String>,
    /// So many of the newest
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 25)]
    limit: usize,
    /// Every session
    #[arg(short, long, conflicts_with = "limit")]
    all: bool,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<Exit> {
    let monitor = app.monitor()?;
    let selected = match &arguments.sessions {
        Some(text) => select::sessions(&monitor, text)?,
        None => monitor.sessions(&Sessions::all().newest_first())?,
    };
    let limit = if arguments.all { selected.len() } else { arguments.limit };
    let shown: HashSet<&str> = selected.iter().take(limit).map(|session| session.session_h.as_str()).collect();
    let filter = match selected.get(limit) {
        // Newest first means that these are the first ones of the file, if nothing else was asked for.
        Some(_) if arguments.sessions.is_none() => Sessions::all().newest(limit as u64),
        _ => Sessions::all().newest_first(),
    };
    let mut details = monitor.session_details(&filter)?;
    details.retain(|details| shown.contains(details.session.session_h.as_str()));
    app.print(&document(&details))?;
    if selected.len() > limit {
        output::note(&format!("older sessions left out: {}; --all lists them", selected.len() - limit));
    }
    Ok(Exit::Success)
}

/// The table of some sessions.
#[must_use]
pub fn document(sessions: &[SessionDetails]) -> Document {
    let mut table = Table::new(&[
        ("session", "session"),
        ("run_date", "date (UTC)"),
        ("commit", "commit"),
        ("dirty", ""),
        ("branch", "branch"),
        ("rows", "rows"),
        ("runner", "runner"),
        ("profile", "profile"),
        ("rustc", "rustc"),
        ("host", "host"),
        ("cpu", ""),
        ("cpu_count", ""),
        ("memory_mib", ""),
        ("cpu_type", ""),
        ("cpu_frequency_mhz", ""),
        ("machine_type", ""),
        ("machine_arch", ""),
        ("system", ""),
        ("toolchain", ""),
        ("target", ""),
        ("opt_level", ""),
        ("context", ""),
        ("machine_class", ""),
        ("lockfile", ""),
        ("description", "description"),
        ("tags", "tags"),
        ("fields", ""),
    ]);
    for details in sessions {
        table.push(row(details));
    }
    Document::table("sessions", table)
}

fn row(details: &SessionDetails) -> Vec<Cell> {
    let SessionDetails { session, context, class, lockfile_h, metrics } = details;
    let text = |key: &str| Value::text(fact(session, key).unwrap_or_default());
    let dirty = fact(session, "git_dirty").map(|dirty| dirty == "true");
    let commit = Value::id(&session.scm_id);
    let context = context.as_ref();
    let class = class.as_ref();
    let tags: Vec<_> = select::tags(session).map(|(key, value)| format!("{key}={value}")).collect();
    vec![
        Value::id(&session.session_h).into(),
        Value::Time(session.run_date).into(),
        // Yellow: the commit alone does not say what ran.
        if dirty == Some(true) { commit.toned(Tone::Doubtful) } else { commit.into() },
        Value::or_missing(dirty, Value::Flag).into(),
        Value::text(select::branches(session).next().unwrap_or_default()).into(),
        Value::count(*metrics).into(),
        text("rust_runner").into(),
        Value::text(class.map_or("", |class| &class.profile)).into(),
        class.map_or(Value::Missing, |class| Value::Toolchain(class.rustc.clone())).into(),
        Value::text(context.map_or("", |context| &context.machine_node)).into(),
        Value::text(context.map_or("", |context| &context.cpu_vendor)).into(),
        Value::or_missing(context, |context| Value::count(context.cpu_count.into())).into(),
        Value::or_missing(context, |context| Value::count(context.ram_total_mib)).into(),
        Value::text(context.map_or("", |context| &context.cpu_type)).into(),
        Value::or_missing(context, |context| {
            Value::Quantity(Quantity { value: context.cpu_frequency_mhz, unit: Unit::Count })
        })
        .into(),
        Value::text(context.map_or("", |context| &context.machine_type)).into(),
        Value::text(context.map_or("", |context| &context.machine_arch)).into(),
        Value::text(context.map_or("", |context| &context.system_info)).into(),
        Value::text(context.map_or("", |context| &context.python_info)).into(),
        Value::text(class.map_or("", |class| &class.target)).into(),
        Value::text(class.map_or("", |class| &class.opt_level)).into(),
        Value::id(context.map_or("", |context| &context.env_h)).into(),
        Value::id(class.map_or("", |class| &class.class_h)).into(),
        Value::id(lockfile_h.as_deref().unwrap_or_default()).into(),
        text("description").into(),
        Value::text(&tags.join(", ")).into(),
        Value::Fields(session.description.clone()).into(),
    ]
}

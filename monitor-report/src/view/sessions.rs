//! Sessions: what was run, when, and on what.

use monitor_analysis::quantity::{Quantity, Unit};
use monitor_store::{ExecutionContext, Session, SessionDetails};

use crate::document::{Body, Cell, Column, Document, Table, Tone, Value};
use crate::error::ReportError;
use crate::select::{self, fact};
use crate::source::Source;

/// The table of some sessions.
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
    // pytest-monitor's columns may not be NULL: a machine that nobody told of has none of anything.
    let known = |of: fn(&ExecutionContext) -> f64| {
        let number = context.map(of).filter(|number| *number > 0.0);
        Value::or_missing(number, |value| Value::Quantity(Quantity { value, unit: Unit::Count }))
    };
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
        Value::or_missing(class.filter(|class| !class.rustc.is_empty()), |class| Value::Toolchain(class.rustc.clone()))
            .into(),
        Value::text(context.map_or("", |context| &context.machine_node)).into(),
        Value::text(context.map_or("", |context| &context.cpu_vendor)).into(),
        known(|context| context.cpu_count.into()).into(),
        known(|context| context.ram_total_mib as f64).into(),
        Value::text(context.map_or("", |context| &context.cpu_type)).into(),
        known(|context| context.cpu_frequency_mhz).into(),
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

/// The facts about a session; empty if there is no such session.
///
/// # Errors
///
/// If the rows cannot be read.
pub fn facts(source: &dyn Source, session: &Session) -> Result<Vec<(Column, Cell)>, ReportError> {
    let details = source.details(&session.session_h)?;
    let document = document(details.as_slice());
    let Some(Body::Table(table)) = document.sections.into_iter().next().map(|section| section.body) else {
        return Ok(Vec::new());
    };
    let Some(row) = table.rows.into_iter().next() else { return Ok(Vec::new()) };
    Ok(table.columns.into_iter().zip(row).collect())
}

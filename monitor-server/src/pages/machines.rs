//! The machines on which a project's tests ran.

use monitor_report::document::{Document, Table, Value};
use monitor_store::Session;

use super::links::linked;
use super::view::View;
use super::wanted::Wanted;
use crate::error::Problem;
use crate::judge::Project;

/// The page of the machines.
///
/// # Errors
///
/// None of its own.
pub fn machines(wanted: &Wanted, project: &Project<'_>) -> Result<View, Problem> {
    let mut table = Table::new(&[
        ("host", "host"),
        ("cpu", "processor"),
        ("cpu_count", "logical processors"),
        ("memory_mib", "memory (MiB)"),
        ("system", "system"),
        ("toolchain", "toolchain"),
        ("profile", "profile"),
        ("machine_class", "machine class"),
        ("context", ""),
        ("sessions", "sessions"),
        ("run_date", "last run (UTC)"),
        ("session", "last session"),
    ]);
    let mut contexts: Vec<_> = project.contexts().collect();
    contexts.sort_by(|a, b| (&a.machine_node, &a.h).cmp(&(&b.machine_node, &b.h)));
    for context in contexts {
        let on_it =
            |session: &&Session| project.kept(&session.session_h).is_some_and(|kept| kept.context_h == context.h);
        let sessions: Vec<&Session> = project.newest_first().filter(on_it).collect();
        let (newest, class) = (sessions.first(), context.class.as_ref());
        let count = |number: i64| Value::count(u64::try_from(number).unwrap_or(0));
        table.push(vec![
            Value::text(&context.machine_node).into(),
            Value::text(context.cpu_vendor.as_deref().unwrap_or(&context.cpu_type)).into(),
            count(context.cpu_count).into(),
            count(context.ram_total).into(),
            Value::text(&context.system_info).into(),
            class
                .map_or_else(|| Value::text(&context.python_info), |class| Value::Toolchain(class.rustc.clone()))
                .into(),
            Value::text(class.map_or("", |class| &class.profile)).into(),
            Value::id(class.map_or("", |class| &class.class_h)).into(),
            Value::id(&context.h).into(),
            Value::count(sessions.len() as u64).into(),
            Value::or_missing(newest, |session| Value::Time(session.run_date)).into(),
            Value::id(newest.map_or("", |session| &session.session_h)).into(),
        ]);
    }
    let mut view = View::of("Machines", linked(&wanted.prefix, Document::table("machines", table)));
    "Only sessions of one machine class are compared, unless it is asked for".clone_into(&mut view.subtitle);
    Ok(view)
}

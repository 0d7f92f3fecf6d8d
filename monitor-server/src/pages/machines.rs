//! `/p/NAME/machines`: what the sessions ran on.

use axum::response::Response;
use monitor_report::Source as _;
use monitor_report::document::{Cell, Document, Table, Value};
use monitor_report::render::page::{Page, Section};

use super::view::{Content, Failure, View};
use crate::error::Problem;
use crate::judge::Project;

/// The page.
pub async fn page(view: View) -> Result<Response, Problem> {
    view.answer(content).await
}

fn content(view: &View, project: &Project<'_>) -> Result<Content, Failure> {
    let mut table = Table::new(&[
        ("machine_class", "class"),
        ("host", "host"),
        ("cpu", "processor"),
        ("cpu_count", "logical processors"),
        ("memory_mib", "memory (MiB)"),
        ("system", "system"),
        ("toolchain", "toolchain"),
        ("sessions", "sessions of the class"),
    ]);
    let classes = project.classes()?;
    for (context, class) in project.machines() {
        let class_h = class.as_ref().map(|class| class.class_h.as_str());
        let sessions = classes.values().filter(|of| of.is_some() && of.as_deref() == class_h).count();
        table.push(vec![
            Value::id(class_h.unwrap_or_default()).into(),
            Value::text(&context.machine_node).into(),
            Value::text(&context.cpu_vendor).into(),
            Value::count(context.cpu_count.into()).into(),
            Value::count(context.ram_total_mib).into(),
            Value::text(&context.system_info).into(),
            Value::text(&context.python_info).into(),
            Cell::from(Value::or_missing(class_h.map(|_| sessions as u64), Value::count)),
        ]);
    }
    let ways = [(view.project.clone(), format!("{}/", view.prefix))];
    let page = Page::new("Machines")
        .subtitled("Figures are compared within a class: processor, system, compiler and build profile.")
        .with(Section::new("ways", "").with_links(&ways))
        .with(Section::new("machines", "").with_table(&table));
    Ok(Content { page, document: Document::table("machines", table) })
}

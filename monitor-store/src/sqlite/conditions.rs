//! Filters as SQL.

use rusqlite::types::Value;

use crate::filter::{Like, Metrics, OfMetric, OfSession, Page, Resource, Sessions};

/// What stands after `FROM`, with the values of its `?`.
#[derive(Debug, Default)]
pub(crate) struct Sql {
    /// ` WHERE …`, or nothing.
    pub(crate) conditions: String,
    /// ` ORDER BY … LIMIT …`.
    pub(crate) tail: String,
    pub(crate) values: Vec<Value>,
}

/// Of the sessions `s` that are selected.
pub(crate) fn of_sessions(filter: &Sessions) -> Sql {
    let mut values = Vec::new();
    let conditions =
        where_all(filter.conditions().iter().map(|condition| of_session(condition, &mut values)).collect());
    let order = if filter.newest_first { "s.RUN_DATE DESC, s.rowid DESC" } else { "s.rowid" };
    Sql { conditions, tail: format!(" ORDER BY {order}{}", page(filter.page)), values }
}

/// Of the runs `r` that are selected.
pub(crate) fn of_metrics(filter: &Metrics) -> Sql {
    let mut values = Vec::new();
    let ended = std::iter::once("r.ENDED".to_owned());
    let conditions = ended.chain(filter.conditions.iter().map(|condition| of_metric(condition, &mut values))).collect();
    let order = match filter.order {
        None => "r.ID".to_owned(),
        Some((resource, true)) => format!("r.{} DESC, r.ID", column(resource)),
        Some((resource, false)) => format!("r.{}, r.ID", column(resource)),
    };
    let (conditions, order) = (where_all(conditions), format!(" ORDER BY {order}"));
    if filter.page.limit.is_none() {
        return Sql { conditions, tail: order, values };
    }
    // What a run's numbers stand for is looked up for those of the page only.
    let page = format!(" WHERE r.ID IN (SELECT r.ID FROM RUNS r{conditions}{order}{})", page(filter.page));
    Sql { conditions: page, tail: order, values }
}

/// Of the runs `r` that are selected, whatever their page.
pub(crate) fn of_all_metrics(filter: &Metrics) -> Sql {
    of_metrics(&Metrics { page: Page::default(), ..filter.clone() })
}

fn where_all(conditions: Vec<String>) -> String {
    if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) }
}

fn page(page: Page) -> String {
    match page.limit {
        Some(limit) => format!(" LIMIT {} OFFSET {}", limit.min(i64::MAX as u64), page.offset.min(i64::MAX as u64)),
        None => String::new(),
    }
}

pub(crate) const fn column(resource: Resource) -> &'static str {
    match resource {
        Resource::Memory => "MEM_USAGE",
        Resource::Cpu => "CPU_USAGE",
        Resource::TotalTime => "TOTAL_TIME",
        Resource::UserTime => "USER_TIME",
        Resource::KernelTime => "KERNEL_TIME",
    }
}

/// Items and texts are few: the condition on them is answered first, and a run is looked at by its numbers only.
fn of_metric(condition: &OfMetric, values: &mut Vec<Value>) -> String {
    let items = |condition: String| format!("r.ITEM IN (SELECT ID FROM ITEMS WHERE {condition})");
    let mut with = |text: &str, condition: &str| {
        values.push(Value::Text(text.to_owned()));
        condition.to_owned()
    };
    match condition {
        OfMetric::Item(text) => items(like("ITEM", text, values)),
        OfMetric::Variant(text) => items(like("ITEM_VARIANT", text, values)),
        OfMetric::Path(text) => items(like("ITEM_PATH", text, values)),
        OfMetric::Kind(kind) => items(with(kind.as_str(), "KIND = ?")),
        OfMetric::Component(component) => items(with(component, "coalesce(COMPONENT, '') = ?")),
        OfMetric::Session(session_h) => with(session_h, "r.SESSION = (SELECT ID FROM TEXTS WHERE TEXT = ?)"),
        OfMetric::Context(env_h) => with(env_h, "r.ENV = (SELECT ID FROM TEXTS WHERE TEXT = ?)"),
        OfMetric::Sessions(conditions) => {
            let conditions = where_all(conditions.iter().map(|condition| of_session(condition, values)).collect());
            format!(
                "r.SESSION IN (SELECT t.ID FROM TEST_SESSIONS s CROSS JOIN TEXTS t ON t.TEXT = s.SESSION_H{conditions})"
            )
        }
        OfMetric::Measured(resource) => format!("r.{} IS NOT NULL", column(*resource)),
    }
}

fn of_session(condition: &OfSession, values: &mut Vec<Value>) -> String {
    match condition {
        OfSession::AnyTag(tags) => {
            let tags: Vec<_> = tags.iter().map(|(name, value)| has_tag(name, value.as_deref(), values)).collect();
            format!("({})", tags.join(" OR "))
        }
        OfSession::Component(component) => {
            values.push(Value::Text(component.clone()));
            "s.SESSION_H IN (SELECT t.TEXT FROM RUNS r JOIN TEXTS t ON t.ID = r.SESSION WHERE r.ENDED AND r.ITEM IN \
             (SELECT ID FROM ITEMS WHERE coalesce(COMPONENT, '') = ?))"
                .to_owned()
        }
        OfSession::Revision(text) => like("s.SCM_ID", text, values),
        OfSession::Id(text) => like("s.SESSION_H", text, values),
    }
}

/// Not by `LIKE`, whose pattern is limited to 50,000 bytes.
fn like(column: &str, text: &Like, values: &mut Vec<Value>) -> String {
    let (Like::Equal(value) | Like::Prefix(value) | Like::Containing(value)) = text;
    values.push(Value::Text(value.clone()));
    match text {
        Like::Equal(_) => format!("{column} = ?"),
        Like::Prefix(_) => format!("instr(lower({column}), lower(?)) = 1"),
        Like::Containing(_) => format!("instr(lower({column}), lower(?)) > 0"),
    }
}

/// `RUN_DESCRIPTION` of session `s` as pairs of text; no pairs if it is not JSON object.
const TAGS: &str = "json_each(CASE WHEN json_valid(s.RUN_DESCRIPTION) THEN CASE json_type(s.RUN_DESCRIPTION) \
     WHEN 'object' THEN s.RUN_DESCRIPTION ELSE '{}' END ELSE '{}' END)";

/// The value of such a pair as sessions are listed with it: as Python would write it.
const TAG_VALUE: &str =
    "CASE type WHEN 'true' THEN 'True' WHEN 'false' THEN 'False' WHEN 'null' THEN 'None' ELSE CAST(value AS TEXT) END";

/// The condition that a session `s` has a tag, with a value or with any.
fn has_tag(name: &str, value: Option<&str>, values: &mut Vec<Value>) -> String {
    values.push(Value::Text(name.to_owned()));
    let Some(value) = value else {
        return format!("EXISTS (SELECT 1 FROM {TAGS} WHERE key = ?)");
    };
    values.push(Value::Text(value.to_owned()));
    format!("EXISTS (SELECT 1 FROM {TAGS} WHERE key = ? AND {TAG_VALUE} = ?)")
}

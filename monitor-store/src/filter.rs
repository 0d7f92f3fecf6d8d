//! Which metric rows or sessions a query is about.

use rusqlite::types::Value;

use crate::words::Kind;

/// A numeric column of `TEST_METRICS` by which tests can be ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// `MEM_USAGE`, MiB.
    Memory,
    /// `CPU_USAGE`, a ratio.
    Cpu,
    /// `TOTAL_TIME`, seconds.
    TotalTime,
    /// `USER_TIME`, seconds.
    UserTime,
    /// `KERNEL_TIME`, seconds.
    KernelTime,
}

impl Resource {
    /// Every resource.
    pub const ALL: [Self; 5] = [Self::Memory, Self::Cpu, Self::TotalTime, Self::UserTime, Self::KernelTime];

    const fn column(self) -> &'static str {
        match self {
            Self::Memory => "MEM_USAGE",
            Self::Cpu => "CPU_USAGE",
            Self::TotalTime => "TOTAL_TIME",
            Self::UserTime => "USER_TIME",
            Self::KernelTime => "KERNEL_TIME",
        }
    }
}

/// Conditions joined by `AND`, with the values of their `?`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Conditions {
    conditions: Vec<String>,
    pub(crate) values: Vec<Value>,
}

impl Conditions {
    fn add(&mut self, condition: &str, values: impl IntoIterator<Item = Value>) {
        self.conditions.push(condition.to_owned());
        self.values.extend(values);
    }

    /// ` WHERE …`, or nothing.
    pub(crate) fn to_sql(&self) -> String {
        match self.conditions.as_slice() {
            [] => String::new(),
            conditions => format!(" WHERE {}", conditions.join(" AND ")),
        }
    }
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// The pattern of `LIKE … ESCAPE '\'` that matches `value` itself.
fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_")
}

/// `RUN_DESCRIPTION` of session `s` as pairs of text; no pairs if it is no JSON object.
const TAGS: &str = "json_each(CASE WHEN json_valid(s.RUN_DESCRIPTION) THEN CASE json_type(s.RUN_DESCRIPTION) \
     WHEN 'object' THEN s.RUN_DESCRIPTION ELSE '{}' END ELSE '{}' END)";

/// The value of such a pair as sessions are listed with it: as Python would write it.
const TAG_VALUE: &str =
    "CASE type WHEN 'true' THEN 'True' WHEN 'false' THEN 'False' WHEN 'null' THEN 'None' ELSE CAST(value AS TEXT) END";

/// The condition that a session `s` has a tag, with a value or with any.
fn has_tag(name: &str, value: Option<&str>) -> (String, Vec<Value>) {
    match value {
        Some(value) => {
            (format!("EXISTS (SELECT 1 FROM {TAGS} WHERE key = ? AND {TAG_VALUE} = ?)"), vec![text(name), text(value)])
        }
        None => (format!("EXISTS (SELECT 1 FROM {TAGS} WHERE key = ?)"), vec![text(name)]),
    }
}

/// Which rows of `TEST_METRICS`; every method narrows it further.
///
/// ```
/// use monitor_store::{Metrics, Kind, Resource};
///
/// let ten_hungriest = Metrics::all().kind(Kind::Function).component("core").most(Resource::Memory, 10);
/// let first_page = Metrics::all().item("test_prime").page(0, 500);
/// # let _ = (ten_hungriest, first_page);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    pub(crate) conditions: Conditions,
    order: Option<(Resource, bool)>,
    limit: Option<u64>,
    offset: u64,
}

impl Metrics {
    /// Every row, in the order of insertion.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Of the function with this name.
    #[must_use]
    pub fn item(self, item: &str) -> Self {
        self.with("m.ITEM = ?", [text(item)])
    }

    /// Of functions whose name begins with `prefix`, ASCII letters in either case.
    #[must_use]
    pub fn item_prefix(self, prefix: &str) -> Self {
        self.with(r"m.ITEM LIKE ? ESCAPE '\'", [text(&format!("{}%", escaped(prefix)))])
    }

    /// Of functions whose name contains `part`, ASCII letters in either case.
    #[must_use]
    pub fn item_containing(self, part: &str) -> Self {
        self.with(r"m.ITEM LIKE ? ESCAPE '\'", [text(&format!("%{}%", escaped(part)))])
    }

    /// Of the variant with this name, `test_prime[997]`.
    #[must_use]
    pub fn variant(self, variant: &str) -> Self {
        self.with("m.ITEM_VARIANT = ?", [text(variant)])
    }

    /// Of variants whose name begins with `prefix`, ASCII letters in either case.
    #[must_use]
    pub fn variant_prefix(self, prefix: &str) -> Self {
        self.with(r"m.ITEM_VARIANT LIKE ? ESCAPE '\'", [text(&format!("{}%", escaped(prefix)))])
    }

    /// Of variants whose name contains `part`, ASCII letters in either case.
    #[must_use]
    pub fn variant_containing(self, part: &str) -> Self {
        self.with(r"m.ITEM_VARIANT LIKE ? ESCAPE '\'", [text(&format!("%{}%", escaped(part)))])
    }

    /// Of this module path.
    #[must_use]
    pub fn path(self, path: &str) -> Self {
        self.with("m.ITEM_PATH = ?", [text(path)])
    }

    /// Of this kind.
    #[must_use]
    pub fn kind(self, kind: Kind) -> Self {
        self.with("m.KIND = ?", [text(kind.as_str())])
    }

    /// Of this component; `""` for the rows that have none.
    #[must_use]
    pub fn component(self, component: &str) -> Self {
        self.with("coalesce(m.COMPONENT, '') = ?", [text(component)])
    }

    /// Of one session.
    #[must_use]
    pub fn session(self, session_h: &str) -> Self {
        self.with("m.SESSION_H = ?", [text(session_h)])
    }

    /// Of one execution context.
    #[must_use]
    pub fn context(self, env_h: &str) -> Self {
        self.with("m.ENV_H = ?", [text(env_h)])
    }

    /// Of the sessions that `sessions` selects (its page is not regarded).
    #[must_use]
    pub fn sessions(mut self, sessions: &Sessions) -> Self {
        let condition =
            format!("m.SESSION_H IN (SELECT s.SESSION_H FROM TEST_SESSIONS s{})", sessions.conditions().to_sql());
        self.conditions.add(&condition, sessions.conditions().values);
        self
    }

    /// Only the `count` rows that used most, greatest first; rows without the value are left out.
    #[must_use]
    pub fn most(self, resource: Resource, count: u64) -> Self {
        self.ranked(resource, true, count)
    }

    /// Only the `count` rows that used least, smallest first; rows without the value are left out.
    #[must_use]
    pub fn least(self, resource: Resource, count: u64) -> Self {
        self.ranked(resource, false, count)
    }

    /// Only `count` rows after the first `offset`.
    #[must_use]
    pub fn page(mut self, offset: u64, count: u64) -> Self {
        self.offset = offset;
        self.limit = Some(count);
        self
    }

    fn ranked(mut self, resource: Resource, greatest_first: bool, count: u64) -> Self {
        self.order = Some((resource, greatest_first));
        self.limit = Some(count);
        self.with(&format!("m.{} IS NOT NULL", resource.column()), [])
    }

    fn with(mut self, condition: &str, values: impl IntoIterator<Item = Value>) -> Self {
        self.conditions.add(condition, values);
        self
    }

    /// Order and page.
    pub(crate) fn tail_sql(&self) -> String {
        let order = match self.order {
            None => "m.rowid".to_owned(),
            Some((resource, true)) => format!("m.{} DESC, m.rowid", resource.column()),
            Some((resource, false)) => format!("m.{}, m.rowid", resource.column()),
        };
        format!(" ORDER BY {order}{}", page_sql(self.offset, self.limit))
    }
}

fn page_sql(offset: u64, limit: Option<u64>) -> String {
    match limit {
        Some(limit) => format!(" LIMIT {} OFFSET {}", limit.min(i64::MAX as u64), offset.min(i64::MAX as u64)),
        None => String::new(),
    }
}

/// Which sessions; every method narrows it further.
///
/// ```
/// use monitor_store::Sessions;
///
/// let nightly = Sessions::all().tag("suite", Some("nightly")).revision_prefix("0123abc").newest(10);
/// # let _ = nightly;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sessions {
    conditions: Conditions,
    tags: Vec<(String, Option<String>)>,
    any_tag: bool,
    newest_first: bool,
    limit: Option<u64>,
    offset: u64,
}

impl Sessions {
    /// Every session, in the order of insertion.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// With this field in the description, with the value or, if `None`, with any.
    #[must_use]
    pub fn tag(mut self, name: &str, value: Option<&str>) -> Self {
        self.tags.push((name.to_owned(), value.map(str::to_owned)));
        self
    }

    /// One of the [`Sessions::tag`]s suffices.
    #[must_use]
    pub fn any_tag(mut self) -> Self {
        self.any_tag = true;
        self
    }

    /// Of this pipeline (tag `pipeline_branch`).
    #[must_use]
    pub fn pipeline(mut self, pipeline: &str) -> Self {
        let (condition, values) = has_tag("pipeline_branch", Some(pipeline));
        self.conditions.add(&condition, values);
        self
    }

    /// Of this build (tag `pipeline_build_no`).
    #[must_use]
    pub fn build(mut self, build: &str) -> Self {
        let (condition, values) = has_tag("pipeline_build_no", Some(build));
        self.conditions.add(&condition, values);
        self
    }

    /// With metric rows of this component; `""` for those that have none.
    #[must_use]
    pub fn component(mut self, component: &str) -> Self {
        self.conditions.add(
            "s.SESSION_H IN (SELECT m.SESSION_H FROM TEST_METRICS m WHERE coalesce(m.COMPONENT, '') = ?)",
            [text(component)],
        );
        self
    }

    /// Of this revision.
    #[must_use]
    pub fn revision(mut self, scm_id: &str) -> Self {
        self.conditions.add("s.SCM_ID = ?", [text(scm_id)]);
        self
    }

    /// Of revisions that begin with `prefix`.
    #[must_use]
    pub fn revision_prefix(mut self, prefix: &str) -> Self {
        self.conditions.add(r"s.SCM_ID LIKE ? ESCAPE '\'", [text(&format!("{}%", escaped(prefix)))]);
        self
    }

    /// Whose identifier begins with `prefix`.
    #[must_use]
    pub fn id_prefix(mut self, prefix: &str) -> Self {
        self.conditions.add(r"s.SESSION_H LIKE ? ESCAPE '\'", [text(&format!("{}%", escaped(prefix)))]);
        self
    }

    /// Only the `count` newest, newest first.
    #[must_use]
    pub fn newest(mut self, count: u64) -> Self {
        self.newest_first = true;
        self.limit = Some(count);
        self
    }

    /// Newest first instead of in the order of insertion.
    #[must_use]
    pub fn newest_first(mut self) -> Self {
        self.newest_first = true;
        self
    }

    /// Only `count` sessions after the first `offset`.
    #[must_use]
    pub fn page(mut self, offset: u64, count: u64) -> Self {
        self.offset = offset;
        self.limit = Some(count);
        self
    }

    pub(crate) fn conditions(&self) -> Conditions {
        let mut conditions = self.conditions.clone();
        let (tags, values): (Vec<_>, Vec<_>) =
            self.tags.iter().map(|(name, value)| has_tag(name, value.as_deref())).unzip();
        if !tags.is_empty() {
            let tags = tags.join(if self.any_tag { " OR " } else { " AND " });
            conditions.add(&format!("({tags})"), values.into_iter().flatten());
        }
        conditions
    }

    /// Order and page.
    pub(crate) fn tail_sql(&self) -> String {
        let order = if self.newest_first { "s.RUN_DATE DESC, s.rowid DESC" } else { "s.rowid" };
        format!(" ORDER BY {order}{}", page_sql(self.offset, self.limit))
    }
}

//! Which metric rows or sessions a query is about.

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
}

/// How a text is compared.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Like {
    Equal(String),
    /// ASCII letters in either case.
    Prefix(String),
    /// ASCII letters in either case.
    Containing(String),
}

/// A condition on a metric row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum OfMetric {
    Item(Like),
    Variant(Like),
    Path(Like),
    Kind(Kind),
    /// An empty one stands for none.
    Component(String),
    Session(String),
    Context(String),
    /// The session fulfils all of these.
    Sessions(Vec<OfSession>),
    Measured(Resource),
}

/// A condition on a session.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum OfSession {
    /// One of these fields is in the description, with the value or with any.
    AnyTag(Vec<(String, Option<String>)>),
    /// It has metric rows of this component; an empty one stands for none.
    Component(String),
    Revision(Like),
    Id(Like),
}

/// Which part of the rows, in which order.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Page {
    pub(crate) offset: u64,
    pub(crate) limit: Option<u64>,
}

/// Which rows of `TEST_METRICS`; every method narrows it further.
///
/// ```
/// use monitor_store::{Metrics, Kind, Resource};
///
/// let highest_memory = Metrics::all().kind(Kind::Function).component("core").most(Resource::Memory, 10);
/// let first_page = Metrics::all().item("test_prime").page(0, 500);
/// # let _ = (highest_memory, first_page);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct Metrics {
    pub(crate) conditions: Vec<OfMetric>,
    /// By which resource, and whether the greatest comes first.
    pub(crate) order: Option<(Resource, bool)>,
    pub(crate) page: Page,
}

impl Metrics {
    /// Every row, in the order of insertion.
    pub fn all() -> Self {
        Self::default()
    }

    /// Of the function with this name.
    pub fn item(self, item: &str) -> Self {
        self.with(OfMetric::Item(Like::Equal(item.to_owned())))
    }

    /// Of functions whose name begins with `prefix`, ASCII letters in either case.
    pub fn item_prefix(self, prefix: &str) -> Self {
        self.with(OfMetric::Item(Like::Prefix(prefix.to_owned())))
    }

    /// Of functions whose name contains `part`, ASCII letters in either case.
    pub fn item_containing(self, part: &str) -> Self {
        self.with(OfMetric::Item(Like::Containing(part.to_owned())))
    }

    /// Of the variant with this name, `test_prime[997]`.
    pub fn variant(self, variant: &str) -> Self {
        self.with(OfMetric::Variant(Like::Equal(variant.to_owned())))
    }

    /// Of variants whose name begins with `prefix`, ASCII letters in either case.
    pub fn variant_prefix(self, prefix: &str) -> Self {
        self.with(OfMetric::Variant(Like::Prefix(prefix.to_owned())))
    }

    /// Of variants whose name contains `part`, ASCII letters in either case.
    pub fn variant_containing(self, part: &str) -> Self {
        self.with(OfMetric::Variant(Like::Containing(part.to_owned())))
    }

    /// Of this module path.
    pub fn path(self, path: &str) -> Self {
        self.with(OfMetric::Path(Like::Equal(path.to_owned())))
    }

    /// Of this kind.
    pub fn kind(self, kind: Kind) -> Self {
        self.with(OfMetric::Kind(kind))
    }

    /// Of this component; `""` for the rows that have none.
    pub fn component(self, component: &str) -> Self {
        self.with(OfMetric::Component(component.to_owned()))
    }

    /// Of one session.
    pub fn session(self, session_h: &str) -> Self {
        self.with(OfMetric::Session(session_h.to_owned()))
    }

    /// Of one execution context.
    pub fn context(self, env_h: &str) -> Self {
        self.with(OfMetric::Context(env_h.to_owned()))
    }

    /// Of the sessions that `sessions` selects (its page is ignored).
    pub fn sessions(self, sessions: &Sessions) -> Self {
        self.with(OfMetric::Sessions(sessions.conditions()))
    }

    /// Only the `count` rows with the highest values, highest first; rows without a value are left out.
    pub fn most(self, resource: Resource, count: u64) -> Self {
        self.ranked(resource, true, count)
    }

    /// Only the `count` rows with the lowest values, lowest first; rows without a value are left out.
    pub fn least(self, resource: Resource, count: u64) -> Self {
        self.ranked(resource, false, count)
    }

    /// Only `count` rows after the first `offset`.
    pub fn page(mut self, offset: u64, count: u64) -> Self {
        self.page = Page { offset, limit: Some(count) };
        self
    }

    fn ranked(mut self, resource: Resource, greatest_first: bool, count: u64) -> Self {
        self.order = Some((resource, greatest_first));
        self.page.limit = Some(count);
        self.with(OfMetric::Measured(resource))
    }

    fn with(mut self, condition: OfMetric) -> Self {
        self.conditions.push(condition);
        self
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
#[must_use]
pub struct Sessions {
    conditions: Vec<OfSession>,
    tags: Vec<(String, Option<String>)>,
    any_tag: bool,
    pub(crate) newest_first: bool,
    pub(crate) page: Page,
}

impl Sessions {
    /// Every session, in the order of insertion.
    pub fn all() -> Self {
        Self::default()
    }

    /// With this field in the description, with the value or, if `None`, with any.
    pub fn tag(mut self, name: &str, value: Option<&str>) -> Self {
        self.tags.push((name.to_owned(), value.map(str::to_owned)));
        self
    }

    /// Selects sessions with at least one of the given [`Sessions::tag`]s, instead of all of them.
    pub fn any_tag(mut self) -> Self {
        self.any_tag = true;
        self
    }

    /// Of this pipeline (tag `pipeline_branch`).
    pub fn pipeline(self, pipeline: &str) -> Self {
        self.with(OfSession::AnyTag(vec![("pipeline_branch".to_owned(), Some(pipeline.to_owned()))]))
    }

    /// Of this build (tag `pipeline_build_no`).
    pub fn build(self, build: &str) -> Self {
        self.with(OfSession::AnyTag(vec![("pipeline_build_no".to_owned(), Some(build.to_owned()))]))
    }

    /// With metric rows of this component; `""` for those that have none.
    pub fn component(self, component: &str) -> Self {
        self.with(OfSession::Component(component.to_owned()))
    }

    /// Of this revision.
    pub fn revision(self, scm_id: &str) -> Self {
        self.with(OfSession::Revision(Like::Equal(scm_id.to_owned())))
    }

    /// Of revisions that begin with `prefix`.
    pub fn revision_prefix(self, prefix: &str) -> Self {
        self.with(OfSession::Revision(Like::Prefix(prefix.to_owned())))
    }

    /// Whose identifier begins with `prefix`.
    pub fn id_prefix(self, prefix: &str) -> Self {
        self.with(OfSession::Id(Like::Prefix(prefix.to_owned())))
    }

    fn with(mut self, condition: OfSession) -> Self {
        self.conditions.push(condition);
        self
    }

    /// Only the `count` newest, newest first.
    pub fn newest(mut self, count: u64) -> Self {
        self.newest_first = true;
        self.page.limit = Some(count);
        self
    }

    /// Newest first instead of in the order of insertion.
    pub fn newest_first(mut self) -> Self {
        self.newest_first = true;
        self
    }

    /// Only `count` sessions after the first `offset`.
    pub fn page(mut self, offset: u64, count: u64) -> Self {
        self.page = Page { offset, limit: Some(count) };
        self
    }

    /// Joined by `and`.
    pub(crate) fn conditions(&self) -> Vec<OfSession> {
        let tags = if self.any_tag {
            Vec::from_iter((!self.tags.is_empty()).then(|| self.tags.clone()))
        } else {
            self.tags.iter().map(|tag| vec![tag.clone()]).collect()
        };
        self.conditions.iter().cloned().chain(tags.into_iter().map(OfSession::AnyTag)).collect()
    }
}

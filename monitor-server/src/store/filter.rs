//! What is asked for: one filter for contexts, sessions and runs.

use monitor_store::Resource;

/// What rows must have. An empty filter selects every row of the project.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The project.
    pub project: String,
    /// Identifier of the session.
    pub session: Option<Text>,
    /// Identifier of the context.
    pub context: Option<Text>,
    /// Module path of the test.
    pub path: Option<Text>,
    /// Function name.
    pub item: Option<Text>,
    /// Function name with parameters.
    pub variant: Option<Text>,
    /// Path and variant of the tests, one of these; any if there are none.
    pub tests: Vec<(String, String)>,
    /// Kind of the row.
    pub kind: Option<Text>,
    /// Component; of a session: that it has a run of it.
    pub component: Option<Text>,
    /// Revision of the session.
    pub revision: Option<Text>,
    /// Tag `pipeline_branch` of the session.
    pub pipeline: Option<String>,
    /// Tag `pipeline_build_no` of the session.
    pub build: Option<String>,
    /// Tags of the session.
    pub tags: Vec<Tag>,
    /// Whether one of the tags is enough.
    pub any_tag: bool,
    /// Sessions that are not over.
    pub open: bool,
    /// Runs without metrics too: tests that did not end.
    pub unfinished: bool,
    /// Runs that did not pass.
    pub failed: bool,
    /// Runs with what each function cost.
    pub costs: bool,
    /// Order of runs.
    pub order: Order,
}

impl Filter {
    /// Every row of a project.
    #[must_use]
    pub fn project(name: &str) -> Self {
        Self { project: name.to_owned(), ..Self::default() }
    }

    /// The rows of one session, those without metrics too.
    #[must_use]
    pub fn session(project: &str, session_h: &str) -> Self {
        Self { session: Some(Text::Is(session_h.to_owned())), unfinished: true, ..Self::project(project) }
    }

    /// Whether it says which tests: then only the runs tell how many there are.
    pub(super) const fn names_tests(&self) -> bool {
        self.path.is_some() || self.item.is_some() || self.variant.is_some()
    }

    /// Whether it names tests exactly, so that they can be looked up.
    pub(super) const fn is_of_tests(&self) -> bool {
        matches!((&self.item, &self.variant), (Some(Text::Is(_)), _) | (_, Some(Text::Is(_))))
    }
}

/// What a text must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// Exactly this.
    Is(String),
    /// This at its start, whatever the case of ASCII letters.
    StartsWith(String),
    /// This somewhere, whatever the case of ASCII letters.
    Contains(String),
    /// This, where `%` stands for anything, whatever the case of ASCII letters.
    Like(String),
}

/// A tag that a session must have.
#[derive(Clone, Debug)]
pub struct Tag {
    /// Its name.
    pub name: String,
    /// Its value; `None` for any that is not empty.
    pub value: Option<String>,
}

/// Order of runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As they came.
    #[default]
    Insertion,
    /// Those that need most first.
    Highest(Resource),
    /// Those that need least first.
    Lowest(Resource),
}

/// The resources by their names in addresses.
pub const RESOURCES: [(&str, Resource); 5] = [
    ("memory", Resource::Memory),
    ("cpu", Resource::Cpu),
    ("kernel_time", Resource::KernelTime),
    ("user_time", Resource::UserTime),
    ("total_time", Resource::TotalTime),
];

/// The column of `runs` that has it.
pub(super) const fn column(resource: Resource) -> &'static str {
    match resource {
        Resource::TotalTime => "total_time",
        Resource::UserTime => "user_time",
        Resource::KernelTime => "kernel_time",
        Resource::Cpu => "cpu_usage",
        Resource::Memory => "mem_usage",
    }
}

/// A part of a long answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Rows before it.
    pub offset: u64,
    /// Rows of it at most.
    pub limit: u64,
}

impl Page {
    /// Everything.
    pub const ALL: Self = Self { offset: 0, limit: i64::MAX as u64 };

    /// The first `limit` rows.
    #[must_use]
    pub const fn first(limit: u64) -> Self {
        Self { offset: 0, limit }
    }
}

/// Names that can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Of projects, whatever the filter.
    Projects,
    /// Of components.
    Components,
    /// Of pipelines: sessions' tag `pipeline_branch`.
    Pipelines,
    /// Of builds: sessions' tag `pipeline_build_no`.
    Builds,
    /// Identifiers of sessions.
    Sessions,
}

/// Rows that can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Contexts.
    Contexts,
    /// Sessions.
    Sessions,
    /// Runs with metrics, or all if the filter says so.
    Runs,
}

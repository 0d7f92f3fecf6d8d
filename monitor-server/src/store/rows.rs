//! Rows as clients send and get them. Texts are kept as they came: pytest-monitor's kinds and times are not only ours.

pub use monitor_client::wire::{Class, Context};
use monitor_store::{Attribution, Cost, Measures, MemSource, Outcome};

use super::digest::digest;
use super::measures;
use super::value::Value;

/// One invocation of a test command.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Session {
    /// Identifier.
    pub h: String,
    /// As the compatible API prints dates.
    pub run_date: String,
    /// Revision of the sources.
    pub scm_ref: Option<String>,
    /// Tags in their order.
    pub tags: Vec<(String, Option<String>)>,
    /// What pytest-monitor does not know.
    pub facts: Facts,
    /// The context of one of its runs, which is read and not written; empty if there is none.
    pub context_h: String,
    /// How many runs it has, which is read and not written.
    pub runs: u64,
    /// Those of them that ended, which is read and not written.
    pub finished: u64,
    /// The verdict when it ended, in one or two words, which is read and not written here; empty if it was not judged.
    pub verdict: String,
}

/// A verdict on a session that is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// The session.
    pub session_h: String,
    /// The verdict in one or two words.
    pub verdict: String,
}

impl Session {
    /// The value of a tag, unless it is empty.
    #[must_use]
    pub fn tag(&self, name: &str) -> Option<&str> {
        let value = self.tags.iter().find(|(tag, _)| tag == name)?.1.as_deref()?;
        (!value.is_empty()).then_some(value)
    }
}

/// What a session's sender may say beyond pytest-monitor, and when the server got it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Branch of the sources.
    pub branch: Option<String>,
    /// Where that branch left the one it will be merged into.
    pub merge_base: Option<String>,
    /// Number of the pull request.
    pub pull_request: Option<String>,
    /// Where to see the CI's run.
    pub ci_url: Option<String>,
    /// When the server first heard of the session, by its own clock.
    pub received_at: String,
    /// When the server heard that it is over.
    pub ended_at: Option<String>,
}

/// One run of a test, or the row of a module or session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// The session.
    pub session_h: String,
    /// The context; empty if it is not known.
    pub context_h: String,
    /// Start, as it came.
    pub start: String,
    /// 0, 1, … among rows of the same session, path, variant and start.
    pub nth: i64,
    /// Module path.
    pub path: String,
    /// Function name.
    pub item: String,
    /// Function name with parameters.
    pub variant: String,
    /// Source file.
    pub fs_loc: String,
    /// What the row is about.
    pub kind: String,
    /// Part of the product.
    pub component: String,
    /// Cargo package; empty for pytest-monitor's rows.
    pub package: String,
    /// Test binary; empty for pytest-monitor's rows.
    pub binary: String,
    /// What pytest-monitor knows; `None` for a test that did not end.
    pub figures: Option<Figures>,
    /// What we know beyond.
    pub profile: Option<Profile>,
    /// What each function cost, which is read only where a filter asks for it; empty if that was not counted.
    pub costs: Vec<Cost>,
}

impl Run {
    /// Its figures in the order of their columns.
    pub(crate) fn figures(&self) -> [Option<f64>; 5] {
        let of = |figures: Figures| {
            let Figures { total_time, user_time, kernel_time, cpu_usage, mem_usage } = figures;
            [Some(total_time), user_time, kernel_time, cpu_usage, mem_usage]
        };
        self.figures.map_or([None; 5], of)
    }

    /// What tells one description of a test from another.
    pub(super) fn test_hash(&self, project: i64) -> [u8; 32] {
        let project = project.to_string();
        digest(std::iter::once(project.as_str()).chain(self.texts()))
    }

    /// The texts of its test, in the order of the columns.
    pub(super) fn texts(&self) -> [&str; 8] {
        let Self { path, item, variant, fs_loc, kind, component, package, binary, .. } = self;
        [path, item, variant, fs_loc, kind, component, package, binary]
    }
}

/// Numbers of a metric row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Wall time, s.
    pub total_time: f64,
    /// CPU time in user space, s.
    pub user_time: Option<f64>,
    /// CPU time in the kernel, s.
    pub kernel_time: Option<f64>,
    /// 1.0 is one core busy.
    pub cpu_usage: Option<f64>,
    /// MiB.
    pub mem_usage: Option<f64>,
}

/// A profile row.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// 1, 2, … for a runner's retries.
    pub attempt: u32,
    /// How the test ended.
    pub outcome: Outcome,
    /// How the numbers were obtained.
    pub attribution: Option<Attribution>,
    /// What `mem_usage` is.
    pub mem_source: Option<MemSource>,
    /// The numbers.
    pub measures: Measures,
}

impl Profile {
    /// The values in the order of the columns, from `attempt` on.
    pub(super) fn cells(&self) -> impl Iterator<Item = Value> {
        let words = [
            Value::Integer(i64::from(self.attempt)),
            Value::text(self.outcome.as_str()),
            Value::maybe(self.attribution.map(Attribution::as_str)),
            Value::maybe(self.mem_source.map(MemSource::as_str)),
        ];
        words.into_iter().chain(measures::values(&self.measures))
    }
}

/// Who may do what.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// What people call it.
    pub name: String,
    /// SHA-256 of the secret.
    pub hash: Vec<u8>,
    /// What it allows.
    pub access: Access,
    /// The only project that it is for; `None` for all.
    pub project: Option<String>,
    /// When it ends, in seconds since 1970.
    pub expires_at: Option<i64>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("name", &self.name).field("access", &self.access).finish_non_exhaustive()
    }
}

/// What a token allows; each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Access {
    /// To read a project.
    Read,
    /// To send results too.
    Write,
    /// Everything.
    Admin,
}

impl Access {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        ["read", "write", "admin"][self as usize]
    }

    /// What the word in the database stands for; the least if it is none of ours.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        [Self::Admin, Self::Write].into_iter().find(|access| access.as_str() == word).unwrap_or(Self::Read)
    }
}

//! Everything that a test process writes, to the file or, one JSON line each, to a spool file.

use crate::fields::{Field, before, field, write_object};
use crate::json::Json;
use crate::rows::{ContextClass, ExecutionContext, Metric, Process, Profile, ProfileKey, Session};
use crate::words::Attribution;

/// One thing to write.
#[expect(clippy::large_enum_variant, reason = "the largest variant is the usual one, and few live at once")]
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A session, unless it is there, with the text of its `Cargo.lock`.
    Session {
        /// The row.
        session: Session,
        /// Text of the lockfile.
        lockfile: Option<String>,
    },
    /// An execution context and its machine class, unless they are there.
    Context {
        /// The row of `EXECUTION_CONTEXTS`.
        context: ExecutionContext,
        /// The row of `CONTEXT_CLASSES`.
        class: ContextClass,
    },
    /// A process, unless it is there.
    Process(Process),
    /// A test begins: a profile row whose outcome is [`Outcome::Running`](crate::Outcome::Running).
    Started(Profile),
    /// A test ended: its metric row, and the rest of its profile row.
    Finished {
        /// The row of `TEST_METRICS`.
        metric: Metric,
        /// The row of `TEST_PROFILES`.
        profile: Profile,
    },
    /// The attribution of an ended test turned out to be another.
    Reattributed {
        /// The test.
        key: ProfileKey,
        /// The attribution from now on.
        attribution: Attribution,
    },
    /// A test that began will not end.
    Crashed {
        /// The test.
        key: ProfileKey,
    },
    /// A process has ended, and needs not be looked for.
    Ended {
        /// Its session.
        session_h: String,
        /// The process.
        process_h: String,
    },
}

impl Entry {
    /// Writes the line of a spool file behind what is there, without its newline.
    pub(crate) fn write(&self, json: &mut String) {
        let (kind, fields): (&str, &[(&str, &dyn Field)]) = match self {
            Self::Session { session, lockfile } => {
                ("{\"session\":", &[(before!("session"), session), (before!("lockfile"), lockfile)])
            }
            Self::Context { context, class } => {
                ("{\"context\":", &[(before!("context"), context), (before!("class"), class)])
            }
            Self::Process(process) => ("{\"process\":", &[(before!("process"), process)]),
            Self::Started(profile) => ("{\"started\":", &[(before!("profile"), profile)]),
            Self::Finished { metric, profile } => {
                ("{\"finished\":", &[(before!("metric"), metric), (before!("profile"), profile)])
            }
            Self::Reattributed { key, attribution } => {
                ("{\"reattributed\":", &[(before!("key"), key), (before!("attribution"), attribution)])
            }
            Self::Crashed { key } => ("{\"crashed\":", &[(before!("key"), key)]),
            Self::Ended { session_h, process_h } => {
                ("{\"ended\":", &[(before!("session_h"), session_h), (before!("process_h"), process_h)])
            }
        };
        json.push_str(kind);
        write_object(json, fields.iter().copied());
        json.push('}');
    }

    /// The entry of a line; `None` if it is none of this version.
    pub(crate) fn from_json(line: Json) -> Option<Self> {
        let Json::Object(line) = line else {
            return None;
        };
        let (kind, fields) = line.first()?;
        Some(match kind.as_str() {
            "session" => Self::Session { session: field(fields, "session")?, lockfile: field(fields, "lockfile")? },
            "context" => Self::Context { context: field(fields, "context")?, class: field(fields, "class")? },
            "process" => Self::Process(field(fields, "process")?),
            "started" => Self::Started(field(fields, "profile")?),
            "finished" => Self::Finished { metric: field(fields, "metric")?, profile: field(fields, "profile")? },
            "reattributed" => {
                Self::Reattributed { key: field(fields, "key")?, attribution: field(fields, "attribution")? }
            }
            "crashed" => Self::Crashed { key: field(fields, "key")? },
            "ended" => Self::Ended { session_h: field(fields, "session_h")?, process_h: field(fields, "process_h")? },
            _ => return None,
        })
    }
}

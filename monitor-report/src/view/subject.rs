//! What the report is about.

use monitor_store::{Session, Timestamp};

use super::sessions;
use crate::comparison::Sides;
use crate::document::{Cell, Column, Value};
use crate::error::ReportError;
use crate::render::short;
use crate::select;
use crate::source::{Records, Source};

/// A session, what it is compared with, and how far back its tests' histories go.
pub struct Subject {
    /// The session.
    pub session: Session,
    /// `None` if there is nothing to compare with.
    pub sides: Option<Sides>,
    /// Beginning of the histories, if a range was asked for.
    pub from: Option<Timestamp>,
}

impl Subject {
    /// The session or range that a user names.
    ///
    /// # Errors
    ///
    /// If a name selects nothing, or the rows cannot be read.
    pub fn find(records: Records<'_>, text: &str) -> Result<Self, ReportError> {
        let Some((from, to)) = text.split_once("..") else {
            let session = select::session(records, text)?;
            let sides = Sides::since_last(records.source, &session)?;
            return Ok(Self { session, sides, from: None });
        };
        let name = |text: &str| if text.is_empty() { "latest".to_owned() } else { text.to_owned() };
        let (base, session) = (select::session(records, &name(from))?, select::session(records, &name(to))?);
        let from = Some(base.run_date.min(session.run_date));
        let is_other = base.session_h != session.session_h;
        let head = vec![session.clone()];
        let sides = is_other.then(|| Sides::between(records.source, base, head)).transpose()?;
        Ok(Self { session, sides, from })
    }

    /// The session in a line.
    pub(super) fn words(&self) -> String {
        format!("Session {} of {}", short(&self.session.session_h), words(&self.session))
    }

    /// All that is known of session and machine, what tables hide too.
    pub(super) fn machine(&self, source: &dyn Source) -> Result<Vec<(Column, Cell)>, ReportError> {
        let facts = sessions::facts(source, &self.session)?;
        let mut facts: Vec<_> = facts.into_iter().map(|(column, cell)| (shown(column), cell)).collect();
        let details = source.details(&self.session.session_h)?;
        if let Some(context) = details.and_then(|details| details.context) {
            facts.push((Column::new("system", "system"), Value::text(&context.system_info).into()));
            facts.push((Column::new("architecture", "architecture"), Value::text(&context.machine_type).into()));
            facts.push((Column::new("toolchain", "toolchain"), Value::text(&context.python_info).into()));
        }
        Ok(facts)
    }
}

/// A session in words, without its identifier.
#[must_use]
pub fn words(session: &Session) -> String {
    let mut words = vec![format!("{} UTC", session.run_date.to_string()[..16].replace('T', " "))];
    words.extend(commit(session));
    words.extend(select::branches(session).next().map(|branch| format!("branch {branch}")));
    words.extend(select::fact(session, "description").map(str::to_owned));
    words.join(" · ")
}

/// The commit of a session in words, if it is known.
pub(super) fn commit(session: &Session) -> Option<String> {
    let changes = if select::is_dirty(session) { " with uncommitted changes" } else { "" };
    (!session.scm_id.is_empty()).then(|| format!("commit {}{changes}", short(&session.scm_id)))
}

/// The column, with a title where people see it nowhere else.
fn shown(column: Column) -> Column {
    let title = match column.key {
        "dirty" => "uncommitted changes",
        "cpu" => "processor",
        "cpu_count" => "logical processors",
        "memory_mib" => "memory (MiB)",
        "machine_class" => "machine class",
        "lockfile" => "lock file",
        _ => column.title,
    };
    Column::new(column.key, title)
}

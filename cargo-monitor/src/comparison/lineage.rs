//! What a session comes from: by the repository's history where it is known, else by time.

use std::collections::HashSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use monitor_store::{Session, Timestamp};

use crate::select;

/// So many ancestors are asked for at most.
const ANCESTORS: usize = 20_000;

/// The code that a session ran: its commit, if there were no changes beside it.
pub(crate) fn code(session: &Session) -> Option<&str> {
    let is_clean = select::fact(session, "git_dirty") != Some("true");
    (is_clean && !session.scm_id.is_empty()).then_some(session.scm_id.as_str())
}

/// The past of a session.
pub(super) struct Lineage {
    time: Timestamp,
    session_h: String,
    /// Commits that the repository has, of those that were asked for, and of them the ancestors.
    known: HashSet<String>,
    ancestors: HashSet<String>,
}

impl Lineage {
    /// By time alone.
    pub(super) fn by_time(head: &Session) -> Self {
        Self {
            time: head.run_date,
            session_h: head.session_h.clone(),
            known: HashSet::new(),
            ancestors: HashSet::new(),
        }
    }

    /// By the repository of the current folder, for the commits of these sessions.
    pub(super) fn of(head: &Session, sessions: &[Session]) -> Self {
        let mut lineage = Self::by_time(head);
        if head.scm_id.is_empty() {
            return lineage;
        }
        let count = format!("--max-count={ANCESTORS}");
        if let Some(listed) = git(&["rev-list", &count, &head.scm_id, "--"], "") {
            lineage.ancestors = listed.lines().map(str::to_owned).collect();
            let commits: HashSet<&str> = sessions.iter().map(|session| session.scm_id.as_str()).collect();
            let asked: String = commits.iter().filter(|id| !id.is_empty()).map(|id| format!("{id}\n")).collect();
            let answer = git(&["cat-file", "--batch-check=%(objectname)"], &asked).unwrap_or_default();
            lineage.known = answer.lines().filter(|line| !line.contains(' ')).map(str::to_owned).collect();
        }
        lineage
    }

    /// Whether the head comes from this session's code: its commit is an ancestor, or, where that is not known, it ran
    /// before.
    pub(super) fn is_before(&self, session: &Session) -> bool {
        if self.known.contains(&session.scm_id) {
            return self.ancestors.contains(&session.scm_id);
        }
        (session.run_date, session.session_h.as_str()) < (self.time, self.session_h.as_str())
    }
}

/// What git says in the current folder; `None` if there is no git, no repository or no such commit.
fn git(args: &[&str], input: &str) -> Option<String> {
    let mut command = Command::new("git");
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let mut stdin = child.stdin.take()?;
    let input = input.to_owned();
    // Git answers while it reads.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().ok()?;
    let _ = writer.join();
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

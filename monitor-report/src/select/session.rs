//! The sessions that a user names.

use monitor_store::{Session, Timestamp};

use super::error::{Near, SelectError};
use super::facts::branches;
use super::near;
use crate::error::ReportError;
use crate::render::short;
use crate::source::Records;

/// The one session that a text names.
///
/// # Errors
///
/// [`SelectError`] if there is none or not one, or a reason why the rows cannot be read.
pub fn session(records: Records<'_>, text: &str) -> Result<Session, ReportError> {
    let (name, back) = split_back(text);
    if name == "latest" {
        return latest(records, text, back);
    }
    match named(records, text, &|_| false)? {
        Named::ByCommit(sessions) => one(sessions, text, 0),
        Named::InFile(sessions) => one(sessions, text, back),
    }
}

/// A session that is dated so many seconds from now is one of a clock that is wrong, not the latest.
const FUTURE_SECONDS: f64 = 86_400.0;

fn latest(records: Records<'_>, text: &str, back: usize) -> Result<Session, ReportError> {
    let now = Timestamp::now();
    let newest = records.source.newest(back + 1)?;
    let is_sound = |session: &Session| session.run_date.seconds_since(now) < FUTURE_SECONDS;
    if newest.iter().all(is_sound) {
        return one(newest, text, back);
    }
    let (sound, future): (Vec<Session>, Vec<Session>) = records.source.sessions()?.into_iter().partition(is_sound);
    one([sound, future].concat(), text, back)
}

/// The sessions that a text stands for, newest first: itself for a session (`latest`, an identifier, whatever has
/// `~N` behind), else all that it selects.
///
/// # Errors
///
/// As [`session`].
pub fn group(records: Records<'_>, text: &str) -> Result<Vec<Session>, ReportError> {
    group_without(records, text, &|_| false)
}

/// As [`group`], but where a name of git's means a commit with no other sessions than these (`origin/main`, on `main`), it stands
/// for the nearest commit before it that has others.
///
/// # Errors
///
/// As [`session`].
pub fn group_without(
    records: Records<'_>,
    text: &str,
    is_excluded: &dyn Fn(&Session) -> bool,
) -> Result<Vec<Session>, ReportError> {
    let (name, back) = split_back(text);
    if name == "latest" {
        return Ok(vec![latest(records, text, back)?]);
    }
    match named(records, text, is_excluded)? {
        Named::InFile(sessions) if back > 0 || text.contains("~0") => Ok(vec![one(sessions, text, back)?]),
        Named::InFile(sessions) | Named::ByCommit(sessions) => Ok(sessions),
    }
}

/// Every session that a text selects, newest first; never none.
///
/// # Errors
///
/// As [`session`].
pub fn sessions(records: Records<'_>, text: &str) -> Result<Vec<Session>, ReportError> {
    let (name, back) = split_back(text);
    if name == "latest" {
        return Ok(vec![latest(records, text, back)?]);
    }
    match named(records, text, &|_| false)? {
        Named::ByCommit(sessions) => Ok(sessions),
        Named::InFile(sessions) if back >= sessions.len() => {
            Err(SelectError::TooFar { text: text.to_owned(), count: sessions.len() }.into())
        }
        Named::InFile(mut sessions) => Ok(sessions.split_off(back)),
    }
}

/// What a text names.
enum Named {
    /// By the names in the rows, of which `~N` counts back.
    InFile(Vec<Session>),
    /// By git's names, in which `~N` is git's.
    ByCommit(Vec<Session>),
}

/// The names in the rows come first.
fn named(records: Records<'_>, text: &str, is_excluded: &dyn Fn(&Session) -> bool) -> Result<Named, ReportError> {
    if split_back(text).0.trim().is_empty() {
        return Err(SelectError::Nameless.into());
    }
    let all = records.source.sessions()?;
    match select(&all, split_back(text).0) {
        Err(unknown @ SelectError::Unknown { .. }) => match records.repository.commit(text) {
            Some(commit) => Ok(Named::ByCommit(of_commit(records, &all, text, &commit, is_excluded)?)),
            None => Err(unknown.into()),
        },
        sessions => Ok(Named::InFile(sessions?)),
    }
}

/// The sessions of a commit; of the nearest that it comes from, where all of its own, if any, are excluded.
fn of_commit(
    records: Records<'_>,
    all: &[Session],
    text: &str,
    commit: &str,
    is_excluded: &dyn Fn(&Session) -> bool,
) -> Result<Vec<Session>, ReportError> {
    let of = |commit: &str| all.iter().filter(|session| session.scm_id == commit).cloned().collect::<Vec<_>>();
    let sessions = of(commit);
    if sessions.iter().any(|session| !is_excluded(session)) {
        return Ok(sessions);
    }
    let ancestors = records.repository.ancestors(commit).unwrap_or_default();
    match all.iter().find(|session| ancestors.contains(&session.scm_id) && !is_excluded(session)) {
        Some(nearest) => Ok(of(&nearest.scm_id)),
        None if !sessions.is_empty() => Ok(sessions),
        None => Err(SelectError::NotMeasured { text: text.to_owned(), commit: short(commit) }.into()),
    }
}

fn one(sessions: Vec<Session>, text: &str, back: usize) -> Result<Session, ReportError> {
    let count = sessions.len();
    match sessions.into_iter().nth(back) {
        Some(session) => Ok(session),
        None if count == 0 => Err(SelectError::Empty.into()),
        None => Err(SelectError::TooFar { text: text.to_owned(), count }.into()),
    }
}

/// `latest~2` is `latest` and 2.
fn split_back(text: &str) -> (&str, usize) {
    let split = text.rsplit_once('~').and_then(|(name, back)| Some((name, back.parse().ok()?)));
    split.unwrap_or((text, 0))
}

/// One way to read what a user named.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Meaning {
    Commit(String),
    Branch(String),
    Session(String),
    Date(String),
    Tag(String, Option<String>),
}

impl Meaning {
    fn matches(&self, session: &Session) -> bool {
        match self {
            Self::Commit(prefix) => !session.scm_id.is_empty() && session.scm_id.starts_with(prefix.as_str()),
            Self::Branch(name) => branches(session).any(|branch| branch == name),
            Self::Session(prefix) => session.session_h.starts_with(prefix.as_str()),
            Self::Date(prefix) => session.run_date.to_string().starts_with(prefix.replace(' ', "T").as_str()),
            Self::Tag(key, value) => {
                let is = |(k, v): &(String, String)| k == key && value.as_ref().is_none_or(|value| v == value);
                session.description.iter().any(is)
            }
        }
    }

    /// The selector that has this meaning only.
    fn selector(&self) -> String {
        match self {
            Self::Commit(id) => format!("commit:{}", short(id)),
            Self::Branch(name) => format!("branch:{name}"),
            Self::Session(id) => format!("session:{}", short(id)),
            Self::Date(date) => format!("date:{date}"),
            Self::Tag(key, Some(value)) => format!("tag:{key}={value}"),
            Self::Tag(key, None) => format!("tag:{key}"),
        }
    }
}

fn select(all: &[Session], name: &str) -> Result<Vec<Session>, SelectError> {
    if all.is_empty() {
        return Err(SelectError::Empty);
    }
    // A whole identifier names one session, though others may begin with it.
    let whole = name.strip_prefix("session:").unwrap_or(name);
    if let Some(session) = all.iter().find(|session| [name, whole].contains(&session.session_h.as_str())) {
        return Ok(vec![session.clone()]);
    }
    let meanings = meanings(all, name);
    match meanings.as_slice() {
        [] => Err(SelectError::Unknown { text: name.to_owned(), near: Near(near::names(all, name)) }),
        [meaning] => Ok(all.iter().filter(|session| meaning.matches(session)).cloned().collect()),
        [first, ..] => Err(SelectError::Ambiguous {
            text: name.to_owned(),
            meanings: meanings.iter().take(5).map(Meaning::selector).collect::<Vec<_>>().join(" and "),
            example: first.selector(),
        }),
    }
}

/// The ways to read a name that select anything. Two commits or two sessions with the same prefix are two ways.
fn meanings(all: &[Session], name: &str) -> Vec<Meaning> {
    let tag = |text: &str| match text.split_once('=') {
        Some((key, value)) => Meaning::Tag(key.to_owned(), Some(value.to_owned())),
        None => Meaning::Tag(text.to_owned(), None),
    };
    let one =
        |meaning: Meaning| if all.iter().any(|session| meaning.matches(session)) { vec![meaning] } else { vec![] };
    match name.split_once(':') {
        Some(("commit", prefix)) => commits(all, prefix),
        Some(("branch", branch)) => one(Meaning::Branch(branch.to_owned())),
        Some(("session", prefix)) => ids(all, prefix),
        Some(("date", date)) => one(Meaning::Date(date.to_owned())),
        Some(("tag", text)) => one(tag(text)),
        _ => {
            let mut meanings = one(Meaning::Branch(name.to_owned()));
            if is_date(name) {
                meanings.extend(one(Meaning::Date(name.to_owned())));
            }
            meanings.extend(commits(all, name));
            meanings.extend(ids(all, name));
            meanings
        }
    }
}

/// The commits that begin with a prefix.
fn commits(all: &[Session], prefix: &str) -> Vec<Meaning> {
    distinct(all.iter().map(|session| session.scm_id.as_str()), prefix).map(Meaning::Commit).collect()
}

/// The sessions whose identifier begins with a prefix.
fn ids(all: &[Session], prefix: &str) -> Vec<Meaning> {
    distinct(all.iter().map(|session| session.session_h.as_str()), prefix).map(Meaning::Session).collect()
}

fn distinct<'a>(ids: impl Iterator<Item = &'a str>, prefix: &str) -> impl Iterator<Item = String> {
    let mut distinct: Vec<String> = Vec::new();
    for id in ids.filter(|id| !prefix.is_empty() && id.starts_with(prefix)) {
        if !distinct.iter().any(|known| known == id) {
            distinct.push(id.to_owned());
        }
    }
    distinct.into_iter()
}

/// Whether a text is the beginning of a time: a year and a month at least.
fn is_date(text: &str) -> bool {
    let pattern = b"dddd-dd-dd";
    let fits = |(&byte, &wanted): (&u8, &u8)| if wanted == b'd' { byte.is_ascii_digit() } else { byte == wanted };
    text.len() >= 7 && text.as_bytes().iter().zip(pattern).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(id: &str, date: &str, commit: &str, description: &[(&str, &str)]) -> Session {
        Session {
            session_h: id.into(),
            run_date: date.parse().expect("a valid date"),
            scm_id: commit.into(),
            description: description.iter().map(|&(key, value)| (key.into(), value.into())).collect(),
        }
    }

    /// Newest first, as the file gives them.
    fn all() -> Vec<Session> {
        vec![
            session("dd44", "2026-11-23T15:00:00", "beef02", &[("git_branch", "main"), ("suite", "night")]),
            session("cc33", "2026-11-23T14:00:00", "beef01", &[("git_branch", "cab")]),
            session("bb22", "2026-11-22T14:00:00", "cab001", &[("pipeline_branch", "main"), ("suite", "day")]),
            session("aa11", "2026-10-22T14:00:00", "", &[]),
        ]
    }

    fn selected(name: &str) -> Vec<String> {
        let sessions = select(&all(), name).unwrap_or_else(|error| panic!("{name}: {error}"));
        sessions.into_iter().map(|session| session.session_h).collect()
    }

    fn refused(name: &str) -> String {
        select(&all(), name).expect_err(name).to_string()
    }

    #[test]
    fn every_way_to_name_sessions() {
        let cases: [(&str, &[&str]); 13] = [
            ("beef02", &["dd44"]),
            ("beef01", &["cc33"]),
            ("commit:cab", &["bb22"]),
            ("branch:cab", &["cc33"]),
            ("main", &["dd44", "bb22"]),
            ("tag:suite=night", &["dd44"]),
            ("tag:suite", &["dd44", "bb22"]),
            ("aa", &["aa11"]),
            ("aa11", &["aa11"]),
            ("session:b", &["bb22"]),
            ("2026-11", &["dd44", "cc33", "bb22"]),
            ("2026-11-23T14", &["cc33"]),
            ("date:2026-11-23 15", &["dd44"]),
        ];
        for (name, expected) in cases {
            assert_eq!(selected(name), expected, "{name}");
        }
    }

    #[test]
    fn what_is_ambiguous_or_unknown_is_explained() {
        assert_eq!(
            refused("cab"),
            "`cab` is ambiguous, it can be branch:cab and commit:cab001: write more of it, or name one kind, for example `branch:cab`"
        );
        assert!(refused("beef").contains("commit:beef02 and commit:beef01"));
        assert!(refused("mian").contains("did you mean `main`?"), "{}", refused("mian"));
        assert!(
            refused("tag:suite=nigth").contains("did you mean `tag:suite=night`"),
            "{}",
            refused("tag:suite=nigth")
        );
        assert!(!refused("zzzzzzzz").contains("did you mean"));
        assert!(refused("commit:").contains("no session"));
        assert!(matches!(select(&[], "main"), Err(SelectError::Empty)));
    }

    #[test]
    fn a_tilde_counts_back() {
        assert_eq!(split_back("latest~2"), ("latest", 2));
        assert_eq!(split_back("feature~x"), ("feature~x", 0));
        assert_eq!(one(all(), "latest~3", 3).expect("there are four").session_h, "aa11");
        let error = one(all(), "latest~4", 4).expect_err("there are only four");
        assert_eq!(error.to_string(), "`latest~4` goes back too far: there are 4 such sessions");
    }
}

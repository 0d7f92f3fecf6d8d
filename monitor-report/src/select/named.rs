//! The tests that a user names.
//!
//! A text stands for the test of this variant or `path::variant` (with the test binary and a blank before it, where two
//! binaries have the same), else for all that match it as a glob (`*`, `?`), else for all whose path ends with it, else for all
//! whose name contains it.
//! The newest session with a test that matches decides which ones are there.

use monitor_store::TestId;

use super::error::{SelectError, TestError};
use super::near::ALIKE;
use crate::error::ReportError;
use crate::measure::full_name;
use crate::source::Source;

/// So many of the matching names are listed where only one may match.
const LISTED: usize = 10;

/// The one test that a text names.
///
/// # Errors
///
/// [`TestError`] if there is none or not one, or a reason why the file cannot be read.
pub fn test(source: &dyn Source, text: &str) -> Result<TestId, ReportError> {
    let mut found = matching(source, text)?;
    match found.len() {
        1 => Ok(found.remove(0)),
        _ => Err(ambiguous(text, &found).into()),
    }
}

/// The tests that a text names: one, or those that match a glob.
///
/// # Errors
///
/// As [`test()`].
pub fn tests(source: &dyn Source, text: &str) -> Result<Vec<TestId>, ReportError> {
    let found = matching(source, text)?;
    if found.len() > 1 && !is_glob(text) {
        return Err(ambiguous(text, &found).into());
    }
    Ok(found)
}

/// Never none.
fn matching(source: &dyn Source, text: &str) -> Result<Vec<TestId>, ReportError> {
    if text.trim().is_empty() {
        return Err(TestError::Nameless.into());
    }
    let sessions = source.sessions()?;
    if sessions.is_empty() {
        return Err(SelectError::Empty.into());
    }
    let mut known = Vec::new();
    for session in sessions {
        let found = select(&source.test_ids(&session.session_h)?, text);
        if !found.is_empty() {
            return Ok(found);
        }
        // A name that the newest session has not is most often misspelt: the others, which may be thousands, need not be read.
        if known.is_empty() {
            known = source.known_tests()?;
            if select(&known, text).is_empty() {
                break;
            }
        }
    }
    let near = nearest(&known, text).map_or(String::new(), |name| format!("; did you mean `{name}`?"));
    Err(TestError::Unknown { text: text.to_owned(), near }.into())
}

/// The name that is most like a text, if one is.
fn nearest(ids: &[TestId], text: &str) -> Option<String> {
    let alike = |id: &TestId| {
        let item = id.item();
        strsim::jaro_winkler(text, &id.variant).max(strsim::jaro_winkler(text, item))
    };
    let alike = ids.iter().map(|id| (alike(id), id));
    let (alike, id) = alike.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (alike >= ALIKE).then(|| id.variant.clone())
}

fn select(ids: &[TestId], text: &str) -> Vec<TestId> {
    let end = format!("::{text}");
    let readings: [&dyn Fn(&str) -> bool; 4] =
        [&|name| name == text, &|name| is_glob(text) && matches(text, name), &|name| name.ends_with(&end), &|name| {
            name.contains(text)
        }];
    let selected = |reading: &&dyn Fn(&str) -> bool| -> Vec<TestId> {
        ids.iter().filter(|id| names(id).iter().any(|name| reading(name))).cloned().collect()
    };
    if text.is_empty() {
        return Vec::new();
    }
    readings.iter().map(selected).find(|found| !found.is_empty()).unwrap_or_default()
}

/// The names of a test, from the shortest to the only one that no other test has.
fn names(id: &TestId) -> [String; 3] {
    let full = full_name(id);
    [id.variant.clone(), full.clone(), format!("{} {full}", id.binary)]
}

fn ambiguous(text: &str, found: &[TestId]) -> TestError {
    let is_double = |id: &TestId| found.iter().filter(|other| full_name(other) == full_name(id)).count() > 1;
    let name = |id: &TestId| if is_double(id) { names(id)[2].clone() } else { full_name(id) };
    let mut names: Vec<String> = found.iter().take(LISTED).map(name).collect();
    if found.len() > LISTED {
        names.push("…".to_owned());
    }
    TestError::Ambiguous { text: text.to_owned(), count: found.len(), names: names.join(", ") }
}

fn is_glob(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether a name matches a glob as a whole. Brackets are no glob: variants are full of them.
#[must_use]
pub fn matches(glob: &str, name: &str) -> bool {
    let (glob, name): (Vec<char>, Vec<char>) = (glob.chars().collect(), name.chars().collect());
    let (mut at, mut from) = (0, 0);
    // The last star, and the first character that it does not stand for.
    let mut star: Option<(usize, usize)> = None;
    while from < name.len() {
        if glob.get(at) == Some(&'*') {
            star = Some((at, from));
            at += 1;
        } else if glob.get(at).is_some_and(|wanted| *wanted == '?' || *wanted == name[from]) {
            at += 1;
            from += 1;
        } else if let Some((star_at, star_to)) = star {
            star = Some((star_at, star_to + 1));
            (at, from) = (star_at + 1, star_to + 1);
        } else {
            return false;
        }
    }
    glob[at..].iter().all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(binary: &str, path: &str, variant: &str) -> TestId {
        TestId { package: "demo".into(), binary: binary.into(), path: path.into(), variant: variant.into() }
    }

    fn all() -> Vec<TestId> {
        vec![
            id("demo", "demo::tests", "prime[2]"),
            id("demo", "demo::tests", "prime[23]"),
            id("demo", "demo::other", "prime[2]"),
            id("demo::it", "demo::other", "prime[2]"),
            id("demo", "", "star[\"*\"]"),
        ]
    }

    fn selected(text: &str) -> Vec<usize> {
        let all = all();
        let place = |found: &TestId| all.iter().position(|id| id == found).expect("one of them");
        select(&all, text).iter().map(place).collect()
    }

    #[test]
    fn every_way_to_name_tests() {
        let cases: [(&str, &[usize]); 11] = [
            ("prime[23]", &[1]),
            ("demo::tests::prime[2]", &[0]),
            ("prime[2]", &[0, 2, 3]),
            ("demo::it demo::other::prime[2]", &[3]),
            ("prime[2*", &[0, 1, 2, 3]),
            ("star[\"*\"]", &[4]),
            ("me[23", &[1]),
            ("tests::prime[2]", &[0]),
            ("other::prime[2", &[2, 3]),
            ("none", &[]),
            ("", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(selected(text), expected, "{text}");
        }
    }

    #[test]
    fn globs() {
        for (glob, name) in [("*", ""), ("a*c", "abbc"), ("a*b*c", "a-b-b-c"), ("?b*", "ab"), ("*]", "x[1]")] {
            assert!(matches(glob, name), "{glob} {name}");
        }
        for (glob, name) in [("", "a"), ("a*c", "abcd"), ("?", ""), ("a?", "a"), ("[ab]", "a")] {
            assert!(!matches(glob, name), "{glob} {name}");
        }
    }

    #[test]
    fn what_is_ambiguous_is_listed_with_what_tells_it_apart() {
        let error = ambiguous("prime[2]", &select(&all(), "prime[2]")).to_string();
        assert_eq!(
            error,
            "`prime[2]` matches 3 tests: write more of the name. They are demo::tests::prime[2], \
             demo demo::other::prime[2], demo::it demo::other::prime[2]"
        );
    }
}

//! Changes of files: shown, made, and taken back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use similar::{DiffOp, TextDiff};

/// What was done here is kept in this file, beside `.pymon` and ignored with it, for `--undo`.
const RECORD: &str = ".pymon-init.json";

/// The file of which cargo itself takes out what is no longer needed.
pub(super) const LOCK: &str = "Cargo.lock";

/// A file with its text before and after.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Change {
    /// Below the workspace's root.
    pub path: PathBuf,
    /// `None` if the file was not there.
    pub before: Option<String>,
    pub after: String,
}

impl Change {
    /// The change of a file below `root`; none if it stays as it is.
    pub(super) fn of(root: &Path, path: &Path, before: Option<String>, after: String) -> Option<Self> {
        let path = path.strip_prefix(root).unwrap_or(path).to_owned();
        (before.as_ref() != Some(&after)).then_some(Self { path, before, after })
    }

    /// As `diff -u` shows it.
    pub(super) fn diff(&self) -> String {
        let (path, before) = (self.path.display(), self.before.as_deref().unwrap_or_default());
        let old = if self.before.is_some() { format!("a/{path}") } else { "/dev/null".to_owned() };
        let diff = TextDiff::from_lines(before, &self.after);
        diff.unified_diff().context_radius(3).header(&old, &format!("b/{path}")).to_string()
    }

    /// Writes the file as it is after.
    pub(super) fn make(&self, root: &Path) -> anyhow::Result<()> {
        write(&root.join(&self.path), &self.after)
    }

    /// Writes the file as it was before.
    pub(super) fn unmake(&self, root: &Path) -> anyhow::Result<()> {
        let path = root.join(&self.path);
        match &self.before {
            Some(before) => write(&path, before),
            None => fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display())),
        }
    }

    /// The file without the change, whatever else has changed since: what it says now, if something is to be done, and how many
    /// places of the change could not be found again.
    fn taken_back(&self, now: &str) -> (String, usize) {
        let before = self.before.as_deref().unwrap_or_default();
        if now == self.after {
            return (before.to_owned(), 0);
        }
        if now == before || self.path == Path::new(LOCK) {
            return (now.to_owned(), 0);
        }
        let (old, new): (Vec<&str>, Vec<&str>) = (lines(before), lines(&self.after));
        let current = lines(now);
        // Where each line of the change's result is now, if it still is there.
        let mut place = vec![None; new.len()];
        for op in similar::capture_diff_slices(similar::Algorithm::Patience, &new, &current) {
            if let DiffOp::Equal { old_index, new_index, len } = op {
                (0..len).for_each(|offset| place[old_index + offset] = Some(new_index + offset));
            }
        }
        let mut replaced: Vec<Option<Vec<&str>>> = vec![None; current.len()];
        let mut lost = 0;
        for op in similar::capture_diff_slices(similar::Algorithm::Patience, &old, &new) {
            let (was, is) = (op.old_range(), op.new_range());
            if matches!(op, DiffOp::Equal { .. }) {
                continue;
            }
            let found: Option<Vec<usize>> = is.map(|line| place[line]).collect();
            match found.as_deref() {
                Some([first, rest @ ..]) => {
                    replaced[*first] = Some(old[was].to_vec());
                    rest.iter().for_each(|line| replaced[*line] = Some(Vec::new()));
                }
                _ => lost += 1,
            }
        }
        let result = current.iter().zip(replaced).map(|(line, new)| new.map_or((*line).to_owned(), |new| new.concat()));
        (result.collect(), lost)
    }
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Keeps changes that were made for `--undo`, after those of earlier runs.
pub(super) fn remember(root: &Path, changes: &[Change]) -> anyhow::Result<()> {
    let mut all = recorded(root)?;
    all.extend_from_slice(changes);
    record(root, &all)
}

/// Forgets the last `count` changes, which were not made.
pub(super) fn forget_last(root: &Path, count: usize) -> anyhow::Result<()> {
    let mut all = recorded(root)?;
    all.truncate(all.len().saturating_sub(count));
    record(root, &all)
}

fn record(root: &Path, all: &[Change]) -> anyhow::Result<()> {
    let path = root.join(RECORD);
    if all.is_empty() {
        return match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        };
    }
    write(&path, &serde_json::to_string(all)?)
}

fn recorded(root: &Path) -> anyhow::Result<Vec<Change>> {
    let path = root.join(RECORD);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text.with_context(|| format!("cannot read {}", path.display()))?,
    };
    serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))
}

/// What `--undo` does.
#[derive(Debug, Default)]
pub(super) struct Undone {
    pub changes: Vec<Change>,
    /// Files of which a part can't be taken back, and why.
    pub left: Vec<(PathBuf, String)>,
}

/// What taking back all that was done here makes of the files.
pub(super) fn undo(root: &Path) -> anyhow::Result<Undone> {
    let mut undone = Undone::default();
    for change in recorded(root)?.iter().rev() {
        let known = undone.changes.iter().position(|other| other.path == change.path);
        let now = match known {
            Some(known) => undone.changes[known].after.clone(),
            None => match fs::read_to_string(root.join(&change.path)) {
                Ok(now) => now,
                Err(error) => {
                    undone.left.push((change.path.clone(), format!("cannot read it: {error}")));
                    continue;
                }
            },
        };
        let (after, lost) = change.taken_back(&now);
        if lost > 0 {
            undone
                .left
                .push((change.path.clone(), format!("{lost} places were edited since: look for `monitor_runtime`")));
        }
        match known {
            Some(known) => undone.changes[known].after = after,
            None => undone.changes.push(Change { path: change.path.clone(), before: Some(now), after }),
        }
    }
    Ok(undone)
}

/// Writes what `undo` has found, removes files that were made, and forgets what was done.
pub(super) fn forget(root: &Path, undone: &Undone) -> anyhow::Result<()> {
    let made: Vec<PathBuf> = recorded(root)?.into_iter().filter(|c| c.before.is_none()).map(|c| c.path).collect();
    for change in &undone.changes {
        if change.after.is_empty() && made.contains(&change.path) {
            fs::remove_file(root.join(&change.path))?;
        } else {
            change.make(root)?;
        }
    }
    record(root, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "a\n  #[test]\n  fn t() {}\n#[test] fn u() {}\nz\n";
    const AFTER: &str = "a\n  #[test]\n  #[m]\n  fn t() {}\n#[test] #[m] fn u() {}\nz\n";

    fn taken_back(now: &str) -> (String, usize) {
        Change { path: "x".into(), before: Some(BEFORE.into()), after: AFTER.into() }.taken_back(now)
    }

    #[test]
    fn a_change_is_taken_back_whatever_else_has_changed() {
        assert_eq!(taken_back(AFTER), (BEFORE.to_owned(), 0));
        let edit = |text: &str| text.replace("a\n", "new\na\r\n").replace("z\n", "y");
        assert_eq!(taken_back(&edit(AFTER)), (edit(BEFORE), 0));
    }

    #[test]
    fn what_was_edited_itself_is_left_and_counted() {
        let edited = AFTER.replace("fn u()", "fn v()");
        let expected = BEFORE.replace("#[test] fn u()", "#[test] #[m] fn v()");
        assert_eq!(taken_back(&edited), (expected, 1));
    }
}

//! What was edited between two builds: a change of cost comes from a change of code.

use std::collections::{BTreeMap, BTreeSet};

use super::symbol::package_of;

/// How many times more a difference counts that is due to edited code than as much elsewhere.
pub(crate) const EDITED: u64 = 10;

/// Lines that were edited, and packages of another version.
///
/// Without any, each line is taken for the same on both sides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// Where the files of the diff are, in both builds.
    root: String,
    files: BTreeMap<String, Vec<Hunk>>,
    packages: BTreeSet<String>,
}

/// Lines that took the place of others. Of no lines, the first is the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Hunk {
    base: (u32, u32),
    head: (u32, u32),
    /// Attributes only, which are of the function below.
    is_attribute: bool,
}

/// How far above the first line of a function's code its attributes may stand.
const ATTRIBUTES_ABOVE: u32 = 4;

/// A side of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Base,
    Head,
}

impl Edits {
    /// Of what `git diff --unified=0 --no-prefix` prints of the files below `root`, and the names of packages whose version changed.
    #[must_use]
    pub fn new(diff: &str, root: &str, packages: impl IntoIterator<Item = String>) -> Self {
        let mut edits = Self {
            root: root.trim_end_matches('/').to_owned(),
            packages: packages.into_iter().collect(),
            ..Self::default()
        };
        let mut file = None;
        for line in diff.lines() {
            if let Some(hunk) = line.strip_prefix("@@ ").and_then(Hunk::of) {
                edits.files.entry(file.unwrap_or("").to_owned()).or_default().push(hunk);
            } else if let Some(name) = line.strip_prefix("+++ ").or_else(|| line.strip_prefix("--- ")) {
                // Of a file that is gone, the name before.
                file = if name == "/dev/null" { file } else { Some(name) };
            } else if let Some(text) = line.strip_prefix('+').or_else(|| line.strip_prefix('-'))
                && let Some(hunk) = file.and_then(|file| edits.files.get_mut(file)?.last_mut())
            {
                hunk.is_attribute &= text.trim_start().starts_with("#[");
            }
        }
        edits
    }

    fn hunks(&self, file: &str) -> &[Hunk] {
        let inside = file.strip_prefix(self.root.as_str()).and_then(|inside| inside.strip_prefix('/'));
        inside.and_then(|inside| self.files.get(inside)).map_or(&[], Vec::as_slice)
    }

    /// Whether the file is of a package of another version.
    fn is_of_changed_package(&self, file: &str) -> bool {
        !self.packages.is_empty() && package_of(file).split(' ').next().is_some_and(|name| self.packages.contains(name))
    }

    /// Which line it was before; `None` if it is new.
    pub(super) fn before(&self, file: &str, line: u32) -> Option<u32> {
        if self.is_of_changed_package(file) {
            return None;
        }
        let mut shift = 0_i64;
        for hunk in self.hunks(file) {
            let (first, count) = hunk.head;
            if line < first || (count == 0 && line == first) {
                break;
            }
            if line < first + count {
                return None;
            }
            shift += i64::from(hunk.base.1) - i64::from(count);
        }
        u32::try_from(i64::from(line) + shift).ok()
    }

    /// Whether the line is new in the later build.
    pub(crate) fn are_at(&self, file: &str, line: u32) -> bool {
        self.before(file, line).is_none()
    }

    /// Whether attributes were edited of a function whose code begins in this line of the later build.
    pub(super) fn touch_attributes(&self, file: &str, from: u32) -> bool {
        let is_above = |hunk: &Hunk| {
            let (first, count) = hunk.head;
            hunk.is_attribute && first + count <= from + 1 && from <= first + count + ATTRIBUTES_ABOVE
        };
        self.hunks(file).iter().any(is_above)
    }

    /// Whether something was edited in a function whose code has these lines.
    pub(super) fn touch(&self, side: Side, file: &str, (from, to): (u32, u32)) -> bool {
        let is_within = |hunk: &Hunk| {
            let (first, count) = if side == Side::Base { hunk.base } else { hunk.head };
            let above = if hunk.is_attribute { ATTRIBUTES_ABOVE } else { 0 };
            // What was put between two lines is in the function of both.
            let (first, last) = if count == 0 { (first, first + 1) } else { (first, first + count - 1) };
            if count == 0 && above == 0 {
                from <= first && last <= to
            } else {
                from.saturating_sub(above) <= last && first <= to
            }
        };
        self.is_of_changed_package(file) || self.hunks(file).iter().any(is_within)
    }
}

impl Hunk {
    /// Of `-12,3 +12,4 @@ fn name`.
    fn of(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let mut range = |sign: char| {
            let range = parts.next()?.strip_prefix(sign)?;
            let (first, count) = range.split_once(',').unwrap_or((range, "1"));
            Some((first.parse().ok()?, count.parse().ok()?))
        };
        Some(Self { base: range('-')?, head: range('+')?, is_attribute: true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIFF: &str = "\
diff --git src/core.rs src/core.rs
--- src/core.rs
+++ src/core.rs
@@ -10,0 +11,2 @@ fn width
+    if is_control() {
+        return 0;
@@ -20,3 +22 @@ fn other
-    one();
-    two();
-    three();
+    all();
@@ -30,0 +31 @@ mod inner
+#[inline(never)]
";

    #[test]
    fn lines_move_by_what_was_edited_above_them() {
        let edits = Edits::new(DIFF, "/w/tree", ["unicode-width".to_owned()]);
        let before = |line| edits.before("/w/tree/src/core.rs", line);
        assert_eq!((before(10), before(11), before(12), before(13)), (Some(10), None, None, Some(11)));
        assert_eq!((before(21), before(22), before(23)), (Some(19), None, Some(23)));
        assert_eq!(edits.before("/w/tree/src/lib.rs", 11), Some(11));
        assert_eq!(edits.before("/h/registry/src/index-1/unicode-width-0.1.5/src/lib.rs", 11), None);
        assert_eq!(edits.before("/h/registry/src/index-1/smawk-0.3.2/src/lib.rs", 11), Some(11));
    }

    #[test]
    fn a_function_is_touched_within_its_lines_or_by_its_attributes() {
        let edits = Edits::new(DIFF, "/w/tree", []);
        let touched = |side, from, to| edits.touch(side, "/w/tree/src/core.rs", (from, to));
        assert!(touched(Side::Head, 5, 15) && touched(Side::Base, 5, 15));
        assert!(!touched(Side::Base, 11, 15), "what stands above it is not in it");
        assert!(touched(Side::Base, 22, 25) && !touched(Side::Base, 23, 25));
        assert!(touched(Side::Head, 33, 40), "the attribute is above");
        assert!(!touched(Side::Head, 13, 21));
        let has_other_attributes = |from| edits.touch_attributes("/w/tree/src/core.rs", from);
        assert!(has_other_attributes(33) && !has_other_attributes(12) && !has_other_attributes(40));
    }
}

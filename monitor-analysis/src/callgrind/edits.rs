//! What was edited between two builds: a change of cost comes from a change of code.

use std::collections::{BTreeMap, BTreeSet};

use super::diff::{Hunk, Side, hunks};
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

impl Edits {
    /// Of what `git diff --no-prefix` prints of the files below `root`, and the names of packages whose version changed. The more
    /// of each file it prints, the more functions are known that were edited.
    #[must_use]
    pub fn new(diff: &str, root: &str, packages: impl IntoIterator<Item = String>) -> Self {
        Self {
            root: root.trim_end_matches('/').to_owned(),
            files: hunks(diff),
            packages: packages.into_iter().collect(),
        }
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

    /// Whether the line is new in the later build, or in a function in which something was edited.
    pub(crate) fn are_around(&self, file: &str, line: u32) -> bool {
        self.are_at(file, line) || self.functions(file).any(|(_, function)| function.0 <= line && line <= function.1)
    }

    /// Whether the line of the later build is in a function whose attributes were edited.
    pub(super) fn touch_attributes(&self, file: &str, line: u32) -> bool {
        let mut of_attributes = self.functions(file).filter(|(hunk, _)| hunk.is_attribute);
        of_attributes.any(|(_, function)| function.0 <= line && line <= function.1)
    }

    /// The functions of the later build in which something was edited.
    fn functions(&self, file: &str) -> impl Iterator<Item = (&Hunk, (u32, u32))> {
        self.hunks(file).iter().filter_map(|hunk| Some((hunk, hunk.function?.of(Side::Head))))
    }

    /// Whether something was edited in these lines, or in a function that has some of them.
    pub(super) fn touch(&self, side: Side, file: &str, (from, to): (u32, u32)) -> bool {
        let is_within = |hunk: &Hunk| {
            let (first, count) = if side == Side::Base { hunk.base } else { hunk.head };
            let is_around = hunk.function.is_some_and(|function| {
                let (first, last) = function.of(side);
                from <= last && first <= to
            });
            // What was put between two lines is in the function of both.
            is_around || if count == 0 { from <= first && first < to } else { from < first + count && first <= to }
        };
        self.is_of_changed_package(file) || self.hunks(file).iter().any(is_within)
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
@@ -30,6 +30,7 @@ mod inner

+#[inline(never)]
 /// Explained.
 fn inner() {
     let limit = 7;
     work(limit);
 }
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
        assert!(touched(Side::Head, 35, 35) && touched(Side::Base, 34, 40), "the attribute is above");
        assert!(!touched(Side::Head, 13, 21) && !touched(Side::Base, 36, 40));
        let has_other_attributes = |line| edits.touch_attributes("/w/tree/src/core.rs", line);
        assert!(has_other_attributes(33) && !has_other_attributes(12) && !has_other_attributes(40));
        let is_around = |line| edits.are_around("/w/tree/src/core.rs", line);
        assert!(is_around(11) && is_around(35) && !is_around(13) && !is_around(37));
    }
}

//! Which code allocated a test's memory, by valgrind's DHAT.

use std::collections::BTreeMap;

use crate::callgrind::{EDITED, Edits, package_of};

/// The memory that was allocated from one call stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// All bytes that were allocated.
    pub total_bytes: u64,
    /// Bytes of it that were held when the program's heap was largest.
    pub peak_bytes: u64,
    /// Bytes of it that were held when the program ended.
    pub end_bytes: u64,
    /// The stack, innermost first, as DHAT writes frames: `0x14318D: demo::f (/home/me/demo/src/lib.rs:17)`.
    pub frames: Vec<String>,
}

/// A place in the code that allocates memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// The functions that led there, innermost first, at most three, each with its file. Without lines, which move from commit
    /// to commit.
    pub functions: Vec<(String, String)>,
}

/// What one site allocated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// How much.
    pub point: Point,
    /// The innermost of its lines, `src/lib.rs:17`.
    pub line: String,
    /// The innermost edited line on the way there from the test's body, or else the innermost line in an edited function, with the
    /// bytes that were allocated through it.
    pub edited: Option<(String, u64)>,
}

/// What a site allocated, before and after.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteChange {
    /// Where.
    pub site: Site,
    /// The edited line on the way there, or the line in an edited function, or the innermost of its lines after (before, if it is gone), `src/lib.rs:17`.
    pub line: String,
    /// Whether code was edited on the way there.
    pub is_edited: bool,
    /// Before.
    pub base: Point,
    /// Now.
    pub head: Point,
}

/// Frames of a site.
const FRAMES: usize = 3;

/// Packages whose memory is their caller's.
const CONTAINERS: [&str; 3] = ["hashbrown", "smallvec", "indexmap"];

/// What was allocated inside the test's body, by site. `body` is the beginning of the name of the test's function, `edits` are
/// the edits that led to this build.
#[must_use]
pub fn sites(points: &[Point], body: &str, edits: &Edits) -> BTreeMap<Site, Asked> {
    let mut sites: BTreeMap<Site, Asked> = BTreeMap::new();
    for point in points {
        let frames: Vec<Frame<'_>> = point.frames.iter().map(|frame| Frame::of(frame)).collect();
        // An optimised body may be inlined into the harness, and a thread's stack begins below it.
        let below_body = frames.iter().rposition(|frame| frame.function.starts_with(body)).map(|at| at + 1);
        let end = below_body.or_else(|| frames.iter().position(Frame::is_of_harness)).unwrap_or(0);
        let all: Vec<&Frame<'_>> = frames[..end].iter().filter(|frame| !frame.is_passed_by()).collect();
        let own = &all[..all.len().min(FRAMES)];
        let Some(innermost) = own.first() else { continue };
        let functions = own.iter().map(|frame| (frame.function.to_owned(), frame.file.to_owned())).collect();
        let asked =
            sites.entry(Site { functions }).or_insert_with(|| Asked { line: innermost.place(), ..Asked::default() });
        let found = |is_edited: fn(&Edits, &str, u32) -> bool| {
            all.iter().find(|frame| frame.line.parse().is_ok_and(|line| is_edited(edits, frame.file, line)))
        };
        // What is asked for may be worked out elsewhere in the function.
        let edited = found(Edits::are_at).or_else(|| found(Edits::are_around));
        if let Some(frame) = edited
            && asked.edited.as_ref().is_none_or(|(_, bytes)| *bytes < point.total_bytes)
        {
            asked.edited = Some((frame.place(), point.total_bytes));
        }
        let sum = &mut asked.point;
        sum.total_bytes += point.total_bytes;
        sum.peak_bytes += point.peak_bytes;
        sum.end_bytes += point.end_bytes;
    }
    sites
}

/// The sites that differ, those with the greatest difference of any figure first, which counts ten times where code was edited on
/// the way.
#[must_use]
pub fn differences(base: &BTreeMap<Site, Asked>, head: &BTreeMap<Site, Asked>) -> Vec<SiteChange> {
    let mut changes: Vec<SiteChange> = Vec::new();
    for (site, now) in head {
        let before = base.get(site).map(|before| before.point.clone()).unwrap_or_default();
        let edited = now.edited.as_ref().map(|(line, _)| line);
        changes.push(SiteChange {
            site: site.clone(),
            line: edited.unwrap_or(&now.line).clone(),
            is_edited: edited.is_some(),
            base: before,
            head: now.point.clone(),
        });
    }
    for (site, before) in base.iter().filter(|(site, _)| !head.contains_key(site)) {
        changes.push(SiteChange {
            site: site.clone(),
            line: before.line.clone(),
            base: before.point.clone(),
            ..SiteChange::default()
        });
    }
    changes.retain(|change| change.size() > 0);
    changes.sort_by_key(|change| std::cmp::Reverse(change.size() * if change.is_edited { EDITED } else { 1 }));
    changes
}

impl SiteChange {
    /// The greatest difference of its figures, bytes.
    fn size(&self) -> u64 {
        let (base, head) = (&self.base, &self.head);
        [
            head.total_bytes.abs_diff(base.total_bytes),
            head.peak_bytes.abs_diff(base.peak_bytes),
            head.end_bytes.abs_diff(base.end_bytes),
        ]
        .into_iter()
        .max()
        .unwrap_or(0)
    }
}

struct Frame<'t> {
    function: &'t str,
    file: &'t str,
    line: &'t str,
}

impl<'t> Frame<'t> {
    /// Of `0x14318D: function (file:line)` and `0x48417B4: malloc (in /usr/lib/x.so)`.
    fn of(text: &'t str) -> Self {
        let text = text.split_once(": ").map_or(text, |(_, rest)| rest);
        let (function, place) = text.rsplit_once(" (").unwrap_or((text, ""));
        let place = place.trim_end_matches(')');
        let (file, line) = place.rsplit_once(':').unwrap_or((place, ""));
        Self { function, file, line }
    }

    fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    /// Whether it starts a test or a thread.
    fn is_of_harness(&self) -> bool {
        let is_test = self.function.starts_with("test::") && package_of(self.file) == "std";
        is_test || self.function.contains("__rust_begin_short_backtrace")
    }

    /// Whether it only does what its caller wants.
    fn is_passed_by(&self) -> bool {
        let package = package_of(self.file);
        let name = package.split(' ').next().unwrap_or_default();
        package == "std"
            || self.file.is_empty()
            || self.file.starts_with("in ")
            || CONTAINERS.contains(&name)
            || self.file.contains("/monitor-core")
            || self.file.contains("/monitor-runtime")
            || self.function.starts_with("__rust")
            || self.function.ends_with(" as core::clone::Clone>::clone")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(total_bytes: u64, frames: &[&str]) -> Point {
        let frames = frames.iter().map(|frame| (*frame).to_owned()).collect();
        Point { total_bytes, peak_bytes: total_bytes / 2, end_bytes: 0, frames }
    }

    #[test]
    fn a_site_is_the_programs_own_code_below_the_body() {
        let stack = [
            "0x48417B4: malloc (in /usr/libexec/valgrind/vgpreload_dhat-amd64-linux.so)",
            "0x1: alloc::alloc::alloc (/rustc/5980/library/alloc/src/alloc.rs:95)",
            "0x2: demo::load (/home/me/demo/src/lib.rs:17)",
            "0x3: demo::tests::loads (/home/me/demo/src/lib.rs:40)",
            "0x4: test::run_test (/rustc/5980/library/test/src/lib.rs:1)",
        ];
        let harness = ["0x1: malloc (in /x.so)", "0x4: test::run_test (/rustc/5980/library/test/src/lib.rs:1)"];
        let none = Edits::default();
        let before = sites(&[point(100, &stack), point(7, &harness)], "demo::tests::loads", &none);
        assert_eq!(before.len(), 1);
        let mut moved = stack;
        moved[2] = "0x2: demo::load (/home/me/demo/src/lib.rs:19)";
        let now = sites(&[point(300, &moved)], "demo::tests::loads", &none);
        let changes = differences(&before, &now);
        assert_eq!(changes.len(), 1, "the same function, whatever its line");
        assert_eq!((changes[0].base.total_bytes, changes[0].head.total_bytes), (100, 300));
        assert_eq!(changes[0].line, "/home/me/demo/src/lib.rs:19");
        assert_eq!(differences(&now, &now), []);
    }

    #[test]
    fn what_is_asked_for_through_edited_code_comes_first() {
        let stack = |inner: &str, outer: &str| {
            let outer = format!("0x2: demo::outer (/home/me/demo/src/lib.rs:{outer})");
            point(
                100,
                &[
                    &format!("0x1: demo::{inner} (/home/me/demo/src/inner.rs:5)"),
                    &outer,
                    "0x3: demo::tests::loads (/t.rs:1)",
                ],
            )
        };
        let diff = "--- src/lib.rs\n+++ src/lib.rs\n@@ -20 +20 @@\n-old\n+new\n";
        let edits = Edits::new(diff, "/home/me/demo", []);
        let (one, two) = (stack("one", "20"), stack("two", "30"));
        let now = sites(&[one, two.clone(), two], "demo::tests::loads", &edits);
        let changes = differences(&BTreeMap::new(), &now);
        let lines: Vec<_> = changes.iter().map(|change| (change.line.as_str(), change.head.total_bytes)).collect();
        assert_eq!(lines, [("/home/me/demo/src/lib.rs:20", 100), ("/home/me/demo/src/inner.rs:5", 200)]);
        let near = "--- src/lib.rs\n+++ src/lib.rs\n@@ -29,4 +29,4 @@\n fn outer() {\n     inner();\n-    old();\n+    new();\n }\n";
        let edits = Edits::new(near, "/home/me/demo", []);
        let (one, two) = (stack("one", "20"), stack("two", "30"));
        let now = sites(&[one.clone(), one, two], "demo::tests::loads", &edits);
        let changes = differences(&BTreeMap::new(), &now);
        let lines: Vec<_> = changes.iter().map(|change| (change.line.as_str(), change.head.total_bytes)).collect();
        assert_eq!(lines, [("/home/me/demo/src/lib.rs:30", 100), ("/home/me/demo/src/inner.rs:5", 200)]);
    }

    #[test]
    fn a_body_may_be_inlined_into_the_harness_or_have_threads() {
        let inlined = [
            "0x2: demo::load (/home/me/demo/src/lib.rs:17)",
            "0x3: core::ops::function::FnOnce::call_once (/rustc/5980/library/core/src/ops/function.rs:250)",
            "0x4: test::__rust_begin_short_backtrace (/rustc/5980/library/test/src/lib.rs:1)",
            "0x5: demo::main (/home/me/demo/src/lib.rs:1)",
        ];
        let thread = [
            "0x2: demo::load (/home/me/demo/src/lib.rs:17)",
            "0x3: std::sys::backtrace::__rust_begin_short_backtrace (/rustc/5980/library/std/src/sys/backtrace.rs:1)",
        ];
        let points = [point(100, &inlined), point(10, &thread), point(1, &inlined[2..])];
        let sites = sites(&points, "demo::tests::loads", &Edits::default());
        let all: Vec<_> =
            sites.iter().map(|(site, asked)| (site.functions[0].0.as_str(), asked.point.total_bytes)).collect();
        assert_eq!(all, [("demo::load", 110)]);
    }
}

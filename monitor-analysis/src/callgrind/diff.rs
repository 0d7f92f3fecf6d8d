//! What `git diff` prints of Rust code: which lines took the place of others, and in which functions they are.

use std::collections::BTreeMap;

/// A side of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Base,
    Head,
}

/// Lines that took the place of others. Of no lines, the first is the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hunk {
    /// First line and number of lines, before.
    pub(super) base: (u32, u32),
    /// The same, now.
    pub(super) head: (u32, u32),
    /// Only attributes of a function, which stand above it.
    pub(super) is_attribute: bool,
    /// The function that the lines are in or, if they are its attributes, above; as far as the diff shows it.
    pub(super) function: Option<Function>,
}

/// First and last line of a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Function {
    base: (u32, u32),
    head: (u32, u32),
}

/// What may stand before `fn`.
const QUALIFIERS: [&str; 7] = ["pub", "const", "async", "unsafe", "extern", "default", "\""];

/// A line of the diff, with the numbers that it has, or would have, before and now.
struct Line<'t> {
    kind: u8,
    text: &'t str,
    base: u32,
    head: u32,
}

/// The hunks of each file.
pub(super) fn hunks(diff: &str) -> BTreeMap<String, Vec<Hunk>> {
    let mut files: BTreeMap<String, Vec<Hunk>> = BTreeMap::new();
    let mut file = "";
    let mut lines = diff.lines();
    while let Some(line) = lines.next() {
        if let Some(ranges) = line.strip_prefix("@@ ").and_then(ranges) {
            files.entry(file.to_owned()).or_default().extend(of_block(&block(&mut lines, ranges)));
        } else if let Some(name) = line.strip_prefix("+++ ").or_else(|| line.strip_prefix("--- ")) {
            // Of a file that is gone, the name before.
            file = if name == "/dev/null" { file } else { name };
        }
    }
    files
}

/// Of `-12,3 +12,4 @@ fn name`.
fn ranges(text: &str) -> Option<[(u32, u32); 2]> {
    let mut parts = text.split(' ');
    let mut range = |sign: char| {
        let range = parts.next()?.strip_prefix(sign)?;
        let (first, count) = range.split_once(',').unwrap_or((range, "1"));
        Some((first.parse().ok()?, count.parse().ok()?))
    };
    Some([range('-')?, range('+')?])
}

/// The lines below such a head.
fn block<'t>(lines: &mut impl Iterator<Item = &'t str>, ranges: [(u32, u32); 2]) -> Vec<Line<'t>> {
    let [mut base, mut head] = ranges.map(|(first, count)| first + u32::from(count == 0));
    let [base_end, head_end] = [base + ranges[0].1, head + ranges[1].1];
    let mut block = Vec::new();
    while base < base_end || head < head_end {
        let Some(line) = lines.next() else { break };
        // An empty line may have lost its blank.
        let kind = line.bytes().next().unwrap_or(b' ');
        if kind == b'\\' {
            continue;
        }
        block.push(Line { kind, text: line.get(1..).unwrap_or_default(), base, head });
        base += u32::from(kind != b'+');
        head += u32::from(kind != b'-');
    }
    block
}

fn of_block(block: &[Line<'_>]) -> Vec<Hunk> {
    let functions = functions(block);
    let mut hunks = Vec::new();
    let mut at = 0;
    while at < block.len() {
        let edited = block[at..].iter().take_while(|line| line.kind != b' ').count();
        if edited > 0 {
            hunks.push(hunk(&block[at..at + edited], &block[at + edited..], &functions));
        }
        at += edited.max(1);
    }
    hunks
}

fn hunk(edited: &[Line<'_>], below: &[Line<'_>], functions: &[Function]) -> Hunk {
    let count = |kind: u8| edited.iter().filter(|line| line.kind == kind).count() as u32;
    let range = |first: u32, count: u32| (first - u32::from(count == 0), count);
    let (base, head) = (range(edited[0].base, count(b'-')), range(edited[0].head, count(b'+')));
    let is_attribute = edited.iter().all(|line| line.text.trim_start().starts_with("#["));
    let item = below.iter().find(|line| line.kind != b'-' && !is_above_item(line.text)).filter(|_| is_attribute);
    let below = item.and_then(|item| functions.iter().find(|function| function.head.0 == item.head));
    let last = head.0 + head.1.checked_sub(1).unwrap_or(1);
    let within = functions.iter().filter(|function| function.head.0 <= head.0 && last <= function.head.1);
    let around = within.max_by_key(|function| function.head.0);
    Hunk { base, head, is_attribute: below.is_some(), function: below.or(around).copied() }
}

/// The functions that begin in these lines, by the indentation of their braces.
fn functions(block: &[Line<'_>]) -> Vec<Function> {
    let indentation = |text: &str| text.len() - text.trim_start().len();
    let lines: Vec<&Line<'_>> = block.iter().filter(|line| line.kind != b'-').collect();
    let begin = lines.iter().enumerate().filter(|(_, line)| begins_function(line.text));
    let functions = begin.map(|(at, first)| {
        let ends = |line: &&&Line<'_>| line.text.trim() == "}" && indentation(line.text) == indentation(first.text);
        let is_one_line = first.text.ends_with(['}', ';']);
        let end = if is_one_line { None } else { lines[at..].iter().find(ends).or(lines.last()) };
        let last = end.map_or(*first, |last| *last);
        Function { base: (first.base, last.base), head: (first.head, last.head) }
    });
    functions.collect()
}

fn begins_function(text: &str) -> bool {
    let is_qualifier = |word: &str| QUALIFIERS.iter().any(|qualifier| word.starts_with(qualifier));
    let before = text.trim_start().split_once("fn ").map(|(before, _)| before);
    before.is_some_and(|before| {
        (before.is_empty() || before.ends_with(' ')) && before.split_whitespace().all(is_qualifier)
    })
}

/// Whether it stands between an attribute and its item: a comment, another attribute.
fn is_above_item(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || text.starts_with("//") || text.starts_with("#[")
}

impl Function {
    pub(super) fn of(&self, side: Side) -> (u32, u32) {
        if side == Side::Base { self.base } else { self.head }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIFF: &str = "\
--- src/core.rs
+++ src/core.rs
@@ -3,18 +3,20 @@ use other;

 impl Width {
-    #[inline]
     /// Explained.
     #[must_use]
     pub(crate) const fn width(
         &self,
     ) -> usize {
-        let limit = 7;
+        let limit = 70;
+        let least = 1;
         self.at(limit)
     }
 
+    /// New.
+    fn helper(&self) {}
+
     fn at(&self, limit: usize) -> usize {
         if limit > 3 {
-            return limit;
         }
         limit / 2
     }
--- src/old.sql
+++ /dev/null
@@ -1,2 +0,0 @@
--- a comment
-select 1;
";

    #[test]
    fn functions_are_known_by_their_braces() {
        let files = hunks(DIFF);
        let [attribute, limit, helper, at] = files["src/core.rs"][..] else { panic!("{files:#?}") };
        let width = Function { base: (8, 13), head: (7, 13) };
        let range = |base, head, is_attribute, function| Hunk { base, head, is_attribute, function };
        assert_eq!(attribute, range((5, 1), (4, 0), true, Some(width)));
        assert_eq!(limit, range((11, 1), (10, 2), false, Some(width)));
        assert_eq!(helper, range((14, 0), (15, 3), false, None), "it is in none of those around it");
        let function = Function { base: (15, 20), head: (18, 22) };
        assert_eq!(at, range((17, 1), (19, 0), false, Some(function)));
        assert_eq!(files["src/old.sql"], [range((1, 2), (0, 0), false, None)]);
    }

    #[test]
    fn a_diff_without_context_is_read_too() {
        let files = hunks("--- a.rs\n+++ a.rs\n@@ -10,0 +11 @@ fn f\n+    g();\n@@ -20,2 +22 @@\n-one\n-two\n+all\n");
        let ranges: Vec<_> = files["a.rs"].iter().map(|hunk| (hunk.base, hunk.head)).collect();
        assert_eq!(ranges, [((10, 0), (11, 1)), ((20, 2), (22, 1))]);
    }
}

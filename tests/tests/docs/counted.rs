//! All code and commands that readers see are run, or have the reason beside them; what is not run is counted.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use monitor_tests::markdown::{Block, Document};

use crate::commands::FOLLOWED;
use crate::reference::REFERENCE;
use crate::workflows::CHAPTERS;

/// What becomes of a block.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Run,
    /// Drawings, and what programs say: nothing to run.
    Output,
    /// For this reason.
    Left(String),
    /// Nobody runs it, and no reason is told.
    Forgotten,
}

/// What begins a command.
const PROGRAMS: [&str; 8] = ["$ ", "cargo ", "git ", "curl ", "docker ", "monitor-server ", "pytest ", "sqlite3 "];

/// `chapter.rs` of monitor-server's tests runs what can't be typed there.
const OPERATORS: &str = "docs/src/operate.md";

fn fate(document: &str, block: &Block) -> Fate {
    if let Some(reason) = block.note.as_deref().and_then(|note| note.strip_prefix("not run: ")) {
        return if reason.len() > 8 { Fate::Left(reason.to_owned()) } else { Fate::Forgotten };
    }
    let is_command = |line: &str| PROGRAMS.iter().any(|program| line.starts_with(program));
    let is_run = match &*block.language {
        // `commands.rs` types it; `set_ups.rs` and others write files of the chapters.
        "console" => FOLLOWED.contains(&document),
        // `examples.rs` compiles and runs it.
        "rust" => block.flags.iter().all(|flag| ["should_panic", "compile_fail", "own-allocator"].contains(&&**flag)),
        // `recipes.rs` asks it, and of the operators' chapter monitor-server's own tests, which try its unit too.
        "sql" => ["docs/src/file.md", OPERATORS].contains(&document),
        "ini" => document == OPERATORS,
        // `workflows.rs` reads it, and lets a shell and the command read its scripts.
        "yaml" => CHAPTERS.contains(&document),
        // `reference.rs` makes it.
        "text" if document == REFERENCE => true,
        "text" if !block.text.lines().any(is_command) => return Fate::Output,
        _ => block.file().is_some(),
    };
    if is_run { Fate::Run } else { Fate::Forgotten }
}

#[test]
fn what_is_not_run_has_a_reason() {
    let (mut left, mut forgotten) = (String::new(), String::new());
    let mut counts = [0; 2];
    for document in Document::all().iter().filter(|document| document.path != "CHANGELOG.md") {
        for block in document.blocks() {
            let place = format!("{}:{}", document.path, block.line);
            match fate(&document.path, &block) {
                Fate::Run => counts[0] += 1,
                Fate::Output => {}
                Fate::Left(reason) => {
                    counts[1] += 1;
                    let _ = writeln!(left, "- {place}: {reason}");
                }
                Fate::Forgotten => {
                    let _ = writeln!(forgotten, "{place}: {} {:?}", block.language, block.note);
                }
            }
        }
    }
    assert_eq!(forgotten, "", "run it, or say why not by a comment `<!-- not run: REASON -->` before it");
    let [run, not] = counts;
    assert!(not < run / 3, "{not} are not run, and only {run} are:\n{left}");
    let all = run + not;
    let told =
        format!("\nNOT RUN: {not} of {all} blocks of code and commands in README, ARCHITECTURE and book:\n{left}");
    let _ = io::stderr().write_all(told.as_bytes());
}

#[test]
fn a_forgotten_block_is_found() {
    let block = |language: &str, flags: &[&str], note: Option<&str>, text: &str| Block {
        line: 1,
        language: language.to_owned(),
        flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        note: note.map(str::to_owned),
        text: text.to_owned(),
    };
    let chapter = "docs/src/glossary.md";
    for forgotten in [
        block("console", &[], None, "$ cargo test\n"),
        block("text", &[], None, "cargo monitor accept all\n"),
        block("sh", &[], None, "true\n"),
        block("rust", &["ignore"], None, "fn main() {}\n"),
        block("toml", &[], Some("not run: no"), "a = 1\n"),
    ] {
        assert_eq!(fate(chapter, &forgotten), Fate::Forgotten, "{forgotten:?}");
    }
    assert_eq!(fate(chapter, &block("text", &[], None, "error: it is cargo's\n")), Fate::Output);
    assert_eq!(fate("README.md", &block("console", &[], None, "$ cargo test\n")), Fate::Run);
}

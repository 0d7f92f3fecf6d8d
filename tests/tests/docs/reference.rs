//! The reference of the commands is what `--help` says, and what is not run has its reason.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::{env, io};

use monitor_tests::markdown::Document;
use monitor_tests::{repository, run};

use crate::programs::folder_of_cargo_monitor;

const REFERENCE: &str = "docs/src/commands.md";

/// The chapter, made of the help of the command and of each of its subcommands.
fn reference() -> String {
    let help = |arguments: &[&str]| {
        let mut command = Command::new(folder_of_cargo_monitor().join("cargo-monitor"));
        command.args(arguments).arg("--help").env_remove("COLUMNS");
        let text = run(command).succeeded().stdout;
        text.lines().map(|line| format!("{}\n", line.trim_end())).collect::<String>()
    };
    let whole = help(&[]);
    let mut text = format!(
        "# Commands\n\nWhat `cargo monitor --help` says, and the same of each command. This page is made from it.\n\n\
         ```text\n{}\n```\n",
        whole.trim_end()
    );
    let commands = whole.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("commands");
    // What a help text goes on with in the next line stands further right.
    let lines = commands.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    let names = lines.filter_map(|line| line.split_whitespace().next());
    for name in names.filter(|name| *name != "help") {
        let _ = write!(text, "\n## {name}\n\n```text\n{}\n```\n", help(&[name]).trim_end());
    }
    text
}

/// `UPDATE_REFERENCE=1` writes the page.
#[test]
fn the_reference_is_what_help_says() {
    let made = reference();
    let file = repository().join(REFERENCE);
    if env::var_os("UPDATE_REFERENCE").is_some() {
        fs::write(&file, &made).expect("the page can be written");
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    let differs = made.lines().zip(kept.lines()).find(|(made, kept)| made != kept);
    assert!(
        made == kept,
        "{REFERENCE} is old, first at {differs:?}: UPDATE_REFERENCE=1 cargo test -p monitor-tests --test docs reference"
    );
}

/// Counts what readers see and tests do not run, and tells each with its reason.
#[test]
fn what_is_not_run_has_a_reason() {
    let mut told = String::new();
    let (mut all, mut left) = (0, 0);
    for document in Document::all().iter().filter(|document| document.path != "CHANGELOG.md") {
        for block in document.blocks().iter().filter(|block| ["console", "rust"].contains(&&*block.language)) {
            all += 1;
            let place = format!("{}:{}", document.path, block.line);
            if let Some(reason) = block.note.as_deref().and_then(|note| note.strip_prefix("not run: ")) {
                assert!(reason.len() > 8, "{place}: {reason:?} is no reason");
                left += 1;
                let _ = writeln!(told, "- {place}: {reason}");
            }
        }
    }
    assert!(left < all / 4, "{left} of {all} are not run:\n{told}");
    let _ = io::Write::write_fmt(
        &mut io::stderr(),
        format_args!("\nNOT RUN: {left} of {all} blocks of code and commands in README and book:\n{told}"),
    );
}

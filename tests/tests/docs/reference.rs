//! The reference of the commands is what `--help` says.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use monitor_tests::{repository, run};

use crate::programs::folder_of_cargo_monitor;

pub(crate) const REFERENCE: &str = "docs/src/commands.md";

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

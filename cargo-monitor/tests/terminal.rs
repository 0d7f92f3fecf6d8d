//! What people see on a real terminal, by a terminal emulator: at 80 columns no word is broken and nothing is lost.
//! The screens stay in the target folder as pictures.
#![forbid(unsafe_code)]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use cargo_monitor::options::Format;
use cargo_monitor::output::as_text;
use common::Fixture;
use common::evolution::evolution;
use common::suite::{Cost, Run, noise};
use monitor_report::document::Document;
use monitor_report::gate::Levels;
use monitor_report::view::summary;
use monitor_store::{Monitor, Outcome, Sessions};
use monitor_tests::skipped;
use monitor_tests::terminal::Terminal;
use unicode_width::UnicodeWidthStr as _;

fn see(fixture: &Fixture, columns: u16, arguments: &str, picture: &str) -> Option<Terminal> {
    see_line(fixture, columns, &format!("cargo monitor {arguments}"), picture)
}

fn see_line(fixture: &Fixture, columns: u16, line: &str, picture: &str) -> Option<Terminal> {
    if Command::new("script").arg("--version").output().is_err() {
        skipped("no program `script` on this machine, so nothing is looked at on a terminal");
        return None;
    }
    let mut shell = Command::new("script");
    let program = Path::new(env!("CARGO_BIN_EXE_cargo-monitor")).parent().expect("a program is in a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    shell.env("PATH", path).env("MONITOR_DB", fixture.file()).current_dir(fixture.folder());
    let terminal = Terminal::run(columns, line, shell);
    assert_eq!(terminal.run.code, Some(0), "{line}: {}", terminal.run.stdout);
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("terminal-{picture}-{columns}.svg"));
    fs::write(&file, terminal.svg(line)).expect("the picture can be kept");
    eprintln!("screenshot: {}", file.display());
    Some(terminal)
}

/// The parts of a path and its parameters.
const NAMES: [&str; 3] = ["reads_every_customer_of_the_region", "writes_the_whole_catalogue", "sums[1, 2]"];

/// A suite with a long common path, in which the first test became a million times slower.
fn suite() -> Fixture {
    let runs: Vec<Run> = (1..=8)
        .map(|run| {
            let costs = NAMES.iter().zip(0..).map(|(name, test)| {
                let factor = if run == 8 && test == 0 { 1_291_074.0 } else { 1.0 };
                Cost::of(
                    &format!("warehouse::storage::tests::{name}"),
                    2e-6 * factor * noise(u64::from(run * 31 + test)).exp(),
                )
            });
            Run::of(run, costs.collect())
        })
        .collect();
    Fixture::of_runs(&runs)
}

#[test]
fn names_are_whole_at_80_and_140_columns() {
    let fixture = suite();
    for columns in [80, 140] {
        for (arguments, picture) in [("show", "show"), ("compare --all", "compare"), ("top cpu-time", "top")] {
            let Some(terminal) = see(&fixture, columns, arguments, picture) else { return };
            let lines = terminal.lines();
            for name in NAMES {
                assert!(
                    lines.iter().any(|line| line.contains(name)),
                    "{arguments}: {name} is broken:\n{}",
                    lines.join("\n")
                );
            }
            // A line that goes on in the next is one that did not fit.
            let is_full = |line: &&String| line.chars().count() >= usize::from(columns);
            assert_eq!(lines.iter().find(is_full), None, "{arguments}:\n{}", lines.join("\n"));
        }
    }
}

#[test]
fn figures_fit_into_60_columns() {
    let fixture = suite();
    for (arguments, picture) in [("show", "narrow-show"), ("top", "narrow-top"), ("calibrate", "narrow-calibrate")] {
        let Some(terminal) = see(&fixture, 60, arguments, picture) else { return };
        let lines = terminal.lines();
        let is_full = |line: &&String| line.chars().count() >= 60;
        assert_eq!(lines.iter().find(is_full), None, "{arguments}:\n{}", lines.join("\n"));
        let last = match arguments {
            "show" => "allocations",
            "top" => "share",
            _ => "for what did not last",
        };
        assert!(lines.iter().any(|line| line.contains(last)), "{arguments}:\n{}", lines.join("\n"));
    }
}

/// Characters that take two columns each, in names that are cut and in names that are not.
#[test]
fn names_of_wide_characters_fit() {
    let fixture = Fixture::empty();
    let names = [
        "倉庫::在庫::読み込みの検査[\"東京都千代田区丸の内一丁目\", 1]",
        "倉庫::在庫::書き込みの検査[\"大阪府大阪市北区梅田三丁目\", 2]",
        "창고::재고::전체_목록을_다시_만든다",
    ];
    for day in 1..=2 {
        let rows: Vec<_> = names.iter().map(|name| (*name, 0.5, 64, Outcome::Passed)).collect();
        fixture.session(day, &format!("beef0{day}aaaa"), &[], &rows);
    }
    for (arguments, picture) in [("show", "wide-show"), ("compare --all", "wide-compare"), ("top", "wide-top")] {
        for columns in [60, 80, 140] {
            let Some(terminal) = see(&fixture, columns, arguments, picture) else { return };
            let lines = terminal.lines();
            let text = lines.join("\n");
            // A line that goes on in the next is one that did not fit.
            let is_full = |line: &&String| line.width() >= usize::from(columns);
            assert_eq!(lines.iter().find(is_full), None, "{arguments}:\n{text}");
            let is_whole = lines.iter().any(|line| line.contains("전체_목록을_다시_만든다"));
            assert!(columns < 80 || is_whole, "{arguments}: a name that fits is whole:\n{text}");
        }
    }
}

#[test]
fn no_color_is_respected() {
    let fixture = suite();
    let is_coloured = |line: &str| Some(see_line(&fixture, 140, line, "no-color")?.run.stdout.contains("\u{1b}[3"));
    let Some(as_usual) = is_coloured("cargo monitor compare") else { return };
    assert!(as_usual, "a regression is red");
    for line in
        ["NO_COLOR=1 cargo monitor compare", "cargo monitor --color never compare", "TERM=dumb cargo monitor compare"]
    {
        assert_eq!(is_coloured(line), Some(false), "{line}");
    }
    assert_eq!(is_coloured("cargo monitor --color always compare | cat"), Some(true), "a pipe, by the user's wish");
    assert_eq!(is_coloured("cargo monitor compare | cat"), Some(false), "a pipe");
}

#[test]
fn what_is_the_same_everywhere_is_said_once() {
    let Some(terminal) = see(&suite(), 80, "show", "constant") else { return };
    let lines = terminal.lines();
    assert!(
        lines.iter().any(|line| line.contains("all in") && line.contains("warehouse::storage::tests")),
        "{lines:#?}"
    );
    assert_eq!(lines.iter().filter(|line| line.contains("passed")).count(), 1, "not in each row: {lines:#?}");
}

#[test]
fn without_arguments_compare_says_what_with_and_how_many_times() {
    let Some(terminal) = see(&suite(), 140, "compare", "regression") else { return };
    let text = terminal.lines().join("\n");
    assert!(
        text.contains("comparing the newest session with ") && text.contains(", the last one of another commit"),
        "{text}"
    );
    assert!(text.contains(" M times slower"), "{text}");
    assert!(terminal.svg("cargo monitor compare").contains("fill=\"#ff7b72\""), "a regression is red");
}

#[test]
fn of_one_commit_only_compare_does_not_speak_of_another() {
    let run = |number| Run { commit: "1f3a9c0".to_owned(), ..Run::of(number, vec![Cost::of("t::steady", 0.01)]) };
    let fixture = Fixture::of_runs(&[run(1), run(2)]);
    let Some(terminal) = see(&fixture, 140, "compare", "one-commit") else { return };
    let text = terminal.lines().join("\n");
    assert!(text.contains(", the one before it; no session of another commit is there"), "{text}");
}

#[test]
fn histories_fit() {
    let fixture = evolution();
    let Some(terminal) = see(&fixture, 80, "history grows", "history") else {
        return;
    };
    let lines = terminal.lines();
    assert!(lines.iter().all(|line| line.chars().count() < 80), "{}", lines.join("\n"));
}

/// On a busy machine wall time is up and CPU time is not: nobody is told that the test regressed.
#[test]
fn a_busy_machine_makes_no_regression_in_the_summary() {
    let words = |cpu: f64| {
        let runs: Vec<Run> = (1..=12)
            .map(|run| {
                let costs = (0..2).map(|test| {
                    let noise = noise(u64::from(run * 31 + test)).exp();
                    let factor = if run == 12 && test == 0 { 2.56 } else { 1.0 };
                    Cost {
                        cpu: 0.2 * noise * if run == 12 && test == 0 { cpu } else { 1.0 },
                        ..Cost::of(&format!("t{test}"), 0.2 * factor * noise)
                    }
                });
                Run::of(run, costs.collect())
            })
            .collect();
        let fixture = Fixture::of_runs(&runs);
        let monitor = Monitor::open(&fixture.file()).expect("the file can be read");
        let newest = monitor.sessions(&Sessions::all().newest(1)).expect("sessions").remove(0);
        let document = summary::of_one(&monitor, &newest, &Levels::default()).expect("a summary");
        // Programs find the same keys where there is nothing before.
        let oldest = monitor.sessions(&Sessions::all()).expect("sessions").remove(0);
        let first = summary::of_one(&monitor, &oldest, &Levels::default()).expect("a summary");
        let keys = |document: &Document| document.sections.iter().map(|section| section.key).collect::<Vec<_>>();
        assert_eq!(keys(&first), keys(&document));
        assert!(keys(&first).contains(&"changes") && keys(&first).contains(&"incomplete"));
        as_text(&document, Format::Table, None)
    };
    assert!(words(2.56).contains("regressed"), "{}", words(2.56));
    assert!(!words(1.0).contains("regressed") && words(1.0).contains("suspect"), "{}", words(1.0));
}

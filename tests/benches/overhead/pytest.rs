//! The peer: what pytest-monitor adds to an empty Python test.

use std::fs;
use std::process::Command;
use std::time::Instant;

use monitor_tests::{Python, python};

use crate::least;

const TESTS: usize = 50;
const ROUNDS: usize = 3;

pub(crate) fn run() {
    println!("\nempty test under pytest, {TESTS} tests, whole command, least of {ROUNDS}");
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let tests: String = (0..TESTS).map(|number| format!("def test_empty_{number}():\n    pass\n\n\n")).collect();
    fs::write(folder.path().join("test_empty.py"), tests).expect("a file can be written");
    let pytest = |python: &Python, args: &[&str]| {
        let mut command: Command = python.command();
        command.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]).args(args).current_dir(folder.path());
        let start = Instant::now();
        let output = command.output().expect("pytest runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        start.elapsed().as_secs_f64() * 1e3
    };
    let (mut plain, mut recorded) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        plain.push(pytest(&python, &["-p", "no:monitor"]));
        recorded.push(pytest(&python, &[]));
    }
    let (plain, recorded) = (least(&plain), least(&recorded));
    println!("  added by pytest-monitor            {:8.2} ms", (recorded - plain) / TESTS as f64);
}

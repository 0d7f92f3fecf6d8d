//! Whatever is read from a file is read from a server too, and says the same.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use monitor_tests::run;

use crate::process::Process;

/// Commands that read.
const READING: [&str; 9] = ["sessions", "show", "top", "compare", "gate", "history", "plot", "report", "capacity"];

/// A server to which the file is sent before each comparison.
pub(crate) struct Server {
    process: Process,
    compared: AtomicUsize,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self { process: Process::start(None), compared: AtomicUsize::new(0) }
    }

    /// Types a command that reads once more, for the file and for the server, in a shell in `folder`.
    pub(crate) fn answers_alike(&self, place: &str, line: &str, folder: &Path, shell: impl Fn(&str) -> Command) {
        let mut words = line.split_whitespace().skip_while(|word| *word != "monitor").skip(1);
        let is_reading = line.starts_with("cargo monitor ") && words.next().is_some_and(|word| READING.contains(&word));
        // It plants changes into a copy of the file.
        if !is_reading || line.contains("--self-test") {
            return;
        }
        let url = format!("{}/p/book", self.process.address);
        let _ = run(shell(&format!("cargo monitor push {url}"))).succeeded();
        let [of_file, of_server] = ["", &format!(" --db {url}")].map(|db| {
            let answer = run(shell(&line.replacen("cargo monitor", &format!("cargo monitor{db}"), 1)));
            let file = output(line).map(|name| fs::read(folder.join(name)).expect("it is written"));
            (answer.code, answer.stdout, file)
        });
        assert_eq!(of_server, of_file, "{place}: `{line}` from a server and from the file");
        self.compared.fetch_add(1, Relaxed);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let compared = self.compared.load(Relaxed);
        assert!(std::thread::panicking() || compared > 4, "only {compared} commands were compared");
    }
}

/// The file that a command writes.
fn output(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let named = words.find(|word| ["--output", "-o"].contains(word)).and_then(|_| words.next());
    named.or_else(|| line.starts_with("cargo monitor report").then_some("report.html"))
}

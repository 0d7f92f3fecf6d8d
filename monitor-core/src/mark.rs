//! How a test tells the program that measures it from outside that it has the attribute.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::{env, thread};

use once_cell::sync::OnceCell;

use crate::facts::Invocation;

/// Variable with the path of a file. The process creates the file when its first test with the attribute begins, whether the
/// test is recorded or skipped.
pub const MONITORED: &str = "CARGO_MONITOR_OUTSIDE_MONITORED";

/// Makes that file, if somebody measures this very process from outside. Looks for the `invocation` if it is not known yet.
pub(crate) fn tell(invocation: Option<&Invocation>) {
    let Some(path) = env::var_os(MONITORED) else { return };
    let is_inherited = match invocation {
        Some(invocation) => invocation.is_inherited(MONITORED, &path),
        None => Invocation::find().is_inherited(MONITORED, &path),
    };
    if !is_inherited {
        // If it can't be made, the test has two rows.
        let _ = File::create(path);
    }
}

/// Variable with the path of a file to which the process appends the names of tests that have the attribute, one per line, as
/// the harness prints them.
pub const LIST: &str = "CARGO_MONITOR_LIST";

/// First characters of a line in that file which names a processor feature that the test is built for and valgrind does not
/// know.
pub const UNKNOWN_TO_VALGRIND: &str = "//unknown ";

macro_rules! unknown_features {
    ($($feature:literal => $name:literal,)+) => {
        /// Processor features that valgrind 3.25 does not know: the compiler's name and the usual name. Programs that look for
        /// them at run time are told that they are missing.
        pub const UNKNOWN_FEATURES: &[(&str, &str)] = &[$(($feature, $name),)+];

        /// Those that the test may be built with.
        const USED: &[(bool, &str)] = &[$((cfg!(target_feature = $feature), $name),)+];
    };
}

unknown_features! {
    "avx512f" => "AVX-512",
    "sha" => "SHA",
    "vaes" => "VAES",
    "gfni" => "GFNI",
}

static LIST_FILE: OnceCell<Option<PathBuf>> = OnceCell::new();

/// Notes that the test of the calling thread has the attribute, if a list of such tests is made.
pub(crate) fn list() {
    let find = || {
        let path = env::var_os(LIST)?;
        (!Invocation::find().is_inherited(LIST, &path)).then(|| PathBuf::from(path))
    };
    let Some(path) = LIST_FILE.get_or_init(find) else { return };
    let unknown: Vec<&str> = USED.iter().filter(|(is_used, _)| *is_used).map(|(_, name)| *name).collect();
    let thread = thread::current();
    let Some(name) = thread.name().filter(|name| *name != "main") else { return };
    if let Ok(mut file) = OpenOptions::new().append(true).create(true).open(path) {
        // One write, which no other one can come into. What is not on the list is not counted.
        let line = match unknown.as_slice() {
            [] => format!("{name}\n"),
            unknown => format!("{UNKNOWN_TO_VALGRIND}{}\n", unknown.join(", ")),
        };
        let _ = file.write_all(line.as_bytes());
    }
}

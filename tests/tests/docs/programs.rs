//! The programs of this repository that readers have installed.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use monitor_tests::{repository, run};

pub(crate) fn folder_of_cargo_monitor() -> PathBuf {
    folder_of("cargo-monitor")
}

/// Builds a program of this repository, as far as it is not built yet.
pub(crate) fn folder_of(program: &str) -> PathBuf {
    let mut build = Command::new("cargo");
    build.args(["build", "--quiet", "--package", program]).current_dir(repository());
    let _ = run(build).succeeded();
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from);
    target.join("debug")
}

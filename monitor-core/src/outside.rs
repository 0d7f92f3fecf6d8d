//! For `cargo monitor nextest`, which measures tests that do not link this crate: the facts that their rows share, such as
//! session, machine and component.

use std::ffi::OsString;
use std::path::Path;

use monitor_store::location::workspace_root;
use monitor_store::{ContextClass, ExecutionContext, Session, Timestamp};

pub use crate::bracket::listed::{LIST, UNKNOWN_FEATURES, UNKNOWN_TO_VALGRIND};
use crate::config::Config;
use crate::facts::{self, RunnerKind};
pub use crate::facts::{Build, MONITORED, process_h, without_hash};
pub use crate::measure::instructions::{COUNTS, COUNTS_BY};
pub use crate::record::clock::since_boot_us;

/// The configuration of a session whose tests are measured from outside, by another process.
#[derive(Debug)]
pub struct Outside {
    config: Config,
}

impl Outside {
    /// Reads the variables `MONITOR_*` as monitored tests in this workspace do. `variable` gives the value of an environment
    /// variable by name.
    #[must_use]
    pub fn new(workspace: &Path, variable: &dyn Fn(&str) -> Option<OsString>) -> Self {
        // Monitored tests tell what is wrong with the variables.
        Self { config: Config::from_variables(variable, workspace_root(workspace)).0 }
    }

    /// Whether anything is to be recorded: false with `MONITOR=off`.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.config.enabled
    }

    /// The component of a test of `package`: the package's name, unless `MONITOR_COMPONENT` or `MONITOR_COMPONENT_PREFIX` say
    /// otherwise.
    #[must_use]
    pub fn component(&self, package: &str) -> String {
        self.config.component.of(None, package)
    }

    /// The row of a nextest session whose first test began at `run_date`, and the text of the workspace's `Cargo.lock` if there
    /// is one. Asks git, where that is installed, for commit and branch.
    #[must_use]
    pub fn session(&self, session_h: &str, run_date: Timestamp, build: &Build) -> (Session, Option<String>) {
        let (session, lockfile) = facts::session_row(&self.config, session_h, RunnerKind::Nextest, build);
        (Session { run_date, ..session }, lockfile)
    }

    /// The execution context (machine, system, toolchain) and its machine class.
    #[must_use]
    pub fn context(&self, build: &Build) -> (ExecutionContext, ContextClass) {
        facts::context(&self.config, build)
    }
}

/// The build of tests that are counted by this version of valgrind: they are of a machine class of their own.
#[must_use]
pub fn counted(build: Build, valgrind: &str) -> Build {
    Build { emulator: crate::measure::instructions::with_c_library(valgrind), ..build }
}

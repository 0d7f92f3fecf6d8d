//! One run of the tests under our runner.

use std::ffi::OsString;

use anyhow::bail;
use monitor_core::outside::{COUNTS_BY, UNKNOWN_FEATURES};

use super::names::{FOLDER, SAID};
use super::runner::SUBCOMMAND;
use super::valgrind::{Valgrind, unknown_to_valgrind};
use crate::output;
use crate::outside;

/// One run of the tests under our runner.
#[derive(Debug)]
pub(crate) struct Run {
    /// The tests without the attribute.
    pub(crate) outside: outside::Run,
    /// What counts.
    pub(crate) valgrind: Valgrind,
}

impl Run {
    /// Prepares a run with arguments for cargo.
    ///
    /// # Errors
    ///
    /// If nothing can be counted here.
    pub(crate) fn new(arguments: &[OsString]) -> anyhow::Result<Self> {
        let valgrind = Valgrind::find()?;
        let outside = outside::Run::new(arguments)?;
        let setting = &outside.setting;
        if let Some(program) = setting.chain.first() {
            bail!(
                "cargo is configured to run tests of {} in {program}, which callgrind cannot look into: unset that runner \
                 to count instructions",
                setting.target
            );
        }
        let used = setting.target_features()?;
        let unknown = UNKNOWN_FEATURES.iter().filter(|(feature, _)| used.iter().any(|used| used == feature));
        let unknown: Vec<&str> = unknown.map(|(_, name)| *name).collect();
        if !unknown.is_empty() {
            return Err(unknown_to_valgrind(&unknown.join(", ")));
        }
        Ok(Self { outside, valgrind })
    }

    /// What cargo must find in its environment.
    pub(crate) fn variables(&self) -> anyhow::Result<Vec<(OsString, OsString)>> {
        let mut variables = outside::as_runner(&self.outside.setting, SUBCOMMAND, self.outside.folder())?;
        variables.push((COUNTS_BY.into(), self.valgrind.version.clone().into()));
        variables.push((FOLDER.into(), self.outside.folder().into()));
        Ok(variables)
    }

    /// Tells how tests without the attribute were counted: nextest shows nothing of what the runner of a test says that passes.
    pub(crate) fn tell(&self) {
        for line in std::fs::read_to_string(self.outside.folder().join(SAID)).unwrap_or_default().lines() {
            output::note(&line);
        }
    }
}

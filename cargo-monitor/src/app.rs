//! What every command works with: the file, the output, the user.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context as _, bail};
use monitor_report::Records;
use monitor_store::{Monitor, location};

use crate::environment;
use crate::options::{Color, Format, Options};
use crate::output::{self, Document};
use crate::repository::Git;

/// One run of the program.
#[derive(Debug)]
pub struct App {
    options: Options,
}

impl App {
    pub(crate) fn new(options: Options) -> Self {
        match options.color {
            Color::Auto => {}
            Color::Always => anstream::ColorChoice::Always.write_global(),
            Color::Never => anstream::ColorChoice::Never.write_global(),
        }
        Self { options }
    }

    /// The file that the user means: `--db`, else where monitored tests of this folder's workspace write.
    ///
    /// # Errors
    ///
    /// If `MONITOR_DB` is `off`, or there is no current folder.
    pub fn database(&self) -> anyhow::Result<PathBuf> {
        let Some(path) = self.database_or_off()? else {
            bail!("no file: MONITOR_DB is off; unset it or give --db FILE")
        };
        Ok(path)
    }

    /// As [`App::database`]; `None` if `MONITOR_DB` is `off`.
    ///
    /// # Errors
    ///
    /// If there is no current folder.
    pub fn database_or_off(&self) -> anyhow::Result<Option<PathBuf>> {
        match &self.options.db {
            Some(path) => Ok(Some(path.clone())),
            None => Ok(location::database(&self.workspace()?, self.variable("MONITOR_DB")?)),
        }
    }

    /// A variable as tests see it; `None` if it is not set, or empty.
    ///
    /// # Errors
    ///
    /// If there is no current folder.
    pub fn variable(&self, name: &str) -> anyhow::Result<Option<OsString>> {
        let here = env::current_dir().context("cannot tell the current folder")?;
        Ok(environment::variable(&here, name).filter(|value| !value.is_empty()))
    }

    /// The rules in a variable of the environment, separated by `;`.
    ///
    /// # Errors
    ///
    /// If one of them makes no sense.
    pub fn rules<T>(&self, name: &str) -> anyhow::Result<Vec<T>>
    where
        T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
    {
        let Some(text) = self.variable(name)? else { return Ok(Vec::new()) };
        let text = text.to_string_lossy();
        let rules = text.split([';', '\n']).map(str::trim).filter(|rule| !rule.is_empty());
        rules.map(|rule| rule.parse().with_context(|| format!("in {name}"))).collect()
    }

    /// The root of the workspace that the current folder is in; the folder itself if it is in none.
    ///
    /// # Errors
    ///
    /// If there is no current folder.
    pub fn workspace(&self) -> anyhow::Result<PathBuf> {
        let here = env::current_dir().context("cannot tell the current folder")?;
        Ok(location::workspace_root(&here))
    }

    /// The file, open for queries.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn monitor(&self) -> anyhow::Result<Monitor> {
        let monitor = Monitor::open(&self.database()?)?;
        monitor.kept().iter().for_each(|kept| output::note(&format!("warning: {kept}")));
        Ok(monitor)
    }

    /// The rows of a file, and the history of the code in the current folder.
    #[must_use]
    pub fn records<'a>(&self, monitor: &'a Monitor) -> Records<'a> {
        Records { source: monitor, repository: &Git }
    }

    /// The format that the user wants.
    #[must_use]
    pub fn format(&self) -> Format {
        self.options.format
    }

    /// When the user wants colour.
    #[must_use]
    pub fn color(&self) -> Color {
        self.options.color
    }

    /// Prints results on stdout.
    ///
    /// # Errors
    ///
    /// If stdout does not take them.
    pub fn print(&self, document: &Document) -> anyhow::Result<()> {
        output::print(document, self.options.format)
    }
}

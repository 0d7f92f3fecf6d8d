//! What every command works with: the file, the output, the user.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, bail};
use clap::error::ErrorKind;
use monitor_client::Server;
use monitor_client::mirror::{self, Step};
use monitor_report::gate::Levels;
use monitor_report::{Records, Source};
use monitor_store::{LeftOut, Monitor, StoreError, location};

use crate::environment;
use crate::options::{Color, Format, Options, Target};
use crate::output::{self, Document};
use crate::repository::Git;
use crate::rules_file::Rules;

/// One run of the program.
#[derive(Debug)]
pub struct App {
    pub(crate) options: Options,
    /// The repository that the folder is in.
    pub(crate) git: Git,
    /// Of each file that was opened.
    left_out: Mutex<Vec<LeftOut>>,
}

impl App {
    pub(crate) fn new(options: Options) -> Self {
        match options.color {
            Color::Auto => {}
            Color::Always => anstream::ColorChoice::Always.write_global(),
            Color::Never => anstream::ColorChoice::Never.write_global(),
        }
        if options.quiet {
            output::be_quiet();
        }
        let folder = options.manifest_path.as_deref().and_then(Path::parent).map(Path::to_owned);
        Self { git: Git::in_folder(folder.unwrap_or_default()), options, left_out: Mutex::default() }
    }

    /// The file that the user means: `--db`, else where monitored tests of this folder's workspace write.
    ///
    /// # Errors
    ///
    /// If `MONITOR_DB` is `off`, or there is no current folder.
    pub fn database(&self) -> anyhow::Result<PathBuf> {
        self.database_or_off()?.context("there is no file, because MONITOR_DB is off: unset it or give --db FILE")
    }

    /// As [`App::database`]; `None` if `MONITOR_DB` is `off`.
    ///
    /// # Errors
    ///
    /// If there is no current folder.
    pub fn database_or_off(&self) -> anyhow::Result<Option<PathBuf>> {
        if let Some(server) = self.server()? {
            bail!("this command needs a file, but {} is a server: give --db FILE", server.address());
        }
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
        Ok(environment::variable(&self.folder()?, name).filter(|value| !value.is_empty()))
    }

    /// The same as text.
    ///
    /// # Errors
    ///
    /// If there is no current folder.
    pub fn text(&self, name: &str) -> anyhow::Result<Option<String>> {
        Ok(self.variable(name)?.map(|value| value.to_string_lossy().into_owned()))
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
        let Some(text) = self.text(name)? else { return Ok(Vec::new()) };
        let rules = rules_in(&text);
        let rules = rules.iter().map(|rule| rule.trim()).filter(|rule| !rule.is_empty());
        rules.map(|rule| rule.parse().with_context(|| format!("in {name}"))).collect()
    }

    /// The current folder, or that of `--manifest-path`.
    ///
    /// # Errors
    ///
    /// If there is no current folder.
    pub fn folder(&self) -> anyhow::Result<PathBuf> {
        let here = env::current_dir().context("cannot find the current folder")?;
        let manifest = self.options.manifest_path.as_deref();
        Ok(manifest.and_then(Path::parent).map_or(here.clone(), |folder| here.join(folder)))
    }

    /// The root of the workspace that the folder is in; the folder itself if it is in none.
    ///
    /// # Errors
    ///
    /// If there is no current folder.
    pub fn workspace(&self) -> anyhow::Result<PathBuf> {
        Ok(location::workspace_root(&self.folder()?))
    }

    /// How the accepted changes of the workspace's rules part the sessions.
    ///
    /// # Errors
    ///
    /// If the rules or the sessions cannot be read.
    pub fn levels(&self, monitor: &Monitor) -> anyhow::Result<Levels> {
        let accepted = Rules::of(&self.workspace()?)?.accepted;
        if accepted.is_empty() {
            return Ok(Levels::default());
        }
        Ok(Levels::of(&accepted, &Source::sessions(monitor)?, &self.git))
    }

    /// The server that `--db` names; `None` if it names a file.
    ///
    /// # Errors
    ///
    /// If it is not an address of a server.
    pub fn server(&self) -> anyhow::Result<Option<Server>> {
        let address = self.options.db.as_deref().and_then(Path::to_str).filter(|text| Server::is_address(text));
        address.map(|address| self.server_at(address)).transpose()
    }

    /// The server at an address, with the token of `MONITOR_REMOTE_TOKEN`.
    ///
    /// # Errors
    ///
    /// If it is not an address of a server.
    pub fn server_at(&self, address: &str) -> anyhow::Result<Server> {
        Ok(Server::at(address, self.text("MONITOR_REMOTE_TOKEN")?, None)?)
    }

    /// The file, open for queries; of a server its copy in the user's cache, brought up to date.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn monitor(&self) -> anyhow::Result<Monitor> {
        if let Some(server) = self.server()? {
            let mut progress = None;
            let monitor = mirror::open(&server, &environment::cache()?, |step| match step {
                Step::ToCome(sessions) => progress = Some(output::Progress::of(sessions, "fetching sessions")),
                Step::Done => progress.iter().for_each(output::Progress::advance),
            })?;
            self.watch(&monitor);
            return Ok(monitor);
        }
        let monitor = self.open(&self.database()?).map_err(|error| self.where_it_is_missing(error))?;
        monitor.kept().iter().for_each(|kept| output::note(&format!("warning: {kept}")));
        Ok(monitor)
    }

    /// This file, open for queries; what they leave out is told at the end.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn open(&self, file: &Path) -> Result<Monitor, StoreError> {
        let monitor = Monitor::open(file)?;
        self.watch(&monitor);
        Ok(monitor)
    }

    /// What is left out of an open file is told at the end.
    pub(crate) fn watch(&self, monitor: &Monitor) {
        self.left_out.lock().unwrap_or_else(PoisonError::into_inner).push(monitor.left_out().clone());
    }

    /// Tells which rows are in no answer.
    pub(crate) fn tell_what_was_left_out(&self) {
        let left_out = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        for rows in left_out.iter().filter(|rows| rows.count() > 0) {
            output::note(&format!("warning: {rows}; {}", rows.remedy()));
        }
    }

    /// Who is in the wrong folder is told so.
    fn where_it_is_missing(&self, error: StoreError) -> anyhow::Error {
        let is_missing = matches!(error, StoreError::Missing { .. }) && self.options.db.is_none();
        let error = anyhow::Error::new(error);
        match self.workspace() {
            Ok(folder) if is_missing && !folder.join("Cargo.toml").exists() => {
                error.context(format!("no Cargo project in {} or above", folder.display()))
            }
            _ => error,
        }
    }

    /// The rows of a file, and the history of the code in the folder.
    #[must_use]
    pub fn records<'a>(&'a self, monitor: &'a Monitor) -> Records<'a> {
        Records { source: monitor, repository: &self.git }
    }

    /// Prints results on stdout.
    ///
    /// # Errors
    ///
    /// If stdout does not take them.
    pub fn print(&self, document: &Document) -> anyhow::Result<()> {
        for Target { format, path } in &self.options.write {
            let text = anstream::adapter::strip_str(&output::as_text(document, *format, None)).to_string();
            output::file(path, text)?;
        }
        output::print(document, self.options.format)
    }

    /// Refuses `--format` and `--write`, for a command that makes a page of its own.
    ///
    /// # Errors
    ///
    /// A usage error, if one of them was given.
    pub fn takes_no_format(&self, instead: &str) -> anyhow::Result<()> {
        if self.options.format == Format::Table && self.options.write.is_empty() {
            return Ok(());
        }
        let message = format!("--format and --write do not go with it: {instead}");
        Err(clap::Error::raw(ErrorKind::ArgumentConflict, message + "\n").into())
    }
}

/// What stands between `;` and line breaks, but for those in brackets and for `\;`: they belong to the name of a test.
fn rules_in(text: &str) -> Vec<String> {
    let (mut rules, mut rule, mut depth) = (Vec::new(), String::new(), 0_usize);
    for character in text.chars() {
        match character {
            ';' if rule.ends_with('\\') => drop(rule.pop()),
            ';' | '\n' if depth == 0 => {
                rules.push(std::mem::take(&mut rule));
                continue;
            }
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        rule.push(character);
    }
    rules.push(rule);
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_semicolon_in_a_name_ends_no_rule() {
        assert_eq!(rules_in("a=1; b=2 in f[\"x;y\", [1;2]]\nc"), ["a=1", " b=2 in f[\"x;y\", [1;2]]", "c"]);
        assert_eq!(rules_in("a]; b"), ["a]", " b"]);
        assert_eq!(rules_in(r"a=1 in x\;y; b\;"), ["a=1 in x;y", " b;"]);
    }
}

//! What the user says, and the names that the runs get by it.

use std::ffi::OsString;

use anyhow::bail;
use clap::Args;
use monitor_analysis::constants::SAMPLES_MIN;
use monitor_store::hash_hex;

use crate::app::App;
use crate::output;

/// How the tests run, and under what names they are recorded.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Run the tests N times, each time as a new session; stop when a run fails
    #[arg(long, value_name = "N", default_value = "1", hide_default_value = true, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) repeat: u32,
    /// With --repeat: run the tests of this commit too, as often and in turns with yours, and compare the two; it is built in its
    /// own worktree
    #[arg(long, value_name = "COMMIT", requires = "repeat", conflicts_with_all = ["confirm", "instructions"])]
    pub(super) against: Option<String>,
    /// Measure tests that look worse than before again, one at a time, in N pairs of head and base, and end with 5 if they are;
    /// the base is built in its own worktree
    #[arg(long, value_name = "N", conflicts_with = "repeat", value_parser = clap::value_parser!(u32).range(SAMPLES_MIN as i64..))]
    pub(super) confirm: Option<u32>,
    /// Add a field to the session's description (repeatable)
    #[arg(long, value_name = "KEY=VALUE", value_parser = tag)]
    pub(super) tag: Vec<String>,
    /// Describe the session
    #[arg(long, value_name = "TEXT")]
    pub(super) description: Option<String>,
    /// Record all tests under this component
    #[arg(long, value_name = "NAME")]
    pub(super) component: Option<String>,
    /// Count instructions: run each monitored test once more, in its own process under valgrind, which takes 5 to 60 times as
    /// long, and one or two seconds for each test to start
    #[arg(long)]
    pub(super) instructions: bool,
    /// All other arguments are cargo's
    #[arg(last = true, hide = true)]
    pub(super) cargo: Vec<OsString>,
}

/// Tags reach the tests in one variable, separated by commas.
fn tag(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((key, _)) if !key.trim().is_empty() && !text.contains(',') => Ok(text.to_owned()),
        Some((key, _)) if !key.trim().is_empty() => Err("a tag cannot hold a comma".to_owned()),
        _ => Err("write KEY=VALUE".to_owned()),
    }
}

/// The runs of one command.
#[derive(Clone)]
pub(super) struct Series {
    /// `MONITOR_SESSION` of the user, else a name that nobody else uses.
    name: String,
    runs: u32,
    /// `MONITOR_TAGS` of the user.
    tags: Option<String>,
}

impl Series {
    pub(super) fn of(arguments: &Arguments, app: &App) -> anyhow::Result<Self> {
        let named = app.text("MONITOR_SESSION")?;
        if named.is_some() && arguments.repeat > 1 {
            bail!("MONITOR_SESSION names one session, but --repeat makes several: use only one of them");
        }
        let now = monitor_store::Timestamp::now();
        let name = named.unwrap_or_else(|| hash_hex([now.to_string(), std::process::id().to_string()]));
        Ok(Self { name, runs: arguments.repeat, tags: app.text("MONITOR_TAGS")? })
    }

    /// The same runs of another commit.
    pub(super) fn against(&self) -> Self {
        Self { name: format!("{} against", self.name), ..self.clone() }
    }

    pub(super) fn session_name(&self, number: u32) -> String {
        if self.runs == 1 { self.name.clone() } else { format!("{} {number}", self.name) }
    }

    /// What the tests are told: the user's variables, and beside them the options.
    pub(super) fn variables(&self, arguments: &Arguments) -> Vec<(&'static str, String)> {
        let mut tags: Vec<String> = self.tags.iter().cloned().collect();
        tags.extend(arguments.tag.iter().cloned());
        if self.runs > 1 {
            // By this tag the runs are found together again.
            tags.push(format!("repeat={}", output::short(&self.name)));
        }
        let mut variables = Vec::new();
        if !tags.is_empty() {
            variables.push(("MONITOR_TAGS", tags.join(",")));
        }
        variables.extend(arguments.description.clone().map(|text| ("MONITOR_DESCRIPTION", text)));
        variables.extend(arguments.component.clone().map(|name| ("MONITOR_COMPONENT", name)));
        variables
    }
}

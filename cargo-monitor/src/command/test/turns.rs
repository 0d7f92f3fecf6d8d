//! Two commits' tests in turns: what is checked out here, and another commit in a worktree of its own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use monitor_analysis::constants::SAMPLES_MIN;
use monitor_report::comparison::Sides;
use monitor_report::view::compare;
use monitor_store::{Monitor, Session, hash_hex};

use super::arguments::{Arguments, Series};
use super::cargo::{self, Runner};
use crate::app::App;
use crate::elsewhere::{self, Worktree};
use crate::exit::Exit;
use crate::output;

/// One side: where its tests run, and what is set for them.
struct Side {
    series: Series,
    folder: PathBuf,
    variables: Vec<(OsString, OsString)>,
    sessions: Vec<String>,
}

/// Runs both sides `--repeat` times in turns, so that a machine that becomes slower hits both, and compares them.
pub(super) fn run(arguments: &Arguments, revision: &str, runner: Runner, app: &App) -> anyhow::Result<Exit> {
    if (arguments.repeat as usize) < SAMPLES_MIN {
        bail!("--against compares N runs with N, from {SAMPLES_MIN} on: say --repeat {SAMPLES_MIN} at least");
    }
    let file = app.database_or_off()?.context("MONITOR_DB is off, and what is compared must be recorded")?;
    let (workspace, here) = (app.workspace()?, app.folder()?);
    let worktree = Worktree::new(&workspace, &elsewhere::folder(&workspace))?;
    worktree.check_out(&elsewhere::commit(&workspace, revision)?)?;
    let inside = here.canonicalize()?.strip_prefix(workspace.canonicalize()?)?.to_owned();
    let head = Series::of(arguments, app)?;
    let build = ("CARGO_TARGET_DIR".into(), elsewhere::build_folder(&workspace).into());
    let mut sides = [
        Side {
            series: head.against(),
            folder: worktree.path().join(inside),
            variables: vec![build],
            sessions: Vec::new(),
        },
        Side { series: head, folder: here, variables: Vec::new(), sessions: Vec::new() },
    ];
    for number in 1..=arguments.repeat {
        // The first of a pair may find the machine in another state than the second.
        let order = if number % 2 == 0 { [1, 0] } else { [0, 1] };
        for at in order {
            let name = if at == 0 { revision } else { "what is checked out" };
            output::note(&format!("run {number} of {} of {name}", arguments.repeat));
            let code = sides[at].run(number, arguments, runner, &file, app)?;
            if code != 0 {
                return Ok(Exit::Cargo(code));
            }
        }
    }
    let monitor = app.open(&file)?;
    let [base, head] = sides.map(|side| side.recorded(&monitor));
    let sides = Sides::repeated(base?, head?);
    app.print(&compare::document(&compare::of_levels(&monitor, sides, &app.levels(&monitor)?)?, false))?;
    Ok(Exit::Success)
}

impl Side {
    fn run(
        &mut self,
        number: u32,
        arguments: &Arguments,
        runner: Runner,
        file: &Path,
        app: &App,
    ) -> anyhow::Result<u8> {
        let name = self.series.session_name(number);
        let run = cargo::Run {
            runner,
            arguments: &arguments.cargo,
            folder: Some(&self.folder),
            file: Some(file),
            session: &name,
            variables: self.series.variables(arguments),
            app,
        };
        self.sessions.push(hash_hex(["session", name.as_str()]));
        run.run(&self.variables)
    }

    /// Its sessions, newest first.
    fn recorded(self, monitor: &Monitor) -> anyhow::Result<Vec<Session>> {
        let session = |session_h: &String| monitor.session(session_h)?.context("no monitored test ran");
        self.sessions.iter().rev().map(session).collect()
    }
}

//! `cargo monitor test` and `cargo monitor nextest`: cargo's own command, then what its tests cost.

mod arguments;
mod cargo;
mod keeper;
mod nothing;
mod turns;

use std::ffi::OsString;
use std::path::Path;

use anyhow::bail;
use monitor_store::{StoreError, hash_hex};

pub use self::arguments::Arguments;
use self::arguments::Series;
pub(crate) use self::cargo::Runner;
use crate::app::App;
use crate::confirm::{Plan, confirm};
use crate::counting;
use crate::exit::Exit;
use crate::explain;
use crate::options::Format;
use crate::output;
use crate::output::Document;
use crate::outside;
use monitor_analysis::verdict::Verdict;
use monitor_report::comparison::Sides;
use monitor_report::gate::Doubt;
use monitor_report::view::{compare as view, summary};

pub(crate) fn run(arguments: &Arguments, runner: Runner, app: &App) -> anyhow::Result<Exit> {
    if let Some(commit) = &arguments.against {
        return turns::run(arguments, commit, runner, app);
    }
    let file = app.database_or_off()?;
    let series = Series::of(arguments, app)?;
    let mut code = 0;
    let mut sessions = Vec::new();
    for number in 1..=arguments.repeat {
        if arguments.repeat > 1 {
            output::note(&format!("run {number} of {}", arguments.repeat));
        }
        let name = series.session_name(number);
        let run = cargo::Run {
            runner,
            arguments: &arguments.cargo,
            folder: None,
            file: file.as_deref(),
            session: &name,
            variables: series.variables(arguments),
            app,
        };
        let session_h = hash_hex(["session", name.as_str()]);
        code = match (runner, &file) {
            (_, Some(file)) if arguments.instructions => {
                let counting = counting::Run::new(run.arguments)?;
                let code = run.run(&counting.variables()?)?;
                counting.tell();
                record_others(&counting.outside, &run, file, &session_h, Some(&counting.valgrind.version), app)?;
                code
            }
            (_, None) if arguments.instructions => bail!("MONITOR_DB is off, but instruction counts need a file"),
            (Runner::Nextest, Some(file)) => run_and_measure(&run, file, &session_h, app)?,
            _ => run.run(&[])?,
        };
        sessions.push(session_h);
        if code != 0 {
            break;
        }
    }
    let Some(file) = file else {
        output::note(&"nothing was recorded: MONITOR_DB is off");
        return Ok(Exit::Cargo(code));
    };
    // What cargo has to say is what counts; that its tests cannot be summed up is only told.
    match print_summary(app, &file, &sessions, code) {
        Err(error) if explain::of(&error) != Exit::Success => output::error(&error),
        _ => {}
    }
    match (arguments.confirm, sessions.as_slice()) {
        (Some(pairs), [session_h]) if code == 0 => confirmed(arguments, app, &file, session_h, pairs),
        _ => Ok(Exit::Cargo(code)),
    }
}

/// Measures again what looks worse than in the last session.
fn confirmed(arguments: &Arguments, app: &App, file: &Path, session_h: &str, pairs: u32) -> anyhow::Result<Exit> {
    let monitor = app.open(file)?;
    let sides = match monitor.session(session_h)? {
        Some(session) => Sides::since_last(&monitor, &session)?,
        None => None,
    };
    let Some(sides) = sides else {
        output::note(&"nothing is measured again: there is no earlier session of this machine class");
        return Ok(Exit::Success);
    };
    let comparison = view::of_levels(&monitor, sides, &app.levels(&monitor)?)?;
    let worse = [Verdict::Regressed, Verdict::Suspect].into_iter().flat_map(|verdict| comparison.of(verdict));
    let doubts = Doubt::all(&comparison, worse);
    // What the user tells the harness is not cargo's.
    let cargo: Vec<OsString> = arguments.cargo.iter().take_while(|argument| *argument != "--").cloned().collect();
    let again = confirm(app, &comparison.sides, &doubts, Plan { pairs, cargo: &cargo }, &|_, _| None)?;
    if !doubts.is_empty() {
        let table = view::findings(&comparison, again.decided.iter().chain(&again.open));
        app.print(&Document::default().with_table("again", "Measured again", table))?;
    }
    let is_worse = again.decided.iter().any(|finding| finding.verdict() == Verdict::Regressed);
    Ok(if is_worse { Exit::Regressed } else { Exit::Success })
}

/// Measures from outside what has not recorded itself.
fn run_and_measure(run: &cargo::Run<'_>, file: &Path, session_h: &str, app: &App) -> anyhow::Result<u8> {
    let outside = outside::Run::new(run.arguments)?;
    let code = run.run(&outside.variables()?)?;
    record_others(&outside, run, file, session_h, None, app)?;
    Ok(code)
}

/// Records the tests that have not recorded themselves, with what `counted_by` has counted.
fn record_others(
    outside: &outside::Run,
    run: &cargo::Run<'_>,
    file: &Path,
    session_h: &str,
    counted_by: Option<&str>,
    app: &App,
) -> anyhow::Result<()> {
    if let Err(error) = outside::record(outside, file, &app.workspace()?, session_h, &run.variables, counted_by) {
        output::error(&error.context("tests without #[monitored] are not recorded"));
    }
    Ok(())
}

fn print_summary(app: &App, file: &Path, sessions: &[String], code: u8) -> anyhow::Result<()> {
    let monitor = match app.open(file) {
        Err(StoreError::Missing { .. }) => {
            output::note(&nothing::why(app, file, code)?);
            return Ok(());
        }
        result => result?,
    };
    let mut recorded = Vec::new();
    for session_h in sessions {
        recorded.extend(monitor.session(session_h)?);
    }
    if app.options.format == Format::Table && !recorded.is_empty() {
        // Apart from what cargo has printed.
        output::write("\n")?;
    }
    match recorded.as_slice() {
        [] => output::note(&nothing::why(app, file, code)?),
        [session] => app.print(&summary::of_one(&monitor, session, &app.levels(&monitor)?)?)?,
        sessions => app.print(&summary::of_several(&monitor, sessions)?)?,
    }
    Ok(())
}

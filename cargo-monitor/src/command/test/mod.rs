//! `cargo monitor test` and `cargo monitor nextest`: cargo's own command, then what its tests cost.

mod cargo;

use std::ffi::OsString;
use std::path::Path;

use anyhow::bail;
use clap::Args;
use monitor_store::{Monitor, StoreError, hash_hex};

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
use monitor_analysis::constants::SAMPLES_MIN;
use monitor_analysis::verdict::Verdict;
use monitor_report::comparison::{Comparison, Request, Sides};
use monitor_report::gate::doubts;
use monitor_report::view::{compare as view, summary};

/// How the tests run, and under what names they are recorded.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Run the tests N times, each time as a new session; stop when a run fails. To compare two versions of the code, run them
    /// in turns without --repeat, or use --confirm
    #[arg(long, value_name = "N", default_value = "1", hide_default_value = true, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// Measure tests that look worse than before again, one at a time, in N pairs of head and base, and end with 5 if they are;
    /// the base is built in its own worktree
    #[arg(long, value_name = "N", conflicts_with = "repeat", value_parser = clap::value_parser!(u32).range(SAMPLES_MIN as i64..))]
    confirm: Option<u32>,
    /// Add a field to the session's description (repeatable)
    #[arg(long, value_name = "KEY=VALUE", value_parser = tag)]
    tag: Vec<String>,
    /// Describe the session
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Record all tests under this component
    #[arg(long, value_name = "NAME")]
    component: Option<String>,
    /// Count instructions: run each monitored test once more, in its own process under valgrind, which takes 25 to 150 times as
    /// long
    #[arg(long)]
    instructions: bool,
    /// All other arguments are cargo's
    #[arg(last = true, hide = true)]
    cargo: Vec<OsString>,
}

/// Tags reach the tests in one variable, separated by commas.
fn tag(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((key, _)) if !key.trim().is_empty() && !text.contains(',') => Ok(text.to_owned()),
        Some((key, _)) if !key.trim().is_empty() => Err("a tag cannot hold a comma".to_owned()),
        _ => Err("write KEY=VALUE".to_owned()),
    }
}

pub(crate) fn run(arguments: &Arguments, runner: Runner, app: &App) -> anyhow::Result<Exit> {
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
            file: file.as_deref(),
            session: &name,
            variables: series.variables(arguments),
            // Only the results may stand on stdout when a program reads them.
            stdout_to_stderr: app.format() != Format::Table,
            color: app.color(),
        };
        let session_h = hash_hex(["session", name.as_str()]);
        code = match (runner, &file) {
            (_, Some(file)) if arguments.instructions => {
                let counting = counting::Run::new(run.arguments)?;
                let code = run.run(&counting.variables()?)?;
                counting.tell();
                record_others(counting.outside(), &run, file, &session_h, Some(counting.version()), app)?;
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
    let monitor = Monitor::open(file)?;
    let sides = match monitor.session(session_h)? {
        Some(session) => Sides::since_last(&monitor, &session)?,
        None => None,
    };
    let Some(sides) = sides else {
        output::note(&"nothing is measured again: there is no earlier session of this machine class");
        return Ok(Exit::Success);
    };
    let levels = app.levels(&monitor)?;
    let is_over = |test: &_, metric, session: &str| levels.is_over(test, metric, session);
    let request = Request { is_over: (!levels.is_empty()).then_some(&is_over), ..Request::new(sides) };
    let comparison = Comparison::new(&monitor, request)?;
    let worse = [Verdict::Regressed, Verdict::Suspect].into_iter().flat_map(|verdict| comparison.of(verdict));
    let doubts = doubts(worse);
    // What the user tells the harness is not cargo's.
    let cargo: Vec<OsString> = arguments.cargo.iter().take_while(|argument| *argument != "--").cloned().collect();
    let again = confirm(app, &comparison.sides, &doubts, Plan { pairs, cargo: &cargo }, &|_, _| None)?;
    if !doubts.is_empty() {
        app.print(&Document::default().with_table("again", "Measured again", view::findings(again.iter())))?;
    }
    let is_worse = again.iter().any(|finding| finding.verdict() == Verdict::Regressed);
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
    let nothing = match code {
        0 => "no monitored test ran: `cargo monitor init` puts #[monitored] on every test",
        _ => "nothing was measured: cargo failed before a monitored test ran",
    };
    let monitor = match Monitor::open(file) {
        Err(StoreError::Missing { .. }) => {
            output::note(&nothing);
            return Ok(());
        }
        result => result?,
    };
    let mut recorded = Vec::new();
    for session_h in sessions {
        recorded.extend(monitor.session(session_h)?);
    }
    if app.format() == Format::Table && !recorded.is_empty() {
        // Apart from what cargo has printed.
        output::write("\n")?;
    }
    match recorded.as_slice() {
        [] => output::note(&nothing),
        [session] => app.print(&summary::of_one(&monitor, session)?)?,
        sessions => app.print(&summary::of_several(&monitor, sessions)?)?,
    }
    Ok(())
}

/// The runs of one command.
struct Series {
    /// `MONITOR_SESSION` of the user, else a name that nobody else uses.
    name: String,
    runs: u32,
    /// `MONITOR_TAGS` of the user.
    tags: Option<String>,
}

impl Series {
    fn of(arguments: &Arguments, app: &App) -> anyhow::Result<Self> {
        let text = |name| Ok::<_, anyhow::Error>(app.variable(name)?.map(|text| text.to_string_lossy().into_owned()));
        let named = text("MONITOR_SESSION")?;
        if named.is_some() && arguments.repeat > 1 {
            bail!("MONITOR_SESSION names one session, but --repeat makes several: use only one of them");
        }
        let now = monitor_store::Timestamp::now();
        let name = named.unwrap_or_else(|| hash_hex([now.to_string(), std::process::id().to_string()]));
        Ok(Self { name, runs: arguments.repeat, tags: text("MONITOR_TAGS")? })
    }

    fn session_name(&self, number: u32) -> String {
        if self.runs == 1 { self.name.clone() } else { format!("{} {number}", self.name) }
    }

    /// What the tests are told: the user's variables, and beside them the options.
    fn variables(&self, arguments: &Arguments) -> Vec<(&'static str, String)> {
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

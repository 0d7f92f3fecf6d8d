//! `cargo monitor export`: every row of some sessions, for other programs.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};

use anyhow::{Context as _, bail, ensure};
use clap::{Args, ValueEnum, ValueHint};
use monitor_analysis::parallel::parallel;
use monitor_store::{Monitor, Session, Sessions};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::app::App;
use crate::complete;
use crate::options::Format;
use crate::output;
use monitor_report::{export, select};

/// What to export, and how.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor export -o history.csv
  cargo monitor export latest | jq 'select(.wall_seconds > 1) | .test'

Every row has all facts about the test and its session. JSON lines are complete, except for lockfiles. CSV is \
for spreadsheets: text that a spreadsheet would run as a formula gets an apostrophe before it. Data frames and DuckDB read both, and \
can write Parquet. Times are UTC.")]
pub struct Arguments {
    /// Which sessions: a branch, commit, date, tag:KEY=VALUE, … [default: all]
    #[arg(value_name = "SESSIONS", add = complete::session_completer())]
    sessions: Option<String>,
    /// Format of the rows [default: by the file's name, or json-lines]
    #[arg(long = "as", value_name = "FORM")]
    form: Option<Form>,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
}

/// Form of exported rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// One object of JSON on each line
    JsonLines,
    /// Comma-separated values (RFC 4180)
    Csv,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<()> {
    let form = form(arguments, app.options.format)?;
    let monitor = app.monitor()?;
    let mut chosen = match &arguments.sessions {
        Some(text) => select::sessions(app.records(&monitor), text)?,
        None => monitor.sessions(&Sessions::all().newest_first())?,
    };
    chosen.reverse();
    let Some(path) = &arguments.output else {
        return write_rows(&monitor, &chosen, form, &mut std::io::stdout().lock(), "to standard output");
    };
    let folder = output::folder_of(path)?;
    let name = path.display().to_string();
    let cannot = || format!("cannot write {name}");
    if path.exists() && !path.is_file() {
        // A pipe or a device.
        let mut out = File::options().write(true).open(path).with_context(cannot)?;
        return write_rows(&monitor, &chosen, form, &mut out, &name);
    }
    // Beside the file and then in its place, so that a reader never finds half of it; what a link leads to stays where it is.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
    let folder = path.parent().filter(|_| path.is_file()).unwrap_or(folder);
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, INTERRUPTED.clone())?;
    }
    let permissions = fs::metadata(&path).map_or_else(|_| Permissions::from_mode(0o666), |it| it.permissions());
    let file = tempfile::Builder::new().permissions(permissions).tempfile_in(folder);
    let mut file = file.with_context(cannot)?;
    write_rows(&monitor, &chosen, form, file.as_file_mut(), &name)?;
    file.persist(&path).with_context(cannot)?;
    output::note(&format!("sessions written to {name}: {}", chosen.len()));
    Ok(())
}

fn form(arguments: &Arguments, format: Format) -> anyhow::Result<Form> {
    let extension = arguments.output.as_deref().and_then(Path::extension).map(|it| it.to_string_lossy().to_lowercase());
    match (arguments.form, extension.as_deref(), format) {
        (Some(form), ..) => Ok(form),
        (None, Some("parquet"), _) => {
            bail!("cannot export as Parquet: export as json-lines, and let DuckDB or another program convert it")
        }
        (None, _, Format::Markdown) => bail!("cannot export as markdown: use --as csv or --as json-lines"),
        (None, Some("csv"), _) | (None, _, Format::Csv) => Ok(Form::Csv),
        _ => Ok(Form::JsonLines),
    }
}

fn write_rows(
    monitor: &Monitor,
    sessions: &[Session],
    form: Form,
    out: &mut dyn Write,
    name: &str,
) -> anyhow::Result<()> {
    let progress = output::Progress::of(sessions.len(), "exporting sessions");
    let text = |session: &Session| match form {
        Form::JsonLines => export::json_lines(monitor, session),
        Form::Csv => export::csv(monitor, session, session.session_h == sessions[0].session_h),
    };
    for sessions in sessions.chunks(AT_ONCE) {
        for text in parallel(sessions, sessions.len() > 1, text) {
            out.write_all(text?.as_bytes()).with_context(|| format!("cannot write {name}"))?;
            progress.advance();
        }
        ensure!(!INTERRUPTED.load(Relaxed), "interrupted: nothing was exported");
    }
    out.flush().with_context(|| format!("cannot write {name}"))
}

/// Sessions whose rows are held as text.
const AT_ONCE: usize = 4;

/// Whether this process is to end: what is written of a file is to be removed.
static INTERRUPTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

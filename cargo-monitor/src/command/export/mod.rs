//! `cargo monitor export`: every row of some sessions, for other programs.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum, ValueHint};
use monitor_store::{Monitor, Session, SessionDetails, Sessions};

use crate::app::App;
use crate::complete;
use crate::options::Format;
use crate::output::{self, Body, Cell, Column, Table};
use monitor_report::measure;
use monitor_report::select;
use monitor_report::view::{sessions, show};

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
    match &arguments.output {
        None => write_rows(&monitor, &chosen, form, &mut std::io::stdout().lock())?,
        Some(path) => {
            let cannot = || format!("cannot write {}", path.display());
            // Beside the file and then in its place, so that a reader never finds half of it.
            let mut file = tempfile::NamedTempFile::new_in(output::folder_of(path)?).with_context(cannot)?;
            let mut writer = BufWriter::new(file.as_file_mut());
            write_rows(&monitor, &chosen, form, &mut writer)?;
            writer.flush().with_context(cannot)?;
            drop(writer);
            make_readable(file.as_file()).with_context(cannot)?;
            file.persist(path).with_context(cannot)?;
            output::note(&format!("sessions written to {}: {}", path.display(), chosen.len()));
        }
    }
    Ok(())
}

/// As a file that the user creates, not only for themselves as temporary ones are.
fn make_readable(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
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

fn write_rows(monitor: &Monitor, sessions: &[Session], form: Form, out: &mut dyn Write) -> anyhow::Result<()> {
    let progress = output::Progress::of(sessions.len(), "exporting sessions");
    for (index, session) in sessions.iter().enumerate() {
        let table = table(monitor, session)?;
        let text = if form == Form::Csv { output::csv_rows(&table, index == 0) } else { output::json_lines(&table) };
        out.write_all(text.as_bytes())?;
        progress.advance();
    }
    out.flush()?;
    Ok(())
}

/// The rows of a session, each with the facts of the session.
fn table(monitor: &Monitor, session: &Session) -> anyhow::Result<Table> {
    let details = monitor.session_details(&Sessions::all().id_prefix(&session.session_h))?;
    let details: Vec<SessionDetails> =
        details.into_iter().filter(|d| d.session.session_h == session.session_h).collect();
    let mut facts: Vec<(Column, Cell)> = Vec::new();
    for section in sessions::document(&details).sections {
        if let Body::Table(mut table) = section.body
            && let Some(row) = table.rows.pop()
        {
            facts = table.columns.into_iter().zip(row).filter(|(column, _)| column.key != "rows").collect();
        }
    }
    let tests = show::table(&monitor.tests(&session.session_h)?, &measure::METRICS);
    // Each test has its own.
    facts.retain(|(column, _)| column.key != "machine_class");
    let columns = facts.iter().map(|(column, _)| *column).chain(tests.columns).collect();
    let rows = tests.rows.into_iter().map(|row| facts.iter().map(|(_, cell)| cell.clone()).chain(row).collect());
    Ok(Table { columns, rows: rows.collect() })
}

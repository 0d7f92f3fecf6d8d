//! `cargo monitor report`: one page that tells what a session cost.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use monitor_report::view::report::{Extent, page};
use monitor_report::view::subject::Subject;

use crate::app::App;
use crate::complete;
use crate::output;

/// Of what, and where to.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor report
  cargo monitor report main --output main.html
  cargo monitor report v1.0..latest --charts 50

The page is one file that needs nothing else, not even JavaScript. A range FROM..TO reports the session TO, compares it \
with FROM, and shows the histories between them; without a range, the session is compared with the one before it of the same machine class.")]
pub struct Arguments {
    /// The session (latest, latest~2, a commit, branch, date, tag:KEY=VALUE, …) or a range FROM..TO of them
    #[arg(value_name = "SESSION", default_value = "latest", add = complete::session_completer())]
    session: String,
    /// The file to write
    #[arg(short, long, value_name = "FILE", default_value = "report.html", value_hint = ValueHint::FilePath)]
    output: PathBuf,
    /// Number of tests whose history is drawn: those that changed, then the slowest and those with the highest memory
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    charts: usize,
    /// Number of sessions in each history, the newest
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    sessions: usize,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<()> {
    app.takes_no_format("the report is a page of HTML, --output names its file")?;
    let monitor = app.monitor()?;
    let subject = Subject::find(app.records(&monitor), &arguments.session)?;
    let extent = Extent { charts: arguments.charts, sessions: arguments.sessions };
    let page = page(&monitor, &subject, extent, &app.levels(&monitor)?)?;
    output::file(&arguments.output, page.render())?;
    output::note(&format!("report written to {}", arguments.output.display()));
    Ok(())
}

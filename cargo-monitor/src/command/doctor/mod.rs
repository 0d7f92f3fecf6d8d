//! `cargo monitor doctor`: what is wrong, or may mislead, in a project and its file.

mod allocator;
mod environment;
mod file;
mod finding;
mod harness;
mod source;
mod unnamed;

use clap::Args;

pub(super) use self::environment::switched_off;
pub(super) use self::file::waiting;
use self::finding::{Finding, Grade};
pub(super) use self::harness::unmeasured;
use crate::app::App;
use crate::exit::Exit;
use crate::output::{Document, Table, Tone, Value};
use crate::sources::packages;

/// Nothing to choose.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor doctor
  cargo monitor doctor --format json

Checks the file (can it be read, is it on a network, do rows wait in other files, does it mix builds or machines), \
the environment (variables that nothing reads, or that switch monitoring off) and the sources of the workspace (tests without the attribute, \
allocators that conflict or are not counted, targets with `harness = false`, and those that the lint \
`unused_crate_dependencies` names). The exit code is 7 if something is wrong, and 0 if something is only \
doubtful.")]
pub struct Arguments {}

pub(crate) fn run(_: &Arguments, app: &App) -> anyhow::Result<Exit> {
    let workspace = app.workspace()?;
    let mut findings = file::check(&app.database()?);
    if let Some(value) = switched_off(app)? {
        findings.push(Finding::doubtful(
            "environment",
            format!("MONITOR is {value}: tests record nothing"),
            "unset it",
        ));
    }
    findings.extend(environment::check(std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned())));
    if workspace.join("Cargo.toml").exists() {
        let known = packages::workspace(&workspace).ok();
        findings.extend(source::check(&workspace, known.as_ref().map_or(&[], |workspace| &workspace.packages)));
        findings.extend(known.iter().flat_map(allocator::check));
        findings.extend(known.as_ref().and_then(harness::check));
        findings.extend(known.as_ref().and_then(unnamed::check));
    } else {
        // Else this would read whatever lies below, a home folder perhaps.
        let found = format!("no Cargo project in {} or above", workspace.display());
        findings.push(Finding::doubtful("tests", found, "run it in the project, to have its sources looked at"));
    }
    app.print(&Document::table("checks", table(&findings)))?;
    let is_wrong = findings.iter().any(|finding| finding.grade == Grade::Wrong);
    Ok(if is_wrong { Exit::Wrong } else { Exit::Success })
}

fn table(findings: &[Finding]) -> Table {
    let mut table = Table::new(&[("check", "check"), ("grade", "is"), ("found", "found"), ("remedy", "remedy")]);
    for finding in findings {
        let (grade, tone) = match finding.grade {
            Grade::Fine => ("fine", Tone::Good),
            Grade::Doubtful => ("doubtful", Tone::Doubtful),
            Grade::Wrong => ("wrong", Tone::Bad),
        };
        table.push(vec![
            Value::Text(finding.check.to_owned()).into(),
            Value::Text(grade.to_owned()).toned(tone),
            Value::Text(finding.found.clone()).into(),
            Value::text(&finding.remedy).into(),
        ]);
    }
    table
}

//! What changed between any two sides.

use std::sync::Arc;

use monitor_report::comparison::{Comparison, Request, Sides};
use monitor_report::{NoRepository, Records, ReportError};

use super::source::Project;
use super::verdict::Grounds;

/// What changed between two sides, as `cargo monitor compare BASE HEAD` says it.
///
/// # Errors
///
/// If a name selects nothing, or the rows can't be read.
pub fn compare(
    project: &Project<'_>,
    base: &str,
    head: &str,
    across_machines: bool,
) -> Result<Arc<Comparison>, ReportError> {
    let sides = Sides::find(Records { source: project, repository: &NoRepository }, base, head)?;
    let grounds = grounds(project, &format!("{across_machines} {base}"), &sides);
    let request = Request { across_machines, ..Request::new(sides) };
    project.verdicts().comparisons.get(&grounds, || Comparison::new(project, request))
}

/// What an answer about these sides rests on.
pub(super) fn grounds(project: &Project<'_>, asked: &str, sides: &Sides) -> Grounds {
    Grounds::new(project.name(), asked, sides, |session_h| {
        format!("{} {:?}", project.state(session_h), project.class(session_h))
    })
}

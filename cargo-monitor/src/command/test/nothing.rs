//! Why a run has left no row.

use std::path::Path;

use crate::app::App;
use crate::command::doctor;
use crate::sources::packages;

/// What the user is told, who expected a table.
pub(super) fn why(app: &App, file: &Path, code: u8) -> anyhow::Result<String> {
    let folder = app.folder()?;
    let waiting = doctor::waiting(file);
    Ok(if let Some(value) = doctor::switched_off(app)? {
        format!("nothing was recorded: MONITOR is {value}")
    } else if !waiting.is_empty() {
        format!("nothing is in {} yet: rows wait in {}", file.display(), waiting.join(", "))
    } else if file.parent().is_some_and(|parent| !folder.join(parent).is_dir()) {
        format!("nothing was recorded: the folder of {} does not exist", file.display())
    } else if code != 0 {
        "nothing was measured: cargo failed before a monitored test ran".to_owned()
    } else if is_prepared(&folder) {
        "no monitored test ran: none that cargo ran has #[monitored], and doctests cannot have it; `cargo monitor doctor` \
         lists tests without it"
            .to_owned()
    } else {
        "no monitored test ran: `cargo monitor init` puts #[monitored] on every test".to_owned()
    })
}

/// Whether a package of the workspace depends on the runtime.
fn is_prepared(folder: &Path) -> bool {
    packages::workspace(folder)
        .is_ok_and(|workspace| workspace.packages.iter().any(|package| package.runtime.is_some()))
}

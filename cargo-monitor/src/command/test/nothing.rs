//! Why a run has left no row.

use std::io::{self, Write as _};
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
        format!(
            "nothing was recorded: the folder of {} does not exist; make it, or choose another path with MONITOR_DB",
            file.display()
        )
    } else if let Err(error) = can_write_beside(&folder.join(file)) {
        let (file, why) = (file.display(), error.kind());
        format!(
            "nothing was recorded: cannot write beside {file}: {why}; make its folder writable, or choose another path with MONITOR_DB"
        )
    } else if code != 0 {
        "nothing was measured: cargo failed before a monitored test ran".to_owned()
    } else {
        no_test_of(&folder)
    })
}

/// Whether the disk has room there, and lets this user have it.
fn can_write_beside(file: &Path) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut probe = tempfile::NamedTempFile::new_in(folder)?;
    probe.write_all(&[0; 4096])?;
    probe.as_file().sync_all()
}

/// Why tests of this folder's workspace have no rows, though they ran.
fn no_test_of(folder: &Path) -> String {
    let workspace = packages::workspace(folder).ok();
    let is_prepared =
        workspace.iter().flat_map(|workspace| &workspace.packages).any(|package| package.runtime.is_some());
    let reason = match is_prepared {
        true => {
            "none that cargo ran has #[monitored], and doctests cannot have it; `cargo monitor doctor` lists tests without it"
        }
        false => "`cargo monitor init` puts #[monitored] on every test",
    };
    let unmeasured = workspace.as_ref().map(doctor::unmeasured).unwrap_or_default();
    let own_harness = match unmeasured.as_slice() {
        [] => String::new(),
        targets => format!(
            "; harness = false in {}: `cargo monitor nextest` measures the tests that they list",
            targets.join(", ")
        ),
    };
    format!("no monitored test ran: {reason}{own_harness}")
}

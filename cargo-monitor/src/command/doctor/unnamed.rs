//! Targets of which rustc tells that they do not use the runtime.

use std::{fs, slice};

use super::finding::Finding;
use super::source::some;
use crate::sources::files;
use crate::sources::lint::{self, Lint};
use crate::sources::packages::Workspace;

pub(super) fn check(workspace: &Workspace) -> Option<Finding> {
    let lint = Lint::of(workspace);
    let mut unnamed = Vec::new();
    for package in &workspace.packages {
        let Some(runtime) = &package.runtime else { continue };
        for target in &package.targets {
            let (root, _) = target;
            let is_asked = fs::read_to_string(root).is_ok_and(|text| lint.asks(package, &text));
            let files = if is_asked { files::of_targets(slice::from_ref(target)) } else { continue };
            if !lint::is_answered(files.iter().map(|file| &*file.text), runtime) {
                unnamed.push(root.strip_prefix(&workspace.root).unwrap_or(root).display().to_string());
            }
        }
    }
    (!unnamed.is_empty()).then(|| {
        let found = format!("unused_crate_dependencies is on, and nothing uses the runtime in {}", some(&unnamed));
        Finding::doubtful("lint", found, "run `cargo monitor init`, or write `use monitor_runtime as _;` there")
    })
}

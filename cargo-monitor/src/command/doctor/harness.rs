//! Targets with `harness = false`: what runs their tests is their own `main`.

use std::path::{Path, PathBuf};

use syn::ItemFn;
use syn::visit::{self, Visit};

use super::finding::Finding;
use super::source::some;
use crate::sources::packages::Workspace;
use crate::sources::{files, known};

pub(super) fn check(workspace: &Workspace) -> Option<Finding> {
    let unmeasured = unmeasured(workspace);
    (!unmeasured.is_empty()).then(|| {
        let found = format!(
            "harness = false in {}: #[test] functions are not compiled there, and what main runs instead has no row under cargo test",
            some(&unmeasured)
        );
        let remedy = "run `cargo monitor nextest`, which measures the tests that main lists, or put #[monitored] on what main calls";
        Finding::doubtful("harness", found, remedy)
    })
}

/// Roots of targets with a `main` of their own that records nothing: those that `cargo test` runs, and others with the
/// attribute where it does nothing.
pub(crate) fn unmeasured(workspace: &Workspace) -> Vec<String> {
    let mut roots = Vec::new();
    for package in &workspace.packages {
        for root in &package.own_harness {
            let functions = look(root);
            let is_run = package.runs_own_harness.contains(root);
            if !functions.measured && (is_run || functions.left_out) {
                roots.push(root.strip_prefix(&workspace.root).unwrap_or(root).display().to_string());
            }
        }
    }
    roots
}

/// Functions with the attribute.
#[derive(Default)]
struct Functions {
    /// Some are called by the program.
    measured: bool,
    /// Some are tests, which rustc leaves out.
    left_out: bool,
}

fn look(root: &Path) -> Functions {
    let mut functions = Functions::default();
    for file in files::of_targets(&[(PathBuf::from(root), true)]) {
        if let Ok(syntax) = file.syntax {
            functions.visit_file(&syntax);
        }
    }
    functions
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        if known::is_monitored(&function.attrs) {
            if known::is_test(function) { self.left_out = true } else { self.measured = true }
        }
        visit::visit_item_fn(self, function);
    }
}

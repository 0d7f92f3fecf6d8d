//! The sources of a workspace: tests that are not monitored, allocators that hide the heap.

use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, ItemFn, ItemMod, ItemStatic};

use super::Finding;

pub(super) fn check(workspace: &Path) -> Vec<Finding> {
    let mut files = Vec::new();
    find(workspace, &mut files);
    files.sort();
    let mut seen = Seen::default();
    for file in &files {
        let Ok(text) = fs::read_to_string(file) else { continue };
        // Only files that matter are parsed: most have no test.
        if !text.contains("monitored") && !text.contains("global_allocator") {
            continue;
        }
        if let Ok(syntax) = syn::parse_file(&text) {
            seen.file = file.strip_prefix(workspace).unwrap_or(file).display().to_string();
            seen.visit_file(&syntax);
        }
    }
    seen.findings()
}

/// Rust sources, without what is built or hidden.
fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(kind) = entry.file_type() else { continue };
        let is_built = entry.path().join("CACHEDIR.TAG").exists();
        if kind.is_dir() && !name.starts_with('.') && name != "target" && !is_built {
            find(&entry.path(), files);
        } else if kind.is_file() && name.ends_with(".rs") {
            files.push(entry.path());
        }
    }
}

/// What the sources hold.
#[derive(Debug, Default)]
struct Seen {
    file: String,
    monitored: usize,
    /// `file: test`, in modules that have monitored tests.
    unmonitored: Vec<String>,
    /// Files with a global allocator that is not ours.
    allocators: Vec<String>,
    /// The module around: whether it is monitored as a whole, and its tests.
    module: Module,
}

#[derive(Debug, Default)]
struct Module {
    covered: bool,
    monitored: usize,
    unmonitored: Vec<String>,
}

impl Seen {
    fn end(&mut self, module: Module) {
        self.monitored += module.monitored;
        if module.monitored > 0 {
            self.unmonitored.extend(module.unmonitored);
        }
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let siblings = match self.unmonitored.as_slice() {
            [] => Finding::fine("tests", format!("{} monitored, and none beside them that is not", self.monitored)),
            tests => Finding::doubtful(
                "tests",
                format!("{} monitored; beside them are not: {}", self.monitored, some(tests)),
                "put #[monitored] on them, or on their module",
            ),
        };
        if self.monitored + self.unmonitored.len() > 0 {
            findings.push(siblings);
        } else {
            let remedy = "add monitor-runtime as a dev-dependency and put #[monitored] on tests";
            findings.push(Finding::doubtful("tests", "none is monitored", remedy));
        }
        if !self.allocators.is_empty() {
            let remedy = "depend on monitor-runtime = { package = \"monitor-core\", ... } and wrap it: Allocator::new(YourAllocator)";
            let found = format!("global allocator of its own in {}: the heap is not counted", some(&self.allocators));
            findings.push(Finding::wrong("allocator", found, remedy));
        }
        findings
    }
}

impl<'ast> Visit<'ast> for Seen {
    fn visit_file(&mut self, file: &'ast syn::File) {
        self.module = Module::default();
        visit::visit_file(self, file);
        let module = std::mem::take(&mut self.module);
        self.end(module);
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        let inner = Module { covered: self.module.covered || has(&module.attrs, &["monitored"]), ..Module::default() };
        let outer = std::mem::replace(&mut self.module, inner);
        visit::visit_item_mod(self, module);
        let inner = std::mem::replace(&mut self.module, outer);
        self.end(inner);
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        let is_test = has(&function.attrs, &["test", "rstest", "test_case"]);
        // `#[monitored]` may stand on what another attribute makes a test of.
        if has(&function.attrs, &["monitored"]) || (is_test && self.module.covered) {
            self.module.monitored += 1;
        } else if is_test {
            self.module.unmonitored.push(format!("{} in {}", function.sig.ident, self.file));
        }
    }

    fn visit_item_static(&mut self, item: &'ast ItemStatic) {
        let kind = &item.ty;
        let is_ours =
            matches!(&**kind, syn::Type::Path(path) if path.path.segments.iter().any(|s| s.ident == "Allocator"));
        if has(&item.attrs, &["global_allocator"]) && !is_ours {
            self.allocators.push(self.file.clone());
        }
    }
}

/// Whether one of the attributes has one of these names, whatever path it is written with.
fn has(attributes: &[Attribute], names: &[&str]) -> bool {
    attributes
        .iter()
        .filter_map(|attribute| attribute.path().segments.last())
        .any(|last| names.iter().any(|n| last.ident == n))
}

/// The first of them, and how many more there are.
fn some(all: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = all.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if all.len() > SHOWN { format!("{shown} and {} more", all.len() - SHOWN) } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::doctor::Grade;

    fn findings(files: &[(&str, &str)]) -> Vec<Finding> {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder can be made");
            fs::write(path, text).expect("a file can be written");
        }
        check(folder.path())
    }

    #[test]
    fn siblings_of_monitored_tests_are_found() {
        let findings = findings(&[
            ("src/lib.rs", "mod a { #[monitored] #[test] fn x() {} #[tokio::test] async fn y() {} }"),
            ("src/b.rs", "#[monitor_runtime::monitored] mod b { #[test] fn z() {} mod c { #[rstest] fn w() {} } }"),
            ("tests/none.rs", "#[test] fn not_monitored_here() { /* monitored */ }"),
            ("target/debug/x.rs", "#[monitored] #[test] fn t() {}"),
            ("broken.rs", "monitored fn {"),
        ]);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].found, "3 monitored; beside them are not: y in src/lib.rs");
    }

    #[test]
    fn an_allocator_that_is_not_ours_is_found() {
        let own =
            "#[monitored] #[test] fn x() {} #[global_allocator] static A: mimalloc::MiMalloc = mimalloc::MiMalloc;";
        let wrapped = "#[monitored] #[test] fn x() {} #[global_allocator] static A: monitor_runtime::Allocator<M> = M;";
        let grades = |text: &str| findings(&[("src/lib.rs", text)]).iter().map(|f| f.grade).collect::<Vec<_>>();
        assert_eq!(grades(own), [Grade::Fine, Grade::Wrong]);
        assert_eq!(grades(wrapped), [Grade::Fine]);
        assert_eq!(grades("fn main() {}"), [Grade::Doubtful]);
    }
}

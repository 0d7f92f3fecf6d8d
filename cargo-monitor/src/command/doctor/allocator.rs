//! Global allocators: a program has one, so that of monitor-runtime and one of the program's own exclude each other.

use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Attribute, ItemMacro, ItemStatic};

use super::finding::Finding;
use super::source::some;
use crate::sources::packages::{Package, Workspace};
use crate::sources::{files, known};

/// What a package with an allocator writes.
const CORE: &str = "monitor-runtime = { package = \"monitor-core\", ... }";

/// What a test binary of it writes that has no allocator.
const COUNTING: &str = "#[global_allocator] static ALLOCATOR: monitor_runtime::Allocator = \
                        monitor_runtime::Allocator::new(std::alloc::System);";

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut seen = Seen::default();
    for package in workspace.packages.iter().filter(|package| package.runtime.is_some()) {
        let library = package.targets.iter().filter(|(_, for_tests)| !for_tests).map(|(root, _)| look(root, false));
        let is_handed_on = library.into_iter().any(|library| library.handed_on);
        for (root, for_tests) in &package.targets {
            let shown = root.strip_prefix(&workspace.root).unwrap_or(root).display().to_string();
            seen.target(package, shown, &look(root, *for_tests), is_handed_on);
        }
    }
    seen.findings()
}

/// Roots of targets that have monitored tests.
#[derive(Default)]
struct Seen {
    conflicting: Vec<String>,
    unwrapped: Vec<String>,
    without: Vec<String>,
}

impl Seen {
    fn target(&mut self, package: &Package, root: String, target: &Target, is_handed_on: bool) {
        if !target.monitored {
            return;
        }
        let has_one = target.own.is_some() || is_handed_on;
        if has_one && package.installs && !target.names_the_core {
            self.conflicting.push(root);
        } else if target.own == Some(Own::Unwrapped) {
            self.unwrapped.push(root);
        } else if !has_one && !package.installs {
            self.without.push(root);
        }
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if !self.conflicting.is_empty() {
            let found = format!(
                "{}: a global allocator beside that of monitor-runtime, which rustc refuses (\"conflicts with global \
                 allocator in: monitor_runtime\")",
                some(&self.conflicting)
            );
            let remedy = format!(
                "write {CORE} in Cargo.toml, static ALLOCATOR: monitor_runtime::Allocator<YOURS> = \
                 monitor_runtime::Allocator::new(YOURS); for the allocator, and in test files of that package without one: {COUNTING}"
            );
            findings.push(Finding::wrong("allocator", found, remedy));
        }
        if !self.unwrapped.is_empty() {
            let found = format!("{}: a global allocator that does not count the heap", some(&self.unwrapped));
            let remedy = "wrap it: static ALLOCATOR: monitor_runtime::Allocator<YOURS> = monitor_runtime::Allocator::new(YOURS);";
            findings.push(Finding::wrong("allocator", found, remedy));
        }
        if !self.without.is_empty() {
            let found =
                format!("{}: nothing counts the heap, since the package depends on monitor-core", some(&self.without));
            let remedy = format!("write {COUNTING} there, unless a crate that it uses has an allocator");
            findings.push(Finding::doubtful("allocator", found, remedy));
        }
        findings
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {
    Wrapped,
    Unwrapped,
}

/// What the files of a target hold.
#[derive(Default)]
struct Target {
    monitored: bool,
    /// `crate = monitor_core` among the options: expansions go past the runtime.
    names_the_core: bool,
    own: Option<Own>,
    /// An allocator that is not for tests only: whoever links the library has it.
    handed_on: bool,
    for_tests: bool,
}

fn look(root: &Path, for_tests: bool) -> Target {
    let mut target = Target::default();
    for file in files::of_targets(&[(root.to_owned(), for_tests)]) {
        let text = file.text.unwrap_or_default();
        if let Ok(syntax) = syn::parse_file(&text) {
            target.for_tests = file.for_tests;
            target.visit_file(&syntax);
        }
    }
    target
}

impl<'ast> Visit<'ast> for Target {
    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if known::is_monitored(std::slice::from_ref(attribute)) {
            self.monitored = true;
            let tokens = attribute.meta.require_list().map(|list| list.tokens.to_string()).unwrap_or_default();
            self.names_the_core |= tokens.contains("monitor_core");
        }
    }

    fn visit_item_macro(&mut self, item: &'ast ItemMacro) {
        self.monitored |= known::hands_attributes_on(&item.mac) && item.mac.tokens.to_string().contains("monitored");
        visit::visit_item_macro(self, item);
    }

    fn visit_item_static(&mut self, item: &'ast ItemStatic) {
        if known::has(&item.attrs, "global_allocator") {
            let is_ours =
                matches!(&*item.ty, syn::Type::Path(path) if path.path.segments.iter().any(|s| s.ident == "Allocator"));
            self.own = Some(if is_ours { Own::Wrapped } else { Own::Unwrapped });
            self.handed_on |= !self.for_tests && !known::is_for_tests_only(&item.attrs);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::command::doctor::finding::Grade;
    use crate::sources::packages;

    const MONITORED: &str = "#[test] #[monitored] fn x() {}";
    const OWN: &str = "#[global_allocator] static A: mimalloc::MiMalloc = mimalloc::MiMalloc;";
    const WRAPPED: &str = "#[global_allocator] static A: monitor_runtime::Allocator<M> = M;";

    /// Grade and first words for these files of a package that depends on this.
    fn found(dependency: &str, files: &[(&str, &str)]) -> Vec<(Grade, String)> {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let manifest = format!(
            "[package]\nname = \"one\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n[dev-dependencies]\n{dependency}\n"
        );
        for (path, text) in [("Cargo.toml", manifest.as_str()), ("src/lib.rs", "")].iter().chain(files) {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder can be made");
            fs::write(path, text).expect("a file can be written");
        }
        let findings = check(&packages::workspace(folder.path()).expect("cargo knows the package"));
        let head = |finding: &Finding| finding.found.split(',').next().unwrap_or_default().to_owned();
        findings.iter().map(|finding| (finding.grade, head(finding))).collect()
    }

    #[test]
    fn each_target_is_looked_at_by_itself() {
        let runtime = "monitor-runtime = \"0.1\"";
        let core = "monitor-runtime = { package = \"monitor-core\", version = \"0.1\" }";
        let both = |one: &str, other: &str| format!("{one}\n{other}");
        let wrong = |found: &str| vec![(Grade::Wrong, found.to_owned())];
        let conflict = |root: &str| wrong(&format!("{root}: a global allocator beside that of monitor-runtime"));

        // Beside the runtime no monitored test may have an allocator in its binary, wrapped or not.
        for allocator in [OWN, WRAPPED] {
            let with_both = both(MONITORED, allocator);
            assert_eq!(found(runtime, &[("tests/own.rs", &with_both)]), conflict("tests/own.rs"));
            assert_eq!(found(runtime, &[("tests/own.rs", allocator), ("tests/plain.rs", MONITORED)]), []);
        }
        let for_tests = format!("#[cfg(test)] {OWN} #[cfg(test)] mod deep;");
        assert_eq!(found(runtime, &[("src/lib.rs", &for_tests), ("src/deep.rs", MONITORED)]), conflict("src/lib.rs"));
        assert_eq!(found(runtime, &[("src/lib.rs", &for_tests), ("tests/plain.rs", MONITORED)]), []);
        assert_eq!(found(runtime, &[("src/lib.rs", OWN), ("tests/plain.rs", MONITORED)]), conflict("tests/plain.rs"));

        // With the core, each binary has its own.
        let unwrapped = wrong("tests/own.rs: a global allocator that does not count the heap");
        assert_eq!(found(core, &[("tests/own.rs", &both(MONITORED, OWN))]), unwrapped);
        assert_eq!(found(core, &[("tests/own.rs", &both(MONITORED, WRAPPED))]), []);
        let nothing = (Grade::Doubtful, "tests/plain.rs: nothing counts the heap".to_owned());
        assert_eq!(found(core, &[("tests/plain.rs", MONITORED)]), [nothing]);
        assert_eq!(found(core, &[("src/lib.rs", OWN), ("tests/plain.rs", MONITORED)]), []);

        // Both, and one file that goes past the runtime.
        let past = "#[test] #[monitor_core::monitored(crate = monitor_core)] fn x() {}";
        let dependencies = both("monitor-core = \"0.1\"", runtime);
        assert_eq!(found(&dependencies, &[("tests/own.rs", &both(past, WRAPPED)), ("tests/plain.rs", MONITORED)]), []);
    }
}

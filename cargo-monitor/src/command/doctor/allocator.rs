//! Global allocators: a program has one, so that of monitor-runtime and one of the program's own exclude each other.

use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, ItemMacro, ItemStatic};

use super::finding::Finding;
use super::source::some;
use crate::sources::packages::{Package, Workspace};
use crate::sources::{files, known};

/// What stands in place of `#[global_allocator]`, for what it gives to be counted.
const COUNTED: &str = "#[monitor_runtime::allocator]";

/// What a package writes that links an allocator of a library.
const CORE: &str = "monitor-runtime = { package = \"monitor-core\", ... }";

/// What a test binary of it writes that has no allocator.
const COUNTING: &str = "#[monitor_runtime::allocator] static ALLOCATOR: std::alloc::System = std::alloc::System;";

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut seen = Seen::default();
    for package in workspace.packages.iter().filter(|package| package.runtime.is_some()) {
        let is_library = |(root, for_tests): &&(PathBuf, bool)| !for_tests && !package.programs.contains(root);
        let is_handed_on = package.targets.iter().filter(is_library).any(|(root, _)| look(root, false).handed_on);
        for (root, for_tests) in &package.targets {
            let shown = root.strip_prefix(&workspace.root).unwrap_or(root).display().to_string();
            // A program links its library, as tests beside it do; the library is in its own tests.
            let target = look(root, *for_tests);
            let has_it = if *for_tests || package.programs.contains(root) { is_handed_on } else { target.handed_on };
            seen.target(package, shown, &target, has_it);
        }
    }
    seen.findings()
}

/// Roots of targets that have monitored tests.
#[derive(Default)]
struct Seen {
    /// Where one that is not counted excludes ours.
    conflicting: Vec<String>,
    /// Where a library's does.
    of_a_library: Vec<String>,
    unwrapped: Vec<String>,
    without: Vec<String>,
}

impl Seen {
    fn target(&mut self, package: &Package, root: String, target: &Target, is_handed_on: bool) {
        if !target.monitored {
            return;
        }
        match target.own {
            _ if is_handed_on && package.installs => self.of_a_library.push(root),
            Some(Own::Counted) => {}
            // Wrapped by hand it counts beside the core only.
            Some(Own::Wrapped) if !package.installs => {}
            Some(_) if package.installs => self.conflicting.push(root),
            Some(_) => self.unwrapped.push(root),
            None if !is_handed_on && !package.installs => self.without.push(root),
            None => {}
        }
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let conflict = "a global allocator beside that of monitor-runtime, which rustc refuses (\"conflicts with global allocator in: \
                        monitor_runtime\")";
        let remedy = format!(
            "write {COUNTED} in place of #[global_allocator]: static ALLOCATOR: YOURS = YOURS; where it is not for tests only: \
             #[cfg_attr(not(test), global_allocator)] and #[cfg_attr(test, monitor_runtime::allocator)]"
        );
        if !self.conflicting.is_empty() {
            let found = format!("{}: {conflict}", some(&self.conflicting));
            findings.push(Finding::wrong("allocator", found, remedy.clone()));
        }
        if !self.of_a_library.is_empty() {
            let found = format!("{}: {conflict}; the library has it", some(&self.of_a_library));
            let remedy = format!(
                "write {CORE} in Cargo.toml, and in test files of that package that do not use the library: {COUNTING}"
            );
            findings.push(Finding::wrong("allocator", found, remedy));
        }
        if !self.unwrapped.is_empty() {
            let found = format!("{}: a global allocator that does not count the heap", some(&self.unwrapped));
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
    /// By our attribute.
    Counted,
    /// By hand.
    Wrapped,
    Unwrapped,
}

/// What the files of a target hold.
#[derive(Default)]
struct Target {
    monitored: bool,
    own: Option<Own>,
    /// An allocator that is not for tests only: whoever links the library has it.
    handed_on: bool,
    for_tests: bool,
}

fn look(root: &Path, for_tests: bool) -> Target {
    let mut target = Target::default();
    for file in files::of_targets(&[(root.to_owned(), for_tests)]) {
        if let Ok(syntax) = file.syntax {
            target.for_tests = file.for_tests;
            target.visit_file(&syntax);
        }
    }
    target
}

impl<'ast> Visit<'ast> for Target {
    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        self.monitored |= known::is_monitored(std::slice::from_ref(attribute));
    }

    fn visit_item_macro(&mut self, item: &'ast ItemMacro) {
        self.monitored |= known::hands_attributes_on(&item.mac) && item.mac.tokens.to_string().contains("monitored");
        visit::visit_item_macro(self, item);
    }

    fn visit_item_static(&mut self, item: &'ast ItemStatic) {
        if known::has(&item.attrs, "allocator") {
            self.own = Some(Own::Counted);
        } else if known::has(&item.attrs, "global_allocator") {
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

    const COUNTED: &str = "#[monitor_runtime::allocator] static A: mimalloc::MiMalloc = mimalloc::MiMalloc;";

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

        // Beside the runtime no monitored test may have another allocator in its binary, wrapped or not.
        for allocator in [OWN, WRAPPED] {
            let with_both = both(MONITORED, allocator);
            assert_eq!(found(runtime, &[("tests/own.rs", &with_both)]), conflict("tests/own.rs"));
            assert_eq!(found(runtime, &[("tests/own.rs", allocator), ("tests/plain.rs", MONITORED)]), []);
        }
        let for_tests = format!("#[cfg(test)] {OWN} #[cfg(test)] mod deep;");
        assert_eq!(found(runtime, &[("src/lib.rs", &for_tests), ("src/deep.rs", MONITORED)]), conflict("src/lib.rs"));
        assert_eq!(found(runtime, &[("src/lib.rs", &for_tests), ("tests/plain.rs", MONITORED)]), []);
        assert_eq!(found(runtime, &[("src/lib.rs", OWN), ("tests/plain.rs", MONITORED)]), conflict("tests/plain.rs"));
        let program = |allocator: &str| {
            found(runtime, &[("src/main.rs", &both(MONITORED, allocator)), ("tests/plain.rs", MONITORED)])
        };
        assert_eq!(program(OWN), conflict("src/main.rs"));
        let conditions = "#[cfg_attr(not(test), global_allocator)] #[cfg_attr(test, monitor_runtime::allocator)]";
        assert_eq!(program(&OWN.replace("#[global_allocator]", conditions)), []);

        // With the core, each binary has its own.
        let unwrapped = wrong("tests/own.rs: a global allocator that does not count the heap");
        assert_eq!(found(core, &[("tests/own.rs", &both(MONITORED, OWN))]), unwrapped);
        assert_eq!(found(core, &[("tests/own.rs", &both(MONITORED, WRAPPED))]), []);
        let nothing = (Grade::Doubtful, "tests/plain.rs: nothing counts the heap".to_owned());
        assert_eq!(found(core, &[("tests/plain.rs", MONITORED)]), [nothing]);
        assert_eq!(found(core, &[("src/lib.rs", OWN), ("tests/plain.rs", MONITORED)]), []);

        // Counted, with either.
        for dependency in [runtime, core] {
            assert_eq!(found(dependency, &[("tests/own.rs", &both(MONITORED, COUNTED))]), []);
        }
    }
}

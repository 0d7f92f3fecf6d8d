//! The sources of a workspace: tests that are not monitored.

use std::collections::HashMap;
use std::path::Path;
use std::{fs, mem};

use syn::visit::{self, Visit};
use syn::{Attribute, ItemFn, ItemMacro, ItemMod};

use super::finding::Finding;
use crate::sources::macros::Macros;
use crate::sources::packages::Package;
use crate::sources::{self, known, renamed};

/// Sources below the folder; `members` are the packages, if cargo knows them.
pub(super) fn check(workspace: &Path, members: &[Package]) -> Vec<Finding> {
    let mut known = HashMap::new();
    for (_, files, macros) in members.iter().flat_map(|package| Macros::of_targets(package.targets.iter())) {
        let real = files.into_iter().filter_map(|file| Some((file.path.canonicalize().ok()?, file.for_tests)));
        known.extend(real.map(|(file, for_tests)| (file, (for_tests, macros.clone()))));
    }
    let mut seen = Seen::default();
    for file in &sources::below(workspace) {
        let Ok(text) = fs::read_to_string(file) else { continue };
        // Only files that matter are parsed: most have no test.
        if !text.contains("monitored") {
            continue;
        }
        if let Ok(syntax) = renamed::parse(&text) {
            seen.file = file.strip_prefix(workspace).unwrap_or(file).display().to_string();
            let target = file.canonicalize().ok().and_then(|file| known.remove(&file));
            (seen.for_tests, seen.macros) = target.unwrap_or((true, Macros::default()));
            seen.visit_file(&syntax);
        }
    }
    seen.findings()
}

/// What the sources hold.
#[derive(Debug, Default)]
struct Seen {
    file: String,
    /// Whether the file is compiled for tests only.
    for_tests: bool,
    monitored: usize,
    /// `test in file`, of which the library's own build is hurt.
    hurting: Vec<String>,
    /// `file: test`, in modules that have monitored tests.
    unmonitored: Vec<String>,
    /// The same, in modules that have none, of files that have some.
    elsewhere: Vec<String>,
    /// As far as the file is known.
    elsewhere_here: Vec<String>,
    macros: Macros,
    /// The module around: whether it is monitored as a whole, and its tests.
    module: Module,
}

#[derive(Debug, Default)]
struct Module {
    covered: bool,
    for_tests: bool,
    monitored: usize,
    unmonitored: Vec<String>,
}

impl Seen {
    fn end(&mut self, module: Module) {
        self.monitored += module.monitored;
        let is_beside = module.monitored > 0 || module.covered;
        if is_beside { &mut self.unmonitored } else { &mut self.elsewhere_here }.extend(module.unmonitored);
    }

    fn test(&mut self, is_monitored: bool, is_test: bool, name: impl FnOnce() -> String) {
        if is_monitored {
            self.module.monitored += 1;
        } else if is_test {
            self.module.unmonitored.push(format!("{} in {}", name(), self.file));
        }
    }

    fn findings(&self) -> Vec<Finding> {
        let elsewhere = match self.elsewhere.as_slice() {
            [] => String::new(),
            tests => format!("; in other modules of their files are not: {}", some(tests)),
        };
        let mut findings = vec![match (self.monitored, self.unmonitored.as_slice()) {
            (0, []) => {
                let remedy = "run `cargo monitor init`, which puts #[monitored] on every test";
                Finding::doubtful("tests", "none is monitored", remedy)
            }
            (monitored, []) if elsewhere.is_empty() => {
                Finding::fine("tests", format!("{monitored} monitored, all that were found"))
            }
            (monitored, []) => Finding::fine("tests", format!("{monitored} monitored{elsewhere}")),
            (monitored, tests) => Finding::doubtful(
                "tests",
                format!("{monitored} monitored; beside them are not: {}{elsewhere}", some(tests)),
                "put #[monitored] on them, or on their module",
            ),
        }];
        if !self.hurting.is_empty() {
            let found = format!(
                "outside of cfg(test), #[monitored] is above #[test] and will not find monitor_runtime: {}",
                some(&self.hurting)
            );
            let remedy = "put #[monitored] below #[test], or #[cfg(test)] above it";
            findings.push(Finding::wrong("order", found, remedy));
        }
        findings
    }
}

impl<'ast> Visit<'ast> for Seen {
    fn visit_file(&mut self, file: &'ast syn::File) {
        self.module = Module { for_tests: self.for_tests, ..Module::default() };
        let before = self.monitored;
        visit::visit_file(self, file);
        let module = mem::take(&mut self.module);
        self.end(module);
        let elsewhere = mem::take(&mut self.elsewhere_here);
        if self.monitored > before {
            self.elsewhere.extend(elsewhere);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        let is_monitored = known::is_monitored(&module.attrs);
        let inner = Module {
            covered: self.module.covered || is_monitored,
            for_tests: self.module.for_tests || known::is_for_tests_only(&module.attrs),
            ..Module::default()
        };
        if is_monitored && !inner.for_tests {
            self.hurting.push(format!("mod {} in {}", module.ident, self.file));
        }
        let outer = mem::replace(&mut self.module, inner);
        visit::visit_item_mod(self, module);
        let inner = mem::replace(&mut self.module, outer);
        self.end(inner);
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        let name = || function.sig.ident.to_string();
        let for_tests = self.module.for_tests || known::is_for_tests_only(&function.attrs);
        if !for_tests && is_above_the_test(function) {
            self.hurting.push(format!("{} in {}", name(), self.file));
        }
        // `#[monitored]` may stand on what another attribute makes a test of.
        let is_test = known::is_test(function);
        let is_covered = self.module.covered && is_test && !known::goes_by_another_name(function);
        self.test(is_covered || self.macros.is_monitored(function), is_test, name);
    }

    fn visit_item_macro(&mut self, item: &'ast ItemMacro) {
        if item.ident.is_none() && self.macros.writes_for(&item.mac) {
            return;
        }
        self.macros.define(item);
        if known::hands_attributes_on(&item.mac) {
            for (attributes, name, _) in known::functions_in(&item.mac.tokens) {
                let is_test = known::holds_tests_only(&item.mac) || attributes.iter().any(known::makes_test);
                let is_covered = self.module.covered && is_test;
                self.test(is_covered || known::is_monitored(&attributes), is_test, || name);
            }
        } else if known::writes_tests(&item.mac.tokens) {
            let is_monitored = known::writes_monitored_tests(&item.mac.tokens);
            let called = || format!("{}!", known::name(&item.mac));
            let name = item.ident.as_ref().map_or_else(called, |defined| format!("macro {defined}"));
            self.test(is_monitored, true, || format!("tests of {name}"));
        }
    }
}

/// Whether `#[monitored]` stands above the language's own `#[test]`, which drops what stands below it only.
fn is_above_the_test(function: &ItemFn) -> bool {
    let place = |named: fn(&Attribute) -> bool| function.attrs.iter().position(named);
    let ours = place(|attribute| known::is_monitored(std::slice::from_ref(attribute)));
    let test = place(|attribute| attribute.path().is_ident("test"));
    matches!((ours, test), (Some(ours), Some(test)) if ours < test)
}

/// The first of them, and how many more there are.
pub(super) fn some(all: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = all.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if all.len() > SHOWN { format!("{shown} and {} more", all.len() - SHOWN) } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::doctor::finding::Grade;
    use crate::sources::packages;

    fn findings(files: &[(&str, &str)]) -> Vec<Finding> {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder can be made");
            fs::write(path, text).expect("a file can be written");
        }
        let members = packages::workspace(folder.path()).map(|workspace| workspace.packages).unwrap_or_default();
        check(folder.path(), &members)
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
    fn tests_that_macros_make_are_named() {
        let text = "#[monitored] #[cfg(test)] mod t {
            proptest! { #[test] fn covered(a in 0..9) {} }
            other! { #[test] fn hidden() {} }
            macro_rules! make { ($n:ident) => { #[test] fn $n() {} } }
            macro_rules! made { ($n:ident) => { #[test] #[monitored] fn $n() {} } }
        }
        macro_rules! quickcheck { (fn $n:ident()) => { #[test] #[monitored] fn $n() {} } }
        quickcheck! { fn of_the_macro_above() }
        mod u {
            proptest! { #[test] #[monitored] fn x(a in 0..9) {} #[test] fn y(a in 0..9) {} }
            #[googletest::gtest] fn z() {}
        }
        mod v { #[googletest::gtest] fn w() {} }";
        let findings = findings(&[("src/lib.rs", text)]);
        let unmonitored =
            "tests of other! in src/lib.rs, tests of macro make in src/lib.rs, y in src/lib.rs, z in src/lib.rs";
        let elsewhere = "; in other modules of their files are not: w in src/lib.rs";
        assert_eq!(findings[0].found, format!("4 monitored; beside them are not: {unmonitored}{elsewhere}"));
    }

    #[test]
    fn tests_of_renamed_attributes_are_found_and_the_module_does_not_cover_them() {
        let text = "use tokio::{test as of_tokio, time}; use other::helper as plain;
        #[monitored] mod t { #[of_tokio(flavor = \"x\")] async fn a() {} #[test] fn b() {} #[plain] fn c() {} }
        mod u { use rstest::rstest as r; #[r] #[monitored] fn d() {} }";
        assert_eq!(findings(&[("src/lib.rs", text)])[0].found, "2 monitored; beside them are not: a in src/lib.rs");
    }

    #[test]
    fn the_order_that_breaks_the_library_is_found() {
        let order = "#[monitored] #[test] fn a() {} #[test] #[monitored] fn b() {} #[monitored] #[cfg(test)] mod c {}
            #[cfg(test)] mod d { #[monitored] #[test] fn e() {} } #[monitored] mod f {} #[cfg(test)] mod g;";
        let findings = findings(&[
            ("Cargo.toml", "[package]\nname = \"a\"\nedition = \"2024\""),
            ("src/lib.rs", order),
            ("src/g.rs", "#[monitored] #[test] fn h() {}"),
            ("tests/i.rs", "#[monitored] #[test] fn j() {}"),
        ]);
        let order = findings.iter().find(|finding| finding.check == "order").expect("it is found");
        assert!(order.found.ends_with("monitor_runtime: a in src/lib.rs, mod f in src/lib.rs"), "{}", order.found);
        assert_eq!(order.grade, Grade::Wrong);
    }
}

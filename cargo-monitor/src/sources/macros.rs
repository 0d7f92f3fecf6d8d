//! The macros and templates that a package defines itself, whatever the names of others: what becomes of tests in their calls.

use std::collections::HashSet;
use std::path::PathBuf;
use std::slice;

use syn::visit::Visit;
use syn::{Block, ItemFn, ItemMacro, Macro};

use super::files::{self, File};
use super::known;

/// The root of a target, and whether that is one of tests.
type Root = (PathBuf, bool);

/// By their names; of two with one name the last is meant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Macros {
    /// They make items of what they are called with.
    passing_on: HashSet<String>,
    /// They write the attribute on the tests that they make, or do so after `init`.
    writing: HashSet<String>,
    /// `#[template]` functions, which give their attributes to those under `#[apply(…)]`.
    templates: HashSet<String>,
}

impl Macros {
    /// The targets of a package with their files, and what each may call: its own macros, and what any target exports.
    pub(crate) fn of_targets<'a>(targets: impl Iterator<Item = &'a Root>) -> Vec<(&'a Root, Vec<File>, Self)> {
        let read = |root| (root, files::of_targets(slice::from_ref(root)));
        let targets: Vec<(&Root, Vec<File>)> = targets.map(read).collect();
        let exported = Self::default().with(targets.iter().flat_map(|(_, files)| files), true);
        let with_macros = |(root, files): (_, Vec<File>)| {
            let macros = exported.clone().with(&files, false);
            (root, files, macros)
        };
        targets.into_iter().map(with_macros).collect()
    }

    /// With what these files define, or only what they export.
    pub(crate) fn with<'f>(self, files: impl IntoIterator<Item = &'f File>, only_exported: bool) -> Self {
        let mut definitions = Definitions { macros: self, only_exported };
        let understood = files.into_iter().filter_map(|file| file.syntax.as_ref().ok());
        understood.for_each(|syntax| definitions.visit_file(syntax));
        definitions.macros
    }

    /// What `item` defines holds for all calls behind it.
    pub(crate) fn define(&mut self, item: &ItemMacro) {
        let Some(name) = item.ident.as_ref().map(ToString::to_string) else { return };
        let rules = &item.mac.tokens;
        let writes = known::writes_monitored_tests(rules) || known::written_by(item).is_some();
        for (names, is_of_them) in [(&mut self.passing_on, known::passes_items_on(rules)), (&mut self.writing, writes)]
        {
            if is_of_them {
                names.insert(name.clone())
            } else {
                names.remove(&name)
            };
        }
    }

    /// Whether the attribute is on what this call makes: its tests count where the macro is defined.
    pub(crate) fn writes_for(&self, called: &Macro) -> bool {
        self.writing.contains(&known::name(called))
    }

    /// Whether a macro makes items of whatever this call holds.
    pub(crate) fn passes_on(&self, called: &Macro) -> bool {
        self.passing_on.contains(&known::name(called))
    }

    /// Whether the function has the attribute, perhaps from the template that it applies.
    pub(crate) fn is_monitored(&self, function: &ItemFn) -> bool {
        let applied = || known::applied(&function.attrs);
        known::is_monitored(&function.attrs) || applied().is_some_and(|name| self.writing.contains(&name))
    }

    /// Whether the function applies a template of tests.
    pub(crate) fn applies(&self, function: &ItemFn) -> bool {
        known::applied(&function.attrs).is_some_and(|name| self.templates.contains(&name))
    }
}

/// Finds what files define.
struct Definitions {
    macros: Macros,
    only_exported: bool,
}

impl Visit<'_> for Definitions {
    fn visit_item_macro(&mut self, item: &ItemMacro) {
        if !self.only_exported || known::has(&item.attrs, "macro_export") {
            self.macros.define(item);
        }
    }

    fn visit_item_fn(&mut self, function: &ItemFn) {
        if known::has(&function.attrs, "template") && function.attrs.iter().any(known::makes_test) {
            let is_monitored = known::is_monitored(&function.attrs);
            let of_its_kind = if is_monitored { &mut self.macros.writing } else { &mut self.macros.templates };
            of_its_kind.insert(function.sig.ident.to_string());
        }
    }

    /// Nobody else calls what a function defines.
    fn visit_block(&mut self, _: &Block) {}
}

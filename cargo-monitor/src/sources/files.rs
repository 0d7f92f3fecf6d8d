//! The files of a target: its root, and what `mod name;` leads to from there.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::{Attribute, Expr, ExprLit, Item, Lit, Macro, Meta, MetaNameValue};

use super::{known, renamed};

/// A source file of a target.
#[expect(missing_debug_implementations, reason = "syntax has none")]
pub struct File {
    /// Where it is.
    pub path: PathBuf,
    /// Its text; empty if it cannot be read.
    pub text: String,
    /// What it says, by the names that makers of tests go by elsewhere; or why that is not understood.
    pub syntax: Result<syn::File, String>,
    /// Whether it is compiled for tests only.
    pub for_tests: bool,
}

/// What a file says that has this text; the error says where it can't be understood.
pub(crate) fn parse(text: &str) -> Result<syn::File, String> {
    renamed::parse(text).map_err(|error| format!("it does not parse: line {}: {error}", error.span().start().line))
}

/// The files of the targets with these roots, each once; a root comes with whether it is a target of tests.
#[must_use]
pub fn of_targets(roots: &[(PathBuf, bool)]) -> Vec<File> {
    let mut tree = Tree::default();
    for (root, for_tests) in roots {
        tree.file(root, root.parent().unwrap_or(root), *for_tests);
    }
    tree.files
}

#[derive(Default)]
struct Tree {
    files: Vec<File>,
    seen: HashSet<PathBuf>,
}

impl Tree {
    /// A file whose modules lie in `children`.
    fn file(&mut self, path: &Path, children: &Path, for_tests: bool) {
        if !self.seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())) {
            return;
        }
        let text = fs::read_to_string(path).map_err(|error| error.to_string());
        let syntax = text.as_deref().map_err(Clone::clone).and_then(parse);
        let place = self.files.len();
        if let Ok(syntax) = &syntax {
            let beside = path.parent().unwrap_or(path);
            self.items(&syntax.items, beside, children, for_tests);
        }
        let text = text.unwrap_or_default();
        self.files.insert(place, File { path: path.to_owned(), text, syntax, for_tests });
    }

    /// `beside` is where a `#[path]` begins, `children` where modules without one lie.
    fn items(&mut self, items: &[Item], beside: &Path, children: &Path, for_tests: bool) {
        for item in items {
            let module = match item {
                Item::Mod(module) => module,
                Item::Macro(called) if called.mac.path.segments.first().is_some_and(|one| one.ident == "automod") => {
                    self.every_file_in(&called.mac, beside, for_tests);
                    continue;
                }
                Item::Macro(called) if called.ident.is_none() => {
                    self.items_in(called.mac.tokens.clone(), beside, children, for_tests);
                    continue;
                }
                _ => continue,
            };
            let for_tests = for_tests || known::is_for_tests_only(&module.attrs);
            let name = module.ident.unraw().to_string();
            if let Some((_, items)) = &module.content {
                let inside = children.join(given(&module.attrs).first().unwrap_or(&name));
                self.items(items, &inside, &inside, for_tests);
                continue;
            }
            for path in given(&module.attrs) {
                let path = beside.join(path);
                if path.is_file() {
                    // Its own modules lie beside it, as those of a `mod.rs`.
                    self.file(&path, path.parent().unwrap_or(&path), for_tests);
                }
            }
            let in_folder = children.join(&name);
            for path in [children.join(format!("{name}.rs")), in_folder.join("mod.rs")] {
                if path.is_file() {
                    self.file(&path, &in_folder, for_tests);
                }
            }
        }
    }

    /// As `automod::dir!("tests/all")` does, which counts from the package's folder.
    fn every_file_in(&mut self, called: &Macro, beside: &Path, for_tests: bool) {
        let package = beside.ancestors().find(|folder| folder.join("Cargo.toml").exists());
        let Some((package, TokenTree::Literal(folder))) = package.zip(called.tokens.clone().into_iter().last()) else {
            return;
        };
        let folder = package.join(folder.to_string().trim_matches('"'));
        for path in super::below(&folder) {
            let name = path.file_stem().unwrap_or_default();
            if path.parent() == Some(&*folder) && name != "mod" {
                self.file(&path, &folder.join(name), for_tests);
            }
        }
    }

    /// What a macro is called with: items, as under `cfg_unix! { … }`, or blocks of them, as in `cfg_if! { if … { … } }`.
    fn items_in(&mut self, tokens: TokenStream, beside: &Path, children: &Path, for_tests: bool) {
        if let Ok(syntax) = syn::parse2::<syn::File>(tokens.clone()) {
            return self.items(&syntax.items, beside, children, for_tests);
        }
        for token in tokens {
            if let TokenTree::Group(block) = token
                && block.delimiter() == Delimiter::Brace
            {
                self.items_in(block.stream(), beside, children, for_tests);
            }
        }
    }
}

/// What `#[path = "…"]` says, also under a condition.
fn given(attributes: &[Attribute]) -> Vec<String> {
    let text = |meta: &Meta| match meta {
        Meta::NameValue(MetaNameValue { path, value: Expr::Lit(ExprLit { lit: Lit::Str(text), .. }), .. }) => {
            path.is_ident("path").then(|| text.value())
        }
        _ => None,
    };
    attributes
        .iter()
        .flat_map(|attribute| match known::conditional(attribute) {
            Some((_, given)) => given,
            None => vec![attribute.meta.clone()],
        })
        .filter_map(|meta| text(&meta))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_followed_as_rustc_does() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for (path, text) in [
            (
                "src/lib.rs",
                "mod a; #[cfg(test)] mod t; mod in_line { mod b; #[path = \"x.rs\"] mod c; } #[path = \"odd/d.rs\"] mod d;",
            ),
            ("src/a.rs", "mod deep;"),
            ("src/a/deep.rs", ""),
            ("src/t/mod.rs", "mod inner; automod::dir!(\"src/t/every\");"),
            ("src/t/inner.rs", "not rust"),
            ("Cargo.toml", ""),
            ("src/t/every/one.rs", "mod two; automod::dir!(pub \"src/t/every\");"),
            ("src/t/every/one/two.rs", ""),
            ("src/in_line/b.rs", ""),
            ("src/in_line/x.rs", ""),
            ("src/odd/d.rs", "mod e;"),
            ("src/odd/e.rs", ""),
            ("src/nobody.rs", ""),
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
            fs::write(path, text).expect("a file can be written");
        }
        let files = of_targets(&[(folder.path().join("src/lib.rs"), false)]);
        let name = |file: &File| {
            let path = file.path.strip_prefix(folder.path()).expect("below the folder").display().to_string();
            format!("{path}{}", if file.for_tests { " (tests)" } else { "" })
        };
        let mut names: Vec<_> = files.iter().map(name).collect();
        names.sort();
        let expected = [
            "src/a.rs",
            "src/a/deep.rs",
            "src/in_line/b.rs",
            "src/in_line/x.rs",
            "src/lib.rs",
            "src/odd/d.rs",
            "src/odd/e.rs",
            "src/t/every/one.rs (tests)",
            "src/t/every/one/two.rs (tests)",
            "src/t/inner.rs (tests)",
            "src/t/mod.rs (tests)",
        ];
        assert_eq!(names, expected);
    }
}

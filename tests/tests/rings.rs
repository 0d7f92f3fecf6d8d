//! No ring of files that import each other, in any crate: data runs one way.
//!
//! Read from the `use` items and paths of each source file, with the names that a module only passes on followed to the
//! file that defines them. Code under `cfg(test)` may look anywhere.
#![forbid(unsafe_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use monitor_tests::repository;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, UseTree, Visibility};

/// A module's name from the crate's root: `["scope", "tree"]`.
type Module = Vec<String>;

#[test]
fn no_files_of_a_crate_import_each_other_in_a_ring() {
    let crates = source_folders();
    assert!(crates.len() >= 6, "the crates are found: {crates:?}");
    let mut told = String::new();
    for (name, folder) in crates {
        let rings = Crate::read(&folder).rings();
        for ring in rings {
            told += &format!("{name}, {} files:\n", ring.len());
            for (file, uses) in ring {
                told += &format!("  {file} -> {}\n", uses.join(", "));
            }
        }
    }
    assert!(told.is_empty(), "files that import each other in a ring (file -> what it uses of the ring):\n{told}");
}

#[test]
fn a_ring_is_found_through_names_that_are_passed_on() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    };
    write("lib.rs", "mod a; mod b; mod c; pub use a::One;");
    write("a.rs", "use crate::b::Two; pub struct One(Two);");
    write("b/mod.rs", "mod two; pub use two::Two;");
    write("b/two.rs", "pub struct Two; #[cfg(test)] mod tests { use crate::c::Three; }");
    write("c.rs", "use super::a::One; pub struct Three(One);");
    assert!(Crate::read(folder.path()).rings().is_empty(), "each uses what is before it");

    write("b/two.rs", "pub struct Two(Option<Box<crate::One>>);");
    let rings = Crate::read(folder.path()).rings();
    let files: Vec<Vec<&str>> = rings.iter().map(|ring| ring.keys().map(String::as_str).collect()).collect();
    assert_eq!(files, [["a.rs", "b/two.rs"]]);
}

/// The crates of this workspace, by name.
fn source_folders() -> Vec<(String, PathBuf)> {
    let folders =
        fs::read_dir(repository()).expect("the repository can be read").map(|entry| entry.expect("an entry").path());
    let mut crates: Vec<(String, PathBuf)> = folders
        .filter(|folder| folder.join("Cargo.toml").is_file())
        .filter_map(|folder| {
            let name = folder.file_name()?.to_string_lossy().into_owned();
            Some((name, folder.join("src"))).filter(|(_, source)| source.is_dir())
        })
        .collect();
    crates.sort();
    crates
}

/// The files of a crate and what each of them uses.
struct Crate {
    files: BTreeMap<Module, File>,
}

/// One file of a crate.
struct File {
    /// From the source folder.
    path: String,
    /// Names that are imported into the file's own module, and whence.
    imported: BTreeMap<String, Module>,
    /// All paths into the crate.
    used: BTreeSet<Module>,
}

impl Crate {
    fn read(folder: &Path) -> Self {
        let mut paths = Vec::new();
        files_below(folder, &mut paths);
        let modules: BTreeSet<Module> =
            paths.iter().map(|path| module_of(path.strip_prefix(folder).expect("below"))).collect();
        let files = paths.iter().map(|path| {
            let relative = path.strip_prefix(folder).expect("the file is below the folder");
            let text = fs::read_to_string(path).expect("a source file can be read");
            let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let module = module_of(relative);
            let mut reader = Reader {
                modules: &modules,
                module: module.clone(),
                file: module.clone(),
                imported: BTreeMap::new(),
                used: BTreeSet::new(),
            };
            reader.visit_file(&parsed);
            let Reader { imported, used, .. } = reader;
            (module, File { path: relative.display().to_string(), imported, used })
        });
        Self { files: files.collect() }
    }

    /// The file that defines what `path` names.
    fn defining(&self, path: &Module, depth: usize) -> Option<&Module> {
        let length = (0..=path.len()).rev().find(|&length| self.files.contains_key(&path[..length]))?;
        let (module, file) = self.files.get_key_value(&path[..length])?;
        match path.get(length).and_then(|name| file.imported.get(name)) {
            Some(source) if depth > 0 => {
                let whole = [source.as_slice(), &path[length + 1..]].concat();
                self.defining(&whole, depth - 1)
            }
            _ => Some(module),
        }
    }

    /// Each ring: its files, with the files of the ring that each of them uses.
    fn rings(&self) -> Vec<BTreeMap<String, Vec<String>>> {
        let uses: BTreeMap<&Module, BTreeSet<&Module>> = self
            .files
            .iter()
            .map(|(module, file)| {
                let used = file.used.iter().filter_map(|path| self.defining(path, 8)).filter(|used| *used != module);
                (module, used.collect())
            })
            .collect();
        let reached: BTreeMap<&Module, BTreeSet<&Module>> =
            uses.keys().map(|module| (*module, reachable(module, &uses))).collect();
        let mut rings = Vec::new();
        let mut seen = BTreeSet::new();
        for (module, from_here) in &reached {
            if seen.contains(module) || !from_here.contains(module) {
                continue;
            }
            let ring: BTreeSet<&Module> =
                from_here.iter().copied().filter(|other| reached[other].contains(*module)).collect();
            seen.extend(ring.iter().copied());
            let name = |module: &Module| self.files[module].path.clone();
            rings.push(
                ring.iter()
                    .map(|file| (name(file), uses[file].intersection(&ring).map(|used| name(used)).collect()))
                    .collect(),
            );
        }
        rings
    }
}

fn reachable<'a>(from: &Module, uses: &BTreeMap<&'a Module, BTreeSet<&'a Module>>) -> BTreeSet<&'a Module> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&Module> = uses[from].iter().copied().collect();
    while let Some(module) = waiting.pop() {
        if let Some((&module, further)) = uses.get_key_value(module)
            && reached.insert(module)
        {
            waiting.extend(further.iter().copied());
        }
    }
    reached
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a source folder can be read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files_below(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_of_tests(&path) {
            files.push(path);
        }
    }
}

/// Whole files of unit tests, which their parent declares under `cfg(test)`.
fn is_of_tests(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem == "tests" || stem == "main")
}

/// `scope/tree.rs` and `scope/tree/mod.rs` are `scope::tree`.
fn module_of(path: &Path) -> Module {
    let mut module: Module = path.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if module.last().is_some_and(|last| last == "mod" || last == "lib") {
        module.pop();
    }
    module
}

/// Walks through one file.
struct Reader<'a> {
    modules: &'a BTreeSet<Module>,
    file: Module,
    /// The module that is being read: the file's or one inside it.
    module: Module,
    imported: BTreeMap<String, Module>,
    used: BTreeSet<Module>,
}

impl Reader<'_> {
    /// A path from the crate's root; `None` if it leads out of the crate or to a name in scope.
    fn absolute(&self, path: &[String]) -> Option<Module> {
        let up = path.iter().take_while(|segment| *segment == "super").count();
        let base = match path.first()?.as_str() {
            "crate" => return Some(path[1..].to_vec()),
            "self" => return Some([&self.module, &path[1..]].concat()),
            "super" => self.module.get(..self.module.len().checked_sub(up)?)?,
            // A module declared here; anything else is another crate or already in scope.
            first => {
                let child = [self.module.as_slice(), &[first.to_owned()]].concat();
                return self.modules.contains(&child).then(|| [&self.module, path].concat());
            }
        };
        Some([base, &path[up..]].concat())
    }

    fn imports(&mut self, tree: &UseTree, before: &[String]) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        let (path, name) = match tree {
            UseTree::Path(path) => return self.imports(&path.tree, &with(&path.ident)),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.imports(tree, before);
                }
                return;
            }
            UseTree::Name(name) if name.ident == "self" => (before.to_vec(), before.last().cloned()),
            UseTree::Name(name) => (with(&name.ident), Some(name.ident.to_string())),
            UseTree::Rename(rename) if rename.ident == "self" => (before.to_vec(), Some(rename.rename.to_string())),
            UseTree::Rename(rename) => (with(&rename.ident), Some(rename.rename.to_string())),
            UseTree::Glob(_) => (before.to_vec(), None),
        };
        if let Some(path) = self.absolute(&path) {
            if let Some(name) = name.filter(|_| self.module == self.file) {
                self.imported.insert(name, path.clone());
            }
            self.used.insert(path);
        }
    }
}

fn is_test_only(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| {
                list.tokens.to_string().split(|c: char| !c.is_alphanumeric()).any(|word| word == "test")
            })
    })
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Mod(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !is_test_only(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if item.content.is_some() {
            self.module.push(item.ident.to_string());
            visit::visit_item_mod(self, item);
            self.module.pop();
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if item.leading_colon.is_none() {
            self.imports(&item.tree, &[]);
        }
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if path.leading_colon.is_none() && segments.len() > 1 {
            self.used.extend(self.absolute(&segments));
        }
        visit::visit_path(self, path);
    }
}

//! `use tokio::test as name`: what makes tests goes by another name in this file.

use std::collections::HashMap;

use proc_macro2::Ident;
use syn::{Item, ItemMod, UseTree};

use super::known;

/// A file in which the attributes that make tests have their own names; their places are those of the names that stand there.
pub(crate) fn parse(text: &str) -> syn::Result<syn::File> {
    let mut file = syn::parse_file(text)?;
    let mut names = HashMap::new();
    find(&file.items, &mut names);
    if !names.is_empty() {
        undo(&mut file.items, &names);
    }
    Ok(file)
}

fn find(items: &[Item], names: &mut HashMap<Ident, Ident>) {
    for item in items {
        match item {
            Item::Use(used) => find_in(&used.tree, names),
            Item::Mod(ItemMod { content: Some((_, items)), .. }) => find(items, names),
            _ => {}
        }
    }
}

fn find_in(tree: &UseTree, names: &mut HashMap<Ident, Ident>) {
    match tree {
        UseTree::Path(path) => find_in(&path.tree, names),
        UseTree::Group(group) => group.items.iter().for_each(|tree| find_in(tree, names)),
        // WebAssembly's often stands in for another under a condition; and no name of a test becomes that of another.
        UseTree::Rename(renamed)
            if known::is_name_of_tests(&renamed.ident)
                && !known::is_name_of_tests(&renamed.rename)
                && renamed.ident != "wasm_bindgen_test" =>
        {
            names.insert(renamed.rename.clone(), renamed.ident.clone());
        }
        _ => {}
    }
}

fn undo(items: &mut [Item], names: &HashMap<Ident, Ident>) {
    for item in items {
        match item {
            Item::Fn(function) => {
                for attribute in &mut function.attrs {
                    let path = match &mut attribute.meta {
                        syn::Meta::Path(path) => path,
                        syn::Meta::List(list) => &mut list.path,
                        syn::Meta::NameValue(_) => continue,
                    };
                    if let Some(name) = path.get_ident().and_then(|name| names.get(name)) {
                        let mut name = name.clone();
                        name.set_span(path.segments[0].ident.span());
                        path.segments[0].ident = name;
                    }
                }
            }
            Item::Mod(ItemMod { content: Some((_, items)), .. }) => undo(items, names),
            _ => {}
        }
    }
}

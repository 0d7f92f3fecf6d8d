//! `use tokio::test as name`: what makes tests goes by another name in this file.

use std::collections::HashMap;

use proc_macro2::Ident;
use syn::visit::Visit;
use syn::{Block, Item, ItemMod, UseRename};

use super::known;

/// A file in which the attributes that make tests have their own names; their places are those of the names that stand there.
pub(crate) fn parse(text: &str) -> syn::Result<syn::File> {
    let mut file = syn::parse_file(text)?;
    let mut names = Names::default();
    names.visit_file(&file);
    undo(&mut file.items, &names.0);
    Ok(file)
}

/// What goes by another name.
#[derive(Default)]
struct Names(HashMap<Ident, Ident>);

impl Visit<'_> for Names {
    fn visit_use_rename(&mut self, renamed: &UseRename) {
        // WebAssembly's often stands in for another under a condition; and no name of a test becomes that of another.
        if known::is_name_of_tests(&renamed.ident)
            && !known::is_name_of_tests(&renamed.rename)
            && renamed.ident != "wasm_bindgen_test"
        {
            self.0.insert(renamed.rename.clone(), renamed.ident.clone());
        }
    }

    /// Only in the function itself.
    fn visit_block(&mut self, _: &Block) {}
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

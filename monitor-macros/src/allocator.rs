//! `#[allocator]`: the static as it is, and what the runtime or the core makes of an allocator.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{ItemStatic, parse2};

use crate::options;

/// On a mistake: one error, and the static as it is without the attribute.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let parsed = parse2::<ItemStatic>(item.clone()).map_err(|error| {
        syn::Error::new(error.span(), "#[allocator] goes on a static: static ALLOCATOR: System = System;")
    });
    match parsed.and_then(|parsed| Ok((parsed, options::only_crate(options)?))) {
        Ok((ItemStatic { ident, ty, .. }, runtime)) => quote! { #item #runtime::__use_allocator!(#ident: #ty); },
        Err(error) => {
            let error = error.to_compile_error();
            quote! { #error #item }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(options: &str, item: &str) -> String {
        expand(options.parse().expect("tokens"), item.parse().expect("tokens")).to_string()
    }

    #[test]
    fn the_static_stays_and_is_handed_over() {
        let item = "pub static A : dhat :: Alloc = dhat :: Alloc ;";
        assert_eq!(expanded("", item), format!("{item} :: monitor_runtime :: __use_allocator ! (A : dhat :: Alloc) ;"));
        assert!(expanded("crate = costs", item).ends_with("costs :: __use_allocator ! (A : dhat :: Alloc) ;"));
    }

    #[test]
    fn a_mistake_is_one_error_and_nothing_is_lost() {
        for (options, item) in [
            ("", "fn f () { }"),
            ("component = \"x\"", "static A : B = B ;"),
            ("crate", "static A : B = B ;"),
            ("speed", "static A : B = B ;"),
        ] {
            let expanded = expanded(options, item);
            assert_eq!(expanded.matches("compile_error").count(), 1, "{expanded}");
            assert!(expanded.ends_with(item), "{expanded}");
        }
    }
}

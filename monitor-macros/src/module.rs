//! `#[monitored] mod tests { … }`: every test inside gets the attribute.

use std::mem;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::parse::Parser as _;
use syn::{Attribute, Error, Item, ItemFn, ItemMod, Macro, Result, parse_quote};

use crate::known;
use crate::model::{arguments, is_monitored, is_template, is_test, makes_test};
use crate::options::{self, Options};

/// Puts the attribute on every test of the module, with the module's options as defaults.
pub(crate) fn expand(defaults: &Options, mut module: ItemMod) -> Result<TokenStream> {
    if let Some(other) = module.attrs.iter().find(|attribute| is_monitored(attribute)) {
        return Err(Error::new_spanned(other, "only one #[monitored] is allowed"));
    }
    let Some((_, items)) = &mut module.content else {
        return Err(Error::new_spanned(
            &module,
            "#[monitored] can't see into a module in a file of its own: put it on the tests there, or write the module inline",
        ));
    };
    for item in items {
        match item {
            Item::Fn(function) => on_function(defaults, function),
            Item::Mod(inner) => on_inner_module(defaults, inner),
            Item::Macro(item) => on_macro(defaults, &mut item.mac),
            _ => {}
        }
    }
    Ok(module.into_token_stream())
}

fn on_function(defaults: &Options, function: &mut ItemFn) {
    let is_test = is_test(function) && !function.attrs.iter().any(is_template);
    on_attributes(defaults, &mut function.attrs, is_test);
}

fn on_attributes(defaults: &Options, attributes: &mut Vec<Attribute>, is_test: bool) {
    let runtime = defaults.runtime();
    let own: Vec<usize> =
        attributes.iter().enumerate().filter(|(_, attribute)| is_monitored(attribute)).map(|(at, _)| at).collect();
    match own.as_slice() {
        [] if is_test => {
            let options = defaults.as_written();
            attributes.insert(0, parse_quote!(#[#runtime::monitored(#options)]));
        }
        // The function's own, where it stands: `rstest` cares for its place.
        [at] => {
            // What is wrong with them, they tell themselves.
            let Ok(own) = options::parse(arguments(&attributes[*at])) else { return };
            let (path, options) = (attributes[*at].path(), own.or(defaults));
            attributes[*at] = parse_quote!(#[#path(#options)]);
        }
        // None: a helper. Several: the first to expand complains of the second.
        _ => {}
    }
}

/// The functions in `proptest! { … }` and `quickcheck! { … }`, as tokens: they are no Rust until the macro has run.
fn on_macro(defaults: &Options, around: &mut Macro) {
    let Some(name) = around.path.segments.last().map(|segment| segment.ident.to_string()) else { return };
    if !known::MACROS.contains(&name.as_str()) {
        return;
    }
    let mut covered = TokenStream::new();
    let mut attributes = TokenStream::new();
    let mut tokens = around.tokens.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_attribute = matches!(&token, TokenTree::Punct(mark) if mark.as_char() == '#')
            && matches!(tokens.peek(), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket);
        if is_attribute {
            attributes.extend([Some(token), tokens.next()].into_iter().flatten());
            continue;
        }
        let begins_a_function = matches!(&token, TokenTree::Ident(word) if word == "fn");
        if begins_a_function && let Ok(mut of_it) = Attribute::parse_outer.parse2(attributes.clone()) {
            let is_test = name == known::MACRO_OF_TESTS_ONLY || of_it.iter().any(makes_test);
            on_attributes(defaults, &mut of_it, is_test);
            attributes = quote!(#(#of_it)*);
        }
        covered.extend(mem::take(&mut attributes));
        covered.extend([token]);
    }
    around.tokens = covered;
}

fn on_inner_module(defaults: &Options, module: &mut ItemMod) {
    if module.content.is_none() {
        return;
    }
    let (path, options) = match module.attrs.iter().position(is_monitored) {
        Some(at) => {
            let Ok(own) = options::parse(arguments(&module.attrs[at])) else { return };
            let attribute = module.attrs.remove(at);
            (attribute.path().to_token_stream(), own.or(defaults))
        }
        None => {
            let runtime = defaults.runtime();
            (quote!(#runtime::monitored), defaults.as_written())
        }
    };
    module.attrs.insert(0, parse_quote!(#[#path(#options)]));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(defaults: TokenStream, module: ItemMod) -> String {
        let defaults = options::parse(defaults).expect("the options are right");
        expand(&defaults, module).expect("the module is right").to_string()
    }

    #[test]
    fn tests_get_the_modules_options_and_helpers_nothing() {
        let module = parse_quote! {
            mod tests {
                fn helper() {}
                #[template] #[rstest] fn template(#[case] a: u8) {}
                #[test] fn plain() {}
                #[tokio::test] async fn asynchronous() {}
                #[monitored(max_time = "2s")] #[test] fn own() {}
                mod inner { #[rstest] fn cases() {} }
            }
        };
        let expected = quote! {
            mod tests {
                fn helper() {}
                #[template] #[rstest] fn template(#[case] a: u8) {}
                #[::monitor_runtime::monitored(component = "shop", max_time = "1s")] #[test] fn plain() {}
                #[::monitor_runtime::monitored(component = "shop", max_time = "1s")] #[tokio::test] async fn asynchronous() {}
                #[monitored(max_time = "2s", component = "shop")] #[test] fn own() {}
                #[::monitor_runtime::monitored(component = "shop", max_time = "1s")] mod inner { #[rstest] fn cases() {} }
            }
        };
        assert_eq!(expanded(quote!(component = "shop", max_time = "1s"), module), expected.to_string());
    }

    #[test]
    fn tests_in_macros_that_hand_attributes_on_are_covered() {
        let module = parse_quote! {
            mod tests {
                proptest! {
                    #![proptest_config(Config::default())]
                    #[test] #[ignore] fn one(x in 0..9) { f(#[a] x) }
                    fn helper(x in 0..9) {}
                    #[test] #[monitored(skip)] fn two(x in 0..9) {}
                }
                quickcheck! { fn three(x: u8) -> bool { true } }
                another! { #[test] fn four() {} }
            }
        };
        let expected = quote! {
            mod tests {
                proptest! {
                    #![proptest_config(Config::default())]
                    #[::monitor_runtime::monitored(no_leak)] #[test] #[ignore] fn one(x in 0..9) { f(#[a] x) }
                    fn helper(x in 0..9) {}
                    #[test] #[monitored(skip, no_leak)] fn two(x in 0..9) {}
                }
                quickcheck! { #[::monitor_runtime::monitored(no_leak)] fn three(x: u8) -> bool { true } }
                another! { #[test] fn four() {} }
            }
        };
        assert_eq!(expanded(quote!(no_leak), module), expected.to_string());
    }

    #[test]
    fn a_module_in_another_file_is_refused() {
        let error = expand(
            &Options::default(),
            parse_quote!(
                mod elsewhere;
            ),
        )
        .expect_err("nothing can be seen");
        assert!(error.to_string().contains("write the module inline"));
    }
}

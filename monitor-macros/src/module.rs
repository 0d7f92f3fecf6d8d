//! `#[monitored] mod tests { … }`: every test inside gets the attribute.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::{Error, Item, ItemFn, ItemMod, Result, parse_quote};

use crate::model::{arguments, is_monitored, is_test};
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
            _ => {}
        }
    }
    Ok(module.into_token_stream())
}

fn on_function(defaults: &Options, function: &mut ItemFn) {
    let runtime = defaults.runtime();
    let own: Vec<usize> =
        function.attrs.iter().enumerate().filter(|(_, attribute)| is_monitored(attribute)).map(|(at, _)| at).collect();
    match own.as_slice() {
        [] if is_test(function) => {
            let options = defaults.as_written();
            function.attrs.insert(0, parse_quote!(#[#runtime::monitored(#options)]));
        }
        // The function's own, where it stands: `rstest` cares for its place.
        [at] => {
            // What is wrong with them, they tell themselves.
            let Ok(own) = options::parse(arguments(&function.attrs[*at])) else { return };
            let (path, options) = (function.attrs[*at].path(), own.or(defaults));
            function.attrs[*at] = parse_quote!(#[#path(#options)]);
        }
        // None: a helper. Several: the first to expand complains of the second.
        _ => {}
    }
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
                #[test] fn plain() {}
                #[tokio::test] async fn asynchronous() {}
                #[monitored(max_time = "2s")] #[test] fn own() {}
                mod inner { #[rstest] fn cases() {} }
            }
        };
        let expected = quote! {
            mod tests {
                fn helper() {}
                #[::monitor_runtime::monitored(component = "shop", max_time = "1s")] #[test] fn plain() {}
                #[::monitor_runtime::monitored(component = "shop", max_time = "1s")] #[tokio::test] async fn asynchronous() {}
                #[monitored(max_time = "2s", component = "shop")] #[test] fn own() {}
                #[::monitor_runtime::monitored(component = "shop", max_time = "1s")] mod inner { #[rstest] fn cases() {} }
            }
        };
        assert_eq!(expanded(quote!(component = "shop", max_time = "1s"), module), expected.to_string());
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

//! Shapes that can't be monitored: one error each, on the token, saying what would be right.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::spanned::Spanned as _;
use syn::{Error, GenericParam, Item, ItemFn, Result, Safety, parse2};

use crate::body;
use crate::model::{is_monitored, is_test};
use crate::options::Options;
use crate::position;

/// Checks a function that `options` are on.
pub(crate) fn function(function: &ItemFn, options: &Options) -> Result<()> {
    let signature = &function.sig;
    let refuse = |at: &dyn ToTokens, why: &str| Err(Error::new_spanned(at, why));
    if let Some(other) = function.attrs.iter().find(|attribute| is_monitored(attribute)) {
        return refuse(other, "only one #[monitored] is allowed");
    }
    if let Some(receiver) = signature.receiver() {
        return refuse(receiver, "a method can't be monitored: put #[monitored] on the test that calls it");
    }
    if let Some(token) = &signature.constness {
        return refuse(token, "a const fn can't be monitored: measuring happens at run time");
    }
    if let Some(abi) = &signature.abi {
        return refuse(abi, "an extern fn can't be monitored: put #[monitored] on the test that calls it");
    }
    if let Safety::Unsafe(token) = &signature.safety {
        return refuse(token, "an unsafe fn can't be monitored: put #[monitored] on the test that calls it");
    }
    let is_type = |parameter: &GenericParam| !matches!(parameter, GenericParam::Lifetime(_));
    if !is_test(function) && signature.generics.params.iter().any(is_type) {
        let why = "a generic function can't be monitored: it is not a test; put #[monitored] on the tests that call it";
        return refuse(&signature.generics, why);
    }
    if let (false, Some(argument)) = (is_test(function), signature.inputs.first()) {
        return refuse(
            argument,
            "a test takes no arguments: put #[monitored] on the test that calls this function, or below the attribute that \
             gives the arguments, as below #[rstest] or #[test_case(…)]",
        );
    }
    if options.template.is_none() {
        not_between_cases(function)?;
    }
    Ok(())
}

/// `rstest` gives an attribute that stands before a `#[case]` to that case alone.
fn not_between_cases(function: &ItemFn) -> Result<()> {
    let Some(case) = body::rstest_case(function) else { return Ok(()) };
    let (rstest, attribute, template) = (case.generated_at, Span::call_site(), case.template.span());
    let mut values = case.parameters.iter().map(|(_, value)| value.span());
    if position::is_between(attribute, rstest, template)
        && values.any(|value| position::is_between(value, attribute, template))
    {
        return Err(Error::new(
            attribute,
            "#[monitored] before a #[case] covers that case only: put it below the last #[case]",
        ));
    }
    Ok(())
}

/// The item without `#[monitored]`, so that a second one adds no second error.
pub(crate) fn without_other_monitored(item: TokenStream) -> TokenStream {
    match parse2::<Item>(item.clone()) {
        Ok(Item::Fn(mut function)) => {
            function.attrs.retain(|attribute| !is_monitored(attribute));
            function.into_token_stream()
        }
        _ => item,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Option<String> {
        let item = syn::parse_str(text).expect("a function");
        function(&item, &Options::default()).err().map(|error| error.to_string())
    }

    #[test]
    fn tests_are_accepted() {
        for test in [
            "#[test] fn t() {}",
            "#[tokio::test] async fn t() -> Result<(), String> {}",
            "#[rstest] fn t<T: Debug>(#[case] x: T, stock: Vec<u8>) {}",
            "#[test_case(1)] fn t(x: u8) {}",
            "#[test_strategy::proptest] fn t(x: u8) {}",
            "#[rstest_by_another_name] fn t(#[case] x: u8) {}",
            "fn case_1<'a>() {}",
        ] {
            assert_eq!(refused(test), None, "{test}");
        }
    }

    #[test]
    fn functions_that_are_no_tests_are_refused() {
        for (function, beginning) in [
            ("fn t<T>() {}", "a generic function can't"),
            ("fn t<const N: usize>() {}", "a generic function can't"),
            ("fn t(x: u8) {}", "a test takes no arguments"),
            ("fn t(&self) {}", "a method can't"),
            ("const fn t() {}", "a const fn can't"),
            ("unsafe fn t() {}", "an unsafe fn can't"),
            ("extern \"C\" fn t() {}", "an extern fn can't"),
            ("#[test] #[monitor_runtime::monitored(skip)] fn t() {}", "only one #[monitored]"),
        ] {
            let error = refused(function);
            assert!(error.as_ref().is_some_and(|error| error.starts_with(beginning)), "{function}: {error:?}");
        }
    }

    #[test]
    fn the_item_stays_without_a_second_attribute() {
        let without = |text: &str| without_other_monitored(text.parse().expect("tokens")).to_string();
        assert_eq!(without("#[monitored] #[test] #[monitored(skip)] fn t() {}"), "# [test] fn t () { }");
        assert_eq!(without("struct Structure ;"), "struct Structure ;");
    }
}

//! An annotated function and what follows from its attributes.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, FnArg, ItemFn, Lit, Meta, ReturnType, Token, Type, parse_quote};

use crate::known;
use crate::options::Options;

/// A function with `#[monitored]`.
pub(crate) struct Test {
    pub options: Options,
    pub function: ItemFn,
}

/// What a function returns, as far as it decides the expansion.
#[derive(Clone)]
pub(crate) enum Returns {
    Unit,
    Value(Box<Type>),
    /// A type that nothing but the signature may name: `!`, or with `impl Trait` inside.
    Opaque,
}

/// `#[should_panic]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ShouldPanic {
    No,
    Any,
    Containing(String),
}

impl Test {
    pub(crate) fn new(options: Options, function: ItemFn) -> Self {
        Self { options, function }
    }

    /// The function's name.
    pub(crate) fn name(&self) -> String {
        self.function.sig.ident.unraw().to_string()
    }

    /// Whether an attribute stands below that will make cases of the function, or call it many times in one test.
    pub(crate) fn has_cases_to_come(&self) -> bool {
        self.function.attrs.iter().any(|attribute| is_named(attribute, known::MANY_CALLS))
            || has_case_arguments(&self.function) && self.has_attributes_to_come()
    }

    /// Whether attributes stand below that may rewrite the function. On an async function `#[test]` is another than the
    /// language's, by `use tokio::test`.
    pub(crate) fn has_attributes_to_come(&self) -> bool {
        let is_async = self.function.sig.asyncness.is_some();
        self.function.attrs.iter().any(|attribute| !is_inert(attribute) || is_async && is_named(attribute, &["test"]))
    }

    pub(crate) fn returns(&self) -> Returns {
        match &self.function.sig.output {
            ReturnType::Default => Returns::Unit,
            ReturnType::Type(_, returned) => match &**returned {
                Type::Tuple(tuple) if tuple.elems.is_empty() => Returns::Unit,
                Type::Never(_) => Returns::Opaque,
                returned if has_impl(returned.to_token_stream()) => Returns::Opaque,
                _ => Returns::Value(returned.clone()),
            },
        }
    }

    pub(crate) fn should_panic(&self) -> ShouldPanic {
        let attribute = self.function.attrs.iter().find(|attribute| attribute.path().is_ident("should_panic"));
        let Some(attribute) = attribute else { return ShouldPanic::No };
        let expected = match &attribute.meta {
            Meta::Path(_) => None,
            Meta::NameValue(value) => text(&value.value),
            Meta::List(list) => {
                let parser = |input: syn::parse::ParseStream<'_>| input.parse::<syn::MetaNameValue>();
                parser.parse2(list.tokens.clone()).ok().and_then(|value| text(&value.value))
            }
        };
        expected.map_or(ShouldPanic::Any, ShouldPanic::Containing)
    }
}

fn has_impl(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "impl",
        TokenTree::Group(group) => has_impl(group.stream()),
        _ => false,
    })
}

fn text(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

/// Attributes that leave the function as it is. Every other may be a macro.
fn is_inert(attribute: &Attribute) -> bool {
    const INERT: &[&str] = &[
        "allow",
        "cfg",
        "cold",
        "coverage",
        "deny",
        "deprecated",
        "doc",
        "expect",
        "forbid",
        "ignore",
        "inline",
        "must_use",
        "should_panic",
        "test",
        "track_caller",
        "warn",
    ];
    let path = attribute.path();
    let first = path.segments.first().map(|segment| segment.ident.to_string()).unwrap_or_default();
    match path.get_ident() {
        Some(name) => INERT.contains(&name.to_string().as_str()),
        None => ["rustfmt", "clippy", "rustdoc", "diagnostic"].contains(&first.as_str()) || is_std_test(path),
    }
}

/// `::core::prelude::v1::test` and its like, which other macros write.
fn is_std_test(path: &syn::Path) -> bool {
    let text = path.to_token_stream().to_string().replace(' ', "");
    let text = text.trim_start_matches("::");
    ["core::prelude::v1::test", "std::prelude::v1::test", "core::prelude::rust_2024::test", "core::test", "std::test"]
        .contains(&text)
}

/// Whether a function is a test, by its attributes or, where `rstest` has another name, by its arguments'.
pub(crate) fn is_test(function: &ItemFn) -> bool {
    function.attrs.iter().any(makes_test) || has_case_arguments(function)
}

/// Whether an attribute gives those of the function to others, under `#[apply(…)]`.
pub(crate) fn is_template(attribute: &Attribute) -> bool {
    is_named(attribute, &["template"])
}

/// Whether arguments are marked as those of cases: `#[case]`, `#[values(…)]`.
fn has_case_arguments(function: &ItemFn) -> bool {
    let is_marked = |attribute| is_named(attribute, &["case", "values", "files"]);
    function
        .sig
        .inputs
        .iter()
        .any(|argument| matches!(argument, FnArg::Typed(typed) if typed.attrs.iter().any(is_marked)))
}

/// Whether an attribute makes a function a test: `#[test]`, `#[tokio::test]`, `#[rstest]`, `#[test_case(…)]`, ….
pub(crate) fn makes_test(attribute: &Attribute) -> bool {
    if attribute.path().is_ident("cfg_attr") {
        let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
        let given = attribute.parse_args_with(parser).into_iter().flatten().skip(1);
        return given.map(|meta| parse_quote!(#[#meta])).any(|attribute| makes_test(&attribute));
    }
    is_named(attribute, known::ATTRIBUTES)
}

/// Whether an attribute is ours.
pub(crate) fn is_monitored(attribute: &Attribute) -> bool {
    is_named(attribute, &["monitored"])
}

/// Whether an attribute has one of these names, whatever the path before it.
fn is_named(attribute: &Attribute, names: &[&str]) -> bool {
    attribute.path().segments.last().is_some_and(|segment| names.contains(&segment.ident.to_string().as_str()))
}

/// The tokens in an attribute's brackets.
pub(crate) fn arguments(attribute: &Attribute) -> TokenStream {
    match &attribute.meta {
        Meta::List(list) => list.tokens.clone(),
        _ => TokenStream::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(function: &str) -> Test {
        Test::new(Options::default(), syn::parse_str(function).expect("a function"))
    }

    #[test]
    fn the_value_decides_only_if_it_can_be_named() {
        let returns = |output: &str| match test(&format!("fn t() {output} {{}}")).returns() {
            Returns::Unit => "unit".to_owned(),
            Returns::Opaque => "opaque".to_owned(),
            Returns::Value(returned) => returned.to_token_stream().to_string(),
        };
        assert_eq!(returns(""), "unit");
        assert_eq!(returns("-> ()"), "unit");
        assert_eq!(returns("-> ExitCode"), "ExitCode");
        assert_eq!(returns("-> !"), "opaque");
        assert_eq!(returns("-> impl Termination"), "opaque");
        assert_eq!(returns("-> Result<(), impl Debug>"), "opaque");
    }

    #[test]
    fn every_form_of_should_panic_is_read() {
        let expected = |attributes: &str| test(&format!("{attributes} fn t() {{}}")).should_panic();
        assert_eq!(expected(""), ShouldPanic::No);
        assert_eq!(expected("#[should_panic]"), ShouldPanic::Any);
        let text = ShouldPanic::Containing("a text".to_owned());
        assert_eq!(expected(r#"#[should_panic = "a text"]"#), text);
        assert_eq!(expected(r#"#[test] #[should_panic(expected = "a text")]"#), text);
        assert_eq!(expected(r#"#[should_panic(expected = concat!("a", "b"))]"#), ShouldPanic::Any);
    }

    #[test]
    fn attributes_that_may_rewrite_the_function_are_told() {
        let to_come = |function| test(function).has_attributes_to_come();
        assert!(!to_come(r#"#[test] #[ignore = "slow"] #[should_panic] #[allow(unused)] #[doc = ""] fn t() {}"#));
        assert!(!to_come(r#"#[::core::prelude::v1::test] #[clippy::msrv = "1"] #[rustfmt::skip] fn t() {}"#));
        assert!(to_come("#[serial] #[test] fn t() {}"));
        assert!(to_come("#[tokio::test] async fn t() {}"));
        assert!(to_come("#[test] async fn t() {}"), "by `use tokio::test`");
        assert!(!to_come("async fn t() {}"));
    }

    #[test]
    fn cases_to_come_are_told() {
        let to_come = |function| test(function).has_cases_to_come();
        assert!(to_come("#[rstest] fn t() {}") && to_come("#[test_case::test_case(1)] fn t(x: u8) {}"));
        assert!(to_come("#[quickcheck] fn t(x: u8) -> bool {}"));
        assert!(to_come("#[test_strategy::proptest] fn t(x: u8) {}") && to_come("#[property_test] fn t(x: u8) {}"));
        assert!(to_come("#[rstest_by_another_name] fn t(#[case] x: u8) {}"));
        assert!(!to_come("#[tokio::test] async fn t() {}") && !to_come("#[test] fn t(#[case] x: u8) {}"));
    }

    #[test]
    fn tests_are_known_by_their_attribute() {
        let makes = |attribute: &str| is_test(&test(&format!("{attribute} fn t() {{}}")).function);
        assert!(makes("#[test]") && makes(r#"#[tokio::test(flavor = "multi_thread")]"#));
        assert!(makes("#[cfg_attr(unix, test)]") && makes("#[cfg_attr(unix, ignore, tokio::test)]"));
        assert!(!makes("#[cfg(test)]") && !makes("#[cfg_attr(test, ignore)]"));
        assert!(!makes("#[fixture]") && !makes("#[monitored]"));
        assert!(is_test(&test("#[rstest_by_another_name] fn t(#[values(1, 2)] x: u8) {}").function));
        assert!(!is_test(&test("#[fixture] fn t(#[default(1)] x: u8) -> u8 {}").function));
    }

    #[test]
    fn a_raw_name_is_written_bare() {
        assert_eq!(test("fn r#match() {}").name(), "match");
    }
}

//! How a test is known: by the names that the attribute itself goes by.

use std::mem;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::{Attribute, FnArg, ItemFn, ItemMacro, Macro, Meta, Token};

const ATTRIBUTES: &[&str] = &monitor_macros::__test_attributes!();
const MACROS: &[&str] = &monitor_macros::__test_macros!();

/// Whether one of the attributes has this name, whatever path it is written with, perhaps under a condition.
pub(crate) fn has(attributes: &[Attribute], name: &str) -> bool {
    attributes.iter().any(|attribute| names(attribute, &[name]))
}

/// Whether `#[monitored]` is among the attributes, perhaps under a condition.
pub(crate) fn is_monitored(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| names(attribute, &["monitored"]))
}

/// Whether the function is a test. A `#[template]` is none: what is under `#[apply(…)]` has its attributes.
pub(crate) fn is_test(function: &ItemFn) -> bool {
    !has(&function.attrs, "template") && (function.attrs.iter().any(makes_test) || has_case_arguments(function))
}

/// The template that `#[apply(…)]` names.
pub(crate) fn applied(attributes: &[Attribute]) -> Option<String> {
    let apply = attributes.iter().find(|attribute| is_named(attribute.path(), &["apply"]))?;
    Some(apply.parse_args::<syn::Path>().ok()?.segments.last()?.ident.to_string())
}

/// Whether an attribute makes a function a test, perhaps under a condition.
pub(crate) fn makes_test(attribute: &Attribute) -> bool {
    names(attribute, ATTRIBUTES)
}

/// Whether an attribute of this name makes tests.
pub(crate) fn is_name_of_tests(name: &Ident) -> bool {
    ATTRIBUTES.iter().any(|known| name == known)
}

/// Whether what makes the function a test goes by another name here: the attribute on its module does not know that.
pub(crate) fn goes_by_another_name(function: &ItemFn) -> bool {
    let is_other = |attribute: &&Attribute| {
        let written =
            attribute.path().segments.last().map(|segment| (segment.ident.span().source_text(), &segment.ident));
        written.is_some_and(|(text, name)| text.is_some_and(|text| *name != text))
    };
    function.attrs.iter().filter(|attribute| makes_test(attribute)).any(|attribute| is_other(&attribute))
}

/// Whether arguments are marked as those of cases: `#[case]`, `#[values(…)]`.
pub(crate) fn has_case_arguments(function: &ItemFn) -> bool {
    let is_marked = |attribute: &Attribute| is_named(attribute.path(), &["case", "values", "files"]);
    function
        .sig
        .inputs
        .iter()
        .any(|argument| matches!(argument, FnArg::Typed(typed) if typed.attrs.iter().any(is_marked)))
}

/// The name of a macro.
pub(crate) fn name(called: &Macro) -> String {
    called.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default()
}

/// Whether a macro stands around functions that become tests, and hands their attributes on.
pub(crate) fn hands_attributes_on(called: &Macro) -> bool {
    MACROS.contains(&name(called).as_str())
}

/// Whether one of this name does that, where each test has an attribute that says so.
fn hands_on(name: &str) -> bool {
    name != TESTS_ONLY && MACROS.contains(&name)
}

/// Whether a macro makes a test of each function in it, whatever its attributes.
pub(crate) fn holds_tests_only(called: &Macro) -> bool {
    name(called) == TESTS_ONLY
}

const TESTS_ONLY: &str = "quickcheck";

/// The functions in the tokens of a macro that hands their attributes on: their attributes, their names (`$` where another macro
/// gives it), and where they begin.
pub(crate) fn functions_in(tokens: &TokenStream) -> Vec<(Vec<Attribute>, String, Span)> {
    let mut functions = Vec::new();
    let mut attributes: Vec<Attribute> = Vec::new();
    let mut tokens = tokens.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        match (&token, tokens.peek()) {
            (TokenTree::Punct(mark), Some(TokenTree::Group(group)))
                if mark.as_char() == '#' && group.delimiter() == Delimiter::Bracket =>
            {
                attributes.extend(attribute_in(group));
                tokens.next();
            }
            (TokenTree::Ident(word), Some(name @ (TokenTree::Ident(_) | TokenTree::Punct(_)))) if word == "fn" => {
                functions.push((mem::take(&mut attributes), name.to_string(), word.span()));
            }
            _ => attributes.clear(),
        }
    }
    functions
}

/// Whether the tests in a macro's tokens have the attribute already.
pub(crate) fn writes_monitored_tests(tokens: &TokenStream) -> bool {
    writes_tests(tokens) && tokens.to_string().contains("monitored")
}

/// Where the plain tests that a `macro_rules!` writes begin, behind their attributes. `None` if it has none, or one of another
/// kind: with arguments, or handed to a further macro, which may know it by its very tokens, unless that hands its attributes on.
fn tests_written_by(rules: &TokenStream) -> Option<Vec<Span>> {
    let mut begins = Vec::new();
    let mut is_output = false;
    let mut before = ' ';
    for token in rules.clone() {
        match &token {
            TokenTree::Group(group) if is_output => {
                plain_tests_in(&group.stream(), &mut begins)?;
                is_output = false;
            }
            TokenTree::Punct(mark) => {
                is_output = before == '=' && mark.as_char() == '>';
                before = mark.as_char();
            }
            _ => {}
        }
    }
    (!begins.is_empty()).then_some(begins)
}

/// The plain tests that a macro writes which is its package's own: others would not find the runtime.
pub(crate) fn written_by(item: &ItemMacro) -> Option<Vec<Span>> {
    let is_own = name(&item.mac) == "macro_rules" && !has(&item.attrs, "macro_export");
    is_own.then(|| tests_written_by(&item.mac.tokens)).flatten()
}

fn plain_tests_in(output: &TokenStream, begins: &mut Vec<Span>) -> Option<()> {
    let tokens: Vec<TokenTree> = output.clone().into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        let before = |back: usize| at.checked_sub(back).and_then(|place| tokens.get(place));
        let is_after = |mark: char| matches!(before(1), Some(TokenTree::Punct(punct)) if punct.as_char() == mark);
        let called = before(2).filter(|called| is_after('!') && matches!(called, TokenTree::Ident(_)));
        match attribute_in(group) {
            Some(attribute) if is_after('#') && makes_test(&attribute) => {
                let is_plain = is_named(attribute.path(), &["test"]);
                begins.push(is_plain.then(|| plain_function(&tokens[at + 1..])).flatten()?);
            }
            _ if called.is_some_and(|called| hands_on(&called.to_string())) => {
                let functions = functions_in(&group.stream()).into_iter();
                let tests = functions.filter(|(others, ..)| others.iter().any(makes_test));
                begins.extend(tests.map(|(.., begin)| begin));
            }
            _ if called.is_some() && writes_tests(&TokenStream::from_iter(tokens[at - 2..=at].iter().cloned())) => {
                return None;
            }
            _ => plain_tests_in(&group.stream(), begins)?,
        }
    }
    Some(())
}

/// Whether a `macro_rules!` makes items of whatever it is called with, as it stands there: attributes may be added to them.
pub(crate) fn passes_items_on(rules: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = rules.clone().into_iter().collect();
    let rules = tokens.split(|token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ';'));
    let passes_on = |rule: &[TokenTree]| match rule {
        [TokenTree::Group(taken), TokenTree::Punct(_), TokenTree::Punct(_), TokenTree::Group(output)] => {
            let is_given = |name: &String| is_given_to_macros(&output.stream(), name);
            all_items(taken).is_some_and(|names| !names.iter().any(is_given))
        }
        _ => false,
    };
    let mut rules = rules.filter(|rule| !rule.is_empty()).peekable();
    rules.peek().is_some() && rules.all(passes_on)
}

/// The names in `$one:item $other:item`, `$($name:item)*` or `$($name:tt)*`, if that is all.
fn all_items(taken: &Group) -> Option<Vec<String>> {
    let text: String = taken.stream().to_string().split_whitespace().collect();
    let repeated = text.strip_prefix("$($").and_then(|text| text.strip_suffix(")*"));
    if let Some((name, "tt" | "item")) = repeated.and_then(|each| each.split_once(':')) {
        return Some(vec![name.to_owned()]);
    }
    text.strip_prefix('$')?.split('$').map(|each| Some(each.strip_suffix(":item")?.to_owned())).collect()
}

/// Whether a macro is called with `$name`, which may know it by its very tokens.
fn is_given_to_macros(output: &TokenStream, name: &str) -> bool {
    let mut after_mark = false;
    output.clone().into_iter().any(|token| {
        let is_given = match &token {
            TokenTree::Group(group) if after_mark => mentions(&group.stream(), name),
            TokenTree::Group(group) => is_given_to_macros(&group.stream(), name),
            _ => false,
        };
        after_mark = matches!(&token, TokenTree::Punct(mark) if mark.as_char() == '!');
        is_given
    })
}

fn mentions(tokens: &TokenStream, name: &str) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == name,
        TokenTree::Group(group) => mentions(&group.stream(), name),
        _ => false,
    })
}

/// Where a function without arguments begins, if further attributes and then it stand here.
fn plain_function(mut tokens: &[TokenTree]) -> Option<Span> {
    let is = |token: &TokenTree, mark: char| matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark);
    loop {
        tokens = match tokens {
            [mark, TokenTree::Group(_), rest @ ..] if is(mark, '#') => rest,
            [dollar, TokenTree::Group(_), repeat, rest @ ..] if is(dollar, '$') && is(repeat, '*') => rest,
            _ => break,
        }
    }
    let begin = tokens.first()?.span();
    while let [TokenTree::Ident(word), rest @ ..] = tokens
        && (word == "pub" || word == "async")
    {
        tokens = rest;
    }
    let [TokenTree::Ident(word), name @ ..] = tokens else { return None };
    let arguments = match name {
        _ if word != "fn" => return None,
        [TokenTree::Ident(_), TokenTree::Group(arguments), ..] => arguments,
        [dollar, TokenTree::Ident(_), TokenTree::Group(arguments), ..] if is(dollar, '$') => arguments,
        _ => return None,
    };
    (arguments.delimiter() == Delimiter::Parenthesis && arguments.stream().is_empty()).then_some(begin)
}

/// Whether an attribute that makes a test stands anywhere in the tokens, or a macro that makes a test of each function in it.
pub(crate) fn writes_tests(tokens: &TokenStream) -> bool {
    let (mut called, mut mark) = (None, ' ');
    for token in tokens.clone() {
        match &token {
            TokenTree::Group(group) => {
                let is_attribute = mark == '#' && attribute_in(group).is_some_and(|attribute| makes_test(&attribute));
                let is_call = mark == '!' && called.is_some_and(|called| called == TESTS_ONLY);
                let holds_tests = || is_call && !functions_in(&group.stream()).is_empty();
                if is_attribute || holds_tests() || writes_tests(&group.stream()) {
                    return true;
                }
                (called, mark) = (None, ' ');
            }
            TokenTree::Ident(name) => (called, mark) = (Some(name.clone()), ' '),
            TokenTree::Punct(punct) => mark = punct.as_char(),
            TokenTree::Literal(_) => (called, mark) = (None, ' '),
        }
    }
    false
}

/// The attribute whose brackets these are.
pub(crate) fn attribute_in(brackets: &Group) -> Option<Attribute> {
    if brackets.delimiter() != Delimiter::Bracket {
        return None;
    }
    let mark = TokenTree::Punct(proc_macro2::Punct::new('#', proc_macro2::Spacing::Alone));
    let tokens = TokenStream::from_iter([mark, TokenTree::Group(brackets.clone())]);
    Attribute::parse_outer.parse2(tokens).ok()?.pop()
}

/// What a `#[cfg_attr(condition, …)]` gives, with its condition.
pub(crate) fn conditional(attribute: &Attribute) -> Option<(Meta, Vec<Meta>)> {
    if !attribute.path().is_ident("cfg_attr") {
        return None;
    }
    let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
    let mut parts = attribute.parse_args_with(parser).ok()?.into_iter();
    Some((parts.next()?, parts.collect()))
}

/// Whether what stands under these attributes is compiled for tests only.
pub(crate) fn is_for_tests_only(attributes: &[Attribute]) -> bool {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .any(|attribute| attribute.parse_args::<Meta>().is_ok_and(|condition| implies_test(&condition)))
}

/// Whether a condition holds only if `test` does.
fn implies_test(condition: &Meta) -> bool {
    match condition {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) => {
            let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
            let Ok(parts) = list.parse_args_with(parser) else { return false };
            match list.path.get_ident().map(ToString::to_string).as_deref() {
                Some("all") => parts.iter().any(implies_test),
                Some("any") => !parts.is_empty() && parts.iter().all(implies_test),
                _ => false,
            }
        }
        Meta::NameValue(_) => false,
    }
}

fn names(attribute: &Attribute, names: &[&str]) -> bool {
    match conditional(attribute) {
        Some((_, given)) => given.iter().any(|meta| is_named(meta.path(), names)),
        None => is_named(attribute.path(), names),
    }
}

fn is_named(path: &syn::Path, names: &[&str]) -> bool {
    path.segments.last().is_some_and(|segment| names.contains(&segment.ident.to_string().as_str()))
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn tests_are_known_by_the_attributes_own_names() {
        let is = |function: ItemFn| is_test(&function);
        assert!(
            is(parse_quote!(
                #[test]
                fn t() {}
            )) && is(parse_quote!(
                #[tokio::test]
                async fn t() {}
            ))
        );
        assert!(is(parse_quote!(
            #[cfg_attr(not(miri), test)]
            fn t() {}
        )));
        assert!(is(parse_quote!(
            #[test_strategy::proptest]
            fn t(a: u8) {}
        )));
        assert!(is(parse_quote!(
            fn t(#[case] a: u8) {}
        )));
        assert!(
            !is(parse_quote!(
                #[bench]
                fn t(b: &mut Bencher) {}
            )) && !is(parse_quote!(
                #[cfg(test)]
                fn t() {}
            ))
        );
        assert!(!is(parse_quote!(
            #[cfg_attr(test, allow(unused))]
            fn t() {}
        )));
    }

    #[test]
    fn a_condition_that_implies_test_is_known() {
        let only = |item: syn::ItemMod| is_for_tests_only(&item.attrs);
        assert!(
            only(parse_quote!(
                #[cfg(test)]
                mod m {}
            )) && only(parse_quote!(
                #[cfg(all(unix, test))]
                mod m {}
            ))
        );
        assert!(!only(parse_quote!(
            #[cfg(any(unix, test))]
            mod m {}
        )));
        assert!(
            !only(parse_quote!(
                #[cfg(not(test))]
                mod m {}
            )) && !only(parse_quote!(
                mod m {}
            ))
        );
    }

    #[test]
    fn plain_tests_of_a_macro_are_found_and_no_others() {
        let count = |rules: TokenStream| tests_written_by(&rules).map(|begins| begins.len());
        assert_eq!(
            count(quote::quote!(() => {}; ($n:ident) => { mod m { #[test] $(#[$m])* #[ignore] fn $n() {} } })),
            Some(1)
        );
        assert_eq!(
            count(
                quote::quote!(($($n:ident),*) => ($(#[test] pub fn $n() -> R {})* #[tokio::test(a)] async fn u() {}))
            ),
            Some(2)
        );
        for other in [
            quote::quote!((#[test] fn $n:ident) => { fn $n() {} }),
            quote::quote!(($n:ident) => { #[test] fn $n() {} #[rstest] fn u() {} }),
            quote::quote!(($n:ident) => { #[test] fn $n(a: u8) {} }),
            quote::quote!(($n:ident) => { #[test] unsafe fn $n() {} }),
            quote::quote!(($n:ident) => { again! { #[test] fn $n() {} } }),
            quote::quote!(($n:ident) => { quickcheck! { fn $n(a: u8) -> bool { a > 0 } } }),
            quote::quote!(($n:ident) => { #[test] fn $n() {} quickcheck::quickcheck! { fn u() {} } }),
            quote::quote!(($f:item) => { #[test] $f }),
            quote::quote!(($n:ident) => { #[cfg_attr(a, test)] fn $n() {} }),
        ] {
            assert_eq!(count(other.clone()), None, "{other}");
        }
    }

    #[test]
    fn macros_that_pass_items_on_are_known() {
        for rules in [
            quote::quote!(($($t:tt)*) => { mod a { $($t)* fn rt() { assert!(true); } } mod b { $($t)* } }),
            quote::quote!({$($i:item)*} => { $(#[cfg(x)] $i)* }; ($($t:tt)*) => { $($t)* };),
            quote::quote!(($a:item $b:item) => { #[cfg(x)] $a #[cfg(not(x))] $b }),
        ] {
            assert!(passes_items_on(&rules), "{rules}");
        }
        for rules in [
            quote::quote!(),
            quote::quote!(() => {}),
            quote::quote!(($a:item $b:expr) => { $a }),
            quote::quote!(($($t:tt)*) => { other! { $($t)* } }),
            quote::quote!(($($t:tt)*) => { mod a { again!(a $($t)*); } }),
            quote::quote!(($(#[test] fn $n:ident() $b:block)*) => { $(#[test] fn $n() $b)* }),
            quote::quote!((#[test] $f:item) => { #[test] $f }; ($($t:tt)*) => { $($t)* }),
        ] {
            assert!(!passes_items_on(&rules), "{rules}");
        }
    }

    #[test]
    fn tests_in_tokens_are_found() {
        assert!(writes_tests(&quote::quote!(($n:ident) => { mod m { #[test] fn $n() {} } })));
        assert!(writes_tests(
            &quote::quote!(($n:ident) => { mod m { quickcheck! { fn $n(a: u8) -> bool { a > 0 } } } })
        ));
        assert!(!writes_tests(&quote::quote!(($n:ident) => { quickcheck!($n); other! { fn t() {} } })));
        assert!(!writes_tests(&quote::quote!(
            #[derive(Debug)]
            struct test;,
            [test]
        )));
    }
}

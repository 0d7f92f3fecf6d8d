//! The expansion: brackets around the test and around the user's body.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{Block, Lifetime, Stmt, Token, parse_quote};

use crate::body::{self, Found};
use crate::compiler;
use crate::model::{Returns, ShouldPanic, Test};
use crate::options::{Monitor, Options};

/// Expands a function that has been validated.
pub(crate) fn expand(mut test: Test) -> TokenStream {
    if matches!(test.options.monitor, Some(Monitor::Never)) {
        tell_that_it_is_skipped(&mut test);
        return test.function.into_token_stream();
    }
    if test.has_cases_to_come() {
        // In each case the arguments can be seen, below as well as above.
        move_behind_the_others(&mut test, &TokenStream::new());
    } else if test.has_attributes_to_come() {
        bracket_the_body(&mut test);
    } else {
        bracket_the_test(&mut test);
    }
    test.function.into_token_stream()
}

/// Who measures tests without the attribute from outside must not measure this one.
fn tell_that_it_is_skipped(test: &mut Test) {
    let (private, label, body) = (test.options.private(), label(), &test.function.block);
    test.function.block.stmts = statements(quote!(#private::skipped(); #label #body));
}

/// Puts our attribute again, with a mark, below those that have still to run.
fn move_behind_the_others(test: &mut Test, mark: &TokenStream) {
    let (runtime, written) = (test.options.runtime(), test.options.as_written());
    let comma = (!written.is_empty()).then(|| quote!(,));
    test.function.attrs.push(parse_quote!(#[#runtime::monitored(#written #comma #mark)]));
}

/// Other attributes will rewrite the function. The body gets its bracket now, while it can be told from what they
/// put around it; the test's is for whatever function the harness will call in the end.
fn bracket_the_body(test: &mut Test) {
    let name = match place(test) {
        Some(Found::Case(template)) => template,
        Some(Found::Body) => test.name(),
        None => {
            begin_and_end(test);
            test.name()
        }
    };
    let items = items(test, &name, true);
    prepend(test, items);
    move_behind_the_others(test, &quote!(__template = #name));
}

/// The harness calls this function.
fn bracket_the_test(test: &mut Test) {
    let (name, deferred) = match test.options.template.clone() {
        Some(template) => (template, true),
        None => match place(test) {
            Some(Found::Case(template)) => (template, true),
            Some(Found::Body) => (test.name(), true),
            None => (test.name(), false),
        },
    };
    let items = items(test, &name, deferred);
    if test.function.sig.asyncness.is_some() {
        begin_and_end(test);
    } else {
        enter_and_close(test);
    }
    prepend(test, items);
}

/// The test bracket. It is a guard, which adds no frame to a backtrace, unless how the body ended has to be known before the
/// outcome is recorded: by its value, or by a panic that `#[should_panic]` expects.
fn enter_and_close(test: &mut Test) {
    let private = test.options.private();
    let asked = asked(&test.options);
    let (guard, value) = (hygienic("monitored_test"), hygienic("monitored_value"));
    let (returns, label) = (test.returns(), label());
    let body = &test.function.block;
    test.function.block.stmts = match (returns, test.should_panic()) {
        (Returns::Unit, ShouldPanic::Any | ShouldPanic::Containing(_)) => statements(quote! {
            #private::expect_panic(&MONITORED_ITEM, #asked, move || #body)
        }),
        (Returns::Unit, ShouldPanic::No) => statements(quote! {
            let #guard = #private::enter(&MONITORED_ITEM, #asked);
            if #guard.ran_elsewhere() {
                return;
            }
            #body;
        }),
        // With `#[should_panic]` too, which rustc will refuse.
        (Returns::Value(returned), _) => {
            let returned = *returned;
            let known = quote!(#private::Returned::<#returned>::new());
            statements(quote! {
                let #guard = match #private::enter_returning(&MONITORED_ITEM, #asked, #known.success()) {
                    #private::core::result::Result::Ok(#guard) => #guard,
                    #private::core::result::Result::Err(#value) => return #value,
                };
                let #value = (move || -> #returned #body)();
                #guard.close(#known.is_failure(&#value));
                #value
            })
        }
        (Returns::Opaque, _) => statements(quote! {
            let #guard = #private::enter_here(&MONITORED_ITEM, #asked);
            #label #body
        }),
    };
}

/// The body bracket around the whole function.
fn begin_and_end(test: &mut Test) {
    let guard = hygienic("monitored_body");
    let begin = begin(&test.options, &[]);
    let body = &test.function.block;
    // Where the user's last statement ends: `tokio::test` locates its own code there.
    let last = body.stmts.last().and_then(|statement| statement.to_token_stream().into_iter().last());
    let end = last.map_or_else(Span::call_site, |token| token.span());
    let (before, after) = match test.returns() {
        Returns::Unit => (None, Some(quote_spanned!(end=> ;))),
        Returns::Value(_) | Returns::Opaque => (Some(label()), None),
    };
    let body = &mut test.function.block;
    if let ([Stmt::Expr(_, semicolon @ None)], true) = (body.stmts.as_mut_slice(), after.is_some()) {
        // Of a block that is nothing but a value, clippy says that it needs no brackets.
        *semicolon = Some(Token![;](end));
    }
    test.function.block.stmts = statements(quote! {
        let #guard = #begin;
        #before #body #after
    });
}

/// Begins to measure where the user's body begins, if other attributes that ran before have hidden it.
fn place(test: &mut Test) -> Option<Found> {
    let (options, guard) = (&test.options, hygienic("monitored_body"));
    body::place(&mut test.function, &|parameters| {
        let begin = begin(options, parameters);
        parse_quote!(let #guard = #begin;)
    })
}

/// The call that begins to measure, with these parameters.
fn begin(options: &Options, parameters: &[(String, TokenStream)]) -> TokenStream {
    let (private, asked) = (options.private(), asked(options));
    let parameters = if parameters.is_empty() {
        quote!(#private::Vec::new)
    } else {
        let each = parameters.iter().map(
            |(name, value)| quote!(#private::Parameter { name: #name, value: #private::PlainValue::new(#value).text() }),
        );
        quote!(|| #private::Vec::from([#(#each),*]))
    };
    quote!(#private::begin(&MONITORED_ITEM, || #asked, #parameters))
}

/// What the expansion refers to: the item, and the module of the template if this is a case of it. Whether it is one, only the
/// module path can tell, which the compiler knows.
fn items(test: &Test, template: &str, deferred: bool) -> Vec<Stmt> {
    let private = test.options.private();
    let own = test.name();
    let (case, name, module) = if template == own {
        (None, quote!(#own), quote!(#private::core::module_path!()))
    } else {
        let case: Stmt = parse_quote! {
            const MONITORED_CASE: #private::core::option::Option<&'static str> =
                #private::case_module(#private::core::module_path!(), #template);
        };
        let module = quote!(match MONITORED_CASE {
            #private::core::option::Option::Some(module) => module,
            #private::core::option::Option::None => #private::core::module_path!(),
        });
        (Some(case), quote!(if MONITORED_CASE.is_some() { #template } else { #own }), module)
    };
    let options = &test.options;
    let compiled_with = option(&private, compiler::options().map(|options| quote!(#options)));
    let component = option(&private, options.component.as_ref().map(|component| quote!(#component)));
    let (budgets, isolate) = (budgets(options, &private), options.isolate);
    let should_panic = match test.should_panic() {
        ShouldPanic::No => quote!(No),
        ShouldPanic::Any => quote!(Any),
        ShouldPanic::Containing(text) => quote!(Containing(#text)),
    };
    let item = parse_quote! {
        static MONITORED_ITEM: #private::Item = #private::Item {
            name: #name,
            function: #own,
            module: #module,
            file: #private::core::file!(),
            line: #private::core::line!(),
            package: #private::core::env!("CARGO_PKG_NAME"),
            manifest_dir: #private::core::env!("CARGO_MANIFEST_DIR"),
            options: #compiled_with,
            bin_name: #private::core::option_env!("CARGO_BIN_NAME"),
            is_outside_library: #private::core::option_env!("CARGO_TARGET_TMPDIR").is_some(),
            component: #component,
            budgets: #budgets,
            isolate: #isolate,
            should_panic: #private::ShouldPanic::#should_panic,
            deferred: #deferred,
        };
    };
    case.into_iter().chain([item]).collect()
}

fn budgets(options: &Options, private: &TokenStream) -> TokenStream {
    let time = |limit: Option<std::time::Duration>| {
        let parts = limit.map(|limit| (limit.as_secs(), limit.subsec_nanos()));
        option(private, parts.map(|(seconds, nanos)| quote!(#private::core::time::Duration::new(#seconds, #nanos))))
    };
    let number = |limit: Option<u64>| option(private, limit.map(|limit| quote!(#limit)));
    let (max_time, max_cpu) = (time(options.max_time), time(options.max_cpu));
    let (max_heap, max_allocations) = (number(options.max_heap_bytes), number(options.max_allocations));
    let max_instructions = number(options.max_instructions);
    let no_leak = options.no_leak;
    quote! {
        #private::Budgets {
            max_time: #max_time,
            max_cpu: #max_cpu,
            max_heap: #max_heap,
            max_allocations: #max_allocations,
            max_instructions: #max_instructions,
            no_leak: #no_leak,
        }
    }
}

fn option(private: &TokenStream, value: Option<TokenStream>) -> TokenStream {
    let option = quote!(#private::core::option::Option);
    value.map_or_else(|| quote!(#option::None), |value| quote!(#option::Some(#value)))
}

/// The condition under which the test is monitored.
fn asked(options: &Options) -> TokenStream {
    match &options.monitor {
        None | Some(Monitor::Never) => quote!(true),
        Some(Monitor::If(condition)) => quote!(#condition),
        Some(Monitor::Unless(condition)) => quote!(!(#condition)),
    }
}

/// Statements for a function's block, whose brackets stay the user's: tools point to them.
fn statements(tokens: TokenStream) -> Vec<Stmt> {
    let block: Block = parse_quote!({ #tokens });
    block.stmts
}

/// Puts items before all statements, which keep a block of their own: items of ours never come after statements of the user's.
fn prepend(test: &mut Test, items: Vec<Stmt>) {
    test.function.block.stmts.splice(0..0, items);
}

/// A label for a block that is a value: of one without, rustc says that it needs no brackets.
fn label() -> TokenStream {
    let label = Lifetime::new("'_monitored", Span::mixed_site());
    quote!(#label:)
}

/// A local name that the user's code can't see.
fn hygienic(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

#[cfg(test)]
mod tests {
    use syn::ItemFn;

    use super::*;
    use crate::options;

    fn parsed(function: &str) -> ItemFn {
        syn::parse_str(function).expect("a function")
    }

    fn expanded(options: &str, function: &str) -> ItemFn {
        let options = options::parse(options.parse().expect("tokens")).expect("the options are right");
        syn::parse2(expand(Test::new(options, parsed(function)))).expect("the expansion is a function")
    }

    fn attributes(function: &ItemFn) -> Vec<String> {
        function.attrs.iter().map(|attribute| attribute.to_token_stream().to_string().replace(' ', "")).collect()
    }

    /// The function's block, with the private module under a name without version.
    fn body(function: &ItemFn) -> String {
        let private = options::parse(TokenStream::new()).expect("no options are right").private().to_string();
        let (_, name) = private.rsplit_once(' ').expect("a path");
        function.block.to_token_stream().to_string().replace(name, "__private").replace(' ', "")
    }

    #[test]
    fn a_skipped_test_is_no_item() {
        let body = body(&expanded("skip", "#[test] fn t() { work(); }"));
        assert!(body.contains("__private::skipped();") && body.contains("{work();}"), "{body}");
        assert!(!body.contains("MONITORED_ITEM"), "{body}");
    }

    #[test]
    fn a_plain_test_is_entered_once() {
        let function = expanded("", "#[test] fn t() { work(); }");
        assert_eq!(attributes(&function), ["#[test]"]);
        let body = body(&function);
        assert!(body.contains("__private::enter(&MONITORED_ITEM,true)") && body.contains("deferred:false"), "{body}");
        assert!(!body.contains("__private::begin"), "{body}");
    }

    #[test]
    fn conditions_and_options_are_written_into_the_item() {
        let options = r#"skip_if = cfg!(windows), component = "shop", max_time = "1500ms", no_leak, crate = renamed"#;
        let body = body(&expanded(options, r#"#[test] #[should_panic(expected = "x")] fn t() {}"#));
        for part in [
            "renamed::__private::expect_panic(&MONITORED_ITEM,!(cfg!(windows))",
            "component:renamed::__private::core::option::Option::Some(\"shop\")",
            "max_time:renamed::__private::core::option::Option::Some(renamed::__private::core::time::Duration::new(1u64,500000000u32))",
            "no_leak:true",
            "ShouldPanic::Containing(\"x\")",
        ] {
            assert!(body.contains(part), "{part} is not in {body}");
        }
    }

    #[test]
    fn above_others_the_body_is_bracketed_and_the_attribute_moves_behind_them() {
        let function = expanded("no_leak", "#[tokio::test] #[serial] async fn t() { work(); }");
        let moved = r#"#[::monitor_runtime::monitored(no_leak,__template="t")]"#;
        assert_eq!(attributes(&function), ["#[tokio::test]", "#[serial]", moved]);
        let bracketed = body(&function);
        assert!(bracketed.contains("__private::begin(&MONITORED_ITEM") && !bracketed.contains("enter"), "{bracketed}");
        let entered = body(&expanded(r#"__template = "t""#, "#[test] fn t() { work(); }"));
        assert!(entered.contains("enter(") && entered.contains("deferred:true"), "{entered}");
        assert!(!entered.contains("begin("), "{entered}");
    }

    #[test]
    fn above_cases_the_attribute_moves_and_touches_nothing() {
        let text = "#[rstest] #[case(1)] fn t(#[case] x: u8) { work(x); }";
        let moved = expanded("no_leak", text);
        assert_eq!(attributes(&moved), ["#[rstest]", "#[case(1)]", "#[::monitor_runtime::monitored(no_leak,)]"]);
        assert_eq!(body(&moved), body(&parsed(text)));
    }
}

//! The expansion: brackets around the test and around the user's body.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote};
use syn::{Block, FnArg, Pat, Stmt, parse_quote};

use crate::body::{self, Begin, Case, Found};
use crate::model::{Returns, ShouldPanic, Test};
use crate::options::{Monitor, Options, Template};
use crate::validate::is_case_argument;

/// How the item is named.
enum Naming<'a> {
    /// As the function is.
    Own,
    /// As the template is, whose case the function is.
    Template(&'a str),
    /// As the template is, if the module path confirms that the function is a case of it.
    Case(&'a str),
}

/// Expands a function that has been validated.
pub(crate) fn expand(mut test: Test) -> TokenStream {
    if matches!(test.options.monitor, Some(Monitor::Never)) {
        return test.function.into_token_stream();
    }
    if test.has_attributes_to_come() {
        move_behind_the_others(&mut test);
    } else {
        around_the_test(&mut test);
    }
    test.function.into_token_stream()
}

/// Other attributes will rewrite the function. The body gets its bracket now, while its arguments can be seen; the
/// test's is for whatever function the harness will call in the end.
fn move_behind_the_others(test: &mut Test) {
    let begin = Beginner::new(&test.options);
    let own_name = test.function.sig.ident.to_string();
    let (items, marker) = match body::place(&mut test.function.block, &test.function.sig, &begin) {
        Some(Found::Case(case)) if !case.is_inside => {
            let name = case.template.to_string();
            test.function.block.stmts.insert(0, begin.unless_case());
            (items(test, &Naming::Case(&name), true), quote!(__case = #name))
        }
        found => {
            if found.is_none() {
                bracket_the_body(test, &begin);
            }
            (items(test, &Naming::Own, true), quote!(__template = #own_name))
        }
    };
    prepend(&mut test.function.block, items);
    let (runtime, written) = (test.options.runtime(), test.options.as_written());
    let comma = (!written.is_empty()).then(|| quote!(,));
    test.function.attrs.push(parse_quote!(#[#runtime::monitored(#written #comma #marker)]));
}

/// The harness calls this function.
fn around_the_test(test: &mut Test) {
    let begin = Beginner::new(&test.options);
    let items = match test.options.template.clone() {
        Some(Template::Certain(name)) => items(test, &Naming::Template(&name.value()), true),
        Some(Template::Case(name)) => items(test, &Naming::Case(&name.value()), true),
        None => match body::place(&mut test.function.block, &test.function.sig, &begin) {
            Some(Found::Case(case)) if !case.is_inside => items(test, &Naming::Case(&case.template.to_string()), true),
            Some(_) => items(test, &Naming::Own, true),
            None => items(test, &Naming::Own, false),
        },
    };
    if test.function.sig.asyncness.is_some() {
        bracket_the_body(test, &begin);
    } else {
        bracket_the_test(test);
    }
    prepend(&mut test.function.block, items);
}

/// The test bracket. Without a value there is only a guard, so that no frame is added to a backtrace.
fn bracket_the_test(test: &mut Test) {
    let private = test.options.private();
    let asked = asked(&test.options);
    let guard = hygienic("monitored_test");
    let returns = test.returns();
    let body = &test.function.block;
    *test.function.block = match (returns, test.should_panic()) {
        (Returns::Unit, ShouldPanic::No) => parse_quote!({
            let #guard = #private::enter(&MONITORED_ITEM, #asked);
            if #guard.ran_elsewhere() {
                return;
            }
            #body;
        }),
        (Returns::Unit, _) => parse_quote!({
            #private::run(&MONITORED_ITEM, #asked, ::core::option::Option::Some(()), |_| false, move || #body)
        }),
        (Returns::Value(returned), _) => {
            let returned = *returned;
            parse_quote!({
                #private::run(
                    &MONITORED_ITEM,
                    #asked,
                    #private::Returned::<#returned>::new().success(),
                    |value| #private::Returned::<#returned>::new().is_failure(value),
                    move || -> #returned #body,
                )
            })
        }
        (Returns::Opaque, _) => parse_quote!({
            #private::run(&MONITORED_ITEM, #asked, ::core::option::Option::None, |_| false, move || #body)
        }),
    };
}

/// The body bracket, with the parameters that the signature shows.
fn bracket_the_body(test: &mut Test, begin: &Beginner) {
    let (parameters, unpacking) = parameters(test);
    let private = test.options.private();
    let returns = test.returns();
    let begin_call = begin.call(&parameters);
    let guard = hygienic("monitored_body");
    let body = &test.function.block;
    let body: Block = if unpacking.is_empty() { (**body).clone() } else { parse_quote!({ #(#unpacking)* #body }) };
    let is_async = test.function.sig.asyncness.is_some();
    *test.function.block = match returns {
        Returns::Unit => parse_quote!({
            let #guard = #begin_call;
            #body;
        }),
        Returns::Value(returned) if is_async => {
            // The unreachable `return` tells the compiler the block's type, which `?` needs.
            let returned = *returned;
            parse_quote!({
                #private::within_async(#begin_call, async move {
                    if false {
                        let unreachable: #returned = loop {};
                        #[allow(unreachable_code, clippy::needless_return)]
                        return unreachable;
                    }
                    #body
                })
                .await
            })
        }
        Returns::Opaque if is_async => parse_quote!({
            #private::within_async(#begin_call, async move #body).await
        }),
        Returns::Value(returned) => {
            let returned = *returned;
            parse_quote!({ #private::within(#begin_call, move || -> #returned #body) })
        }
        Returns::Opaque => parse_quote!({ #private::within(#begin_call, move || #body) }),
    };
}

/// Names and expressions of the arguments that are parameters, and what takes apart those that have a pattern.
fn parameters(test: &mut Test) -> (Vec<(String, TokenStream)>, Vec<Stmt>) {
    let last_name =
        |attribute: &syn::Attribute| attribute.path().segments.last().map(|segment| segment.ident.to_string());
    let by_rstest =
        test.function.attrs.iter().any(|attribute| last_name(attribute).is_some_and(|name| name == "rstest"));
    let (mut parameters, mut unpacking) = (Vec::new(), Vec::new());
    for (number, argument) in test.function.sig.inputs.iter_mut().enumerate() {
        let is_parameter = !by_rstest || is_case_argument(argument);
        let FnArg::Typed(typed) = argument else { continue };
        let name = match &*typed.pat {
            Pat::Ident(pattern) => pattern.ident.clone(),
            pattern => {
                let name = format_ident!("_{number}");
                unpacking.push(parse_quote!(let #pattern = #name;));
                *typed.pat = parse_quote!(#name);
                name
            }
        };
        if is_parameter {
            parameters.push((name.to_string(), quote!(&#name)));
        }
    }
    (parameters, unpacking)
}

/// What the expansion refers to: the module path of the template if this is a case of it, and the item.
fn items(test: &Test, naming: &Naming<'_>, deferred: bool) -> Vec<Stmt> {
    let private = test.options.private();
    let own = test.function.sig.ident.to_string();
    let (case, name, deferred) = match naming {
        Naming::Own => (None, quote!(#own), quote!(#deferred)),
        Naming::Template(template) => (Some(template), quote!(#template), quote!(#deferred)),
        Naming::Case(template) => (
            Some(template),
            quote!(if MONITORED_CASE.is_some() { #template } else { #own }),
            quote!(MONITORED_CASE.is_some()),
        ),
    };
    let module = case.map_or_else(
        || quote!(::core::module_path!()),
        |_| {
            quote!(match MONITORED_CASE {
                ::core::option::Option::Some(module) => module,
                ::core::option::Option::None => ::core::module_path!(),
            })
        },
    );
    let case = case.map(|template| -> Stmt {
        parse_quote! {
            const MONITORED_CASE: ::core::option::Option<&'static str> = #private::case_module(::core::module_path!(), #template);
        }
    });
    let options = &test.options;
    let component = option(options.component.as_ref().map(|component| quote!(#component)));
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
            file: ::core::file!(),
            line: ::core::line!(),
            package: ::core::env!("CARGO_PKG_NAME"),
            manifest_dir: ::core::env!("CARGO_MANIFEST_DIR"),
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
        option(limit.map(|limit| {
            let (seconds, nanos) = (limit.as_secs(), limit.subsec_nanos());
            quote!(::core::time::Duration::new(#seconds, #nanos))
        }))
    };
    let number = |limit: Option<u64>| option(limit.map(|limit| quote!(#limit)));
    let (max_time, max_cpu) = (time(options.max_time), time(options.max_cpu));
    let (max_heap, max_allocations) = (number(options.max_heap_bytes), number(options.max_allocations));
    let no_leak = options.no_leak;
    quote! {
        #private::Budgets {
            max_time: #max_time,
            max_cpu: #max_cpu,
            max_heap: #max_heap,
            max_allocations: #max_allocations,
            no_leak: #no_leak,
        }
    }
}

fn option(value: Option<TokenStream>) -> TokenStream {
    value.map_or_else(|| quote!(::core::option::Option::None), |value| quote!(::core::option::Option::Some(#value)))
}

/// The condition under which the test is monitored.
fn asked(options: &Options) -> TokenStream {
    match &options.monitor {
        None | Some(Monitor::Never) => quote!(true),
        Some(Monitor::If(condition)) => quote!(#condition),
        Some(Monitor::Unless(condition)) => quote!(!(#condition)),
    }
}

/// Statements before all others, which keep a block of their own: items of ours never come after statements of the user's.
fn prepend(block: &mut Block, items: Vec<Stmt>) {
    block.stmts.splice(0..0, items);
}

/// A local name that the user's code can't see.
fn hygienic(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// Writes the statements that begin to measure the body.
struct Beginner {
    private: TokenStream,
    asked: TokenStream,
}

impl Beginner {
    fn new(options: &Options) -> Self {
        Self { private: options.private(), asked: asked(options) }
    }

    fn call(&self, parameters: &[(String, TokenStream)]) -> TokenStream {
        let Self { private, asked } = self;
        let parameters = if parameters.is_empty() {
            quote!(::std::vec::Vec::new)
        } else {
            let each = parameters.iter().map(|(name, value)| {
                quote!(#private::Parameter { name: #name, value: #private::Shown::new(#value).shown() })
            });
            quote!(|| ::std::vec::Vec::from([#(#each),*]))
        };
        quote!(#private::begin(&MONITORED_ITEM, || #asked, #parameters))
    }

    /// Begins to measure everything, if the function turns out to be no case.
    fn unless_case(&self) -> Stmt {
        let (guard, call) = (hygienic("monitored_body"), self.call(&[]));
        parse_quote!(let #guard = MONITORED_CASE.is_none().then(|| #call);)
    }
}

impl Begin for Beginner {
    fn body(&self) -> Stmt {
        let (guard, call) = (hygienic("monitored_body"), self.call(&[]));
        parse_quote!(let #guard = #call;)
    }

    fn case(&self, case: &Case, parameters: &[(String, TokenStream)]) -> Stmt {
        let (guard, call) = (hygienic("monitored_body"), self.call(parameters));
        if case.is_inside {
            return parse_quote!(let #guard = #call;);
        }
        parse_quote!(let #guard = MONITORED_CASE.is_some().then(|| #call);)
    }
}

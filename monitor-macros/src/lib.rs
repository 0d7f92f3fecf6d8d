//! The `#[monitored]` attribute: parse -> model -> validate -> expand; and `#[allocator]`.
//!
//! Use it through `monitor_runtime`, which re-exports it and is what expansions call.
#![forbid(unsafe_code)]

mod allocator;
mod body;
mod case;
mod compiler;
mod expand;
mod known;
mod model;
mod module;
mod options;
mod position;
mod source;
mod validate;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Item, ItemFn, parse2};

/// Records what a test costs: time, CPU, memory.
///
/// It goes on a test function, below `#[test]`, or on an inline module, where it covers every test inside. Above `#[test]` works
/// under `#[cfg(test)]` only: elsewhere the library's own build, which has no dev-dependencies, would look for it.
///
/// ```
/// use monitor_runtime::monitored;
///
/// #[test]
/// #[monitored]
/// fn prime() {
///     assert!((2..31).all(|divisor| 31 % divisor != 0));
/// }
///
/// #[monitored(component = "checkout", max_time = "250ms")]
/// mod tests {
///     use monitor_runtime::monitored;
///
///     #[test]
///     fn pays() {}
///
///     #[test]
///     #[monitored(max_time = "2s")] // overrides the module's
///     fn ships() {}
/// }
/// ```
///
/// Sync and async functions, functions that return a `Result` or another `Termination`, `#[should_panic]`, `#[ignore]`,
/// `#[rstest]`, `#[test_case]`, `#[tokio::test]`, `#[serial]` and `#[test_log::test]` work, in every order of attributes.
/// There is one record for each test or case that runs.
///
/// # Options
///
/// | option | meaning |
/// |---|---|
/// | `skip` | run the test, but do not monitor it |
/// | `skip_if = EXPR`, `when = EXPR` | do not monitor it if the expression is true; unless it is true |
/// | `component = "…"` | the part of the product that the test belongs to; the package's name without it |
/// | `max_time = "250ms"` | budget of wall time: `us`, `ms`, `s`, `min` |
/// | `max_cpu = "200ms"` | budget of CPU time, user and kernel, all threads of the test |
/// | `max_heap = "16 MiB"` | budget of the heap's peak: `B`, `KB`, `MB`, `GB`, `KiB`, `MiB`, `GiB` |
/// | `max_allocations = 1000` | budget of allocation calls |
/// | `max_instructions = 1_000_000` | budget of instructions, checked where `cargo monitor test --instructions` counts them |
/// | `no_leak` | nothing allocated in the test may still be held at its end |
/// | `isolate` | run the body in a process of its own |
/// | `crate = path` | where `monitor_runtime` is, if it is renamed |
///
/// A test over its budget is recorded, then fails. On a module the options are defaults for its tests, and a function's own
/// options override them one by one; a plain `#[monitored]` on a function overrides `skip` of its module.
#[expect(clippy::test_attr_in_doctest, reason = "the attribute is for tests; the example is compiled")]
#[proc_macro_attribute]
pub fn monitored(options: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    attribute(options.into(), item.into()).into()
}

/// Replaces the language's `#[global_allocator]` in a test binary with monitored tests: the program uses the allocator below
/// it, and the memory that each test requests from it is counted.
///
/// ```
/// use std::alloc::System;
///
/// #[monitor_runtime::allocator]
/// static ALLOCATOR: System = System;
/// ```
///
/// The static keeps its name and its type. A program may have one such static. Where it is compiled for the program and for its
/// tests, as in `main.rs`, give each attribute a condition: `#[cfg_attr(not(test), global_allocator)]` and `#[cfg_attr(test,
/// monitor_runtime::allocator)]`. A global allocator in a library is used by every program that links the library; this
/// attribute does not help there, see [`monitor_core`](https://docs.rs/monitor-core).
///
/// The option `crate = path` says where `monitor_runtime` is, if it is renamed.
///
/// # Platforms
///
/// With `monitor-runtime`: platforms whose programs are ELF files (Linux, Android, BSD, Solaris). With `monitor-core`: all
/// platforms.
///
/// # Errors
///
/// A compile error on the wrong token if it is not on a `static`, or has another option than `crate`.
#[proc_macro_attribute]
pub fn allocator(options: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    allocator::expand(options.into(), item.into()).into()
}

/// The attributes that make a function a test, by the last word of their path, for `cargo monitor`.
#[doc(hidden)]
#[proc_macro]
pub fn __test_attributes(_: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let names = known::ATTRIBUTES;
    quote!([#(#names),*]).into()
}

/// The macros around tests that hand their attributes on, for `cargo monitor`.
#[doc(hidden)]
#[proc_macro]
pub fn __test_macros(_: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let names = known::MACROS;
    quote!([#(#names),*]).into()
}

/// On a mistake: one error, and the item as it is without the attribute.
fn attribute(options: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = match parse2::<Item>(item.clone()) {
        Ok(Item::Fn(function)) => on_function(options, function),
        Ok(Item::Mod(module)) => options::parse(options).and_then(|options| module::expand(&options, module)),
        _ => match parse2::<ItemFn>(item.clone()) {
            Ok(function) => on_function(options, function),
            Err(error) => Err(syn::Error::new(
                error.span(),
                "#[monitored] goes on a test function or on an inline module of tests",
            )),
        },
    };
    expanded.unwrap_or_else(|error| {
        let error = error.to_compile_error();
        let item = validate::without_other_monitored(item);
        quote! { #error #item }
    })
}

fn on_function(options: TokenStream, function: ItemFn) -> syn::Result<TokenStream> {
    let options = options::parse(options)?;
    validate::function(&function, &options)?;
    Ok(expand::expand(model::Test::new(options, function)))
}

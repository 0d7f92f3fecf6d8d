//! Cases that `rstest` and `test_case` have generated: functions that call a template with the user's body.
//!
//! What they wrote stands where their attribute does, all of it; what the user wrote does not. That tells a case from a
//! test that happens to look like one.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{Block, Expr, ExprCall, Local, Pat, Stmt, parse_quote};

use crate::{position, source};

/// Writes the statement that begins to measure; it lasts to the end of its block. The parameters are given by name, with
/// expressions to look at.
pub(crate) type Begin<'a> = dyn Fn(&[(String, TokenStream)]) -> Stmt + 'a;

/// A case as `rstest` writes it: `{ let x = 1; template(x) }`.
pub(crate) struct RstestCase {
    /// The function with the user's body.
    pub template: Ident,
    /// Its arguments that are parameters, not fixtures, and the expressions they were given.
    pub parameters: Vec<(Ident, Expr)>,
    /// Where `#[rstest]` is.
    pub generated_at: Span,
}

impl RstestCase {
    /// What `block` does, if it is one.
    pub(crate) fn of(block: &Block) -> Option<Self> {
        let (Stmt::Expr(tail, None), before) = block.stmts.split_last()? else { return None };
        let call = template_call(tail)?;
        let generated_at = call.paren_token.span.open();
        if !position::is_same(block.brace_token.span.open(), generated_at) {
            return None;
        }
        let locals = || {
            before.iter().filter_map(|statement| if let Stmt::Local(local) = statement { Some(local) } else { None })
        };
        let mut parameters = Vec::new();
        for argument in &call.args {
            let name = simple_name(argument)?;
            let local = locals().find(|local| binding(local) == Some(name))?;
            let value = &local.init.as_ref()?.expr;
            if !is_fixture(value, local) {
                parameters.push((name.clone(), (**value).clone()));
            }
        }
        Some(Self { template: simple_name(&call.func)?.clone(), parameters, generated_at })
    }
}

/// Puts `begin` before the call of the template in an `rstest` case, on the thread and in the task that runs it.
pub(crate) fn begin_before_the_call(block: &mut Block, begin: &Stmt) {
    let Some(Stmt::Expr(tail, None)) = block.stmts.last_mut() else { return };
    let is_async = matches!(tail, Expr::Await(_));
    match timeout_closure(tail) {
        Some(call) if is_async => *call = parse_quote!(async move { #begin #call.await }),
        Some(call) => *call = parse_quote!({ #begin #call }),
        None => *tail = parse_quote!({ #begin #tail }),
    }
}

/// Puts `begin` before the call of the template in a case as `test_case` writes it: `{ let _result = super::template(1, 2); … }`.
/// The template's name, if `block` is one.
pub(crate) fn begin_in_test_case(block: &mut Block, begin: &Begin<'_>) -> Option<String> {
    let Stmt::Local(local) = block.stmts.first_mut()? else { return None };
    let generated = local.let_token.span;
    if binding(local)? != "_result" {
        return None;
    }
    let result = &mut *local.init.as_mut()?.expr;
    let call = awaited_call(result)?;
    let template = template_of(call).filter(|_| position::is_same(generated, call.paren_token.span.open()))?;
    let name = template.unraw().to_string();
    if call.args.iter().any(|argument| matches!(argument, Expr::Closure(_))) {
        // A closure's types follow from the call it is written in.
        let begin = begin(&[]);
        *result = parse_quote!({ #begin #result });
        return Some(name);
    }
    let values: Vec<Ident> = (0..call.args.len()).map(|number| format_ident!("_{number}")).collect();
    let names = source::argument_names(template).filter(|names| names.len() == values.len());
    let names = names.unwrap_or_else(|| values.iter().map(ToString::to_string).collect());
    let parameters: Vec<_> = names.into_iter().zip(values.iter().map(|value| quote!(&#value))).collect();
    let begin = begin(&parameters);
    let (function, arguments) = (&call.func, call.args.iter());
    let awaited = matches!(result, Expr::Await(_)).then(|| quote!(.await));
    // A `match`, so that what an argument borrows lives until the call has returned.
    *result = parse_quote!(match (#(#arguments,)*) { (#(#values,)*) => { #begin #function(#(#values),*) #awaited } });
    Some(name)
}

/// `super::template`.
fn template_of(call: &ExprCall) -> Option<&Ident> {
    let Expr::Path(path) = &*call.func else { return None };
    let mut segments = path.path.segments.iter().map(|segment| &segment.ident);
    match (segments.next(), segments.next(), segments.next()) {
        (Some(parent), Some(template), None) if parent == "super" => Some(template),
        _ => None,
    }
}

fn awaited_call(expr: &Expr) -> Option<&ExprCall> {
    match expr {
        Expr::Await(awaited) => awaited_call(&awaited.base),
        Expr::Call(call) => Some(call),
        _ => None,
    }
}

/// The call of the template in the last expression of an `rstest` case, which may be awaited, or handed over to its timeout.
fn template_call(tail: &Expr) -> Option<&ExprCall> {
    let call = awaited_call(tail)?;
    if !is_timeout(&call.func) {
        return Some(call);
    }
    let Expr::Closure(closure) = call.args.first()? else { return None };
    awaited_call(&closure.body)
}

/// What the closure does that is handed over to `rstest`'s timeout.
fn timeout_closure(tail: &mut Expr) -> Option<&mut Expr> {
    match tail {
        Expr::Await(awaited) => timeout_closure(&mut awaited.base),
        Expr::Call(call) if is_timeout(&call.func) => match call.args.first_mut()? {
            Expr::Closure(closure) => Some(&mut closure.body),
            _ => None,
        },
        _ => None,
    }
}

fn is_timeout(function: &Expr) -> bool {
    simple_name(function)
        .is_some_and(|name| name == "execute_with_timeout_sync" || name == "execute_with_timeout_async")
}

/// What `rstest` writes for a fixture: `stock::default()`, `stock::partial_1(…)`, `Context::new(…)`. A user may write the same for a
/// case; but the user's words stand elsewhere than the `let` before them.
fn is_fixture(value: &Expr, local: &Local) -> bool {
    let Some(Expr::Path(path)) = awaited_call(value).map(|call| &*call.func) else { return false };
    path.path.segments.last().is_some_and(|last| position::is_same(last.ident.span(), local.let_token.span))
}

/// The name that a `let` binds.
pub(crate) fn binding(local: &Local) -> Option<&Ident> {
    let pattern = match &local.pat {
        Pat::Type(typed) => &typed.pat,
        pattern => pattern,
    };
    match pattern {
        Pat::Ident(pattern) => Some(&pattern.ident),
        _ => None,
    }
}

/// `x` or `&x`.
fn simple_name(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Reference(reference) => simple_name(&reference.expr),
        _ => None,
    }
}

//! Finds where the user's own code begins in what other attributes have made of a test.
//!
//! An attribute that stands above `#[monitored]` has run before it. What it put around the body is recognised by its
//! shape: the runtime of `tokio::test`, the lock of `serial_test`, the set-up of `test_log`, the call of the template in a case of
//! `rstest` or `test_case`. A shape that is not recognised is measured as a whole.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Block, Expr, ExprCall, Item, Local, Pat, Signature, Stmt, parse_quote};

use crate::position;

/// A generated case: `fn case_1() { let x = 1; template(x) }`.
pub(crate) struct Case {
    /// The function with the user's body, which the case is named after.
    pub template: Ident,
    /// Its arguments that are parameters, by name, and the expressions they were given.
    parameters: Vec<(Ident, Expr)>,
    /// The template is a function inside this one, which has its name: there is only one case.
    pub is_inside: bool,
}

/// Where the body was found, for the statement that begins to measure it.
pub(crate) enum Found {
    /// The user's code, inside something else.
    Body,
    /// The call of a template.
    Case(Case),
}

/// What to put where the body begins.
pub(crate) trait Begin {
    /// A statement that begins to measure; it is kept to the end of its block.
    fn body(&self) -> Stmt;
    /// The same for a case with these parameters, given as names and expressions to look at.
    fn case(&self, case: &Case, parameters: &[(String, TokenStream)]) -> Stmt;
}

/// Puts `begin` where the user's code begins, if that is not simply at the start of `block`.
pub(crate) fn place(block: &mut Block, signature: &Signature, begin: &dyn Begin) -> Option<Found> {
    if let Some(inner) = inner_block(block) {
        let found = place(inner, signature, begin);
        return Some(found.unwrap_or_else(|| {
            inner.stmts.insert(0, begin.body());
            Found::Body
        }));
    }
    if let Some(case) = Case::of_rstest(signature, block) {
        let parameters: Vec<_> = case.parameters.iter().map(|(name, _)| (name.to_string(), quote!(&#name))).collect();
        let begin = begin.case(&case, &parameters);
        wrap_template_call(block.stmts.last_mut(), &begin);
        return Some(Found::Case(case));
    }
    if let Some(case) = case_of_test_case(block, begin) {
        return Some(Found::Case(case));
    }
    let set_up = block.stmts.iter().position(is_logging_set_up)?;
    block.stmts.insert(set_up + 1, begin.body());
    Some(Found::Body)
}

impl Case {
    /// A case as `rstest` writes it: bindings, then the call of the template with them.
    pub(crate) fn of_rstest(signature: &Signature, block: &Block) -> Option<Self> {
        let (Stmt::Expr(tail, None), before) = block.stmts.split_last()? else { return None };
        let call = template_call(tail)?;
        let template = simple_name(&call.func)?.clone();
        let mut bindings = Vec::new();
        let mut is_inside = false;
        for statement in before {
            match statement {
                Stmt::Local(local) => bindings.push((binding(local)?, local)),
                Stmt::Item(Item::Use(_)) => {}
                Stmt::Item(Item::Fn(function)) => is_inside |= function.sig.ident == template,
                _ => return None,
            }
        }
        if is_inside && template != signature.ident {
            return None;
        }
        let mut parameters = Vec::new();
        for argument in &call.args {
            let name = simple_name(argument)?;
            let (_, local) = bindings.iter().find(|(known, _)| *known == name)?;
            let init = &local.init.as_ref()?.expr;
            if !is_fixture(init, local) {
                parameters.push((name.clone(), (**init).clone()));
            }
        }
        (is_inside || !call.args.is_empty()).then_some(Self { template, parameters, is_inside })
    }

    /// The expressions that the parameters were given.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Expr> {
        self.parameters.iter().map(|(_, value)| value)
    }
}

/// A case as `test_case` writes it: `let _result = super::template(1, 2); …`.
fn case_of_test_case(block: &mut Block, begin: &dyn Begin) -> Option<Case> {
    let Stmt::Local(local) = block.stmts.first_mut()? else { return None };
    if binding(local)? != "_result" {
        return None;
    }
    let init = &mut local.init.as_mut()?.expr;
    let call = match &**init {
        Expr::Await(awaited) => &*awaited.base,
        other => other,
    };
    let Expr::Call(call) = call else { return None };
    let Expr::Path(path) = &*call.func else { return None };
    let segments: Vec<&Ident> = path.path.segments.iter().map(|segment| &segment.ident).collect();
    let [parent, template] = segments.as_slice() else { return None };
    if *parent != "super" {
        return None;
    }
    let case = Case { template: (*template).clone(), parameters: Vec::new(), is_inside: false };
    if call.args.iter().any(|argument| matches!(argument, Expr::Closure(_))) {
        // A closure's types follow from the call it is written in.
        let begin = begin.case(&case, &[]);
        **init = parse_quote!({ #begin #init });
        return Some(case);
    }
    let names: Vec<Ident> = (0..call.args.len()).map(|number| quote::format_ident!("_{number}")).collect();
    let parameters: Vec<_> = names.iter().map(|name| (name.to_string(), quote!(&#name))).collect();
    let begin = begin.case(&case, &parameters);
    let (function, arguments) = (&call.func, &call.args);
    let awaited = matches!(**init, Expr::Await(_)).then(|| quote!(.await));
    // A `match`, so that what an argument borrows lives until the call has returned.
    let arguments = arguments.iter();
    **init = parse_quote!(match (#(#arguments,)*) { (#(#names,)*) => { #begin #function(#(#names),*) #awaited } });
    Some(case)
}

/// The block inside which the user's code is: of an async body or of a closure under a lock.
fn inner_block(block: &mut Block) -> Option<&mut Block> {
    let position = block.stmts.iter().position(|statement| is_async_body(statement) || is_locked_function(statement));
    if let Some(position) = position {
        return match &mut block.stmts[position] {
            Stmt::Local(local) => match &mut *local.init.as_mut()?.expr {
                Expr::Async(body) => Some(&mut body.block),
                _ => None,
            },
            Stmt::Item(Item::Fn(function)) => Some(&mut function.block),
            _ => None,
        };
    }
    let Stmt::Expr(Expr::Call(call), _) = block.stmts.last_mut()? else { return None };
    if !is_serial_core(&call.func) {
        return None;
    }
    match call.args.last_mut()? {
        Expr::Closure(closure) => match &mut *closure.body {
            Expr::Block(body) => Some(&mut body.block),
            _ => None,
        },
        _ => None,
    }
}

/// `let body = async { … };`, as tokio writes it.
fn is_async_body(statement: &Stmt) -> bool {
    let Stmt::Local(local) = statement else { return false };
    binding(local).is_some_and(|name| name == "body")
        && local.init.as_ref().is_some_and(|init| {
            matches!(&*init.expr, Expr::Async(_)) && position::is_same(local.let_token.span, name_span(local))
        })
}

fn name_span(local: &Local) -> proc_macro2::Span {
    binding(local).map_or(local.let_token.span, Ident::span)
}

/// `async fn _name_internal() { … }`, as serial_test writes it around an async body.
fn is_locked_function(statement: &Stmt) -> bool {
    let Stmt::Item(Item::Fn(function)) = statement else { return false };
    let name = function.sig.ident.to_string();
    name.starts_with('_') && (name.ends_with("_internal") || name.ends_with("_inner"))
}

/// `serial_test::local_serial_core` and its like.
fn is_serial_core(function: &Expr) -> bool {
    let Expr::Path(path) = function else { return false };
    path.path.segments.last().is_some_and(|segment| {
        let name = segment.ident.to_string();
        ["local_", "fs_"].iter().any(|prefix| name.starts_with(prefix))
            && ["_serial_core", "_parallel_core", "_core_with_return"].iter().any(|suffix| name.ends_with(suffix))
    })
}

/// `{ mod init { … } init::init(); }`, as test_log writes it before the body.
fn is_logging_set_up(statement: &Stmt) -> bool {
    let Stmt::Expr(Expr::Block(block), _) = statement else { return false };
    matches!(block.block.stmts.as_slice(), [Stmt::Item(Item::Mod(module)), ..] if module.ident == "init")
}

/// The call of the template in the last expression of a case, which may be awaited, or handed over to `rstest`'s timeout.
fn template_call(tail: &Expr) -> Option<&ExprCall> {
    match tail {
        Expr::Await(awaited) => template_call(&awaited.base),
        Expr::Call(call) if is_timeout(&call.func) => match call.args.first()? {
            Expr::Closure(closure) => template_call(&closure.body),
            _ => None,
        },
        Expr::Call(call) => Some(call),
        _ => None,
    }
}

fn is_timeout(function: &Expr) -> bool {
    simple_name(function)
        .is_some_and(|name| name == "execute_with_timeout_sync" || name == "execute_with_timeout_async")
}

/// Puts `begin` before the template's call, on the thread and in the task that runs it.
fn wrap_template_call(tail: Option<&mut Stmt>, begin: &Stmt) {
    let Some(Stmt::Expr(tail, None)) = tail else { return };
    let timeout = match tail {
        Expr::Await(awaited) => match &mut *awaited.base {
            Expr::Call(call) if is_timeout(&call.func) => call.args.first_mut().map(|closure| (closure, true)),
            _ => None,
        },
        Expr::Call(call) if is_timeout(&call.func) => call.args.first_mut().map(|closure| (closure, false)),
        _ => None,
    };
    match timeout {
        Some((Expr::Closure(closure), is_async)) => {
            let call = &closure.body;
            *closure.body =
                if is_async { parse_quote!(async move { #begin #call.await }) } else { parse_quote!({ #begin #call }) };
        }
        _ => *tail = parse_quote!({ #begin #tail }),
    }
}

/// What `rstest` writes for a fixture, `name::default()` or `name::partial_1(…)`, and a user may write for a case too; but the
/// user's words stand elsewhere than the `let` before them.
fn is_fixture(init: &Expr, local: &Local) -> bool {
    let Expr::Call(call) = (match init {
        Expr::Await(awaited) => &*awaited.base,
        other => other,
    }) else {
        return false;
    };
    let Expr::Path(path) = &*call.func else { return false };
    let Some(last) = path.path.segments.last().filter(|_| path.path.segments.len() > 1) else { return false };
    let name = last.ident.to_string();
    (name == "default" || name == "get" || name.starts_with("partial_"))
        && position::is_same(last.ident.span(), local.let_token.span)
}

fn binding(local: &Local) -> Option<&Ident> {
    match &local.pat {
        Pat::Ident(pattern) => Some(&pattern.ident),
        Pat::Type(typed) => match &*typed.pat {
            Pat::Ident(pattern) => Some(&pattern.ident),
            _ => None,
        },
        _ => None,
    }
}

fn simple_name(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Path(path) => path.path.get_ident(),
        _ => None,
    }
}

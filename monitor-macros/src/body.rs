//! Finds where the user's own code begins in what other attributes have made of a test.
//!
//! An attribute that stands above `#[monitored]` has run before it. What it put around the body is recognised by its
//! shape: the runtime of `tokio::test`, the lock of `serial_test`, the set-up of `test_log`, the call of the template in a case of
//! `rstest` or `test_case`. A user may write the same shape, with the same names: what another attribute wrote stands all at one
//! place, where that attribute does, and what the user wrote does not. A shape that is not recognised is measured as a whole.

use proc_macro2::Span;
use quote::{ToTokens as _, quote};
use syn::ext::IdentExt as _;
use syn::{Block, Expr, ExprCall, Item, ItemFn, ReturnType, Stmt, Token};

use crate::case::{self, Begin, RstestCase};
use crate::position;

/// Where the body was found, for the statement that begins to measure it.
pub(crate) enum Found {
    /// The user's code, inside something else.
    Body,
    /// The call of the template, by name, of which the function is a case.
    Case(String),
}

/// Puts the `begin` of a function where the user's code begins, if that is not simply at the start.
pub(crate) fn place(function: &mut ItemFn, begin: &Begin<'_>) -> Option<Found> {
    let name = function.sig.ident.unraw().to_string();
    let found = place_in(&mut function.block, &name, begin);
    if let (Some(Found::Body), ReturnType::Default) = (&found, &function.sig.output)
        && let Some(body) = inner_block(&mut function.block, &name)
    {
        end_with_a_statement(body);
    }
    found
}

/// Before the edition 2024, what a block's last value borrows from is dropped after the block's variables, so after what
/// measures it; rustc tells of that (`tail_expr_drop_order`). A statement's is dropped at its end.
fn end_with_a_statement(block: &mut Block) {
    if let Some(Stmt::Expr(value @ (Expr::Await(_) | Expr::Call(_) | Expr::MethodCall(_)), semicolon @ None)) =
        block.stmts.last_mut()
    {
        let end = value.to_token_stream().into_iter().last().map_or_else(Span::call_site, |token| token.span());
        *semicolon = Some(Token![;](end));
    }
}

/// The `rstest` case that a function is, whatever is around its body.
pub(crate) fn rstest_case(function: &ItemFn) -> Option<RstestCase> {
    fn find(block: &mut Block, function: &str) -> Option<RstestCase> {
        match inner_block(block, function) {
            Some(inner) => find(inner, function),
            None => RstestCase::of(block),
        }
    }
    find(&mut function.block.clone(), &function.sig.ident.unraw().to_string())
}

fn place_in(block: &mut Block, function: &str, begin: &Begin<'_>) -> Option<Found> {
    if let Some(inner) = inner_block(block, function) {
        let found = place_in(inner, function, begin);
        return Some(found.unwrap_or_else(|| {
            inner.stmts.insert(0, begin(&[]));
            Found::Body
        }));
    }
    if let Some(template) = case::begin_in_test_case(block, begin) {
        return Some(Found::Case(template));
    }
    if let Some(case) = RstestCase::of(block) {
        let parameters: Vec<_> = case.parameters.iter().map(|(name, _)| (name.to_string(), quote!(&#name))).collect();
        let template = case.template.unraw().to_string();
        case::begin_before_the_call(block, &begin(&parameters));
        // Where there is one case only, the template is inside of it and has the same name.
        return Some(if template == function { Found::Body } else { Found::Case(template) });
    }
    let set_up = block.stmts.iter().position(is_logging_set_up)?;
    block.stmts.insert(set_up + 1, begin(&[]));
    Some(Found::Body)
}

/// The block inside which the user's code is: of an async body or of a closure under a lock.
fn inner_block<'a>(block: &'a mut Block, function: &str) -> Option<&'a mut Block> {
    let is_around = |statement: &Stmt| is_async_body(statement) || is_locked_function(statement, function);
    if let Some(position) = block.stmts.iter().position(is_around) {
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
    if !is_serial_core(call) {
        return None;
    }
    let Expr::Closure(closure) = call.args.last_mut()? else { return None };
    if let Expr::Block(body) = &mut *closure.body { Some(&mut body.block) } else { None }
}

/// `let body = async { … };`, as tokio writes it.
fn is_async_body(statement: &Stmt) -> bool {
    let Stmt::Local(local) = statement else { return false };
    case::binding(local).is_some_and(|name| name == "body" && position::is_same(local.let_token.span, name.span()))
        && local.init.as_ref().is_some_and(|init| matches!(&*init.expr, Expr::Async(_)))
}

/// `async fn _name_internal() { … }`, as serial_test writes it around an async body, and `fn _name_inner() { … }` where it is
/// given attributes for the body.
fn is_locked_function(statement: &Stmt, function: &str) -> bool {
    let Stmt::Item(Item::Fn(inner)) = statement else { return false };
    let name = inner.sig.ident.to_string();
    [format!("_{function}_internal"), format!("_{function}_inner")].contains(&name)
        && position::is_same(inner.sig.fn_token.span, inner.sig.paren_token.span.open())
}

/// `serial_test::local_serial_core` and its like.
fn is_serial_core(call: &ExprCall) -> bool {
    let Expr::Path(path) = &*call.func else { return false };
    path.path.segments.last().is_some_and(|segment| {
        let name = segment.ident.to_string();
        ["local_", "fs_"].iter().any(|prefix| name.starts_with(prefix))
            && ["_serial_core", "_parallel_core", "_core_with_return"].iter().any(|suffix| name.ends_with(suffix))
            && position::is_same(segment.ident.span(), call.paren_token.span.open())
    })
}

/// `{ mod init { … } init::init(); }`, as test_log writes it before the body.
fn is_logging_set_up(statement: &Stmt) -> bool {
    let Stmt::Expr(Expr::Block(block), _) = statement else { return false };
    let [Stmt::Item(Item::Mod(module)), ..] = block.block.stmts.as_slice() else { return false };
    module.ident == "init" && position::is_same(module.mod_token.span, module.ident.span())
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use syn::parse_quote;

    use super::*;

    fn begin(parameters: &[(String, TokenStream)]) -> Stmt {
        let looks = parameters.iter().map(|(name, look)| quote!(#name = #look));
        parse_quote!(let begun = begin![#(#looks),*];)
    }

    /// The template's name, if `function` is a case, and the function with its `begin`; none was put if it stays as it is.
    fn placed(function: &str) -> (Option<String>, String) {
        let mut function: ItemFn = syn::parse_str(function).expect("a function");
        let template = match place(&mut function, &begin) {
            Some(Found::Case(template)) => Some(template),
            Some(Found::Body) | None => None,
        };
        (template, function.to_token_stream().to_string())
    }

    fn assert_placed(function: &str, template: Option<&str>, expected: &str) {
        let expected: ItemFn = syn::parse_str(expected).expect("a function");
        assert_eq!(placed(function), (template.map(str::to_owned), expected.to_token_stream().to_string()));
    }

    #[test]
    fn a_plain_body_is_measured_from_its_start() {
        for plain in ["fn t() { let x = 1; assert_eq!(x, 1); }", "fn t() { let (x, y) = (1, 2); f(x, y).unwrap() }"] {
            assert_placed(plain, None, plain);
        }
    }

    #[test]
    fn tokios_body_is_found() {
        assert_placed(
            "fn t() { let body = async { work().await; }; { return Builder::new().block_on(body); } }",
            None,
            "fn t() { let body = async { let begun = begin![]; work().await; }; { return Builder::new().block_on(body); } }",
        );
    }

    #[test]
    fn what_is_under_a_lock_is_found() {
        assert_placed(
            "fn t() { serial_test::local_serial_core(vec![], None, || { work(); }) }",
            None,
            "fn t() { serial_test::local_serial_core(vec![], None, || { let begun = begin![]; work(); }) }",
        );
        assert_placed(
            "async fn t() { async fn _t_internal() { work().await; } lock(_t_internal()).await }",
            None,
            "async fn t() { async fn _t_internal() { let begun = begin![]; work().await; } lock(_t_internal()).await }",
        );
    }

    #[test]
    fn the_set_up_of_logging_is_not_measured() {
        assert_placed(
            "fn t() { { mod init { pub fn init() {} } init::init(); } work(); }",
            None,
            "fn t() { { mod init { pub fn init() {} } init::init(); } let begun = begin![]; work(); }",
        );
    }

    #[test]
    fn cases_of_rstest_are_measured_from_the_call_of_their_template() {
        assert_placed(
            r#"fn case_1() { let a = 1; let stock = stock::default(); println!("traced"); p(a, stock) }"#,
            Some("p"),
            r#"fn case_1() {
                let a = 1; let stock = stock::default(); println!("traced"); { let begun = begin!["a" = &a]; p(a, stock) }
            }"#,
        );
        assert_placed(
            "async fn case_1() { let a = 1; p(&a).await }",
            Some("p"),
            r#"async fn case_1() { let a = 1; { let begun = begin!["a" = &a]; p(&a).await } }"#,
        );
        assert_placed(
            "fn t() { fn t(stock: Vec<u8>) {} let stock = stock::default(); t(stock) }",
            None,
            "fn t() { fn t(stock: Vec<u8>) {} let stock = stock::default(); { let begun = begin![]; t(stock) } }",
        );
    }

    #[test]
    fn cases_with_a_timeout_are_measured_on_the_thread_and_in_the_task_that_run_them() {
        assert_placed(
            "fn case_1() { let a = 1; use rstest::timeout::*; execute_with_timeout_sync(move || p(a), limit) }",
            Some("p"),
            r#"fn case_1() {
                let a = 1; use rstest::timeout::*;
                execute_with_timeout_sync(move || { let begun = begin!["a" = &a]; p(a) }, limit)
            }"#,
        );
        assert_placed(
            "async fn case_1() { let a = 1; execute_with_timeout_async(move || p(a), limit).await }",
            Some("p"),
            r#"async fn case_1() {
                let a = 1;
                execute_with_timeout_async(move || async move { let begun = begin!["a" = &a]; p(a).await }, limit).await
            }"#,
        );
    }

    #[test]
    fn cases_of_test_case_are_measured_from_the_call_of_their_template() {
        assert_placed(
            "fn test_case_1() { let _result = super::p(1, &x()); _result }",
            Some("p"),
            r#"fn test_case_1() {
                let _result = match (1, &x(),) { (_0, _1,) => { let begun = begin!["_0" = &_0, "_1" = &_1]; super::p(_0, _1) } };
                _result
            }"#,
        );
        assert_placed(
            "async fn test_case_1() { let _result = super::p(1).await; assert_eq!(_result, 2) }",
            Some("p"),
            r#"async fn test_case_1() {
                let _result = match (1,) { (_0,) => { let begun = begin!["_0" = &_0]; super::p(_0).await } };
                assert_eq!(_result, 2)
            }"#,
        );
        assert_placed(
            "fn test_case_1() { let _result = super::p(); let fun = |result| result; fun(_result) }",
            Some("p"),
            "fn test_case_1() {
                let _result = match () { () => { let begun = begin![]; super::p() } }; let fun = |result| result; fun(_result)
            }",
        );
        assert_placed(
            "fn test_case_1() { let _result = super::p(|a| a + 1); _result }",
            Some("p"),
            "fn test_case_1() { let _result = { let begun = begin![]; super::p(|a| a + 1) }; _result }",
        );
    }

    #[test]
    fn a_case_inside_a_lock_and_a_runtime_is_found() {
        assert_placed(
            "fn case_1() { serial_test::local_serial_core(vec![], None, || { let a = 1; p(a) }) }",
            Some("p"),
            r#"fn case_1() {
                serial_test::local_serial_core(vec![], None, || { let a = 1; { let begun = begin!["a" = &a]; p(a) } })
            }"#,
        );
        assert_placed(
            "fn case_1() { let body = async { let _result = super::p(1).await; _result }; run(body) }",
            Some("p"),
            r#"fn case_1() {
                let body = async {
                    let _result = match (1,) { (_0,) => { let begun = begin!["_0" = &_0]; super::p(_0).await } };
                    _result
                };
                run(body)
            }"#,
        );
    }
}

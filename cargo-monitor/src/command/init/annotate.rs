//! Puts the attribute on the tests of one file, and has its allocator counted; all else stays byte for byte.

use std::ops::Range;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, Expr, Item, ItemFn, ItemMacro, ItemMod, ItemStatic, Lit, Macro, Visibility};

use crate::sources::known;
use crate::sources::macros::Macros;

/// What became of a file.
#[derive(Debug, Default)]
pub(super) struct Annotated {
    pub text: String,
    /// Tests that have the attribute now and had not before; a module's count as many as it has.
    pub added: usize,
    /// Tests that had it before.
    pub monitored: usize,
    /// Macros that make tests: only by hand do these get the attribute.
    pub makers: usize,
    /// What was left alone, and why.
    pub left: Vec<(String, String)>,
    /// Whether whoever links what the file belongs to has a global allocator from it.
    pub hands_allocator_on: bool,
    /// Whether a global allocator in it is counted now.
    pub counts_allocator: bool,
}

/// What the file belongs to, by which it is decided what becomes of a global allocator in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// A binary without tests; what is compiled for tests only is not concerned.
    Other,
    /// The tests of this file or of others in one binary with it.
    Tests,
    /// The same, of a program's root: it has its allocator when it is no test, too.
    Program,
}

/// How to annotate.
pub(super) struct Style<'a> {
    /// `monitor_runtime`, or what the package calls it; with `::` where a crate's name needs that.
    pub runtime: &'a str,
    /// Whether modules get the attribute, where they can.
    pub modules: bool,
    /// Whether the file is compiled for tests only.
    pub for_tests: bool,
    pub of: Of,
    /// What other files define.
    pub macros: &'a Macros,
}

/// Annotates a file with this text.
pub(super) fn annotate(text: &str, syntax: &syn::File, style: &Style<'_>) -> Annotated {
    let mut file = File::new(text, syntax, style);
    file.items(&syntax.items, style.for_tests);
    file.finished()
}

/// The root of a target without tests, with a line by which rustc does not tell that the runtime is not used.
pub(super) fn naming(text: &str, syntax: &syn::File, runtime: &str, for_tests: bool) -> String {
    let style = Style { runtime, modules: false, for_tests, of: Of::Other, macros: &Macros::default() };
    let mut file = File::new(text, syntax, &style);
    if let Some(first) = syntax.items.first() {
        let begin = begin(&Visibility::Inherited, first.to_token_stream());
        let condition = if for_tests { None } else { Some("#[cfg(test)]".to_owned()) };
        let lines = condition.into_iter().chain([format!("use {runtime} as _;"), String::new()]);
        lines.for_each(|line| file.insert(begin, &line));
    }
    file.finished().text
}

struct File<'a> {
    text: &'a str,
    start: usize,
    style: &'a Style<'a>,
    /// What is replaced, which may be nothing, and by what.
    edits: Vec<(Range<usize>, String)>,
    macros: Macros,
    result: Annotated,
}

impl<'a> File<'a> {
    fn new(text: &'a str, syntax: &syn::File, style: &'a Style<'_>) -> Self {
        // Spans count from where the parser began.
        let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let start = mark + syntax.shebang.as_ref().map_or(0, String::len);
        let macros = style.macros.clone();
        Self { text, start, style, edits: Vec::new(), macros, result: Annotated::default() }
    }

    fn items(&mut self, items: &[Item], for_tests: bool) {
        for item in items {
            match item {
                Item::Fn(function) => self.function(function),
                Item::Mod(module) => self.module(module, for_tests),
                Item::Macro(item) => self.macro_call(item, for_tests),
                Item::Static(item) => self.allocator(item, for_tests),
                _ => {}
            }
        }
    }

    /// What is to be done in an annotated module: its allocators and, where it is new, to say what it does not cover.
    fn covered(&mut self, items: &[Item], for_tests: bool, is_new: bool) {
        for item in items {
            match item {
                Item::Static(item) => self.allocator(item, for_tests),
                Item::Mod(ItemMod { content: Some((_, items)), .. }) => self.covered(items, for_tests, is_new),
                Item::Macro(item) if is_new && !known::hands_attributes_on(&item.mac) => self.macro_call(item, true),
                _ => {}
            }
        }
    }

    fn allocator(&mut self, item: &ItemStatic, for_tests: bool) {
        let Some(global) = item.attrs.iter().find(|attribute| attribute.path().is_ident("global_allocator")) else {
            return;
        };
        let is_ours = item.ty.to_token_stream().into_iter().any(|token| token.to_string() == "Allocator");
        if is_ours {
            return;
        }
        let ours = format!("{}::allocator{}", self.style.runtime, self.options());
        let place = global.span().byte_range();
        let place = self.start + place.start..self.start + place.end;
        match (for_tests || known::is_for_tests_only(&item.attrs), self.style.of) {
            (true, Of::Other) => return,
            (true, Of::Tests | Of::Program) => self.edits.push((place, format!("#[{ours}]"))),
            (false, Of::Program) => {
                self.edits.push((place.clone(), "#[cfg_attr(not(test), global_allocator)]".to_owned()));
                self.insert_behind(place.end, &format!("#[cfg_attr(test, {ours})]"));
            }
            (false, Of::Other | Of::Tests) => {
                self.result.hands_allocator_on = true;
                return;
            }
        }
        self.result.counts_allocator = true;
    }

    fn function(&mut self, function: &ItemFn) {
        if !known::is_test(function) {
            return;
        }
        let name = function.sig.ident.to_string();
        if self.macros.is_monitored(function) {
            self.result.monitored += 1;
        } else if let Some(reason) = obstacle(function, &self.macros) {
            self.left(name, reason);
        } else {
            let begin = begin(&function.vis, function.sig.to_token_stream());
            self.insert(begin, &self.attribute(&function.attrs));
            self.result.added += 1;
        }
    }

    fn module(&mut self, module: &ItemMod, for_tests: bool) {
        let Some((_, items)) = &module.content else { return };
        let for_tests = for_tests || known::is_for_tests_only(&module.attrs);
        let tests = count(items, &self.macros);
        if known::is_monitored(&module.attrs) {
            self.result.monitored += tests.all;
            self.covered(items, for_tests, false);
            return;
        }
        if self.style.modules && for_tests && tests.all > tests.monitored && !tests.need_their_own {
            self.insert(begin(&module.vis, module.mod_token.to_token_stream()), &self.attribute(&[]));
            self.result.added += tests.all - tests.monitored;
            self.result.monitored += tests.monitored;
            self.covered(items, for_tests, true);
            return;
        }
        self.items(items, for_tests);
    }

    fn macro_call(&mut self, item: &ItemMacro, for_tests: bool) {
        let name = known::name(&item.mac);
        if let Some(defined) = &item.ident {
            self.macros.define(item);
            if known::writes_monitored_tests(&item.mac.tokens) {
                // As many as it is called; it is one place.
                self.result.monitored += 1;
            } else if let Some(begins) = known::written_by(item) {
                self.result.added += begins.len();
                begins.into_iter().for_each(|begin| self.insert(begin, &self.attribute(&[])));
            } else if known::writes_tests(&item.mac.tokens) {
                let remedy = format!("write #[{}] below its #[test], or above fn where it has none", self.path());
                self.left(format!("macro {defined}"), format!("it makes tests: {remedy}"));
                self.result.makers += 1;
            }
        } else if self.macros.writes_for(&item.mac) {
            // Its tests were counted where it is defined.
        } else if known::hands_attributes_on(&item.mac) {
            self.functions_in(&item.mac);
        } else if name == "include" {
            if let Ok(Expr::Lit(literal)) = syn::parse2(item.mac.tokens.clone())
                && let Lit::Str(path) = literal.lit
            {
                self.left(format!("include!(\"{}\")", path.value()), "what it includes is not looked at".into());
            }
        } else if self.macros.passes_on(&item.mac)
            && let Ok(inside) = syn::parse2::<syn::File>(item.mac.tokens.clone())
        {
            self.items(&inside.items, for_tests);
        } else if known::writes_tests(&item.mac.tokens) {
            let line = item.mac.path.span().start().line;
            self.left(
                format!("{name}! in line {line}"),
                "tests inside of a macro: only it knows what they become".into(),
            );
        }
    }

    /// The functions inside of a macro that hands their attributes on.
    fn functions_in(&mut self, called: &Macro) {
        for (attributes, _, begin) in known::functions_in(&called.tokens) {
            if known::is_monitored(&attributes) {
                self.result.monitored += 1;
            } else if known::holds_tests_only(called) || attributes.iter().any(known::makes_test) {
                self.insert(begin, &self.attribute(&attributes));
                self.result.added += 1;
            }
        }
    }

    fn path(&self) -> String {
        format!("{}::monitored", self.style.runtime)
    }

    fn options(&self) -> String {
        match self.style.runtime {
            "monitor_runtime" | "::monitor_runtime" => String::new(),
            other => format!("(crate = {other})"),
        }
    }

    /// The attribute for a function with these others: under a condition if it is a test under one.
    fn attribute(&self, others: &[Attribute]) -> String {
        let monitored = format!("{}{}", self.path(), self.options());
        let makes = |attribute: &&Attribute| known::makes_test(attribute);
        let plain = others.iter().filter(makes).any(|attribute| known::conditional(attribute).is_none());
        let condition = others.iter().filter(makes).find_map(known::conditional).filter(|_| !plain);
        match condition {
            Some((condition, _)) => {
                let condition = condition.span().byte_range();
                format!("#[cfg_attr({}, {monitored})]", &self.text[self.start..][condition])
            }
            None => format!("#[{monitored}]"),
        }
    }

    /// Puts `attribute` before what begins here: on a line of its own if that does.
    fn insert(&mut self, begin: Span, attribute: &str) {
        let at = self.start + begin.byte_range().start;
        let line = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        let indent = &self.text[line..at];
        let insertion = if indent.chars().all(char::is_whitespace) {
            let end_of_first = || self.text.find('\n').map_or(0, |end| end + 1);
            let end_of_a_line = if line > 0 { line } else { end_of_first() };
            let end = if self.text[..end_of_a_line].ends_with("\r\n") { "\r\n" } else { "\n" };
            (line..line, format!("{indent}{attribute}{end}"))
        } else {
            (at..at, format!("{attribute} "))
        };
        self.edits.push(insertion);
    }

    /// Puts `attribute` behind another one that ends here: on the next line if nothing else follows on its own.
    fn insert_behind(&mut self, end: usize, attribute: &str) {
        let line = self.text[..end].rfind('\n').map_or(0, |end| end + 1);
        let indent: String =
            self.text[line..].chars().take_while(|character| matches!(character, ' ' | '\t')).collect();
        let gap = match self.text[end..].trim_start_matches([' ', '\t']) {
            rest if rest.starts_with("\r\n") => format!("\r\n{indent}"),
            rest if rest.starts_with('\n') => format!("\n{indent}"),
            _ => " ".to_owned(),
        };
        self.edits.push((end..end, format!("{gap}{attribute}")));
    }

    fn left(&mut self, what: String, reason: String) {
        self.result.left.push((what, reason));
    }

    fn finished(mut self) -> Annotated {
        self.edits.sort_by_key(|(place, _)| (place.start, place.end));
        let mut text = String::with_capacity(self.text.len() + 40 * self.edits.len());
        let mut done = 0;
        for (place, new) in &self.edits {
            text += &self.text[done..place.start];
            text += new;
            done = place.end;
        }
        self.result.text = text + &self.text[done..];
        self.result
    }
}

/// Where an item begins, behind its attributes.
fn begin(visibility: &Visibility, rest: TokenStream) -> Span {
    let first = visibility.to_token_stream().into_iter().chain(rest).next();
    first.map_or_else(Span::call_site, |token| token.span())
}

/// Why a test can't have the attribute.
fn obstacle(function: &ItemFn, macros: &Macros) -> Option<String> {
    let is_only = |name: &str| {
        let makes = function.attrs.iter().filter(|attribute| known::makes_test(attribute));
        makes.clone().next().is_some()
            && makes.clone().all(|attribute| known::has(std::slice::from_ref(attribute), name))
    };
    if is_only("wasm_bindgen_test") {
        return Some("it runs under WebAssembly, where nothing is recorded".to_owned());
    }
    if is_only("apply") && !known::has_case_arguments(function) && !macros.applies(function) {
        return Some("only #[apply(…)] knows whether it is a test".to_owned());
    }
    let signature = &function.sig;
    let qualifier = match signature.safety {
        _ if signature.constness.is_some() => "const",
        syn::Safety::Unsafe(_) => "unsafe",
        _ if signature.abi.is_some() => "extern",
        _ => return None,
    };
    Some(format!("#[monitored] takes no {qualifier} fn"))
}

/// Whether a file has tests, perhaps in macros.
pub(super) fn has_tests(syntax: &syn::File) -> bool {
    count(&syntax.items, &Macros::default()).all > 0 || known::writes_tests(&syntax.to_token_stream())
}

/// The tests of a module.
#[derive(Default)]
struct Tests {
    all: usize,
    monitored: usize,
    /// A module in a file of its own can't be seen, and rustc takes none inside of an annotated one; nor is a test seen whose
    /// attribute goes by another name; and a macro of the package's own needs no attribute, whatever its name.
    need_their_own: bool,
}

fn count(items: &[Item], macros: &Macros) -> Tests {
    let mut tests = Tests::default();
    for item in items {
        match item {
            Item::Fn(function) if known::is_test(function) => {
                tests.all += 1;
                tests.monitored += usize::from(macros.is_monitored(function));
                tests.need_their_own |= known::goes_by_another_name(function);
            }
            Item::Mod(module) => match &module.content {
                Some((_, items)) => {
                    let inner = count(items, macros);
                    tests.all += inner.all;
                    tests.monitored += if known::is_monitored(&module.attrs) { inner.all } else { inner.monitored };
                    tests.need_their_own |= inner.need_their_own;
                }
                None => tests.need_their_own = true,
            },
            Item::Macro(item) if known::hands_attributes_on(&item.mac) && macros.writes_for(&item.mac) => {
                tests.need_their_own = true;
            }
            Item::Macro(item) if known::hands_attributes_on(&item.mac) => {
                let functions = item.mac.tokens.clone().into_iter();
                tests.all += functions.filter(|token| token.to_string() == "fn").count();
            }
            _ => {}
        }
    }
    tests
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::files::{self, File};

    fn annotated(text: &str, modules: bool) -> String {
        result(text, "monitor_runtime", modules, false, Of::Tests).text
    }

    fn result(text: &str, runtime: &str, modules: bool, for_tests: bool, of: Of) -> Annotated {
        let file = File { path: "x.rs".into(), text: text.to_owned(), syntax: files::parse(text), for_tests };
        let macros = &Macros::default().with([&file], false);
        annotate(text, file.syntax.as_ref().expect("it parses"), &Style { runtime, modules, for_tests, of, macros })
    }

    const OURS: &str = "#[monitor_runtime::monitored]";

    #[test]
    fn every_kind_of_test_gets_a_line_below_its_attributes() {
        for text in [
            "#[test]\n@fn t() {}\n",
            "\u{feff}#[test]\n@fn t() {} // ä\n",
            "#!/usr/bin/env x\n// ä\n#[test]\n@fn t() {}\n",
            "mod tests {\n    /* ö */\r\n    #[test] // slow\r\n    #[ignore]\r\n    // why\r\n    @pub(super) fn t() {}\r\n}",
            "#[rstest]\n#[case(1)]\n#[case(2)]\n@async fn t(#[case] a: u8) {}\n",
            "mod m { mod n {\n\t#[tokio::test(\n\t  flavor = \"multi_thread\"\n\t)]\n\t@async fn t() {}\n} }",
            "proptest! {\n    #![x]\n    #[test]\n    @fn t(a in 0..9) {}\n    fn helper(a in 0..9) {}\n}\n",
            "macro_rules! make {\n    ($n:ident) => {\n        #[test]\n        @fn $n() {}\n    };\n}\n",
            "macro_rules! made {\n    ($n:ident) => {\n        proptest::proptest! {\n            #[test]\n            @fn $n(a in 0..9) {\n                prop_assert!(a < 9);\n            }\n        }\n    };\n}\n",
            "macro_rules! twice {\n    ($($t:tt)*) => { mod a { $($t)* } };\n}\ntwice! {\n    // why\n    #[test]\n    @fn t() {}\n}\n",
            "#[template]\n#[rstest]\n#[case(1)]\nfn cases(#[case] a: u8) {}\n#[apply(cases)]\n@fn t(a: u8) {}\n",
            "#[apply(cases)]\n@fn t(#[case] a: u8) {}\n",
            "quickcheck! {\n    @fn t(a: u8) -> bool { true }\n}\n",
            "macro_rules! quickcheck {\n    (fn $n:ident()) => {\n        #[test]\n        @fn $n() {}\n    };\n}\nquickcheck! {\n    fn t()\n}\n",
        ] {
            let (before, after) = text.split_once('@').expect("a place");
            let indent = &before[before.rfind('\n').map_or(0, |end| end + 1)..];
            let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
            let expected = format!("{before}{OURS}{end}{indent}{after}");
            let whole = format!("{before}{after}");
            assert_eq!(annotated(&whole, false), expected);
            assert_eq!(annotated(&expected, false), expected, "a second time");
        }
    }

    #[test]
    fn on_one_line_it_stays_on_it() {
        assert_eq!(annotated("#[test] fn t() {}", false), format!("#[test] {OURS} fn t() {{}}"));
    }

    #[test]
    fn a_test_under_a_condition_is_monitored_under_it() {
        let text = "#[cfg_attr(all(a, not(b)), test)]\nfn t() {}\n";
        let expected =
            "#[cfg_attr(all(a, not(b)), test)]\n#[cfg_attr(all(a, not(b)), monitor_runtime::monitored)]\nfn t() {}\n";
        assert_eq!(annotated(text, false), expected);
        assert_eq!(annotated(expected, false), expected);
    }

    #[test]
    fn modules_of_tests_get_it_where_they_can() {
        let text = "#[cfg(test)]\nmod tests {\n    #[test]\n    fn t() {}\n}\n#[test]\nfn u() {}\n";
        let expected = format!(
            "#[cfg(test)]\n{OURS}\nmod tests {{\n    #[test]\n    fn t() {{}}\n}}\n#[test]\n{OURS}\nfn u() {{}}\n"
        );
        assert_eq!(annotated(text, true), expected);
        assert_eq!(annotated(&expected, true), expected);
        let with_a_file = "#[cfg(test)]\nmod tests {\n    mod other;\n    #[test] fn t() {}\n}\n";
        assert_eq!(annotated(with_a_file, true), with_a_file.replace("#[test]", &format!("#[test] {OURS}")));
        let without = "mod helpers {\n    fn f() {}\n}\nmod not_only_tests {\n    fn f() {}\n}\n";
        assert_eq!(annotated(without, true), without);
    }

    #[test]
    fn what_is_no_test_is_never_touched_and_what_is_left_is_named() {
        let text = "#[bench] fn b(b: &mut B) {}\nfn f() { #[test] fn inner() {} }\n#[cfg(test)] fn h() {}\n\
                    impl S { #[test] fn m(&self) {} }\n#[apply(derive)] fn a() {}\n#[wasm_bindgen_test] fn w() {}\n\
                    #[macro_export] macro_rules! make { ($n:ident) => { #[test] fn $n() {} } }\nmake!(t);\n\
                    other! { #[test] fn o() {} }\ninclude!(\"x.rs\");\n";
        let result = result(text, "monitor_runtime", false, false, Of::Tests);
        assert_eq!(result.text, text);
        let left: Vec<_> = result.left.iter().map(|(what, _)| what.as_str()).collect();
        assert_eq!(left, ["a", "w", "macro make", "other! in line 9", "include!(\"x.rs\")"]);
    }

    #[test]
    fn an_allocator_is_counted_in_whose_tests_it_is() {
        let of = |text: &str, for_tests: bool, of: Of| {
            let result = result(text, "monitor_runtime", false, for_tests, of);
            (result.text, result.counts_allocator, result.hands_allocator_on)
        };
        let text = "mod m {\r\n\t#[global_allocator] // why\r\n\tstatic A: X = X;\r\n}\r\n";
        assert_eq!(of(text, true, Of::Other), (text.to_owned(), false, false));
        assert_eq!(of(text, false, Of::Tests), (text.to_owned(), false, true), "a library's");
        let counted = text.replace("global_allocator", "monitor_runtime::allocator");
        assert_eq!(of(text, true, Of::Tests), (counted.clone(), true, false));
        assert_eq!(of(&counted, true, Of::Tests), (counted, false, false), "a second time");
        let both = "[cfg_attr(not(test), global_allocator)] // why";
        let program = text
            .replace("[global_allocator] // why", both)
            .replace("allocator)]", "allocator)] #[cfg_attr(test, monitor_runtime::allocator)]");
        assert_eq!(of(text, false, Of::Program), (program.clone(), true, false));
        assert_eq!(of(&program, false, Of::Program), (program, false, false), "a second time");
        let of_two_lines = text.replace(" // why", "");
        let behind = "[cfg_attr(not(test), global_allocator)]\r\n\t#[cfg_attr(test, monitor_runtime::allocator)]";
        assert_eq!(of(&of_two_lines, false, Of::Program).0, of_two_lines.replace("[global_allocator]", behind));
        let under_a_condition = "#[cfg(test)]\n#[global_allocator]\nstatic A: X = X;\n";
        assert!(of(under_a_condition, false, Of::Tests).0.contains("#[monitor_runtime::allocator]"));
        let wrapped =
            "#[global_allocator]\nstatic A: monitor_runtime::Allocator<X> = monitor_runtime::Allocator::new(X);\n";
        assert_eq!(of(wrapped, true, Of::Tests), (wrapped.to_owned(), false, false));
    }

    #[test]
    fn another_name_of_the_runtime_is_used() {
        let result = result("#[test]\nfn t() {}\n", "costs", false, false, Of::Tests);
        assert_eq!(result.text, "#[test]\n#[costs::monitored(crate = costs)]\nfn t() {}\n");
    }
}

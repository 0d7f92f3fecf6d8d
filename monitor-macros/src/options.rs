//! The attribute's options, parsed: `#[monitored(component = "checkout", max_time = "250ms")]`.

use std::time::Duration;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::spanned::Spanned;
use syn::{Error, Expr, Lit, LitStr, Path, Result, Token};

const KNOWN: &str = "skip, skip_if, when, component, max_time, max_cpu, max_heap, max_allocations, max_instructions, no_leak, isolate, crate";

/// What the user wrote, checked. `None` is what was not written.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub monitor: Option<Monitor>,
    pub component: Option<LitStr>,
    pub max_time: Option<Duration>,
    pub max_cpu: Option<Duration>,
    pub max_heap_bytes: Option<u64>,
    pub max_allocations: Option<u64>,
    pub max_instructions: Option<u64>,
    pub no_leak: bool,
    pub isolate: bool,
    pub krate: Option<Path>,
    /// Written by ourselves when the attribute has moved itself behind the others: the body has its bracket already, and this is
    /// the name of the function it was in.
    pub template: Option<String>,
    /// The options as written, to be written again.
    tokens: Vec<(String, TokenStream)>,
}

/// Whether the test is monitored.
#[derive(Clone)]
pub(crate) enum Monitor {
    Never,
    Unless(Expr),
    If(Expr),
}

/// Parses what stands in the attribute's brackets.
pub(crate) fn parse(tokens: TokenStream) -> Result<Options> {
    let parser = |input: ParseStream<'_>| {
        let mut options = Options::default();
        while !input.is_empty() {
            options.one(input)?;
            if input.is_empty() {
                break;
            }
            input.parse::<Token![,]>()?;
        }
        Ok(options)
    };
    parser.parse2(tokens)
}

/// As [`parse`], for an attribute that takes `crate` only: where the runtime is.
pub(crate) fn only_crate(tokens: TokenStream) -> Result<TokenStream> {
    let options = parse(tokens)?;
    match options.tokens.iter().find(|(name, _)| name != "crate") {
        Some((name, tokens)) => Err(Error::new_spanned(
            tokens,
            format!("option \"{name}\" is one of #[monitored]; only crate is known here"),
        )),
        None => Ok(options.runtime()),
    }
}

impl Options {
    fn one(&mut self, input: ParseStream<'_>) -> Result<()> {
        if !input.peek(Ident::peek_any) {
            return Err(input.error(format!("an option is meant, one of: {KNOWN}")));
        }
        let name = input.call(Ident::parse_any)?;
        let text = name.to_string();
        if self.tokens.iter().any(|(known, _)| *known == text) {
            return Err(Error::new(name.span(), format!("repeated option \"{text}\"")));
        }
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            if input.is_empty() || input.peek(Token![,]) {
                return Err(Error::new(name.span(), format!("option \"{text}\" has no value after `=`")));
            }
            Some(input.parse::<Expr>()?)
        } else {
            None
        };
        let written = value.as_ref().map_or_else(|| quote!(#name), |value| quote!(#name = #value));
        self.set(&name, &text, value.as_ref())?;
        self.tokens.push((text, written));
        Ok(())
    }

    fn set(&mut self, name: &Ident, text: &str, value: Option<&Expr>) -> Result<()> {
        match text {
            "skip" => self.set_monitor(name, no_value(name, value).map(|()| Monitor::Never)?)?,
            "skip_if" => self.set_monitor(name, Monitor::Unless(expression(name, value)?))?,
            "when" => self.set_monitor(name, Monitor::If(expression(name, value)?))?,
            "component" => self.component = Some(string(name, value, "\"checkout\"")?),
            "max_time" => self.max_time = Some(duration(name, value)?),
            "max_cpu" => self.max_cpu = Some(duration(name, value)?),
            "max_heap" => self.max_heap_bytes = Some(size(name, value)?),
            "max_allocations" => self.max_allocations = Some(count(name, value)?),
            "max_instructions" => self.max_instructions = Some(count(name, value)?),
            "no_leak" => self.no_leak = flag(name, value)?,
            "isolate" => self.isolate = flag(name, value)?,
            "crate" => self.krate = Some(path(name, value)?),
            "__template" => self.template = Some(string(name, value, "\"name\"")?.value()),
            _ => return Err(Error::new(name.span(), format!("unknown option \"{text}\"; known are: {KNOWN}"))),
        }
        Ok(())
    }

    fn set_monitor(&mut self, name: &Ident, monitor: Monitor) -> Result<()> {
        if self.monitor.is_some() {
            return Err(Error::new(name.span(), "only one of skip, skip_if and when is allowed"));
        }
        self.monitor = Some(monitor);
        Ok(())
    }

    /// These options, with `defaults` (a module's) for what is not written here. Whether to monitor is decided by the
    /// function's attribute alone.
    pub(crate) fn or(&self, defaults: &Self) -> TokenStream {
        const DECIDES: [&str; 3] = ["skip", "skip_if", "when"];
        let inherited = defaults
            .tokens
            .iter()
            .filter(|(name, _)| !DECIDES.contains(&name.as_str()) && !self.tokens.iter().any(|(own, _)| own == name));
        let all = self.tokens.iter().chain(inherited).map(|(_, tokens)| tokens);
        quote!(#(#all),*)
    }

    /// The options as written, without those we add ourselves.
    pub(crate) fn as_written(&self) -> TokenStream {
        let all = self.tokens.iter().filter(|(name, _)| !name.starts_with("__")).map(|(_, tokens)| tokens);
        quote!(#(#all),*)
    }

    /// Where the runtime is.
    pub(crate) fn runtime(&self) -> TokenStream {
        self.krate.as_ref().map_or_else(|| quote!(::monitor_runtime), ToTokens::to_token_stream)
    }

    /// Where what expansions call is: under a name with our version, which a runtime of another version does not have.
    pub(crate) fn private(&self) -> TokenStream {
        let version = env!("CARGO_PKG_VERSION").replace(|character: char| !character.is_ascii_alphanumeric(), "_");
        let (runtime, private) = (self.runtime(), format_ident!("__private_{version}"));
        quote!(#runtime::#private)
    }
}

/// What an option is, or an error at its value, or at its name if there is none.
fn known<T>(name: &Ident, value: Option<&Expr>, takes: &str, is: impl FnOnce(&Expr) -> Option<T>) -> Result<T> {
    let span = value.map_or(name.span(), Spanned::span);
    value.and_then(is).ok_or_else(|| Error::new(span, format!("option \"{name}\" takes {takes}")))
}

/// As [`known`], for a literal.
fn literal<T>(name: &Ident, value: Option<&Expr>, takes: &str, is: impl FnOnce(&Lit) -> Option<T>) -> Result<T> {
    known(name, value, takes, |value| if let Expr::Lit(literal) = value { is(&literal.lit) } else { None })
}

fn no_value(name: &Ident, value: Option<&Expr>) -> Result<()> {
    if value.is_none() { Ok(()) } else { known(name, value, "no value", |_| None) }
}

/// Plain for yes; `= false` takes back what the module says.
fn flag(name: &Ident, value: Option<&Expr>) -> Result<bool> {
    if value.is_none() {
        return Ok(true);
    }
    let takes = format!("no value, or false where the module has it: {name} = false");
    literal(name, value, &takes, |literal| if let Lit::Bool(on) = literal { Some(on.value) } else { None })
}

fn expression(name: &Ident, value: Option<&Expr>) -> Result<Expr> {
    let is_condition = |value: &&Expr| !matches!(value, Expr::Lit(other) if !matches!(other.lit, Lit::Bool(_)));
    known(name, value, &format!("a condition, such as {name} = cfg!(windows)"), |value| {
        Some(value).filter(is_condition).cloned()
    })
}

fn path(name: &Ident, value: Option<&Expr>) -> Result<Path> {
    known(name, value, "a path, such as crate = renamed::monitor_runtime", |value| {
        Path::parse_mod_style.parse2(value.to_token_stream()).ok()
    })
}

fn string(name: &Ident, value: Option<&Expr>, example: &str) -> Result<LitStr> {
    let takes = format!("a string, such as {name} = {example}");
    literal(name, value, &takes, |literal| if let Lit::Str(text) = literal { Some(text.clone()) } else { None })
}

fn count(name: &Ident, value: Option<&Expr>) -> Result<u64> {
    literal(name, value, &format!("a whole number, such as {name} = 1000"), |literal| match literal {
        Lit::Int(number) if number.suffix().is_empty() => number.base10_parse().ok(),
        _ => None,
    })
}

fn duration(name: &Ident, value: Option<&Expr>) -> Result<Duration> {
    let units =
        [("ns", 1), ("us", 1_000), ("µs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("min", 60_000_000_000)];
    let takes = "a time with its unit (ns, us, ms, s, min), such as \"250ms\" or \"1.5s\"";
    amount(name, string(name, value, "\"250ms\"")?, &units, takes).map(Duration::from_nanos)
}

fn size(name: &Ident, value: Option<&Expr>) -> Result<u64> {
    let units = [
        ("B", 1),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
    ];
    let takes = "a size with its unit (B, KB, MB, GB, KiB, MiB, GiB), such as \"16 MiB\"";
    amount(name, string(name, value, "\"16 MiB\"")?, &units, takes)
}

fn amount(name: &Ident, text: LitStr, units: &[(&str, u64)], takes: &str) -> Result<u64> {
    let found = with_unit(&text.value(), units);
    found.ok_or_else(|| Error::new(text.span(), format!("option \"{name}\" takes {takes}")))
}

/// `1.5 s` in the smallest unit.
fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|character: char| !character.is_ascii_digit() && character != '.' && character != '_')?;
    let (number, unit) = text.split_at(end);
    let number = number.replace('_', "");
    let factor = units.iter().find(|(name, _)| *name == unit.trim())?.1;
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(factor);
    }
    let number: f64 = number.parse().ok()?;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a fraction of a unit, never negative; too large saturates"
    )]
    Some((number * factor as f64).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(tokens: TokenStream) -> String {
        parse(tokens).err().expect("these options are wrong").to_string()
    }

    #[test]
    fn all_options_are_understood() {
        let options = parse(quote! {
            component = "checkout", max_time = "250ms", max_cpu = "1.5s", max_heap = "16 MiB", max_allocations = 1_000,
            no_leak, isolate, when = cfg!(unix), crate = crate::renamed,
        })
        .expect("these options are right");
        assert_eq!(options.max_time, Some(Duration::from_millis(250)));
        assert_eq!(options.max_cpu, Some(Duration::from_millis(1500)));
        assert_eq!(options.max_heap_bytes, Some(16 << 20));
        assert_eq!(options.max_allocations, Some(1000));
        assert!(options.no_leak && options.isolate && matches!(options.monitor, Some(Monitor::If(_))));
        assert!(options.private().to_string().starts_with("crate :: renamed :: __private_"));
    }

    #[test]
    fn mistakes_say_what_would_be_right() {
        assert_eq!(error(quote!(no_leak, no_leak)), "repeated option \"no_leak\"");
        assert!(error(quote!(max_memory = "1 MiB")).starts_with("unknown option \"max_memory\"; known are: skip,"));
        assert!(error(quote!(max_time = 250)).contains("max_time = \"250ms\""));
        assert!(error(quote!(max_time = "fast")).contains("\"1.5s\""));
        assert!(error(quote!(max_heap = "16")).contains("\"16 MiB\""));
        assert!(error(quote!(max_allocations = "many")).contains("a whole number"));
        assert!(error(quote!(skip = true)).contains("takes no value"));
        assert!(error(quote!(no_leak = 0)).contains("no_leak = false"));
        assert!(error(quote!(isolate = cfg!(unix))).contains("isolate = false"));
        assert!(error(quote!(skip_if)).contains("takes a condition"));
        assert!(error(quote!(skip, when = true)).contains("only one of"));
        assert!(error(quote!(component)).contains("takes a string"));
        assert!(error(quote!(component =)).contains("has no value"));
        assert!(error(quote!("text")).contains("an option is meant"));
    }

    #[test]
    fn a_functions_options_come_before_its_modules() {
        let module = parse(quote!(skip, component = "shop", max_time = "1s")).expect("right");
        let function = parse(quote!(max_time = "2s")).expect("right");
        assert_eq!(function.or(&module).to_string(), quote!(max_time = "2s", component = "shop").to_string());
        let module = parse(quote!(no_leak, isolate)).expect("right");
        let function = parse(quote!(no_leak = false)).expect("right");
        let both = parse(function.or(&module)).expect("right");
        assert!(!both.no_leak && both.isolate);
    }

    #[test]
    fn sizes_and_times_have_units() {
        let units = [("ms", 1_000_000), ("s", 1_000_000_000)];
        assert_eq!(with_unit(" 1_000 ms ", &units), Some(1_000_000_000));
        assert_eq!(with_unit("0.5s", &units), Some(500_000_000));
        assert_eq!(with_unit("-1s", &units), None);
        assert_eq!(with_unit("1.2.3s", &units), None);
        assert_eq!(with_unit("s", &units), None);
        assert_eq!(with_unit("", &units), None);
    }
}

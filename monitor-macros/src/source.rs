//! Looks up in the source what an attribute that ran before has taken away.

use std::fs;

use proc_macro2::Ident;
use syn::{FnArg, ItemFn, Pat};

use crate::position;

/// The names of the arguments of the function whose name, where it is defined, is `name`; `None` if the source is not at hand.
///
/// `test_case` shows its cases only the template's name.
pub(crate) fn argument_names(name: &Ident) -> Option<Vec<String>> {
    let (path, line, column) = position::in_file(name.span())?;
    let source = fs::read_to_string(path).ok()?;
    let line = source.lines().nth(line.checked_sub(1)?)?;
    let start = line.as_ptr() as usize - source.as_ptr() as usize + line.char_indices().nth(column.checked_sub(1)?)?.0;
    names_in(&source[start..])
}

/// Of a function whose text is given from its name on.
fn names_in(text: &str) -> Option<Vec<String>> {
    let signature = &text[..text.find('{')?];
    let function: ItemFn = syn::parse_str(&format!("fn {signature} {{}}")).ok()?;
    let names = function.sig.inputs.iter().enumerate().map(|(number, argument)| match argument {
        FnArg::Typed(typed) => match &*typed.pat {
            Pat::Ident(pattern) => pattern.ident.to_string(),
            _ => format!("_{number}"),
        },
        FnArg::Receiver(_) => "self".to_owned(),
    });
    Some(names.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_the_source() {
        let names = |text| names_in(text).map(|names| names.join(" "));
        assert_eq!(names("t(asint: i32, mut asstr: &str) -> u8 {\n body } } rest").as_deref(), Some("asint asstr"));
        assert_eq!(names("t<T: Debug>(#[case] a: T, (b, c): (u8, u8)) where T: Copy {").as_deref(), Some("a _1"));
        assert_eq!(names("t(a: i32"), None);
        assert_eq!(names("$name($argument: u8) {"), None);
    }
}

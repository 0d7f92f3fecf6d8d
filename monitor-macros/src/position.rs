//! Where tokens stand in the source, which tells what a macro wrote from what the user did.

use std::path::PathBuf;

use proc_macro2::Span;

/// Line and column of a span's start; `None` outside of the compiler.
pub(crate) fn of(span: Span) -> Option<(usize, usize)> {
    proc_macro::is_available().then(|| {
        let start = span.unwrap().start();
        (start.line(), start.column())
    })
}

/// Whether `span` lies between the two in the same source file.
pub(crate) fn is_between(span: Span, before: Span, after: Span) -> bool {
    if !proc_macro::is_available() {
        return false;
    }
    let file = |span: Span| span.unwrap().file();
    match (of(before), of(span), of(after)) {
        (Some(start), Some(middle), Some(end)) => {
            start < middle && middle < end && file(before) == file(span) && file(span) == file(after)
        }
        _ => false,
    }
}

/// Whether two spans start at the same place; true outside of the compiler, where nothing has a place.
pub(crate) fn is_same(one: Span, other: Span) -> bool {
    of(one) == of(other)
}

/// File, line and column of a span's start, both counted from 1; `None` outside of the compiler, and for a span of no file.
pub(crate) fn in_file(span: Span) -> Option<(PathBuf, usize, usize)> {
    let (line, column) = of(span)?;
    Some((span.unwrap().local_file()?, line, column))
}

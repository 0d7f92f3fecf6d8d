//! How a test's parameter is shown in its variant.

use std::borrow::Cow;
use std::fmt::{self, Debug, Write as _};
use std::ops::Deref;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// A value as text: as it is, if its type is one that pytest shows so, else by `Debug`, else not at all.
///
/// Which of the three it is, is found out at compile time, also for types that are no `Debug`: the compiler takes the
/// method of the first of the three types, each dereferencing to the next, whose bounds hold.
#[derive(Debug)]
pub struct PlainValue<'a, T: ?Sized>(DebugValue<'a, T>);

/// The second choice.
#[derive(Debug)]
pub struct DebugValue<'a, T: ?Sized>(OpaqueValue<'a, T>);

/// The last choice.
#[derive(Debug)]
pub struct OpaqueValue<'a, T: ?Sized>(&'a T);

impl<'a, T: ?Sized> PlainValue<'a, T> {
    /// Looks at a value without touching it.
    pub fn new(value: &'a T) -> Self {
        Self(DebugValue(OpaqueValue(value)))
    }
}

impl<T: PlainText + ?Sized> PlainValue<'_, T> {
    /// The value as it is, control characters escaped.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let mut text = String::new();
        self.0.0.0.write_plain(&mut text).ok()?;
        Some(text)
    }
}

impl<T: Debug + ?Sized> DebugValue<'_, T> {
    /// The value's `Debug` form; `None` if that panics.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let value = self.0.0;
        panic::catch_unwind(AssertUnwindSafe(|| format!("{value:?}"))).ok().map(|text| escaped(&text))
    }
}

impl<T: ?Sized> OpaqueValue<'_, T> {
    /// Nothing: the type has no form that can be shown.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        None
    }
}

impl<'a, T: ?Sized> Deref for PlainValue<'a, T> {
    type Target = DebugValue<'a, T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'a, T: ?Sized> Deref for DebugValue<'a, T> {
    type Target = OpaqueValue<'a, T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// Types whose values are shown as they are, as pytest shows theirs.
pub trait PlainText {
    /// Writes the value.
    ///
    /// # Errors
    ///
    /// None of its own: those of `text`.
    fn write_plain(&self, text: &mut String) -> fmt::Result;
}

macro_rules! plain_by {
    ($how:literal: $($type:ty),*) => {
        $(impl PlainText for $type {
            fn write_plain(&self, text: &mut String) -> fmt::Result {
                write!(text, $how, self)
            }
        })*
    };
}

plain_by!("{}": u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, bool);
// `Debug` keeps the point of `1.0`, as Python does.
plain_by!("{:?}": f32, f64);

impl PlainText for str {
    fn write_plain(&self, text: &mut String) -> fmt::Result {
        text.push_str(&escaped(self));
        Ok(())
    }
}

impl PlainText for char {
    fn write_plain(&self, text: &mut String) -> fmt::Result {
        self.encode_utf8(&mut [0; 4]).write_plain(text)
    }
}

impl PlainText for Path {
    fn write_plain(&self, text: &mut String) -> fmt::Result {
        self.display().to_string().write_plain(text)
    }
}

macro_rules! plain_as_its_target {
    ($([$($parameter:tt)*] $type:ty;)*) => {
        $(impl<$($parameter)*> PlainText for $type {
            fn write_plain(&self, text: &mut String) -> fmt::Result {
                (**self).write_plain(text)
            }
        })*
    };
}

plain_as_its_target! {
    [] String;
    [] PathBuf;
    [] Cow<'_, str>;
    [T: PlainText + ?Sized] &T;
    [T: PlainText + ?Sized] &mut T;
    [T: PlainText + ?Sized] Box<T>;
    [T: PlainText + ?Sized] Rc<T>;
    [T: PlainText + ?Sized] Arc<T>;
}

/// Control characters as `\n`, `\t`, `\r`, `\x00`; everything else as it is.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => escaped.push_str("\\n"),
            '\t' => escaped.push_str("\\t"),
            '\r' => escaped.push_str("\\r"),
            control if control.is_ascii_control() => {
                let _ = write!(escaped, "\\x{:02x}", u32::from(control));
            }
            control if control.is_control() => {
                let _ = write!(escaped, "\\u{{{:x}}}", u32::from(control));
            }
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Opaque;

    #[derive(Debug)]
    #[expect(dead_code, reason = "shown by Debug")]
    struct Point {
        x: i32,
    }

    struct Panics;

    impl Debug for Panics {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("no form today")
        }
    }

    fn generic<T: Debug>(value: &T) -> Option<String> {
        PlainValue::new(value).text()
    }

    #[test]
    fn values_are_shown_as_pytest_does() {
        assert_eq!(PlainValue::new(&982_451_653_u64).text().as_deref(), Some("982451653"));
        assert_eq!(PlainValue::new(&-1_i8).text().as_deref(), Some("-1"));
        assert_eq!(PlainValue::new(&true).text().as_deref(), Some("true"));
        assert_eq!(PlainValue::new(&1.0_f64).text().as_deref(), Some("1.0"));
        assert_eq!(PlainValue::new(&'x').text().as_deref(), Some("x"));
        assert_eq!(PlainValue::new(&"a \"b\"").text().as_deref(), Some("a \"b\""));
        assert_eq!(PlainValue::new(&String::from("ä 🦀")).text().as_deref(), Some("ä 🦀"));
        assert_eq!(PlainValue::new(&Cow::Borrowed("cow")).text().as_deref(), Some("cow"));
        assert_eq!(PlainValue::new(&Path::new("a/b")).text().as_deref(), Some("a/b"));
        assert_eq!(PlainValue::new(&Some(1)).text().as_deref(), Some("Some(1)"));
        assert_eq!(PlainValue::new(&Point { x: 1 }).text().as_deref(), Some("Point { x: 1 }"));
        assert_eq!(PlainValue::new(&Opaque).text(), None);
        assert_eq!(PlainValue::new(&Panics).text(), None);
        assert_eq!(generic(&"by Debug").as_deref(), Some("\"by Debug\""));
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            PlainValue::new(&"a\nb\tc\0d\u{1b}[31m\u{85}").text().as_deref(),
            Some("a\\nb\\tc\\x00d\\x1b[31m\\u{85}")
        );
    }
}

//! How a test's parameter is shown in its variant.

use std::borrow::Cow;
use std::fmt::{self, Debug, Display, Write as _};
use std::ops::Deref;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// A value to show: bare if its type is one that pytest shows bare, else by `Debug`, else not at all.
///
/// Which of the three it is, is found out at compile time, also for types that are no `Debug`: the compiler takes the
/// method of the first of the three types, each dereferencing to the next, whose bounds hold.
#[derive(Debug)]
pub struct Shown<'a, T: ?Sized>(ByDebug<'a, T>);

/// The second choice.
#[derive(Debug)]
pub struct ByDebug<'a, T: ?Sized>(Hidden<'a, T>);

/// The last choice.
#[derive(Debug)]
pub struct Hidden<'a, T: ?Sized>(&'a T);

impl<'a, T: ?Sized> Shown<'a, T> {
    /// Looks at a value without touching it.
    pub fn new(value: &'a T) -> Self {
        Self(ByDebug(Hidden(value)))
    }
}

impl<T: Bare + ?Sized> Shown<'_, T> {
    /// The value as it is, control characters escaped.
    #[must_use]
    pub fn shown(&self) -> Option<String> {
        let mut text = String::new();
        self.0.0.0.write_bare(&mut text).ok()?;
        Some(text)
    }
}

impl<T: Debug + ?Sized> ByDebug<'_, T> {
    /// The value's `Debug` form; `None` if that panics.
    #[must_use]
    pub fn shown(&self) -> Option<String> {
        let value = self.0.0;
        panic::catch_unwind(AssertUnwindSafe(|| format!("{value:?}"))).ok().map(|text| escaped(&text))
    }
}

impl<T: ?Sized> Hidden<'_, T> {
    /// Nothing: the type has no form that can be shown.
    #[must_use]
    pub fn shown(&self) -> Option<String> {
        None
    }
}

impl<'a, T: ?Sized> Deref for Shown<'a, T> {
    type Target = ByDebug<'a, T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'a, T: ?Sized> Deref for ByDebug<'a, T> {
    type Target = Hidden<'a, T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// Types that are shown bare, as pytest shows theirs.
pub trait Bare {
    /// Writes the value.
    ///
    /// # Errors
    ///
    /// None of its own: those of `text`.
    fn write_bare(&self, text: &mut String) -> fmt::Result;
}

macro_rules! bare_by {
    ($how:literal: $($type:ty),*) => {
        $(impl Bare for $type {
            fn write_bare(&self, text: &mut String) -> fmt::Result {
                write!(text, $how, self)
            }
        })*
    };
}

bare_by!("{}": u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, bool);
// `Debug` keeps the point of `1.0`, as Python does.
bare_by!("{:?}": f32, f64);

impl Bare for str {
    fn write_bare(&self, text: &mut String) -> fmt::Result {
        text.push_str(&escaped(self));
        Ok(())
    }
}

impl Bare for char {
    fn write_bare(&self, text: &mut String) -> fmt::Result {
        self.encode_utf8(&mut [0; 4]).write_bare(text)
    }
}

macro_rules! bare_as_its_target {
    ($($type:ty),*) => {
        $(impl<T: Bare + ?Sized> Bare for $type {
            fn write_bare(&self, text: &mut String) -> fmt::Result {
                (**self).write_bare(text)
            }
        })*
    };
}

bare_as_its_target!(&T, &mut T, Box<T>, Rc<T>, Arc<T>);

impl Bare for String {
    fn write_bare(&self, text: &mut String) -> fmt::Result {
        self.as_str().write_bare(text)
    }
}

impl Bare for Cow<'_, str> {
    fn write_bare(&self, text: &mut String) -> fmt::Result {
        (**self).write_bare(text)
    }
}

macro_rules! bare_by_display {
    ($($type:ty),*) => {
        $(impl Bare for $type {
            fn write_bare(&self, text: &mut String) -> fmt::Result {
                display(&self.display(), text)
            }
        })*
    };
}

bare_by_display!(Path, PathBuf);

fn display(value: &dyn Display, text: &mut String) -> fmt::Result {
    value.to_string().write_bare(text)
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
        Shown::new(value).shown()
    }

    #[test]
    fn values_are_shown_as_pytest_does() {
        assert_eq!(Shown::new(&982_451_653_u64).shown().as_deref(), Some("982451653"));
        assert_eq!(Shown::new(&-1_i8).shown().as_deref(), Some("-1"));
        assert_eq!(Shown::new(&true).shown().as_deref(), Some("true"));
        assert_eq!(Shown::new(&1.0_f64).shown().as_deref(), Some("1.0"));
        assert_eq!(Shown::new(&'x').shown().as_deref(), Some("x"));
        assert_eq!(Shown::new(&"a \"b\"").shown().as_deref(), Some("a \"b\""));
        assert_eq!(Shown::new(&String::from("ä 🦀")).shown().as_deref(), Some("ä 🦀"));
        assert_eq!(Shown::new(&Cow::Borrowed("cow")).shown().as_deref(), Some("cow"));
        assert_eq!(Shown::new(&Path::new("a/b")).shown().as_deref(), Some("a/b"));
        assert_eq!(Shown::new(&Some(1)).shown().as_deref(), Some("Some(1)"));
        assert_eq!(Shown::new(&Point { x: 1 }).shown().as_deref(), Some("Point { x: 1 }"));
        assert_eq!(Shown::new(&Opaque).shown(), None);
        assert_eq!(Shown::new(&Panics).shown(), None);
        assert_eq!(generic(&"by Debug").as_deref(), Some("\"by Debug\""));
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            Shown::new(&"a\nb\tc\0d\u{1b}[31m\u{85}").shown().as_deref(),
            Some("a\\nb\\tc\\x00d\\x1b[31m\\u{85}")
        );
    }
}

//! What a test's return value means, as far as its type is known.

use std::marker::PhantomData;
use std::ops::Deref;
use std::process::ExitCode;

/// A return type. Its methods are those of [`Known`] types, else those of [`Unknown`] ones: the compiler takes the first
/// whose bounds hold.
#[derive(Debug)]
pub struct Returned<T>(Unknown<T>);

/// A return type of which nothing is known.
#[derive(Debug)]
pub struct Unknown<T>(PhantomData<fn() -> T>);

/// A return type with a value that means success.
pub trait Known {
    /// That value.
    fn success() -> Self;
    /// Whether a value fails the test.
    fn is_failure(&self) -> bool;
}

impl<T> Returned<T> {
    /// Of the type `T`.
    #[expect(clippy::new_without_default, reason = "only expansions make one")]
    #[must_use]
    pub fn new() -> Self {
        Self(Unknown(PhantomData))
    }
}

impl<T: Known> Returned<T> {
    /// What to return for a body that passed elsewhere.
    #[must_use]
    pub fn success(&self) -> Option<T> {
        Some(T::success())
    }

    /// Whether `value` fails the test.
    pub fn is_failure(&self, value: &T) -> bool {
        value.is_failure()
    }
}

impl<T> Unknown<T> {
    /// Not known.
    #[must_use]
    pub fn success(&self) -> Option<T> {
        None
    }

    /// Not known, so no.
    pub fn is_failure(&self, _value: &T) -> bool {
        false
    }
}

impl<T> Deref for Returned<T> {
    type Target = Unknown<T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Known for () {
    fn success() -> Self {}

    fn is_failure(&self) -> bool {
        false
    }
}

impl Known for ExitCode {
    fn success() -> Self {
        Self::SUCCESS
    }

    fn is_failure(&self) -> bool {
        *self != Self::SUCCESS
    }
}

impl<T: Known, E> Known for Result<T, E> {
    fn success() -> Self {
        Ok(T::success())
    }

    fn is_failure(&self) -> bool {
        self.as_ref().map_or(true, Known::is_failure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Own;

    #[test]
    fn known_types_know_success_and_others_do_not() {
        assert_eq!(Returned::<Result<(), Own>>::new().success(), Some(Ok(())));
        assert!(Returned::<Result<(), Own>>::new().is_failure(&Err(Own)));
        assert!(!Returned::<Result<(), Own>>::new().is_failure(&Ok(())));
        assert!(Returned::<ExitCode>::new().is_failure(&ExitCode::FAILURE));
        assert!(Returned::<Own>::new().success().is_none());
        assert!(!Returned::<Own>::new().is_failure(&Own));
    }
}

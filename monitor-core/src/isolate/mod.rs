//! Isolation: a test's body runs in a process of its own, the same test binary asked for exactly that test.
//!
//! The child measures and records; the parent passes on its output and how it ended.

mod child;
mod parent;
mod wire;

pub(crate) use child::Child;
pub(crate) use parent::{End, run};
pub(crate) use wire::{inherited_session, is_isolated};

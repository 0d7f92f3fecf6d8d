//! What expansions of `#[monitored]` call. Not public API: it changes with the macro, and is reached only under a name
//! with the version of both (`build.rs`).

// Expansions name nothing by the user's own crates: a `#![no_std]` crate has no `std` there.
pub use ::core;
pub use std::vec::Vec;

pub use crate::bracket::{
    Body, Known, Returned, Test, Unknown, begin, enter, enter_here, enter_returning, expect_panic, skipped,
};
pub use crate::item::{Budgets, Item, Parameter, ShouldPanic, case_module};
pub use crate::record::parameter::{DebugValue, OpaqueValue, PlainText, PlainValue};

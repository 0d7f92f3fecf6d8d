//! The measuring scope: which threads belong to a test, and what they allocate and consume.
//!
//! A [`Tree`] is a test's threads. Each has a [`ThreadRecord`] that counts its allocations while the thread's
//! [`current`] pointer leads to it, and that threads born on it inherit through `sys::threads`.

#![cfg_attr(not(wraps_pthread_create), allow(dead_code, reason = "threads join at their birth only where it is seen"))]

pub(crate) mod current;
mod pool;
mod record;
#[cfg(test)]
mod tests;
mod totals;
mod tree;

pub(crate) use record::ThreadRecord;
pub(crate) use totals::Totals;
pub(crate) use tree::{HeapMark, Tree};

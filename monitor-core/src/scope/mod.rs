//! The measuring scope: which threads belong to it, and what they allocate and consume. It knows nothing of tests.
//!
//! A [`Tree`] is the threads of one scope. Each has a [`ThreadRecord`] that counts its allocations while the thread's
//! [`current`] pointer leads to it, and that threads born on it inherit through `sys::threads`.
//!
//! From below: `ledger` (counts of memory) and `life` (how far a thread is) are parts of a record; `tree` links records;
//! `waiting` and `closing` end a tree; `current` says which record counts for a thread, and `births` gives new threads theirs.

#![cfg_attr(not(wraps_pthread_create), allow(dead_code, reason = "threads join at their birth only where it is seen"))]

mod births;
mod closing;
pub(crate) mod current;
mod ledger;
mod life;
mod pool;
#[cfg(test)]
mod tests;
mod totals;
mod tree;
mod waiting;

pub(crate) use ledger::{HeapMark, Height};
pub(crate) use totals::Totals;
pub(crate) use tree::{ThreadRecord, Tree};

//! Tests whose instructions are counted, each in a process of its own under valgrind's callgrind.
//!
//! `cargo monitor test --instructions` makes itself the runner of the test binaries (cargo's setting `target.<triple>.runner`).
//! [`runner`] runs a binary first as cargo asks, with nothing recorded, and learns which of its tests have the attribute; then
//! it runs those again, one after another, under callgrind: each records itself, and what its functions cost is added.

mod inlined;
mod names;
mod one;
mod run;
mod runner;
mod valgrind;

pub(crate) use self::names::{INLINED, KEEP, ONLY, kept};
pub(crate) use self::run::Run;
pub(crate) use self::runner::{SUBCOMMAND, run};

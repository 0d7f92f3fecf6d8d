//! Facts about where the tests run: machine, toolchain, runner, revision, CI. None of them is about a single test.

mod binary;
mod ci;
mod context;
mod process;
mod runner;
mod scm;
mod session;

pub use context::Build;
pub(crate) use context::{BUILD, context, machine_key};
pub(crate) use process::{ProcessIdentity, process_h, process_identity};
pub(crate) use runner::{Runner, RunnerKind, runner};
pub(crate) use session::session_row;

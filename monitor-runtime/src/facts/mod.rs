//! Facts about where the tests run: machine, toolchain, runner, revision, CI. None of them is about a single test.

mod ci;
mod context;
mod process;
mod runner;
mod scm;
mod session;

pub(crate) use context::{context, machine_key};
pub(crate) use process::{ProcessIdentity, process_identity};
pub(crate) use runner::{Runner, runner};
pub(crate) use session::session_row;

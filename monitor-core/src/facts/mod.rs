//! Facts about where the tests run: machine, toolchain, runner, revision, CI. None of them is about a single test.

mod binary;
mod build;
mod ci;
mod context;
mod emulator;
mod git_files;
mod invocation;
mod process;
mod program;
mod pull_request;
mod runner;
mod scm;
mod session;

pub use build::Build;
pub(crate) use context::{context, machine_key};
pub use invocation::MONITORED;
pub(crate) use invocation::{Invocation, RunnerKind};
pub use process::process_h;
pub(crate) use process::{ProcessIdentity, process_identity};
pub use program::without_hash;
pub(crate) use runner::{Runner, place, runner};
pub(crate) use session::session_row;

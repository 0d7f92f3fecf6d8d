//! Tests measured from outside, as processes, since they do not have the attribute.
//!
//! `cargo monitor nextest` makes itself the runner of the test binaries (cargo's setting `target.<triple>.runner`). For
//! each test, [`runner`] starts the binary, waits, and appends what the process cost to a log, unless the test has the
//! attribute after all; afterwards `record` writes a row for each line. `setting` finds the runner that the user has
//! configured, which is then run by ours: `chain`.

mod chain;
mod log;
mod record;
mod run;
mod runner;
mod setting;
mod stand_in;

pub(crate) use self::chain::Chain;
pub(crate) use self::record::record;
pub(crate) use self::run::{Run, log};
pub(crate) use self::runner::{Ran, SUBCOMMAND, run, test_name};
pub(crate) use self::setting::Setting;
pub(crate) use self::stand_in::as_runner;

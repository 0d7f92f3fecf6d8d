//! What a measured test becomes: rows of the store, written by the one recorder of the process.

pub(crate) mod clock;
mod contained;
pub(crate) mod parameter;
pub(crate) mod recorder;
mod restarted;
pub(crate) mod rows;
pub(crate) mod siblings;
mod variant;

//! What a test costs: one measurement, what our own measuring adds to it, and who else was at work meanwhile.

pub(crate) mod instructions;
pub(crate) mod measurement;
pub(crate) mod neighbours;
pub(crate) mod overhead;
pub(crate) mod panics;

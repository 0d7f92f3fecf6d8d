//! What becomes of sessions once they are there.

mod idle;

pub use idle::close_idle;

//! What becomes of sessions once they are there.

mod figures;
mod idle;
mod source;

pub use idle::close_idle;
pub use source::Project;

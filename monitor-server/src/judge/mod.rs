//! What becomes of sessions once they are there, and what their costs mean, said by the same code as `cargo monitor gate`.
//!
//! [`Project`] is what `monitor-report` asks of the rows, [`baseline`](mod@baseline) what a session is judged against.

pub mod baseline;
pub mod findings;
pub mod first;
pub mod flaky;
mod idle;
pub mod sides;
mod source;
mod verdict;

pub use first::look_everywhere;
pub use idle::close_idle;
pub use source::Project;
pub use verdict::Verdicts;

//! The brackets around a test and its body: they open the scope, measure, learn the outcome and record.

mod body_bracket;
mod budget;
mod entry;
pub(crate) mod listed;
mod process_end;
mod returned;
mod test_bracket;
mod unseen_bodies;

pub use entry::{Body, Test, begin, enter, enter_here, enter_returning, expect_panic, skipped};
pub use returned::{Known, Returned, Unknown};

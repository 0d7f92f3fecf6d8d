//! From the body of a request to rows in the database.

pub mod batch;
pub mod body;
mod queue;
mod session;

pub use queue::Queue;
pub use session::sessions;

//! From the body of a request to rows in the database.

mod arrivals;
pub mod batch;
pub mod body;
mod queue;
mod session;

pub use arrivals::Arrivals;
pub use queue::Queue;
pub use session::sessions;

//! What operators look at: health, numbers, logs.

mod counters;
mod health;
pub mod log;

pub use counters::Counters;
pub use health::{healthz, metrics, readyz};

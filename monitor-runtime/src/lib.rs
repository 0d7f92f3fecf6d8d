//! What a test binary links: measuring scopes, the counting allocator, the session and the recorder.

pub use monitor_macros::monitored;

mod parameter;
mod variant;

#[doc(hidden)]
pub mod __private;

//! Who may do what, and how much.

mod check;
pub(crate) mod cookie;
mod gate;
pub(crate) mod login;
pub mod secret;

pub use check::check;
pub use gate::Gate;

//! Who may do what, and how much.

mod check;
pub(crate) mod cookie;
mod encrypted;
mod gate;
pub(crate) mod login;
pub mod secret;

pub use check::check;
pub use encrypted::{Encrypted, is_encrypted};
pub use gate::Gate;

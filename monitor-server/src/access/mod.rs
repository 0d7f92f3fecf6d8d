//! Who may do what, and how much.

mod check;
pub mod cookie;
mod encrypted;
mod gate;
pub mod login;
pub mod secret;

pub use check::check;
pub use encrypted::{Encrypted, is_encrypted};
pub use gate::Gate;

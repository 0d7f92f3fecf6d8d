//! Other programs are told what sessions changed: by messages that wait in the database until they are delivered.

mod deliver;
mod message;

pub use deliver::deliver;
pub use message::{Webhook, about, signature};

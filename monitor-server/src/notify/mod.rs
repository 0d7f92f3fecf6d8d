//! Webhooks: messages about sessions that changed something. They wait in the database until they are delivered.

mod deliver;
mod message;

pub use deliver::deliver;
pub use message::{Webhook, about, signature};

//! Rows on their way into the file: written beside it by processes that cannot open it or need not, and imported by whoever
//! opens it next, or is bound to.

mod file;
mod import;
mod siblings;

pub use self::file::Spool;
pub use self::import::Kept;
pub(crate) use self::import::{Imported, import, is_due};
pub(crate) use self::siblings::clear;
pub use self::siblings::{Registered, Siblings};

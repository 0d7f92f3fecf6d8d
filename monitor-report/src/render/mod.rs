//! Documents as text. The result depends on the document only.

mod csv;
mod html;
mod human;
mod json;
mod markdown;
pub mod page;

pub use csv::render as csv;
pub(crate) use csv::rows as csv_rows;
pub use human::{human, short};
pub(crate) use json::lines as json_rows;
pub use json::{render as json, text as text_of};
pub use markdown::render as markdown;

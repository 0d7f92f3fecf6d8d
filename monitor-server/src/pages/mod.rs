//! Pages for people: what `cargo monitor` shows of a file, of a project, with links between.
//!
//! Each is also there as JSON and CSV: `.json` or `.csv` behind its path.

mod compare;
mod gate;
mod links;
mod machines;
mod overview;
mod project;
mod session;
mod tests;
mod view;

pub use compare::page as compare;
pub use gate::{badge, page as gate};
pub use machines::page as machines;
pub use overview::overview;
pub use session::session;
pub use tests::{list as tests, test};

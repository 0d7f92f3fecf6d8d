//! Pages for people: what a project's tests cost.
//!
//! A page is a function from what is `Wanted` and a [`Project`](crate::judge::Project) to a `View`; [`page`] makes a
//! route of it, and HTML, JSON or CSV of the view. The state of a view is in its address, and it is all there without
//! JavaScript.

mod answer;
mod assets;
mod capacity;
mod compare;
mod findings;
mod flaky;
pub(crate) mod links;
mod machines;
mod overview;
mod pipelines;
mod session;
mod sessions;
mod test_history;
mod test_list;
mod top;
mod verdict;
mod view;
mod wanted;

pub use answer::{failed, page, text};
pub use assets::{ASSETS, asset};
pub use capacity::capacity;
pub use compare::compare;
pub use findings::{decide, findings};
pub use flaky::flaky;
pub use machines::machines;
pub use overview::overview;
pub use pipelines::pipelines;
pub use session::{gate, session};
pub use sessions::sessions;
pub use test_history::test;
pub use test_list::tests;
pub use top::top;
pub use verdict::{badge, comment};
pub use wanted::{Format, Wanted};

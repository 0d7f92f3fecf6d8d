//! What valgrind's callgrind has counted: which function a test's instructions were spent in.
//!
//! [`Dump`] reads its file; [`folded`] gives what belongs to the language and the C library to who called it, [`differences`] says
//! how two dumps of one test differ. Frames above the test's body are not of interest, and wrong in the file.

mod diff;
mod difference;
mod due;
mod dump;
mod edits;
mod fold;
mod graph;
mod inlined;
mod place;
mod symbol;

pub use difference::{Change, differences, differences_of_costs};
pub use dump::{Dump, Function};
pub(crate) use edits::EDITED;
pub use edits::Edits;
pub use fold::{FunctionCost, folded, most};
pub use inlined::{Frame, Inlined, addresses};
pub use place::Place;
pub use symbol::{is_of_language, package_of};

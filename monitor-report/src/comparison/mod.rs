//! What changed between two sides: the data of `compare`, `gate`, `calibrate`, `report` and the summary of a run.
//!
//! [`Sides`] finds the sessions (`lineage` what they come from), [`Rows`] reads them, `observe` gathers the tests of both,
//! `prepare` makes series of what may be compared, [`judge()`] asks `monitor-analysis`, [`Comparison`] holds the whole.

mod causes;
mod judge;
mod lineage;
mod model;
mod observe;
mod prepare;
mod rows;
mod sides;
mod whole;

pub use causes::{cause, costs, place, place_of};
pub use judge::{judge, judge_raised};
pub use lineage::code;
pub use model::{DEFAULT_METRICS, Finding, Limits, Request, Verdicts};
pub use prepare::{History, Prepared};
pub use rows::Rows;
pub use sides::Sides;
pub use whole::{Comparison, PARTIAL_SHARE, prepare};

//! Pure statistics on test costs: no I/O, no clock, numbers in and values out.
//!
//! Start with [`run::judge_run`] (one run against the history of its tests), [`samples::compare`] (N runs against N)
//! and [`dependencies::diff`]; [`verdict::Judgement`] is what comparisons answer. [`constants`] holds every constant with its
//! source. Values are `f64` in the base unit of their [`metric::Metric`]: seconds, bytes, counts.
#![forbid(unsafe_code)]

pub mod calibration;
pub mod capacity;
pub mod change_points;
pub mod chart;
mod common_factor;
pub mod constants;
pub mod dependencies;
pub mod exact;
pub mod history;
pub mod metric;
pub mod pelt;
pub mod quantity;
mod ranks;
pub mod run;
pub mod samples;
pub mod sanitise;
pub mod significance;
pub mod summary;
pub mod tail;
pub mod verdict;
mod window;

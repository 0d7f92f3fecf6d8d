//! Pure statistics on test costs: no I/O, no clock, numbers in and values out.
//!
//! Start with [`judge::Judge`] (one run, or a few, against the history of its tests), [`samples::compare`] (N runs
//! against N), [`change_points::change_points`] and [`dependencies::diff`]; [`verdict::Judgement`] is what comparisons
//! answer. [`constants`] holds every constant with its source. Values are `f64` in the base unit of their
//! [`metric::Metric`]: seconds, bytes, counts.
#![forbid(unsafe_code)]

pub mod bisection;
pub mod callgrind;
pub mod capacity;
pub mod change_points;
pub mod chart;
pub mod columns;
pub mod constants;
mod counted;
mod critical;
pub mod dependencies;
pub mod exact;
mod factor;
pub mod gate;
pub mod heap_sites;
pub mod judge;
mod look;
mod median;
pub mod metric;
mod noise;
mod outliers;
mod pair;
pub mod parallel;
mod principal;
pub mod quantity;
pub mod samples;
pub mod sanitise;
mod scores;
pub mod series;
pub mod significance;
mod spikes;
pub mod summary;
pub mod tail;
pub mod thresholds;
pub mod verdict;

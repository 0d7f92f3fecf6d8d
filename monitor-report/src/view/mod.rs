//! Answers as documents and pages: facts and tables, each value with its unit.

pub mod capacity;
pub mod compare;
pub mod explanation;
pub mod gate;
mod histories;
pub mod history;
pub mod report;
pub mod sessions;
pub mod show;
pub mod subject;
pub mod summary;
pub mod top;

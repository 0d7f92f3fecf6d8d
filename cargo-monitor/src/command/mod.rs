//! The commands: each finds out what it was asked for and returns it as a document.

pub mod accept;
pub mod bisect;
pub mod calibrate;
pub mod capacity;
pub mod compare;
pub mod completions;
pub mod doctor;
pub mod explain;
pub mod export;
pub mod gate;
pub mod history;
pub mod import;
pub mod init;
pub mod merge;
pub mod plot;
pub mod prune;
pub mod pull;
pub mod push;
pub mod report;
pub mod sessions;
pub mod show;
pub mod test;
pub mod top;

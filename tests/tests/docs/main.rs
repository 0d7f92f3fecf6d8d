//! The documentation is true: its code compiles, its commands run, its lists are complete, its links lead somewhere.
#![forbid(unsafe_code)]

mod commands;
mod examples;
mod links;
mod lists;
mod methods;
mod pictures;
mod recipes;
mod reference;
mod session;
mod workflows;

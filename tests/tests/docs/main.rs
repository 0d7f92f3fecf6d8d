//! The documentation is true: its code compiles, its commands run, its lists are complete, its links lead somewhere.
#![forbid(unsafe_code)]

mod alike;
mod commands;
mod counted;
mod examples;
mod links;
mod lists;
mod methods;
mod pictures;
mod process;
mod programs;
mod recipes;
mod reference;
mod session;
mod workflows;

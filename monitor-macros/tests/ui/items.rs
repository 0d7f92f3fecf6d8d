//! Items that are no functions.

use monitor_macros::monitored;

#[monitored]
struct Structure; // mistake

#[monitored]
impl Structure { // mistake
    fn method(&self) {}
}

#[monitored]
const CONSTANT: u8 = 1; // mistake

trait Trait {
    #[monitored]
    fn without_a_body(); // mistake
}

impl Trait for Structure {
    fn without_a_body() {}
}

#[monitored]
use std::fmt::Debug; // mistake

fn main() {
    Structure.method();
    Structure::without_a_body();
    let _: &dyn Debug = &CONSTANT;
}

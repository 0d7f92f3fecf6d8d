//! Two of them on one item.

use monitor_macros::monitored;
use rstest::rstest;

#[monitored]
#[monitored] // mistake
fn together() {}

#[monitored(component = "one")]
#[rstest]
#[monitored(component = "two")] // mistake
fn apart() {}

#[monitored]
#[monitored] // mistake
mod on_a_module {
    pub(super) fn inside() {}
}

#[monitored]
mod in_a_module {
    use super::monitored;

    #[monitored]
    #[monitored] // mistake
    pub(super) fn inside() {}
}

fn main() {
    together();
    on_a_module::inside();
    in_a_module::inside();
}

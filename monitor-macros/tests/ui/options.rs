//! Options that are unknown, repeated, or of the wrong type.

use monitor_macros::monitored;

#[monitored(max_memory = "1 MiB")] // mistake
fn unknown() {}

#[monitored(max_time = "1s", component = "one", max_time = "2s")] // mistake
fn repeated() {}

#[monitored(no_leak, no_leak)] // mistake
fn repeated_flag() {}

#[monitored("checkout")] // mistake
fn without_a_name() {}

#[monitored(no_leak isolate)] // mistake
fn without_a_comma() {}

#[monitored(max_time("1s"))] // mistake
fn in_brackets() {}

#[monitored(component::name = "one")] // mistake
fn a_path() {}

#[monitored(component =)] // mistake
fn without_a_value() {}

#[monitored(skip = true)] // mistake
fn skip_with_a_value() {}

#[monitored(skip_if)] // mistake
fn skip_if_without_a_condition() {}

#[monitored(skip_if = "windows")] // mistake
fn skip_if_with_a_text() {}

#[monitored(when = 1)] // mistake
fn when_with_a_number() {}

#[monitored(component = checkout)] // mistake
fn component_with_a_name() {}

#[monitored(component)] // mistake
fn component_without_a_value() {}

#[monitored(max_allocations = "many")] // mistake
fn max_allocations_with_a_text() {}

#[monitored(max_allocations = -1)] // mistake
fn max_allocations_below_zero() {}

#[monitored(max_allocations = 1.5)] // mistake
fn max_allocations_with_a_fraction() {}

#[monitored(max_allocations = 1u8)] // mistake
fn max_allocations_with_a_type() {}

#[monitored(max_allocations = 99_999_999_999_999_999_999)] // mistake
fn max_allocations_too_large() {}

#[monitored(no_leak = 1)] // mistake
fn no_leak_with_a_number() {}

#[monitored(isolate = "always")] // mistake
fn isolate_with_a_text() {}

#[monitored(crate = "renamed")] // mistake
fn crate_with_a_text() {}

#[monitored(crate)] // mistake
fn crate_without_a_path() {}

fn main() {
    unknown();
    repeated();
    repeated_flag();
    without_a_name();
    without_a_comma();
    in_brackets();
    a_path();
    without_a_value();
    skip_with_a_value();
    skip_if_without_a_condition();
    skip_if_with_a_text();
    when_with_a_number();
    component_with_a_name();
    component_without_a_value();
    max_allocations_with_a_text();
    max_allocations_below_zero();
    max_allocations_with_a_fraction();
    max_allocations_with_a_type();
    max_allocations_too_large();
    no_leak_with_a_number();
    isolate_with_a_text();
    crate_with_a_text();
    crate_without_a_path();
}

//! Budgets without a unit, or with one that does not measure this.

use monitor_macros::monitored;

#[monitored(max_time = 250)] // mistake
fn time_as_a_number() {}

#[monitored(max_time = "250")] // mistake
fn time_without_a_unit() {}

#[monitored(max_time = "ms")] // mistake
fn time_without_a_number() {}

#[monitored(max_time = "fast")] // mistake
fn time_as_a_word() {}

#[monitored(max_time = "-1s")] // mistake
fn time_below_zero() {}

#[monitored(max_time = "1 MiB")] // mistake
fn time_as_a_size() {}

#[monitored(max_time = "999999999999 min")] // mistake
fn time_too_long() {}

#[monitored(max_cpu = "5 hours")] // mistake
fn cpu_in_hours() {}

#[monitored(max_cpu)] // mistake
fn cpu_without_a_value() {}

#[monitored(max_heap = "16")] // mistake
fn heap_without_a_unit() {}

#[monitored(max_heap = "16 mb")] // mistake
fn heap_in_lower_case() {}

#[monitored(max_heap = 16)] // mistake
fn heap_as_a_number() {}

#[monitored(max_heap = "1s")] // mistake
fn heap_as_a_time() {}

#[monitored(max_heap = "1.2.3 MiB")] // mistake
fn heap_with_two_points() {}

fn main() {
    time_as_a_number();
    time_without_a_unit();
    time_without_a_number();
    time_as_a_word();
    time_below_zero();
    time_as_a_size();
    time_too_long();
    cpu_in_hours();
    cpu_without_a_value();
    heap_without_a_unit();
    heap_in_lower_case();
    heap_as_a_number();
    heap_as_a_time();
    heap_with_two_points();
}

//! Options that exclude each other.

use monitor_macros::monitored;

#[monitored(skip, skip_if = cfg!(windows))] // mistake
fn skip_and_skip_if() {}

#[monitored(when = true, skip)] // mistake
fn when_and_skip() {}

#[monitored(skip_if = false, max_time = "1s", when = true)] // mistake
fn skip_if_and_when() {}

fn main() {
    skip_and_skip_if();
    when_and_skip();
    skip_if_and_when();
}

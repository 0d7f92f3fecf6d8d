//! Functions that are no tests. `main` uses each: it is there although its attribute is refused.

use monitor_macros::monitored;

#[monitored]
fn generic<T: Default>() -> T { // mistake
    T::default()
}

#[monitored]
fn constant_generic<const N: usize>() -> usize { // mistake
    N
}

#[monitored]
const fn constant() -> u8 { // mistake
    1
}

#[monitored]
unsafe fn not_safe() {} // mistake

#[monitored]
extern "C" fn of_c() {} // mistake

#[monitored]
fn with_arguments(number: u8) -> u8 { // mistake
    number
}

struct Own;

impl Own {
    #[monitored]
    fn method(&self) {} // mistake

    #[monitored]
    fn consuming(self) {} // mistake

    #[monitored]
    fn with_a_typed_self(self: &Self) {} // mistake
}

fn main() {
    const ONE: u8 = constant();
    let _: u8 = generic::<u8>() + ONE + with_arguments(1);
    assert_eq!(constant_generic::<1>(), 1);
    unsafe { not_safe() };
    of_c();
    Own.method();
    Own.with_a_typed_self();
    Own.consuming();
}

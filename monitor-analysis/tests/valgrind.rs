//! What callgrind has written of a real test, before and after a function calls another twice instead of once. Only the paths
//! were changed.
#![forbid(unsafe_code)]

use monitor_analysis::callgrind::{Dump, differences, folded};

const BEFORE: &str = include_str!("valgrind/power.callgrind");
const AFTER: &str = include_str!("valgrind/power-twice.callgrind");

#[test]
fn the_costs_of_a_dump_add_up() {
    for (text, total) in [(BEFORE, 54_599), (AFTER, 103_535)] {
        let dump = Dump::parse(text);
        assert_eq!(dump.total, total);
        let sum: u64 = folded(&dump).iter().map(|cost| cost.own).sum();
        assert!(sum.abs_diff(total) <= 20, "but for rounding: {sum}");
    }
}

#[test]
fn functions_of_the_language_count_for_their_callers() {
    let costs = folded(&Dump::parse(BEFORE));
    assert_eq!(costs[0].name, "primes_demo::miller_rabin::multiply_modulo");
    assert_eq!((costs[0].package.as_str(), costs[0].file.ends_with("/src/miller_rabin.rs")), ("", true));
    let powers = costs.iter().find(|cost| cost.name.ends_with("::power_modulo")).expect("it is called");
    assert_eq!(powers.calls, 12, "once for each base");
    assert!(!costs.iter().any(|cost| cost.name.starts_with("core::")), "{costs:#?}");
}

#[test]
fn a_change_is_due_to_who_calls_more_often() {
    let changes = differences(&Dump::parse(BEFORE), &Dump::parse(AFTER));
    assert_eq!(changes[0].function().name, "primes_demo::miller_rabin::is_prime::{{closure}}");
    let due: i64 = changes.iter().map(|change| change.due).sum();
    assert!((due - (103_535 - 54_599)).abs() <= 20, "all of it is due to somebody: {due}");
    assert!(changes[0].due * 10 > due * 9, "{changes:#?}");
    let dearest = changes.iter().max_by_key(|change| change.difference()).expect("there are changes");
    assert_eq!(dearest.function().name, "primes_demo::miller_rabin::multiply_modulo");
}

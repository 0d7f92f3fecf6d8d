//! The targets of the methods, on fewer series than `cargo bench -p monitor-analysis --bench methods` takes. No clock and
//! a seeded generator: the figures are the same on every machine.

#[path = "../benches/methods/changes.rs"]
mod changes;
#[path = "../benches/methods/exactly.rs"]
mod exactly;
#[path = "../benches/methods/families.rs"]
mod families;
#[path = "../benches/methods/gate.rs"]
mod gate;
#[path = "../benches/methods/repeats.rs"]
mod repeats;

use families::Family;

#[test]
fn exact_metrics_raise_no_alarm_and_miss_nothing() {
    assert_eq!(exactly::alarms(1000), 0);
    assert!(exactly::one_allocation_is_seen());
}

#[test]
fn flat_histories_show_no_change() {
    for family in Family::ALL {
        let share = changes::false_changes(family, 300, 11);
        assert!(share <= 0.03, "{}: {share}", family.name());
    }
}

#[test]
fn steps_of_a_tenth_are_found() {
    for family in Family::ALL {
        let f1 = changes::f1_of_steps(family, 0.1, 100, 12);
        assert!(f1 >= 0.94, "{}: {f1}", family.name());
    }
}

#[test]
fn ten_runs_against_ten_find_a_tenth() {
    for family in Family::ALL {
        let (significant, reported) = repeats::found(family, 10, 1.1, 1000, 13);
        assert!(significant >= 0.99 && reported >= 0.98, "{}: {significant} {reported}", family.name());
        let (_, reported) = repeats::found(family, 10, 1.0, 1000, 14);
        assert!(reported <= 0.01, "{}: {reported}", family.name());
    }
}

#[test]
fn the_gate_is_quiet_and_sees_a_doubling() {
    for family in Family::ALL.into_iter().filter(|family| *family != Family::Spikes) {
        let (alarms, found) =
            (gate::false_alarms(Some(family), 30, 15, 15), gate::power(Some(family), 30, 2.0, 15, 16));
        assert!(alarms <= 0.07 && found >= 0.9, "{}: {alarms} {found}", family.name());
    }
}

#[test]
fn a_spike_is_no_news_where_tests_spike() {
    assert!(gate::false_alarms(Some(Family::Spikes), 100, 10, 17) <= 0.1);
}

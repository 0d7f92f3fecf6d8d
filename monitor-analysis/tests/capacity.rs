//! Forecasts from recorded sessions.

use monitor_analysis::capacity::{Bound, RecordedTest, Recording, Runner, Workload, bounds, cheapest};

/// Tests of `(binary, wall, usage, MiB)` as one worker records them, with what the runner adds to each.
fn recorded(runner: Runner, overhead: f64, gap: f64, costs: &[(&str, f64, f64, f64)]) -> Recording {
    let mut time = 1000.0;
    let mut tests: Vec<RecordedTest> = Vec::new();
    for &(binary, wall_seconds, usage, mib) in costs {
        if tests.last().is_some_and(|last| last.binary != binary) {
            time += gap;
        }
        let (cpu_seconds, memory_bytes) = (wall_seconds * usage, mib * 1_048_576.0);
        tests.push(RecordedTest {
            binary: binary.to_owned(),
            start_seconds: time,
            wall_seconds,
            cpu_seconds,
            memory_bytes,
        });
        time += wall_seconds + overhead;
    }
    Recording { runner, workers: 1, cores: 8, process_bytes: 5.0 * 1_048_576.0, tests }
}

fn assert_near(value: f64, expected: f64, share: f64) {
    assert!((value - expected).abs() <= share * expected, "{value} is not {expected}");
}

#[test]
fn the_recording_itself_is_forecast() {
    let costs: Vec<(&str, f64, f64, f64)> =
        (0..100).map(|test| ("unit", 0.001 * f64::from(test % 7), 0.9, 1.0)).collect();
    let workload = Workload::of(recorded(Runner::Libtest, 0.0005, 0.0, &costs));
    assert_near(workload.overhead_seconds(), 0.0005, 0.02);
    assert_near(workload.forecast(1, 8).wall_seconds, 0.3444, 0.01);
}

#[test]
fn libtest_runs_one_binary_after_another() {
    let costs = [("a", 4.0, 1.0, 10.0), ("a", 1.0, 1.0, 20.0), ("b", 4.0, 1.0, 30.0), ("b", 1.0, 1.0, 40.0)];
    let libtest = Workload::of(recorded(Runner::Libtest, 0.0, 0.5, &costs)).forecast(4, 4);
    assert_near(libtest.wall_seconds, 8.5, 1e-9);
    assert_near(libtest.peak_memory_bytes, 75.0 * 1_048_576.0, 1e-9);
    let nextest = Workload::of(recorded(Runner::Nextest, 0.0, 0.0, &costs)).forecast(4, 4);
    assert_near(nextest.wall_seconds, 4.0, 1e-9);
    assert_near(nextest.peak_memory_bytes, 120.0 * 1_048_576.0, 1e-9);
}

#[test]
fn the_order_is_that_of_the_starts() {
    let mut recording =
        recorded(Runner::Nextest, 0.0, 0.0, &[("a", 1.0, 0.0, 0.0), ("a", 1.0, 0.0, 0.0), ("a", 4.0, 0.0, 0.0)]);
    let expected = Workload::of(recording.clone()).forecast(2, 1);
    assert_near(expected.wall_seconds, 5.0, 1e-9);
    recording.tests.reverse();
    assert_eq!(Workload::of(recording).forecast(2, 1), expected);
}

#[test]
fn the_cheapest_machine_has_the_fewest_cores_then_workers() {
    let computing = Workload::of(recorded(Runner::Nextest, 0.0, 0.0, &[("a", 1.0, 1.0, 100.0); 8]));
    let machine = cheapest(&computing, 2.0, None, 64).unwrap();
    assert_eq!((machine.cores, machine.workers), (4, 4));
    assert!(cheapest(&computing, 0.5, None, 64).is_none(), "no test takes less than a second");
    assert!(cheapest(&computing, 2.0, Some(300.0 * 1_048_576.0), 64).is_none(), "three at once take three seconds");

    let waiting = Workload::of(recorded(Runner::Nextest, 0.0, 0.0, &[("a", 1.0, 0.1, 100.0); 8]));
    let machine = cheapest(&waiting, 4.0, None, 64).unwrap();
    assert_eq!((machine.cores, machine.workers), (1, 2), "waiting needs no core");
}

#[test]
fn the_longest_tests_are_the_bounds() {
    let costs = [("a", 1.0, 1.0, 0.0), ("a", 3.0, 1.0, 0.0), ("b", 9.0, 1.0, 0.0), ("b", 7.0, 1.0, 0.0)];
    let libtest = bounds(&Workload::of(recorded(Runner::Libtest, 0.0, 0.0, &costs)));
    let expected = [(2, 9.0, 2.0), (1, 3.0, 2.0)];
    let expected = expected.map(|(test, wall_seconds, gain_seconds)| Bound { test, wall_seconds, gain_seconds });
    assert_eq!(libtest, expected);
    let nextest = bounds(&Workload::of(recorded(Runner::Nextest, 0.0, 0.0, &costs)));
    assert_eq!(nextest, expected[..1]);
}

#[test]
fn odd_recordings_are_survived() {
    let empty = Recording { tests: Vec::new(), ..recorded(Runner::Libtest, 0.0, 0.0, &[]) };
    assert_eq!(Workload::of(empty).forecast(0, 0).wall_seconds, 0.0);
    // Tests that overlap on what is said to be one worker, as after a clock that jumped back: no negative overhead.
    let backwards = Recording { workers: 0, ..recorded(Runner::Libtest, -1.0, 0.0, &[("a", 2.0, 1.0, 1.0); 3]) };
    assert_eq!(Workload::of(backwards).overhead_seconds(), 0.0);
}

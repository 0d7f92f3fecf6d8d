//! The gate through files and the command: what a past may hide, what may be compared, what passes.
#![forbid(unsafe_code)]

mod common;

use common::Fixture;
use common::suite::{Cost, Run, noise};
use monitor_store::{Attribution, Outcome};
use serde_json::Value;

const WALL: &[&str] = &["--metric", "wall-time"];

/// `runs` sessions of `tests` tests that take 0.2 s with two percent of noise.
fn steady(runs: u32, tests: u32) -> Vec<Run> {
    (1..=runs).map(|run| Run::of(run, (0..tests).map(|test| cost(run, test, 1.0)).collect())).collect()
}

fn cost(run: u32, test: u32, factor: f64) -> Cost {
    Cost::of(&format!("test_{test:04}"), 0.2 * factor * noise(u64::from(run) * 10_007 + u64::from(test)).exp())
}

/// The gate of the newest session; its exit code and its document.
fn gate(fixture: &Fixture, args: &[&str]) -> (i32, Value) {
    gate_on(fixture, "last:100", args)
}

fn gate_on(fixture: &Fixture, baseline: &str, args: &[&str]) -> (i32, Value) {
    let run = fixture.run(&[&["gate", "--baseline", baseline, "--format", "json"], args].concat());
    let found =
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", run.stdout, run.stderr));
    (run.code.expect("an exit code"), found)
}

/// The gate's own facts.
fn facts(found: &Value) -> &Value {
    &found["gate"]
}

fn verdict_of<'a>(found: &'a Value, table: &str, test: &str) -> Option<&'a str> {
    found[table].as_array()?.iter().find(|row| row["test"].as_str() == Some(test))?["verdict"].as_str()
}

#[test]
fn a_past_outlier_hides_no_larger_change() {
    for (past, tests) in [("slow day", 10), ("spike", 10), ("spike", 1)] {
        let mut runs = steady(40, tests);
        for cost in &mut runs[19].costs {
            if past == "slow day" || cost.test == "test_0000" {
                cost.wall *= 2.0;
            }
        }
        for (factor, expected) in [(1.0, 0), (3.0, 5), (100.0, 5)] {
            let mut head = steady(41, tests).remove(40);
            head.costs[0].wall *= factor;
            let fixture = Fixture::of_runs(&[runs.clone(), vec![head]].concat());
            let (code, found) = gate(&fixture, WALL);
            assert_eq!(code, expected, "{past}, {tests} tests, x{factor}: {found:#}");
        }
    }
}

/// Tests of microseconds, of which a machine in use takes milliseconds now and then, each time from another.
#[test]
fn what_has_hit_other_short_tests_before_fails_no_gate() {
    const SHORT: u32 = 60;
    let run_of = |run: u32| {
        let cost = |test: u32| {
            let usual = if test < SHORT { 5e-6 } else { 0.2 };
            Cost::of(&format!("test_{test:04}"), usual * (6.0 * noise(u64::from(run * 101 + test))).exp())
        };
        let mut costs: Vec<Cost> = (0..SHORT + 3).map(cost).collect();
        costs[(run * 7 % SHORT) as usize].wall += 0.004 + 0.008 * f64::from(run % 5) / 5.0;
        costs[(run * 11 % SHORT) as usize].cpu += 70e-6;
        Run::of(run, costs)
    };
    let times = ["--metric", "wall-time", "--metric", "cpu-time"];
    let past: Vec<Run> = (1..=24).map(run_of).collect();
    for (test, more, expected) in [(0, 0.0, 0), (1, 0.01, 0), (1, 0.05, 5), (SHORT, 5.0, 5)] {
        let mut head = run_of(25);
        head.costs[test as usize].wall += more;
        let (code, found) = gate(&Fixture::of_runs(&[past.clone(), vec![head]].concat()), &times);
        assert_eq!(code, expected, "{more} s more in test {test}: {found:#}");
        let hit = verdict_of(
            &found,
            if expected == 0 { "suspect" } else { "regressed" },
            &format!("demo::tests::test_{test:04}"),
        );
        assert!(hit.is_some() || more == 0.0, "{found:#}");
    }
    let mut quiet = past;
    quiet.iter_mut().flat_map(|run| &mut run.costs).for_each(|cost| {
        (cost.wall, cost.cpu) = if cost.wall < 0.1 { (5e-6, 5e-6) } else { (cost.wall, cost.cpu) };
    });
    let (code, found) = gate(&Fixture::of_runs(&[quiet, vec![run_of(25)]].concat()), &times);
    assert_eq!(code, 5, "where it has never come before, it is a finding: {found:#}");
}

#[test]
fn more_history_never_finds_less() {
    let mut found_before = false;
    for length in [5, 9, 12, 20, 40, 90] {
        let mut runs = steady(length + 1, 100);
        runs[length as usize].costs[7].wall *= 5.0;
        let (code, _) = gate(&Fixture::of_runs(&runs), WALL);
        assert!(code == 5 || !found_before, "x5 is found by fewer than {length} runs");
        found_before |= code == 5;
    }
    assert!(found_before);
}

#[test]
fn the_heads_commit_is_no_base() {
    let mut runs = steady(30, 3);
    for again in 0..2 {
        let mut head = Run::of(31 + again, (0..3).map(|test| cost(31 + again, test, 1.0)).collect());
        head.commit = "bad".into();
        head.costs[0] = head.costs[0].clone().heap(8192, 64);
        head.costs[0].wall *= 3.0;
        runs.push(head);
        let (code, found) = gate(&Fixture::of_runs(&runs), &[]);
        assert_eq!(code, 5, "measured {} times: {found:#}", again + 1);
        assert_eq!(verdict_of(&found, "regressed", "demo::tests::test_0000"), Some("regressed"));
    }
}

#[test]
fn uncommitted_changes_are_other_code_and_are_told() {
    let mut runs = steady(30, 3);
    let mut head = Run::of(31, (0..3).map(|test| cost(31, test, 1.0)).collect());
    head.commit = runs[29].commit.clone();
    head.dirty = true;
    head.costs[0] = head.costs[0].clone().heap(8192, 64);
    runs.push(head);
    let (code, found) = gate(&Fixture::of_runs(&runs), &[]);
    assert_eq!(code, 5, "{found:#}");
    let told =
        |side: &str| found["gate"][side].as_str().is_some_and(|text| text.contains(" with uncommitted changes, on"));
    assert!(told("head") && !told("base"), "{found:#}");
}

#[test]
fn one_run_cuts_nothing() {
    let mut runs = steady(51, 1);
    runs[49].costs[0].wall = 0.09;
    let (code, found) = gate(&Fixture::of_runs(&runs), &[]);
    assert_eq!(code, 0, "{found:#}");
}

#[test]
fn no_number_of_tests_changes_a_verdict() {
    for tests in [199, 205] {
        let mut runs = steady(25, tests);
        // The newest run of the base is of another kind of machine, and fails.
        runs[23].class = "other";
        runs[24].costs[0].wall *= 4.0;
        runs[24].costs[0].cpu *= 4.0;
        let (code, found) = gate(&Fixture::of_runs(&runs), &[]);
        assert_eq!(code, 5, "{tests} tests: {found:#}");
    }
}

#[test]
fn a_part_of_a_run_does_not_pass() {
    let mut runs = steady(20, 50);
    let mut head = Run::of(21, (0..20).map(|test| cost(21, test, 1.0)).collect());
    for cost in &mut head.costs[1..] {
        cost.outcome = Outcome::Failed;
    }
    runs.push(head);
    let fixture = Fixture::of_runs(&runs);
    let (code, found) = gate(&fixture, &[]);
    assert_eq!(code, 8, "{found:#}");
    assert_eq!(facts(&found)["gate"], "only a part ran");
    assert_eq!(facts(&found)["missing_tests"], "49 of 50");
    assert_eq!(found["not_compared"].as_array().map(Vec::len), Some(49), "each is named");
    assert_eq!(verdict_of(&found, "not_compared", "demo::tests::test_0049"), Some("gone"));
    assert_eq!(gate(&fixture, &["--allow-partial"]).0, 0);

    // One test less is a change like others.
    let mut one_less = steady(21, 50);
    one_less[20].costs.pop();
    assert_eq!(gate(&Fixture::of_runs(&one_less), &[]).0, 0);
}

#[test]
fn half_as_much_again_after_one_run_is_suspect_among_tests_that_scatter() {
    let run = |number: u32, factor: fn(u32) -> f64| {
        let cost = |test| Cost::of(&format!("test_{test:04}"), 0.2 * factor(test));
        Run::of(number, (0..10).map(cost).collect())
    };
    let scattered = |test| if test == 0 { 1.65 } else { 1.0 + 0.09 * f64::from(test % 3) - 0.09 };
    let (code, found) = gate(&Fixture::of_runs(&[run(1, |_| 1.0), run(2, scattered)]), WALL);
    assert_eq!(code, 6, "{found:#}");
    assert_eq!(verdict_of(&found, "suspect", "demo::tests::test_0000"), Some("suspect"), "{found:#}");
    assert_eq!(found["suspect"].as_array().map(Vec::len), Some(1), "{found:#}");
}

#[test]
fn a_test_that_seldom_moves_is_not_the_whole_run() {
    let run = |number: u32, factor: f64| {
        let mut costs: Vec<Cost> = (0..10).map(|test| cost(number, test, 1.0)).collect();
        for (cost, test) in costs.iter_mut().zip(0..) {
            cost.wall = 0.2 * (4.0 * noise(u64::from(number) * 10_007 + test)).exp();
        }
        costs[0].wall = 0.2 * factor * if number.is_multiple_of(4) { 0.86 } else { 1.0 };
        Run::of(number, costs)
    };
    let runs: Vec<Run> = (1..=60).map(|number| run(number, 1.0)).chain([run(61, 2.0)]).collect();
    let (code, found) = gate(&Fixture::of_runs(&runs), WALL);
    assert_eq!(code, 5, "{found:#}");
    assert_eq!(verdict_of(&found, "regressed", "demo::tests::test_0000"), Some("regressed"), "{found:#}");
    assert!(facts(&found)["common_wall_time_ratio"].as_f64().is_some_and(|ratio| ratio < 1.2), "{found:#}");
    assert_eq!(found["whole_run"].as_array().map(Vec::len), Some(0), "{found:#}");
}

#[test]
fn a_threshold_only_takes_away() {
    let mut runs = steady(30, 1);
    runs[29].costs[0].wall = 0.206;
    let fixture = Fixture::of_runs(&runs);
    assert_eq!(gate(&fixture, WALL).0, 0);
    assert_eq!(gate(&fixture, &["--metric", "wall-time", "--threshold", "wall-time=1%"]).0, 0);
    runs[29].costs[0].wall = 0.6;
    let fixture = Fixture::of_runs(&runs);
    assert_eq!(gate(&fixture, WALL).0, 5);
    assert_eq!(gate(&fixture, &["--metric", "wall-time", "--threshold", "wall-time=300%"]).0, 0);
}

#[test]
fn a_slow_run_is_one_finding_and_improves_nobody() {
    let mut runs = steady(30, 100);
    for cost in &mut runs[29].costs[..55] {
        cost.wall *= 1.3;
        cost.cpu *= 1.3;
    }
    let (_, found) = gate(&Fixture::of_runs(&runs), &[]);
    assert_eq!(facts(&found)["improved"], 0, "{}", facts(&found));
    assert!(facts(&found)["common_wall_time_ratio"].as_f64().is_some_and(|ratio| ratio > 1.1), "{}", facts(&found));

    let told = Fixture::of_runs(&runs).run(&["gate"]).stdout;
    assert!(told.contains("common slowdown, wall time") && !told.contains("speed-up"), "{told}");
    for cost in &mut runs[29].costs {
        cost.wall *= 0.5;
        cost.cpu *= 0.5;
    }
    let told = Fixture::of_runs(&runs).run(&["gate"]).stdout;
    assert!(told.contains("common speed-up, wall time") && !told.contains("slowdown"), "{told}");

    // A day unlike any before: no test is blamed. So slow that it may well be the code: the run is.
    for (factor, code) in [(1.5, 0), (3.0, 5)] {
        let mut runs = steady(30, 20);
        for cost in &mut runs[29].costs {
            cost.wall *= factor;
            cost.cpu *= factor;
        }
        let (found_code, found) = gate(&Fixture::of_runs(&runs), &[]);
        assert_eq!((found_code, facts(&found)["regressed"].as_u64()), (code, Some(0)), "x{factor}: {found:#}");
        let verdict = if code == 5 { "regressed" } else { "suspect" };
        for metric in ["cpu-time", "wall-time"] {
            let row = found["whole_run"].as_array().and_then(|rows| rows.iter().find(|row| row["metric"] == metric));
            assert_eq!(row.and_then(|row| row["verdict"].as_str()), Some(verdict), "x{factor}: {found:#}");
        }
        let fixture = Fixture::of_runs(&runs);
        let compared = fixture.run(&["compare"]).succeeded().stdout;
        assert!(compared.contains("The whole run") && compared.contains(verdict), "{compared}");
        let let_pass = ["--threshold", "wall-time=900%", "--threshold", "cpu-time=900%"];
        let (passed, found) = gate(&fixture, &let_pass);
        let is_told = found["whole_run"].to_string().contains("a threshold or waiver for all tests lets it pass");
        assert_eq!((passed, is_told), (0, code == 5), "{found:#}");
    }
}

#[test]
fn floors_follow_the_series() {
    // Nanoseconds, and a clock that shows 0 or 1 ms.
    for (usual, head) in [([40e-9, 41e-9], 4e-6), ([0.0, 0.001], 60.0)] {
        let mut runs = steady(30, 1);
        for (number, run) in runs.iter_mut().enumerate() {
            run.costs[0].wall = usual[usize::from(number % 4 == 3)];
        }
        runs[29].costs[0].wall = head;
        let (code, found) = gate(&Fixture::of_runs(&runs), WALL);
        assert_eq!(code, 5, "{head}: {found:#}");
        runs[29].costs[0].wall = usual[1];
        let (code, found) = gate(&Fixture::of_runs(&runs), WALL);
        assert_eq!(code, 0, "{found:#}");
    }
}

#[test]
fn too_short_a_history_passes_nothing() {
    let mut runs = steady(5, 2);
    runs[4].costs[0] = runs[4].costs[0].clone().heap(8192, 64);
    for length in [2, 5] {
        let (code, found) = gate(&Fixture::of_runs(&runs[5 - length..]), &[]);
        assert_eq!(code, 6, "{length} runs: {found:#}");
        let reason = facts(&found)["reason"].as_str().unwrap_or_default();
        assert!(reason.contains("too short to judge anything"), "{reason}");
        // What may be worse is named all the same.
        assert_eq!(
            verdict_of(&found, "suspect", "demo::tests::test_0000"),
            Some("suspect"),
            "{length} runs: {found:#}"
        );
        assert!(facts(&found)["undecided"].as_u64().is_some_and(|count| count > 0), "{found:#}");
    }
    let compared = Fixture::of_runs(&runs).run(&["compare", "latest~1", "--format", "json"]).succeeded();
    let compared: Value = serde_json::from_str(&compared.stdout).expect("JSON");
    assert!(compared["comparison"]["undecided"].as_u64().is_some_and(|count| count > 0), "{compared:#}");
    assert_eq!(verdict_of(&compared, "changes", "demo::tests::test_0000"), Some("suspect"));
}

#[test]
fn small_values_have_their_own_ratio() {
    let mut runs = steady(10, 1);
    for run in &mut runs {
        run.costs[0] = run.costs[0].clone().heap(156, 3);
    }
    runs[9].costs[0] = runs[9].costs[0].clone().heap(220, 3);
    let fixture = Fixture::of_runs(&runs);
    let (code, found) = gate(&fixture, &["--metric", "heap-peak"]);
    assert_eq!((code, found["regressed"][0]["ratio"].as_f64()), (5, Some(220.0 / 156.0)), "{found:#}");
    let history = fixture.run(&["history", "test_0000", "--metric", "heap-peak", "--format", "json"]).succeeded();
    let history: Value = serde_json::from_str(&history.stdout).expect("JSON");
    assert_eq!(history["changes"][0]["ratio"].as_f64(), Some(220.0 / 156.0), "{history:#}");
}

#[test]
fn what_was_obtained_in_another_way_is_not_compared() {
    let mut runs = steady(12, 2);
    runs[11].costs[0].attribution = Attribution::Process;
    runs[11].costs[0].wall *= 50.0;
    runs[11].costs[1].heap_peak = None;
    runs[11].costs[1].memory = 64e6;
    let fixture = Fixture::of_runs(&runs);
    let (code, found) = gate(&fixture, &["--metric", "wall-time", "--metric", "memory"]);
    assert_eq!(code, 0, "{found:#}");
    let rows = found["not_compared"].as_array().expect("some are not compared");
    let reason = |test: &str, metric: &str| {
        let row = rows.iter().find(|row| row["test"] == test && row["metric"] == metric);
        row.and_then(|row| row["reason"].as_str()).unwrap_or_default().to_owned()
    };
    assert_eq!(reason("demo::tests::test_0000", "wall-time"), "measured in another way", "{found:#}");
    assert_eq!(reason("demo::tests::test_0001", "memory"), "measured in another way", "{found:#}");
}

/// On a machine where wall time scatters and CPU time does not, wall time warns and CPU time decides; the gate says so.
#[test]
fn wall_time_that_scatters_only_warns() {
    let runs_of = |wall: f64, cpu: f64| {
        let mut runs = steady(40, 6);
        for run in &mut runs {
            for (number, cost) in run.costs.iter_mut().enumerate() {
                let seed = u64::from(run.hour) * 7_919 + number as u64;
                cost.wall = 0.3 * (15.0 * noise(seed)).exp();
            }
        }
        runs[39].costs[2].wall *= wall;
        runs[39].costs[2].cpu *= cpu;
        runs
    };
    let times = ["--metric", "wall-time", "--metric", "cpu-time", "--metric", "allocations"];
    let (code, found) = gate(&Fixture::of_runs(&runs_of(20.0, 1.0)), &times);
    assert_eq!(code, 0, "{found:#}");
    assert_eq!(verdict_of(&found, "suspect", "demo::tests::test_0002"), Some("suspect"), "{found:#}");
    assert_eq!(facts(&found)["decided_by"], "CPU time, allocations", "{found:#}");
    let warned = facts(&found)["warns_only"].as_str().unwrap_or_default();
    assert!(warned.starts_with("wall time, which scatters by "), "{found:#}");
    let (code, found) = gate(&Fixture::of_runs(&runs_of(1.0, 2.0)), &times);
    assert_eq!((code, found["regressed"][0]["metric"].as_str()), (5, Some("cpu-time")), "{found:#}");

    // Where it does not scatter, it decides.
    let (_, found) = gate(&Fixture::of_runs(&steady(40, 6)), &times);
    assert_eq!(facts(&found)["decided_by"], "wall time, CPU time, allocations");
    assert!(facts(&found)["warns_only"].is_null(), "{found:#}");
}

#[test]
fn last_n_is_values_of_the_test() {
    // Each session runs one of ten tests.
    let runs: Vec<Run> = (1..=200)
        .map(|run| {
            let mut run = Run::of(run, vec![cost(run, run % 10, 1.0)]);
            if run.hour == 200 {
                run.costs[0].wall *= 3.0;
                run.costs[0].cpu *= 3.0;
            }
            run
        })
        .collect();
    let (code, found) = gate_on(&Fixture::of_runs(&runs), "last:15", &[]);
    assert_eq!(code, 5, "{found:#}");
    assert_eq!(found["regressed"][0]["values"].as_f64(), Some(15.0));
}

#[test]
fn filters_come_before_limits() {
    // Of a hundred sessions of main, every tenth ran on this kind of machine.
    let mut runs = steady(101, 1);
    for (number, run) in runs[..100].iter_mut().enumerate() {
        run.class = if number % 10 == 9 { "class" } else { "other" };
    }
    runs[100].branch = "feature";
    runs[100].costs[0].wall *= 3.0;
    runs[100].costs[0].cpu *= 3.0;
    let (code, found) = gate_on(&Fixture::of_runs(&runs), "branch:main", &[]);
    assert_eq!((code, found["regressed"][0]["values"].as_f64()), (5, Some(10.0)), "{found:#}");
}

/// However far out a past was, what a gate asks for is a number that somebody can read.
#[test]
fn no_probability_is_nothing() {
    let mut runs = steady(41, 3);
    for (number, factor) in [(10, 1e12), (20, 1e11), (30, 1e-9)] {
        runs[number].costs.iter_mut().for_each(|cost| cost.wall *= factor);
        runs[number].costs[0].wall *= factor;
    }
    runs[40].costs[0].wall *= 1.5;
    let fixture = Fixture::of_runs(&runs);
    let compared = ["compare", "last:100", "--all", "--metric", "wall-time"];
    let told = fixture.run(&compared).succeeded().stdout;
    assert!(told.contains("a gate asks for ") && !told.contains("0e0"), "{told}");
    let found: Value =
        serde_json::from_str(&fixture.run(&[&compared[..], &["--format", "json"]].concat()).stdout).expect("JSON");
    let needed = found["changes"][0]["p_needed"].as_f64();
    assert!(needed.is_some_and(|needed| needed > 0.0), "{found:#}");
}

/// Programs find the same keys whatever was found, and a gate without a baseline says why.
#[test]
fn documents_have_the_same_keys_whatever_was_found() {
    let mut worse = steady(10, 3);
    worse[9].costs[0] = worse[9].costs[0].clone().heap(9999, 64);
    let mut elsewhere = steady(10, 3);
    elsewhere[9].class = "other";
    let keys = |found: &Value| found.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    let mut seen = Vec::new();
    for (runs, expected) in [(steady(10, 3), 0), (worse, 5), (steady(2, 3), 6), (elsewhere, 6)] {
        let fixture = Fixture::of_runs(&runs);
        let (code, found) = gate(&fixture, &[]);
        assert_eq!((code, facts(&found)["schema_version"].as_u64()), (expected, Some(4)), "{found:#}");
        let compared = fixture.run(&["compare", "latest~1", "--format", "json"]).succeeded().stdout;
        let compared = serde_json::from_str(&compared).expect("JSON");
        seen.push((keys(&found), keys(&compared)));
        if let Some(reason) = facts(&found)["reason"].as_str().filter(|_| runs.len() == 10) {
            assert!(reason.ends_with("with the baseline: another machine class (3 tests)"), "{reason}");
        }
    }
    assert!(seen.windows(2).all(|two| two[0] == two[1]), "{seen:#?}");
}

/// What was seen is told, not what proves it.
#[test]
fn an_exact_value_is_told_to_be_as_old_as_it_is() {
    let mut runs = steady(12, 1);
    for run in &mut runs[..10] {
        run.costs[0].allocations = Some(60);
    }
    let fixture = Fixture::of_runs(&runs);
    let told = fixture.run(&["compare", "--metric", "allocations", "--all"]).succeeded().stdout;
    assert!(told.contains("exact, as in 1 run before"), "{told}");
}

/// Tests of two binaries may have one name. Then every table says which it means, also if it lists only one of them.
#[test]
fn tests_of_one_name_are_told_apart() {
    let mut runs = steady(10, 3);
    runs[9].costs[1] = runs[9].costs[1].clone().heap(9999, 64);
    let fixture = Fixture::of_runs(&runs);
    let tables = [
        &["gate"][..],
        &["gate", "--format", "markdown"],
        &["compare"],
        &["show"],
        &["top", "--limit", "3"],
        &["capacity"],
        &["plot", "test_000*", "--metric", "wall-time"],
    ];
    for args in tables {
        assert!(!fixture.run(args).stdout.contains("binary"), "{args:?}");
    }
    monitor_tests::Database::open(&fixture.file())
        .execute("UPDATE ITEMS SET ITEM_VARIANT = 'test_0000', BINARY = 'another' WHERE ITEM_VARIANT = 'test_0001'");
    for args in tables {
        let told = fixture.run(args).stdout;
        let lines = told.lines().filter(|line| line.contains("test_0000"));
        assert!(told.contains("binary") && lines.filter(|line| line.contains("another")).count() == 1, "{told}");
    }
    // One of them alone.
    assert!(fixture.run(&["top", "--limit", "1"]).stdout.contains("binary"));
    for args in [&["plot", "test_000*", "-m", "wall-time", "-o", "page.svg"][..], &["report", "-o", "page.html"]] {
        let _ = fixture.run(args).succeeded();
        let page = std::fs::read_to_string(fixture.folder().join(args[args.len() - 1])).expect("a page");
        assert!(page.contains("test_0000 (") && page.contains("another)"), "{args:?}");
    }
}

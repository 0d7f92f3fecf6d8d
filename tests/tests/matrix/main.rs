//! Every shape of a test, with `#[monitored]` at every place among its attributes.
#![forbid(unsafe_code)]

mod krate;
mod printed;
mod rows;

use std::sync::LazyLock;

use krate::{SOURCES, Shapes};
use printed::{assert_no_lints_of_ours, backtraces, printed};
use rows::{assert_rows, rows};

static SHAPES: LazyLock<Shapes> = LazyLock::new(|| Shapes::new("2024"));

#[test]
fn every_place_records_the_same_rows() {
    let database = SHAPES.record("default", &["test", "--lib"], &[]);
    assert_rows(&SHAPES, &database, SHAPES.monitored(), |row| !row.ignored);
    let database = SHAPES.record("ignored", &["test", "--lib", "--", "--ignored"], &[]);
    assert_rows(&SHAPES, &database, SHAPES.monitored(), |row| row.ignored);
}

#[test]
fn nextest_records_the_same_rows() {
    // A process for each test takes its time: above and below are enough.
    let modules = ["at_0".to_owned(), "at_1".to_owned()];
    let args = ["nextest", "run", "--no-fail-fast", "--run-ignored=all", "at_0::", "at_1::"];
    let database = SHAPES.record("nextest", &args, &[]);
    assert_rows(&SHAPES, &database, &modules, |_| true);
}

#[test]
fn isolated_tests_record_the_same_rows() {
    let below = ["at_1".to_owned()];
    let args = ["test", "--lib", "at_1::", "--", "--include-ignored"];
    let database = SHAPES.record("isolated", &args, &[("MONITOR_ISOLATE", "1")]);
    assert_rows(&SHAPES, &database, &below, |_| true);
}

#[test]
fn only_the_body_is_measured() {
    let database = SHAPES.record("measured", &["test", "--lib", "::measured::", "--", "--test-threads=8"], &[]);
    let wrong = database.rows(
        // On a busy machine a runtime's worker, and what waits for the body of a test with a timeout, may come to their own few
        // bytes no sooner than the body begins.
        "select path, variant, attribution, heap_allocated_bytes, allocations from TESTS
         where iif(variant in ('multi', 'timeout[1]'),
                   heap_allocated_bytes not between 1000 and 1200 or allocations > 5,
                   heap_allocated_bytes <> 1000 or allocations <> 1)",
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    // Whoever holds the lock is measured, whoever waits for it is not yet.
    let locked = "select item_path || item_variant test, julianday(ITEM_START_TIME) * 86400.0 start, TOTAL_TIME seconds
                  from TEST_METRICS where ITEM like 'locked%'";
    let held: f64 = database.number(&format!("select sum(seconds) from ({locked})"));
    assert!(held > 0.02 * 4.0 * 3.0, "{held} s under the lock");
    let overlapping = database.rows(&format!(
        "select a.test, b.test from ({locked}) a join ({locked}) b
         on a.test < b.test and max(a.start, b.start) < min(a.start + a.seconds, b.start + b.seconds) - 0.001"
    ));
    assert!(overlapping.is_empty(), "{overlapping:#?}");
}

#[test]
fn explicit_parameters_are_named_the_same() {
    let explicit = [("MONITOR_EXPLICIT_PARAMETERS", "1")];
    let database = SHAPES.record("explicit", &["test", "--lib", "::cases::"], &explicit);
    let above = rows(&database, &SHAPES, "at_0", "cases");
    let variants: Vec<_> = above.iter().map(|[_, variant, _]| variant.as_str()).collect();
    for variant in [
        "test_p[asint=10, asstr=10]",
        "product[number=2, flag=true, letter=b]",
        "cases_and_lists[word=two, number=1]",
        "without_debug[secret=case_1]",
        "async_cases[number=1]",
        "doubled[number=2, expected=4]",
        "borrowed[text=a, numbers=[1, 2]]",
        "async_case[number=1]",
    ] {
        assert!(variants.contains(&variant), "{variant} is not in {variants:#?}");
    }
    for module in SHAPES.having("cases") {
        assert_eq!(rows(&database, &SHAPES, module, "cases"), above, "{module}");
    }
}

#[test]
fn what_tests_print_is_unchanged() {
    for (name, _) in SOURCES {
        let without = printed(&SHAPES, "without", name);
        for module in SHAPES.having(name) {
            let with = printed(&SHAPES, module, name);
            let differing = with.lines().zip(without.lines()).find(|(with, without)| with != without);
            assert!(with == without, "{module}::{name}: {differing:#?}");
        }
    }
}

#[test]
fn backtraces_name_the_same_functions_and_lines() {
    for (name, _) in SOURCES {
        let without = backtraces(&SHAPES, "without", name);
        for module in ["at_0", "at_1"] {
            let with = backtraces(&SHAPES, module, name);
            let mut rest = with.iter();
            for frame in &without {
                assert!(rest.any(|ours| ours == frame), "{module}::{name} lacks {frame}: {with:#?}");
            }
        }
    }
    let frames = backtraces(&SHAPES, "at_0", "plain");
    let deep = [
        "panic at plain.rs:37:5:",
        "shapes_2024::plain::deep at plain.rs:37:5",
        "shapes_2024::plain::deep at plain.rs:38:5",
    ];
    assert!(frames.windows(3).any(|three| three == deep), "{frames:#?}");
}

#[test]
fn expansions_add_no_lints() {
    assert_no_lints_of_ours(&SHAPES);
}

#[test]
fn edition_2021_records_the_same_rows() {
    let shapes = Shapes::new("2021");
    let database = shapes.record("all", &["test", "--lib", "--", "--include-ignored"], &[]);
    assert_rows(&shapes, &database, shapes.monitored(), |_| true);
    assert_no_lints_of_ours(&shapes);
}

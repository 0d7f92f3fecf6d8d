//! The tests of a session.

use monitor_analysis::metric::Metric;
use monitor_store::{Attribution, CountFlags, Test, TestId};

use crate::document::{Cell, Table, Tone, Value};
use crate::measure;

/// Sorts by a metric, highest value first, tests without a value last.
pub fn sort_by(tests: &mut [Test], metric: Metric) {
    let key = |test: &Test| measure::value(test, metric).unwrap_or(f64::NEG_INFINITY);
    tests.sort_by(|a, b| key(b).total_cmp(&key(a)));
}

/// A row for each test; the metrics in `shown` for people, all for programs.
pub fn table(tests: &[Test], shown: &[Metric]) -> Table {
    let mut columns = vec![("test", "test"), ("outcome", "outcome")];
    // In the order asked for, then the rest.
    let rest = measure::METRICS.iter().filter(|metric| !shown.contains(metric));
    let metrics: Vec<Metric> = shown.iter().chain(rest).copied().collect();
    for metric in &metrics {
        columns.push((measure::key(*metric), if shown.contains(metric) { metric.title() } else { "" }));
    }
    let ids: Vec<TestId> = tests.iter().map(|test| test.id()).collect();
    let is_again = |test: &Test| test.profile.as_ref().is_some_and(|profile| profile.attempt > 1);
    // Most counts are as they should be.
    let is_special =
        |test: &Test| test.profile.as_ref().is_some_and(|it| it.measures.count_flags.is_some_and(|it| it > 0));
    columns.extend([
        ("attribution", "attribution"),
        ("counted", if tests.iter().any(is_special) { "counted" } else { "" }),
        ("count_flags", ""),
        ("memory_source", ""),
        ("concurrency", ""),
        ("attempt", if tests.iter().any(is_again) { "attempt" } else { "" }),
        ("component", ""),
    ]);
    columns.extend(measure::place_columns(&ids));
    columns.extend([
        ("path", ""),
        ("item", ""),
        ("variant", ""),
        ("file", ""),
        ("kind", ""),
        ("start_time", ""),
        ("process", ""),
        ("machine_class", ""),
    ]);
    let mut table = Table::new(&columns);
    for test in tests {
        let mut cells = Vec::with_capacity(columns.len());
        row(test, &metrics, &mut cells);
        table.push(cells);
    }
    table
}

fn row(test: &Test, metrics: &[Metric], row: &mut Vec<Cell>) {
    let outcome = measure::outcome(test);
    let profile = test.profile.as_ref();
    row.push(Value::Name(measure::name(test)).into());
    row.push(Value::text(outcome.as_str()).toned(measure::tone(outcome)));
    row.extend(metrics.iter().map(|metric| Cell::from(measure::cell(test, *metric))));
    let attribution = measure::attribution(test);
    let attribution_tone = if attribution == Some(Attribution::Shared) { Tone::Doubtful } else { Tone::Dim };
    row.push(Value::or_missing(attribution, |it| Value::text(it.as_str())).toned(attribution_tone));
    let flags = profile.and_then(|profile| profile.measures.count_flags);
    let words = |bits| Value::text(&CountFlags::from_bits(bits).to_string());
    row.push(Value::or_missing(flags, words).toned(Tone::Doubtful));
    row.push(Value::or_missing(flags, Value::count).into());
    row.extend(
        [
            Value::or_missing(profile.and_then(|profile| profile.mem_source), |it| Value::text(it.as_str())),
            Value::or_missing(profile.and_then(|profile| profile.measures.concurrency), Value::count),
            Value::or_missing(profile, |profile| Value::count(profile.attempt.into())),
            Value::text(test.component()),
            Value::or_missing(profile, |profile| Value::text(&profile.package)),
            Value::or_missing(profile, |profile| Value::text(&profile.binary)),
            Value::text(test.path()),
            Value::Name(test.item().to_owned()),
            Value::Name(test.variant().to_owned()),
            Value::text(test.metric.as_ref().map_or("", |metric| &metric.item_fs_loc)),
            Value::text(test.kind().as_str()),
            Value::Time(test.start()),
            Value::id(profile.map_or("", |profile| &profile.key.process_h)),
            Value::id(test.class_h.as_deref().unwrap_or_default()),
        ]
        .map(Cell::from),
    );
}

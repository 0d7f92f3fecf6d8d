//! Real histories: `benches/histories/`, numbers only.

use std::collections::BTreeMap;

use crate::suite::{Suite, Test, Values};

const PUBLIC: &str = include_str!("../histories/public.tsv");
const LOADED: &str = include_str!("../histories/loaded-machine.tsv");
const SHORT: &str = include_str!("../histories/short-tests.tsv");

/// The benchmarks of each public repository, by its name. Its files of results are the binaries.
pub fn public() -> BTreeMap<String, Suite> {
    let mut suites: BTreeMap<String, Suite> = BTreeMap::new();
    for fields in rows(PUBLIC) {
        let [history, file, _, _, seconds, runs] = fields.as_slice() else { panic!("six fields: {fields:?}") };
        let unit: f64 = seconds.parse().unwrap_or(1.0);
        let test = Test { binary: (*file).to_owned(), wall: values(runs, unit), cpu: Vec::new() };
        suites.entry((*history).to_owned()).or_default().tests.push(test);
    }
    suites
}

/// Suites of unchanged code on a machine under heavy load.
pub fn loaded() -> [(&'static str, Suite); 2] {
    [
        ("30 tests of milliseconds", both_times(LOADED, 1.0)),
        ("785 tests, most of microseconds", both_times(SHORT, 1e-6)),
    ]
}

fn both_times(text: &'static str, unit: f64) -> Suite {
    let mut tests: BTreeMap<&str, Test> = BTreeMap::new();
    for fields in rows(text) {
        let [name, metric, runs] = fields.as_slice() else { panic!("three fields: {fields:?}") };
        let empty = || Test { binary: "bench".into(), wall: Vec::new(), cpu: Vec::new() };
        let test = tests.entry(*name).or_insert_with(empty);
        *(if *metric == "wall" { &mut test.wall } else { &mut test.cpu }) = values(runs, unit);
    }
    Suite { tests: tests.into_values().collect() }
}

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().skip(1).map(|line| line.split('\t').collect())
}

fn values(runs: &str, unit: f64) -> Values {
    let pair = |text: &str| {
        let (run, value) = text.split_once(':')?;
        Some((run.parse().ok()?, value.parse::<f64>().ok()? * unit))
    };
    let mut values: Values = runs.split(',').filter_map(pair).filter(|(_, value)| *value > 0.0).collect();
    values.sort_by_key(|(run, _)| *run);
    values.dedup_by_key(|(run, _)| *run);
    values
}

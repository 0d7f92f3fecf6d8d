//! Real histories: `benches/histories/`, numbers only.

use std::collections::BTreeMap;

use monitor_analysis::metric::Metric;

use crate::suite::Suite;

const PUBLIC: &str = include_str!("../histories/public.tsv");
const LOADED: &str = include_str!("../histories/loaded-machine.tsv");

/// Suites of public benchmarks, each with the series of one repository.
pub fn public() -> Vec<(String, Suite)> {
    let mut suites: BTreeMap<String, Suite> = BTreeMap::new();
    for fields in rows(PUBLIC) {
        let [history, _, _, _, seconds, runs] = fields.as_slice() else { panic!("six fields: {fields:?}") };
        let unit: f64 = seconds.parse().unwrap_or(1.0);
        let suite = suites
            .entry((*history).to_owned())
            .or_insert_with(|| Suite { metric: Metric::WallTime, tests: Vec::new() });
        suite.tests.push(values(runs, unit));
    }
    suites.into_iter().collect()
}

/// The wall and CPU times of tests of unchanged code on a machine under heavy load.
pub fn loaded() -> [Suite; 2] {
    [("wall", Metric::WallTime), ("cpu", Metric::CpuTime)].map(|(name, metric)| {
        let of_metric = rows(LOADED).filter(|fields| fields[1] == name);
        Suite { metric, tests: of_metric.map(|fields| values(fields[2], 1.0)).collect() }
    })
}

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().skip(1).map(|line| line.split('\t').collect())
}

fn values(runs: &str, unit: f64) -> Vec<(u32, f64)> {
    let pair = |text: &str| {
        let (run, value) = text.split_once(':')?;
        Some((run.parse().ok()?, value.parse::<f64>().ok()? * unit))
    };
    let mut values: Vec<(u32, f64)> = runs.split(',').filter_map(pair).filter(|(_, value)| *value > 0.0).collect();
    values.sort_by_key(|(run, _)| *run);
    values.dedup_by_key(|(run, _)| *run);
    values
}

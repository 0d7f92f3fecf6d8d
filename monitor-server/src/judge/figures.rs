//! What a judge needs of many sessions: of each test the last run, and some figures of it.

use std::collections::HashMap;

use monitor_report::measure;
use monitor_store::{
    Amount, Attribution, Figure, Figures, Kind, Metric, Resource, RunFigures, SessionFigures, Test, TestId,
};

/// Sessions that were read, their tests and machines under numbers.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) figures: Figures,
    tests: HashMap<TestId, u32>,
    machines: HashMap<String, u32>,
}

impl Gathered {
    /// Adds a session, its tests in the order of their start.
    pub(super) fn add(&mut self, tests: &[Test], figures: &[Figure]) {
        let mut last: HashMap<u32, &Test> = HashMap::new();
        for test in tests.iter().filter(|test| test.kind() == Kind::Function) {
            last.insert(number(&mut self.tests, &mut self.figures.tests, test.id()), test);
        }
        let mut last: Vec<(u32, &Test)> = last.into_iter().collect();
        last.sort_unstable_by_key(|(number, _)| *number);
        let mut session = SessionFigures::default();
        for (test, run) in last {
            let machine = measure::machine(run).unwrap_or_default().to_owned();
            let profile = run.profile.as_ref();
            session.runs.push(RunFigures {
                test,
                machine: number(&mut self.machines, &mut self.figures.machines, machine),
                passed: measure::passed(run),
                whole_process: profile.and_then(|profile| profile.attribution) == Some(Attribution::Process),
                threads: profile.and_then(|profile| profile.measures.threads),
                memory: profile.and_then(|profile| profile.mem_source),
            });
            session.values.extend(figures.iter().map(|figure| value(run, *figure).unwrap_or(f64::NAN)));
        }
        self.figures.sessions.push(session);
    }
}

fn number<T: Clone + Eq + std::hash::Hash>(numbers: &mut HashMap<T, u32>, all: &mut Vec<T>, it: T) -> u32 {
    *numbers.entry(it).or_insert_with_key(|it| {
        all.push(it.clone());
        all.len() as u32 - 1
    })
}

fn value(run: &Test, figure: Figure) -> Option<f64> {
    match figure {
        Figure::Sum(columns) => {
            let metric = run.metric.as_ref()?;
            columns.iter().map(|column| of_column(metric, *column)).sum()
        }
        Figure::Measure(measure) => measure.of(&run.profile.as_ref()?.measures).map(Amount::as_f64),
    }
}

fn of_column(metric: &Metric, column: Resource) -> Option<f64> {
    match column {
        Resource::TotalTime => metric.total_time,
        Resource::UserTime => metric.user_time,
        Resource::KernelTime => metric.kernel_time,
        Resource::Cpu => metric.cpu_usage,
        Resource::Memory => metric.mem_usage,
    }
}

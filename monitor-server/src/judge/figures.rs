//! Rows of sessions as numbers: what a judge needs of many of them.

use std::collections::HashMap;
use std::hash::Hash;

use monitor_store::{
    Amount, Attribution, Figure, Figures, Kind, Metric, Outcome, Resource, RunFigures, SessionFigures, Test,
};

/// Makes [`Figures`] session by session.
#[derive(Default)]
pub(super) struct Counted {
    all: Figures,
    tests: HashMap<monitor_store::TestId, u32>,
    machines: HashMap<String, u32>,
}

impl Counted {
    /// Adds a session's rows, in the order in which they came: of each test the last run counts.
    pub(super) fn add(&mut self, tests: &[Test], figures: &[Figure]) {
        let mut session = SessionFigures::default();
        let mut last = HashMap::new();
        for test in tests.iter().filter(|test| test.kind() == Kind::Function) {
            let number = number(&mut self.tests, &mut self.all.tests, test.id());
            let (place, is_last) = match last.get(&number) {
                Some(&(place, before)) => (place, test.start() >= before),
                None => (session.runs.len(), true),
            };
            if !is_last {
                continue;
            }
            last.insert(number, (place, test.start()));
            let context = || test.metric.as_ref().map(|metric| metric.env_h.clone());
            let machine = test.class_h.clone().or_else(context).unwrap_or_default();
            let machine = self::number(&mut self.machines, &mut self.all.machines, machine);
            let run = run(test, number, machine);
            if place == session.runs.len() {
                session.runs.push(run);
                session.values.resize((place + 1) * figures.len(), f64::NAN);
            } else {
                session.runs[place] = run;
            }
            let values = &mut session.values[place * figures.len()..][..figures.len()];
            for (value, figure) in values.iter_mut().zip(figures) {
                *value = self::value(test, *figure).unwrap_or(f64::NAN);
            }
        }
        self.all.sessions.push(session);
    }

    /// All that was added.
    pub(super) fn finish(self) -> Figures {
        self.all
    }
}

/// The place of a word in a list, to which it is added if it is not there.
fn number<T: Clone + Eq + Hash>(known: &mut HashMap<T, u32>, list: &mut Vec<T>, word: T) -> u32 {
    let next = u32::try_from(list.len()).unwrap_or(u32::MAX);
    *known.entry(word).or_insert_with_key(|word| {
        list.push(word.clone());
        next
    })
}

fn run(test: &Test, number: u32, machine: u32) -> RunFigures {
    let profile = test.profile.as_ref();
    RunFigures {
        test: number,
        machine,
        passed: test.metric.is_some() && profile.is_none_or(|profile| profile.outcome == Outcome::Passed),
        whole_process: profile.is_some_and(|profile| profile.attribution == Some(Attribution::Process)),
        memory: profile.and_then(|profile| profile.mem_source),
        threads: profile.and_then(|profile| profile.measures.threads),
    }
}

fn value(test: &Test, figure: Figure) -> Option<f64> {
    match figure {
        Figure::Sum(resources) => {
            let metric = test.metric.as_ref()?;
            resources.iter().map(|resource| of_resource(metric, *resource)).sum()
        }
        #[expect(clippy::cast_precision_loss, reason = "as SQLite gives them to a judge of a file")]
        Figure::Measure(measure) => Some(match measure.of(&test.profile.as_ref()?.measures)? {
            Amount::Count(count) => count as f64,
            Amount::Signed(count) => count as f64,
            Amount::Real(value) => value,
        }),
    }
}

fn of_resource(metric: &Metric, resource: Resource) -> Option<f64> {
    match resource {
        Resource::Memory => metric.mem_usage,
        Resource::Cpu => metric.cpu_usage,
        Resource::TotalTime => metric.total_time,
        Resource::UserTime => metric.user_time,
        Resource::KernelTime => metric.kernel_time,
    }
}

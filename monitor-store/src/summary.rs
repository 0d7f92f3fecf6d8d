//! Module and session rows: what many tests cost together. Pure: rows in, rows out.

use std::collections::BTreeMap;

use crate::measures::{Amount, Fold, MEASURES, Measure, Measures};
use crate::rows::{Metric, Profile, ProfileKey};
use crate::timestamp::Timestamp;
use crate::words::{Kind, Outcome};

/// One test that ended.
#[derive(Clone, Debug)]
pub(crate) struct EndedTest {
    pub(crate) metric: Metric,
    pub(crate) profile: Profile,
}

/// A row for each module of each binary.
pub(crate) fn of_modules(tests: &[EndedTest]) -> Vec<EndedTest> {
    let mut modules: BTreeMap<_, Vec<&EndedTest>> = BTreeMap::new();
    for test in tests {
        let profile = &test.profile;
        modules.entry((&profile.package, &profile.binary, &test.metric.item_path)).or_default().push(test);
    }
    modules
        .into_iter()
        .filter_map(|((_, _, module), tests)| {
            let (path, name) = split_module(module);
            sum_up(&tests, Kind::Module, path, name)
        })
        .collect()
}

/// Path and name under which a module has its row: `a::b` has `b` in `a`.
pub(crate) fn split_module(module: &str) -> (&str, &str) {
    module.rsplit_once("::").unwrap_or(("", module))
}

/// One row for all; `None` if there is no test.
pub(crate) fn of_session(tests: &[EndedTest]) -> Option<EndedTest> {
    sum_up(&tests.iter().collect::<Vec<_>>(), Kind::Session, "", "session")
}

fn sum_up(tests: &[&EndedTest], kind: Kind, path: &str, name: &str) -> Option<EndedTest> {
    let start = tests.iter().map(|test| test.start()).min()?;
    let end = tests.iter().map(|test| test.end()).max()?;
    let wall = end.seconds_since(start);
    let user_seconds = total(tests, |t| t.metric.user_seconds);
    let kernel_seconds = total(tests, |t| t.metric.kernel_seconds);
    let cpu_usage = match (user_seconds, kernel_seconds) {
        (Some(user), Some(kernel)) if wall > 0.0 => Some((user + kernel) / wall),
        _ => None,
    };
    let session_h = tests[0].metric.session_h.clone();
    Some(EndedTest {
        metric: Metric {
            session_h: session_h.clone(),
            env_h: tests[0].metric.env_h.clone(),
            item_start_time: start,
            item_path: path.to_owned(),
            item: name.to_owned(),
            item_variant: name.to_owned(),
            item_fs_loc: common(tests, |t| t.metric.item_fs_loc.clone()).unwrap_or_default(),
            kind,
            component: common(tests, |t| t.metric.component.clone()).unwrap_or_default(),
            wall_seconds: Some(wall),
            user_seconds,
            kernel_seconds,
            cpu_usage,
            memory_mib: largest_at_once(tests, |t| t.metric.memory_mib),
        },
        profile: Profile {
            key: ProfileKey {
                session_h,
                item_path: path.to_owned(),
                item_variant: name.to_owned(),
                item_start_time: start,
                process_h: common(tests, |t| t.profile.key.process_h.clone()).unwrap_or_default(),
            },
            package: common(tests, |t| t.profile.package.clone()).unwrap_or_default(),
            binary: common(tests, |t| t.profile.binary.clone()).unwrap_or_default(),
            attempt: 1,
            outcome: match tests.iter().all(|t| t.profile.outcome == Outcome::Passed) {
                true => Outcome::Passed,
                false => Outcome::Failed,
            },
            // A sum is obtained no better than its weakest part.
            attribution: tests.iter().map(|test| test.profile.attribution).max().flatten(),
            mem_source: common(tests, |t| t.profile.mem_source).flatten(),
            measures: measures(tests),
        },
    })
}

/// What the table of measures says of each.
fn measures(tests: &[&EndedTest]) -> Measures {
    let mut measures = Measures::default();
    for measure in MEASURES {
        let value = |test: &EndedTest| measure.of(&test.profile.measures).map(Amount::as_f64);
        let folded = match measure.fold {
            Fold::Sum => total(tests, value),
            Fold::AtOnce => largest_at_once(tests, value),
            Fold::Tests => largest_at_once(tests, |_| Some(1.0)),
            Fold::Set => all_of(tests, measure),
        };
        measure.set(&mut measures, folded.map(|value| measure.number.of_f64(value)));
    }
    measures
}

/// What is in the set of any test; `None` if no test has one.
fn all_of(tests: &[&EndedTest], measure: &Measure) -> Option<f64> {
    let sets = tests.iter().filter_map(|test| match measure.of(&test.profile.measures) {
        Some(Amount::Count(set)) => Some(set),
        _ => None,
    });
    let all = sets.reduce(|all, set| all | set)?;
    Some(Amount::Count(all).as_f64())
}

/// The sum; `None` as soon as one test lacks the value, since a sum of some would pass for one of all.
fn total(tests: &[&EndedTest], value: impl Fn(&EndedTest) -> Option<f64>) -> Option<f64> {
    tests.iter().map(|test| value(test)).sum()
}

/// The largest sum of the values of tests that ran at the same time, by a sweep over starts and ends.
fn largest_at_once(tests: &[&EndedTest], value: impl Fn(&EndedTest) -> Option<f64>) -> Option<f64> {
    let mut events = Vec::with_capacity(2 * tests.len());
    for test in tests {
        let value = value(test)?;
        // A test as short as the clock's resolution still ran.
        let end = test.end().max(test.start().after_micros(1));
        events.push((test.start(), value));
        events.push((end, -value));
    }
    // At the same time ends come first: what one gave back another may take.
    events.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut held = 0.0;
    let largest = events.iter().map(|(_, change)| {
        held += change;
        held
    });
    largest.max_by(f64::total_cmp)
}

fn common<T: PartialEq>(tests: &[&EndedTest], value: impl Fn(&EndedTest) -> T) -> Option<T> {
    let first = value(tests.first()?);
    tests.iter().all(|test| value(test) == first).then_some(first)
}

impl EndedTest {
    fn start(&self) -> Timestamp {
        self.metric.item_start_time
    }

    fn end(&self) -> Timestamp {
        self.start().after_seconds(self.metric.wall_seconds.unwrap_or(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Attribution;

    fn test(module: &str, start_us: i64, seconds: f64, mib: Option<f64>) -> EndedTest {
        let start = Timestamp::from_micros(start_us);
        EndedTest {
            metric: Metric {
                session_h: "s".into(),
                env_h: "e".into(),
                item_start_time: start,
                item_path: module.into(),
                item: "t".into(),
                item_variant: "t".into(),
                item_fs_loc: "src/lib.rs".into(),
                kind: Kind::Function,
                component: "demo".into(),
                wall_seconds: Some(seconds),
                user_seconds: Some(seconds / 2.0),
                kernel_seconds: Some(0.0),
                cpu_usage: Some(0.5),
                memory_mib: mib,
            },
            profile: Profile {
                key: ProfileKey {
                    session_h: "s".into(),
                    item_path: module.into(),
                    item_variant: "t".into(),
                    item_start_time: start,
                    process_h: "p".into(),
                },
                package: "demo".into(),
                binary: "demo".into(),
                attempt: 1,
                outcome: Outcome::Passed,
                attribution: Some(Attribution::Process),
                mem_source: None,
                measures: Measures { allocations: Some(3), ..Measures::default() },
            },
        }
    }

    #[test]
    fn wall_is_from_first_start_to_last_end_and_memory_what_was_held_at_once() {
        // 0-2 s: 10 MiB, 1-3 s: 20 MiB, 3-4 s: 25 MiB (begins as the second ends).
        let tests = [
            test("demo::a", 0, 2.0, Some(10.0)),
            test("demo::a", 1_000_000, 2.0, Some(20.0)),
            test("demo::a", 3_000_000, 1.0, Some(25.0)),
        ];
        let row = of_session(&tests).unwrap();
        assert_eq!(row.metric.wall_seconds, Some(4.0));
        assert_eq!(row.metric.user_seconds, Some(2.5));
        assert_eq!(row.metric.cpu_usage, Some(0.625));
        assert_eq!(row.metric.memory_mib, Some(30.0));
        assert_eq!(row.profile.measures.concurrency, Some(2));
        assert_eq!(row.profile.measures.allocations, Some(9));
        assert_eq!(row.profile.measures.read_bytes, None);
        assert_eq!((row.metric.kind, row.metric.item.as_str()), (Kind::Session, "session"));
    }

    #[test]
    fn tests_without_duration_still_held_their_memory() {
        let row = of_session(&[test("m", 5, 0.0, Some(7.0))]).unwrap();
        assert_eq!(row.metric.memory_mib, Some(7.0));
        assert_eq!(row.metric.cpu_usage, None);
    }

    #[test]
    fn one_unknown_value_makes_the_sum_unknown() {
        let row = of_session(&[test("m", 0, 1.0, Some(7.0)), test("m", 0, 1.0, None)]).unwrap();
        assert_eq!(row.metric.memory_mib, None);
        assert!(of_session(&[]).is_none());
    }

    #[test]
    fn a_module_has_a_row_in_each_binary() {
        let mut other_binary = test("demo::a", 0, 1.0, None);
        other_binary.profile.binary = "it".into();
        other_binary.profile.outcome = Outcome::OverBudget;
        other_binary.profile.attribution = Some(Attribution::Shared);
        let tests =
            [test("demo::a", 0, 1.0, None), test("demo::a", 0, 1.0, None), test("demo", 0, 1.0, None), other_binary];
        let rows: Vec<_> = of_modules(&tests)
            .into_iter()
            .map(|row| {
                let (m, p) = (row.metric, row.profile);
                format!(
                    "{} {:?} {} {:?} {} {:?}",
                    p.binary, m.item_path, m.item_variant, m.wall_seconds, p.outcome, p.attribution
                )
            })
            .collect();
        assert_eq!(
            rows,
            [
                "demo \"\" demo Some(1.0) passed Some(Process)",
                "demo \"demo\" a Some(1.0) passed Some(Process)",
                "it \"demo\" a Some(1.0) failed Some(Shared)",
            ]
        );
    }
}

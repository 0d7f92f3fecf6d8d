//! Tests as analyses need them: the metric row and the profile row of each run, across sessions.

use crate::rows::{Metric, Profile};
use crate::timestamp::Timestamp;
use crate::words::{Kind, Outcome};

/// The identity of a test, the same in every session.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TestId {
    /// Cargo package; empty for a test of pytest-monitor.
    pub package: String,
    /// Test binary; empty for a test of pytest-monitor.
    pub binary: String,
    /// Module path.
    pub path: String,
    /// Function name with parameters.
    pub variant: String,
}

impl TestId {
    /// Function name.
    #[must_use]
    pub fn item(&self) -> &str {
        function_of(&self.variant)
    }
}

/// The name of a function without its parameters.
pub(crate) fn function_of(variant: &str) -> &str {
    variant.split('[').next().unwrap_or_default()
}

/// One run of one test, or the row of one module or session.
///
/// At least one of `metric` and `profile` is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// `None` if the test has not ended, or crashed.
    pub metric: Option<Metric>,
    /// `None` if pytest-monitor recorded it.
    pub profile: Option<Profile>,
    /// Machine class; `None` if it is unknown.
    pub class_h: Option<String>,
}

impl Test {
    /// The test's identity across sessions.
    #[must_use]
    pub fn id(&self) -> TestId {
        let of_profile = |field: fn(&Profile) -> &String| self.profile.as_ref().map(field).cloned().unwrap_or_default();
        TestId {
            package: of_profile(|p| &p.package),
            binary: of_profile(|p| &p.binary),
            path: self.path().to_owned(),
            variant: self.variant().to_owned(),
        }
    }

    /// The session.
    #[must_use]
    pub fn session_h(&self) -> &str {
        self.either(|m| m.session_h.as_str(), |p| p.key.session_h.as_str())
    }

    /// Module path.
    #[must_use]
    pub fn path(&self) -> &str {
        self.either(|m| m.item_path.as_str(), |p| p.key.item_path.as_str())
    }

    /// Function name.
    #[must_use]
    pub fn item(&self) -> &str {
        self.either(|m| m.item.as_str(), |p| function_of(&p.key.item_variant))
    }

    /// Function name with parameters.
    #[must_use]
    pub fn variant(&self) -> &str {
        self.either(|m| m.item_variant.as_str(), |p| p.key.item_variant.as_str())
    }

    /// Component; the package if the test did not end.
    #[must_use]
    pub fn component(&self) -> &str {
        self.either(|m| m.component.as_str(), |p| p.package.as_str())
    }

    /// Start of the body.
    pub fn start(&self) -> Timestamp {
        match (&self.metric, &self.profile) {
            (Some(metric), _) => metric.item_start_time,
            (None, Some(profile)) => profile.key.item_start_time,
            (None, None) => Timestamp::from_micros(0),
        }
    }

    /// What the row is about.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.metric.as_ref().map_or(Kind::Function, |metric| metric.kind)
    }

    /// How it ended; `None` for a test of pytest-monitor, which records those that passed.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.profile.as_ref().map(|profile| profile.outcome)
    }

    fn either<'a>(&'a self, metric: fn(&'a Metric) -> &'a str, profile: fn(&'a Profile) -> &'a str) -> &'a str {
        match (&self.metric, &self.profile) {
            (Some(row), _) => metric(row),
            (None, Some(row)) => profile(row),
            (None, None) => "",
        }
    }
}

/// The number of tests of a session for each outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutcomeCounts {
    /// Still running.
    pub running: u64,
    /// Passed, those of pytest-monitor included.
    pub passed: u64,
    /// Failed, for other reasons than a budget.
    pub failed: u64,
    /// Failed because of a budget.
    pub over_budget: u64,
    /// Died with their process.
    pub crashed: u64,
}

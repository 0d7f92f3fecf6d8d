//! What an importer has read: one run of another tool, before it is rows.

use monitor_store::{Measures, MemSource, Outcome, Timestamp};

/// A run with its tests.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Report {
    /// The same whenever the run is read again.
    pub identity: String,
    /// When it began; `None` if the file does not tell.
    pub run_date: Option<Timestamp>,
    /// What was measured; empty if the file does not tell.
    pub commit: String,
    /// More of the session's description.
    pub fields: Vec<(String, String)>,
    /// Where it ran, as far as the file tells.
    pub machine: Machine,
    pub tests: Vec<Timed>,
    pub left_out: LeftOut,
}

impl Report {
    /// Leaves out what has a time that none can be: below zero, or no number.
    pub(super) fn possible(mut self) -> Self {
        self.tests.retain(|test| {
            let is_time = test.seconds.is_finite() && test.seconds >= 0.0;
            if !is_time {
                self.left_out.add(test.name(), format!("`{}` s is not a time", test.seconds));
            }
            is_time
        });
        self
    }
}

/// A machine and its toolchain; empty and 0 is unknown.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Machine {
    pub host: String,
    pub cpu: String,
    pub cpu_count: u32,
    pub cpu_mhz: f64,
    pub architecture: String,
    pub system: String,
    pub toolchain: String,
}

/// What a tool knows of one run of one test.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Timed {
    pub package: String,
    pub binary: String,
    pub path: String,
    /// The name without parameters.
    pub item: String,
    /// The name with parameters.
    pub variant: String,
    /// `None` if the file does not tell.
    pub start: Option<Timestamp>,
    pub attempt: u32,
    pub seconds: f64,
    /// CPU time in user space and in the kernel, seconds.
    pub cpu: Option<(f64, f64)>,
    /// CPU time over wall time, where the tool does not split it.
    pub cpu_usage: Option<f64>,
    pub outcome: Outcome,
    pub measures: Measures,
}

impl Timed {
    /// A test that passed, of a tool that tells its time and no more. What stands in brackets at the name's end are
    /// parameters.
    pub(super) fn new(path: impl Into<String>, name: &str, seconds: f64) -> Self {
        let item = name.ends_with(']').then(|| name.split('[').next().unwrap_or_default());
        Self {
            package: String::new(),
            binary: String::new(),
            path: path.into(),
            item: item.filter(|item| !item.is_empty()).unwrap_or(name).to_owned(),
            variant: name.to_owned(),
            start: None,
            attempt: 1,
            seconds,
            cpu: None,
            cpu_usage: None,
            outcome: Outcome::Passed,
            measures: Measures::default(),
        }
    }

    fn name(&self) -> String {
        if self.path.is_empty() { self.variant.clone() } else { format!("{}::{}", self.path, self.variant) }
    }

    /// What its memory is, if the tool tells.
    pub(super) fn mem_source(&self) -> Option<MemSource> {
        self.measures.rss_peak_bytes.map(|_| MemSource::Rss)
    }
}

/// What is in a file and was not taken, each with its reason.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct LeftOut(Vec<(String, String)>);

impl LeftOut {
    pub(super) fn add(&mut self, name: impl Into<String>, reason: impl Into<String>) {
        self.0.push((name.into(), reason.into()));
    }

    pub(super) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Name and reason of each.
    pub(super) fn all(&self) -> &[(String, String)] {
        &self.0
    }

    /// A line for each reason, with the first few names.
    pub(super) fn lines(&self) -> Vec<String> {
        const NAMED: usize = 5;
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, reason) in &self.0 {
            match reasons.iter_mut().find(|(known, _)| known == reason) {
                Some((_, names)) => names.push(name),
                None => reasons.push((reason, vec![name])),
            }
        }
        let line = |(reason, names): (&str, Vec<&str>)| {
            let more = names.len().saturating_sub(NAMED);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            format!("{} left out, {reason}: {}{more}", names.len(), names[..names.len().min(NAMED)].join(", "))
        };
        reasons.into_iter().map(line).collect()
    }
}

//! What the runner tells: one line of JSON for each run of a test.

use std::fmt::Display;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use monitor_store::{Outcome, Timestamp};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The variable that names the file of the log, for the runner.
pub(super) const LOG: &str = "CARGO_MONITOR_OUTSIDE_LOG";

/// What one run of one test cost as a process.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Line {
    /// Name in the binary, `tests::prime`.
    pub test: String,
    /// Module path of the binary's root, `primes_demo`.
    pub root: String,
    /// Cargo package.
    pub package: String,
    /// Binary, as nextest names it.
    pub binary: String,
    /// 1, or more for retries.
    pub attempt: u32,
    /// The process, as it would identify itself.
    pub process_h: String,
    /// When it was started.
    #[serde(serialize_with = "as_text", deserialize_with = "time")]
    pub start: Timestamp,
    /// The same by the clock since boot, which nobody sets, microseconds; `None` where there is no such clock.
    pub since_boot_us: Option<i64>,
    /// From its start to its end, seconds.
    pub wall_seconds: f64,
    /// CPU time in user space, seconds, its children's included.
    pub user_seconds: f64,
    /// CPU time in the kernel, seconds, its children's included.
    pub kernel_seconds: f64,
    /// Resident peak, bytes; `None` if it is not above the runner's own, which the system counts too.
    pub resident_peak_bytes: Option<u64>,
    /// Page faults served without I/O.
    pub minor_faults: u64,
    /// Page faults that needed I/O.
    pub major_faults: u64,
    /// Times it waited.
    pub voluntary_switches: u64,
    /// Times it was made to wait.
    pub involuntary_switches: u64,
    /// How it ended.
    #[serde(serialize_with = "as_text", deserialize_with = "outcome")]
    pub outcome: Outcome,
    /// Instructions of the whole process, if they were counted: then nothing else was measured.
    pub instructions: Option<u64>,
}

impl Line {
    /// Appends the line to a log that other runners append to at the same time.
    pub(super) fn append(&self, log: &Path) -> io::Result<()> {
        let line = serde_json::to_string(self)? + "\n";
        // One write to a file that is open for appending is never mixed with another.
        OpenOptions::new().append(true).create(true).open(log)?.write_all(line.as_bytes())
    }

    /// The lines of a log; none if there is no log. One that is torn, as the last one of a runner that was killed may be, is
    /// left out.
    pub(super) fn read_all(log: &Path) -> io::Result<Vec<Self>> {
        match fs::read_to_string(log) {
            Ok(text) => Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// The system's clock less the clock since boot when the test was started, microseconds.
    pub(super) fn offset_us(&self) -> Option<i64> {
        Some(self.start.as_micros() - self.since_boot_us?)
    }

    /// When it was started, by the clock that is that far from the one since boot: of whoever set the system's clock
    /// meanwhile, nothing is seen.
    pub(super) fn start_by(&self, offset_us: Option<i64>) -> Timestamp {
        let told = self.since_boot_us.zip(offset_us);
        told.map_or(self.start, |(since_boot_us, offset_us)| Timestamp::from_micros(since_boot_us + offset_us))
    }
}

fn as_text<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

fn outcome<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Outcome, D::Error> {
    let word = String::deserialize(deserializer)?;
    Outcome::parse(&word).ok_or_else(|| D::Error::custom(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line {
        Line {
            test: "tests::a \"b\"".into(),
            root: "demo".into(),
            package: "demo".into(),
            binary: "demo::it".into(),
            attempt: 2,
            process_h: "0a".into(),
            start: "2026-11-23T01:02:03.456789".parse().expect("a time"),
            since_boot_us: Some(9),
            wall_seconds: 0.1,
            user_seconds: 0.02,
            kernel_seconds: 0.0,
            resident_peak_bytes: None,
            minor_faults: 7,
            major_faults: 0,
            voluntary_switches: 1,
            involuntary_switches: 0,
            outcome: Outcome::Crashed,
            instructions: Some(12),
        }
    }

    #[test]
    fn a_clock_that_is_set_back_moves_no_test_before_another() {
        const HOUR_US: i64 = 3_600_000_000;
        let first = line();
        let second = Line { since_boot_us: Some(1_009), start: first.start.after_micros(1_000 - HOUR_US), ..line() };
        let offset_us = first.offset_us();
        assert_eq!(second.start_by(offset_us), first.start_by(offset_us).after_micros(1_000));
        assert_eq!(first.start_by(offset_us), first.start);
        let clockless = Line { since_boot_us: None, ..line() };
        assert_eq!((clockless.offset_us(), clockless.start_by(offset_us)), (None, clockless.start));
    }

    #[test]
    fn lines_come_back_and_torn_ones_do_not() {
        let line = line();
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let log = folder.path().join("log");
        assert_eq!(Line::read_all(&log).expect("no log is no error"), []);
        line.append(&log).expect("a line can be written");
        line.append(&log).expect("a line can be written");
        fs::write(&log, fs::read_to_string(&log).expect("it is there") + "{\"test\":").expect("it can be written");
        assert_eq!(Line::read_all(&log).expect("it can be read"), [line.clone(), line]);
    }
}

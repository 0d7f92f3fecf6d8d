//! What is sent, as JSON. `POST /p/NAME/api/v2/sessions` takes it, `GET /p/NAME/api/v2/sessions/SESSION` gives it.

use std::borrow::Cow;

use monitor_store::{Amount, Attribution, MEASURES, Measures, MemSource, Outcome};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Number, Value};

use crate::fields::{Field, Fields};

/// A session with all that belongs to it: one JSON document, or its head and then a row a line.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Batch<'a> {
    /// The session.
    pub session: Session,
    /// What its tests ran on.
    #[serde(default)]
    pub contexts: Vec<Context>,
    /// Text of its `Cargo.lock`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lockfile: Option<String>,
    /// Runs of its tests.
    #[serde(default, borrow, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Row<'a>>,
}

/// A session.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Identifier.
    pub session_h: String,
    /// When it began.
    pub run_date: String,
    /// Revision of the sources.
    pub scm_ref: Option<String>,
    /// Tags.
    #[serde(default)]
    pub description: Map<String, Value>,
    /// Branch of the sources.
    pub branch: Option<String>,
    /// Where that branch left the one it will be merged into.
    pub merge_base: Option<String>,
    /// Number of the pull request.
    pub pull_request: Option<String>,
    /// Where to see the CI's run.
    pub ci_url: Option<String>,
    /// Whether the session is over.
    #[serde(default)]
    pub ended: bool,
}

/// What tests ran on: a machine with its system and toolchain.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// Identifier.
    pub h: String,
    /// Logical processors.
    #[serde(deserialize_with = "whole")]
    pub cpu_count: i64,
    /// MHz.
    pub cpu_frequency: f64,
    /// Processor architecture.
    pub cpu_type: String,
    /// The processor's model.
    pub cpu_vendor: Option<String>,
    /// MiB.
    #[serde(deserialize_with = "whole")]
    pub ram_total: i64,
    /// Host name.
    pub machine_node: String,
    /// Machine type.
    pub machine_type: String,
    /// `64bit` or `32bit`.
    pub machine_arch: String,
    /// Operating system.
    pub system_info: String,
    /// Toolchain.
    pub python_info: String,
    /// The machine class; `None` for pytest-monitor, which does not send one.
    pub class: Option<Class>,
}

/// A machine class.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Identifier.
    pub class_h: String,
    /// The compiler.
    pub rustc: String,
    /// Build profile.
    pub profile: String,
    /// Optimisation level.
    pub opt_level: String,
    /// Target triple.
    pub target: String,
}

/// One run of a test.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Row<'a> {
    /// The context, if it is known.
    #[serde(borrow)]
    pub context_h: Cow<'a, str>,
    /// Start of the body.
    #[serde(borrow)]
    pub item_start_time: Cow<'a, str>,
    /// Module path.
    #[serde(borrow)]
    pub item_path: Cow<'a, str>,
    /// Function name.
    #[serde(borrow)]
    pub item: Cow<'a, str>,
    /// Function name with parameters.
    #[serde(borrow)]
    pub item_variant: Cow<'a, str>,
    /// Source file.
    #[serde(borrow)]
    pub item_fs_loc: Cow<'a, str>,
    /// What the row is about.
    #[serde(borrow)]
    pub kind: Cow<'a, str>,
    /// Part of the product.
    #[serde(borrow)]
    pub component: Cow<'a, str>,
    /// Cargo package.
    #[serde(borrow)]
    pub package: Cow<'a, str>,
    /// Test binary.
    #[serde(borrow)]
    pub binary: Cow<'a, str>,
    /// Wall time, s; absent for a test that did not end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_time: Option<f64>,
    /// CPU time in user space, s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_time: Option<f64>,
    /// CPU time in the kernel, s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel_time: Option<f64>,
    /// 1.0 is one core busy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_usage: Option<f64>,
    /// MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mem_usage: Option<f64>,
    /// What we know beyond pytest-monitor.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Fields<'a>>,
    /// What each function cost, most expensive first; empty if the test's instructions were not counted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub costs: Vec<Cost>,
}

/// What a function cost in a test.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// As the compiler names it.
    pub name: String,
    /// Source file; empty if unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// Line of the most expensive code there; 0 if unknown.
    #[serde(default, deserialize_with = "count", skip_serializing_if = "is_zero")]
    pub line: u32,
    /// Package and version; empty for the user's own code.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub package: String,
    /// Instructions of its own.
    #[serde(rename = "self", deserialize_with = "count")]
    pub own: u64,
    /// Instructions of all that it did, what it called included.
    #[serde(deserialize_with = "count")]
    pub inclusive: u64,
    /// How often it was called.
    #[serde(deserialize_with = "count")]
    pub calls: u64,
}

/// A session in the list of a server.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Listed {
    /// The session.
    pub session: Session,
    /// Rows that the server has of it.
    pub rows: u64,
    /// Those of tests that ended.
    #[serde(default)]
    pub finished: u64,
}

impl<'a> Batch<'a> {
    /// Its head and then a row a line.
    #[must_use]
    pub fn to_lines(&self) -> String {
        let mut text = line(&self.head());
        for row in &self.rows {
            text.push_str(&line(row));
        }
        text
    }

    /// What [`Batch::to_lines`] gave.
    ///
    /// # Errors
    ///
    /// If it is something else: with the number of the row, unless it is the head.
    pub fn from_lines(bytes: &'a [u8]) -> Result<Self, (Option<usize>, serde_json::Error)> {
        // Looked at once, and not again in each text.
        let text = std::str::from_utf8(bytes).map_err(|error| {
            (lines(&bytes[..error.valid_up_to()]).count().checked_sub(2), serde_json::Error::custom(error))
        })?;
        let mut lines = text.split('\n').filter(|line| !line.trim_ascii().is_empty());
        let head = lines.next().unwrap_or_default();
        let mut batch: Self = serde_json::from_str(head).map_err(|error| (None, error))?;
        for (index, line) in lines.enumerate() {
            batch.rows.push(serde_json::from_str(line).map_err(|error| (Some(index), error))?);
        }
        Ok(batch)
    }

    /// Without its rows.
    fn head(&self) -> Batch<'static> {
        Batch {
            session: self.session.clone(),
            contexts: self.contexts.clone(),
            lockfile: self.lockfile.clone(),
            rows: Vec::new(),
        }
    }
}

/// The lines that are not blank.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty())
}

impl Context {
    /// Every text of it.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let class = self.class.iter();
        let of_class =
            class.flat_map(|class| [&class.class_h, &class.rustc, &class.profile, &class.opt_level, &class.target]);
        let own = [
            &self.h,
            &self.cpu_type,
            &self.machine_node,
            &self.machine_type,
            &self.machine_arch,
            &self.system_info,
            &self.python_info,
        ];
        own.into_iter().chain(&self.cpu_vendor).chain(of_class).map(String::as_str)
    }
}

/// What a row knows beyond pytest-monitor.
#[must_use]
pub fn profile(
    attempt: u32,
    outcome: Outcome,
    attribution: Option<Attribution>,
    mem_source: Option<MemSource>,
    measures: &Measures,
) -> Fields<'static> {
    let mut json = Fields::default();
    json.push("attempt", i64::from(attempt));
    json.push("outcome", outcome.as_str());
    let words =
        [("attribution", attribution.map(Attribution::as_str)), ("mem_source", mem_source.map(MemSource::as_str))];
    for (name, word) in words {
        if let Some(word) = word {
            json.push(name, word);
        }
    }
    for measure in MEASURES {
        let value: Field<'_> = match measure.of(measures) {
            None => continue,
            // The integers of SQL end at `i64::MAX`; a larger count is one that wrapped below zero.
            Some(Amount::Count(count)) => i64::try_from(count).unwrap_or(i64::MAX).into(),
            Some(Amount::Signed(count)) => count.into(),
            Some(Amount::Real(value)) => value.into(),
        };
        json.push(measure.name, value);
    }
    json
}

/// A whole number, which JSON may write as `2.0` too.
///
/// `None` if it has a fraction or is beyond the range.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "it is whole and within the range")]
pub fn to_whole(number: &Number) -> Option<i64> {
    let real = || number.as_f64().filter(|real| real.fract() == 0.0 && real.abs() < 9e15).map(|real| real as i64);
    number.as_i64().or_else(real)
}

fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let number = Number::deserialize(deserializer)?;
    to_whole(&number).ok_or_else(|| D::Error::custom(format!("{number} is not a whole number that can be stored")))
}

fn count<'de, D: Deserializer<'de>, T: TryFrom<i64>>(deserializer: D) -> Result<T, D::Error> {
    let number = whole(deserializer)?;
    T::try_from(number).map_err(|_| D::Error::custom(format!("{number} is not possible")))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn line(value: &impl Serialize) -> String {
    // Numbers that JSON has no word for are the only failure, and are written as null.
    serde_json::to_string(value).unwrap_or_default() + "\n"
}

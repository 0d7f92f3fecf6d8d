//! Contexts, sessions and metrics in JSON: what a client may send, and what it gets.

use monitor_client::{Field, Fields};
use monitor_store::Timestamp;
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Value, json};

use super::{date, python};
use crate::error::Problem;
use crate::store::{Context, Facts, Figures, Run, Session};

/// Characters of an identifier or a start time at most: they are in the keys of indexes.
const LONGEST_IDENTIFIER: usize = 512;

/// Texts that are taken for numbers, as a pattern.
pub const NUMERAL: &str = r"^-?[0-9]{1,9}(\.[0-9]{1,9})?$";

const NUL: &str = "a text can't hold the character NUL";

/// The texts of a metric; the first three are identifiers.
pub const METRIC_TEXTS: [&str; 9] = [
    "session_h",
    "context_h",
    "item_start_time",
    "item_path",
    "item",
    "item_variant",
    "item_fs_loc",
    "kind",
    "component",
];

/// The numbers of a metric.
pub const METRIC_NUMBERS: [&str; 5] = ["total_time", "user_time", "kernel_time", "cpu_usage", "mem_usage"];

/// `{"h": ..}`.
#[must_use]
pub fn from_context(context: &Context) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "the reference sends whole MHz")]
    let cpu_frequency = context.cpu_frequency as i64;
    json!({
        "h": context.h,
        // The client's own name for it.
        "context_h": context.h,
        "cpu_count": context.cpu_count,
        "cpu_frequency": cpu_frequency,
        "cpu_type": context.cpu_type,
        "cpu_vendor": context.cpu_vendor,
        "ram_total": context.ram_total,
        "machine_node": context.machine_node,
        "machine_type": context.machine_type,
        "machine_arch": context.machine_arch,
        "system_info": context.system_info,
        "python_info": context.python_info,
    })
}

/// `{"session_h": ..}`.
#[must_use]
pub fn from_session(session: &Session) -> Value {
    let tags = session.tags.iter().map(|(name, value)| json!({"name": name, "value": value}));
    json!({
        "session_h": session.h,
        "run_date": session.run_date,
        "scm_ref": session.scm_ref,
        "tags": tags.collect::<Vec<_>>(),
    })
}

/// A metric as it is answered: `{"session_h": .., "context_h": .., ..}`.
#[derive(Debug)]
pub struct Metric<'a>(pub &'a Run);

impl Serialize for Metric<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Run { session_h, context_h, start, path, item, variant, fs_loc, kind, component, .. } = self.0;
        let texts = [session_h, context_h, start, path, item, variant, fs_loc, kind, component];
        let mut fields = serializer.serialize_map(None)?;
        METRIC_TEXTS.iter().zip(texts).try_for_each(|(name, text)| fields.serialize_entry(name, text))?;
        let mut numbers = METRIC_NUMBERS.iter().zip(self.0.figures());
        numbers.try_for_each(|(name, number)| fields.serialize_entry(name, &number))?;
        fields.end()
    }
}

/// [`Metric`] as a value.
#[must_use]
pub fn from_metric(run: &Run) -> Value {
    serde_json::to_value(Metric(run)).unwrap_or_default()
}

/// A context as it is sent.
///
/// # Errors
///
/// With every field that is not as it should be.
pub fn to_context(body: &Fields<'_>) -> Result<Context, Problem> {
    let mut fields = Reading::of(body);
    let context = Context {
        h: fields.identifier("h"),
        cpu_count: fields.integer("cpu_count"),
        cpu_frequency: fields.number_or_numeral("cpu_frequency"),
        cpu_type: fields.text("cpu_type"),
        cpu_vendor: match fields.object.get("cpu_vendor") {
            None => Some(String::new()),
            Some(Field::Null) => None,
            Some(_) => Some(fields.text("cpu_vendor")),
        },
        ram_total: fields.integer("ram_total"),
        machine_node: fields.text("machine_node"),
        machine_type: fields.text("machine_type"),
        machine_arch: fields.text("machine_arch"),
        system_info: fields.text("system_info"),
        python_info: fields.text("python_info"),
        class: None,
    };
    fields.finish(context)
}

/// A session as it is sent; `path` is the identifier in the address, if there is one.
///
/// # Errors
///
/// With every field that is not as it should be.
pub fn to_session(body: &Fields<'_>, path: Option<&str>) -> Result<Session, Problem> {
    let mut fields = Reading::of(body);
    let h = match (fields.object.get("session_h"), path) {
        (None, Some(path)) => fields.checked_identifier("session_h", path.to_owned()),
        _ => fields.identifier("session_h"),
    };
    let run_date = fields.text("run_date");
    let run_date = date::normal(&run_date).unwrap_or_else(|| {
        fields.wrong(
            "run_date",
            format!("{} is not a date: write 2026-11-23T01:02:03.456789", python::repr(&run_date.into())),
        );
        String::new()
    });
    let scm_ref = match fields.object.get("scm_ref") {
        Some(Field::Null) => None,
        _ => Some(fields.text("scm_ref")),
    };
    let session =
        Session { h, run_date, scm_ref, tags: fields.tags("description"), facts: received(), ..Session::default() };
    fields.finish(session)
}

/// What the server knows of a session that it hears of now.
#[must_use]
pub fn received() -> Facts {
    Facts { received_at: Timestamp::now().to_string(), ..Facts::default() }
}

/// A metric as it is sent.
///
/// # Errors
///
/// With every field that is not as it should be.
pub fn to_metric(body: &Fields<'_>) -> Result<Run, Problem> {
    let mut fields = Reading::of(body);
    let [session_h, context_h, start, path, item, variant, fs_loc, kind, component] =
        METRIC_TEXTS.map(|name| match METRIC_TEXTS[..3].contains(&name) {
            true => fields.strict_identifier(name),
            false => fields.strict_text(name),
        });
    let [total_time, user_time, kernel_time, cpu_usage, mem_usage] = METRIC_NUMBERS.map(|name| fields.number(name));
    let [user_time, kernel_time, cpu_usage, mem_usage] = [user_time, kernel_time, cpu_usage, mem_usage].map(Some);
    let figures = Figures { total_time, user_time, kernel_time, cpu_usage, mem_usage };
    let run = Run {
        session_h,
        context_h,
        start,
        path,
        item,
        variant,
        fs_loc,
        kind,
        component,
        figures: Some(figures),
        ..Run::default()
    };
    fields.finish(run)
}

/// Whether a text can be stored.
///
/// # Errors
///
/// With the name of the field and the reason.
pub fn check_text(name: &str, text: &str) -> Result<(), (String, String)> {
    if text.contains('\0') { Err((name.to_owned(), NUL.to_owned())) } else { Ok(()) }
}

/// Whether a text can be an identifier or a start time.
///
/// # Errors
///
/// With the name of the field and the reason.
pub fn check_identifier(name: &str, text: &str) -> Result<(), (String, String)> {
    if text.chars().count() > LONGEST_IDENTIFIER {
        return Err((name.to_owned(), format!("it has more than {LONGEST_IDENTIFIER} characters")));
    }
    check_text(name, text)
}

/// The problem of a body that is no object.
#[must_use]
pub fn not_an_object(body: &Value) -> Problem {
    Problem::field("", format!("{} is not of type 'object'", short(body)))
}

/// The fields of an object, and what is wrong with them.
struct Reading<'a> {
    object: &'a Fields<'a>,
    errors: Vec<(String, String)>,
}

impl<'a> Reading<'a> {
    fn of(object: &'a Fields<'a>) -> Self {
        Self { object, errors: Vec::new() }
    }

    fn finish<T>(self, value: T) -> Result<T, Problem> {
        if self.errors.is_empty() { Ok(value) } else { Err(Problem::fields(self.errors)) }
    }

    fn wrong(&mut self, name: &str, reason: impl Into<String>) {
        self.errors.push((name.to_owned(), reason.into()));
    }

    fn get(&mut self, name: &str) -> Option<&'a Field<'a>> {
        let value = self.object.get(name);
        if value.is_none() {
            self.wrong(name, format!("'{name}' is a required property"));
        }
        value
    }

    fn not_of_type<T: Default>(&mut self, name: &str, value: &Field<'_>, kind: &str) -> T {
        self.wrong(name, format!("{} is not of type '{kind}'", short(&value.to_value())));
        T::default()
    }

    /// A text, and nothing else.
    fn strict_text(&mut self, name: &str) -> String {
        match self.get(name) {
            Some(Field::Text(text)) => self.storable(name, text.clone().into_owned()),
            Some(other) => self.not_of_type(name, other, "string"),
            None => String::new(),
        }
    }

    /// A text, or a number that is taken for one.
    fn text(&mut self, name: &str) -> String {
        match self.object.get(name) {
            Some(Field::Number(number)) => number.to_string(),
            _ => self.strict_text(name),
        }
    }

    fn storable(&mut self, name: &str, text: String) -> String {
        self.errors.extend(check_text(name, &text).err());
        text
    }

    fn identifier(&mut self, name: &str) -> String {
        let text = self.text(name);
        self.checked_identifier(name, text)
    }

    fn strict_identifier(&mut self, name: &str) -> String {
        let text = self.strict_text(name);
        self.checked_identifier(name, text)
    }

    fn checked_identifier(&mut self, name: &str, text: String) -> String {
        // A text with NUL has been found out already.
        let error = check_identifier(name, &text).err().filter(|error| !self.errors.contains(error));
        self.errors.extend(error);
        text
    }

    fn number(&mut self, name: &str) -> f64 {
        match self.get(name) {
            Some(Field::Number(number)) => number.as_f64().unwrap_or_default(),
            Some(other) => self.not_of_type(name, other, "number"),
            None => 0.0,
        }
    }

    fn number_or_numeral(&mut self, name: &str) -> f64 {
        match self.object.get(name) {
            Some(Field::Text(text)) if is_numeral(text) => text.parse().unwrap_or_default(),
            Some(text @ Field::Text(_)) => self.not_of_type(name, text, "number"),
            _ => self.number(name),
        }
    }

    fn integer(&mut self, name: &str) -> i64 {
        let number = self.number_or_numeral(name);
        #[expect(clippy::cast_possible_truncation, reason = "it is within the range")]
        let whole = number as i64;
        if number.abs() >= 9e15 {
            self.wrong(name, format!("{number} is too large"));
        }
        whole
    }

    fn tags(&mut self, name: &str) -> Vec<(String, Option<String>)> {
        let Some(value) = self.get(name) else { return Vec::new() };
        let object = if let Field::Other(value) = value { value.as_object() } else { None };
        let Some(object) = object else { return self.not_of_type(name, value, "object") };
        let tags = object.iter().map(|(tag, value)| {
            let value = if value.is_null() { None } else { Some(python::text(value)) };
            (tag.clone(), value)
        });
        let tags: Vec<_> = tags.collect();
        if tags
            .iter()
            .any(|(tag, value)| tag.contains('\0') || value.as_ref().is_some_and(|value| value.contains('\0')))
        {
            self.wrong(name, NUL);
        }
        tags
    }
}

/// Whether a text is as [`NUMERAL`] says.
fn is_numeral(text: &str) -> bool {
    let digits = |text: &str| (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    digits(whole.strip_prefix('-').unwrap_or(whole)) && fraction.is_none_or(digits)
}

/// A value in a message, which need not be as long as the value.
fn short(value: &Value) -> String {
    let text = python::repr(value);
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

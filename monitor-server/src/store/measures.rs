//! The store's table of measures as columns of `profiles`.

use monitor_store::{Amount, MEASURES, Measure, Measures, Number};

use super::value::Value;

/// Every column, by its name, with commas before and between, and a prefix before each.
pub(super) fn columns(prefix: &str) -> String {
    MEASURES.iter().map(|measure| format!(", {prefix}{}", measure.name)).collect()
}

/// Statements that add the columns which a table with these columns lacks: the table of measures grows. The first type is
/// that of whole numbers, the second that of others.
pub(super) fn missing(present: &[String], types: [&str; 2]) -> String {
    let lacks = |measure: &&Measure| !present.iter().any(|column| column == measure.name);
    let add = |measure: &Measure| {
        let kind = types[usize::from(measure.number == Number::Real)];
        format!("ALTER TABLE profiles ADD COLUMN {} {kind};", measure.name)
    };
    MEASURES.iter().filter(lacks).map(add).collect()
}

/// The values in the order of the columns.
pub(super) fn values(measures: &Measures) -> impl Iterator<Item = Value> {
    MEASURES.iter().map(|measure| value(measure, measures))
}

/// One of them.
pub(super) fn value(measure: &Measure, measures: &Measures) -> Value {
    match measure.of(measures) {
        None => Value::Null,
        // SQL's integers end at `i64::MAX`; a larger count is one that wrapped below zero.
        Some(Amount::Count(count)) => Value::Integer(i64::try_from(count).unwrap_or(i64::MAX)),
        Some(Amount::Signed(count)) => Value::Integer(count),
        Some(Amount::Real(value)) => Value::Real(value),
    }
}

/// What [`values`] gave.
pub(super) fn from_values(mut next: impl FnMut() -> Value) -> Measures {
    let mut measures = Measures::default();
    for measure in MEASURES {
        let value = next();
        let amount = match measure.number {
            Number::Real => value.real().map(Amount::Real),
            number => value.integer().map(|value| number.of_i64(value)),
        };
        measure.set(&mut measures, amount);
    }
    measures
}

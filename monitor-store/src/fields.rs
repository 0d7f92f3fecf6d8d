//! Rows as JSON objects: one table names the fields of each, for both directions.

use crate::json::{Json, write_text};
use crate::measures::{Amount, MEASURES, Measures, Number};
use crate::rows::{ContextClass, ExecutionContext, Metric, Process, Profile, ProfileKey, Session};
use crate::timestamp::Timestamp;
use crate::words::{Attribution, Kind, MemSource, Outcome};

/// A value that is written to JSON and read back as it was.
pub(crate) trait Field {
    /// Writes it behind what is there.
    fn write(&self, json: &mut String);

    /// `None` if the JSON is of another type.
    fn from_json(json: &Json) -> Option<Self>
    where
        Self: Sized;
}

/// What stands before the value of a field, all in one: every process of one test writes them, in most without optimisation.
macro_rules! before {
    ($name:expr) => {
        concat!(",\"", $name, "\":")
    };
}

pub(crate) use before;

/// Writes an object of fields, each with what stands before it.
pub(crate) fn write_object<'f>(json: &mut String, fields: impl IntoIterator<Item = (&'f str, &'f dyn Field)>) {
    let begin = json.len();
    for (before, value) in fields {
        json.push_str(before);
        value.write(json);
    }
    end_object(json, begin);
}

/// Makes an object of the fields written since `begin`.
fn end_object(json: &mut String, begin: usize) {
    if json.len() == begin {
        json.push('{');
    } else {
        json.replace_range(begin..=begin, "{");
    }
    json.push('}');
}

/// Each line a row and its fields, each named as in JSON: as in Rust, unless another name is given.
macro_rules! objects {
    ($($name:ident { $($field:ident $(= $key:literal)?)+ })+) => { $(
        impl Field for $name {
            fn write(&self, json: &mut String) {
                write_object(json, [$((before!(key!($field $($key)?)), &self.$field as &dyn Field),)+]);
            }

            fn from_json(json: &Json) -> Option<Self> {
                Some(Self { $($field: field(json, key!($field $($key)?))?,)+ })
            }
        }
    )+ };
}

macro_rules! key {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $key:literal) => {
        $key
    };
}

objects! {
    Session { session_h run_date scm_id description }
    ExecutionContext {
        env_h cpu_count cpu_frequency_mhz cpu_type cpu_vendor ram_total_mib machine_node machine_type machine_arch system_info
        python_info
    }
    ContextClass { env_h class_h rustc profile opt_level target }
    Process {
        process_h session_h env_h machine_key host boot_id pid pid_started leader_pid leader_started scopes started_at
        clock_offset_us clock_cost_ns scope_cost_ns allocation_cost_ns
    }
    Metric {
        session_h env_h item_start_time item_path item item_variant item_fs_loc kind component wall_seconds = "total_time"
        user_seconds = "user_time" kernel_seconds = "kernel_time" cpu_usage memory_mib = "mem_usage"
    }
    ProfileKey { session_h item_path item_variant item_start_time process_h }
    Profile { key package binary attempt outcome attribution mem_source measures }
}

/// Named and counted by the table of measures. Those that were not taken are left out.
impl Field for Measures {
    fn write(&self, json: &mut String) {
        let begin = json.len();
        for measure in MEASURES {
            let Some(amount) = measure.of(self) else { continue };
            for part in [",\"", measure.name, "\":"] {
                json.push_str(part);
            }
            match amount {
                Amount::Count(count) => count.write(json),
                Amount::Signed(count) => count.write(json),
                Amount::Real(value) => value.write(json),
            }
        }
        end_object(json, begin);
    }

    fn from_json(json: &Json) -> Option<Self> {
        let mut measures = Self::default();
        for measure in MEASURES {
            let value = match measure.number {
                Number::Count => field::<Option<u64>>(json, measure.name)?.map(Amount::Count),
                Number::Signed => field::<Option<i64>>(json, measure.name)?.map(Amount::Signed),
                Number::Real => field::<Option<f64>>(json, measure.name)?.map(Amount::Real),
            };
            measure.set(&mut measures, value);
        }
        Some(measures)
    }
}

/// The field of an object; one that is missing is read as `null`.
pub(crate) fn field<T: Field>(json: &Json, name: &str) -> Option<T> {
    match json {
        Json::Object(_) => T::from_json(json.get(name).unwrap_or(&Json::Null)),
        _ => None,
    }
}

impl Field for String {
    fn write(&self, json: &mut String) {
        write_text(json, self);
    }

    fn from_json(json: &Json) -> Option<Self> {
        match json {
            Json::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
}

/// Rust writes as many digits as bring the same bits back; JSON has no word for what is no number.
impl Field for f64 {
    fn write(&self, json: &mut String) {
        json.push_str(&if self.is_finite() { format!("{self:?}") } else { "null".to_owned() });
    }

    fn from_json(json: &Json) -> Option<Self> {
        match json {
            Json::Number(number) => number.parse().ok(),
            Json::Null => Some(f64::NAN),
            _ => None,
        }
    }
}

macro_rules! integers {
    ($($integer:ty)+) => { $(
        impl Field for $integer {
            fn write(&self, json: &mut String) {
                json.push_str(&self.to_string());
            }

            fn from_json(json: &Json) -> Option<Self> {
                match json {
                    Json::Number(number) => number.parse().ok(),
                    _ => None,
                }
            }
        }
    )+ };
}

integers! { u32 u64 i64 }

/// What has a text, and is read from it by this function.
macro_rules! texts {
    ($($name:ident: $parse:expr;)+) => { $(
        impl Field for $name {
            fn write(&self, json: &mut String) {
                write_text(json, &self.to_string());
            }

            fn from_json(json: &Json) -> Option<Self> {
                $parse(&String::from_json(json)?)
            }
        }
    )+ };
}

texts! {
    Timestamp: |text: &str| text.parse().ok();
    Attribution: Attribution::parse;
    Kind: Kind::parse;
    MemSource: MemSource::parse;
    Outcome: Outcome::parse;
}

impl<T: Field> Field for Option<T> {
    fn write(&self, json: &mut String) {
        match self {
            Some(value) => value.write(json),
            None => json.push_str("null"),
        }
    }

    fn from_json(json: &Json) -> Option<Self> {
        match json {
            Json::Null => Some(None),
            json => T::from_json(json).map(Some),
        }
    }
}

impl<T: Field> Field for Vec<T> {
    fn write(&self, json: &mut String) {
        let mut before = "[";
        for value in self {
            json.push_str(before);
            value.write(json);
            before = ",";
        }
        json.push_str(if before == "[" { "[]" } else { "]" });
    }

    fn from_json(json: &Json) -> Option<Self> {
        match json {
            Json::List(values) => values.iter().map(T::from_json).collect(),
            _ => None,
        }
    }
}

impl Field for (String, String) {
    fn write(&self, json: &mut String) {
        vec![self.0.clone(), self.1.clone()].write(json);
    }

    fn from_json(json: &Json) -> Option<Self> {
        let [key, value] = Vec::from_json(json)?.try_into().ok()?;
        Some((key, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &dyn Field) -> String {
        let mut json = String::new();
        value.write(&mut json);
        json
    }

    fn again<T: Field>(value: &T) -> Option<T> {
        T::from_json(&Json::parse(&written(value)).unwrap())
    }

    #[test]
    fn numbers_come_back_bit_for_bit() {
        let awkward = [0.1 + 0.2, 1.0 / 3.0, 5e-324, f64::MAX, -0.0, 1e23, 123_456_789_012_345_680.0, 2445.404];
        for number in awkward {
            assert_eq!(again(&number).unwrap().to_bits(), number.to_bits(), "{number}");
        }
        for number in [0, u64::MAX] {
            assert_eq!(again(&number), Some(number));
        }
        assert!(again(&f64::NAN).unwrap().is_nan());
        assert_eq!(u32::from_json(&Json::Number(u64::MAX.to_string())), None);
        assert_eq!(i64::from_json(&Json::Number("1.5".to_owned())), None);
    }

    #[test]
    fn an_object_of_another_shape_is_none() {
        let measures =
            Measures { heap_retained_bytes: Some(-16), child_user_seconds: Some(0.25), ..Measures::default() };
        assert_eq!(again(&measures), Some(measures));
        assert_eq!(written(&Measures::default()), "{}");
        let read = |text: &str| Measures::from_json(&Json::parse(text).unwrap());
        for empty in ["{}", r#"{"new":null}"#, r#"{"heap_peak":null}"#] {
            assert_eq!(read(empty), Some(Measures::default()), "{empty}");
        }
        for other in ["null", r#"{"heap_peak":"4096"}"#] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn names_in_spool_files_are_those_of_the_tables_columns() {
        let line = r#"{"session_h":"s","env_h":"e","item_start_time":"2026-11-23T01:02:03.456789","item_path":"a",
            "item":"t","item_variant":"t","item_fs_loc":"","kind":"function","component":"","total_time":1.5,
            "user_time":0.25,"kernel_time":0.5,"cpu_usage":0.5,"mem_usage":2.0}"#;
        let json = Json::parse(line).unwrap();
        let row = Metric::from_json(&json).unwrap();
        assert_eq!((row.wall_seconds, row.user_seconds, row.kernel_seconds), (Some(1.5), Some(0.25), Some(0.5)));
        assert_eq!(row.memory_mib, Some(2.0));
        assert_eq!(written(&row), json.to_string());
    }
}

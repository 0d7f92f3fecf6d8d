//! Rows as JSON objects: one table names the fields of each, for both directions.

use crate::json::Json;
use crate::measures::{Amount, MEASURES, Measure, Measures, Number};
use crate::rows::{ContextClass, ExecutionContext, Metric, Process, Profile, ProfileKey, Session};
use crate::timestamp::Timestamp;
use crate::words::{Attribution, Kind, MemSource, Outcome};

/// A value that is written to JSON and read back as it was.
pub(crate) trait Field: Sized {
    fn to_json(&self) -> Json;

    /// `None` if the JSON is of another type.
    fn from_json(json: &Json) -> Option<Self>;
}

/// Each line a row and its fields, each named as in JSON: as in Rust, unless another name is given.
macro_rules! objects {
    ($($name:ident { $($field:ident $(= $key:literal)?)+ })+) => { $(
        impl Field for $name {
            fn to_json(&self) -> Json {
                Json::object([$((key!($field $($key)?), self.$field.to_json()),)+])
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

/// Named and counted by the table of measures.
impl Field for Measures {
    fn to_json(&self) -> Json {
        let value = |measure: &Measure| match measure.of(self) {
            None => Json::Null,
            Some(Amount::Count(count)) => count.to_json(),
            Some(Amount::Signed(count)) => count.to_json(),
            Some(Amount::Real(value)) => value.to_json(),
        };
        Json::object(MEASURES.iter().map(|measure| (measure.name, value(measure))))
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
    fn to_json(&self) -> Json {
        Json::text(self)
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
    fn to_json(&self) -> Json {
        if self.is_finite() { Json::Number(format!("{self:?}")) } else { Json::Null }
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
            fn to_json(&self) -> Json {
                Json::Number(self.to_string())
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
            fn to_json(&self) -> Json {
                Json::text(self.to_string())
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
    fn to_json(&self) -> Json {
        self.as_ref().map_or(Json::Null, T::to_json)
    }

    fn from_json(json: &Json) -> Option<Self> {
        match json {
            Json::Null => Some(None),
            json => T::from_json(json).map(Some),
        }
    }
}

impl<T: Field> Field for Vec<T> {
    fn to_json(&self) -> Json {
        Json::List(self.iter().map(T::to_json).collect())
    }

    fn from_json(json: &Json) -> Option<Self> {
        match json {
            Json::List(values) => values.iter().map(T::from_json).collect(),
            _ => None,
        }
    }
}

impl Field for (String, String) {
    fn to_json(&self) -> Json {
        Json::List(vec![self.0.to_json(), self.1.to_json()])
    }

    fn from_json(json: &Json) -> Option<Self> {
        match <[String; 2]>::try_from(Vec::from_json(json)?) {
            Ok([key, value]) => Some((key, value)),
            Err(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_bit_for_bit() {
        let awkward = [0.1 + 0.2, 1.0 / 3.0, 5e-324, f64::MAX, -0.0, 1e23, 123_456_789_012_345_680.0, 2445.404];
        for number in awkward {
            let text = number.to_json().to_string();
            let read = f64::from_json(&Json::parse(&text).unwrap()).unwrap();
            assert_eq!(read.to_bits(), number.to_bits(), "{text}");
        }
        for number in [0, u64::MAX] {
            assert_eq!(u64::from_json(&number.to_json()), Some(number));
        }
        assert!(f64::from_json(&f64::NAN.to_json()).unwrap().is_nan());
        assert_eq!(u32::from_json(&u64::MAX.to_json()), None);
        assert_eq!(i64::from_json(&Json::Number("1.5".to_owned())), None);
    }

    #[test]
    fn an_object_of_another_shape_is_none() {
        let measures =
            Measures { heap_retained_bytes: Some(-16), child_user_seconds: Some(0.25), ..Measures::default() };
        assert_eq!(Measures::from_json(&measures.to_json()), Some(measures));
        assert_eq!(Measures::from_json(&Json::object([("new", Json::Null)])), Some(Measures::default()));
        for other in [Json::Null, Json::object([("heap_peak", Json::text("4096"))])] {
            assert_eq!(Measures::from_json(&other), None, "{other}");
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
        assert_eq!(row.to_json().to_string(), json.to_string());
    }
}

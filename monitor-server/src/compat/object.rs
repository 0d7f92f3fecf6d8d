//! A JSON object that a client sends. It has few fields, and each is asked for once: without a table of them, and with texts
//! that are not copied, it takes a fraction of what [`Value`] takes, which counts where each request brings one metric.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};

/// The fields of an object with their names, as they came.
#[derive(Debug, PartialEq)]
pub struct Object<'a>(Vec<(Text<'a>, Field<'a>)>);

/// The value of a field.
#[derive(Debug, PartialEq)]
pub enum Field<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// A number.
    Number(Number),
    /// Anything else.
    Other(Value),
}

impl<'a> Object<'a> {
    /// The value under a name: the last, if there are several.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Field<'a>> {
        self.0.iter().rev().find(|(known, _)| known.0 == name).map(|(_, value)| value)
    }
}

impl Field<'_> {
    /// The same as any JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => Value::from(&**text),
            Self::Number(number) => number.clone().into(),
            Self::Other(value) => value.clone(),
        }
    }
}

/// A text that is not copied if nothing in it is escaped.
#[derive(Debug, Deserialize, PartialEq)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OfObject).map(Self)
    }
}

struct OfObject;

impl<'de> Visitor<'de> for OfObject {
    type Value = Vec<(Text<'de>, Field<'de>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::with_capacity(16);
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(fields)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OfField)
    }
}

struct OfField;

impl<'de> Visitor<'de> for OfField {
    type Value = Field<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Field<'de>, E> {
        Ok(Field::Text(text.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Field<'de>, E> {
        Ok(Field::Text(text.to_owned().into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Field<'de>, E> {
        Ok(Field::Number(number.into()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Field<'de>, E> {
        Ok(Field::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Field<'de>, E> {
        Ok(Number::from_f64(number).map_or(Field::Other(Value::Null), Field::Number))
    }

    fn visit_bool<E: Error>(self, is_true: bool) -> Result<Field<'de>, E> {
        Ok(Field::Other(is_true.into()))
    }

    fn visit_unit<E: Error>(self) -> Result<Field<'de>, E> {
        Ok(Field::Other(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Field<'de>, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(list)).map(Field::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Field<'de>, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(map)).map(Field::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_what_any_json_reader_finds() {
        let text = r#"{"a": "plain", "b\u00e9": "esc\"aped \ud83d\ude00", "c": 1, "d": -2, "e": 1.5e3, "f": 18446744073709551616,
                       "g": true, "h": null, "i": [1, {"x": "y"}], "j": {"z": 1, "a": [], "z": 2}, "a": "again", "": ""}"#;
        let object: Object<'_> = serde_json::from_str(text).expect("an object");
        let Value::Object(known) = serde_json::from_str(text).expect("JSON") else { panic!("no object") };
        for (name, value) in &known {
            assert_eq!(object.get(name).map(Field::to_value).as_ref(), Some(value), "{name}");
        }
        assert_eq!(object.get("no such field"), None);
        assert!(matches!(object.get("a"), Some(Field::Text(Cow::Borrowed("again")))), "{object:?}");
    }

    #[test]
    fn what_is_no_json_object_is_refused() {
        for text in ["", "{", "[]", "null", "1", "\"{}\"", "{\"a\": }", "{\"a\": 1e999}", "{} x", "{\"a\": nan}"] {
            assert!(serde_json::from_str::<Object<'_>>(text).is_err(), "{text}");
        }
    }
}

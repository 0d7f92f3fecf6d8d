//! An object of JSON whose few names stay where they were read, and whose texts are not copied: a batch has thousands, and a hash
//! table for each costs more than all the rest of a row.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};

/// Names with their values, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields<'a>(Vec<(Cow<'a, str>, Field<'a>)>);

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Field<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// A number.
    Number(Number),
    /// Nothing.
    Null,
    /// Anything else. It is large, and rare.
    Other(Box<Value>),
}

impl<'a> Fields<'a> {
    /// Adds a field.
    pub fn push(&mut self, name: &'a str, value: impl Into<Field<'a>>) {
        self.0.push((Cow::Borrowed(name), value.into()));
    }

    /// The value under a name: the last, if there are several.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Field<'a>> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Every field.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Field<'a>)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// The same, without what it was read from.
    #[must_use]
    pub fn into_owned(self) -> Fields<'static> {
        Fields(self.0.into_iter().map(|(name, value)| (Cow::Owned(name.into_owned()), value.into_owned())).collect())
    }
}

impl Field<'_> {
    /// The text, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The number, if it is one.
    #[must_use]
    pub const fn as_number(&self) -> Option<&Number> {
        if let Self::Number(number) = self { Some(number) } else { None }
    }

    /// The same as any JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => Value::from(&**text),
            Self::Number(number) => number.clone().into(),
            Self::Null => Value::Null,
            Self::Other(value) => (**value).clone(),
        }
    }

    fn into_owned(self) -> Field<'static> {
        match self {
            Self::Text(text) => Field::Text(text.into_owned().into()),
            Self::Number(number) => Field::Number(number),
            Self::Null => Field::Null,
            Self::Other(value) => Field::Other(value),
        }
    }
}

impl<'a> From<&'a str> for Field<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl From<i64> for Field<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

impl From<f64> for Field<'_> {
    /// JSON has no word for some numbers.
    fn from(number: f64) -> Self {
        Number::from_f64(number).map_or(Self::Null, Self::Number)
    }
}

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => number.serialize(serializer),
            Self::Null => serializer.serialize_unit(),
            Self::Other(value) => value.serialize(serializer),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OfMap).map(Self)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OfField)
    }
}

/// A name that is not copied if nothing in it is escaped.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

struct OfMap;

impl<'de> Visitor<'de> for OfMap {
    type Value = Vec<(Cow<'de, str>, Field<'de>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::with_capacity(16);
        while let Some((Name(name), value)) = map.next_entry()? {
            fields.push((name, value));
        }
        Ok(fields)
    }
}

struct OfField;

impl<'de> Visitor<'de> for OfField {
    type Value = Field<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Field<'de>, E> {
        Ok(text.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Field<'de>, E> {
        Ok(Field::Text(text.to_owned().into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Field<'de>, E> {
        Ok(Field::Number(number.into()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Field<'de>, E> {
        Ok(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Field<'de>, E> {
        Ok(number.into())
    }

    fn visit_bool<E: Error>(self, is_true: bool) -> Result<Field<'de>, E> {
        Ok(Field::Other(Box::new(is_true.into())))
    }

    fn visit_unit<E: Error>(self) -> Result<Field<'de>, E> {
        Ok(Field::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Field<'de>, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(list)).map(|list| Field::Other(Box::new(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Field<'de>, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(map)).map(|object| Field::Other(Box::new(object)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_what_any_json_reader_finds() {
        let text = r#"{"a": "plain", "b\u00e9": "esc\"aped \ud83d\ude00", "c": 1, "d": -2, "e": 1.5e3, "f": 18446744073709551616,
                       "g": true, "h": null, "i": [1, {"x": "y"}], "j": {"z": 1, "a": [], "z": 2}, "a": "again", "": ""}"#;
        let fields: Fields<'_> = serde_json::from_str(text).expect("an object");
        let Value::Object(known) = serde_json::from_str(text).expect("JSON") else { panic!("no object") };
        for (name, value) in &known {
            assert_eq!(fields.get(name).map(Field::to_value).as_ref(), Some(value), "{name}");
        }
        assert_eq!(fields.get("no such field"), None);
        assert!(matches!(fields.get("a"), Some(Field::Text(Cow::Borrowed("again")))), "{fields:?}");
        let written = serde_json::to_string(&fields.clone().into_owned()).expect("JSON");
        assert_eq!(serde_json::from_str::<Fields<'_>>(&written).expect("an object"), fields);
    }

    #[test]
    fn what_is_no_json_object_is_refused() {
        for text in ["", "{", "[]", "null", "1", "\"{}\"", "{\"a\": }", "{\"a\": 1e999}", "{} x", "{\"a\": nan}"] {
            assert!(serde_json::from_str::<Fields<'_>>(text).is_err(), "{text}");
        }
    }
}

//! Events as one JSON object a line, on stderr.

use std::io::Write as _;

use monitor_store::Timestamp;
use serde_json::{Map, Value};

/// Something that the operator should know of.
pub fn error(event: &str, message: &str) {
    write("error", event, &[("message", message.into())]);
}

/// Something that happened.
pub fn info(event: &str, fields: &[(&str, Value)]) {
    write("info", event, fields);
}

fn write(level: &str, event: &str, fields: &[(&str, Value)]) {
    let mut line = Map::new();
    line.insert("time".into(), format!("{}Z", Timestamp::now()).into());
    line.insert("level".into(), level.into());
    line.insert("event".into(), event.into());
    line.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let mut text = Value::from(line).to_string();
    text.push('\n');
    // Where nobody listens, nobody is told.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

//! The words that somebody wrote into a record: every text in it that is no digest, no time and no kind.

use serde_json::Value;

use super::event::EventRecord;
use crate::clock::Time;
use crate::digest::Digest;

/// Whether any of an event's words are `wanted`.
pub fn any_in_event(event: &EventRecord, wanted: &dyn Fn(&str) -> bool) -> bool {
    serde_json::to_value(event).is_ok_and(|event| any(&event, wanted))
}

/// Whether any words of a record are `wanted`; none: it is no JSON.
pub fn any_in(record: &[u8], wanted: &dyn Fn(&str) -> bool) -> Option<bool> {
    serde_json::from_slice(record).ok().map(|record| any(&record, wanted))
}

fn any(record: &Value, wanted: &dyn Fn(&str) -> bool) -> bool {
    match record {
        Value::String(text) => wanted(text) && text.parse::<Digest>().is_err() && Time::parse_rfc3339(text).is_err(),
        Value::Array(items) => items.iter().any(|item| any(item, wanted)),
        Value::Object(fields) => {
            fields.iter().any(|(key, value)| !matches!(key.as_str(), "format" | "kind") && any(value, wanted))
        }
        _ => false,
    }
}

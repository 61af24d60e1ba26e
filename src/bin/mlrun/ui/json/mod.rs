//! One JSON view for each report. Fields are added, never changed: scripts rely on them.

pub mod bisect;
pub mod certify;
pub mod collect;
pub mod deployed;
pub mod diff;
pub mod evidence;
pub mod exec;
pub mod explain;
pub mod history;
pub mod hooks;
pub mod policy;
pub mod project;
pub mod purge;
pub mod recheck;
pub mod registry;
pub mod report;
pub mod reproduce;
pub mod signoff;
pub mod snapshot;
pub mod status;
pub mod stored;

use mlrun::ops::MadeEvent;
use mlrun::snapshot::TreeFile;
use mlrun::unseen::is_unseen;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

/// What a program gets to read.
pub trait Answer {
    /// It as JSON, on one line.
    fn line(&self) -> String;
}

impl<T: Serialize> Answer for T {
    fn line(&self) -> String {
        // Maps have texts for keys, and nothing else could fail.
        harmless(serde_json::to_string(self).unwrap_or_default()) + "\n"
    }
}

/// JSON that says the same and steers no terminal: serde writes down as numbers only what JSON itself forbids.
fn harmless(json: String) -> String {
    if !json.contains(is_unseen) {
        return json;
    }
    // They stand nowhere but in texts.
    let mut harmless = String::with_capacity(json.len());
    for c in json.chars() {
        if is_unseen(c) {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| harmless += &format!("\\u{unit:04x}"));
        } else {
            harmless.push(c);
        }
    }
    harmless
}

/// A record as JSON. Metrics and parameters look as they do in records: what JSON has no number for is
/// `{"float":"nan"}`, which no text can be mistaken for.
fn value<T: Serialize>(record: &T) -> Value {
    serde_json::to_value(record).unwrap_or(Value::Null)
}

/// The event that a verb made; null: it made none.
fn made_event(made: Option<&MadeEvent>) -> Value {
    made.map_or(
        Value::Null,
        |made| json!({ "seq": made.event.seq, "id": made.event.id.to_string(), "time": made.time.to_string() }),
    )
}

/// An answer with a list of files. There may be millions: each becomes JSON only when it is written.
struct WithFiles<'f, View> {
    fields: Value,
    files: &'f [TreeFile],
    view: View,
}

impl<View: Fn(&TreeFile) -> Value> Serialize for WithFiles<'_, View> {
    /// Fields in the order of their names, as in every answer.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = || self.fields.as_object().into_iter().flatten();
        let is_before = |(name, _): &(&String, &Value)| name.as_str() < "files";
        let mut map = serializer.serialize_map(None)?;
        fields().take_while(is_before).try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.serialize_entry("files", &Files(self))?;
        fields().skip_while(is_before).try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.end()
    }
}

struct Files<'a, 'f, View>(&'a WithFiles<'f, View>);

impl<View: Fn(&TreeFile) -> Value> Serialize for Files<'_, '_, View> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.files.iter().map(&self.0.view))
    }
}

fn file(file: &TreeFile) -> Value {
    json!({ "path": file.path, "sha256": file.id.map(|id| id.to_string()), "size": file.size })
}

//! One JSON view for each report. Fields are added, never changed: scripts rely on them.

pub mod certify;
pub mod collect;
pub mod diff;
pub mod history;
pub mod project;
pub mod purge;
pub mod registry;
pub mod snapshot;
pub mod stored;

use mlrun::snapshot::TreeFile;
use serde::Serialize;
use serde_json::{Value, json};

/// A record as JSON. Metrics and parameters look as they do in records: what JSON has no number for is
/// `{"float":"nan"}`, which no text can be mistaken for.
fn value<T: Serialize>(record: &T) -> Value {
    serde_json::to_value(record).unwrap_or(Value::Null)
}

fn files(files: &[TreeFile]) -> Value {
    files.iter().map(file).collect()
}

fn file(file: &TreeFile) -> Value {
    json!({ "path": file.path, "sha256": file.id.map(|id| id.to_string()), "size": file.size })
}

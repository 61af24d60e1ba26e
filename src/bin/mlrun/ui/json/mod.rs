//! One JSON view for each report. Fields are added, never changed: scripts rely on them.

pub mod certify;
pub mod collect;
pub mod diff;
pub mod history;
pub mod project;
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
    let file = |f: &TreeFile| json!({ "path": f.path, "sha256": f.id.map(|id| id.to_string()), "size": f.size });
    files.iter().map(file).collect()
}

//! One JSON view for each report. Fields are added, never changed: scripts rely on them.

pub mod certify;
pub mod diff;
pub mod history;
pub mod project;
pub mod registry;
pub mod snapshot;
pub mod stored;

use mlrun::format::scalar::Scalar;
use mlrun::snapshot::TreeFile;
use serde::Serialize;
use serde_json::{Value, json};

/// A record as JSON.
fn value<T: Serialize>(record: &T) -> Value {
    serde_json::to_value(record).unwrap_or(Value::Null)
}

/// A value as scripts expect it: a plain JSON value, or text where JSON has no number for it.
fn scalar(scalar: &Scalar) -> Value {
    match scalar {
        Scalar::Float(number) if !number.is_finite() => json!(scalar.to_string()),
        Scalar::Int(number) if !mlrun::format::scalar::is_safe(*number) => json!(number.to_string()),
        Scalar::List(items) => items.iter().map(self::scalar).collect(),
        other => value(other),
    }
}

fn files(files: &[TreeFile]) -> Value {
    let file = |f: &TreeFile| json!({ "path": f.path, "sha256": f.id.map(|id| id.to_string()), "size": f.size });
    files.iter().map(file).collect()
}

//! Tensors compared, against what numpy says (`goldens.py`).

mod files;
mod flaws;
mod learned;
mod names;
mod numbers;
mod sides;

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

fn here(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/compare/tensors").join(name)
}

fn golden(name: &str) -> Value {
    serde_json::from_slice(&fs::read(here(name)).unwrap()).unwrap()
}

/// Equal to some 12 digits; what is not defined is not defined.
#[track_caller]
fn is_close(what: &str, found: Option<f64>, expected: &Value) {
    match (found, expected.as_f64()) {
        (None, None) => {}
        (Some(found), Some(expected)) if (found - expected).abs() <= 1e-12 * expected.abs() => {}
        (found, _) => panic!("{what}: found {found:?}, numpy says {expected}"),
    }
}

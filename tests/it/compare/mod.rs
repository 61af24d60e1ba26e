//! Two versions side by side: what differs, against scikit-learn, scipy and pandas (see `goldens.py`).

mod data;
mod metrics;
mod predictions;

use std::path::PathBuf;

use serde_json::Value;

fn fixture(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/compare/fixtures");
    std::fs::read(folder.join(name)).unwrap()
}

fn goldens(of: &str) -> Value {
    serde_json::from_slice::<Value>(&fixture("goldens.json")).unwrap()[of].clone()
}

#[track_caller]
fn near(found: f64, expected: &Value, what: &str) {
    let expected = expected.as_f64().unwrap();
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{what}: {found}, not {expected}");
}

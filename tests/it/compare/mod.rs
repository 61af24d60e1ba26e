//! Two versions side by side: numbers against scikit-learn, scipy and pandas (see `goldens.py`), patches beside git, notebooks beside
//! nbformat, versions beside pip's library.

mod data;
mod environment;
mod metrics;
#[cfg(unix)]
mod notebooks;
#[cfg(unix)]
mod patches;
mod predictions;
mod replaced;
mod samples;
mod slices;
mod tensors;

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

//! `certify --recheck`, `export`.

use std::path::Path;

use mlrun::ops::export::ExportReport;
use serde_json::{Value, json};

pub fn export(report: &ExportReport, place: Option<&Path>) -> Value {
    json!({
        "schema": "mlrun/export/1",
        "version": report.label,
        "certificate": report.certificate.to_string(),
        "signed_by": report.signed_by.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "output": place.map(|path| path.display().to_string()),
        // With a file it stands there.
        "content": place.is_none().then(|| String::from_utf8_lossy(&report.bytes).into_owned()),
    })
}

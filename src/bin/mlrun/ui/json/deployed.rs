//! `verify --deployed`.

use mlrun::ops::deployed::DeployedReport;
use serde_json::{Value, json};

pub fn deployed(report: &DeployedReport, exit: u8) -> Value {
    json!({
        "schema": "mlrun/verify/1",
        "exit": exit,
        "model": report.model.as_str(),
        "version": report.version.to_string(),
        "stage": report.stage.as_ref().map(|stage| stage.as_str()),
        "deployed": report.folder.display().to_string(),
        "without": report.without,
        "ok": report.problems.is_empty(),
        "looked_at": "deployed",
        "checked": { "files": report.same, "bytes": report.bytes },
        "problems": report.problems.iter().map(|p| {
            json!({ "kind": p.kind, "path": p.name, "expected": p.expected, "found": p.found })
        }).collect::<Vec<_>>(),
    })
}

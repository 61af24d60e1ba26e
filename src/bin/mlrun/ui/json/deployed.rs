//! `verify --deployed`.

use mlrun::format::checkpoint::ObservedRow;
use mlrun::ops::deployed::DeployedReport;
use mlrun::ops::observed::Standing;
use serde_json::{Value, json};

use super::made_event;

pub fn deployed(report: &DeployedReport, exit: u8) -> Value {
    json!({
        "schema": "mlrun/verify/1",
        "exit": exit,
        "model": report.model.as_str(),
        "version": report.version.to_string(),
        "stage": report.stage.as_ref().map(|stage| stage.as_str()),
        "overruled": report.overruled,
        "deployed": report.folder.display().to_string(),
        "without": report.without,
        "ok": report.problems.is_empty(),
        "looked_at": "deployed",
        "checked": { "files": report.same, "bytes": report.bytes },
        "holds": report.holds.map(|version| version.to_string()),
        "place": report.recorded.as_ref().map(|recorded| &recorded.place),
        "unchanged": report.recorded.as_ref().map(|recorded| recorded.event.is_none()),
        "event": made_event(report.recorded.as_ref().and_then(|recorded| recorded.event.as_ref())),
        "problems": report.problems.iter().map(|p| {
            json!({ "kind": p.kind, "path": p.name, "expected": p.expected, "found": p.found })
        }).collect::<Vec<_>>(),
    })
}

/// What places that serve a stage were last found to hold.
pub fn observed(rows: &[(ObservedRow, Option<Standing>)]) -> Value {
    let one = |(row, standing): &(ObservedRow, Option<Standing>)| {
        json!({
            "place": row.place,
            "version": row.version.map(|version| version.to_string()),
            "expected": row.expected.to_string(),
            "differences": row.differences,
            "time": row.time.to_string(),
            "event": { "seq": row.event.seq, "id": row.event.id.to_string() },
            "standing": standing.map(|standing| match standing {
                Standing::Same => "same",
                Standing::Other => "other",
                Standing::Before => "before-the-move",
            }),
        })
    };
    rows.iter().map(one).collect()
}

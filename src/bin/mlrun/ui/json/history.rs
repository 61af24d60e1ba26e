//! `list`, `log`, `at`.

use mlrun::ops::at::AtReport;
use mlrun::ops::list::ListReport;
use mlrun::ops::log::{LogEntry, LogReport};
use serde_json::{Map, Value, json};

use super::value;

pub fn list(report: &ListReport) -> Value {
    match report {
        ListReport::Models(lines) => {
            let models: Value = lines
                .iter()
                .map(|line| {
                    let stages: Map<String, Value> =
                        line.stages.iter().map(|(s, v)| (s.to_string(), json!(v.to_string()))).collect();
                    json!({
                        "model": line.model.as_str(),
                        "latest": line.latest.map(|l| l.version.to_string()),
                        "id": line.latest.map(|l| l.snapshot.to_string()),
                        "created": line.latest.map(|l| l.time.to_string()),
                        "stages": stages,
                    })
                })
                .collect();
            json!({ "schema": "mlrun/list/1", "models": models })
        }
        ListReport::Versions { model, columns, lines, total } => {
            let versions: Value = lines
                .iter()
                .map(|line| {
                    let values: Map<String, Value> = columns
                        .iter()
                        .zip(&line.values)
                        .map(|(name, v)| (name.clone(), v.as_ref().map_or(Value::Null, value)))
                        .collect();
                    json!({
                        "version": line.row.version.to_string(),
                        "id": line.row.snapshot.to_string(),
                        "created": line.row.time.to_string(),
                        "stages": line.stages.iter().map(ToString::to_string).collect::<Vec<_>>(),
                        "verdict": line.verdict.map(|v| v.name()),
                        "blocked": line.blocked,
                        "dropped": line.row.dropped.is_some(),
                        "erased": line.erased,
                        "values": values,
                        "notes": line.notes,
                    })
                })
                .collect();
            json!({ "schema": "mlrun/list/1", "model": model.as_str(), "total": total, "versions": versions })
        }
    }
}

pub fn log(report: &LogReport) -> Value {
    let events: Value = report.events.iter().map(event).collect();
    json!({ "schema": "mlrun/log/1", "model": report.model.as_str(), "more": report.more, "events": events })
}

/// An event as it stands in its file, with its digest.
pub fn event(entry: &LogEntry) -> Value {
    let mut object = entry.raw.clone();
    for absent in ["version", "stage", "reason"] {
        if object.get(absent).is_none() {
            object[absent] = Value::Null;
        }
    }
    object["id"] = json!(entry.id.to_string());
    object
}

pub fn at(report: &AtReport) -> Value {
    let stages: Value = report
        .stages
        .iter()
        .map(|held| {
            json!({
                "model": held.model.as_str(),
                "stage": held.stage.as_str(),
                "version": held.occupancy.version.to_string(),
                "id": held.occupancy.snapshot.to_string(),
                "since": held.occupancy.since.to_string(),
                "until": held.until.map(|t| t.to_string()),
                "actor": held.occupancy.actor,
                "event": { "seq": held.occupancy.event.seq, "id": held.occupancy.event.id.to_string() },
                "kind": held.occupancy.kind,
                "certificate": held.occupancy.certificate.map(|c| c.to_string()),
                "reason": held.occupancy.reason,
                "approvals": super::signoff::approvals(&held.approvals),
            })
        })
        .collect();
    json!({
        "schema": "mlrun/at/1",
        "time": report.time.to_string(),
        "since": report.since.map(|t| t.to_string()),
        "stages": stages,
    })
}

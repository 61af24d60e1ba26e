//! `attach`, `case`, `waive`.

use mlrun::format::cases::NumberedCaseRecord;
use mlrun::ops::attach::AttachReport;
use mlrun::ops::cases::{AddReport, ListReport, RemoveReport};
use mlrun::ops::waive::WaiveReport;
use serde_json::{Value, json};

use super::{made_event, value};

pub fn attach(report: &AttachReport) -> Value {
    json!({
        "schema": "mlrun/attach/1",
        "model": report.model.as_str(),
        "version": report.version.to_string(),
        "id": report.id.to_string(),
        "kind": report.evidence.kind(),
        "set": report.evidence.set().as_str(),
        "path": report.evidence.path(),
        "sha256": report.evidence.file().to_string(),
        "size": report.evidence.size(),
        "evidence": value(&report.evidence),
        "supersedes": report.supersedes.map(|file| file.to_string()),
        "unchanged": report.unchanged,
        "event": made_event(report.event.as_ref()),
        "dry_run": report.dry_run,
    })
}

fn case(one: &NumberedCaseRecord) -> Value {
    json!({
        "id": one.id(),
        "set": one.set.as_str(),
        "columns": one.columns,
        "key": one.case.key,
        "expected": one.case.expected,
        "threshold": one.case.threshold,
        "tolerance": one.case.tolerance,
        "match": one.case.answers.map(|answers| answers.name()),
        "reason": one.case.reason,
    })
}

pub fn case_added(report: &AddReport) -> Value {
    json!({
        "schema": "mlrun/case/1",
        "action": "add",
        "model": report.model.as_str(),
        "set": report.set.as_str(),
        "labels_from": report.version.to_string(),
        "added": report.added.iter().map(case).collect::<Vec<_>>(),
        "known": report.known.iter().map(case).collect::<Vec<_>>(),
        "in_force": report.in_force,
        "unchanged": report.unchanged,
        "event": made_event(report.event.as_ref()),
        "dry_run": report.dry_run,
    })
}

pub fn case_removed(report: &RemoveReport) -> Value {
    json!({
        "schema": "mlrun/case/1",
        "action": "remove",
        "model": report.model.as_str(),
        "removed": report.removed.iter().map(|number| format!("c{number}")).collect::<Vec<_>>(),
        "in_force": report.in_force,
        "unchanged": report.unchanged,
        "event": made_event(report.event.as_ref()),
        "dry_run": report.dry_run,
    })
}

pub fn cases(report: &ListReport) -> Value {
    let cases: Value = report
        .cases
        .iter()
        .map(|listed| {
            let mut object = case(&listed.case);
            object["actor"] = json!(listed.actor);
            object["time"] = json!(listed.time.to_string());
            object["event"] = json!(listed.event);
            object["removed"] = listed.removed.as_ref().map_or(
                Value::Null,
                |removed| json!({ "actor": removed.actor, "time": removed.time.to_string(), "reason": removed.reason }),
            );
            object
        })
        .collect();
    json!({ "schema": "mlrun/case/1", "action": "list", "model": report.model.as_str(), "cases": cases })
}

pub fn waive(report: &WaiveReport) -> Value {
    json!({
        "schema": "mlrun/waive/1",
        "model": report.model.as_str(),
        "version": report.version.to_string(),
        "id": report.id.to_string(),
        "rule": report.rule,
        "reason": report.reason,
        "approver": report.approver,
        "expires": report.expires.to_string(),
        "stage": report.stage.as_str(),
        "signed": report.signature.is_some(),
        "signature": report.signature.map(|s| s.to_string()),
        "key": report.key,
        "unchanged": report.unchanged,
        "event": made_event(report.event.as_ref()),
        "dry_run": report.dry_run,
    })
}

//! `list`, `log`, `at`, `rename`.

use mlrun::format::event::EventRef;
use mlrun::ops::at::{AtReport, Occupied};
use mlrun::ops::list::ListReport;
use mlrun::ops::log::{LogEntry, LogReport};
use mlrun::ops::rename::RenameReport;
use serde_json::{Map, Value, json};

use super::deployed::observed;
use super::{made_event, value};

pub fn list(report: &ListReport) -> Value {
    match report {
        ListReport::Models { lines, left_out } => {
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
                        "forced": line.forced.iter().map(ToString::to_string).collect::<Vec<_>>(),
                        "abandoned": line.abandoned,
                    })
                })
                .collect();
            json!({ "schema": "mlrun/list/1", "models": models, "left_out": left_out })
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
                        "forced": line.forced.iter().map(ToString::to_string).collect::<Vec<_>>(),
                        "verdict": line.verdict.map(|v| v.name()),
                        "blocked": line.blocked,
                        "dropped": line.row.dropped.is_some() && !line.row.is_unreadable(),
                        "unreadable": line.row.is_unreadable(),
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

/// An event as it stands in its file, with its digest, the time that is taken for its own and the version it is about.
pub fn event(entry: &LogEntry) -> Value {
    let mut object = entry.raw.clone();
    for absent in ["version", "stage", "reason"] {
        if object.get(absent).is_none() {
            object[absent] = Value::Null;
        }
    }
    if let (Value::Null, Some(about)) = (&object["version"], entry.about) {
        object["version"] = json!(about.to_string());
    }
    if let (Value::Null, Some(approval)) = (&object["stage"], &entry.approval) {
        object["stage"] = json!(approval.stage.as_str());
    }
    if let (Some(recorded), Some(time)) = (entry.disowned_time(), entry.time()) {
        object["recorded_time"] = json!(recorded.to_string());
        object["time"] = json!(time.to_string());
    }
    object["id"] = json!(entry.id.to_string());
    object
}

pub(super) fn event_ref(event: EventRef) -> Value {
    json!({ "seq": event.seq, "id": event.id.to_string() })
}

pub fn at(report: &AtReport) -> Value {
    let stages: Value = report.stages.iter().map(occupied).collect();
    json!({
        "schema": "mlrun/at/1",
        "time": report.time.to_string(),
        "since": report.since.map(|t| t.to_string()),
        "ahead": report.ahead,
        "stages": stages,
    })
}

fn occupied(held: &Occupied) -> Value {
    let o = &held.occupancy;
    let hooks: Value = held
        .hooks
        .iter()
        .map(|hook| {
            let (when, outcome) = (value(&hook.when), value(&hook.outcome));
            json!({ "when": when, "command": hook.command, "outcome": outcome, "time": hook.time.to_string(), "event": event_ref(hook.event) })
        })
        .collect();
    let waivers: Value = held
        .waivers
        .iter()
        .map(|waiver| {
            let expires = waiver.expires.to_string();
            json!({ "rule": waiver.rule, "approver": waiver.approver, "reason": waiver.reason, "expires": expires, "event": event_ref(waiver.event) })
        })
        .collect();
    let retired = o.retired.as_ref().map(|retired| {
        let (time, event) = (retired.time.to_string(), event_ref(retired.event));
        json!({ "time": time, "actor": retired.actor, "reason": retired.reason, "event": event })
    });
    json!({
        "model": held.model.as_str(),
        "stage": held.stage.as_str(),
        "version": o.version.to_string(),
        "id": o.snapshot.to_string(),
        "since": o.since.to_string(),
        "until": held.until.map(|t| t.to_string()),
        "actor": o.actor,
        "event": event_ref(o.event),
        "kind": o.kind,
        "certificate": o.certificate.map(|c| c.to_string()),
        "verdict": held.verdict.map(|verdict| verdict.name()),
        "waivers": waivers,
        "reason": o.reason,
        "approvals": super::signoff::approvals(&held.approvals),
        "forced": o.kind == "force",
        "overruled": o.overruled,
        "retired": retired,
        "hooks": hooks,
        "observed": observed(&held.observed),
        // Too many events meanwhile to look through all of them for hooks and findings.
        "cut": held.cut,
    })
}

pub fn rename(report: &RenameReport) -> Value {
    json!({
        "schema": "mlrun/rename/1",
        "model": report.to.as_str(),
        "from": report.from.as_str(),
        "first_name": report.first.as_str(),
        "configured_as": report.configured.as_ref().map(ToString::to_string),
        "unchanged": report.unchanged,
        "event": made_event(report.event.as_ref()),
        "dry_run": report.dry_run,
    })
}

//! `policy`, `retire`.

use mlrun::ops::policy::{AdoptReport, PolicyReport, Rules};
use mlrun::ops::retire::RetireReport;
use mlrun::ops::rules::Needed;
use mlrun::registry::promote::Obstacle;
use serde_json::{Value, json};

use super::made_event;
use crate::failure::{adopted_label, obstacle};

pub fn show(report: &PolicyReport) -> Value {
    json!({
        "schema": "mlrun/policy-show/1",
        "model": report.model.to_string(),
        "stage": report.stage.as_str(),
        "in_force": rules(report.in_force.as_ref()),
        "stated": rules(report.stated.as_ref()),
        "differences": report.differences,
    })
}

pub fn diff(report: &PolicyReport, exit: u8) -> Value {
    json!({
        "schema": "mlrun/policy-diff/1",
        "exit": exit,
        "model": report.model.to_string(),
        "stage": report.stage.as_str(),
        "identical": report.differences.is_empty(),
        "in_force": report.in_force.as_ref().map(|rules| rules.sha256.to_string()),
        "stated": report.stated.as_ref().map(|rules| rules.sha256.to_string()),
        "differences": report.differences,
    })
}

pub fn adopt(report: &AdoptReport, exit: u8) -> Value {
    let label = adopted_label(report);
    let reason = |one: &Obstacle| {
        let (code, message, hint) = obstacle(one, &label, report.rules.stage.as_str(), Needed::default());
        json!({ "code": code, "message": message, "hint": hint })
    };
    json!({
        "schema": "mlrun/policy-adopt/1",
        "verdict": if report.missing.is_empty() { "ADOPTED" } else { "REFUSED" },
        "exit": exit,
        "approvals": super::signoff::approvals(&report.approvals),
        "reasons": report.missing.iter().map(reason).collect::<Value>(),
        "model": report.rules.model.to_string(),
        "stage": report.rules.stage.as_str(),
        "before": report.rules.in_force.as_ref().map(|rules| rules.sha256.to_string()),
        "adopted": report.rules.stated.as_ref().map(|rules| rules.sha256.to_string()),
        "differences": report.rules.differences,
        "unchanged": report.unchanged,
        "event": made_event(report.event.as_ref()),
        "dry_run": report.dry_run,
    })
}

pub fn retire(report: &RetireReport) -> Value {
    json!({
        "schema": "mlrun/retire/1",
        "model": report.model.to_string(),
        "stage": report.stage.as_str(),
        "version": report.held.map(|(version, _)| version.to_string()),
        "id": report.held.map(|(_, id)| id.to_string()),
        "unchanged": report.held.is_none(),
        "event": made_event(report.event.as_ref()),
        "dry_run": report.dry_run,
    })
}

fn rules(rules: Option<&Rules>) -> Value {
    rules.map_or(Value::Null, |rules| {
        json!({
            "sha256": rules.sha256.to_string(),
            "policy_sha256": rules.record.policy.map(|sha256| sha256.to_string()),
            "stage": rules.record.stage,
            "policy": rules.policy,
        })
    })
}

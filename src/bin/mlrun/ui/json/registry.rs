//! `promote`, `rollback`, `block`, `unblock`.

use mlrun::ops::block::BlockReport;
use mlrun::ops::promote::PromoteReport;
use mlrun::ops::rollback::RollbackReport;
use serde_json::{Value, json};

use super::{hooks, made_event, value};
use crate::failure::{obstacle, rollback_refusal};

pub fn promote(report: &PromoteReport, exit: u8) -> Value {
    let reasons: Value = report
        .obstacles
        .iter()
        .map(|o| {
            let (code, message, hint) = obstacle(o, &report.label, report.stage.as_str(), report.needed);
            json!({ "code": code, "message": message, "hint": hint })
        })
        .collect();
    let overruled = report.overruled.iter().map(|o| {
        let (code, message, _) = obstacle(o, &report.label, report.stage.as_str(), report.needed);
        json!({ "code": code, "message": message })
    });
    let overruled: Value = overruled.collect();
    json!({
        "schema": "mlrun/promote/1",
        "model": report.model.as_str(),
        "verdict": if report.is_promoted() { "PROMOTED" } else { "REFUSED" },
        "exit": exit,
        "stage": report.stage.as_str(),
        "version": report.version.to_string(),
        "id": report.id.to_string(),
        "previous": report.previous.map(|v| v.to_string()),
        "event": made_event(report.event.as_ref()),
        "certificate": report.certificate.map(|c| c.to_string()),
        "approvals": super::signoff::approvals(&report.approvals),
        "skipped": [],
        "unchanged": report.unchanged,
        "adopted_rules": report.adopted_rules && report.event.is_some(),
        "not_in_force": report.not_in_force,
        "reasons": reasons,
        "forced": !report.overruled.is_empty(),
        "overruled": overruled,
        "reason": report.reason,
        "hooks": report.checks.iter().map(hooks::ran).chain(hooks::deployed(&report.deployed)).collect::<Vec<_>>(),
        "passed_over": report.passed_over,
        "dry_run": report.dry_run,
    })
}

pub fn rollback(report: &RollbackReport, exit: u8) -> Value {
    let reasons: Value = report
        .refusal
        .iter()
        .map(|refusal| {
            let (_, code, hint) = rollback_refusal(refusal, report.model.as_str());
            json!({ "code": code, "message": refusal.to_string(), "hint": hint })
        })
        .collect();
    json!({
        "schema": "mlrun/rollback/1",
        "model": report.model.as_str(),
        "verdict": if report.refusal.is_some() { "REFUSED" } else { "ROLLED_BACK" },
        "exit": exit,
        "stage": report.stage.as_str(),
        "version": report.version.map(|v| v.to_string()),
        "id": report.id.map(|id| id.to_string()),
        "previous": report.previous.map(|v| v.to_string()),
        "event": made_event(report.event.as_ref()),
        "certificate": report.certificate.map(|certificate| certificate.to_string()),
        "approvals": [],
        "skipped": value(&report.skipped),
        "blocked": report.blocked,
        // Of the version gone back to; unless that was asked for, its bytes are not read.
        "looked_at": if report.full { "bytes" } else { "structure" },
        "hooks": hooks::deployed(&report.deployed).collect::<Vec<_>>(),
        "passed_over": report.passed_over,
        "unchanged": report.unchanged,
        "reasons": reasons,
        "dry_run": report.dry_run,
    })
}

pub fn block(report: &BlockReport) -> Value {
    json!({
        "schema": if report.blocked { "mlrun/block/1" } else { "mlrun/unblock/1" },
        "model": report.model.as_str(),
        "version": report.version.to_string(),
        "id": report.id.to_string(),
        "stage": report.stage.as_ref().map(ToString::to_string),
        "blocked": report.blocked,
        "holds": report.holds.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "unchanged": report.unchanged,
        "event": made_event(report.event.as_ref()),
        "dry_run": report.dry_run,
    })
}

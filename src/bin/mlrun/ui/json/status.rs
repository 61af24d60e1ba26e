//! `status`.

use mlrun::ops::status::waiting::Waiting;
use mlrun::ops::status::whom::is_yours;
use mlrun::ops::status::{ModelStatus, StageCertificate, StageStatus, StatusReport};
use serde_json::{Value, json};

use super::deployed::observed;
use super::hooks;
use crate::failure;

pub fn status(report: &StatusReport) -> Value {
    json!({
        "schema": "mlrun/status/1",
        "store": report.store,
        "repository": report.repository,
        "remotes": [],
        "models": report.models.iter().map(model).collect::<Vec<_>>(),
        "you": report.you,
        "waiting": report.waiting.iter().map(|one| waiting(one, report.you.as_deref())).collect::<Vec<_>>(),
    })
}

fn model(status: &ModelStatus) -> Value {
    let workspace = status.workspace.as_ref().map(|w| match w {
        Ok(changed) => json!({ "changed": changed, "error": null }),
        Err(error) => json!({ "changed": null, "error": error }),
    });
    let next = status.next.as_ref().zip(status.latest).map(|((stage, against), latest)| {
        let label = format!("{}@{}", status.model, latest.version);
        let reasons: Value = against
            .iter()
            .map(|o| {
                let (code, message, hint) = failure::obstacle(o, &label, stage.as_str(), status.needed);
                json!({ "code": code, "message": message, "hint": hint })
            })
            .collect();
        json!({ "stage": stage.as_str(), "reasons": reasons, "checks": status.checks })
    });
    json!({
        "model": status.model.as_str(),
        "now": status.now.to_string(),
        "latest": status.latest.map(|l| json!({
            "version": l.version.to_string(), "id": l.snapshot.to_string(), "created": l.time.to_string(),
        })),
        "workspace": workspace,
        "stages": status.stages.iter().map(stage).collect::<Vec<_>>(),
        "certificate": status.certificate.as_ref().map(|c| json!({
            "id": c.certificate.to_string(), "verdict": c.verdict.name(), "expires": c.expires.to_string(),
        })),
        "next": next,
    })
}

fn stage(s: &StageStatus) -> Value {
    json!({
        "stage": s.stage.as_str(),
        "version": s.occupancy.as_ref().map(|o| o.version.to_string()),
        "id": s.occupancy.as_ref().map(|o| o.snapshot.to_string()),
        "since": s.occupancy.as_ref().map(|o| o.since.to_string()),
        "kind": s.occupancy.as_ref().map(|o| o.kind.clone()),
        "certificate": s.certificate.as_ref().map(certificate),
        "blocked": s.blocked.as_ref().map(|block| &block.reason),
        "damaged": s.damaged,
        "approvals": super::signoff::approvals(&s.approvals),
        "erased": s.erased,
        "rollback_to": s.rollback_to.map(|v| v.to_string()),
        "actor": s.occupancy.as_ref().and_then(|o| o.actor.clone()),
        "reason": s.occupancy.as_ref().and_then(|o| o.reason.clone()),
        "overruled": s.occupancy.as_ref().map(|o| o.overruled.clone()).unwrap_or_default(),
        "open_hooks": s.open_hooks.iter().map(hooks::open).collect::<Vec<_>>(),
        "observed": observed(&s.observed),
    })
}

fn certificate(certificate: &StageCertificate) -> Value {
    let row = certificate.row.as_ref();
    json!({
        "state": certificate.state.name(),
        "id": row.map(|row| row.certificate.to_string()),
        "verdict": row.map(|row| row.verdict.name()),
        "expires": row.map(|row| row.expires.to_string()),
    })
}

fn waiting(one: &Waiting, you: Option<&str>) -> Value {
    let (message, command) = failure::waiting(one);
    json!({
        "what": one.task.name(),
        "urgency": one.urgency.name(),
        "message": message,
        "who": one.who,
        "roles": one.roles,
        "yours": is_yours(one, you),
        "model": one.model.as_str(),
        "version": one.version.to_string(),
        "stage": one.stage.as_str(),
        "command": command,
        "since": one.since.map(|time| time.to_string()),
        "until": one.until.map(|time| time.to_string()),
    })
}

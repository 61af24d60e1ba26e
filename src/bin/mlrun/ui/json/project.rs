//! `init`, `status`, `doctor`, `seed`.

use mlrun::ops::doctor::{Finding, Health};
use mlrun::ops::init::InitReport;
use mlrun::ops::status::{ModelStatus, StatusReport};
use mlrun::ops::wrong_clock::ClockReport;
use serde_json::{Map, Value, json};

use super::deployed::observed;
use super::hooks;
use super::registry::event;
use crate::failure::obstacle;

pub fn init(report: &InitReport) -> Value {
    json!({
        "schema": "mlrun/init/1",
        "project": report.project.display().to_string(),
        "store": report.store.display().to_string(),
        "repository": report.repository,
        "access": report.access,
        "written": report.written.iter().map(|p| p.display().to_string()).collect::<Vec<_>>(),
        "found": report.found,
        "unchanged": report.unchanged,
        "dry_run": report.dry_run,
    })
}

pub fn status(report: &StatusReport) -> Value {
    json!({
        "schema": "mlrun/status/1",
        "store": report.store,
        "repository": report.repository,
        "remotes": [],
        "models": report.models.iter().map(model).collect::<Vec<_>>(),
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
                let (code, message, hint) = obstacle(o, &label, stage.as_str(), status.needed);
                json!({ "code": code, "message": message, "hint": hint })
            })
            .collect();
        json!({ "stage": stage.as_str(), "reasons": reasons, "checks": status.checks })
    });
    json!({
        "model": status.model.as_str(),
        "latest": status.latest.map(|l| json!({
            "version": l.version.to_string(), "id": l.snapshot.to_string(), "created": l.time.to_string(),
        })),
        "workspace": workspace,
        "stages": status.stages.iter().map(|s| json!({
            "stage": s.stage.as_str(),
            "version": s.occupancy.as_ref().map(|o| o.version.to_string()),
            "id": s.occupancy.as_ref().map(|o| o.snapshot.to_string()),
            "since": s.occupancy.as_ref().map(|o| o.since.to_string()),
            "kind": s.occupancy.as_ref().map(|o| o.kind.clone()),
            "approvals": super::signoff::approvals(&s.approvals),
            "erased": s.erased,
            "rollback_to": s.rollback_to.map(|v| v.to_string()),
            "actor": s.occupancy.as_ref().and_then(|o| o.actor.clone()),
            "reason": s.occupancy.as_ref().and_then(|o| o.reason.clone()),
            "overruled": s.occupancy.as_ref().map(|o| o.overruled.clone()).unwrap_or_default(),
            "open_hooks": s.open_hooks.iter().map(hooks::open).collect::<Vec<_>>(),
            "observed": observed(&s.observed),
        })).collect::<Vec<_>>(),
        "certificate": status.certificate.as_ref().map(|c| json!({
            "id": c.certificate.to_string(), "verdict": c.verdict.name(), "expires": c.expires.to_string(),
        })),
        "next": next,
    })
}

pub fn completions(shell: &str, script: &str) -> Value {
    json!({ "schema": "mlrun/completions/1", "shell": shell, "script": script })
}

pub fn doctor(findings: &[Finding]) -> Value {
    let health = |h: Health| match h {
        Health::Good => "good",
        Health::Warning => "warning",
        Health::Bad => "bad",
    };
    let worst = findings.iter().map(|f| f.health).max().unwrap_or(Health::Good);
    json!({
        "schema": "mlrun/doctor/1",
        "ok": worst != Health::Bad,
        "findings": findings.iter().map(|f| json!({
            "what": f.what, "health": health(f.health), "text": f.text, "cure": f.cure,
        })).collect::<Vec<_>>(),
    })
}

pub fn seeds(root: u64, seeds: &[(String, u32)]) -> Value {
    let seeds: Map<String, Value> = seeds.iter().map(|(name, seed)| (name.clone(), json!(seed))).collect();
    json!({ "schema": "mlrun/seed/1", "root": root, "seeds": seeds })
}

pub fn corrected(report: &ClockReport) -> Value {
    let journals: Value = report
        .journals
        .iter()
        .map(|found| {
            let times = (found.from..).zip(&found.times);
            json!({
                "model": if found.model.is_store() { Value::Null } else { json!(found.model.as_str()) },
                "from": found.from,
                "times": times.map(|(seq, (recorded, taken))| json!({
                    "seq": seq, "recorded": recorded.to_string(), "taken": taken.to_string(),
                })).collect::<Value>(),
                "event": event(found.event.as_ref()),
            })
        })
        .collect();
    json!({
        "schema": "mlrun/doctor-clock/1",
        "now": report.now.to_string(),
        "journals": journals,
        "unchanged": report.journals.is_empty(),
        "dry_run": report.dry_run,
    })
}

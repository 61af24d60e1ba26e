//! `init`, `completions`, `doctor`, `seed`.

use mlrun::ops::doctor::{Finding, Health};
use mlrun::ops::init::InitReport;
use mlrun::ops::wrong_clock::ClockReport;
use serde_json::{Map, Value, json};

use super::made_event;

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
                "event": made_event(found.event.as_ref()),
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

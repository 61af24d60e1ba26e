//! `certify`.

use mlrun::ops::certify::{CertifyReport, Conflict};
use serde_json::{Value, json};

use super::value;

pub fn certify(report: &CertifyReport, exit: u8) -> Value {
    let predicate = &report.statement.predicate;
    let rules: Value = predicate
        .results
        .iter()
        .map(|r| {
            let mut rule = value(r);
            rule["id"] = json!(r.rule);
            rule
        })
        .collect();
    let conflict = report.conflict.as_ref().map(|conflict| match conflict {
        Conflict::BaselineMoved { stage } => json!({ "code": "baseline-moved", "stage": stage }),
        Conflict::NotFirst { stage, holder } => json!({ "code": "not-first", "stage": stage, "holder": holder }),
    });
    json!({
        "schema": "mlrun/certify/1",
        "verdict": predicate.verdict.name(),
        "exit": exit,
        "certificate": report.certificate.to_string(),
        "candidate": { "name": report.label, "id": predicate.candidate.to_string() },
        "baseline": {
            "name": report.baseline,
            "id": predicate.baseline.snapshot.map(|b| b.to_string()),
            "stage": predicate.baseline.stage.as_str(),
            "event": predicate.baseline.event.map(|e| json!({ "seq": e.seq, "id": e.id.to_string() })),
            "first_release": predicate.baseline.first_release,
        },
        "policy_sha256": predicate.policy_sha256.to_string(),
        "expires": report.expires.map(|t| t.to_string()),
        "unchanged": report.unchanged,
        "proposed": report.proposed.is_some(),
        "not_in_force": report.not_in_force,
        "conflict": conflict,
        "written": report.event.is_some(),
        "signed": report.signed.as_ref().map(|s| json!({ "keyid": s.keyid.to_string(), "unchanged": s.event.is_none() })),
        "evidence": value(&predicate.evidence),
        "joins": value(&predicate.joins),
        "tool": value(&predicate.tool),
        "rules": rules,
        "remarks": predicate.remarks,
    })
}

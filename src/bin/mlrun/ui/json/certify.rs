//! `certify`.

use mlrun::certify::{FlipSummary, NamedRows};
use mlrun::ops::certify::{CertifyReport, Conflict};
use serde_json::{Value, json};

use super::explain::warnings;
use super::value;

pub fn certify(report: &CertifyReport, exit: u8) -> Value {
    let predicate = &report.statement.predicate;
    let rules: Value = predicate
        .results
        .iter()
        .map(|r| {
            let mut rule = value(r);
            rule["id"] = json!(r.rule);
            let mine = format!("rule `{}`: ", r.rule);
            let remarks = predicate.remarks.iter().filter_map(|remark| remark.strip_prefix(&mine));
            rule["remarks"] = remarks.collect();
            rule
        })
        .collect();
    let conflict = report.conflict.as_ref().map(|conflict| match conflict {
        Conflict::BaselineMoved { stage } => json!({ "code": "baseline-moved", "stage": stage }),
        Conflict::Changed => json!({ "code": "changed" }),
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
            "retired": value(&predicate.baseline.retired),
        },
        "policy_sha256": predicate.policy_sha256.to_string(),
        "expires": report.expires.map(|t| t.to_string()),
        "unchanged": report.unchanged,
        "proposed": report.proposed.is_some(),
        "not_in_force": report.not_in_force,
        "takes_force": report.takes_force,
        "conflict": conflict,
        "written": report.event.is_some(),
        "signed": report.signed.as_ref().map(|s| json!({ "keyid": s.keyid.to_string(), "unchanged": s.event.is_none() })),
        "evidence": value(&predicate.evidence),
        "joins": value(&predicate.joins),
        "tool": value(&predicate.tool),
        "rules": rules,
        "remarks": predicate.remarks,
        "holdout": value(&predicate.holdout),
        "replaced": value(&predicate.replaced),
        "cases": value(&predicate.cases),
        "waivers": value(&predicate.waivers),
        "rows": report.rows.iter().map(named).collect::<Value>(),
        "flips": report.flips.iter().map(flips).collect::<Value>(),
        "warnings": warnings(&report.warnings),
    })
}

fn named(named: &NamedRows) -> Value {
    let rows: Value = named
        .rows
        .iter()
        .map(|row| {
            let (candidate, baseline) = (&row.candidate, &row.baseline);
            json!({ "key": row.key, "label": row.label, "candidate": candidate, "baseline": baseline, "new": row.new })
        })
        .collect();
    json!({ "rule": named.rule, "set": named.set.as_str(), "slice": named.slice, "open": named.open, "rows": rows })
}

fn flips(flips: &FlipSummary) -> Value {
    let most = flips.most.as_ref().map(|slice| {
        json!({
            "slice": slice.slice,
            "rows": slice.rows,
            "right_to_wrong": slice.right_to_wrong,
            "wrong_to_right": slice.wrong_to_right,
        })
    });
    json!({
        "set": flips.set.as_str(),
        "rows": flips.rows,
        "right_to_wrong": flips.right_to_wrong,
        "wrong_to_right": flips.wrong_to_right,
        "most": most,
    })
}

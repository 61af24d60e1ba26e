//! `certify --explain-policy`.

use mlrun::certify::{Explanation, Warning};
use mlrun::ops::certify::CertifyReport;
use serde_json::{Value, json};

use super::value;

pub fn explain(report: &CertifyReport, explanation: &Explanation) -> Value {
    let predicate = &report.statement.predicate;
    let rules: Value = explanation
        .rules
        .iter()
        .map(|rule| {
            let equal = rule
                .equal
                .map(|models| json!({ "tried": models.tried, "failed": models.failed, "undecided": models.undecided }));
            json!({
                "id": rule.rule,
                "severity": value(&rule.severity),
                "measures": rule.measures,
                "asks": rule.asks,
                "needs": rule.needs,
                "verdict": rule.verdict.map(|verdict| verdict.name()),
                "results": rule.results,
                "rows": rule.rows,
                "detectable": rule.detectable,
                "rows_needed": rule.rows_needed,
                "fails_useless": rule.fails_useless,
                "equal_models": equal,
                "equal_models_untried": rule.untried,
            })
        })
        .collect();
    json!({
        "schema": "mlrun/explain-policy/1",
        "exit": 0,
        "candidate": { "name": report.label, "id": predicate.candidate.to_string() },
        "baseline": { "name": report.baseline, "stage": predicate.baseline.stage.as_str() },
        "policy_sha256": predicate.policy_sha256.to_string(),
        "written": false,
        "rules": rules,
        "warnings": warnings(&explanation.warnings),
    })
}

/// What is odd about rules.
pub fn warnings(warnings: &[Warning]) -> Value {
    warnings.iter().map(|warning| json!({ "rule": warning.rule, "message": warning.text })).collect()
}

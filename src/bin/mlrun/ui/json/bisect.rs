//! `bisect`.

use mlrun::ops::bisect::BisectReport;
use serde_json::{Value, json};

pub fn bisect(report: &BisectReport, exit: u8) -> Value {
    let tested: Value = report
        .tested
        .iter()
        .map(|one| {
            json!({
                "version": one.version.to_string(),
                "verdict": one.good.map_or("skipped", |good| if good { "good" } else { "bad" }),
                "exit": one.exit,
                "milliseconds": one.took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
                // JSON has no number for what is none.
                "value": one.value.map(|value| if value.is_finite() { json!(value) } else { json!(value.to_string()) }),
            })
        })
        .collect();
    json!({
        "schema": "mlrun/bisect/1",
        "exit": exit,
        "model": report.model.as_str(),
        "good": report.good.map(|good| good.to_string()),
        "first_bad": report.first_bad.map(|row| row.version.to_string()),
        "id": report.first_bad.map(|row| row.snapshot.to_string()),
        "suspects": report.suspects.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "tested": tested,
        "skipped": report.skipped.iter().map(|(version, why)| json!({ "version": version.to_string(), "reason": why })).collect::<Value>(),
        "good_again": report.good_again.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "runs": report.runs(),
        "most_runs": report.most_runs,
    })
}

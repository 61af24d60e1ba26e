//! `report`.

use mlrun::ops::report::{Report, SiteReport};
use serde_json::{Value, json};

pub fn report(report: &Report) -> Value {
    let version = |one: &mlrun::ops::report::Reported| {
        json!({
            "model": one.model.as_str(),
            "version": one.version.to_string(),
            "id": one.id.to_string(),
            "head": one.head.map(|head| json!({ "seq": head.seq, "id": head.id.to_string() })),
        })
    };
    json!({
        "schema": "mlrun/report/1",
        "format": report.form.name(),
        "output": report.output.as_ref().map(|path| path.display().to_string()),
        "versions": report.versions.iter().map(version).collect::<Vec<_>>(),
        "size": report.text.len(),
        "sha256": report.sha256().to_string(),
        // What is written nowhere is the answer.
        "text": report.output.is_none().then_some(&report.text),
        "unchanged": report.unchanged,
        "dry_run": report.dry_run,
    })
}

pub fn site(report: &SiteReport, exit: u8) -> Value {
    json!({
        "schema": "mlrun/report/1",
        "format": "site",
        "exit": exit,
        "output": report.output.display().to_string(),
        "models": report.models,
        "versions_total": report.versions,
        "pages": report.pages,
        "written": report.written,
        "removed": report.removed,
        "failed": report.failed.iter().map(|(label, why)| json!({ "version": label, "reason": why })).collect::<Vec<_>>(),
        "unchanged": report.written == 0 && report.removed == 0 && !report.dry_run,
        "dry_run": report.dry_run,
    })
}

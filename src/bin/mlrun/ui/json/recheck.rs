//! `certify --recheck`, `export`.

use std::path::Path;

use mlrun::certify::recheck::Examined;
use mlrun::ops::export::ExportReport;
use mlrun::ops::recheck::{RecheckReport, Shown, Standing};
use serde_json::{Value, json};

pub fn export(report: &ExportReport, place: Option<&Path>) -> Value {
    json!({
        "schema": "mlrun/export/1",
        "version": report.label,
        "certificate": report.certificate.to_string(),
        "signed_by": report.signed_by.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "output": place.map(|path| path.display().to_string()),
        // With a file it stands there.
        "content": place.is_none().then(|| String::from_utf8_lossy(&report.bytes).into_owned()),
    })
}

pub fn recheck(report: &RecheckReport, exit: u8) -> Value {
    let predicate = &report.statement.predicate;
    let level = |(level, shown): (usize, &Shown)| match shown {
        Shown::Agrees { what } => json!({ "level": level, "outcome": "agrees", "what": what }),
        Shown::Differs { what } => json!({ "level": level, "outcome": "differs", "differences": what }),
        Shown::NotReached { why } => json!({ "level": level, "outcome": "not-reached", "why": why }),
    };
    let standing = |standing| match standing {
        Standing::Trusted => "trusted",
        Standing::Sound => "sound",
        Standing::Unchecked => "unchecked",
        Standing::Broken => "broken",
    };
    let examined = |part: &Examined| match part {
        Examined::Follows => json!({ "outcome": "agrees" }),
        Examined::Differs { what } => json!({ "outcome": "differs", "what": what }),
        Examined::Unknown { why } => json!({ "outcome": "unknown", "why": why }),
    };
    let rules: Value = report
        .examination
        .results
        .iter()
        .map(|r| {
            json!({
                "id": r.rule, "slice": r.slice, "verdict": r.verdict.name(),
                "bounds": examined(&r.bounds), "decision": examined(&r.decision),
            })
        })
        .collect();
    json!({
        "schema": "mlrun/recheck/1",
        "exit": exit,
        "verdict": predicate.verdict.name(),
        "certificate": report.certificate.to_string(),
        "model": predicate.model.as_str(),
        "candidate": { "name": report.label, "id": predicate.candidate.to_string() },
        "file": report.file.as_ref().map(|path| path.display().to_string()),
        "issued": report.issued.map(|(issued, _)| issued.to_string()),
        "expires": report.issued.map(|(_, expires)| expires.to_string()),
        "level": report.level(),
        "levels": report.levels.iter().enumerate().map(level).collect::<Value>(),
        "today": report.today.map(mlrun::format::certificate::Verdict::name),
        "signatures": report.signatures.iter().map(|s| json!({ "keyid": s.keyid, "standing": standing(s.standing) })).collect::<Value>(),
        "rules": rules,
        "remarks": report.remarks,
    })
}

//! `restore`, `bundle`, `import`, `verify`.

use mlrun::ops::bundle::BundleReport;
use mlrun::ops::bundle::check::BundleCheck;
use mlrun::ops::import::ImportReport;
use mlrun::ops::restore::{RestoreReport, RestoredData};
use mlrun::ops::verify::{Looked, Place, Repairs, VerifyReport};
use serde::Serialize;
use serde_json::{Value, json};

use super::purge::erased;
use super::{WithFiles, file};

fn missing(items: &[(String, String)]) -> Value {
    items.iter().map(|(what, why)| json!({ "part": what, "reason": why })).collect()
}

fn data(source: &RestoredData) -> Value {
    let path = source.path.as_ref().map(|path| path.display().to_string());
    let checked_by = if source.by_md5 { "md5" } else { "sha256" };
    json!({ "name": source.name.as_str(), "from": source.from.name(), "path": path, "checked_by": checked_by })
}

pub fn restore(report: &RestoreReport) -> impl Serialize {
    let fields = json!({
        "schema": "mlrun/restore/1",
        "model": report.model.as_str(),
        "version": report.version.to_string(),
        "id": report.id.to_string(),
        "to": report.to.display().to_string(),
        "written": report.plan.write.len() + report.plan.generated.len(),
        "kept": report.plan.kept,
        "modes_set": report.plan.modes.len(),
        "overwritten": report.plan.overwrite.iter().map(|p| p.display().to_string()).collect::<Vec<_>>(),
        "bytes": report.plan.bytes,
        "data": report.data.iter().map(data).collect::<Vec<_>>(),
        "missing": missing(&report.missing),
        "erased": report.erased.iter().map(|(file, why)| json!({ "path": file.path, "reason": why })).collect::<Vec<_>>(),
        "dry_run": report.dry_run,
    });
    WithFiles { fields, files: &report.plan.files, view: file }
}

pub fn bundle(report: &BundleReport) -> Value {
    json!({
        "schema": "mlrun/bundle/1",
        "model": report.model.as_str(),
        "version": report.version.to_string(),
        "id": report.id.to_string(),
        "output": report.output.display().to_string(),
        "size": report.size,
        "sha256": report.sha256.map(|s| s.to_string()),
        "entries": report.entries,
        "missing": missing(&report.missing),
        "dry_run": report.size.is_none(),
    })
}

pub fn bundle_check(check: &BundleCheck) -> Value {
    json!({
        "schema": "mlrun/bundle/1",
        "ok": true,
        "model": check.model,
        "version": check.version,
        "id": check.snapshot,
        "entries": check.entries,
        "bytes": check.bytes,
        "sha256": check.sha256.to_string(),
        "head": { "seq": check.head.0, "id": check.head.1 },
        "not_checked": check.not_checked,
    })
}

pub fn import(report: &ImportReport) -> Value {
    json!({
        "schema": "mlrun/import/1",
        "model": report.model.as_str(),
        "version": report.version.to_string(),
        "id": report.id.to_string(),
        "origin": {
            "repository": report.repository,
            "model": report.origin.0.as_str(),
            "version": report.origin.1.to_string(),
        },
        "unchanged": report.unchanged,
        "files": report.files,
        "bytes": report.bytes,
        "stored_bytes": report.written.stored,
        "left_out": report.left_out,
        "erased": report.erased,
        "not_checked": report.not_checked,
        "event": report.event.map(|made| json!({ "seq": made.event.seq, "id": made.event.id.to_string() })),
        "dry_run": report.dry_run,
    })
}

pub fn verify(report: &VerifyReport, exit: u8) -> Value {
    json!({
        "schema": "mlrun/verify/1",
        "exit": exit,
        "model": report.version.as_ref().map(|(model, _)| model.as_str()),
        "version": report.version.as_ref().map(|(_, version)| version.to_string()),
        "ok": report.problems.is_empty(),
        "looked_at": match report.looked {
            Looked::Journals => "journals",
            Looked::Structure => "structure",
            Looked::Bytes => "bytes",
        },
        "checked": {
            "objects": report.objects, "bytes": report.bytes, "events": report.events, "versions": report.versions,
        },
        "heads": report.heads.iter().map(|(model, head)| {
            json!({ "model": model.as_str(), "seq": head.seq, "id": head.id.to_string() })
        }).collect::<Vec<_>>(),
        "erased": report.erased.iter().map(|(model, part)| {
            let mut value = erased(part);
            value["model"] = json!(model.as_str());
            value
        }).collect::<Vec<_>>(),
        "not_read": report.not_read.map(|left| {
            json!({
                "packs": left.packs, "bytes": left.bytes,
                "oldest": left.oldest.to_string(), "newest": left.newest.to_string(),
            })
        }),
        "problems": report.problems.iter().map(|p| {
            let mut problem = json!({
                "kind": p.kind, "expected": p.expected, "found": p.found, "versions": p.versions, "paths": paths(&p.paths),
            });
            problem[key(&p.name)] = json!(p.name);
            problem
        }).collect::<Vec<_>>(),
        "repaired": report.repaired.iter().map(|m| {
            let mut versions: Vec<&str> = m.places.iter().map(|place| place.version.as_str()).collect();
            versions.dedup();
            let mut mended = json!({
                "kind": m.kind, "from": m.from, "gone_to": m.gone_to, "versions": versions, "paths": paths(&m.places),
            });
            mended[key(&m.name)] = json!(m.name);
            mended
        }).collect::<Vec<_>>(),
        "dry_run": report.repairs == Repairs::Rehearsed,
    })
}

/// What a name is.
fn key(name: &str) -> &'static str {
    if name.contains('/') { "path" } else { "id" }
}

fn paths(places: &[Place]) -> Value {
    let named = places.iter().filter(|place| !place.path.is_empty());
    named.map(|place| json!({ "version": place.version, "path": place.path })).collect()
}

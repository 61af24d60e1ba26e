//! `snapshot` and `show`.

use std::collections::BTreeMap;

use mlrun::format::event::ActorRecord;
use mlrun::format::observation::{ExecutionRecord, ProfileRef};
use mlrun::format::snapshot::SnapshotRecord;
use mlrun::name::SetName;
use mlrun::ops::ErasedPart;
use mlrun::ops::declared::Contradiction;
use mlrun::ops::reproducibility::Reason;
use mlrun::ops::seeds::{self, Seeds};
use mlrun::ops::show::ShowReport;
use mlrun::ops::snapshot::SnapshotReport;
use mlrun::snapshot::TreeFile;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::history::event;
use super::purge::erased;
use super::{WithFiles, file, made_event, value};

pub fn snapshot(report: &SnapshotReport) -> impl Serialize {
    WithFiles { fields: Value::Object(fields(report)), files: &report.files, view: file }
}

/// Everything but the files.
pub(super) fn fields(report: &SnapshotReport) -> Map<String, Value> {
    let seeds = seeds::of(&report.record, Some(&report.found));
    let mut object = version_fields(&report.record, &seeds, (report.execution.as_ref(), &report.profiles));
    let more = json!({
        "schema": "mlrun/snapshot/1",
        "model": report.model.as_str(),
        "version": report.version.to_string(),
        "id": report.id.to_string(),
        "unchanged": report.unchanged,
        "same_as": report.same_as.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "parent": report.parent.map(|v| v.to_string()),
        "changed": report.changed,
        "environment_changes": report.environment_changes,
        "evidence_not_refreshed": report.stale_evidence,
        "erased_before": report.erased_before,
        "found": value(&report.found),
        "drift": value(&report.drift),
        "lock_checks": value(&report.lock_checks),
        "found_redactions": value(&report.redactions),
        "contradictions": contradictions(&report.contradictions),
        "erased_again": report.erased_again.iter().map(|again| json!({
            "name": again.name, "erased_from": again.label, "reason": again.why,
        })).collect::<Vec<_>>(),
        "stored_bytes": report.written.stored,
        "new_bytes": report.written.new,
        "event": made_event(report.event.as_ref()),
        "dry_run": report.dry_run,
    });
    extend(&mut object, more);
    object
}

/// A training command, and how it went where this program ran it.
pub(super) fn command(argv: &[String], cwd: Option<&str>, run: Option<&ExecutionRecord>) -> Value {
    json!({
        "argv": argv,
        "cwd": cwd,
        "started": run.map(|run| run.started.to_string()),
        "duration_ms": run.map(|run| run.duration_ms),
        "exit": run.and_then(|run| run.exit),
        "signal": run.and_then(|run| run.signal),
        "user_ms": run.and_then(|run| run.user_ms),
        "system_ms": run.and_then(|run| run.system_ms),
        "peak_memory": run.and_then(|run| run.peak_memory),
    })
}

/// What was new when it was taken is not recorded: later versions may have made it shared.
pub fn show(report: &ShowReport, stored_bytes: Option<u64>) -> impl Serialize {
    let mut object = version_fields(
        &report.record,
        &report.seeds,
        (report.observation.execution.as_ref(), &report.observation.profiles),
    );
    for data in object.get_mut("data").and_then(Value::as_array_mut).into_iter().flatten() {
        let profile = report.profiles.iter().find(|(name, _)| data["name"] == json!(name.as_str()));
        data["profile"] = value(&profile.map(|(_, profile)| profile));
    }
    let more = json!({
        "schema": "mlrun/show/1",
        "model": report.model.as_str(),
        "version": report.row.version.to_string(),
        "id": report.row.snapshot.to_string(),
        "unchanged": false,
        "same_as": report.same_as.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "stored_bytes": stored_bytes,
        "new_bytes": Value::Null,
        "created": report.row.time.to_string(),
        "actor": actor(&report.actor),
        "origin": value(&report.origin),
        "parent": report.parent.map(|v| v.to_string()),
        "stages": report.stages.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "forced": report.forced.iter().map(|(stage, o)| json!({
            "stage": stage.as_str(), "overruled": o.overruled, "reason": o.reason, "actor": o.actor, "since": o.since.to_string(),
        })).collect::<Vec<_>>(),
        "certificates": report.certificate.iter().map(|c| json!({
            "id": c.certificate.to_string(), "verdict": c.verdict.name(), "stage": c.stage.as_str(),
            "signatures": c.signatures.iter().map(|s| json!({ "keyid": s.keyid.to_string(), "time": s.time.to_string() })).collect::<Value>(),
            "baseline": c.baseline.map(|b| b.to_string()), "issued": c.issued.to_string(),
            "expires": c.expires.to_string(), "proposed": c.proposed, "policy_sha256": c.policy.to_string(),
        })).collect::<Vec<_>>(),
        "approvals": report.approvals.iter().map(super::signoff::given).collect::<Vec<_>>(),
        "life": report.life.iter().map(event).collect::<Value>(),
        "waivers": report.waivers.iter().map(|given| (&given.row, &given.flaw)).map(|(w, flaw)| json!({
            "rule": w.rule, "reason": w.reason, "approver": w.email.as_ref().or(w.actor.as_ref()), "version": w.version.to_string(),
            "time": w.time.to_string(), "expires": w.expires.to_string(), "in_force": flaw.is_none(), "flaw": flaw,
            "signed": w.signature.is_some(), "event": { "seq": w.event.seq, "id": w.event.id.to_string() },
        })).collect::<Vec<_>>(),
        "evidence": report.record.predictions.iter().map(|p| json!({
            "kind": "predictions", "set": p.name.as_str(), "path": p.path, "sha256": p.file.to_string(), "size": p.size,
        })).chain(report.record.samples.iter().map(|s| json!({
            "kind": "samples", "set": s.name.as_str(), "path": s.path, "sha256": s.file.to_string(), "size": s.size,
        }))).chain(report.record.reports.iter().map(|r| json!({
            "kind": "report", "set": r.name.as_str(), "path": r.path, "sha256": r.file.to_string(), "size": r.size,
        }))).chain(report.attached.iter().map(|a| json!({
            "kind": a.evidence.kind(), "set": a.evidence.set().as_str(), "path": a.evidence.path(),
            "sha256": a.evidence.file().to_string(), "size": a.evidence.size(),
            "attached": {
                "event": { "seq": a.event.seq, "id": a.event.id.to_string() }, "time": a.time.to_string(),
                "actor": actor(&a.actor), "reason": a.reason, "superseded": a.superseded,
            },
        }))).collect::<Vec<_>>(),
        "dropped": report.dropped.as_ref().map(|dropped| &dropped.reason),
        "dropped_at": report.dropped.as_ref().and_then(|dropped| dropped.time).map(|time| time.to_string()),
        "dropped_by": report.dropped.as_ref().and_then(|dropped| dropped.actor.as_ref()),
        "erased": report.erased.iter().map(erased).collect::<Vec<_>>(),
        "blocks": report.blocks.iter().map(|b| json!({
            "stage": b.stage.as_ref().map(ToString::to_string), "reason": b.reason, "time": b.time.to_string(),
        })).collect::<Vec<_>>(),
        "reproducibility": {
            "reasons": reasons(&report.reproducibility),
        },
        "evidence_not_refreshed": report.stale_evidence,
        "observation": value(&report.observation),
        "found": value(&report.observation.found),
        "drift": value(&report.observation.drift),
        "lock_checks": value(&report.observation.lock_checks),
        "contradictions": contradictions(&report.contradictions),
    });
    extend(&mut object, more);
    let view = |found: &TreeFile| with_tombstone(found, &report.erased);
    WithFiles { fields: Value::Object(object), files: &report.files, view }
}

/// What speaks for and against training a version again.
pub fn reasons(all: &[Reason]) -> Value {
    all.iter().map(|reason| json!({ "part": reason.part.name(), "for": reason.good, "message": reason.text })).collect()
}

/// A file, and that it was erased.
fn with_tombstone(found: &TreeFile, parts: &[ErasedPart]) -> Value {
    let mut value = file(found);
    let is_it = |part: &&ErasedPart| part.row.file().is_some_and(|erased| Some(erased.sha256) == found.id);
    if let Some(part) = parts.iter().rev().find(is_it) {
        value["erased"] = erased(part);
    }
    value
}

fn contradictions(all: &[Contradiction]) -> Value {
    all.iter()
        .map(|found| {
            json!({
                "name": found.declared, "declared": value(&found.value), "path": found.path, "found_as": found.found,
                "found": value(&found.says),
            })
        })
        .collect()
}

pub fn actor(actor: &ActorRecord) -> Value {
    value(actor)
}

/// What `snapshot` and `show` share.
fn version_fields(
    record: &SnapshotRecord,
    seeds: &Seeds,
    (run, profiles): (Option<&ExecutionRecord>, &BTreeMap<SetName, ProfileRef>),
) -> Map<String, Value> {
    let data: Value = record
        .data
        .iter()
        .map(|d| {
            json!({
                "name": d.name.as_str(), "path": d.path, "sha256": d.sha256.map(|s| s.to_string()), "rows": d.rows,
                "size": d.size, "files": d.files, "stored": d.stored.is_some(), "not_stored": d.not_stored,
                "schema": d.schema.as_ref().map(value), "declared": d.declared.as_ref().map(value),
                "logical": profiles.get(&d.name).and_then(|p| p.logical).map(|l| l.to_string()),
                "not_profiled": profiles.get(&d.name).and_then(|p| p.failed.as_ref()),
            })
        })
        .collect();
    // Of several of one name the recorded one comes first, and all are in the list.
    let mut by_name = Map::new();
    for seed in &seeds.known {
        by_name.entry(seed.name.clone()).or_insert_with(|| value(&seed.value));
    }
    let sources: Value = seeds
        .known
        .iter()
        .map(
            |s| json!({ "name": s.name, "value": value(&s.value), "source": s.origin.name(), "path": s.origin.path() }),
        )
        .collect();
    let command = record.argv.as_ref().map(|argv| command(argv, record.cwd.as_deref(), run));
    let object = json!({
        "params": value(&record.params),
        "metrics": value(&record.metrics),
        "data": data,
        "code": {
            "kind": value(&record.code.kind), "commit": record.code.commit, "dirty": record.code.dirty,
            "patch_sha256": record.code.patch.map(|p| p.to_string()), "untracked": record.code.untracked,
            "left_out": value(&record.code.left_out), "files": record.code.tree.map_or(0, |t| t.files),
            "tree": record.code.tree.map(|t| t.tree.to_string()),
            "notebooks": value(&record.code.notebooks), "lfs": value(&record.code.lfs),
        },
        "environment": value(&record.environment),
        "seeds": by_name,
        "seed_sources": sources,
        "command": command,
        "redactions": value(&record.redactions),
        "not_captured": value(&record.not_captured),
        "notes": record.notes,
    });
    match object {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn extend(object: &mut Map<String, Value>, more: Value) {
    if let Value::Object(more) = more {
        object.extend(more);
    }
}

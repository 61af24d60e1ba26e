//! `drop`, `gc`.

use mlrun::digest::Digest;
use mlrun::ops::drop::DropReport;
use mlrun::ops::gc::GcReport;
use mlrun::store::collect::Fate;
use serde_json::{Value, json};

use super::registry::event;

pub fn dropped(report: &DropReport, exit: u8) -> Value {
    json!({
        "schema": "mlrun/drop/1",
        "exit": exit,
        "model": report.model.as_str(),
        "version": report.version.to_string(),
        "id": report.id.to_string(),
        "held": report.held.as_ref().map(ToString::to_string),
        "unchanged": report.unchanged,
        "event": event(report.event.as_ref()),
        "dry_run": report.dry_run,
    })
}

pub fn gc(report: &GcReport) -> Value {
    let packs = report.plan.iter().map(|pack| {
        let objects = pack.dead.iter().map(|(key, bytes)| {
            let (kind, id) = (key.0.name(), Digest::from_bytes(key.1).to_string());
            json!({ "kind": kind, "id": id, "bytes": bytes, "reason": report.reason(key) })
        });
        json!({
            "pack": Digest::from_bytes(pack.name).to_string(),
            "bytes": pack.length,
            "action": match pack.fate {
                Fate::Keep => "keep",
                Fate::Rewrite => "rewrite",
                Fate::Discard => "discard",
            },
            "frees": pack.freed(),
            "objects": objects.collect::<Vec<_>>(),
        })
    });
    let dropped = report
        .dropped
        .iter()
        .map(|d| json!({ "model": d.model.as_str(), "version": d.version.to_string(), "reason": d.reason }));
    json!({
        "schema": "mlrun/gc/1",
        "dropped": dropped.collect::<Vec<_>>(),
        "packs": packs.collect::<Vec<_>>(),
        "frees": report.freed(),
        "freed": report.collected.map(|c| c.freed),
        "postponed": report.collected.map(|c| c.postponed),
        "taken_back": report.taken_back,
        "trash": { "bytes": report.trash, "emptied": report.emptied, "until": report.until.to_string() },
        "dry_run": report.collected.is_none(),
    })
}

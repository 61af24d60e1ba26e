//! `drop`, `gc`.

use mlrun::ops::drop::DropReport;
use mlrun::ops::gc::GcReport;
use serde_json::{Value, json};

use super::made_event;

pub fn dropped(report: &DropReport, exit: u8) -> Value {
    json!({
        "schema": "mlrun/drop/1",
        "exit": exit,
        "model": report.model.as_str(),
        "version": report.version.to_string(),
        "id": report.id.to_string(),
        "held": report.held.as_ref().map(ToString::to_string),
        "unchanged": report.unchanged,
        "event": made_event(report.event.as_ref()),
        "dry_run": report.dry_run,
    })
}

pub fn gc(report: &GcReport) -> Value {
    let packs = report.packs().map(|pack| {
        let objects = pack.objects.iter().map(|object| {
            json!({
                "kind": object.kind,
                "id": object.id.to_string(),
                "bytes": object.bytes,
                "reason": object.reason,
            })
        });
        json!({
            "pack": pack.pack.to_string(),
            "bytes": pack.bytes,
            "action": pack.action,
            "reason": pack.reason,
            "frees": pack.frees,
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
        "erased": report.erased,
        "unknown": report.unknown,
        "trash": { "bytes": report.trash, "emptied": report.emptied, "until": report.until.to_string(), "grace_seconds": report.grace.as_secs() },
        "event": made_event(report.event.as_ref()),
        "dry_run": report.collected.is_none(),
    })
}

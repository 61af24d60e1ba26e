//! `purge`, and what other verbs say of what was erased.

use std::collections::BTreeSet;

use mlrun::ops::purge::PurgeReport;
use mlrun::ops::{ErasedPart, Remaining};
use serde_json::{Value, json};

use super::made_event;

pub fn purge(report: &PurgeReport, exit: u8) -> Value {
    let versions = report.touched.iter().map(|touched| {
        json!({
            "model": touched.model.as_str(),
            "version": touched.version.to_string(),
            "paths": touched.paths,
            "model_file": touched.model_file,
            "stages": touched.stages.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    });
    let events = report.events.iter().map(|(model, made)| {
        let mut event = made_event(Some(made));
        event["model"] = json!(model.as_str());
        event
    });
    // Of the version itself; `remaining` is everything.
    let is_here = |one: &&Remaining| one.model == report.model && one.version == report.version && one.file.is_some();
    let also_in = report.also_in.iter().filter(is_here);
    json!({
        "schema": "mlrun/purge/1",
        "exit": exit,
        "model": report.model.as_str(),
        "version": report.version.to_string(),
        "id": report.id.to_string(),
        "name": report.name,
        "sha256": report.files.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "versions": versions.collect::<Vec<_>>(),
        "unchanged": report.unchanged,
        "objects": report.objects,
        "bytes": report.bytes,
        "packs": { "rewritten": report.packs.0, "in_trash": report.packs.1 },
        "shared": { "bytes": report.shared, "with": report.shared_with },
        "also_in": also_in.map(|one| one.name.as_str()).collect::<BTreeSet<_>>(),
        "remaining": report.also_in.iter().map(|one| {
            let mut place = json!({ "model": one.model.as_str(), "version": one.version.to_string() });
            match one.file {
                Some(file) => {
                    place["path"] = json!(one.name);
                    place["sha256"] = json!(file.to_string());
                }
                None => place["field"] = json!(one.name),
            }
            place
        }).collect::<Vec<_>>(),
        "recorded": report.recorded.iter().map(|one| json!({ "model": one.model.as_str(), "place": one.place })).collect::<Vec<_>>(),
        "not_searched": report.not_searched,
        "searched": !report.untold,
        "profiles": report.profiles,
        "other_values": report.other_values,
        "unreadable": { "packs": report.unreadable, "versions": report.unknown },
        "events": events.collect::<Vec<_>>(),
        "dry_run": report.dry_run,
    })
}

/// One tombstone.
pub fn erased(part: &ErasedPart) -> Value {
    let row = &part.row;
    json!({
        "path": row.file().map(|file| file.path.clone()),
        "sha256": row.file().map(|file| file.sha256.to_string()),
        "size": row.file().map(|file| file.size),
        "field": row.field(),
        "versions": row.versions.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "time": row.time.to_string(),
        "actor": row.actor,
        "reason": row.reason,
        "event": { "seq": row.event.seq, "id": row.event.id.to_string() },
    })
}

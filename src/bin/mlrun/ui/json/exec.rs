//! `exec`.

use mlrun::ops::exec::ExecReport;
use serde_json::{Map, Value, json};

use super::{Answer, WithFiles, file, made_event, snapshot};

/// The version as `snapshot` tells it, or without one how the command ended.
pub fn exec(report: &ExecReport) -> impl Answer {
    let mut fields = report.snapshot.as_ref().map_or_else(|| without_version(report), snapshot::fields);
    fields.insert("schema".to_owned(), json!("mlrun/exec/1"));
    fields.insert("exit".to_owned(), json!(report.status()));
    fields.insert("dry_run".to_owned(), json!(report.run.is_none()));
    fields.insert("command".to_owned(), snapshot::command(&report.argv, report.cwd.as_deref(), report.run.as_ref()));
    fields.insert("not_written".to_owned(), json!(report.unwritten));
    fields.insert("code_changed".to_owned(), json!(report.changed_code));
    let files = report.snapshot.as_ref().map_or(&[][..], |taken| &taken.files);
    WithFiles { fields: Value::Object(fields), files, view: file }
}

fn without_version(report: &ExecReport) -> Map<String, Value> {
    let seeds: Map<String, Value> = report.issued.iter().map(|(name, seed)| (name.clone(), json!(seed))).collect();
    let sources: Value = report
        .issued
        .iter()
        .map(|(name, seed)| json!({ "name": name, "value": seed, "source": "issued", "path": null }))
        .collect();
    [
        ("model", json!(report.model.as_str())),
        ("version", Value::Null),
        ("id", Value::Null),
        ("seeds", Value::Object(seeds)),
        ("seed_sources", sources),
        ("event", made_event(report.failed.as_ref())),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect()
}

//! `diff`.

mod tensors;

use mlrun::compare::{Change, Command, DataFacts, FileFacts, Item};
use mlrun::ops::diff::DiffReport;
use serde_json::{Value, json};

use super::purge::erased;
use super::value;

pub fn diff(report: &DiffReport) -> Value {
    let diff = &report.diff;
    json!({
        "schema": "mlrun/diff/1",
        "a": report.a,
        "b": report.b,
        "identical": diff.is_empty(),
        "erased": report.erased.iter().map(|(label, part)| {
            let mut value = erased(part);
            value["of"] = json!(label);
            value
        }).collect::<Vec<_>>(),
        "files": list(&diff.files, "path", file),
        "tensors": tensors::list(&diff.tensors),
        "tensors_summary": tensors::summary(&diff.tensors),
        "hyperparameters": tensors::settings(&diff.tensors),
        "params": list(&diff.params, "name", value),
        "metrics": list(&diff.metrics, "name", value),
        "data": list(&diff.data, "name", data),
        "code": {
            "commit": diff.code.commit.as_ref().map(|(a, b)| json!({ "a": a, "b": b })),
            "dirty": diff.code.dirty.map(|(a, b)| json!({ "a": a, "b": b })),
            "files": list(&diff.code.files, "path", file),
            "outputs": diff.code.outputs,
        },
        "environment": list(&diff.environment, "name", |text| json!(text)),
        "seeds": list(&diff.seeds, "name", value),
        "command": diff.command.as_ref().map(|(a, b)| json!({ "a": a.as_ref().map(command), "b": b.as_ref().map(command) })),
        "results": list(&diff.results, "name", file),
        "notes": diff.notes.as_ref().map(|(a, b)| json!({ "a": a, "b": b })),
    })
}

fn list<T>(items: &[Item<T>], key: &str, view: fn(&T) -> Value) -> Value {
    let item = |item: &Item<T>| {
        let mut object = json!({
            "change": item.change.name(),
            "a": item.a.as_ref().map(view),
            "b": item.b.as_ref().map(view),
        });
        object[key] = json!(item.name);
        if let Change::Renamed(from) = &item.change {
            object["from"] = json!(from);
        }
        object
    };
    items.iter().map(item).collect()
}

fn command(command: &Command) -> Value {
    json!({ "argv": command.argv, "folder": command.folder })
}

fn file(facts: &FileFacts) -> Value {
    json!({ "sha256": facts.content, "size": facts.size, "executable": facts.executable })
}

fn data(facts: &DataFacts) -> Value {
    json!({ "sha256": facts.sha256, "rows": facts.rows, "size": facts.size, "columns": facts.columns, "logical": facts.logical, "checksum": facts.checksum })
}

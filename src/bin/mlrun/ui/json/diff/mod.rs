//! `diff`.

mod code;
mod data;
mod environment;
mod metrics;
mod predictions;
mod tensors;

use mlrun::compare::{Change, Command, FileFacts, Item, Sign, compare_words};
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
        "metrics": metrics::metrics(diff),
        "predictions": predictions::predictions(diff),
        "data": data::data(diff),
        "code": code::code(&diff.code),
        "environment": environment::environment(&diff.environment),
        "seeds": list(&diff.seeds, "name", value),
        "command": diff.command.as_ref().map(|(a, b)| json!({
            "a": a.as_ref().map(command),
            "b": b.as_ref().map(command),
            "words": words(a.as_ref(), b.as_ref()),
        })),
        "results": list(&diff.results, "name", file),
        "remarks": report.remarks,
        "notes": diff.notes.as_ref().map(|(a, b)| json!({ "a": a, "b": b })),
    })
}

fn list<T>(items: &[Item<T>], key: &str, view: fn(&T) -> Value) -> Value {
    items.iter().map(|one| item(one, key, view)).collect()
}

fn item<T>(item: &Item<T>, key: &str, view: fn(&T) -> Value) -> Value {
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
}

/// The words of both commands: `same`, `removed`, `added`.
fn words(a: Option<&Command>, b: Option<&Command>) -> Vec<Value> {
    let argv = |command: Option<&Command>| command.map_or_else(Vec::new, |command| command.argv.clone());
    let name = |sign| match sign {
        Sign::Added => "added",
        Sign::Removed => "removed",
        Sign::Same | Sign::NoEnd => "same",
    };
    let pieces = compare_words(&argv(a), &argv(b)).into_iter();
    pieces.map(|(sign, words)| json!({ "change": name(sign), "words": words })).collect()
}

fn command(command: &Command) -> Value {
    json!({ "argv": command.argv, "folder": command.folder })
}

fn file(facts: &FileFacts) -> Value {
    json!({ "sha256": facts.content, "size": facts.size, "executable": facts.executable })
}

//! `diff`.

mod code;
mod data;
mod environment;
mod metrics;
mod predictions;
mod results;
mod tensors;

use mlrun::compare::{Change, Command, FileFacts, Interpreter, Item, Section, Sign, compare_words};
use mlrun::ops::diff::DiffReport;
use serde_json::{Value, json};

use super::purge::erased;
use super::value;

/// A section that nobody looked at has no field: an empty one would say that nothing differs there.
pub fn diff(report: &DiffReport) -> Value {
    let mut answer = every_section(report);
    let omitted: Vec<Section> = Section::ALL.into_iter().filter(|section| !report.sections.has(*section)).collect();
    if let Some(fields) = answer.as_object_mut() {
        for field in omitted.iter().flat_map(|section| fields_of(*section)) {
            fields.remove(*field);
        }
    }
    answer["omitted"] = omitted.into_iter().map(Section::name).collect();
    answer
}

/// The fields that are about a section.
const fn fields_of(section: Section) -> &'static [&'static str] {
    match section {
        Section::Files => &["files"],
        Section::Tensors => &["tensors", "tensors_summary", "hyperparameters"],
        Section::Params => &["params"],
        Section::Metrics => &["metrics"],
        Section::Predictions => &["predictions"],
        Section::Data => &["data"],
        Section::Results => &["results", "result_files", "samples"],
        Section::Code => &["code"],
        Section::Environment => &["environment", "interpreters"],
        Section::Seeds => &["seeds"],
        Section::Command => &["command"],
        Section::Notes => &["notes"],
    }
}

fn every_section(report: &DiffReport) -> Value {
    let diff = &report.diff;
    json!({
        "schema": "mlrun/diff/1",
        "a": report.a,
        "b": report.b,
        "identical": report.identical && report.diff.code.outputs.is_empty(),
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
        "interpreters": diff.interpreters.as_ref().map(|(a, b)| json!({
            "a": a.as_ref().map(interpreter),
            "b": b.as_ref().map(interpreter),
        })),
        "seeds": list(&diff.seeds, "name", value),
        "command": diff.command.as_ref().map(|(a, b)| json!({
            "a": a.as_ref().map(command),
            "b": b.as_ref().map(command),
            "words": words(a.as_ref(), b.as_ref()),
        })),
        "results": list(&diff.results, "name", file),
        "result_files": results::files(&diff.of_results),
        "samples": results::samples(&diff.of_results.samples),
        "remarks": report.remarks,
        "unread": report.unread.iter().map(|one| json!({
            "section": one.section.name(), "input": one.input, "reason": one.reason,
        })).collect::<Vec<_>>(),
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

fn interpreter(interpreter: &Interpreter) -> Value {
    json!({ "prefix": interpreter.prefix, "chosen": interpreter.chosen })
}

fn command(command: &Command) -> Value {
    json!({ "argv": command.argv, "folder": command.folder })
}

fn file(facts: &FileFacts) -> Value {
    json!({ "sha256": facts.content, "size": facts.size, "executable": facts.executable })
}

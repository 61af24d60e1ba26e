//! `reproduce`.

use mlrun::ops::reproduce::{FileOutcome, MetricOutcome, ReproduceReport};
use serde_json::{Value, json};

use super::snapshot::reasons;
use super::value;

pub fn reproduce(report: &ReproduceReport, exit: u8) -> Value {
    let pairs = |all: &[(String, String)]| -> Value {
        all.iter().map(|(what, why)| json!({ "part": what, "reason": why })).collect()
    };
    json!({
        "schema": "mlrun/reproduce/1",
        "exit": exit,
        "verdict": report.verdict.map(|verdict| verdict.name()),
        "reason": report.verdict.map(|_| &report.because),
        "model": report.model.as_str(),
        "version": report.version.to_string(),
        "id": report.id.to_string(),
        "command": {
            "line": report.command.shown, "program": report.command.program, "arguments": report.command.arguments,
            "recorded": report.command.recorded, "folder": report.folder,
        },
        "variables": {
            "set": report.variables.set, "unset": report.variables.unset, "unknown": report.variables.unknown,
        },
        "environment": {
            "choice": report.choice.name(),
            "interpreter": report.environment.interpreter,
            "differences": report.environment.differences,
            "skipped": pairs(&report.environment.skipped),
        },
        "run": report.run.map(|run| json!({
            "status": run.status, "signal": run.signal, "timed_out": run.timed_out, "seconds": run.took.as_secs_f64(),
            "said": report.said,
        })),
        "tolerance": report.tolerance,
        "files": report.files.iter().map(file).collect::<Vec<_>>(),
        "metrics": report.metrics.iter().map(metric).collect::<Vec<_>>(),
        "predictions": report.predictions.iter().map(file).collect::<Vec<_>>(),
        "not_compared": pairs(&report.not_compared),
        "missing": pairs(&report.missing),
        "notes": report.notes.iter().chain(&report.unreadable).collect::<Vec<_>>(),
        "reproducibility": { "reasons": reasons(&report.reasons) },
        "kept": report.kept.as_ref().map(|path| path.display().to_string()),
        "dry_run": report.verdict.is_none(),
    })
}

fn file(file: &FileOutcome) -> Value {
    json!({
        "path": file.path,
        "likeness": file.likeness.name(),
        "a": file.then.map(|digest| digest.to_string()),
        "b": file.now.map(|digest| digest.to_string()),
        "notes": file.notes,
    })
}

fn metric(metric: &MetricOutcome) -> Value {
    json!({
        "name": metric.name,
        "sameness": metric.sameness.name(),
        "a": metric.then.as_ref().map(value),
        "b": metric.now.as_ref().map(value),
    })
}

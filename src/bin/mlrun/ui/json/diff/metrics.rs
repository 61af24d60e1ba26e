//! Metrics: what was written down, then what follows from predictions.

use mlrun::certify::ComparedMetric;
use mlrun::compare::{Diff, Direction, Item, SetMetrics, Verdict};
use mlrun::format::scalar::Scalar;
use serde_json::{Value, json};

use super::super::value;
use super::item;

pub(super) fn metrics(diff: &Diff) -> Value {
    let written = diff.metrics.iter().map(|metric| reported(diff, metric));
    written.chain(diff.measured.iter().flat_map(of_set)).collect()
}

fn reported(diff: &Diff, metric: &Item<Scalar>) -> Value {
    let direction = diff.directions.get(&metric.name).copied().unwrap_or(Direction::Unknown);
    let same = diff.measured_as(metric);
    let found = same.and_then(|(_, measured)| measured.found.as_ref().ok());
    let mut object = item(metric, "name", value);
    object["direction"] = json!(direction.name());
    object["verdict"] = json!(diff.verdict(metric).map(|(verdict, _)| verdict.name()));
    object["delta"] = json!(metric.difference().and_then(|delta| delta.finite()));
    object["lower"] = json!(found.map(|found| found.lower));
    object["upper"] = json!(found.map(|found| found.upper));
    object["confidence"] = json!(same.map(|(set, _)| set.confidence));
    object["sides"] = json!(same.map(|(set, _)| set.tails.number()));
    object["set"] = Value::Null;
    object["same_as"] = json!(same.map(|(set, measured)| name(set, measured)));
    object
}

/// Each metric of a set; or, where none could be computed, why.
fn of_set(set: &SetMetrics) -> Vec<Value> {
    match &set.metrics {
        Ok(metrics) => metrics.iter().map(|metric| measured(set, metric)).collect(),
        Err(reason) => vec![json!({
            "name": format!("predictions.{}", set.set),
            "set": set.set.as_str(),
            "change": "unknown",
            "a": null,
            "b": null,
            "direction": Direction::Unknown.name(),
            "verdict": Verdict::Unknown.name(),
            "delta": null,
            "lower": null,
            "upper": null,
            "reason": reason,
        })],
    }
}

fn name(set: &SetMetrics, metric: &ComparedMetric) -> String {
    format!("predictions.{}.{}", set.set, metric.metric)
}

fn measured(set: &SetMetrics, metric: &ComparedMetric) -> Value {
    let found = metric.found.as_ref().ok();
    let change = found.map_or("unknown", |found| if found.delta == 0.0 { "same" } else { "changed" });
    json!({
        "name": name(set, metric),
        "set": set.set.as_str(),
        "metric": metric.metric,
        "threshold": metric.threshold,
        "slice": metric.slice,
        "rule": metric.rule,
        "change": change,
        "a": found.map(|found| found.baseline),
        "b": found.map(|found| found.candidate),
        "direction": Direction::from(metric.better).name(),
        "verdict": Verdict::of_measured(metric).name(),
        "delta": found.map(|found| found.delta),
        "lower": found.map(|found| found.lower),
        "upper": found.map(|found| found.upper),
        "confidence": set.confidence,
        "sides": set.tails.number(),
        "method": found.map(|found| found.method.name()),
        "n": found.map(|found| found.n),
        "reason": metric.found.as_ref().err(),
    })
}

//! Files of results one by one, and samples.

use mlrun::compare::{QuantileChange, ResultsDiff, SampleFacts, SamplesDiff};
use serde_json::{Map, Value, json};

use super::code::{MOST_LINES, view};
use super::{file, item, list};

/// Files that differ; those that are compared as something else by path and as what. Null where they cannot be listed.
pub(super) fn files(found: &ResultsDiff) -> Value {
    let Some(items) = &found.files else { return Value::Null };
    let mut files = list(items, "path", file);
    let mut room = MOST_LINES;
    for one in files.as_array_mut().into_iter().flatten() {
        let inside = one["path"].as_str().and_then(|path| found.inside.get(path));
        one["inside"] = inside.map_or(Value::Null, |inside| view(inside, &mut room));
        one["compared_as"] = Value::Null;
    }
    let elsewhere = found.elsewhere.iter().map(|(one, what)| {
        let mut object = item(one, "path", file);
        (object["inside"], object["compared_as"]) = (Value::Null, json!(what));
        object
    });
    if let Some(files) = files.as_array_mut() {
        files.extend(elsewhere);
    }
    files
}

pub(super) fn samples(sets: &[SamplesDiff]) -> Value {
    sets.iter().map(of_set).collect()
}

fn of_set(set: &SamplesDiff) -> Value {
    let quantiles = set.quantiles();
    let by_name = |value: fn(&QuantileChange) -> Option<f64>| -> Map<String, Value> {
        quantiles.iter().map(|quantile| (quantile.name(), json!(value(quantile)))).collect()
    };
    let side = |facts: Option<&SampleFacts>, value: fn(&QuantileChange) -> Option<f64>| {
        facts.map(|facts| {
            let mut object = by_name(value);
            object.insert("n".to_owned(), json!(facts.n));
            Value::Object(object)
        })
    };
    let [a, b] = set.known();
    json!({
        "set": set.set,
        "column": set.column,
        "change": set.change.name(),
        "a": side(a, |quantile| quantile.a),
        "b": side(b, |quantile| quantile.b),
        "delta": by_name(QuantileChange::delta),
        "relative": by_name(QuantileChange::relative),
        "not_compared": set.reasons(),
    })
}

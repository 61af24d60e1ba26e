//! Tensors, and what model files say of themselves.

use mlrun::compare::tensors::layers::Layer;
use mlrun::compare::tensors::sums::{NotFinite, Sums};
use mlrun::compare::tensors::{Change, Tally, TensorDiff, TensorFacts, TensorItem};
use serde_json::{Value, json};

use super::value;

pub(super) fn list(diff: &TensorDiff) -> Value {
    diff.items.iter().map(item).collect()
}

fn item(item: &TensorItem) -> Value {
    let mut object = json!({
        "name": item.name(),
        "change": item.change.name(),
        "layer": item.layer(),
        "a": item.a.as_ref().map(facts),
        "b": item.b.as_ref().map(facts),
    });
    if item.change == Change::Renamed {
        object["from"] = json!(item.a.as_ref().map(|a| &a.name));
    }
    match &item.tally {
        Some(Tally::Numbers(sums)) => {
            object["unit"] = json!("element");
            object["elements"] = json!(sums.elements);
            object["changed"] = json!(sums.changed);
            numbers(&mut object, sums);
            for (side, odd) in [("a", sums.a), ("b", sums.b)] {
                if let Some(side) = object.get_mut(side).and_then(Value::as_object_mut) {
                    side.insert("nan".to_owned(), json!(odd.nan));
                    side.insert("infinite".to_owned(), json!(odd.infinite));
                }
            }
        }
        Some(Tally::Units(units)) => {
            let quantised = item.b.as_ref().is_some_and(|b| b.element.is_quantised());
            object["unit"] = json!(if quantised { "block" } else { "item" });
            object["elements"] = json!(units.count);
            object["changed"] = json!(units.changed);
        }
        None => {}
    }
    object
}

fn numbers(object: &mut Value, sums: &Sums) {
    let difference = sums.difference();
    object["not_finite"] = json!(sums.apart);
    object["not_finite_changed"] = json!(sums.turned);
    object["l2"] = json!(difference.l2);
    object["relative"] = json!(difference.relative);
    object["max_abs"] = json!(difference.max_abs);
    object["cosine"] = json!(difference.cosine);
}

fn facts(facts: &TensorFacts) -> Value {
    let mut object = json!({
        "name": facts.name,
        "dtype": facts.dtype,
        "shape": facts.shape,
        "file": facts.file,
        "bytes": facts.length,
    });
    if let Some(said) = &facts.value {
        object["value"] = value(said);
    }
    object
}

/// Counts, layers, and what is not compared.
pub(super) fn summary(diff: &TensorDiff) -> Value {
    json!({
        "unchanged": diff.unchanged,
        "changed": diff.count(Change::Changed),
        "added": diff.count(Change::Added),
        "removed": diff.count(Change::Removed),
        "renamed": diff.count(Change::Renamed),
        "retyped": diff.count(Change::Retyped),
        "reshaped": diff.count(Change::Reshaped),
        "layers": diff.layers.iter().map(layer).collect::<Vec<_>>(),
        "not_compared": diff.not_compared.iter().map(|missing| json!({
            "file": missing.file,
            "side": if missing.of_a { "a" } else { "b" },
            "tensor": missing.tensor,
            "reason": missing.reason,
        })).collect::<Vec<_>>(),
        "other_bytes": diff.other_bytes,
    })
}

fn layer(layer: &Layer) -> Value {
    let mut object = json!({
        "name": layer.name,
        "set": layer.set,
        "tensors": layer.tensors,
        "changed": layer.changed,
        "retyped": layer.retyped,
        "reshaped": layer.reshaped,
        "added": layer.added,
        "removed": layer.removed,
        "renamed": layer.renamed,
        "changed_elements": layer.changed_elements(),
    });
    if !layer.of.is_empty() {
        object["layers"] = json!(layer.of);
    }
    if layer.sums.elements > 0 {
        numbers(&mut object, &layer.sums);
        let odd = |odd: NotFinite| json!({ "nan": odd.nan, "infinite": odd.infinite });
        object["a"] = odd(layer.sums.a);
        object["b"] = odd(layer.sums.b);
    }
    object
}

/// Hyper-parameters and the like that files name and that are different.
pub(super) fn settings(diff: &TensorDiff) -> Value {
    let view = |setting: &mlrun::compare::tensors::SettingItem| {
        json!({
            "path": setting.file,
            "name": setting.item.name,
            "change": setting.item.change.name(),
            "a": setting.item.a.as_ref().map(value),
            "b": setting.item.b.as_ref().map(value),
        })
    };
    diff.settings.iter().map(view).collect()
}

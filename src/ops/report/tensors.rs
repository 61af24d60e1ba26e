//! What changed in the tensors of a version since another, layer by layer.

use crate::certify::wording::significant;
use crate::compare::tensors::TensorDiff;
use crate::compare::tensors::extent::{Extent, not_finite};
use crate::compare::tensors::layers::Layer;
use crate::format::scalar::Scalar;
use crate::format::snapshot::SnapshotRecord;
use crate::ops::diff::tensors::{SideFiles, compare_within};
use crate::page::report::{LayerChange, Tensors};
use crate::progress::Silent;
use crate::snapshot;
use crate::store::Store;

/// Reads only what differs, and no more than `limit` bytes: then the page says how to compare. None where the files of one of them are
/// gone.
pub(super) fn tensors(
    store: &Store,
    (against, before): (&str, &SnapshotRecord),
    (label, now): (&str, &SnapshotRecord),
    limit: u64,
) -> Option<Tensors> {
    let files = |record: &SnapshotRecord| snapshot::files_of(store, record.model_files.tree).ok();
    let (a, b) = (files(before)?, files(now)?);
    let side = |files| SideFiles { files, disk: None };
    let against = against.to_owned();
    let Some(found) = compare_within(store, &side(&a), &side(&b), limit, &Silent) else {
        let instead = Some(format!("mlrun diff {against} {label} --only tensors"));
        return Some(Tensors { against, layers: Vec::new(), instead });
    };
    Some(told(against, &found))
}

/// What was found.
pub(super) fn told(against: String, found: &TensorDiff) -> Tensors {
    let several = found.layers.iter().any(|layer| found.layers.first().is_some_and(|first| first.set != layer.set));
    let layers = found.layers.iter().map(|layer| change(layer, several)).chain(not_compared(found)).collect();
    Tensors { against, layers, instead: None }
}

fn change(layer: &Layer, several: bool) -> LayerChange {
    let counts = [
        (layer.added, "added"),
        (layer.removed, "removed"),
        (layer.renamed, "renamed"),
        (layer.retyped, "retyped"),
        (layer.reshaped, "reshaped"),
    ];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let unit = if layer.set.ends_with(".gguf") { "blocks" } else { "items" };
    let blocks = (layer.units.0 > 0).then(|| format!("{} of {} {unit}", layer.units.0, layer.units.1));
    let value = |value: &Option<Scalar>| value.as_ref().map_or_else(|| "–".to_owned(), said);
    let values = layer.values.as_ref().map(|[was, is]| format!("{} → {}", value(was), value(is)));
    let notes: Vec<String> = values.into_iter().chain(counts).chain(blocks).chain(not_finite(&layer.sums)).collect();
    LayerChange {
        layer: layer.name.clone(),
        file: if several { layer.set.clone() } else { String::new() },
        tensors: layer.tensors,
        changed: layer.changed + layer.added + layer.removed,
        // A value says it better than a norm.
        extent: if layer.values.is_some() { Extent::Unknown } else { layer.extent() },
        note: notes.join(", "),
    }
}

fn said(value: &Scalar) -> String {
    match value {
        Scalar::Float(number) => significant(*number),
        other => other.to_string(),
    }
}

/// Of a tensor that is not compared, and of a file of which nothing is known but other bytes, there is a line, too.
fn not_compared(found: &TensorDiff) -> impl Iterator<Item = LayerChange> {
    let several = found.layers.iter().any(|layer| found.layers.first().is_some_and(|first| first.set != layer.set));
    let missing = found.not_compared_words().into_iter().map(|words| format!("not compared: {words}"));
    missing.chain(found.other_bytes_words()).map(move |note| LayerChange {
        note,
        file: if several { "–".to_owned() } else { String::new() },
        ..LayerChange::default()
    })
}

//! What changed in the tensors of a version since another, layer by layer.

use crate::compare::tensors::TensorDiff;
use crate::compare::tensors::extent::not_finite;
use crate::compare::tensors::layers::Layer;
use crate::format::snapshot::SnapshotRecord;
use crate::ops::diff::tensors::{SideFiles, compare};
use crate::page::report::{LayerChange, Tensors};
use crate::progress::Progress;
use crate::snapshot;
use crate::store::Store;

/// Reads only what differs; none where the files of one of them are gone.
pub(super) fn tensors(
    store: &Store,
    (against, before): (&str, &SnapshotRecord),
    now: &SnapshotRecord,
    progress: &dyn Progress,
) -> Option<Tensors> {
    let files = |record: &SnapshotRecord| snapshot::files_of(store, record.model_files.tree).ok();
    let (a, b) = (files(before)?, files(now)?);
    let side = |files| SideFiles { files, disk: None };
    let found = compare(store, &side(&a), &side(&b), progress);
    let several = found.layers.iter().any(|layer| found.layers.first().is_some_and(|first| first.set != layer.set));
    let layers = found.layers.iter().map(|layer| change(layer, several)).chain(not_compared(&found)).collect();
    Some(Tensors { against: against.to_owned(), layers, instead: None })
}

fn change(layer: &Layer, several: bool) -> LayerChange {
    let counts = [(layer.added, "added"), (layer.removed, "removed"), (layer.renamed, "renamed")];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let notes: Vec<String> = counts.chain(not_finite(&layer.sums)).collect();
    LayerChange {
        layer: if several { format!("{}: {}", layer.set, layer.name) } else { layer.name.clone() },
        tensors: layer.tensors,
        changed: layer.changed + layer.added + layer.removed,
        extent: layer.extent(),
        note: notes.join(", "),
    }
}

fn not_compared(found: &TensorDiff) -> impl Iterator<Item = LayerChange> + '_ {
    found.not_compared.iter().map(|missing| LayerChange {
        layer: missing.tensor.clone().unwrap_or_else(|| missing.file.clone()),
        note: format!("not compared: {}", missing.reason),
        ..LayerChange::default()
    })
}

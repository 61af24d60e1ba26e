//! Tensors by layer, and what model files say of themselves.

use super::{Lines, SECTION, name};
use crate::certify::wording::significant;
use crate::compare::tensors::{Change, TensorDiff};
use crate::format::scalar::Scalar;

/// Layers shown; the rest is counted.
const MOST: usize = 40;

/// The section.
pub(super) fn tensors(diff: &TensorDiff) -> String {
    let mut lines = Lines::new(SECTION);
    if !diff.settings.is_empty() {
        lines.add("| hyper-parameter | was | is |\n|---|---|---|\n".to_owned());
        for setting in &diff.settings {
            let shown =
                |value: &Option<Scalar>| value.as_ref().map_or_else(String::new, |value| name(&value.to_string()));
            let (a, b) = (shown(&setting.item.a), shown(&setting.item.b));
            lines.add(format!("| {} | {a} | {b} |\n", name(&setting.item.name)));
        }
        lines.add("\n".to_owned());
    }
    if !diff.items.is_empty() {
        lines.add(format!("{}.\n\n", totals(diff)));
    }
    let changed: Vec<_> = diff.layers.iter().filter(|layer| layer.changed > 0).collect();
    if !changed.is_empty() {
        lines.add("| layer | changed | relative | max \\|Δ\\| | cosine |\n|---|---:|---:|---:|---:|\n".to_owned());
        for layer in changed.iter().take(MOST) {
            let found = layer.sums.difference();
            let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), significant);
            lines.add(format!(
                "| {} | {} of {} | {} | {} | {} |\n",
                name(&layer.name),
                layer.changed,
                layer.tensors,
                number(found.relative),
                number(found.max_abs),
                found.cosine.map_or_else(|| "–".to_owned(), |cosine| format!("{cosine:.6}"))
            ));
        }
        if let Some(more @ 1..) = changed.len().checked_sub(MOST) {
            lines.add(format!("\n{more} more layers changed less.\n"));
        }
    }
    for missing in diff.not_compared.iter().take(MOST) {
        let tensor = missing.tensor.as_ref().map_or_else(String::new, |tensor| format!(", {}", name(tensor)));
        lines.add(format!("\nNot compared: {}{tensor}: {}\n", name(&missing.file), name(&missing.reason)));
    }
    lines.text("lines on tensors")
}

/// `291 tensors: 3 changed, 1 added, 287 the same`.
fn totals(diff: &TensorDiff) -> String {
    let kinds = [Change::Changed, Change::Retyped, Change::Reshaped, Change::Renamed, Change::Added, Change::Removed];
    let counts = kinds.into_iter().map(|kind| (diff.count(kind), kind.name())).filter(|(count, _)| *count > 0);
    let mut parts: Vec<String> = counts.map(|(count, kind)| format!("{count} {kind}")).collect();
    if diff.unchanged > 0 {
        parts.push(format!("{} the same", diff.unchanged));
    }
    format!("{} tensors: {}", diff.items.len() as u64 + diff.unchanged, parts.join(", "))
}

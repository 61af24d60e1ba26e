//! Tensors by layer, those that came, went or are of another kind, and what model files say of themselves.

use super::{Lines, SECTION, escape, name};
use crate::certify::wording::{count, significant};
use crate::compare::tensors::extent::{Extent, not_finite};
use crate::compare::tensors::layers::Layer;
use crate::compare::tensors::{Change, Tally, TensorDiff, TensorFacts, TensorItem};
use crate::compare::{Item, sort_settings};
use crate::format::scalar::Scalar;

/// Layers shown; the rest is counted.
const MOST: usize = 40;
/// A longer list of tensors is folded away.
const UNFOLDED: usize = 8;
/// What parameters that came and went with a class may take of a page.
const FOLDED: usize = 4096;
/// Tensors named of each kind of change.
const OF_KIND: usize = 20;

/// The section.
pub(super) fn tensors(diff: &TensorDiff) -> String {
    let mut lines = Lines::new(SECTION);
    settings(diff, &mut lines);
    if !diff.items.is_empty() {
        lines.add(format!("{}.\n", totals(diff)));
    }
    values(diff, &mut lines);
    layers(diff, &mut lines);
    odd(diff, &mut lines);
    others(diff, &mut lines);
    let not_compared = diff.not_compared_words().into_iter();
    let not_compared = not_compared.map(|words| format!("not compared: {}", escape::markdown(&words, 300)));
    let other_bytes = diff.other_bytes_words().into_iter().map(|words| escape::markdown(&words, 300).to_string());
    list(&not_compared.chain(other_bytes).collect::<Vec<_>>(), "that are not compared", &mut lines);
    lines.text("lines on tensors")
}

/// What files say of themselves: an estimator of another class in a row, with what came and went with it folded away.
fn settings(diff: &TensorDiff, lines: &mut Lines) {
    let mut files: Vec<&str> = diff.settings.iter().map(|setting| setting.file.as_str()).collect();
    files.dedup();
    let several = files.len() > 1;
    for file in files {
        let sorted = sort_settings(diff.settings.iter().filter(|one| one.file == file).map(|one| &one.item));
        let place = if several { format!(" in {}", name(file)) } else { String::new() };
        let shown: Vec<_> = sorted.replaced.iter().chain(&sorted.others).copied().collect();
        rows(&format!("hyper-parameter{place}"), &shown, lines);
        if !sorted.with_them.is_empty() {
            let (removed, added) = sorted.counts();
            let mut folded = Lines::new(FOLDED);
            rows("hyper-parameter", &sorted.with_them, &mut folded);
            let summary = format!("With it {} removed and {added} added", count(removed, "hyper-parameter"));
            let folded = folded.text("hyper-parameters");
            lines.add(format!("<details><summary>{summary}</summary>\n\n{folded}\n</details>\n\n"));
        }
    }
}

/// A table, and the blank line that ends it.
fn rows(head: &str, items: &[&Item<Scalar>], lines: &mut Lines) {
    lines.add(format!("| {head} | was | is |\n|---|---|---|\n"));
    for item in items {
        let shown = |value: &Option<Scalar>| value.as_ref().map_or_else(String::new, |value| name(&value.to_string()));
        lines.add(format!("| {} | {} | {} |\n", name(&item.name), shown(&item.a), shown(&item.b)));
    }
    lines.add("\n".to_owned());
}

/// `291 tensors in model.safetensors: 3 changed, 1 added, 287 the same`.
fn totals(diff: &TensorDiff) -> String {
    let kinds = [Change::Changed, Change::Retyped, Change::Reshaped, Change::Renamed, Change::Added, Change::Removed];
    let counts = kinds.into_iter().map(|kind| (diff.count(kind), kind.name())).filter(|(count, _)| *count > 0);
    let mut parts: Vec<String> = counts.map(|(count, kind)| format!("{count} {kind}")).collect();
    if diff.unchanged > 0 {
        parts.push(format!("{} the same", diff.unchanged));
    }
    let all = diff.items.len() as u64 + diff.unchanged;
    let word = if all == 1 { "tensor" } else { "tensors" };
    // What is the same may lie in a file of which nothing else is said.
    let place = only_set(diff).map_or_else(String::new, |set| format!(" in {}", name(set)));
    format!("{all} {word}{place}: {}", parts.join(", "))
}

/// The set that everything is in, if it is one.
fn only_set(diff: &TensorDiff) -> Option<&str> {
    let first = diff.layers.first()?;
    diff.layers.iter().all(|layer| layer.set == first.set).then_some(&first.set)
}

/// Numbers, texts and truths that were learned: a threshold.
fn values(diff: &TensorDiff, lines: &mut Lines) {
    let valued = diff.layers.iter().filter_map(|layer| Some((layer, layer.values.as_ref()?)));
    let shown =
        |value: &Option<Scalar>| value.as_ref().map_or_else(|| "–".to_owned(), |value| name(&value.to_string()));
    let line =
        |(layer, [a, b]): (&Layer, &[Option<Scalar>; 2])| format!("{}: {} → {}", name(&layer.name), shown(a), shown(b));
    list(&valued.map(line).collect::<Vec<_>>(), "learned values", lines);
}

/// The table of layers that changed.
fn layers(diff: &TensorDiff, lines: &mut Lines) {
    let is_in_it = |layer: &&Layer| layer.changed > 0 && layer.values.is_none() && layer.of.is_empty();
    let (changed, unmeasured): (Vec<&Layer>, Vec<&Layer>) =
        diff.layers.iter().filter(is_in_it).partition(|layer| !matches!(layer.extent(), Extent::Unknown));
    if let [first, rest @ ..] = unmeasured.as_slice() {
        let more =
            if rest.is_empty() { String::new() } else { format!(" and {} more", count(rest.len() as u64, "layer")) };
        lines.add(format!("\n{}{more}: of other shape or type, so no element is compared.\n", name(&first.name)));
    }
    if changed.is_empty() {
        return;
    }
    let several = only_set(diff).is_none();
    let (head, rule) = if several { (" file |", "---|") } else { ("", "") };
    lines.add(format!(
        "\n| layer |{head} changed | relative | max \\|Δ\\| | cosine |\n|---|{rule}---:|---:|---:|---:|\n"
    ));
    let shown = shown(changed.len(), MOST);
    for layer in changed.iter().take(shown) {
        let counts = layer.sums.elements > 0;
        let found = layer.sums.difference();
        let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), significant);
        let cosine = found.cosine.map_or_else(|| "–".to_owned(), |cosine| format!("{cosine:.6}"));
        let (most, cosine) =
            if counts { (number(found.max_abs), cosine) } else { ("–".to_owned(), "–".to_owned()) };
        lines.add(format!(
            "| {} |{} {} of {} | {} | {most} | {cosine} |\n",
            name(&layer.name),
            if several { format!(" {} |", name(&layer.set)) } else { String::new() },
            layer.changed,
            layer.tensors,
            layer.extent().words(significant),
        ));
    }
    if changed.len() > shown {
        lines.add(format!("\n… and {} more layers that changed less.\n", changed.len() - shown));
    }
}

/// Tensors in which other elements are NaN or infinite than before.
fn odd(diff: &TensorDiff, lines: &mut Lines) {
    let odd = diff.items.iter().filter_map(|item| match &item.tally {
        Some(Tally::Numbers(sums)) => Some(format!("{}: {}", name(item.name()), not_finite(sums)?)),
        _ => None,
    });
    list(&odd.collect::<Vec<_>>(), "with other NaN or infinities", lines);
}

/// Everything but changed elements, by name.
fn others(diff: &TensorDiff, lines: &mut Lines) {
    let several = only_set(diff).is_none();
    let folded = diff.folded();
    let together = diff.layers.iter().filter(|layer| !layer.of.is_empty());
    let together = together.map(|layer| format!("{}: {}", name(&layer.name), layer.kinds().join(", ")));
    list(&together.collect::<Vec<_>>(), "of several layers", lines);
    for kind in [Change::Added, Change::Removed, Change::Renamed, Change::Retyped, Change::Reshaped, Change::Changed] {
        let items =
            diff.items.iter().filter(|item| item.change == kind && (kind != Change::Changed || is_silent(item)));
        let items = items.filter(|item| item.values().is_none() && !folded.contains(&(item.set(), item.layer())));
        let place = |item: &TensorItem| if several { format!(" in {}", name(item.set())) } else { String::new() };
        let line = |item: &TensorItem| format!("{} {}{}: {}", kind.name(), name(item.name()), place(item), what(item));
        list(&items.map(line).collect::<Vec<_>>(), kind.name(), lines);
    }
}

/// Whether it has another length, so that no element could be counted.
const fn is_silent(item: &TensorItem) -> bool {
    item.tally.is_none()
}

/// What it was and is.
fn what(item: &TensorItem) -> String {
    let whole = |facts: &TensorFacts| format!("{} {}", name(&facts.dtype), shape(facts)).trim().to_owned();
    match (item.change, &item.a, &item.b) {
        (Change::Renamed, Some(a), Some(b)) if a.name == b.name => format!("was in {}", name(&a.file)),
        (Change::Renamed, Some(a), _) => format!("was {}", name(&a.name)),
        (Change::Reshaped, Some(a), Some(b)) => format!("{} → {}", shape(a), shape(b)),
        (Change::Retyped, Some(a), Some(b)) => format!("{} → {}", name(&a.dtype), name(&b.dtype)),
        (Change::Changed, Some(a), Some(b)) => format!("{} → {} bytes", a.length, b.length),
        (_, a, b) => b.as_ref().or(a.as_ref()).map(whole).unwrap_or_default(),
    }
}

fn shape(facts: &TensorFacts) -> String {
    if facts.shape.is_empty() {
        return "scalar".to_owned();
    }
    facts.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("×")
}

/// A list, as far as it is not too long.
fn list(items: &[String], what: &str, lines: &mut Lines) {
    let shown = shown(items.len(), OF_KIND);
    let listed = items.iter().take(shown).map(|item| format!("- {item}\n"));
    let more = (items.len() > shown).then(|| format!("- … and {} more {what}\n", items.len() - shown));
    if items.len() > UNFOLDED {
        // All or nothing: what is opened must be closed.
        let listed: String = listed.chain(more).collect();
        lines.add(format!("\n<details><summary>{} {what}</summary>\n\n{listed}\n</details>\n", items.len()));
        return;
    }
    for (place, line) in listed.chain(more).enumerate() {
        lines.add(format!("{}{line}", if place == 0 { "\n" } else { "" }));
    }
}

/// Of so many lines those that are shown: in the place of a single one nothing is saved by saying that there is one more.
const fn shown(all: usize, most: usize) -> usize {
    if all <= most + 1 { all } else { most }
}

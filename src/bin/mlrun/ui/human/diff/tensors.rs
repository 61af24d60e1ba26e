//! Tensors by layer, the most changed first, with what their files say of themselves.

use mlrun::compare::tensors::extent::not_finite;
use mlrun::compare::tensors::layers::Layer;
use mlrun::compare::tensors::order::natural;
use mlrun::compare::tensors::{Change, Tally, TensorDiff, TensorFacts, TensorItem};
use mlrun::compare::{Change as ItemChange, Item};
use mlrun::format::scalar::Scalar;

use super::super::super::{Align, Label, Style, Table, clean};
use super::super::{count, wrapped};
use super::layers::{layers, shortened};
use super::values::values;

/// Lines of each other kind of change.
const OF_KIND: usize = 8;

/// The section; with `stat` only layers of it.
pub(super) fn tensors(diff: &TensorDiff, style: &Style, stat: bool) -> String {
    if diff.is_empty() {
        return String::new();
    }
    let mut text = settings(diff, style);
    if !diff.items.is_empty() {
        text += &format!("{}\n", wrapped(&format!("  {}", totals(diff))));
        text += &learned(diff, style);
        text += &layers(diff, style, stat);
        text += &together(diff, style);
        text += &odd(diff, style);
        if !stat {
            text += &others(diff, style);
        }
    }
    let not_compared = diff.not_compared_words();
    let shown = shown(not_compared.len(), OF_KIND);
    for words in not_compared.iter().take(shown) {
        text += &format!("{}\n", wrapped(&format!("  {} not compared: {}", sign(style, "!"), clean(words))));
    }
    text += &more(not_compared.len(), shown, "that are not compared");
    for words in diff.other_bytes_words() {
        text += &format!("{}\n", wrapped(&format!("  {} {}", sign(style, "~"), clean(&words))));
    }
    text
}

fn sign(style: &Style, mark: &str) -> String {
    style.paint(Label::Warning, mark)
}

/// Of so many lines those that are shown: in the place of a single one nothing is saved by saying that there is one more.
const fn shown(all: usize, most: usize) -> usize {
    if all <= most + 1 { all } else { most }
}

fn more(all: usize, shown: usize, what: &str) -> String {
    if all > shown { format!("  … and {} more {what}\n", all - shown) } else { String::new() }
}

/// `3 changed`, `1 added`.
pub(super) fn kinds(diff: &TensorDiff) -> Vec<String> {
    let kinds = [Change::Changed, Change::Retyped, Change::Reshaped, Change::Renamed, Change::Added, Change::Removed];
    let counts = kinds.into_iter().map(|kind| (diff.count(kind), kind.name()));
    counts.filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect()
}

/// `3 of 291 changed, 1 added`.
fn totals(diff: &TensorDiff) -> String {
    let mut parts = kinds(diff);
    if diff.unchanged > 0 {
        parts.push(format!("{} the same", diff.unchanged));
    }
    let all = diff.items.len() as u64 + diff.unchanged;
    format!("{}: {}", count(all, "tensor"), parts.join(", "))
}

/// What files say of themselves.
fn settings(diff: &TensorDiff, style: &Style) -> String {
    let mut text = String::new();
    let mut files: Vec<&str> = diff.settings.iter().map(|setting| setting.file.as_str()).collect();
    files.dedup();
    for file in files {
        let items: Vec<_> = diff.settings.iter().filter(|s| s.file == file).map(|s| s.item.clone()).collect();
        text += &format!("  {}\n", style.paint(Label::Dim, &format!("hyper-parameters in {}", clean(file))));
        text += &super::settings::settings(items, style);
    }
    text
}

/// Numbers, texts and truths that were learned: a threshold.
fn learned(diff: &TensorDiff, style: &Style) -> String {
    let shown = |value: &Option<Scalar>| match value {
        Some(Scalar::Float(number)) => Scalar::Text(style.number(*number)),
        Some(other) => other.clone(),
        None => Scalar::Null,
    };
    let item = |layer: &Layer| {
        let [a, b] = layer.values.as_ref()?;
        let (was, is) = (shown(a), shown(b));
        // Digits that are left out must not make them the same.
        let (was, is) = if was == is { (a.clone(), b.clone()) } else { (Some(was), Some(is)) };
        let change = match (a, b, layer.added, layer.removed) {
            (.., 1, _) => ItemChange::Added,
            (.., 1) => ItemChange::Removed,
            _ => ItemChange::Changed,
        };
        let one = |value: Option<Scalar>, is_there: bool| value.filter(|_| is_there);
        let (a, b) = (one(was, layer.added == 0), one(is, layer.removed == 0));
        Some(Item { name: layer.name.clone(), change, a, b })
    };
    let mut found: Vec<_> = diff.layers.iter().filter_map(|layer| Some((layer.set.as_str(), item(layer)?))).collect();
    found.sort_by(|one, other| natural(one.0, other.0).then_with(|| natural(&one.1.name, &other.1.name)));
    let several = diff.layers.iter().any(|layer| diff.layers.first().is_some_and(|first| first.set != layer.set));
    let of_file = |of: &[(&str, Item<Scalar>)]| {
        let items: Vec<_> = of.iter().map(|(_, item)| item.clone()).collect();
        let file =
            of.first().filter(|_| several).map(|(set, _)| format!("  {}\n", style.paint(Label::Dim, &clean(set))));
        file.unwrap_or_default() + &values(&items, style)
    };
    found.chunk_by(|one, other| one.0 == other.0).map(of_file).collect()
}

/// Layers of which one line says as much as many.
fn together(diff: &TensorDiff, style: &Style) -> String {
    let mut table = Table::new(&[Align::Left; 3]);
    for layer in diff.layers.iter().filter(|layer| !layer.of.is_empty()) {
        table.row([sign(style, "~"), shortened(&clean(&layer.name)), layer.kinds().join(", ")]);
    }
    table.render(2)
}

/// Tensors in which other elements are NaN or infinite than before.
fn odd(diff: &TensorDiff, style: &Style) -> String {
    let changed = diff.items.iter().filter_map(|item| match &item.tally {
        Some(Tally::Numbers(sums)) => Some((item, sums, not_finite(sums)?)),
        _ => None,
    });
    let changed: Vec<_> = changed.collect();
    let shown = shown(changed.len(), OF_KIND);
    let lines = changed.iter().take(shown).map(|(item, sums, words)| {
        let better = sums.b.nan + sums.b.infinite < sums.a.nan + sums.a.infinite;
        let mark = style.paint(if better { Label::Good } else { Label::Bad }, "!");
        format!("{}\n", wrapped(&format!("  {mark} {}: {words}", clean(item.name()))))
    });
    lines.collect::<String>() + &more(changed.len(), shown, "with other NaN or infinities")
}

/// Everything but changed elements.
fn others(diff: &TensorDiff, style: &Style) -> String {
    let mut text = String::new();
    let folded = diff.folded();
    let is_apart = |item: &&TensorItem| item.values().is_none() && !folded.contains(&(item.set(), item.layer()));
    let apart = diff.items.iter().filter(is_apart);
    let kinds = [Change::Retyped, Change::Reshaped, Change::Renamed, Change::Added, Change::Removed];
    for kind in kinds {
        let items: Vec<&TensorItem> = apart.clone().filter(|item| item.change == kind).collect();
        let mut table = Table::new(&[Align::Left; 3]);
        let shown = shown(items.len(), OF_KIND);
        for item in items.iter().take(shown) {
            let mark = match kind {
                Change::Added => style.paint(Label::Good, "+"),
                Change::Removed => style.paint(Label::Bad, "-"),
                Change::Renamed => style.paint(Label::Dim, ">"),
                _ => sign(style, "~"),
            };
            table.row([mark, shortened(&clean(item.name())), what(item)]);
        }
        text += &table.render(2);
        text += &more(items.len(), shown, kind.name());
    }
    // Where nothing could be counted, nothing stands in the table.
    let silent = apart.filter(|item| item.change == Change::Changed && item.tally.is_none()).count();
    if silent > 0 {
        text += &format!("  {} {} of another length\n", sign(style, "~"), count(silent as u64, "tensor"));
    }
    text
}

fn what(item: &TensorItem) -> String {
    let whole = |facts: &TensorFacts| format!("{} {}", clean(&facts.dtype), shape(facts)).trim().to_owned();
    match (item.change, &item.a, &item.b) {
        (Change::Renamed, Some(a), _) => format!("was {}", shortened(&clean(&a.name))),
        (Change::Reshaped, Some(a), Some(b)) => format!("{} → {}", shape(a), shape(b)),
        (Change::Retyped, Some(a), Some(b)) => format!("{} → {}", clean(&a.dtype), clean(&b.dtype)),
        (_, a, b) => b.as_ref().or(a.as_ref()).map(whole).unwrap_or_default(),
    }
}

fn shape(facts: &TensorFacts) -> String {
    if facts.shape.is_empty() {
        return "scalar".to_owned();
    }
    facts.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("×")
}

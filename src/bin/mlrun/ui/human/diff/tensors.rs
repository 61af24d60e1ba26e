//! Tensors by layer, the most changed first, with what their files say of themselves.

use mlrun::compare::tensors::extent::not_finite;
use mlrun::compare::tensors::{Change, Tally, TensorDiff, TensorFacts, TensorItem};

use super::super::super::{Align, Label, Style, Table, clean};
use super::super::{count, wrapped};
use super::layers::{layers, shortened};

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
        text += &layers(diff, style, stat);
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
    text + &more(not_compared.len(), shown, "that are not compared")
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
    let kinds = [Change::Retyped, Change::Reshaped, Change::Renamed, Change::Added, Change::Removed];
    for kind in kinds {
        let items: Vec<&TensorItem> = diff.items.iter().filter(|item| item.change == kind).collect();
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
    let silent = diff.items.iter().filter(|item| item.change == Change::Changed && item.tally.is_none()).count();
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

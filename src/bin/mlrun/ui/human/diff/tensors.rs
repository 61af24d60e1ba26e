//! Tensors by layer, the most changed first, with what their files say of themselves.

use std::collections::HashMap;

use mlrun::compare::tensors::layers::Layer;
use mlrun::compare::tensors::sums::Sums;
use mlrun::compare::tensors::{Change, Tally, TensorDiff, TensorFacts, TensorItem};

use super::super::super::{Align, Label, Style, Table, clean, spark};
use super::super::{count, wrapped};

/// Lines of the table before it is folded.
const FOLD: usize = 20;
/// The same where it is all that is wanted.
const MOST: usize = 200;
/// Tensors shown of a layer in a table that is folded.
const OF_LAYER: usize = 3;
/// Lines of each other kind of change.
const OF_KIND: usize = 8;
/// Columns of a name, and of a bar.
const NAME: usize = 30;
const BAR: usize = 6;

/// The section; with `stat` only layers of it.
pub(super) fn tensors(diff: &TensorDiff, style: &Style, stat: bool) -> String {
    if diff.is_empty() {
        return String::new();
    }
    let mut text = settings(diff, style);
    if !diff.items.is_empty() {
        text += &format!("{}\n", wrapped(&format!("  {}", totals(diff))));
        text += &changed(diff, style, stat);
        if !stat {
            text += &others(diff, style);
        }
    }
    for missing in diff.not_compared.iter().take(OF_KIND) {
        let tensor = missing.tensor.as_ref().map_or_else(String::new, |tensor| format!(", {}", clean(tensor)));
        let line = format!(
            "  {} not compared: {}{tensor}: {}",
            sign(style, "!"),
            clean(&missing.file),
            clean(&missing.reason)
        );
        text += &format!("{}\n", wrapped(&line));
    }
    text + &more(diff.not_compared.len(), OF_KIND, "that are not compared")
}

fn sign(style: &Style, mark: &str) -> String {
    style.paint(Label::Warning, mark)
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

/// A line of the table.
enum Row<'d> {
    Layer(&'d Layer),
    Tensor(&'d TensorItem, bool),
}

impl Row<'_> {
    fn sums(&self) -> Option<&Sums> {
        match self {
            Self::Layer(layer) => Some(&layer.sums),
            Self::Tensor(TensorItem { tally: Some(Tally::Numbers(sums)), .. }, _) => Some(sums),
            Self::Tensor(..) => None,
        }
    }
}

/// Those whose elements changed, by layer; where there are several files, by file, in the order of their first layers.
fn changed(diff: &TensorDiff, style: &Style, stat: bool) -> String {
    let layers: Vec<&Layer> = diff.layers.iter().filter(|layer| layer.changed > 0).collect();
    let mut sets: Vec<(&str, Vec<&Layer>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for layer in &layers {
        let place = *places.entry(&layer.set).or_insert(sets.len());
        match sets.get_mut(place) {
            Some((_, layers)) => layers.push(layer),
            None => sets.push((&layer.set, vec![layer])),
        }
    }
    let mut inside: HashMap<(&str, &str), Vec<&TensorItem>> = HashMap::new();
    for item in diff.items.iter().filter(|item| item.tally.is_some_and(|tally| tally.changed() > 0)) {
        inside.entry((item.set(), item.layer())).or_default().push(item);
    }
    let of = |layer: &Layer| inside.get(&(layer.set.as_str(), layer.name.as_str())).cloned().unwrap_or_default();
    let all: usize = layers.iter().map(|layer| lines_of(of(layer).len())).sum();
    let folded = !stat && all > FOLD;
    let most = if stat { MOST } else { FOLD };
    let (mut tables, mut lines, mut left) = (Vec::new(), 0, Vec::new());
    for (set, layers) in sets {
        let mut rows = Vec::new();
        for layer in layers {
            let items = of(layer);
            let within = if folded { items.len().min(OF_LAYER) } else { items.len() };
            let needed = if stat { 1 } else { lines_of(within) };
            if lines > 0 && lines + needed > most || !left.is_empty() {
                left.push(layer);
                continue;
            }
            lines += needed;
            let alone = items.len() == 1 && layer.changed == 1;
            if stat || !alone {
                rows.push(Row::Layer(layer));
            }
            if !stat {
                rows.extend(items.into_iter().take(within).map(|item| Row::Tensor(item, !alone)));
            }
        }
        if !rows.is_empty() {
            tables.push((set, rows));
        }
    }
    let rows = tables.iter().flat_map(|(_, rows)| rows);
    let largest = rows.filter_map(|row| row.sums()?.difference().relative).fold(0.0, f64::max);
    let several = tables.len() > 1 || left.iter().any(|layer| tables.iter().all(|(set, _)| *set != layer.set));
    let mut text = String::new();
    for (set, rows) in &tables {
        if several {
            text += &format!("  {}\n", style.paint(Label::Dim, &clean(set)));
        }
        text += &table(rows, largest, style);
    }
    if !left.is_empty() {
        let least = left.iter().filter_map(|layer| layer.sums.difference().relative).fold(0.0, f64::max);
        let layers = if left.len() == 1 { "layer" } else { "layers" };
        text += &format!("  … and {} more {layers}, relative {} and less\n", left.len(), number(Some(least), style));
    }
    text + &odd(diff, style)
}

fn table(rows: &[Row<'_>], largest: f64, style: &Style) -> String {
    let mut table = Table::new(&[Align::Left, Align::Right, Align::Right, Align::Left, Align::Right, Align::Right]);
    let head = ["", "changed", "relative", "", "max |Δ|", "cosine"];
    table.row(head.map(|title| style.paint(Label::Dim, title)));
    for row in rows {
        let (name, share) = match row {
            Row::Layer(layer) => (layer.name.clone(), format!("{} of {}", layer.changed, layer.tensors)),
            Row::Tensor(item, inside) => {
                let name = if *inside { format!("  {}", below(item)) } else { item.name().to_owned() };
                (name, item.tally.as_ref().map_or_else(String::new, share))
            }
        };
        table.row(cells(&name, share, row.sums(), largest, style));
    }
    table.render(2)
}

/// Lines of a layer with so many tensors: one that is alone needs no heading.
const fn lines_of(tensors: usize) -> usize {
    if tensors == 1 { 1 } else { tensors + 1 }
}

fn cells(name: &str, share: String, sums: Option<&Sums>, largest: f64, style: &Style) -> Vec<String> {
    let mut cells = vec![shortened(&clean(name)), share];
    let Some(sums) = sums.filter(|sums| sums.elements > 0) else { return cells };
    let difference = sums.difference();
    // Of the numbers that are left the change may be none at all.
    cells.push(match sums.a == sums.b {
        true => number(difference.relative, style),
        false => style.paint(Label::Bad, "NaN/inf"),
    });
    cells.push(style.paint(Label::Warning, &share_bar(difference.relative, largest)));
    cells.push(number(difference.max_abs, style));
    // Of what has only moved a little, four digits are all nines.
    cells.push(difference.cosine.map_or_else(|| "–".to_owned(), |cosine| format!("{cosine:.6}")));
    cells
}

/// A number, or a dash where there is none.
fn number(value: Option<f64>, style: &Style) -> String {
    const WIDE: f64 = 1e6;
    match value {
        None => "–".to_owned(),
        Some(value) if value.abs() >= WIDE => format!("{value:.3e}"),
        Some(value) => style.number(value),
    }
}

/// The name behind the layer's.
fn below(item: &TensorItem) -> String {
    let name = item.name();
    let rest = name.strip_prefix(item.layer()).unwrap_or(name).trim_start_matches(['.', '/']);
    if rest.is_empty() { name.to_owned() } else { rest.to_owned() }
}

/// Of a long name the end: there it differs from others.
fn shortened(name: &str) -> String {
    let length = name.chars().count();
    if length <= NAME {
        return name.to_owned();
    }
    std::iter::once('…').chain(name.chars().skip(length - NAME + 1)).collect()
}

/// Which part of the elements changed: all only if all did.
fn share(tally: &Tally) -> String {
    let (changed, all) = (tally.changed(), tally.count());
    let percent = 100.0 * changed as f64 / all.max(1) as f64;
    match percent {
        _ if changed == all => "100 %".to_owned(),
        small if small < 0.1 => "< 0.1 %".to_owned(),
        percent => format!("{:.1} %", percent.min(99.9)),
    }
}

/// How much against the most of all.
fn share_bar(relative: Option<f64>, largest: f64) -> String {
    let share = relative.unwrap_or(0.0) / largest;
    if share.is_finite() { spark::bar(share, BAR) } else { String::new() }
}

/// Tensors in which there is more or less that is no finite number than before.
fn odd(diff: &TensorDiff, style: &Style) -> String {
    let changed = diff.items.iter().filter_map(|item| match &item.tally {
        Some(Tally::Numbers(sums)) if sums.a != sums.b => Some((item, sums)),
        _ => None,
    });
    let changed: Vec<_> = changed.collect();
    let lines = changed.iter().take(OF_KIND).map(|(item, sums)| {
        let worse = sums.b.nan + sums.b.infinite > sums.a.nan + sums.a.infinite;
        let mark = style.paint(if worse { Label::Bad } else { Label::Good }, "!");
        let said = |name: &str, a: u64, b: u64| (a != b).then(|| format!("{b} {name} (was {a})"));
        let parts = [said("NaN", sums.a.nan, sums.b.nan), said("infinite", sums.a.infinite, sums.b.infinite)];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        format!("{}\n", wrapped(&format!("  {mark} {}: {}", clean(item.name()), parts.join(", "))))
    });
    lines.collect::<String>() + &more(changed.len(), OF_KIND, "with other numbers of NaN or infinities")
}

/// Everything but changed elements.
fn others(diff: &TensorDiff, style: &Style) -> String {
    let mut text = String::new();
    let kinds = [Change::Retyped, Change::Reshaped, Change::Renamed, Change::Added, Change::Removed];
    for kind in kinds {
        let items: Vec<&TensorItem> = diff.items.iter().filter(|item| item.change == kind).collect();
        let mut table = Table::new(&[Align::Left; 3]);
        for item in items.iter().take(OF_KIND) {
            let mark = match kind {
                Change::Added => style.paint(Label::Good, "+"),
                Change::Removed => style.paint(Label::Bad, "-"),
                Change::Renamed => style.paint(Label::Dim, ">"),
                _ => sign(style, "~"),
            };
            table.row([mark, shortened(&clean(item.name())), what(item)]);
        }
        text += &table.render(2);
        text += &more(items.len(), OF_KIND, kind.name());
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

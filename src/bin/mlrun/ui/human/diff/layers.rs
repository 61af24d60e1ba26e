//! The table of tensors that changed, by layer; what changed less is folded.

use std::collections::HashMap;

use mlrun::compare::tensors::extent::Extent;
use mlrun::compare::tensors::layers::Layer;
use mlrun::compare::tensors::sums::Sums;
use mlrun::compare::tensors::{Tally, TensorDiff, TensorItem};

use super::super::super::{Align, Label, Style, Table, clean, spark};

/// Lines of the table before it is folded.
const FOLD: usize = 20;
/// The same where it is all that is wanted.
const MOST: usize = 200;
/// Tensors shown of a layer in a table that is folded.
const OF_LAYER: usize = 3;
/// Columns of a name, and of a bar.
const NAME: usize = 30;
const BAR: usize = 6;

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

/// A layer whose elements changed, and the tensors of it that did.
struct Changed<'d> {
    layer: &'d Layer,
    items: Vec<&'d TensorItem>,
}

impl<'d> Changed<'d> {
    fn all(diff: &'d TensorDiff) -> Vec<Self> {
        let mut inside: HashMap<(&str, &str), Vec<&TensorItem>> = HashMap::new();
        for item in diff.items.iter().filter(|item| item.tally.is_some_and(|tally| tally.changed() > 0)) {
            inside.entry((item.set(), item.layer())).or_default().push(item);
        }
        let is_in_it = |layer: &&Layer| layer.changed > 0 && layer.values.is_none() && layer.of.is_empty();
        let layers = diff.layers.iter().filter(is_in_it);
        let of = |layer: &'d Layer| {
            let items = inside.remove(&(layer.set.as_str(), layer.name.as_str())).unwrap_or_default();
            Self { layer, items }
        };
        layers.map(of).collect()
    }

    /// A tensor that is alone needs no heading.
    const fn is_alone(&self) -> bool {
        self.items.len() == 1 && self.layer.changed == 1
    }

    /// Leaves the tensors that changed most.
    fn fold(&mut self) {
        let finite: Vec<f64> = self.items.iter().map(|item| finite(item)).collect();
        let mut shown = chosen(&vec![1; finite.len()], &finite, OF_LAYER).into_iter();
        self.items.retain(|_| shown.next() == Some(true));
    }

    fn rows(&self, stat: bool) -> Vec<Row<'d>> {
        let head = (stat || !self.is_alone()).then_some(Row::Layer(self.layer));
        let items = self.items.iter().filter(|_| !stat).map(|item| Row::Tensor(item, !self.is_alone()));
        head.into_iter().chain(items).collect()
    }

    fn finite(&self) -> f64 {
        self.items.iter().map(|item| finite(item)).fold(0.0, f64::max)
    }
}

/// By how much a tensor's numbers changed.
fn finite(item: &TensorItem) -> f64 {
    item.extent().relative().unwrap_or(0.0)
}

/// Which of a list are shown in `most` lines: the first, and the one with the largest finite change, whatever NaN and zeros
/// stand before it. In the place of a single one nothing is saved by saying that there is one more.
fn chosen(lines: &[usize], finite: &[f64], most: usize) -> Vec<bool> {
    let parts = finite.iter().copied().enumerate().filter(|(_, part)| *part > 0.0);
    let largest = parts.rev().max_by(|one, other| one.1.total_cmp(&other.1)).map(|(place, _)| place);
    let mut room = most.saturating_sub(largest.and_then(|place| lines.get(place)).copied().unwrap_or(0));
    let mut is_full = false;
    let is_shown = |(place, lines): (usize, &usize)| {
        if largest == Some(place) {
            return true;
        }
        is_full |= *lines > room;
        room -= if is_full { 0 } else { *lines };
        !is_full
    };
    let mut shown: Vec<bool> = lines.iter().enumerate().map(is_shown).collect();
    if shown.iter().filter(|is_shown| !**is_shown).count() == 1 {
        shown.fill(true);
    }
    shown
}

/// Those whose elements changed, by layer; where there are several files, by file, in the order of their first layers.
pub(super) fn layers(diff: &TensorDiff, style: &Style, stat: bool) -> String {
    let mut all = Changed::all(diff);
    let lines = |changed: &Changed<'_>| changed.rows(stat).len();
    if !stat && all.iter().map(lines).sum::<usize>() > FOLD {
        all.iter_mut().for_each(Changed::fold);
    }
    let finite: Vec<f64> = all.iter().map(Changed::finite).collect();
    let chosen = chosen(&all.iter().map(lines).collect::<Vec<_>>(), &finite, if stat { MOST } else { FOLD });
    let (mut tables, mut places, mut left) = (Vec::new(), HashMap::new(), Vec::new());
    for (changed, is_shown) in all.iter().zip(chosen) {
        if !is_shown {
            left.push(changed);
            continue;
        }
        let set = changed.layer.set.as_str();
        let place = *places.entry(set).or_insert(tables.len());
        if place == tables.len() {
            tables.push((set, Vec::new()));
        }
        tables[place].1.extend(changed.rows(stat));
    }
    let rows = tables.iter().flat_map(|(_, rows)| rows);
    let largest = rows.filter_map(|row| Extent::of(row.sums()?).relative()).fold(0.0, f64::max);
    let several = all.iter().any(|changed| all.first().is_some_and(|first| first.layer.set != changed.layer.set));
    let mut text = String::new();
    for (set, rows) in &tables {
        if several {
            text += &format!("  {}\n", style.paint(Label::Dim, &clean(set)));
        }
        text += &table(rows, largest, style);
    }
    text + &more(&left, style)
}

/// How many layers are not shown, and what is the most that is not.
fn more(left: &[&Changed<'_>], style: &Style) -> String {
    if left.is_empty() {
        return String::new();
    }
    let least = left.iter().map(|changed| changed.finite()).fold(0.0, f64::max);
    let odd = left.iter().any(|changed| matches!(changed.layer.largest, Extent::NotFinite(_)));
    let odd = if odd { ", some with other NaN or infinities" } else { "" };
    let least = if least > 0.0 { format!(", relative {} and less", number(Some(least), style)) } else { String::new() };
    let layers = if left.len() == 1 { "layer" } else { "layers" };
    format!("  … and {} more {layers}{least}{odd}\n", left.len())
}

fn table(rows: &[Row<'_>], largest: f64, style: &Style) -> String {
    let mut table = Table::new(&[Align::Left, Align::Right, Align::Right, Align::Left, Align::Right, Align::Right]);
    let head = ["", "changed", "relative", "", "max |Δ|", "cosine"];
    table.head(head.map(|title| style.paint(Label::Dim, title)));
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

fn cells(name: &str, share: String, sums: Option<&Sums>, largest: f64, style: &Style) -> Vec<String> {
    let mut cells = vec![shortened(&clean(name)), share];
    let Some(sums) = sums.filter(|sums| sums.elements > 0) else { return cells };
    let (difference, extent) = (sums.difference(), Extent::of(sums));
    let words = extent.words(|relative| number(Some(relative), style));
    cells.push(if matches!(extent, Extent::NotFinite(_)) { style.paint(Label::Bad, &words) } else { words });
    cells.push(style.paint(Label::Warning, &share_bar(extent.relative(), largest)));
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
pub(super) fn shortened(name: &str) -> String {
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

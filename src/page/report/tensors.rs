//! What changed in a model's tensors, layer by layer.

use super::super::chart::{Chart, Forest, ForestRow, Hue};
use super::super::html::{Document, Text, number, words};
use crate::certify::wording::{grouped, significant};
use crate::compare::tensors::extent::Extent;

/// Layers of the chart: those that changed most.
const MOST: usize = 40;
/// Files that have a chart.
const MOST_CHARTS: usize = 4;
/// Times by which layers may differ before their powers are drawn.
const MOST_TIMES: f64 = 1e3;
/// Characters of a name that a chart shows.
const NAME: usize = 40;

/// What changed in a model's tensors.
#[derive(Debug, Clone, Default)]
pub struct Tensors {
    /// The version they are held against.
    pub against: String,
    /// Layer by layer, the most important first.
    pub layers: Vec<LayerChange>,
    /// Where they were not read because it would take too long: the command that compares them.
    pub instead: Option<String>,
}

/// What changed in a layer.
#[derive(Debug, Clone, Default)]
pub struct LayerChange {
    /// Its name: what its tensors' names begin with.
    pub layer: String,
    /// The file it is of; empty where there is but one.
    pub file: String,
    /// Its tensors.
    pub tensors: u64,
    /// Those that changed, were added or removed.
    pub changed: u64,
    /// By how much.
    pub extent: Extent,
    /// What else there is to say.
    pub note: String,
}

pub(super) fn section(page: &mut Document, tensors: Option<&Tensors>) {
    let Some(tensors) = tensors else { return };
    page.section("tensors", "Tensor changes by layer");
    one(page, tensors);
}

/// Since one version.
pub(super) fn one(page: &mut Document, tensors: &Tensors) {
    if let Some(command) = &tensors.instead {
        let not_here = Text::plain("Large tensors are different, and were not read for this page: ");
        page.paragraph(&not_here.then(&Text::code(command)).then(&Text::plain(" compares them.")));
        return;
    }
    page.paragraph(&Text::plain(&format!("Against {}.", tensors.against)));
    if tensors.layers.is_empty() {
        page.paragraph(&Text::plain("No tensor is different."));
        return;
    }
    let mut files: Vec<&str> = Vec::new();
    for layer in &tensors.layers {
        if !files.contains(&layer.file.as_str()) {
            files.push(&layer.file);
        }
    }
    let several = files.len() > 1;
    page.charts(&files.into_iter().take(MOST_CHARTS).filter_map(|file| chart(tensors, file)).collect::<Vec<_>>());
    let rows = tensors.layers.iter().map(|layer| {
        let file = several.then(|| Text::code(&layer.file));
        let rest = [
            Text::code(&layer.layer),
            Text::plain(&grouped(layer.changed)),
            Text::plain(&grouped(layer.tensors)),
            Text::plain(&layer.extent.words(significant)),
            Text::plain(&layer.note),
        ];
        file.into_iter().chain(rest).collect()
    });
    let file = several.then(|| words("File"));
    let rest = [words("Layer"), number("Tensors changed"), number("Of"), number("Relative change"), words("Note")];
    let columns: Vec<_> = file.into_iter().chain(rest).collect();
    page.table("Layers, the one with the most changed tensor first", &columns, &rows.collect::<Vec<_>>());
}

/// What changed in the layers of one file, as far as it is a number.
fn chart(tensors: &Tensors, file: &str) -> Option<Chart> {
    let layers = tensors.layers.iter().filter(|layer| layer.file == file);
    let mut measured: Vec<_> = layers.filter_map(|layer| Some((layer, layer.extent.relative()?))).collect();
    // A chart is read by its longest bar.
    measured.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.layer.cmp(&b.0.layer)));
    measured.truncate(MOST);
    let (first, largest) = measured.first().map(|(layer, relative)| (&layer.layer, *relative))?;
    let least = measured.iter().map(|(_, relative)| *relative).rfind(|relative| *relative > 0.0).unwrap_or(largest);
    // Of layers that changed by so many times others, the others would be nothing.
    let by_power = largest / least > MOST_TIMES;
    let start = if by_power { least.log10().floor() - 1.0 } else { 0.0 };
    let place = |relative: f64| if by_power { relative.log10().max(start) } else { relative };
    let row = |(layer, relative): &(&LayerChange, f64)| ForestRow {
        name: in_the_middle(&layer.layer),
        value: Some(place(*relative)),
        bounds: Some((start, place(*relative))),
        limit: None,
        hue: Hue::Nth(0),
        note: significant(*relative),
    };
    let of = if file.is_empty() { String::new() } else { format!(" of {file}") };
    let axis = "L2 norm of the change, relative";
    let forest = Forest {
        title: format!("Change of each layer{of} since {}", tensors.against),
        description: format!("Most changed: {first} by {}.", significant(largest)),
        axis: if by_power { format!("{axis}: power of 10") } else { axis.to_owned() },
        against: Some(start),
        limits: Vec::new(),
        rows: measured.iter().map(row).collect(),
    };
    forest.chart()
}

/// A name as long as there is room for in a chart: layers differ in how they begin and end.
fn in_the_middle(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= NAME {
        return name.to_owned();
    }
    let (begin, end) = letters.split_at(NAME / 2);
    let end = &end[end.len() - (NAME - NAME / 2 - 1)..];
    begin.iter().chain(&['…']).chain(end).collect()
}

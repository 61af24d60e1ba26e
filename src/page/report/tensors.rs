//! What changed in a model's tensors, layer by layer.

use super::super::chart::{Forest, ForestRow, Hue};
use super::super::html::{Document, Text, number, words};
use crate::certify::wording::{grouped, significant};
use crate::compare::tensors::extent::Extent;

/// Layers of the chart: those that changed most.
const MOST: usize = 40;

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
    let measured = tensors.layers.iter().filter_map(|layer| Some((layer, layer.extent.relative()?)));
    let mut measured: Vec<_> = measured.collect();
    // A chart is read by its longest bar.
    measured.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.layer.cmp(&b.0.layer)));
    let rows: Vec<ForestRow> = measured
        .into_iter()
        .take(MOST)
        .map(|(layer, relative)| ForestRow {
            name: layer.layer.clone(),
            value: Some(relative),
            bounds: Some((0.0, relative)),
            limit: None,
            hue: Hue::Nth(0),
            note: significant(relative),
        })
        .collect();
    let most = rows.first().map_or_else(String::new, |row| format!("Most changed: {} by {}.", row.name, row.note));
    let forest = Forest {
        title: format!("Change of each layer since {}", tensors.against),
        description: most,
        axis: "L2 norm of the change, relative".to_owned(),
        against: Some(0.0),
        rows,
    };
    page.charts(&forest.chart().into_iter().collect::<Vec<_>>());
    let rows: Vec<Vec<Text>> = tensors
        .layers
        .iter()
        .map(|layer| {
            vec![
                Text::code(&layer.layer),
                Text::plain(&grouped(layer.changed)),
                Text::plain(&grouped(layer.tensors)),
                Text::plain(&layer.extent.words(significant)),
                Text::plain(&layer.note),
            ]
        })
        .collect();
    let columns = [words("Layer"), number("Tensors changed"), number("Of"), number("Relative change"), words("Note")];
    page.table("Layers, the one with the most changed tensor first", &columns, &rows);
}

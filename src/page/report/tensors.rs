//! What changed in a model's tensors, layer by layer.

use super::super::chart::{Forest, ForestRow, Hue};
use super::super::html::{Document, Text, number, words};
use super::Tensors;
use crate::certify::wording::{grouped, significant};

/// Layers of the chart: those that changed most.
const MOST: usize = 40;

pub(super) fn section(page: &mut Document, tensors: Option<&Tensors>) {
    let Some(tensors) = tensors else { return };
    page.section("tensors", "Tensor changes by layer");
    page.paragraph(&Text::plain(&format!("Against {}.", tensors.against)));
    if tensors.layers.is_empty() {
        page.paragraph(&Text::plain("No tensor is different."));
        return;
    }
    let mut layers: Vec<_> = tensors.layers.iter().collect();
    layers.sort_by(|a, b| {
        let size = |layer: &super::LayerChange| layer.relative.unwrap_or(f64::INFINITY);
        size(b).total_cmp(&size(a)).then_with(|| a.layer.cmp(&b.layer))
    });
    let measured = layers.iter().filter(|layer| layer.relative.is_some_and(f64::is_finite));
    let rows: Vec<ForestRow> = measured
        .take(MOST)
        .map(|layer| ForestRow {
            name: layer.layer.clone(),
            value: layer.relative,
            bounds: layer.relative.map(|relative| (0.0, relative)),
            limit: None,
            hue: Hue::Nth(0),
            note: layer.relative.map_or_else(String::new, significant),
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
    let rows: Vec<Vec<Text>> = layers
        .iter()
        .map(|layer| {
            vec![
                Text::code(&layer.layer),
                Text::plain(&grouped(layer.changed)),
                Text::plain(&grouped(layer.tensors)),
                layer.relative.map_or_else(Text::default, |relative| Text::plain(&significant(relative))),
                Text::plain(&layer.note),
            ]
        })
        .collect();
    let columns = [words("Layer"), number("Tensors changed"), number("Of"), number("Relative change"), words("Note")];
    page.table("Layers, the most changed first", &columns, &rows);
}

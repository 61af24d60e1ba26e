//! Metrics of class counts over weighted rows.

use super::bootstrap::Weighted;
use super::counts::Counts;
use super::input::Labelled;
use super::settings::MetricSpec;
use super::undefined::Undefined;

/// Of a cell's weight: how far its slope is looked for.
const STEP: f64 = 1e-3;

/// A count metric of labelled rows.
pub(super) struct Tabled<'a> {
    spec: MetricSpec,
    labelled: Labelled,
    weights: Option<&'a [f64]>,
}

impl<'a> Tabled<'a> {
    pub(super) const fn new(spec: MetricSpec, labelled: Labelled, weights: Option<&'a [f64]>) -> Self {
        Self { spec, labelled, weights }
    }

    fn counts(&self, weights: Option<&[f64]>) -> Counts {
        let mut counts = Counts::new(self.labelled.classes);
        for (row, (&truth, &predicted)) in self.labelled.truth.iter().zip(&self.labelled.predicted).enumerate() {
            counts.add(truth, predicted, weights.map_or(1.0, |weights| weights[row]));
        }
        counts
    }
}

impl Weighted for Tabled<'_> {
    fn value(&self) -> Result<f64, Undefined> {
        self.counts(self.weights).value(&self.spec)
    }

    /// All rows of a cell move the metric alike: by the slope along the cell's weight, a central difference extrapolated
    /// once.
    fn influence(&self) -> Result<Vec<f64>, Undefined> {
        let counts = self.counts(self.weights);
        let weight = |row: usize| self.weights.map_or(1.0, |weights| weights[row]);
        let cell = |row: usize| (self.labelled.truth[row], self.labelled.predicted[row]);
        let mut cells: std::collections::BTreeMap<(u32, u32), f64> = std::collections::BTreeMap::new();
        for row in 0..self.labelled.truth.len() {
            *cells.entry(cell(row)).or_default() += weight(row);
        }
        for ((truth, predicted), total) in &mut cells {
            let moved = |step: f64| {
                let mut counts = counts.clone();
                counts.add(*truth, *predicted, step);
                counts.value(&self.spec)
            };
            let difference = |step: f64| Ok((moved(step)? - moved(-step)?) / (2.0 * step));
            let step = STEP * *total;
            *total = if step > 0.0 { (4.0 * difference(step / 2.0)? - difference(step)?) / 3.0 } else { 0.0 };
        }
        Ok((0..self.labelled.truth.len())
            .map(|row| weight(row) * cells.get(&cell(row)).copied().unwrap_or_default())
            .collect())
    }

    fn weighted(&self, weights: &[f64]) -> f64 {
        self.counts(Some(weights)).value(&self.spec).unwrap_or(f64::NAN)
    }
}

//! ROC AUC of weighted rows, and of many resamples at a time.
//!
//! AUC = Σ over positives w (negative weight below + ½ tied) / (W₊ W₋), as `sklearn.metrics.roc_auc_score` with
//! `sample_weight`. One sort per model: each resample is a scan of the ranking with other weights, 128 of them side by side
//! in whole numbers. Between two positives the negatives only add up, so that products are needed where the class changes.

use std::sync::OnceLock;

use super::bootstrap::{Drawn, Weighted};
use super::random::{LANES, Weights};
use super::ranks::Ranking;
use super::undefined::Undefined;

/// Rows of weight 8 whose sum fits 16 bits.
const RUN: u32 = 8_000;

/// One model's ranking of labelled rows.
pub(super) struct Auc<'a> {
    truth: &'a [bool],
    ranking: Ranking,
    weights: Option<&'a [f64]>,
    /// With the rows' own weights: asked for again and again.
    value: OnceLock<f64>,
}

impl<'a> Auc<'a> {
    pub(super) fn new(truth: &'a [bool], scores: &[f64], weights: Option<&'a [f64]>) -> Result<Self, Undefined> {
        let counts = |row: usize| weights.is_none_or(|weights| weights[row] > 0.0);
        let any = |positive: bool| (0..truth.len()).any(|row| truth[row] == positive && counts(row));
        if any(true) && any(false) {
            Ok(Self { truth, ranking: Ranking::new(scores)?, weights, value: OnceLock::new() })
        } else {
            Err(Undefined::SingleClass)
        }
    }

    fn own(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }

    /// Positive and negative weight.
    fn masses(&self, weight: impl Fn(usize) -> f64) -> (f64, f64) {
        let (mut positives, mut negatives) = (0.0, 0.0);
        for (row, &positive) in self.truth.iter().enumerate() {
            *(if positive { &mut positives } else { &mut negatives }) += weight(row);
        }
        (positives, negatives)
    }

    fn area(&self, weight: impl Fn(usize) -> f64) -> f64 {
        let (mut above, mut below, mut area) = (0.0, 0.0, 0.0);
        for ties in self.ranking.ties() {
            let (mut positives, mut negatives) = (0.0, 0.0);
            for &row in ties {
                *(if self.truth[row as usize] { &mut positives } else { &mut negatives }) += weight(row as usize);
            }
            area += negatives * (above + 0.5 * positives);
            above += positives;
            below += negatives;
        }
        area / (above * below)
    }
}

impl Weighted for Auc<'_> {
    fn value(&self) -> Result<f64, Undefined> {
        Ok(*self.value.get_or_init(|| self.area(|row| self.own(row))))
    }

    /// w (placement - AUC) / W of the row's class.
    fn influence(&self) -> Result<Vec<f64>, Undefined> {
        let value = self.value()?;
        let (positive, negative) = self.masses(|row| self.own(row));
        let mut influence = vec![0.0; self.truth.len()];
        let (mut positives_above, mut negatives_above) = (0.0, 0.0);
        for ties in self.ranking.ties() {
            let (mut positives, mut negatives) = (0.0, 0.0);
            for &row in ties {
                let own = self.own(row as usize);
                *(if self.truth[row as usize] { &mut positives } else { &mut negatives }) += own;
            }
            for &row in ties {
                let row = row as usize;
                influence[row] = self.own(row)
                    * if self.truth[row] {
                        ((negative - negatives_above - 0.5 * negatives) / negative - value) / positive
                    } else {
                        ((positives_above + 0.5 * positives) / positive - value) / negative
                    };
            }
            positives_above += positives;
            negatives_above += negatives;
        }
        Ok(influence)
    }

    fn weighted(&self, weights: &[f64]) -> f64 {
        self.area(|row| weights[row])
    }

    fn order(&self) -> Option<&[u32]> {
        Some(self.ranking.order())
    }

    fn resample(&self, drawn: &Drawn<'_>, values: &mut [f64; LANES]) {
        let mut scan = Scan::default();
        for ties in self.ranking.ties() {
            if let &[row] = ties {
                scan.add(self.truth[row as usize], drawn.of(row));
            } else {
                scan.tie(ties.iter().map(|&row| (self.truth[row as usize], drawn.of(row))));
            }
        }
        scan.finish(values);
    }
}

/// A pass from the highest score to the lowest, every sum 128 times. Whole numbers: positives times negatives of 2³² rows
/// of weight 8 would not fit, and no machine holds as many. Wrapping arithmetic, because overflow checks would keep these
/// loops from being vector code.
struct Scan {
    /// The rows of one class since the last change, not added up yet.
    run: [u16; LANES],
    rows: u32,
    positive: bool,
    positives: [u32; LANES],
    negatives: [u32; LANES],
    /// Twice the pairs in the right order.
    area: [u64; LANES],
}

impl Default for Scan {
    fn default() -> Self {
        Self {
            run: [0; LANES],
            rows: 0,
            positive: true,
            positives: [0; LANES],
            negatives: [0; LANES],
            area: [0; LANES],
        }
    }
}

impl Scan {
    fn add(&mut self, positive: bool, weights: &Weights) {
        if positive != self.positive || self.rows == RUN {
            self.close();
            self.positive = positive;
        }
        self.rows += 1;
        for (sum, &weight) in self.run.iter_mut().zip(weights) {
            *sum = sum.wrapping_add(u16::from(weight));
        }
    }

    /// Adds up the run.
    fn close(&mut self) {
        if self.positive {
            for (sum, &run) in self.positives.iter_mut().zip(&self.run) {
                *sum = sum.wrapping_add(u32::from(run));
            }
        } else {
            for (sum, &run) in self.negatives.iter_mut().zip(&self.run) {
                *sum = sum.wrapping_add(u32::from(run));
            }
            for ((area, &above), &run) in self.area.iter_mut().zip(&self.positives).zip(&self.run) {
                *area = area.wrapping_add((u64::from(above) * u64::from(run)) << 1);
            }
        }
        self.run = [0; LANES];
        self.rows = 0;
    }

    /// Rows of equal score: half of their pairs are in the right order.
    fn tie<'a>(&mut self, rows: impl Iterator<Item = (bool, &'a Weights)>) {
        self.close();
        let (mut positives, mut negatives) = ([0_u32; LANES], [0_u32; LANES]);
        for (positive, weights) in rows {
            let sums = if positive { &mut positives } else { &mut negatives };
            for (sum, &weight) in sums.iter_mut().zip(weights) {
                *sum = sum.wrapping_add(u32::from(weight));
            }
        }
        for lane in 0..LANES {
            let above = (u64::from(self.positives[lane]) << 1).wrapping_add(u64::from(positives[lane]));
            self.area[lane] = self.area[lane].wrapping_add(above.wrapping_mul(u64::from(negatives[lane])));
            self.positives[lane] = self.positives[lane].wrapping_add(positives[lane]);
            self.negatives[lane] = self.negatives[lane].wrapping_add(negatives[lane]);
        }
    }

    fn finish(mut self, values: &mut [f64; LANES]) {
        self.close();
        for (lane, value) in values.iter_mut().enumerate() {
            // NaN where a class is absent.
            *value = self.area[lane] as f64 / (2.0 * f64::from(self.positives[lane]) * f64::from(self.negatives[lane]));
        }
    }
}

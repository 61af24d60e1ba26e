//! Average precision: Σ over tie groups, best first, of the recall gained times the precision there.
//!
//! `sklearn.metrics.average_precision_score` 1.9 (the step sum, no interpolation). With weights w and P = Σ w over
//! positives, AP = (1/P) Σ_g P_g T_g / N_g, P_g being the group's positives, T_g and N_g positives and rows so far. Its
//! derivative by w_i, i in group h: (1/P) [y_i (T_h/N_h - AP) + Σ_{g ≥ h} P_g (y_i N_g - T_g) / N_g²].

use std::sync::OnceLock;

use super::bootstrap::{Drawn, Weighted};
use super::random::{LANES, Weights};
use super::ranks::Ranking;
use super::undefined::Undefined;

/// Rows of weight 8 at most whose sum is a byte.
const IN_BYTES: u32 = 31;

/// One model's ranking of labelled rows.
pub(super) struct AveragePrecision<'a> {
    truth: &'a [bool],
    ranking: Ranking,
    weights: Option<&'a [f64]>,
    /// With the rows' own weights: asked for again and again.
    value: OnceLock<f64>,
}

impl<'a> AveragePrecision<'a> {
    pub(super) fn new(truth: &'a [bool], scores: &[f64], weights: Option<&'a [f64]>) -> Result<Self, Undefined> {
        let counts = |row: usize| truth[row] && weights.is_none_or(|weights| weights[row] > 0.0);
        if !(0..truth.len()).any(counts) {
            return Err(Undefined::NoPositives);
        }
        Ok(Self { truth, ranking: Ranking::new(scores)?, weights, value: OnceLock::new() })
    }

    /// Of each run of ties, best first: its rows, the weight of its positives, of the positives so far and of the rows so
    /// far.
    fn groups<'b>(&'b self, weight: impl Fn(u32) -> f64 + 'b) -> impl Iterator<Item = (&'b [u32], f64, f64, f64)> + 'b {
        let (mut positives, mut rows) = (0.0, 0.0);
        self.ranking.ties().map(move |ties| {
            let mut gained = 0.0;
            for &row in ties {
                let weight = weight(row);
                rows += weight;
                gained += if self.truth[row as usize] { weight } else { 0.0 };
            }
            positives += gained;
            (ties, gained, positives, rows)
        })
    }

    fn own(&self, row: u32) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row as usize])
    }

    fn area(&self, weight: impl Fn(u32) -> f64) -> f64 {
        let (mut area, mut all) = (0.0, 0.0);
        for (_, gained, positives, rows) in self.groups(weight) {
            if gained > 0.0 {
                area += gained * (positives / rows);
            }
            all = positives;
        }
        area / all
    }
}

impl Weighted for AveragePrecision<'_> {
    fn value(&self) -> Result<f64, Undefined> {
        Ok(*self.value.get_or_init(|| self.area(|row| self.own(row))))
    }

    fn influence(&self) -> Result<Vec<f64>, Undefined> {
        let value = self.value()?;
        let groups: Vec<_> = self.groups(|row| self.own(row)).collect();
        let all = groups.last().map_or(f64::NAN, |group| group.2);
        let mut influence = vec![0.0; self.truth.len()];
        let (mut if_positive, mut always) = (0.0, 0.0);
        for &(ties, gained, positives, rows) in groups.iter().rev() {
            if rows > 0.0 {
                if_positive += gained / rows;
                always += gained * positives / (rows * rows);
            }
            for &row in ties {
                let weight = self.own(row);
                if weight > 0.0 {
                    let own = if self.truth[row as usize] { positives / rows - value + if_positive } else { 0.0 };
                    influence[row as usize] = weight * (own - always) / all;
                }
            }
        }
        Ok(influence)
    }

    fn weighted(&self, weights: &[f64]) -> f64 {
        self.area(|row| weights[row as usize])
    }

    fn order(&self) -> Option<&[u32]> {
        Some(self.ranking.order())
    }

    fn resample(&self, drawn: &Drawn<'_>, values: &mut [f64; LANES]) {
        let mut scan = Scan::default();
        for ties in self.ranking.ties() {
            let mut positives = 0;
            for &row in ties {
                scan.pass(drawn.of(row));
                positives += u32::from(self.truth[row as usize]);
            }
            // Most rows tie with none, and most are negative.
            match ties {
                _ if positives == 0 => {}
                &[row] => scan.gain(&drawn.of(row).map(i32::from)),
                _ => {
                    let mut gained = [0; LANES];
                    for &row in ties.iter().filter(|row| self.truth[**row as usize]) {
                        add(&mut gained, drawn.of(row));
                    }
                    scan.gain(&gained);
                }
            }
        }
        scan.finish(values);
    }
}

/// A pass from the highest score to the lowest, every sum 128 times. Resampled sets have at most 2³¹ / 8 rows; wrapping
/// arithmetic because overflow checks would keep these loops from being vector code.
struct Scan {
    /// The weights of the last rows, not added up yet: bytes are added four times as fast.
    last: [u8; LANES],
    pending: u32,
    rows: [i32; LANES],
    positives: [i32; LANES],
    area: [f64; LANES],
}

impl Default for Scan {
    fn default() -> Self {
        Self { last: [0; LANES], pending: 0, rows: [0; LANES], positives: [0; LANES], area: [0.0; LANES] }
    }
}

impl Scan {
    fn pass(&mut self, weights: &Weights) {
        if self.pending == IN_BYTES {
            self.close();
        }
        self.pending += 1;
        for (sum, &weight) in self.last.iter_mut().zip(weights) {
            *sum = sum.wrapping_add(weight);
        }
    }

    fn close(&mut self) {
        add(&mut self.rows, &self.last);
        self.last = [0; LANES];
        self.pending = 0;
    }

    /// The positives among the rows just passed.
    fn gain(&mut self, gained: &[i32; LANES]) {
        self.close();
        let lanes = self.area.iter_mut().zip(&mut self.positives).zip(&self.rows).zip(gained);
        for (((area, positives), &rows), &gained) in lanes {
            *positives = positives.wrapping_add(gained);
            // No rows yet means nothing gained: dividing by 1 then adds zero.
            let precision = f64::from(*positives) / f64::from(rows.max(1));
            *area += f64::from(gained) * precision;
        }
    }

    fn finish(self, values: &mut [f64; LANES]) {
        for ((value, area), positives) in values.iter_mut().zip(self.area).zip(self.positives) {
            *value = area / f64::from(positives);
        }
    }
}

fn add(sums: &mut [i32; LANES], weights: &Weights) {
    for (sum, &weight) in sums.iter_mut().zip(weights) {
        *sum = sum.wrapping_add(i32::from(weight));
    }
}

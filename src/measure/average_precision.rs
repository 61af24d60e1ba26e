//! Average precision: Σ over tie groups, best first, of the recall gained times the precision there.
//!
//! `sklearn.metrics.average_precision_score` 1.9 (the step sum, no interpolation). With weights w and P = Σ w over
//! positives, AP = (1/P) Σ_g P_g T_g / N_g, P_g being the group's positives, T_g and N_g positives and rows so far. Its
//! derivative by w_i, i in group h: (1/P) [y_i (T_h/N_h - AP) + Σ_{g ≥ h} P_g (y_i N_g - T_g) / N_g²].

use super::bootstrap::Weighted;
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
}

impl<'a> AveragePrecision<'a> {
    pub(super) fn new(truth: &'a [bool], scores: &[f64], weights: Option<&'a [f64]>) -> Result<Self, Undefined> {
        let counts = |row: usize| truth[row] && weights.is_none_or(|weights| weights[row] > 0.0);
        if !(0..truth.len()).any(counts) {
            return Err(Undefined::NoPositives);
        }
        Ok(Self { truth, ranking: Ranking::new(scores)?, weights })
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
        Ok(self.area(|row| self.own(row)))
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

    fn resample(&self, weights: &[Weights], values: &mut [f64; LANES]) {
        // Resampled sets have at most 200,000 rows of weight 8, far below 2³¹; wrapping arithmetic because overflow checks
        // would keep these loops from being vector code.
        let mut positives = [0_i32; LANES];
        let mut rows = [0_i32; LANES];
        // The weights of the last rows: bytes are added four times as fast.
        let mut last = [0_u8; LANES];
        let mut pending = 0;
        let mut area = [0.0; LANES];
        for ties in self.ranking.ties() {
            let mut gained = [0_i32; LANES];
            let mut any = false;
            for &row in ties {
                let weights = &weights[row as usize];
                if pending == IN_BYTES {
                    add(&mut rows, &std::mem::replace(&mut last, [0; LANES]));
                    pending = 0;
                }
                for (sum, &weight) in last.iter_mut().zip(weights) {
                    *sum = sum.wrapping_add(weight);
                }
                pending += 1;
                if self.truth[row as usize] {
                    add(&mut gained, weights);
                    any = true;
                }
            }
            if any {
                add(&mut rows, &std::mem::replace(&mut last, [0; LANES]));
                pending = 0;
                for lane in 0..LANES {
                    positives[lane] = positives[lane].wrapping_add(gained[lane]);
                    // No rows yet means nothing gained: dividing by 1 then adds zero.
                    let precision = f64::from(positives[lane]) / f64::from(rows[lane].max(1));
                    area[lane] += f64::from(gained[lane]) * precision;
                }
            }
        }
        for lane in 0..LANES {
            values[lane] = area[lane] / f64::from(positives[lane]);
        }
    }
}

fn add(sums: &mut [i32; LANES], weights: &Weights) {
    for (sum, &weight) in sums.iter_mut().zip(weights) {
        *sum = sum.wrapping_add(i32::from(weight));
    }
}

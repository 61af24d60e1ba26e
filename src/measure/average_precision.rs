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
    positives: u64,
}

impl<'a> AveragePrecision<'a> {
    pub(super) fn new(truth: &'a [bool], scores: &[f64]) -> Result<Self, Undefined> {
        let positives = truth.iter().filter(|&&positive| positive).count() as u64;
        if positives == 0 {
            return Err(Undefined::NoPositives);
        }
        Ok(Self { truth, ranking: Ranking::new(scores)?, positives })
    }

    fn gained(&self, ties: &[u32]) -> u64 {
        ties.iter().filter(|&&row| self.truth[row as usize]).count() as u64
    }
}

impl Weighted for AveragePrecision<'_> {
    fn value(&self) -> Result<f64, Undefined> {
        let (mut positives, mut rows, mut area) = (0, 0, 0.0);
        for ties in self.ranking.ties() {
            rows += ties.len();
            let gained = self.gained(ties);
            if gained > 0 {
                positives += gained;
                area += gained as f64 * (positives as f64 / rows as f64);
            }
        }
        Ok(area / self.positives as f64)
    }

    fn influence(&self) -> Result<Vec<f64>, Undefined> {
        let value = self.value()?;
        let mut groups: Vec<(&[u32], f64, f64, f64)> = Vec::new();
        let (mut positives, mut rows) = (0, 0);
        for ties in self.ranking.ties() {
            let gained = self.gained(ties);
            rows += ties.len();
            positives += gained;
            groups.push((ties, gained as f64, positives as f64, rows as f64));
        }
        let mut influence = vec![0.0; self.truth.len()];
        let (mut if_positive, mut always) = (0.0, 0.0);
        for &(ties, gained, positives, rows) in groups.iter().rev() {
            if_positive += gained / rows;
            always += gained * positives / (rows * rows);
            for &row in ties {
                let own = if self.truth[row as usize] { positives / rows - value + if_positive } else { 0.0 };
                influence[row as usize] = (own - always) / self.positives as f64;
            }
        }
        Ok(influence)
    }

    fn weighted(&self, weights: &[f64]) -> f64 {
        let (mut positives, mut rows, mut area) = (0.0, 0.0, 0.0);
        for ties in self.ranking.ties() {
            let mut gained = 0.0;
            for &row in ties {
                let weight = weights[row as usize];
                rows += weight;
                gained += if self.truth[row as usize] { weight } else { 0.0 };
            }
            if gained > 0.0 {
                positives += gained;
                area += gained * (positives / rows);
            }
        }
        area / positives
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

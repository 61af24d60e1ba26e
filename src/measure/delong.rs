//! Intervals of ROC AUC and of the difference of two on the same rows.
//!
//! DeLong, DeLong & Clarke-Pearson, "Comparing the areas under two or more correlated receiver operating characteristic
//! curves", Biometrics 44 (1988): with S₁₀ and S₀₁ the covariances of the placements of positive and negative rows, the
//! AUCs' covariance is S₁₀ / n_pos + S₀₁ / n_neg. One model's bounds are taken on the logit scale, which keeps them
//! inside (0, 1) and closer to their level near 1 (Pepe, 2003, §5.2).

use super::distribution::{one_sided, unseen};
use super::outcome::{Interval, Method, Sufficient};
use super::roc::Placements;
use super::sums::sum;
use super::undefined::Undefined;

/// Rows of either class below which one AUC has no bounds: nominal 5 %, an AUC at its very limit passes in 6 to 8 % of the sets with
/// 30 positive rows where it is 0.7 to 0.9, and in 10 to 19 % with 6 (4,000 sets each).
const FEWEST: u64 = 30;

/// What DeLong's interval of a difference needs.
#[derive(Clone, Copy)]
pub(super) struct Components {
    pub n_pos: u64,
    pub n_neg: u64,
    pub auc_a: f64,
    pub auc_b: f64,
    pub s10: [f64; 3],
    pub s01: [f64; 3],
}

impl Components {
    /// From the placements `a` of the candidate and `b` of the baseline.
    pub(super) fn new(truth: &[bool], a: &Placements, b: &Placements) -> Result<Self, Undefined> {
        enough(a.n_pos, a.n_neg, 2)?;
        let covariance = |positive: bool, x: &Placements, mean_x: f64, y: &Placements, mean_y: f64| {
            let products = sum(truth.len(), |row| {
                let product = (x.shares[row] - mean_x) * (y.shares[row] - mean_y);
                if truth[row] == positive { product } else { 0.0 }
            });
            products / (if positive { a.n_pos } else { a.n_neg } - 1) as f64
        };
        // The placements of either class average to the AUC itself.
        let triple = |positive: bool| [(a, a), (a, b), (b, b)].map(|(x, y)| covariance(positive, x, x.auc, y, y.auc));
        let (s10, s01) = rayon::join(|| triple(true), || triple(false));
        Ok(Self { n_pos: a.n_pos, n_neg: a.n_neg, auc_a: a.auc, auc_b: b.auc, s10, s01 })
    }

    /// Bounds of `auc_a - auc_b`.
    pub(super) fn interval(&self, confidence: f64) -> Result<Interval, Undefined> {
        let z = one_sided(confidence)?;
        let over = |s: [f64; 3], n: u64| ((s[0] - 2.0 * s[1] + s[2]) / n as f64, (s[0] + s[2]) / n as f64);
        let (positives, positives_alone) = over(self.s10, self.n_pos);
        let (negatives, negatives_alone) = over(self.s01, self.n_neg);
        let variance = positives + negatives;
        // Below this the difference of nearly equal variances is rounding noise.
        if variance > 1e-14 * (positives_alone + negatives_alone) {
            return Ok(Interval::symmetric(Method::DeLong, self.auc_a - self.auc_b, z, variance.sqrt()));
        }
        let alike = |[a, both, b]: [f64; 3]| a == both && both == b;
        if self.auc_a == self.auc_b && alike(self.s10) && alike(self.s01) {
            // The models order each of m disjoint pairs alike, so P(only one of them errs) is at most that bound, either way.
            let bound = unseen(self.n_pos.min(self.n_neg), confidence);
            return Ok(Interval::new(Method::ExactPairs, -bound, bound, 0.0));
        }
        Err(Undefined::ZeroVariance)
    }

    pub(super) const fn sufficient(&self) -> Sufficient {
        let Self { n_pos, n_neg, auc_a, auc_b, s10, s01 } = *self;
        Sufficient::Components { n_pos, n_neg, auc_a, auc_b, s10, s01 }
    }
}

/// What the interval of one AUC needs: the variances of the placements of positive and of negative rows, 0 where there are
/// too few rows to have one.
#[derive(Clone, Copy)]
pub(super) struct Component {
    pub n_pos: u64,
    pub n_neg: u64,
    pub auc: f64,
    pub s10: f64,
    pub s01: f64,
}

impl Component {
    pub(super) fn new(truth: &[bool], placements: &Placements) -> Self {
        let Placements { n_pos, n_neg, auc, .. } = *placements;
        let variance = |positive: bool, n: u64| {
            let squares = sum(truth.len(), |row| {
                let off = placements.shares[row] - auc;
                if truth[row] == positive { off * off } else { 0.0 }
            });
            if n > 1 { squares / (n - 1) as f64 } else { 0.0 }
        };
        Self { n_pos, n_neg, auc, s10: variance(true, n_pos), s01: variance(false, n_neg) }
    }

    /// Bounds of one AUC.
    ///
    /// At exactly 1 or 0 DeLong's variance is zero; then m = min(n_pos, n_neg) disjoint pairs are m independent trials
    /// without a failure, and the exact binomial bound is used.
    pub(super) fn interval(&self, confidence: f64) -> Result<Interval, Undefined> {
        let z = one_sided(confidence)?;
        let auc = self.auc;
        let bound = unseen(self.n_pos.min(self.n_neg), confidence);
        if auc >= 1.0 {
            return Ok(Interval::new(Method::ExactPairs, 1.0 - bound, 1.0, 0.0));
        }
        if auc <= 0.0 {
            return Ok(Interval::new(Method::ExactPairs, 0.0, bound, 0.0));
        }
        enough(self.n_pos, self.n_neg, FEWEST)?;
        let error = (self.s10 / self.n_pos as f64 + self.s01 / self.n_neg as f64).sqrt();
        if error <= 0.0 {
            return Err(Undefined::ZeroVariance);
        }
        let logit = (auc / (1.0 - auc)).ln();
        let half = z * error / (auc * (1.0 - auc));
        let back = |x: f64| 1.0 / (1.0 + (-x).exp());
        Ok(Interval::new(Method::DeLongLogit, back(logit - half), back(logit + half), error))
    }

    pub(super) const fn sufficient(&self) -> Sufficient {
        let Self { n_pos, n_neg, auc, s10, s01 } = *self;
        Sufficient::Component { n_pos, n_neg, auc, s10, s01 }
    }
}

const fn enough(n_pos: u64, n_neg: u64, needed: u64) -> Result<(), Undefined> {
    if n_pos < needed {
        return Err(Undefined::TooFewPositives { n: n_pos, needed });
    }
    if n_neg < needed {
        return Err(Undefined::TooFewNegatives { n: n_neg, needed });
    }
    Ok(())
}

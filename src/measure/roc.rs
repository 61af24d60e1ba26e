//! ROC AUC and each row's placement, from one pass over the ranking.
//!
//! A positive row's placement is the share of negatives below it, a negative's the share of positives above it, ties
//! counting half: DeLong's V₁₀ and V₀₁. Sun & Xu, "Fast implementation of DeLong's algorithm", IEEE SPL 21 (2014), get
//! them from midranks of three sorts; runs of ties in one sort give the same. `sklearn.metrics.roc_auc_score` 1.9.

use super::ranks::Ranking;
use super::undefined::Undefined;

/// Placements of one model, with the AUC they average to.
pub(super) struct Placements {
    pub auc: f64,
    pub n_pos: u64,
    pub n_neg: u64,
    /// One per row.
    pub shares: Vec<f64>,
}

impl Placements {
    pub(super) fn new(truth: &[bool], ranking: &Ranking) -> Result<Self, Undefined> {
        let n_pos = truth.iter().filter(|&&positive| positive).count() as u64;
        let n_neg = truth.len() as u64 - n_pos;
        if n_pos == 0 || n_neg == 0 {
            return Err(Undefined::SingleClass);
        }
        let mut shares = vec![0.0; truth.len()];
        let (mut positives_above, mut negatives_above) = (0, 0);
        // Twice the pairs in the right order: whole numbers, so the AUC is rounded once.
        let mut right = 0_u128;
        for ties in ranking.ties() {
            let positives = ties.iter().filter(|&&row| truth[row as usize]).count() as u64;
            let negatives = ties.len() as u64 - positives;
            let twice_below = 2 * (n_neg - negatives_above) - negatives;
            let twice_above = 2 * positives_above + positives;
            right += u128::from(positives) * u128::from(twice_below);
            for &row in ties {
                shares[row as usize] = if truth[row as usize] {
                    twice_below as f64 / (2 * n_neg) as f64
                } else {
                    twice_above as f64 / (2 * n_pos) as f64
                };
            }
            positives_above += positives;
            negatives_above += negatives;
        }
        let auc = right as f64 / (2.0 * n_pos as f64 * n_neg as f64);
        Ok(Self { auc, n_pos, n_neg, shares })
    }
}

//! Rows ordered by score, and where the ties are. One sort per model serves AUC, DeLong and average precision.

use rayon::prelude::*;

use super::undefined::Undefined;

/// The rows from the highest score to the lowest.
pub(super) struct Ranking {
    /// Row numbers; equal scores in row order.
    order: Vec<u32>,
    /// Where each run of equal scores ends in `order`.
    ends: Vec<u32>,
}

impl Ranking {
    /// Ranks finite scores.
    pub(super) fn new(scores: &[f64]) -> Result<Self, Undefined> {
        let n = u32::try_from(scores.len()).map_err(|_| Undefined::TooManyRows { n: scores.len() as u64 })?;
        let mut keyed: Vec<(u64, u32)> = (0..n).map(|row| (descending(scores[row as usize]), row)).collect();
        keyed.par_sort_unstable();
        let ends = (1..=n).filter(|&end| end == n || keyed[end as usize].0 != keyed[end as usize - 1].0).collect();
        Ok(Self { order: keyed.into_iter().map(|(_, row)| row).collect(), ends })
    }

    /// Row numbers, highest score first.
    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }

    /// Runs of equal scores, highest first, as row numbers.
    pub(super) fn ties(&self) -> impl Iterator<Item = &[u32]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let run = &self.order[start..end as usize];
            start = end as usize;
            run
        })
    }
}

/// An integer that sorts as the score does, backwards. Adding 0.0 makes -0.0 equal to 0.0, as it is to `==`.
fn descending(score: f64) -> u64 {
    let bits = (score + 0.0).to_bits();
    if bits >> 63 == 1 { bits } else { !(bits | 1 << 63) }
}

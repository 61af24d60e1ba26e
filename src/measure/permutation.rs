//! The paired permutation test: if two models are exchangeable, which of them gave which number of a row is a coin's choice.
//!
//! p = (1 + #) / (B + 1) over B random choices (Phipson & Smyth, "Permutation p-values should never be zero", 2010); over
//! all of them where they are no more than B: `scipy.stats.permutation_test(permutation_type="samples")`. It asks whether
//! there is any difference, not how large it is: reported beside an interval, never judged by.

use rayon::prelude::*;

use super::input::{finite, of_length};
use super::outcome::Sampling;
use super::random::{Key, LANES};
use super::sums::total;
use super::undefined::Undefined;

/// Sums this close to the observed one are it, added up in another order.
const ROUNDING: f64 = 1e-12;

/// Two-sided p of "the paired numbers behind `differences` are exchangeable", one per row named by `keys`.
///
/// # Errors
/// A difference that is no number, or none that is not zero.
pub fn paired_permutation(differences: &[f64], keys: &[u64], sampling: &Sampling) -> Result<f64, Undefined> {
    let n = of_length(keys, differences.len())?.len();
    let scale: f64 = finite(differences, n)?.iter().map(|difference| difference.abs()).sum();
    if scale <= 0.0 {
        return Err(Undefined::ZeroVariance);
    }
    let observed = total(differences).abs() - ROUNDING * scale;
    let extreme = |sum: f64| u64::from(sum.abs() >= observed);
    if n < 32 && 1_u64 << n <= u64::from(sampling.resamples) {
        let choices = 1_u32 << n;
        let sum = |choice: u32| -> f64 {
            differences.iter().enumerate().map(|(row, d)| if choice >> row & 1 == 0 { *d } else { -d }).sum()
        };
        let found: u64 = (0..choices).map(|choice| extreme(sum(choice))).sum();
        return Ok(found as f64 / f64::from(choices));
    }
    let key = Key::new(&sampling.seed, "permutation");
    let found: u64 = (0..sampling.resamples.div_ceil(LANES as u32))
        .into_par_iter()
        .map(|block| {
            let mut sums = [0.0; LANES];
            for (difference, &row) in differences.iter().zip(keys) {
                let coins = key.coins(row, block);
                for (lane, sum) in sums.iter_mut().enumerate() {
                    *sum += if coins >> lane & 1 == 0 { *difference } else { -difference };
                }
            }
            let drawn = (sampling.resamples - block * LANES as u32).min(LANES as u32) as usize;
            sums.iter().take(drawn).map(|sum| extreme(*sum)).sum::<u64>()
        })
        .sum();
    Ok((1 + found) as f64 / (f64::from(sampling.resamples) + 1.0))
}

//! Reliability: of rows with about the same probability, how many it happened to.
//!
//! Bins hold about the same number of rows each; their edges are quantiles, linear between order statistics, and a probability on an
//! edge belongs to the bin below: `sklearn.calibration.calibration_curve(strategy="quantile")`.

use super::super::undefined::Undefined;

/// Rows of about the same probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReliabilityBin {
    /// The mean probability.
    pub predicted: f64,
    /// The share it happened to.
    pub happened: f64,
    /// Rows.
    pub rows: u64,
}

/// Bins that hold a row, by ascending probability.
///
/// # Errors
/// Columns of different lengths, no rows, a probability outside [0, 1].
pub fn reliability(
    happened: &[bool],
    probabilities: &[f64],
    weights: Option<&[f64]>,
    bins: u32,
) -> Result<Vec<ReliabilityBin>, Undefined> {
    if happened.len() != probabilities.len() {
        return Err(Undefined::LengthMismatch { expected: happened.len(), found: probabilities.len() });
    }
    if happened.is_empty() {
        return Err(Undefined::NoRows);
    }
    if let Some((row, &value)) = (0..).zip(probabilities).find(|(_, p)| !(0.0..=1.0).contains(*p)) {
        return Err(Undefined::ProbabilityOutOfRange { row, value });
    }
    let mut sorted = probabilities.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let edge = |bin: u32| {
        let place = f64::from(bin) / f64::from(bins) * (sorted.len() - 1) as f64;
        let (low, high) = (place.floor() as usize, place.ceil() as usize);
        let value = |at: usize| sorted.get(at).copied().unwrap_or(1.0);
        // As numpy does it: from the nearer of the two.
        let (part, span) = (place - low as f64, value(high) - value(low));
        if part < 0.5 { value(low) + part * span } else { value(high) - (1.0 - part) * span }
    };
    let edges: Vec<f64> = (1..bins.max(1)).map(edge).collect();
    let mut found = vec![(0.0, 0.0, 0.0, 0_u64); edges.len() + 1];
    for (row, (happened, probability)) in happened.iter().zip(probabilities).enumerate() {
        let weight = weights.and_then(|weights| weights.get(row)).copied().unwrap_or(1.0);
        if let Some(bin) = found.get_mut(edges.partition_point(|edge| edge < probability)) {
            bin.0 += weight;
            bin.1 += weight * probability;
            bin.2 += if *happened { weight } else { 0.0 };
            bin.3 += 1;
        }
    }
    let held = found.into_iter().filter(|bin| bin.0 > 0.0);
    Ok(held
        .map(|(weight, sum, hits, rows)| ReliabilityBin { predicted: sum / weight, happened: hits / weight, rows })
        .collect())
}

//! Several attempts at each problem, of which k are drawn: pass@k and pass^k, without bias from the n attempts that were made.
//!
//! With c of n right, no right one is among k drawn without putting back with probability C(n - c, k) / C(n, k) (Chen et al.,
//! "Evaluating large language models trained on code", 2021), and all k are right with C(c, k) / C(n, k) (Yao et al., "τ-bench",
//! 2024). Either is a product of k quotients, so no factorial overflows. An attempt is right if it matches the reference as in
//! `exact_match`.

use super::answers::exact;
use super::input::{Predicted, Truth, texts};
use super::metric::Metric;
use super::settings::{MetricSpec, needed};
use super::undefined::Undefined;

/// Which attempts are right.
pub(super) fn right(spec: &MetricSpec, truth: &Truth<'_>, predicted: &Predicted<'_>) -> Result<Vec<bool>, Undefined> {
    let (references, answers) = texts(truth, predicted)?;
    exact(&spec.parameters, references, answers)
}

/// The value of the problem `group`, with `right` of `n` attempts right.
pub(super) fn value(spec: &MetricSpec, group: u32, n: u64, right: u64) -> Result<f64, Undefined> {
    let k = needed(spec.parameters.k, "k")?;
    if k == 0 {
        return Err(Undefined::InvalidSetting { name: "k", value: 0.0 });
    }
    if n < k {
        return Err(Undefined::TooFewAttempts { group, n, needed: k });
    }
    Ok(if spec.metric == Metric::PassHatK { all(n, right, k) } else { 1.0 - all(n, n - right, k) })
}

/// C(c, k) / C(n, k), the chance that k of n are all among c.
fn all(n: u64, c: u64, k: u64) -> f64 {
    if c < k { 0.0 } else { (0..k).map(|drawn| (c - drawn) as f64 / (n - drawn) as f64).product() }
}

//! Holm's step-down: "block if any slice looks worse" would otherwise block an equal model the more often, the more slices there are.
//!
//! The adjustment is `measure::holm`.

use statrs::distribution::{ContinuousCDF as _, Normal};
use statrs::function::erf::erfc;

use super::decision::Gap;
use super::wording::significant;
use crate::format::certificate::{ResultRecord, Verdict};
use crate::measure::{self, Better};

/// One-sided p of "more than `margin` worse", on the normal scale on which the gap's own upper bound has its confidence: the
/// standard error is read from that bound, so alone p < 1 − confidence exactly where the bound fails.
fn p_value(gap: Gap, margin: f64, quantile: f64) -> f64 {
    let error = (gap.upper - gap.delta) / quantile;
    let distance = gap.delta + margin;
    if error > 0.0 {
        0.5 * erfc(-distance / error / std::f64::consts::SQRT_2)
    } else if distance < 0.0 {
        0.0
    } else {
        1.0
    }
}

/// Of slices that look worse alone, lets only those fail that still do among all slices of their rule.
pub(super) fn correct(
    results: &mut [ResultRecord],
    better: Better,
    margin: f64,
    confidence: f64,
    remarks: &mut Vec<String>,
) {
    let quantile = Normal::standard().inverse_cdf(confidence);
    let p_of = |result: &ResultRecord| {
        let gap = Gap::turned(better, result.delta?, result.lower?, result.upper?);
        Some(p_value(gap, margin, quantile))
    };
    let mut compared: Vec<_> = results.iter_mut().filter_map(|result| p_of(result).map(|p| (result, p))).collect();
    let slices = compared.len();
    if slices < 2 {
        return;
    }
    let p_values: Vec<f64> = compared.iter().map(|(_, p)| *p).collect();
    for ((result, p), adjusted) in compared.iter_mut().zip(measure::holm(&p_values)) {
        result.sufficient.insert("p".to_owned(), *p);
        result.sufficient.insert("p_holm".to_owned(), adjusted);
        if let Some(method) = &mut result.method {
            method.push_str(&format!("; holm over {slices} slices, normal p"));
        }
        if result.verdict == Verdict::Fail && adjusted > 1.0 - confidence {
            result.verdict = Verdict::Pass;
            result.reason = None;
            remarks.push(format!(
                "rule `{}`, {}: looks worse alone (p {}), not among {slices} slices (p {})",
                result.rule,
                result.slice.as_deref().unwrap_or("all rows"),
                significant(*p),
                significant(adjusted)
            ));
        }
    }
}

//! Bounds of a proportion, and of averages of proportions.
//!
//! Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927); MOVER: Zou & Donner,
//! "Construction of confidence limits about effect measures", Stat. Med. 27 (2008).

use super::classification::Tally;
use super::distribution::one_sided;
use super::metric::Metric;
use super::outcome::{Interval, Method};
use super::undefined::Undefined;

/// Fewer rows than this classified wrong, or right, and resampling them says too little: the binomial takes over.
const FEW: u64 = 25;

/// Wilson's bounds for `hits` of `n` at the normal quantile `z`.
pub(super) fn wilson(hits: u64, n: u64, z: f64) -> (f64, f64) {
    let (p, n_rows) = (hits as f64 / n as f64, n as f64);
    let scale = 1.0 + z * z / n_rows;
    let centre = (p + z * z / (2.0 * n_rows)) / scale;
    let half = z * (p * (1.0 - p) / n_rows + z * z / (4.0 * n_rows * n_rows)).sqrt() / scale;
    (if hits == 0 { 0.0 } else { centre - half }, if hits == n { 1.0 } else { centre + half })
}

/// Bounds of one model's count metric; `None` where resampling is the better way (macro F1 with errors and hits enough).
///
/// Given its denominator a precision or a recall is a proportion, and so is J = TP / (TP + FP + FN), of which F1 is the
/// monotone function 2J / (1 + J). Unlike a bootstrap these never claim certainty from a perfect score.
pub(super) fn interval(metric: Metric, tally: &Tally, confidence: f64) -> Result<Option<Interval>, Undefined> {
    let z = one_sided(confidence)?;
    let (hits, rows) = (tally.hits.iter().sum::<u64>(), tally.rows());
    if metric == Metric::MacroF1 && hits.min(rows - hits) >= FEW {
        return Ok(None);
    }
    Ok(Some(closed(metric, tally, z)))
}

/// The closed form, wherever it may be wide.
pub(super) fn closed(metric: Metric, tally: &Tally, z: f64) -> Interval {
    match metric {
        Metric::BalancedAccuracy => mover(tally, z),
        Metric::MacroF1 => worst_case_macro_f1(tally, z),
        _ => {
            let (hits, n) = tally.proportion(metric);
            let (lower, upper) = wilson(hits, n, z);
            let p = hits as f64 / n as f64;
            let error = (p * (1.0 - p) / n as f64).sqrt();
            if metric == Metric::F1 {
                let slope = 2.0 / ((1.0 + p) * (1.0 + p));
                Interval::new(Method::Wilson, f1(lower), f1(upper), slope * error)
            } else {
                Interval::new(Method::Wilson, lower, upper, error)
            }
        }
    }
}

/// Recalls of different classes rest on different rows, hence are independent: distances to the bounds add in squares.
fn mover(tally: &Tally, z: f64) -> Interval {
    let (mut mean, mut down, mut up, mut variance, mut classes) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (&n, &hits) in tally.truth.iter().zip(&tally.hits) {
        if n > 0 {
            let p = hits as f64 / n as f64;
            let (lower, upper) = wilson(hits, n, z);
            classes += 1.0;
            mean += p;
            down += (p - lower) * (p - lower);
            up += (upper - p) * (upper - p);
            variance += p * (1.0 - p) / n as f64;
        }
    }
    let at = |sum: f64| sum / classes;
    Interval::new(Method::MoverWilson, at(mean - down.sqrt()), at(mean + up.sqrt()), at(variance.sqrt()))
}

/// One confusion hurts two classes, so their F1 move together; adding the distances is right if they move as one, and
/// wide otherwise.
fn worst_case_macro_f1(tally: &Tally, z: f64) -> Interval {
    let (mut lower, mut upper, mut classes) = (0.0, 0.0, 0.0);
    for class in 0..tally.truth.len() {
        let (hits, union) = tally.jaccard(class);
        if union > 0 {
            let bounds = wilson(hits, union, z);
            classes += 1.0;
            lower += f1(bounds.0);
            upper += f1(bounds.1);
        }
    }
    Interval::new(Method::Wilson, lower / classes, upper / classes, 0.0)
}

fn f1(jaccard: f64) -> f64 {
    2.0 * jaccard / (1.0 + jaccard)
}

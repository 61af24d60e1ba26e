//! Bounds of a proportion, and of averages of proportions.
//!
//! Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927); MOVER: Zou & Donner,
//! "Construction of confidence limits about effect measures", Stat. Med. 27 (2008).

use super::classification::Tally;
use super::distribution::{binomial_at_most, one_sided, root};
use super::metric::Metric;
use super::outcome::{Interval, Method};
use super::sums::sum;
use super::undefined::Undefined;

/// Fewer rows than this classified wrong, or right, and resampling them says too little: the binomial takes over.
const FEW: u64 = 25;

/// Hits or misses so few that a resample shows hardly any of what other rows might have.
const THIN: u64 = 2;

/// Wilson's bounds for `hits` of `n` at the normal quantile `z`.
pub(super) fn wilson(hits: u64, n: u64, z: f64) -> (f64, f64) {
    let (p, n_rows) = (hits as f64 / n as f64, n as f64);
    let scale = 1.0 + z * z / n_rows;
    let centre = (p + z * z / (2.0 * n_rows)) / scale;
    let half = z * (p * (1.0 - p) / n_rows + z * z / (4.0 * n_rows * n_rows)).sqrt() / scale;
    (if hits == 0 { 0.0 } else { centre - half }, if hits == n { 1.0 } else { centre + half })
}

/// A share, or the difference of two, with one-sided bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// What was seen.
    pub value: f64,
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
}

/// `hits` of `n` with Wilson's bounds, each at `confidence`: `statsmodels…proportion_confint(method="wilson")`.
///
/// # Errors
/// No rows, more hits than rows, or a confidence outside (0.5, 1).
pub fn share(hits: u64, n: u64, confidence: f64) -> Result<Share, Undefined> {
    let z = one_sided(confidence)?;
    if n == 0 {
        return Err(Undefined::NoRows);
    }
    if hits > n {
        return Err(Undefined::Contradictory);
    }
    let (lower, upper) = wilson(hits, n, z);
    Ok(Share { value: hits as f64 / n as f64, lower, upper })
}

/// The difference of two shares of independent rows, each `(hits, n)`, with Newcombe's bounds: Wilson's of each share,
/// combined by their squared distances ("Interval estimation for the difference between independent proportions", Stat. Med.
/// 17, 1998, method 10; `statsmodels…confint_proportions_2indep(method="newcomb")`).
///
/// # Errors
/// As [`share`], for either.
pub fn share_difference(first: (u64, u64), second: (u64, u64), confidence: f64) -> Result<Share, Undefined> {
    let (a, b) = (share(first.0, first.1, confidence)?, share(second.0, second.1, confidence)?);
    let value = a.value - b.value;
    Ok(Share {
        value,
        lower: value - (a.value - a.lower).hypot(b.upper - b.value),
        upper: value + (a.upper - a.value).hypot(b.value - b.lower),
    })
}

/// The one-sided bounds of Clopper & Pearson, "The use of confidence or fiducial limits illustrated in the case of the
/// binomial", Biometrika 26 (1934): for `hits` of `n` the upper bound p solves P(X ≤ hits | p) = α, the lower one
/// P(X < hits | p) = 1 - α. Wilson's for more than one hit and one miss, where resampling sees the rest.
///
/// Wilson's lower bound of n hits of n is n / (n + z²), where n of n still happens in up to 9 % of sets.
fn exact(hits: u64, n: u64, confidence: f64, z: f64) -> (f64, f64) {
    let few = hits.min(n - hits);
    if few >= THIN {
        return wilson(hits, n, z);
    }
    // From the rarer of the two, whose tails are short sums.
    let bound = |most: u64, tail: f64| root(0.0, 1.0, |p| binomial_at_most(most, n, p) > tail);
    let lower = few.checked_sub(1).map_or(0.0, |most| bound(most, confidence));
    let upper = bound(few, 1.0 - confidence);
    if few == hits { (lower, upper) } else { (1.0 - upper, 1.0 - lower) }
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

/// The closed form from Wilson's bounds, wherever it may be wide.
pub(super) fn closed(metric: Metric, tally: &Tally, z: f64) -> Interval {
    combined(metric, &parts(metric, tally, |hits, n| wilson(hits, n, z)))
}

/// One of the proportions a metric is the mean of, on the metric's scale.
struct Part {
    /// Hits or misses, whichever are fewer.
    few: u64,
    value: f64,
    lower: f64,
    upper: f64,
    variance: f64,
}

fn parts(metric: Metric, tally: &Tally, bounds: impl Fn(u64, u64) -> (f64, f64)) -> Vec<Part> {
    let counts: Vec<(u64, u64)> = match metric {
        Metric::BalancedAccuracy => tally.hits.iter().copied().zip(tally.truth.iter().copied()).collect(),
        Metric::MacroF1 => (0..tally.truth.len()).map(|class| tally.jaccard(class)).collect(),
        _ => vec![tally.proportion(metric)],
    };
    let part = |(hits, n): (u64, u64)| {
        let (lower, upper) = bounds(hits, n);
        let p = hits as f64 / n as f64;
        let variance = p * (1.0 - p) / n as f64;
        let few = hits.min(n - hits);
        if matches!(metric, Metric::F1 | Metric::MacroF1) {
            let slope = 2.0 / ((1.0 + p) * (1.0 + p));
            Part { few, value: f1(p), lower: f1(lower), upper: f1(upper), variance: slope * slope * variance }
        } else {
            Part { few, value: p, lower, upper, variance }
        }
    };
    counts.into_iter().filter(|(_, n)| *n > 0).map(part).collect()
}

/// Recalls of different classes rest on different rows, hence are independent: distances to the bounds add in squares.
/// One confusion hurts two classes, so their F1 move together: adding the distances is right if they move as one, and
/// wide otherwise.
fn combined(metric: Metric, parts: &[Part]) -> Interval {
    let classes = parts.len() as f64;
    let mean = |of: &dyn Fn(&Part) -> f64| sum(parts.len(), |at| of(&parts[at])) / classes;
    let squares = |of: &dyn Fn(&Part) -> f64| sum(parts.len(), |at| of(&parts[at]).powi(2)).sqrt() / classes;
    let error = squares(&|part| part.variance.sqrt());
    match metric {
        Metric::BalancedAccuracy => {
            let value = mean(&|part| part.value);
            let (down, up) = (squares(&|part| part.value - part.lower), squares(&|part| part.upper - part.value));
            Interval::new(Method::MoverWilson, value - down, value + up, error)
        }
        Metric::MacroF1 => Interval::new(Method::Wilson, mean(&|part| part.lower), mean(&|part| part.upper), 0.0),
        _ => Interval::new(Method::Wilson, mean(&|part| part.lower), mean(&|part| part.upper), error),
    }
}

/// One model's bounds near the edge, and how much of them rests on what no resample can vary.
pub(super) struct Edge {
    pub lower: f64,
    pub upper: f64,
    /// Σ of the squared distances of the proportions to their lower and their upper bounds.
    pub all: [f64; 2],
    /// What proportions with at most one hit, or one miss, add to that.
    pub thin: [f64; 2],
}

/// The closed form from exact bounds. `strangers` are classes that count in the other model's macro F1 and are absent
/// from this one's, neither labelled nor predicted: on other rows they might count for anything from 0 to 1.
pub(super) fn edge(metric: Metric, tally: &Tally, strangers: u64, confidence: f64) -> Result<Edge, Undefined> {
    let z = one_sided(confidence)?;
    let parts = parts(metric, tally, |hits, n| exact(hits, n, confidence, z));
    let bounds = combined(metric, &parts).bounds;
    let (classes, unknown) = (parts.len() as f64, strangers as f64);
    let distances = |counts: &dyn Fn(&Part) -> bool| {
        let over = |distance: &dyn Fn(&Part) -> f64| {
            unknown + sum(parts.len(), |at| if counts(&parts[at]) { distance(&parts[at]).powi(2) } else { 0.0 })
        };
        [over(&|part| part.value - part.lower), over(&|part| part.upper - part.value)]
    };
    Ok(Edge {
        lower: bounds.lower * classes / (classes + unknown),
        upper: (bounds.upper * classes + unknown) / (classes + unknown),
        all: distances(&|_| true),
        thin: distances(&|part| part.few < THIN),
    })
}

fn f1(jaccard: f64) -> f64 {
    2.0 * jaccard / (1.0 + jaccard)
}

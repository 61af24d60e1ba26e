//! Times, speeds and sizes of repeated runs: positive numbers whose noise is relative, and among which some are far off.
//!
//! Two models are run in turns, and run `i` of one is paired with run `i` of the other, so what both have in common (a machine
//! that slows down) is in neither the ratio nor its interval. Of the paired log-ratios the location is Hodges and Lehmann's, the
//! median of the means of any two, and its bounds are those Wilcoxon's signed-rank test does not refuse (Hodges & Lehmann, Ann.
//! Math. Stat. 34, 1963; Hollander, Wolfe & Chicken, "Nonparametric Statistical Methods", 3.3): exact for any noise that is the
//! same on both sides, and a run that the machine held up weighs no more than any other. Student's t would let a few such
//! runs set the width. Where there are too few pairs for a signed rank to say so much, it is Student's t on the log-ratios.
//!
//! One model by itself: the geometric mean with Student's t on the logarithms.

use super::distribution::{one_sided, t_quantile};
use super::moments::Moments;
use super::outcome::{Estimate, Method, Sufficient, defined};
use super::rank_tests::signed_rank_counts;
use super::undefined::Undefined;

/// Runs an interval takes. Two give one, and it says nothing.
const RUNS: usize = 3;
/// Pairs up to which the signed-rank distribution is counted out; beyond, its normal approximation is as good.
const COUNTED_OUT: usize = 100;
/// Runs of one model that are recorded; more say more than a certificate should.
pub const MOST_RECORDED: usize = 1000;

/// Candidate's over baseline's, from paired runs.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedRatio {
    /// The candidate's runs by themselves, in their unit: located as the ratio is.
    pub candidate: f64,
    /// The baseline's runs.
    pub baseline: f64,
    /// The location of the paired ratios.
    pub ratio: f64,
    /// One-sided lower bound of the ratio.
    pub lower: f64,
    /// One-sided upper bound of the ratio.
    pub upper: f64,
    /// Pairs.
    pub n: u64,
    /// How the bounds were found.
    pub method: Method,
    /// The runs, from which everything follows again.
    pub sufficient: Sufficient,
}

/// The geometric mean of positive numbers with t bounds on the logarithms, each at `confidence`.
///
/// # Errors
/// Fewer than three numbers, or one that is not finite and above 0.
pub fn geometric_mean(values: &[f64], confidence: f64) -> Result<Estimate, Undefined> {
    one_sided(confidence)?;
    let logs = logs(values)?;
    let (mean, width, error) = student(&logs, confidence)?;
    Ok(Estimate {
        n: values.len() as u64,
        value: defined(mean.exp())?,
        lower: defined((mean - width).exp())?,
        upper: defined((mean + width).exp())?,
        standard_error: Some(error * mean.exp()).filter(|error| *error > 0.0),
        method: Method::LogT,
        resamples: None,
        sufficient: recorded(values, &[]),
    })
}

/// The ratio of two models' runs, paired in their order, with bounds, each at `confidence`.
///
/// # Errors
/// Lists of different lengths; else as [`geometric_mean`].
pub fn paired_ratio(candidate: &[f64], baseline: &[f64], confidence: f64) -> Result<PairedRatio, Undefined> {
    if candidate.len() != baseline.len() {
        return Err(Undefined::LengthMismatch { expected: baseline.len(), found: candidate.len() });
    }
    one_sided(confidence)?;
    let (ours, theirs) = (logs(candidate)?, logs(baseline)?);
    let differences: Vec<f64> = ours.iter().zip(&theirs).map(|(a, b)| a - b).collect();
    let (method, levels, [lower, ratio, upper]) = match least_rank(differences.len(), confidence) {
        Some(rank) => {
            let means = pair_means(&differences);
            let bounds = [means[rank - 1], middle(&means), means[means.len() - rank]];
            (Method::HodgesLehmann, [middle(&pair_means(&ours)), middle(&pair_means(&theirs))], bounds)
        }
        None => {
            let (mean, width, _) = student(&differences, confidence)?;
            let levels = [Moments::of(&ours)?.mean(), Moments::of(&theirs)?.mean()];
            (Method::LogT, levels, [mean - width, mean, mean + width])
        }
    };
    Ok(PairedRatio {
        candidate: defined(levels[0].exp())?,
        baseline: defined(levels[1].exp())?,
        ratio: defined(ratio.exp())?,
        lower: defined(lower.exp())?,
        upper: defined(upper.exp())?,
        n: candidate.len() as u64,
        method,
        sufficient: recorded(candidate, baseline),
    })
}

fn recorded(candidate: &[f64], baseline: &[f64]) -> Sufficient {
    if candidate.len() > MOST_RECORDED {
        return Sufficient::None;
    }
    Sufficient::Runs { candidate: candidate.to_vec(), baseline: baseline.to_vec() }
}

fn logs(values: &[f64]) -> Result<Vec<f64>, Undefined> {
    if values.len() < RUNS {
        return Err(Undefined::TooFewRows { n: values.len() as u64, needed: RUNS as u64 });
    }
    let log = |(row, value): (usize, &f64)| match *value {
        value if !value.is_finite() => Err(Undefined::NotFinite { row }),
        value if value <= 0.0 => Err(Undefined::Negative { row, value }),
        value => Ok(value.ln()),
    };
    values.iter().enumerate().map(log).collect()
}

/// Mean, its distance to either bound, and its standard error. Runs that are all the same, as sizes may be, do not vary.
fn student(logs: &[f64], confidence: f64) -> Result<(f64, f64, f64), Undefined> {
    let moments = Moments::of(logs)?;
    let error = match moments.standard_error() {
        Err(Undefined::ZeroVariance) => 0.0,
        error => error?,
    };
    Ok((moments.mean(), t_quantile(confidence, (logs.len() - 1) as f64) * error, error))
}

/// The means of any two of `values`, each with itself as well; ascending.
fn pair_means(values: &[f64]) -> Vec<f64> {
    let mut means = Vec::with_capacity(values.len() * (values.len() + 1) / 2);
    for (at, one) in values.iter().enumerate() {
        means.extend(values[at..].iter().map(|other| 0.5 * one + 0.5 * other));
    }
    means.sort_unstable_by(f64::total_cmp);
    means
}

/// The median of ascending numbers, of which there is one.
fn middle(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[half] } else { 0.5 * sorted[half - 1] + 0.5 * sorted[half] }
}

/// The rank of the mean of two that bounds the location of `n` values at `confidence`; none where not even the outermost does.
/// With equal values it bounds it at more.
fn least_rank(n: usize, confidence: f64) -> Option<usize> {
    let rank = if n <= COUNTED_OUT {
        let counts = signed_rank_counts(n);
        let all: f64 = counts.iter().sum();
        let mut below = 0.0;
        // How many rank sums are so small that they are as rare as the bound may be wrong.
        counts
            .iter()
            .take_while(|count| {
                below += **count;
                below <= (1.0 - confidence) * all
            })
            .count()
    } else {
        let rows = n as f64;
        let mean = rows * (rows + 1.0) / 4.0;
        let deviation = (rows * (rows + 1.0) * (2.0 * rows + 1.0) / 24.0).sqrt();
        (mean - one_sided(confidence).ok()? * deviation).floor() as usize
    };
    (rank > 0).then_some(rank)
}

//! What a number of rows can show: how many would decide, the smallest difference they detect, and how often a model
//! that is exactly as good as the baseline would be blocked or left undecided.
//!
//! All in the normal approximation (`statsmodels.stats.power.NormalIndPower`): n ≥ (z_{1-α} + z_{power})² Var(d) / δ².
//! Power is computed from Var(d) and the limit, never from the difference that was observed (Hoenig & Heisey, "The abuse
//! of power", Am. Stat. 55, 2001).

use super::distribution::{normal_cdf, normal_quantile, one_sided};
use super::input::{Predicted, Rows, Truth, of_length};
use super::outcome::Sampling;
use super::random::Key;
use super::settings::MetricSpec;
use super::undefined::Undefined;
use super::{compare, estimate};

/// Share of the rows on which an imagined model differs from the baseline, where no candidate is known yet.
pub const TRADED: f64 = 0.1;

/// Rows at which a one-sided test at `confidence` decides with probability `power`.
///
/// `standard_error` was measured on `n` rows, so Var(d) = `standard_error`² · n; `distance` is how far the truth is
/// from the limit: the margin, if the models are assumed equal, or `delta + margin`, if the observed difference is.
/// `None` if the distance is not positive (more rows would not help), or a setting makes no sense.
pub fn rows_needed(standard_error: f64, n: u64, distance: f64, confidence: f64, power: f64) -> Option<u64> {
    let z = normal_quantile(confidence) + normal_quantile(power);
    let rows = z * z * standard_error * standard_error * n as f64 / (distance * distance);
    let sensible = standard_error > 0.0 && distance > 0.0 && z > 0.0;
    (sensible && rows.is_finite() && rows < 9e15).then(|| (rows.ceil() as u64).max(1))
}

/// The smallest distance from the limit that a one-sided test at `confidence` shows with probability `power`, in the
/// metric's units: (z_{confidence} + z_{power}) · `standard_error`. `None` if a setting makes no sense.
pub fn detectable(standard_error: f64, confidence: f64, power: f64) -> Option<f64> {
    let distance = (normal_quantile(confidence) + normal_quantile(power)) * standard_error;
    (distance > 0.0 && distance.is_finite()).then_some(distance)
}

/// What is asked of a metric; margins, gains and limits in its units, not negative unless the metric is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Demand {
    /// At most `margin` worse than the baseline, shown.
    NonInferior {
        /// How much worse.
        margin: f64,
    },
    /// More than `gain` better than the baseline, shown.
    Superior {
        /// How much better.
        gain: f64,
    },
    /// Not shown to be more than `margin` worse than the baseline.
    NotWorseDetected {
        /// How much worse.
        margin: f64,
    },
    /// At least `limit`.
    Floor {
        /// The least value.
        limit: f64,
        /// Which bound must reach it.
        on: Side,
    },
    /// At most `limit`.
    Ceiling {
        /// The greatest value.
        limit: f64,
        /// Which bound must not exceed it.
        on: Side,
    },
}

/// What of an interval is held against a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The lower bound.
    Lower,
    /// The value.
    Point,
    /// The upper bound.
    Upper,
}

/// How often each verdict comes out; the three add up to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// The demand is shown to be met.
    pub pass: f64,
    /// It is shown not to be met: blocked.
    pub fail: f64,
    /// Neither.
    pub inconclusive: f64,
}

impl Rates {
    /// For a demand whose metric (of floors and ceilings), or difference in the direction of better (of comparisons), is
    /// truly `truth` and is estimated with `standard_error`, in the metric's units; bounds at `confidence` each.
    ///
    /// # Errors
    /// A confidence outside (0.5, 1), or a standard error or limit that is no such number.
    pub fn of(demand: &Demand, truth: f64, standard_error: f64, confidence: f64) -> Result<Self, Undefined> {
        let z = one_sided(confidence)?;
        if !(standard_error > 0.0 && standard_error.is_finite()) {
            return Err(Undefined::ZeroVariance);
        }
        // P(the estimate less `shift` standard errors exceeds `limit`).
        let above = |limit: f64, shift: f64| normal_cdf((truth - limit) / standard_error - shift);
        let below = |limit: f64, shift: f64| normal_cdf((limit - truth) / standard_error - shift);
        let (pass, fail) = match *demand {
            Demand::NonInferior { margin } => (above(-margin, z), below(-margin, z)),
            Demand::Superior { gain } => (above(gain, z), below(gain, z)),
            Demand::NotWorseDetected { margin } => not_below(below(-margin, z)),
            Demand::Floor { limit, on: Side::Lower } => (above(limit, z), below(limit, z)),
            Demand::Floor { limit, on: Side::Point } => not_below(below(limit, 0.0)),
            Demand::Floor { limit, on: Side::Upper } => not_below(below(limit, z)),
            Demand::Ceiling { limit, on: Side::Upper } => (below(limit, z), above(limit, z)),
            Demand::Ceiling { limit, on: Side::Point } => not_below(above(limit, 0.0)),
            Demand::Ceiling { limit, on: Side::Lower } => not_below(above(limit, z)),
        };
        let rates = Self { pass, fail, inconclusive: (1.0 - pass - fail).max(0.0) };
        if rates.pass.is_finite() && rates.fail.is_finite() { Ok(rates) } else { Err(Undefined::Overflow) }
    }
}

/// Demands without a middle: what does not fail passes.
fn not_below(fail: f64) -> (f64, f64) {
    (1.0 - fail, fail)
}

/// The other model of a simulated comparison.
#[derive(Debug, Clone, Copy)]
pub enum Other<'a> {
    /// A candidate that exists: assumed equal, with the disagreement it shows.
    Known(&'a Predicted<'a>),
    /// The baseline with the predictions of this share of the rows traded within each label (of real numbers: their
    /// errors), which leaves every metric of labels and predictions as it is: [`TRADED`] if nothing better is known.
    Imagined(f64),
}

/// How often a model exactly as good as the baseline meets `demand` on `n` rows like these: the A/A rates of a rule.
///
/// For comparisons the true difference is zero, its standard error that of `other` against the baseline, scaled by
/// √(rows / n). For floors and ceilings the true value is the baseline's own, and `other` is not used.
///
/// # Errors
/// As [`compare`] and [`estimate`]; also an imagined model of texts or of documents, whose predictions cannot be traded.
pub fn equal_model(
    spec: &MetricSpec,
    rows: &Rows<'_>,
    baseline: &Predicted<'_>,
    other: Other<'_>,
    demand: &Demand,
    n: u64,
    sampling: &Sampling,
) -> Result<Rates, Undefined> {
    if n == 0 {
        return Err(Undefined::NoRows);
    }
    let z = one_sided(sampling.confidence)?;
    // From the bounds, not the standard error: some methods are wider than a normal distribution.
    let error = |lower: f64, upper: f64, seen: u64| (upper - lower) / (2.0 * z) * (seen as f64 / n as f64).sqrt();
    if matches!(demand, Demand::Floor { .. } | Demand::Ceiling { .. }) {
        let found = estimate(spec, rows, baseline, sampling)?;
        return Rates::of(demand, found.value, error(found.lower, found.upper, found.n), sampling.confidence);
    }
    let found = match other {
        Other::Known(candidate) => compare(spec, rows, candidate, baseline, sampling)?,
        Other::Imagined(share) => {
            let traded = Traded::new(spec, rows, baseline, share, sampling)?;
            compare(spec, rows, &traded.predicted(baseline), baseline, sampling)?
        }
    };
    let error = error(found.lower, found.upper, found.n);
    if error > 0.0 {
        return Rates::of(demand, 0.0, error, sampling.confidence);
    }
    // Equal row by row.
    let pass = !matches!(demand, Demand::Superior { .. });
    Ok(Rates { pass: f64::from(u8::from(pass)), fail: f64::from(u8::from(!pass)), inconclusive: 0.0 })
}

/// Predictions of an imagined model.
struct Traded {
    scores: Option<Vec<f64>>,
    classes: Option<Vec<u32>>,
    probabilities: Option<Vec<Vec<f64>>>,
    values: Option<Vec<f64>>,
}

impl Traded {
    fn new(
        spec: &MetricSpec,
        rows: &Rows<'_>,
        baseline: &Predicted<'_>,
        share: f64,
        sampling: &Sampling,
    ) -> Result<Self, Undefined> {
        if !(share > 0.0 && share <= 1.0) {
            return Err(Undefined::InvalidSetting { name: "share", value: share });
        }
        of_length(rows.keys, rows.truth.len())?;
        let label = |row: usize| match rows.truth {
            Truth::Binary(labels) => u32::from(labels[row]),
            Truth::Classes { labels, .. } => labels[row],
            _ => 0,
        };
        if matches!(rows.truth, Truth::Relevance(_) | Truth::Texts(_)) {
            return Err(Undefined::NotApplicable { metric: spec.metric.name(), task: rows.truth.task().name() });
        }
        // Which rows, and in which order, follows from their keys: the file's order does not matter.
        let key = Key::new(&sampling.seed, "equal model");
        let limit = (share * 2.0_f64.powi(64)) as u64;
        let mut chosen: Vec<(u32, u64, usize)> = (0..rows.keys.len())
            .map(|row| (label(row), key.bits(rows.keys[row]), row))
            .filter(|(_, bits, _)| *bits <= limit)
            .collect();
        chosen.sort_unstable();
        // Each takes the prediction of the next one of its label, the last that of the first.
        let mut source: Vec<usize> = (0..rows.keys.len()).collect();
        for group in chosen.chunk_by(|a, b| a.0 == b.0) {
            for (at, (.., row)) in group.iter().enumerate() {
                source[*row] = group[(at + 1) % group.len()].2;
            }
        }
        let n = source.len();
        let values = match (rows.truth, baseline.values) {
            (Truth::Real(truth), Some(values)) => {
                of_length(values, n)?;
                let error = |from: usize| values[from] - truth[from];
                // An untouched row keeps its very number: y + (ŷ - y) may differ from ŷ in the last digit.
                let moved =
                    |(row, &from): (usize, &usize)| if row == from { values[row] } else { truth[row] + error(from) };
                Some(source.iter().enumerate().map(moved).collect())
            }
            (_, Some(values)) => Some(taken(values, &source)?),
            (_, None) => None,
        };
        Ok(Self {
            scores: baseline.scores.map(|column| taken(column, &source)).transpose()?,
            classes: baseline.classes.map(|column| taken(column, &source)).transpose()?,
            probabilities: baseline
                .probabilities
                .map(|columns| columns.iter().map(|column| taken(column, &source)).collect())
                .transpose()?,
            values,
        })
    }

    fn predicted<'a>(&'a self, baseline: &Predicted<'a>) -> Predicted<'a> {
        Predicted {
            scores: self.scores.as_deref(),
            classes: self.classes.as_deref(),
            probabilities: self.probabilities.as_deref(),
            values: self.values.as_deref(),
            ..*baseline
        }
    }
}

fn taken<T: Copy>(column: &[T], source: &[usize]) -> Result<Vec<T>, Undefined> {
    of_length(column, source.len())?;
    Ok(source.iter().map(|&from| column[from]).collect())
}

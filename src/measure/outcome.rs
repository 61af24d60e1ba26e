//! What a measurement returns: a number, its bounds, how they were found, and what they can be derived from again.

use super::undefined::Undefined;

/// How sure, and how to resample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Confidence of each bound by itself, above 0.5: at 0.95 `lower` and `upper` are two one-sided 95 % bounds,
    /// together a two-sided 90 % interval.
    pub confidence: f64,
    /// Number of resamples, at least 100; 2,000 for 95 %, 10,000 beyond 99 %.
    pub resamples: u32,
    /// Key of the random numbers, derived from the evidence so that nobody can shop for seeds.
    pub seed: [u8; 32],
    /// Which intervals are resampled.
    pub resampling: Resampling,
}

/// Which intervals are resampled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Resampling {
    /// Those without a closed form that is as good.
    #[default]
    WhereNeeded,
    /// All of them.
    Always,
}

/// A lower and an upper one-sided bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bounds {
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
    /// Standard error in the metric's units, where there is one above zero.
    pub standard_error: Option<f64>,
}

/// One model's metric with its bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// Rows of the set.
    pub n: u64,
    /// The metric.
    pub value: f64,
    /// One-sided lower bound.
    pub lower: f64,
    /// One-sided upper bound.
    pub upper: f64,
    /// Standard error, where the method has one above zero.
    pub standard_error: Option<f64>,
    /// How the bounds were found.
    pub method: Method,
    /// Resamples with a value, for methods that resample.
    pub resamples: Option<u32>,
    /// Enough to derive the bounds again without the rows: see `rederive_estimate`.
    pub sufficient: Sufficient,
}

/// Two models on the same rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Rows of the set.
    pub n: u64,
    /// The candidate's metric.
    pub candidate: f64,
    /// The baseline's metric.
    pub baseline: f64,
    /// `candidate - baseline`, in the metric's units, whichever direction is better.
    pub delta: f64,
    /// One-sided lower bound of `delta`.
    pub lower: f64,
    /// One-sided upper bound of `delta`.
    pub upper: f64,
    /// Standard error of `delta`, where the method has one above zero.
    pub standard_error: Option<f64>,
    /// How the bounds were found.
    pub method: Method,
    /// Resamples with a value, for methods that resample.
    pub resamples: Option<u32>,
    /// Enough to derive the bounds again without the rows: see `rederive`.
    pub sufficient: Sufficient,
}

/// How bounds were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Both models predict the same, number for number: the difference is zero on any rows like these.
    Exact,
    /// Binomial bound over disjoint (positive, negative) pairs, for an AUC of exactly 0 or 1 and for equal rankings.
    ExactPairs,
    /// Binomial bound over rows of which none differs, times what one can differ by.
    NoneDiffer,
    /// Wilson score, for proportions and what is a monotone function of one.
    Wilson,
    /// Wilson scores of each class, combined by MOVER.
    MoverWilson,
    /// Difference of paired proportions, normal approximation (McNemar).
    McNemar,
    /// Difference of paired proportions, Tango's score interval: fewer than 25 discordant rows.
    PairedScore,
    /// t interval of per-row differences.
    PairedT,
    /// t interval of per-row values.
    StudentT,
    /// DeLong's covariance of AUCs.
    DeLong,
    /// DeLong on the logit scale.
    DeLongLogit,
    /// Multinomial resampling of the joint cells, BCa bounds.
    Multinomial,
    /// The wider, bound by bound, of multinomial BCa and of MOVER over each model's bounds by itself, which are exact
    /// (Clopper-Pearson) for at most one hit or one miss and Wilson's otherwise: fewer than 25 rows carry the variance, or
    /// a proportion with at most one hit or one miss carries a good part of it. The standard error is the bounds' distance
    /// over 2z.
    MultinomialMover,
    /// Poisson resampling of the rows, BCa bounds.
    BcaPoisson,
    /// Infinitesimal jackknife.
    Influence,
    /// t bounds from influence values, with Bell and McCaffrey's standard error and Satterthwaite's degrees of freedom.
    Satterthwaite,
    /// The same on the logit scale.
    SatterthwaiteLogit,
    /// Order statistics, distribution-free.
    OrderStatistics,
    /// The bounds of every pair of groups by MOVER, of which the largest counts.
    PairwiseMover,
    /// Normal bounds of every contrast of two pairs of groups, of which one counts.
    PairwiseNormal,
    /// t interval of logarithms: of one model's runs, or of the ratios of a few paired runs.
    LogT,
    /// Hodges and Lehmann's location of the log-ratios of paired runs, bounds by Wilcoxon's signed ranks.
    HodgesLehmann,
}

impl Method {
    /// Every method.
    pub const fn all() -> &'static [Self] {
        &[
            Self::Exact,
            Self::ExactPairs,
            Self::NoneDiffer,
            Self::Wilson,
            Self::MoverWilson,
            Self::McNemar,
            Self::PairedScore,
            Self::PairedT,
            Self::StudentT,
            Self::DeLong,
            Self::DeLongLogit,
            Self::Multinomial,
            Self::MultinomialMover,
            Self::BcaPoisson,
            Self::Influence,
            Self::Satterthwaite,
            Self::SatterthwaiteLogit,
            Self::OrderStatistics,
            Self::PairwiseMover,
            Self::PairwiseNormal,
            Self::LogT,
            Self::HodgesLehmann,
        ]
    }

    /// The method a certificate names; `None` for an unknown one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::all().iter().copied().find(|method| method.name() == name)
    }

    /// The name a certificate uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::ExactPairs => "exact_pairs",
            Self::NoneDiffer => "none_differ",
            Self::Wilson => "wilson",
            Self::MoverWilson => "mover_wilson",
            Self::McNemar => "mcnemar",
            Self::PairedScore => "paired_score",
            Self::PairedT => "paired_t",
            Self::StudentT => "student_t",
            Self::DeLong => "delong",
            Self::DeLongLogit => "delong_logit",
            Self::Multinomial => "multinomial_bca",
            Self::MultinomialMover => "multinomial_bca_mover_wilson",
            Self::BcaPoisson => "poisson_bca",
            Self::Influence => "influence",
            Self::Satterthwaite => "satterthwaite_t",
            Self::SatterthwaiteLogit => "satterthwaite_logit",
            Self::OrderStatistics => "order_statistics",
            Self::PairwiseMover => "pairwise_mover",
            Self::PairwiseNormal => "pairwise_normal",
            Self::LogT => "log_t",
            Self::HodgesLehmann => "hodges_lehmann",
        }
    }
}

/// Statistics from which the bounds follow without the rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Sufficient {
    /// Paired outcomes: rows by which model is right. For recall, positive rows only.
    Discordant {
        /// Both right.
        both: u64,
        /// Only the baseline right.
        only_baseline: u64,
        /// Only the candidate right.
        only_candidate: u64,
        /// Neither right.
        neither: u64,
    },
    /// Per-row differences (paired t) or influence values; the higher sums are about the mean, which keeps their
    /// digits.
    Moments {
        /// Number of values.
        n: u64,
        /// Σ d.
        sum: f64,
        /// Σ (d - d̄)².
        sum_squares: f64,
        /// Σ (d - d̄)³.
        sum_cubes: f64,
    },
    /// DeLong's components; of each triple: candidate's variance, covariance, baseline's variance.
    Components {
        /// Positive rows.
        n_pos: u64,
        /// Negative rows.
        n_neg: u64,
        /// AUC of the candidate.
        auc_a: f64,
        /// AUC of the baseline.
        auc_b: f64,
        /// Over positive rows: what each scores against the negatives.
        s10: [f64; 3],
        /// Over negative rows: what each scores against the positives.
        s01: [f64; 3],
    },
    /// What DeLong's interval of one AUC needs.
    Component {
        /// Positive rows.
        n_pos: u64,
        /// Negative rows.
        n_neg: u64,
        /// The AUC.
        auc: f64,
        /// Variance over positive rows of what each scores against the negatives.
        s10: f64,
        /// Variance over negative rows of what each scores against the positives.
        s01: f64,
    },
    /// The order statistics that bounds of a quantile, or of the ratio of two, were read from.
    Ordered {
        /// The candidate's.
        candidate: Ordered,
        /// The baseline's; none where there is one sample.
        baseline: Option<Ordered>,
    },
    /// Runs of both models in the order of their pairs, in the unit of what was measured.
    Runs {
        /// The candidate's.
        candidate: Vec<f64>,
        /// The baseline's, as many; empty where it was not asked for.
        baseline: Vec<f64>,
    },
    /// The joint table of label, candidate's class and baseline's class, without empty cells. Of one model both classes are
    /// its own.
    Cells {
        /// Number of classes.
        classes: u32,
        /// Ordered by label, candidate, baseline.
        cells: Vec<Cell>,
    },
    /// Quantiles of the resampled differences, and the two numbers BCa needs besides.
    Resampled {
        /// z₀.
        bias_correction: f64,
        /// a.
        acceleration: f64,
        /// Ascending; among them the two the bounds were read from.
        quantiles: Vec<Quantile>,
    },
    /// The degrees of freedom of a t interval around the value, with the standard error that is told beside it.
    Student {
        /// At least 1; not a whole number.
        freedom: f64,
    },
    /// Nothing beyond the comparison itself.
    None,
}

/// Some order statistics of a sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Ordered {
    /// Samples.
    pub n: u64,
    /// Rank, counted from 1, and value; ascending.
    pub ranks: Vec<(u64, f64)>,
}

/// One cell of a joint table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// The label.
    pub truth: u32,
    /// The candidate's class.
    pub candidate: u32,
    /// The baseline's class.
    pub baseline: u32,
    /// Rows.
    pub count: u64,
}

/// A quantile of a distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// Share of the distribution below.
    pub probability: f64,
    /// Where.
    pub value: f64,
}

/// Bounds with their method: what each family of metrics hands back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Interval {
    pub bounds: Bounds,
    pub method: Method,
    pub resamples: Option<u32>,
}

impl Interval {
    pub(super) const fn new(method: Method, lower: f64, upper: f64, standard_error: f64) -> Self {
        let standard_error = if standard_error > 0.0 { Some(standard_error) } else { None };
        Self { bounds: Bounds { lower, upper, standard_error }, method, resamples: None }
    }

    /// `value` ± `quantile` standard errors.
    pub(super) const fn symmetric(method: Method, value: f64, quantile: f64, standard_error: f64) -> Self {
        Self::new(method, value - quantile * standard_error, value + quantile * standard_error, standard_error)
    }

    /// One model's estimate, its bounds kept within the metric's range.
    pub(super) fn estimate(
        self,
        n: u64,
        value: f64,
        (least, greatest): (f64, f64),
        sufficient: Sufficient,
    ) -> Result<Estimate, Undefined> {
        Ok(Estimate {
            n,
            value: defined(value)?,
            lower: defined(self.bounds.lower)?.clamp(least, greatest),
            upper: defined(self.bounds.upper)?.clamp(least, greatest),
            standard_error: self.bounds.standard_error,
            method: self.method,
            resamples: self.resamples,
            sufficient,
        })
    }

    /// A comparison, its bounds kept within what two values of the metric can differ by.
    pub(super) fn comparison(
        self,
        n: u64,
        (candidate, baseline): (f64, f64),
        (least, greatest): (f64, f64),
        sufficient: Sufficient,
    ) -> Result<Comparison, Undefined> {
        let span = greatest - least;
        Ok(Comparison {
            n,
            candidate: defined(candidate)?,
            baseline: defined(baseline)?,
            delta: defined(candidate - baseline)?,
            lower: defined(self.bounds.lower)?.clamp(-span, span),
            upper: defined(self.bounds.upper)?.clamp(-span, span),
            standard_error: self.bounds.standard_error,
            method: self.method,
            resamples: self.resamples,
            sufficient,
        })
    }
}

/// The value, unless arithmetic overflowed on the way.
pub(super) fn defined(value: f64) -> Result<f64, Undefined> {
    if value.is_finite() { Ok(value) } else { Err(Undefined::Overflow) }
}

//! How far a statistic of weighted or clustered rows strays where there are few of them: a standard error without bias, and how
//! many degrees of freedom it has.
//!
//! A unit (a cluster, or a row by itself) with the share h of all weight moves the statistic it is measured from, so the variance
//! is Σ u² / (1 - h) over the units' influence values u: for means the CR2 of Bell & McCaffrey, "Bias reduction in standard
//! errors for linear regression with multi-stage samples", Surv. Methodol. 28 (2002). Its degrees of freedom are those of the χ²
//! with the same mean and variance, under a model in which rows of a cluster correlate by what they are seen to (Imbens &
//! Kolesár, "Robust standard errors in small samples", Rev. Econ. Stat. 98, 2016), or by the kurtosis of the influence values
//! where that is fewer: 2n / (κ - 1), so that three discordant rows are taken for three.

use super::sums::sum;

/// What a t interval needs besides the estimate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    pub error: f64,
    /// At least 1.
    pub freedom: f64,
}

/// More are as good as infinitely many.
const MOST_FREEDOM: f64 = 1e9;

/// A unit's rows, summed up.
#[derive(Default, Clone, Copy)]
struct Unit {
    /// Influence.
    influence: f64,
    /// Share of the weight.
    share: f64,
    /// Σ of the rows' squared shares.
    squares: f64,
    /// Σ and Σ of squares of the rows' influence over their shares, and their number: what rows of a cluster have in common.
    loss: f64,
    losses: f64,
    rows: f64,
}

/// The spread of a statistic whose rows have these influence values, each with its weight and, where rows are dependent, its
/// cluster.
pub(super) fn spread(influence: &[f64], weights: Option<&[f64]>, clusters: Option<&[u64]>) -> Spread {
    let n = influence.len();
    let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
    let all = sum(n, weight);
    let row = |row: usize| {
        let (share, influence) = (weight(row) / all, influence[row]);
        let loss = if share > 0.0 { influence / share } else { 0.0 };
        let rows = if share > 0.0 { 1.0 } else { 0.0 };
        Unit { influence, share, squares: share * share, loss, losses: loss * loss, rows }
    };
    let of_clusters: Option<Vec<Unit>> = clusters.map(|clusters| {
        let mut rows: Vec<(u64, u32)> = clusters.iter().copied().zip(0..).collect();
        rows.sort_unstable();
        rows.chunk_by(|a, b| a.0 == b.0)
            .map(|rows| rows.iter().fold(Unit::default(), |unit, (_, at)| unit.and(&row(*at as usize))))
            .collect()
    });
    // Rows by themselves may be millions: none of them is kept.
    let units = of_clusters.as_ref().map_or(n, Vec::len);
    let unit = |at: usize| of_clusters.as_ref().map_or_else(|| row(at), |units| units[at]);
    let over = |term: &dyn Fn(&Unit) -> f64| sum(units, |at| term(&unit(at)));
    // A unit that is everything has no other to stray from.
    let stretch = |unit: &Unit| 1.0 / (1.0 - unit.share).max(f64::EPSILON);
    let error = over(&|unit| unit.influence * unit.influence * stretch(unit)).sqrt();
    let pairs = over(&|unit| unit.rows * (unit.rows - 1.0));
    let alike = over(&|unit| unit.loss * unit.loss - unit.losses) / pairs;
    let correlation = alike / (over(&|unit| unit.losses) / over(&|unit| unit.rows));
    let correlation = if correlation > 0.0 { correlation.min(1.0) } else { 0.0 };
    let variance = |unit: &Unit| (1.0 - correlation) * unit.squares + correlation * unit.share * unit.share;
    // The covariances of u/√(1 - h), u being measured from a mean that all units move: trace² over the sum of squares.
    let total = over(&variance);
    let own = |unit: &Unit| total * unit.share * unit.share - 2.0 * unit.share * variance(unit);
    let trace = over(&|unit| stretch(unit) * (variance(unit) + own(unit)));
    let shares = over(&|unit| stretch(unit) * unit.share * unit.share);
    let variances = over(&|unit| stretch(unit) * variance(unit) * variance(unit));
    let both = over(&|unit| stretch(unit) * unit.share * variance(unit));
    let between = 2.0 * shares * variances + 2.0 * both * both + total * shares * (total * shares - 4.0 * both);
    let within = over(&|unit| stretch(unit).powi(2) * variance(unit) * (variance(unit) + 2.0 * own(unit)));
    let power = |exponent: i32| over(&|unit| unit.influence.powi(exponent));
    let carrying = power(2) * power(2) / power(4);
    let counted = over(&|unit| if unit.share > 0.0 { 1.0 } else { 0.0 });
    let by_kurtosis = if carrying < counted { 2.0 * counted * carrying / (counted - carrying) } else { MOST_FREEDOM };
    let freedom = (trace * trace / (between + within)).min(by_kurtosis);
    Spread { error, freedom: if freedom > 1.0 { freedom.min(MOST_FREEDOM) } else { 1.0 } }
}

impl Unit {
    fn and(self, row: &Self) -> Self {
        Self {
            influence: self.influence + row.influence,
            share: self.share + row.share,
            squares: self.squares + row.squares,
            loss: self.loss + row.loss,
            losses: self.losses + row.losses,
            rows: self.rows + row.rows,
        }
    }
}

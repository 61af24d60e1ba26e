//! Equalized odds: how far apart groups are in the rows of each class that are called positive, both classes at once.
//!
//! Of the gaps of the true and of the false positive rate the larger one counts (Hardt, Price & Srebro, "Equality of opportunity in
//! supervised learning", NIPS 2016; `fairlearn.metrics.equalized_odds_difference`). Both are at most the limit where each upper
//! bound says so, which needs no correction; one is above it where either lower bound says so, each at half of α. Demographic
//! parity is the gap of `positive_rate`, equal opportunity that of `recall`.

use super::decision::Level;
use super::error::CertifyError;
use super::gap_rule::{self, MeasuredGap};
use super::limit::{Limit, Measurement};
use super::measured::Measured;
use super::outcome::{blank, inconclusive};
use super::rows_rule::{Found, RowsRule, Small};
use super::sufficient::flat;
use crate::format::certificate::ResultRecord;
use crate::measure::{Estimate, Metric, MetricSpec, Sufficient};

/// The rates.
pub(super) const RATES: [Metric; 2] = [Metric::Recall, Metric::FalsePositiveRate];

/// One result; with remarks on groups that are too small.
pub(super) fn judge(
    measured: &Measured<'_>,
    rows: &RowsRule<'_>,
    found: &Found<'_>,
    column: &str,
    remarks: &mut Vec<String>,
) -> Result<Vec<ResultRecord>, CertifyError> {
    let Some(limit) = Limit::of(&measured.rule.demand) else {
        let (demand, measure) = ("a comparison", "equalized odds".to_owned());
        return Err(CertifyError::Unsuitable { rule: measured.rule.id.clone(), demand, measure });
    };
    let (groups, uncovered) = rows.slices(found, column, Small::LeftOut, remarks)?;
    if let Some(result) = uncovered {
        return Ok(vec![result]);
    }
    let label = match &found.selection.label {
        Some(label) => format!("{label}; {column}"),
        None => column.to_owned(),
    };
    let n = groups.iter().map(|group| group.rows.len() as u64).sum();
    let result = ResultRecord { n, ..blank(measured.rule, Some(found.set), Some(label.clone())) };
    let threshold = measured.spec.threshold;
    let mut gaps: Vec<(Metric, MeasuredGap)> = Vec::with_capacity(RATES.len());
    for rate in RATES {
        let spec = MetricSpec::new(rate).at(threshold);
        let of_rate = Measured { spec: &spec, ..*measured };
        match gap_rule::gap_of(&of_rate, found, &groups, RATES.len()) {
            Ok(gap) => gaps.push((rate, gap)),
            Err(reason) => return Ok(vec![inconclusive(result, format!("{}: {reason}", rate.name()))]),
        }
    }
    let estimates: Vec<&Estimate> = gaps.iter().map(|(_, gap)| &gap.estimate).collect();
    let Some((at, level)) = larger(&estimates) else { return Ok(vec![inconclusive(result, "there are no rates")]) };
    let (rate, gap) = &gaps[at];
    let slice = gap_rule::extremes(Some(&format!("{label}, {}", rate.name())), &groups, &gap.values);
    let (error, method) = (gap.estimate.standard_error, gap.estimate.method.name());
    let result = ResultRecord { slice, sufficient: flat(&Sufficient::None, error), ..result };
    let parts = gaps.into_iter().flat_map(|(_, gap)| gap.parts).collect();
    let result = ResultRecord { parts: super::parts::kept(parts), ..result };
    Ok(vec![limit.judge(result, &Measurement { level, bounded: true, method })])
}

/// Which gap is the larger one, and what is known of it. A bound that is no number makes the whole one none.
pub(super) fn larger(gaps: &[&Estimate]) -> Option<(usize, Level)> {
    let most = |of: fn(&Estimate) -> f64| {
        let values = || gaps.iter().map(|gap| of(gap));
        if values().any(f64::is_nan) { f64::NAN } else { values().fold(f64::NEG_INFINITY, f64::max) }
    };
    let value = most(|gap| gap.value);
    let at = gaps.iter().position(|gap| gap.value == value)?;
    Some((at, Level { value, lower: most(|gap| gap.lower), upper: most(|gap| gap.upper) }))
}

//! Metrics of columns of numbers that a policy names.

use std::collections::BTreeMap;

use super::PolicyError;
use super::refuse::{misplaced, number};
use super::rows::{Named, of_rows};
use crate::format::policy::{ColumnQuantileFile, Direction, MeanFile, MeasureRecord, RatioFile, RuleFile};
use crate::format::scalar::Scalar;
use crate::measure::Metric;

pub(super) fn mean(rule: &RuleFile, file: &MeanFile) -> Result<MeasureRecord, PolicyError> {
    resolve(rule, Metric::ColumnMean, &[&file.mean], file.better, BTreeMap::new())
}

pub(super) fn ratio(rule: &RuleFile, file: &RatioFile) -> Result<MeasureRecord, PolicyError> {
    let [over, under] = &file.ratio;
    resolve(rule, Metric::ColumnRatio, &[over, under], file.better, BTreeMap::new())
}

pub(super) fn quantile(rule: &RuleFile, file: &ColumnQuantileFile) -> Result<MeasureRecord, PolicyError> {
    let q = number(rule, "quantile", file.quantile, file.quantile > 0.0 && file.quantile < 1.0, "above 0 and below 1")?;
    let parameters = BTreeMap::from([("quantile".to_owned(), Scalar::Float(q))]);
    resolve(rule, Metric::ColumnQuantile, &[&file.column], file.better, parameters)
}

fn resolve(
    rule: &RuleFile,
    metric: Metric,
    columns: &[&String],
    better: Direction,
    parameters: BTreeMap<String, Scalar>,
) -> Result<MeasureRecord, PolicyError> {
    if columns.iter().any(|column| column.is_empty()) {
        return Err(PolicyError::Empty { rule: rule.id.clone(), key: metric.name().to_owned() });
    }
    misplaced(rule, "threshold", rule.threshold.is_some(), "a binary metric that counts predicted classes")?;
    let columns = columns.iter().map(|column| (*column).clone()).collect();
    of_rows(rule, Named { metric, parameters, columns, better: Some(better) })
}

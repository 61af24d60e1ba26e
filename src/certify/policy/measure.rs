//! What a rule measures: a metric of rows, a reported number, a quantile of samples, what the provenance lacks; of data,
//! environment and reports see [`data`].

use std::collections::{BTreeMap, BTreeSet};

use super::refuse::{misplaced, number};
use super::{PolicyError, data};
use crate::format::policy::{Check, MeasureRecord, MetricFile, RuleFile, ScalarFile, Task};
use crate::format::scalar::Scalar;
use crate::measure::{self, Metric};
use crate::nearest::nearest;

/// Rows a slice needs to be judged alone.
const MIN_ROWS: u64 = 100;
const ROWS: &str = "a metric computed from rows";

pub(super) fn resolve(rule: &RuleFile, task: Task) -> Result<MeasureRecord, PolicyError> {
    match &rule.metric {
        MetricFile::Named(name) => metric(rule, name, task),
        MetricFile::Reported(reported) => {
            without_rows(rule)?;
            if reported.reported.is_empty() {
                return Err(empty(rule, "reported"));
            }
            Ok(MeasureRecord::Reported { name: reported.reported.clone(), better: reported.better })
        }
        MetricFile::Quantile(quantile) => {
            without_rows(rule)?;
            let q = quantile.quantile;
            let probability = number(rule, "quantile", q, q > 0.0 && q < 1.0, "above 0 and below 1")?;
            Ok(MeasureRecord::Quantile { of: quantile.of.clone(), quantile: probability })
        }
        MetricFile::Drift(_)
        | MetricFile::Shift(_)
        | MetricFile::Data(_)
        | MetricFile::Leakage(_)
        | MetricFile::Surrounding(_)
        | MetricFile::Report(_) => data::resolve(rule, task),
        MetricFile::Check(file) => {
            without_rows(rule)?;
            let names = || Check::ALL.iter().map(|check| check.name());
            match Check::ALL.into_iter().find(|check| check.name() == file.check) {
                Some(check) => Ok(MeasureRecord::Provenance { check }),
                None => Err(PolicyError::UnknownCheck {
                    rule: rule.id.clone(),
                    check: file.check.chars().take(80).collect(),
                    nearest: nearest(&file.check, names()),
                }),
            }
        }
    }
}

fn metric(rule: &RuleFile, name: &str, task: Task) -> Result<MeasureRecord, PolicyError> {
    let Some(metric) = Metric::parse(name) else {
        return Err(PolicyError::UnknownMetric {
            rule: rule.id.clone(),
            metric: name.chars().take(80).collect(),
            nearest: nearest(name, Metric::all().iter().map(|metric| metric.name())),
        });
    };
    if !metric.tasks().contains(&measured(task)) {
        return Err(PolicyError::OtherTask {
            rule: rule.id.clone(),
            metric: name.to_owned(),
            task: task.name(),
            tasks: metric.tasks().iter().map(|task| task.name()).collect(),
        });
    }
    let thresholded = task == Task::Binary && counts_classes(metric);
    misplaced(
        rule,
        "threshold",
        rule.threshold.is_some() && !thresholded,
        "a binary metric that counts predicted classes",
    )?;
    misplaced(rule, "min_rows", rule.min_rows.is_some() && rule.each.is_empty(), "`each`")?;
    let min_rows = match rule.min_rows {
        Some(0) => number(rule, "min_rows", 0.0, false, "at least 1").map(|_| 0)?,
        Some(rows) => rows,
        None if rule.each.is_empty() => 0,
        None => MIN_ROWS,
    };
    let threshold = rule.threshold.unwrap_or(0.5);
    Ok(MeasureRecord::Metric {
        metric: name.to_owned(),
        set: rule.set.clone(),
        threshold: number(rule, "threshold", threshold, true, "a finite number")?,
        only: only(rule)?,
        each: each(rule)?,
        min_rows,
    })
}

/// The task, in the words of the measuring module.
pub(in crate::certify) const fn measured(task: Task) -> measure::Task {
    match task {
        Task::Binary => measure::Task::Binary,
        Task::Multiclass => measure::Task::Multiclass,
        Task::Regression => measure::Task::Regression,
        Task::Ranking => measure::Task::Ranking,
        Task::Text => measure::Task::Text,
    }
}

const fn counts_classes(metric: Metric) -> bool {
    matches!(
        metric,
        Metric::Accuracy | Metric::BalancedAccuracy | Metric::Precision | Metric::Recall | Metric::F1 | Metric::MacroF1
    )
}

pub(super) fn without_rows(rule: &RuleFile) -> Result<(), PolicyError> {
    misplaced(rule, "set", rule.set.is_some(), ROWS)?;
    misplaced(rule, "threshold", rule.threshold.is_some(), ROWS)?;
    misplaced(rule, "where", !rule.only.is_empty(), ROWS)?;
    misplaced(rule, "each", !rule.each.is_empty(), ROWS)?;
    misplaced(rule, "min_rows", rule.min_rows.is_some(), ROWS)
}

fn only(rule: &RuleFile) -> Result<BTreeMap<String, Vec<Scalar>>, PolicyError> {
    let mut only = BTreeMap::new();
    for (column, values) in &rule.only {
        if values.is_empty() || column.is_empty() {
            return Err(empty(rule, &format!("where.{column}")));
        }
        let values: Result<Vec<_>, _> = values.iter().map(|value| scalar(rule, value)).collect();
        only.insert(column.clone(), values?);
    }
    Ok(only)
}

pub(super) fn scalar(rule: &RuleFile, value: &ScalarFile) -> Result<Scalar, PolicyError> {
    Ok(match value {
        ScalarFile::Bool(value) => Scalar::Bool(*value),
        ScalarFile::Int(value) => Scalar::Int((*value).into()),
        ScalarFile::Float(value) => Scalar::Float(number(rule, "where", *value, true, "a finite number")?),
        ScalarFile::Text(value) => Scalar::Text(value.clone()),
    })
}

fn each(rule: &RuleFile) -> Result<Vec<String>, PolicyError> {
    let mut seen = BTreeSet::new();
    for column in &rule.each {
        if column.is_empty() {
            return Err(empty(rule, "each"));
        }
        if !seen.insert(column) {
            return Err(PolicyError::ColumnTwice { rule: rule.id.clone(), key: "each", column: column.clone() });
        }
    }
    Ok(rule.each.clone())
}

pub(super) fn empty(rule: &RuleFile, key: &str) -> PolicyError {
    PolicyError::Empty { rule: rule.id.clone(), key: key.to_owned() }
}

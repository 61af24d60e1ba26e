//! What a rule measures: a metric of rows, a reported number, a quantile of samples, what the provenance lacks, or what is seen
//! while a model runs; of data, environment and reports see [`data`].

use std::collections::{BTreeMap, BTreeSet};

use super::PolicyError;
use super::refuse::{empty, misplaced, number};
use super::{columns as number_columns, data, flips, measured, over, parameters};
use crate::format::policy::{
    Check, Direction, Flips, MeasureRecord, MetricFile, Over, ParameterFile, RuleFile, ScalarFile, Task, WithFile,
};
use crate::format::scalar::Scalar;
use crate::measure::{self, Metric};
use crate::nearest::nearest;

/// As written in a policy.
const EQUALIZED_ODDS: &str = "equalized_odds";
/// Rows a slice needs to be judged alone.
const MIN_ROWS: u64 = 100;
const ROWS: &str = "a metric computed from rows";

pub(super) fn resolve(rule: &RuleFile, task: Task) -> Result<MeasureRecord, PolicyError> {
    match &rule.metric {
        MetricFile::Named(name) => match flips::named(name) {
            Some(which) => flips::resolve(rule, which, BTreeMap::new(), task),
            None => metric(rule, name, &BTreeMap::new(), task),
        },
        MetricFile::With(file) => match flips::named(&file.name) {
            Some(which) => flips::resolve(rule, which, words(rule, file)?, task),
            None => metric(rule, &file.name, &words(rule, file)?, task),
        },
        MetricFile::Mean(file) => number_columns::mean(rule, file),
        MetricFile::Ratio(file) => number_columns::ratio(rule, file),
        MetricFile::ColumnQuantile(file) => number_columns::quantile(rule, file),
        MetricFile::MustNotFlip(listed) => flips::must_not(rule, listed, task),
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
        MetricFile::Measured(file) => measured::quantity(rule, file),
        MetricFile::Parity(file) => measured::parity(rule, file),
        MetricFile::Command(file) => measured::command(rule, file),
    }
}

/// A metric of rows and what is said about it.
pub(super) struct Named {
    pub metric: Metric,
    pub parameters: BTreeMap<String, Scalar>,
    pub columns: Vec<String>,
    pub better: Option<Direction>,
}

fn metric(
    rule: &RuleFile,
    name: &str,
    words: &BTreeMap<String, Scalar>,
    task: Task,
) -> Result<MeasureRecord, PolicyError> {
    if name == EQUALIZED_ODDS {
        return equalized_odds(rule, words, task);
    }
    let known = Metric::parse(name).filter(|metric| Metric::all().contains(metric));
    let Some(metric) = known.or_else(|| Metric::of_alias(name)) else {
        return Err(PolicyError::UnknownMetric {
            rule: rule.id.clone(),
            metric: name.chars().take(80).collect(),
            nearest: nearest(
                name,
                Metric::all()
                    .iter()
                    .map(|metric| metric.name())
                    .chain(Flips::ALL.map(Flips::name))
                    .chain([EQUALIZED_ODDS]),
            ),
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
    if name.starts_with("neg_") && (rule.min.is_some() || rule.max.is_some()) {
        return Err(PolicyError::Negated { rule: rule.id.clone(), alias: name.to_owned(), metric: metric.name() });
    }
    parameters::read(metric, task, words).map_err(|problem| refused(rule, metric, task, problem))?;
    let thresholded = task == Task::Binary && metric.counts_classes();
    misplaced(
        rule,
        "threshold",
        rule.threshold.is_some() && !thresholded,
        "a binary metric that counts predicted classes",
    )?;
    let parameters = parameters::written(metric, task, words);
    of_rows(rule, Named { metric, parameters, columns: Vec::new(), better: None })
}

/// The gaps of the true and of the false positive rate at once.
fn equalized_odds(rule: &RuleFile, words: &BTreeMap<String, Scalar>, task: Task) -> Result<MeasureRecord, PolicyError> {
    if task != Task::Binary {
        let (rule, metric) = (rule.id.clone(), EQUALIZED_ODDS.to_owned());
        return Err(PolicyError::OtherTask { rule, metric, task: task.name(), tasks: vec![Task::Binary.name()] });
    }
    if let Some(key) = words.keys().next().cloned() {
        let (rule, metric) = (rule.id.clone(), EQUALIZED_ODDS);
        return Err(PolicyError::UnknownParameter { rule, metric, nearest: Vec::new(), known: Vec::new(), key });
    }
    misplaced(rule, "worst", !rule.worst.is_empty(), "anything but equalized odds")?;
    let Some(column) = rule.gap.clone() else {
        return Err(PolicyError::Missing { rule: rule.id.clone(), key: "gap", with: "`equalized_odds`" });
    };
    let named = Named { metric: Metric::Recall, parameters: BTreeMap::new(), columns: Vec::new(), better: None };
    let mut record = of_rows(rule, named)?;
    if let MeasureRecord::Metric { over, .. } = &mut record {
        *over = Some(Over::Odds { column });
    }
    Ok(record)
}

pub(super) fn refused(rule: &RuleFile, metric: Metric, task: Task, problem: parameters::Problem) -> PolicyError {
    let rule = rule.id.clone();
    match problem {
        parameters::Problem::Unknown(key) => PolicyError::UnknownParameter {
            rule,
            metric: metric.name(),
            nearest: nearest(&key, parameters::names(metric, task)),
            known: parameters::names(metric, task).collect(),
            key,
        },
        parameters::Problem::Value { key, value, expected } => PolicyError::Parameter { rule, key, value, expected },
        parameters::Problem::Missing(key) => PolicyError::NoParameter { rule, metric: metric.name(), key },
    }
}

fn words(rule: &RuleFile, file: &WithFile) -> Result<BTreeMap<String, Scalar>, PolicyError> {
    let value = |value: &ParameterFile| match value {
        ParameterFile::One(value) => scalar(rule, value),
        ParameterFile::Several(values) => {
            Ok(Scalar::List(values.iter().map(|value| scalar(rule, value)).collect::<Result<_, _>>()?))
        }
    };
    file.parameters.iter().map(|(key, word)| Ok((key.clone(), value(word)?))).collect()
}

/// The threshold, and whether a rule that has 0.5 says so itself.
pub(super) fn threshold(rule: &RuleFile) -> Result<(f64, bool), PolicyError> {
    let threshold = number(rule, "threshold", rule.threshold.unwrap_or(0.5), true, "a finite number")?;
    Ok((threshold, rule.threshold == Some(0.5)))
}

/// The record of a metric of rows.
pub(super) fn of_rows(rule: &RuleFile, named: Named) -> Result<MeasureRecord, PolicyError> {
    let (threshold, threshold_written) = threshold(rule)?;
    Ok(MeasureRecord::Metric {
        metric: named.metric.name().to_owned(),
        set: rule.set.clone(),
        threshold,
        threshold_written,
        only: only(rule)?,
        each: each(rule)?,
        min_rows: min_rows(rule)?,
        over: over::resolve(rule)?,
        parameters: named.parameters,
        columns: named.columns,
        better: named.better,
    })
}

/// Rows a slice needs, 0 where there are none.
pub(super) fn min_rows(rule: &RuleFile) -> Result<u64, PolicyError> {
    let sliced = !rule.each.is_empty() || rule.gap.is_some() || !rule.worst.is_empty();
    misplaced(rule, "min_rows", rule.min_rows.is_some() && !sliced, "`each`, `gap` or `worst`")?;
    match rule.min_rows {
        Some(0) => number(rule, "min_rows", 0.0, false, "at least 1").map(|_| 0),
        Some(rows) => Ok(rows),
        None if sliced => Ok(MIN_ROWS),
        None => Ok(0),
    }
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

pub(super) fn without_rows(rule: &RuleFile) -> Result<(), PolicyError> {
    misplaced(rule, "set", rule.set.is_some(), ROWS)?;
    misplaced(rule, "threshold", rule.threshold.is_some(), ROWS)?;
    misplaced(rule, "where", !rule.only.is_empty(), ROWS)?;
    misplaced(rule, "each", !rule.each.is_empty(), ROWS)?;
    misplaced(rule, "min_rows", rule.min_rows.is_some(), ROWS)?;
    without_values(rule, ROWS)
}

/// Keys that need a metric's value on some rows.
pub(super) fn without_values(rule: &RuleFile, with: &'static str) -> Result<(), PolicyError> {
    misplaced(rule, "gap", rule.gap.is_some(), with)?;
    misplaced(rule, "worst", !rule.worst.is_empty(), with)?;
    misplaced(rule, "against", rule.against.is_some(), with)?;
    misplaced(rule, "ratchet", rule.ratchet, with)
}

pub(super) fn only(rule: &RuleFile) -> Result<BTreeMap<String, Vec<Scalar>>, PolicyError> {
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

pub(super) fn each(rule: &RuleFile) -> Result<Vec<String>, PolicyError> {
    columns(rule, "each", &rule.each)
}

/// Columns named under `key`, each once.
pub(super) fn columns(rule: &RuleFile, key: &'static str, named: &[String]) -> Result<Vec<String>, PolicyError> {
    let mut seen = BTreeSet::new();
    for column in named {
        if column.is_empty() {
            return Err(empty(rule, key));
        }
        if !seen.insert(column) {
            return Err(PolicyError::ColumnTwice { rule: rule.id.clone(), key, column: column.clone() });
        }
    }
    Ok(named.to_vec())
}

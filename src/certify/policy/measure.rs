//! What a rule measures: a metric of rows, a reported number, a quantile of samples, what the provenance lacks, or what is seen
//! while a model runs; of data, environment and reports see [`data`].

use std::collections::BTreeMap;

use super::PolicyError;
use super::refuse::{empty, misplaced, number, refused};
use super::rows::{Named, of_rows, scalar, without_rows};
use super::{columns as number_columns, data, flips, measured, parameters};
use crate::format::policy::{Check, Flips, MeasureRecord, MetricFile, Over, ParameterFile, RuleFile, Task, WithFile};
use crate::format::scalar::Scalar;
use crate::measure::{self, Metric};
use crate::nearest::nearest;

/// As written in a policy.
const EQUALIZED_ODDS: &str = "equalized_odds";

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

fn words(rule: &RuleFile, file: &WithFile) -> Result<BTreeMap<String, Scalar>, PolicyError> {
    let value = |value: &ParameterFile| match value {
        ParameterFile::One(value) => scalar(rule, value),
        ParameterFile::Several(values) => {
            Ok(Scalar::List(values.iter().map(|value| scalar(rule, value)).collect::<Result<_, _>>()?))
        }
    };
    file.parameters.iter().map(|(key, word)| Ok((key.clone(), value(word)?))).collect()
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

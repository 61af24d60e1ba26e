//! What a rule's record measures, as the measuring module has it.

use std::collections::BTreeMap;

use super::error::CertifyError;
use super::policy::parameters;
use super::slices::is;
use crate::evidence::TruthColumn;
use crate::format::policy::{Direction, MeasureRecord, RuleRecord, Task};
use crate::format::scalar::Scalar;
use crate::measure::{Better, Metric, MetricSpec};
use crate::nearest::nearest;

/// The metric of a rule on rows, its classes numbered as in `truth`.
pub(super) fn of(rule: &RuleRecord, task: Task, truth: &TruthColumn) -> Result<MetricSpec, CertifyError> {
    let (mut spec, labels) = settled(rule, task)?;
    if labels.is_empty() {
        return Ok(spec);
    }
    let names = match truth {
        TruthColumn::Classes { names, .. } => names.as_slice(),
        _ => &[],
    };
    let number = |label: &Scalar| {
        let found = (0..).zip(names).find(|(_, name)| is(name, label)).map(|(class, _): (u32, _)| class);
        found.ok_or_else(|| {
            let value = label.to_string();
            CertifyError::UnknownClass {
                rule: rule.id.clone(),
                nearest: nearest(&value, names.iter().map(String::as_str)),
                class: value,
            }
        })
    };
    spec.parameters.labels = Some(labels.iter().map(number).collect::<Result<_, _>>()?);
    Ok(spec)
}

/// The metric of a rule on rows, and the classes it counts by name.
pub(super) fn settled(rule: &RuleRecord, task: Task) -> Result<(MetricSpec, Vec<Scalar>), CertifyError> {
    let MeasureRecord::Metric { metric: name, parameters, columns, better, .. } = &rule.measure else {
        let metric = "what is no metric of rows".to_owned();
        return Err(CertifyError::UnknownMetric { rule: rule.id.clone(), metric });
    };
    let unknown = || CertifyError::UnknownMetric { rule: rule.id.clone(), metric: name.clone() };
    let metric = Metric::parse(name).ok_or_else(unknown)?;
    let mut words = parameters.clone();
    let quantile = if metric == Metric::ColumnQuantile { words.remove("quantile") } else { None };
    let read = parameters::read(metric, task, &words);
    let mut settings =
        read.map_err(|_| CertifyError::UnknownParameters { rule: rule.id.clone(), metric: name.clone() })?;
    if let Some(share) = quantile.and_then(|share| share.finite()) {
        settings.parameters.alpha = share;
    }
    settings.parameters.columns.clone_from(columns);
    settings.parameters.better = better.map(|better| match better {
        Direction::Higher => Better::Higher,
        Direction::Lower => Better::Lower,
    });
    Ok((MetricSpec::new(metric).at(rule.measure.threshold()).with(settings.parameters), settings.labels))
}

/// The metric with the classes that were recorded for it.
pub(super) fn with_labels(spec: &MetricSpec, recorded: &BTreeMap<String, f64>) -> MetricSpec {
    let class = |at: usize| recorded.get(&format!("label_{at}")).filter(|class| (0.0..1e9).contains(*class));
    let labels: Vec<u32> = (0..recorded.len()).map_while(|at| class(at).map(|class| *class as u32)).collect();
    let mut spec = spec.clone();
    if !labels.is_empty() {
        spec.parameters.labels = Some(labels);
    }
    spec
}

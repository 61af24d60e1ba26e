//! When a model is right about a row: of classes as recorded or at a threshold, of answers in words by a metric of which nothing is missing.

use super::error::CertifyError;
use super::policy::parameters;
use super::spec;
use crate::format::policy::{AnswersRecord, MeasureRecord, RuleRecord, Task};
use crate::measure::{Metric, MetricSpec};

/// What a rule on rows takes for right. Of a metric of answers that is the metric itself; of a metric of something else it is the
/// class, or the reference word for word.
pub(super) fn of_rule(rule: &RuleRecord, task: Task) -> Result<MetricSpec, CertifyError> {
    match &rule.measure {
        MeasureRecord::Flips { answers, .. } | MeasureRecord::MustNotFlip { answers, .. } => {
            Ok(of_answers(&rule.id, answers.as_ref(), task)?.at(rule.measure.threshold()))
        }
        MeasureRecord::Metric { .. } => {
            let (spec, _) = spec::settled(rule, task)?;
            let of_answers = [Metric::ExactMatch, Metric::Contains, Metric::NumericMatch, Metric::TokenF1];
            let by = if of_answers.contains(&spec.metric) { spec } else { MetricSpec::new(Metric::ExactMatch) };
            Ok(by.at(rule.measure.threshold()))
        }
        _ => Ok(MetricSpec::new(Metric::ExactMatch)),
    }
}

fn of_answers(rule: &str, answers: Option<&AnswersRecord>, task: Task) -> Result<MetricSpec, CertifyError> {
    let Some(AnswersRecord { metric: name, parameters: words }) = answers else {
        return Ok(MetricSpec::new(Metric::ExactMatch));
    };
    let unknown = || CertifyError::UnknownMetric { rule: rule.to_owned(), metric: name.clone() };
    let metric = Metric::parse(name).ok_or_else(unknown)?;
    let settings = parameters::read(metric, task, words)
        .map_err(|_| CertifyError::UnknownParameters { rule: rule.to_owned(), metric: name.clone() })?;
    Ok(MetricSpec::new(metric).with(settings.parameters))
}

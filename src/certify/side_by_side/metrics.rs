//! Metrics of two models on the rows of one set: those that rules ask for, then a few that everybody knows.

use rayon::prelude::*;

use super::Terms;
use crate::certify::measured::{Incomparable, few, two_models};
use crate::certify::outcome::metric_title;
use crate::certify::rows::{View, consistent};
use crate::certify::slices::{Selection, select};
use crate::certify::spec;
use crate::evidence::{JoinedRows, PredictedColumns, TruthColumn};
use crate::format::policy::{MeasureRecord, Over, RuleRecord, Task};
use crate::measure::{Better, Comparison, Metric, MetricSpec};

/// A metric of two models on the same rows; the candidate is the later one.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedMetric {
    /// What is measured, as a certificate calls it: `roc_auc`, `fbeta (beta 2)`.
    pub metric: String,
    /// The threshold that scores are held against, where a rule says one.
    pub threshold: Option<f64>,
    /// Where a rule is about some of the rows only: `country=DE`.
    pub slice: Option<String>,
    /// The first rule that asks for it; none: no rule does.
    pub rule: Option<String>,
    /// Which way is better.
    pub better: Better,
    /// Values, difference and the ends of its interval, as sure as the [terms](Terms) say; or why there are none.
    pub found: Result<Comparison, String>,
}

/// One to be measured.
pub(super) struct Asked<'a> {
    rule: Option<&'a RuleRecord>,
    pub(super) title: String,
    pub(super) spec: MetricSpec,
    /// The rows, or why nobody knows which.
    pub(super) selection: Result<Option<Selection>, String>,
}

/// The metrics that rules on these rows ask for, in the rules' order and each once, then those that the columns allow. `unnamed`
/// is whether rules that name no set are about this one.
pub fn compared_metrics(joined: &JoinedRows, terms: &Terms<'_>, unnamed: bool) -> Vec<ComparedMetric> {
    let usable = consistent(joined, terms.task);
    let measure = |one: Asked<'_>| {
        let slice = one.selection.as_ref().ok().and_then(|some| some.as_ref()?.label.clone());
        let found = usable.clone().and_then(|()| compared(&one, joined, terms));
        ComparedMetric {
            threshold: one.spec.threshold,
            slice,
            rule: one.rule.map(|rule| rule.id.clone()),
            better: one.spec.better(),
            metric: one.title,
            found,
        }
    };
    asked(joined, terms, unnamed).into_par_iter().map(measure).collect()
}

/// What is to be measured: what rules ask for, each once, then what the columns allow.
pub(super) fn asked<'a>(joined: &JoinedRows, terms: &Terms<'a>, unnamed: bool) -> Vec<Asked<'a>> {
    let mut asked: Vec<Asked<'_>> = Vec::new();
    for rule in terms.rules {
        let Some(one) = of_rule(rule, joined, terms.task, unnamed) else { continue };
        let label = |one: &Asked<'_>| one.selection.as_ref().ok().and_then(|some| some.as_ref()?.label.clone());
        let is_same = |known: &Asked<'_>| known.spec == one.spec && label(known) == label(&one);
        if !asked.iter().any(is_same) {
            asked.push(one);
        }
    }
    for metric in known(terms.task).iter().filter(|metric| allowed(**metric, joined)) {
        let is_asked = |one: &Asked<'_>| one.spec.metric == *metric && matches!(one.selection, Ok(None));
        if !asked.iter().any(is_asked) {
            let (spec, title) = (MetricSpec::new(*metric), metric.name().to_owned());
            asked.push(Asked { rule: None, title, spec, selection: Ok(None) });
        }
    }
    asked
}

/// What a rule measures, without what it does with the values in several slices. None of a rule on something else.
fn of_rule<'a>(rule: &'a RuleRecord, joined: &JoinedRows, task: Task, unnamed: bool) -> Option<Asked<'a>> {
    let MeasureRecord::Metric { metric, set, only, parameters, columns, over, .. } = &rule.measure else { return None };
    let is_about = set.as_ref().map_or(unnamed, |set| *set == joined.set);
    // The larger of two gaps is no metric of all rows.
    if !is_about || matches!(over, Some(Over::Odds { .. })) {
        return None;
    }
    let title = metric_title(metric, parameters, columns);
    let (plain, _) = spec::settled(rule, task).ok()?;
    let (spec, selection) = match (spec::of(rule, task, &joined.truth), only.is_empty()) {
        (Err(error), _) => (plain, Err(error.to_string())),
        (Ok(spec), true) => (spec, Ok(None)),
        (Ok(spec), false) => (spec, select(rule, joined, only).map(Some).map_err(|error| error.to_string())),
    };
    Some(Asked { rule: Some(rule), title, spec, selection })
}

/// A few that everybody knows.
const fn known(task: Task) -> &'static [Metric] {
    match task {
        Task::Binary => {
            &[Metric::RocAuc, Metric::AveragePrecision, Metric::LogLoss, Metric::Brier, Metric::Accuracy, Metric::F1]
        }
        Task::Multiclass => &[Metric::Accuracy, Metric::MacroF1, Metric::LogLoss],
        Task::Regression => &[Metric::MeanAbsoluteError, Metric::RootMeanSquaredError, Metric::R2],
        Task::Ranking => &[Metric::Ndcg, Metric::MeanAveragePrecision],
        Task::Text => &[Metric::ExactMatch, Metric::TokenF1],
    }
}

/// Whether a model has the columns that a metric is made of; if only one of the two has, that is to be said.
fn allowed(metric: Metric, joined: &JoinedRows) -> bool {
    let models = || std::iter::once(&joined.candidate).chain(&joined.baseline);
    let any = |has: fn(&PredictedColumns) -> bool| models().any(has);
    let unit = || {
        let scores = models().filter_map(|model| model.scores.as_ref());
        scores.flatten().all(|score| (0.0..=1.0).contains(score))
    };
    match (metric, &joined.truth) {
        (metric, TruthColumn::Binary(_)) if metric.counts_classes() => {
            any(|model| model.classes.is_some() || model.scores.is_some())
        }
        (metric, _) if metric.counts_classes() => any(|model| model.classes.is_some() || model.probabilities.is_some()),
        // Scores of any height rank; only probabilities have a log.
        (Metric::LogLoss | Metric::Brier, TruthColumn::Binary(_)) => any(|model| model.scores.is_some()) && unit(),
        (Metric::LogLoss, TruthColumn::Classes { .. }) => any(|model| model.probabilities.is_some()),
        (_, TruthColumn::Binary(_)) => any(|model| model.scores.is_some()),
        (_, TruthColumn::Relevance(_)) => any(|model| model.scores.is_some()) && joined.groups.is_some(),
        (_, TruthColumn::Real(_)) => any(|model| model.values.is_some()),
        (_, TruthColumn::Texts(_)) => any(|model| model.texts.is_some()),
        (_, TruthColumn::Classes { .. }) => false,
    }
}

fn compared(asked: &Asked<'_>, joined: &JoinedRows, terms: &Terms<'_>) -> Result<Comparison, String> {
    let of_columns = &asked.spec.parameters.columns;
    if let Some(defect) = of_columns.iter().find_map(|name| joined.unfit.iter().find_map(|unfit| unfit.get(name))) {
        return Err(defect.to_string());
    }
    let view = match asked.selection.as_ref().map_err(Clone::clone)? {
        Some(selection) => View::of(joined, &selection.rows),
        None => View::whole(joined),
    };
    let baseline = view.baseline().ok_or("there is one model only")?;
    let sampling = terms.sampling(&view, &asked.spec);
    let of_queries = terms.task == Task::Ranking && of_columns.is_empty();
    two_models(&asked.spec, &view, &baseline, &sampling, of_queries).map_err(|why| match why {
        Incomparable::TooFew(units) => few(units, of_queries),
        Incomparable::Undefined(undefined) => undefined.to_string(),
    })
}

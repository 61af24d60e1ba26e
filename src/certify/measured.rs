//! A metric measured on some rows and held against what a rule asks.

use super::decision::{self, Gap, Level};
use super::limit::{Limit, Measurement};
use super::outcome::{blank, explained, inconclusive, n_rows};
use super::rows::View;
use super::sufficient::flat;
use super::wording::{difference, significant};
use crate::digest::Digest;
use crate::format::certificate::{ResultRecord, Verdict};
use crate::format::policy::{Bound, DemandRecord, PolicyRecord, RuleRecord};
use crate::measure::{self, Better, Comparison, Method, MetricSpec, Sampling, Undefined};
use crate::name::SetName;

/// What is measured, on whichever rows.
pub(super) struct Measured<'a> {
    pub rule: &'a RuleRecord,
    pub spec: MetricSpec,
    pub policy: &'a PolicyRecord,
    pub set: &'a SetName,
}

impl Measured<'_> {
    /// The rule's result on these rows.
    pub(super) fn judge(&self, view: &View<'_>, slice: Option<String>) -> ResultRecord {
        let result = ResultRecord { n: view.len(), ..blank(self.rule, Some(self.set), slice) };
        let sampling = Sampling {
            confidence: self.policy.confidence,
            resamples: self.policy.resamples,
            seed: view.seed(self.spec.metric),
        };
        match Limit::of(&self.rule.demand) {
            Some(limit) => self.absolute(view, &sampling, result, limit),
            None => self.comparison(view, &sampling, result),
        }
    }

    fn comparison(&self, view: &View<'_>, sampling: &Sampling, result: ResultRecord) -> ResultRecord {
        let Some(baseline) = view.baseline() else {
            return inconclusive(result, format!("the baseline has no predictions set `{}`", self.set));
        };
        let found = match measure::compare(&self.spec, &view.rows(), &view.candidate(), &baseline, sampling) {
            Ok(found) => found,
            Err(undefined) => return inconclusive(result, self.undefined(&undefined)),
        };
        let gap = Gap {
            exact: found.method == Method::Exact,
            ..Gap::turned(self.spec.metric.better(), found.delta, found.lower, found.upper)
        };
        let verdict = match self.rule.demand {
            DemandRecord::NonInferior { margin } => decision::non_inferior(gap, margin),
            DemandRecord::Superior { gain } => decision::superior(gap, gain),
            DemandRecord::NotWorseDetected { margin } => decision::not_worse_detected(gap, margin),
            _ => Verdict::Inconclusive,
        };
        let undecided = verdict == Verdict::Inconclusive;
        let result = ResultRecord {
            verdict,
            n: found.n,
            candidate: Some(found.candidate),
            baseline: Some(found.baseline),
            delta: Some(found.delta),
            lower: Some(found.lower),
            upper: Some(found.upper),
            method: Some(found.method.name().to_owned()),
            resamples: found.resamples,
            seed: found.resamples.map(|_| Digest::from_bytes(sampling.seed)),
            rows_needed: undecided.then(|| self.rows_for_gap(&found, gap)).flatten(),
            sufficient: flat(&found.sufficient, found.standard_error),
            ..result
        };
        self.explain(result, &found)
    }

    fn explain(&self, result: ResultRecord, found: &Comparison) -> ResultRecord {
        let limit = result.margin;
        let (name, failed) = match self.rule.demand {
            DemandRecord::Superior { .. } => ("gain", "not better by more than the gain"),
            _ => ("margin", "worse by more than the margin"),
        };
        let text = format!(
            "Δ {}, {name} {}{}",
            difference(found.delta, Some((found.lower, found.upper)), limit),
            significant(limit.unwrap_or(f64::NAN)),
            n_rows(found.n)
        );
        explained(result, &text, failed)
    }

    /// Rows that would decide if the models were equal; where as many as there are did not, if they differ as observed.
    fn rows_for_gap(&self, found: &Comparison, gap: Gap) -> Option<u64> {
        let needed = |distance: f64| self.rows_needed(found.standard_error, found.n, distance);
        match self.rule.demand {
            DemandRecord::Superior { gain } => needed((gap.delta - gain).abs()),
            _ => {
                let margin = self.rule.demand.margin()?;
                needed(margin).or_else(|| needed((gap.delta + margin).abs()))
            }
        }
    }

    /// None if no more rows than there are would be needed: then the assumption is wrong.
    fn rows_needed(&self, standard_error: Option<f64>, n: u64, distance: f64) -> Option<u64> {
        let (confidence, power) = (self.policy.confidence, self.policy.power);
        measure::rows_needed(standard_error?, n, distance, confidence, power).filter(|rows| *rows > n)
    }

    fn absolute(&self, view: &View<'_>, sampling: &Sampling, result: ResultRecord, limit: Limit) -> ResultRecord {
        let (rows, candidate) = (view.rows(), view.candidate());
        let found = match measure::estimate(&self.spec, &rows, &candidate, sampling) {
            Ok(found) => found,
            // Rows that do not vary have no interval, yet a value; a rule on the point asks for no more.
            Err(Undefined::ZeroVariance) if limit.on == Bound::Point => {
                return match measure::value(&self.spec, &rows.truth, &candidate) {
                    Ok(value) => limit.judge(result, &Measurement::point(value, "point")),
                    Err(undefined) => inconclusive(result, self.undefined(&undefined)),
                };
            }
            Err(undefined) => return inconclusive(result, self.undefined(&undefined)),
        };
        let rows_needed =
            limit.limit.and_then(|limit| self.rows_needed(found.standard_error, found.n, (found.value - limit).abs()));
        let result = ResultRecord {
            n: found.n,
            resamples: found.resamples,
            seed: found.resamples.map(|_| Digest::from_bytes(sampling.seed)),
            rows_needed,
            sufficient: flat(&found.sufficient, found.standard_error),
            ..result
        };
        let level = Level { value: found.value, lower: found.lower, upper: found.upper };
        limit.judge(result, &Measurement { level, bounded: true, method: found.method.name() })
    }

    fn undefined(&self, undefined: &Undefined) -> String {
        format!("{} is not defined: {undefined}", self.spec.metric)
    }
}

impl Gap {
    /// From candidate minus baseline, as measured.
    pub(super) const fn turned(better: Better, delta: f64, lower: f64, upper: f64) -> Self {
        match better {
            Better::Higher => Self { delta, lower, upper, exact: false },
            Better::Lower => Self { delta: -delta, lower: -upper, upper: -lower, exact: false },
        }
    }
}

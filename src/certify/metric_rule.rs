//! Rules on metrics computed from rows: the value, or what the values in several slices come to.

use super::case::Case;
use super::error::CertifyError;
use super::measured::Measured;
use super::outcome::{blank, inconclusive};
use super::rows::View;
use super::rows_rule::{Found, RowsRule};
use super::{gap_rule, holm, odds_rule, ratchet, remarked, spec, worst_rule};
use crate::evidence::Defect;
use crate::format::certificate::ResultRecord;
use crate::format::policy::{DemandRecord, MeasureRecord, Over, RuleRecord};

/// A rule on a metric, taken apart.
pub(super) struct MetricRule<'a> {
    pub rule: &'a RuleRecord,
    pub metric: &'a str,
    pub over: Option<&'a Over>,
}

impl MetricRule<'_> {
    /// What is wrong with a column of numbers that this rule is about; other rules do not look at it.
    fn unfit<'f>(&self, found: &Found<'f>) -> Option<&'f Defect> {
        let MeasureRecord::Metric { columns, .. } = &self.rule.measure else { return None };
        let [ours, theirs] = &found.joined.unfit;
        let compared = columns.iter().filter(|_| self.rule.is_comparison());
        columns.iter().find_map(|column| ours.get(column)).or_else(|| compared.filter_map(|c| theirs.get(c)).next())
    }

    /// One result, or one for each slice. With remarks on what was not judged.
    pub(super) fn judge(&self, case: &Case<'_>, remarks: &mut Vec<String>) -> Result<Vec<ResultRecord>, CertifyError> {
        let task = case.policy.task;
        spec::settled(self.rule, task)?;
        let unsuitable = |demand| {
            Err(CertifyError::Unsuitable { rule: self.rule.id.clone(), demand, measure: self.metric.to_owned() })
        };
        match (&self.rule.demand, self.over) {
            (DemandRecord::MaxDrop { .. } | DemandRecord::MaxRatio { .. }, _) => {
                return unsuitable("a comparison without rows");
            }
            (DemandRecord::MinRatio { .. }, None | Some(Over::Odds { .. })) => {
                return unsuitable("a ratio of groups");
            }
            _ => {}
        }
        let Some(rows) = RowsRule::of(self.rule) else { return unsuitable("rows") };
        let found = match rows.find(case)? {
            Ok(found) => found,
            Err(result) => return Ok(vec![result]),
        };
        if let Some(defect) = self.unfit(&found) {
            let result = blank(self.rule, Some(found.set), found.selection.label.clone());
            return Ok(vec![inconclusive(result, defect.to_string())]);
        }
        let spec = spec::of(self.rule, task, &found.joined.truth)?;
        let measured = Measured { rule: self.rule, spec: &spec, policy: case.policy, set: found.set };
        let said = remarked::remarks(&spec, &View::of(found.joined, &found.selection.rows));
        remarks.extend(said.into_iter().map(|remark| format!("rule `{}`: {remark}", self.rule.id)));
        match self.over {
            Some(Over::Gap { column }) => gap_rule::judge(&measured, &rows, &found, column, remarks),
            Some(Over::Odds { column }) => odds_rule::judge(&measured, &rows, &found, column, remarks),
            Some(Over::Worst { columns }) => worst_rule::judge(&measured, &rows, &found, columns, remarks),
            None if self.rule.ratchet => Ok(vec![ratchet::judge(&measured, &rows, &found, case, remarks)?]),
            None => {
                let mut results = rows.judge(&found, &|view, slice| measured.judge(view, slice), remarks)?;
                if let DemandRecord::NotWorseDetected { margin } = self.rule.demand {
                    holm::correct(&mut results, spec.better(), margin, case.policy.confidence, remarks);
                }
                Ok(results)
            }
        }
    }
}

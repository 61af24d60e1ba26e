//! Rules on metrics computed from rows: the value, or what the values in several slices come to.

use super::case::Case;
use super::error::CertifyError;
use super::measured::Measured;
use super::rows::View;
use super::rows_rule::RowsRule;
use super::{gap_rule, holm, ratchet, remarked, spec, worst_rule};
use crate::format::certificate::ResultRecord;
use crate::format::policy::{DemandRecord, Over, RuleRecord};

/// A rule on a metric, taken apart.
pub(super) struct MetricRule<'a> {
    pub rule: &'a RuleRecord,
    pub metric: &'a str,
    pub over: Option<&'a Over>,
}

impl MetricRule<'_> {
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
            (DemandRecord::MinRatio { .. }, None) => {
                return unsuitable("a ratio of groups");
            }
            _ => {}
        }
        let Some(rows) = RowsRule::of(self.rule) else { return unsuitable("rows") };
        let found = match rows.find(case)? {
            Ok(found) => found,
            Err(result) => return Ok(vec![result]),
        };
        let spec = spec::of(self.rule, task, &found.joined.truth)?;
        let measured = Measured { rule: self.rule, spec: &spec, policy: case.policy, set: found.set };
        let said = remarked::remarks(&spec, &View::of(found.joined, &found.selection.rows));
        remarks.extend(said.into_iter().map(|remark| format!("rule `{}`: {remark}", self.rule.id)));
        match self.over {
            Some(Over::Gap { column }) => gap_rule::judge(&measured, &rows, &found, column, remarks),
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

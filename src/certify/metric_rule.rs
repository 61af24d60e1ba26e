//! Rules on metrics computed from rows: which set, which rows, which slices.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::case::Case;
use super::error::CertifyError;
use super::holm;
use super::measured::Measured;
use super::outcome::{blank, inconclusive};
use super::rows::{View, consistent};
use super::slices::{Partition, Selection, Slice, column, partition, select, unknown_column};
use super::wording::{grouped, some};
use crate::evidence::{Defect, JoinedRows, SliceColumn};
use crate::format::certificate::ResultRecord;
use crate::format::policy::{DemandRecord, RuleRecord};
use crate::format::scalar::Scalar;
use crate::measure::{Metric, MetricSpec};
use crate::name::SetName;
use crate::nearest::nearest;

/// Share of the rows that must lie in judged slices, in percent.
const COVERED: u64 = 95;
/// Slices a remark names.
const NAMED: usize = 5;

/// A rule on rows, taken apart.
pub(super) struct MetricRule<'a> {
    pub rule: &'a RuleRecord,
    pub metric: &'a str,
    pub set: Option<&'a SetName>,
    pub threshold: f64,
    pub only: &'a BTreeMap<String, Vec<Scalar>>,
    pub each: &'a [String],
    pub min_rows: u64,
}

impl MetricRule<'_> {
    /// One result, or one for each slice. With remarks on what was not judged.
    pub(super) fn judge(&self, case: &Case<'_>, remarks: &mut Vec<String>) -> Result<Vec<ResultRecord>, CertifyError> {
        let Some(metric) = Metric::parse(self.metric) else {
            return Err(CertifyError::UnknownMetric { rule: self.rule.id.clone(), metric: self.metric.to_owned() });
        };
        let set = set_of(self.rule, self.set, case)?;
        let undecided = |slice: Option<String>, reason: String| {
            let result = blank(self.rule, set, slice);
            let resting_on = set.map_or("", SetName::as_str);
            Ok(vec![case.unfit(self.rule, resting_on, &result).unwrap_or_else(|| inconclusive(result, reason))])
        };
        let Some(named) = set else {
            return undecided(None, "the candidate has no predictions set".to_owned());
        };
        let joined = match case.sets.get(named) {
            None => return undecided(None, format!("the predictions set `{named}` was not read")),
            Some(Err(defect)) => {
                self.check_column(named, defect)?;
                return undecided(None, defect.to_string());
            }
            Some(Ok(joined)) => joined,
        };
        if let Err(reason) = consistent(joined, case.policy.task) {
            return undecided(None, reason);
        }
        let selection = select(self.rule, joined, self.only)?;
        let columns = self.columns(joined)?;
        if let Some(result) = case.unfit(self.rule, named.as_str(), &blank(self.rule, set, selection.label.clone())) {
            return Ok(vec![result]);
        }
        let spec = MetricSpec { metric, threshold: self.threshold };
        let measured = Measured { rule: self.rule, spec, policy: case.policy, set: named };
        if self.each.is_empty() {
            return Ok(vec![measured.judge(&View::of(joined, &selection.rows), selection.label)]);
        }
        let mut results = Vec::new();
        for (name, column) in columns {
            let partition = partition(name, column, &selection, self.min_rows);
            let judged = |slice: &Slice| measured.judge(&View::of(joined, &slice.rows), Some(slice.label.clone()));
            results.par_extend(partition.judged.par_iter().map(judged));
            results.extend(self.covered(named, name, &partition, &selection, remarks));
        }
        if let DemandRecord::NotWorseDetected { margin } = self.rule.demand {
            holm::correct(&mut results, metric.better(), margin, case.policy.confidence, remarks);
        }
        Ok(results)
    }

    fn columns<'b>(&'b self, joined: &'b JoinedRows) -> Result<Vec<(&'b str, &'b SliceColumn)>, CertifyError> {
        self.each.iter().map(|name| Ok((name.as_str(), column(self.rule, joined, name)?))).collect()
    }

    /// A column that a rule slices by and nobody has is the rule's mistake, not the evidence's.
    fn check_column(&self, set: &SetName, defect: &Defect) -> Result<(), CertifyError> {
        match defect {
            Defect::ColumnMissing { column, columns, .. }
                if self.only.contains_key(column) || self.each.contains(column) =>
            {
                Err(unknown_column(self.rule, set, column, columns.clone()))
            }
            _ => Ok(()),
        }
    }

    /// Says which rows were in no slice; inconclusive if they are too many.
    fn covered(
        &self,
        set: &SetName,
        column: &str,
        partition: &Partition,
        selection: &Selection,
        remarks: &mut Vec<String>,
    ) -> Option<ResultRecord> {
        let total = selection.rows.len() as u64;
        let covered = total - partition.left_out_rows;
        if covered < total {
            remarks.push(format!(
                "rule `{}`: {} of {} rows were not judged, in slices of `{column}` below {} rows: {}",
                self.rule.id,
                grouped(partition.left_out_rows),
                grouped(total),
                grouped(self.min_rows),
                some(&partition.left_out, NAMED),
            ));
        }
        if total > 0 && u128::from(covered) * 100 >= u128::from(total) * u128::from(COVERED) {
            return None;
        }
        let result = ResultRecord { n: total, ..blank(self.rule, Some(set), Some(column.to_owned())) };
        let reason = format!(
            "only {} of {} rows lie in slices of {} rows or more; {COVERED} % are needed",
            grouped(covered),
            grouped(total),
            grouped(self.min_rows),
        );
        Some(inconclusive(result, reason))
    }
}

/// The set a rule is about; none where the candidate has none and the rule names none.
pub(super) fn set_of<'b>(
    rule: &RuleRecord,
    set: Option<&'b SetName>,
    case: &Case<'b>,
) -> Result<Option<&'b SetName>, CertifyError> {
    let known = case.candidate_sets;
    match (set, known) {
        (set, []) => Ok(set),
        (Some(set), _) if known.contains(set) => Ok(Some(set)),
        (Some(set), _) => Err(CertifyError::UnknownSet {
            rule: rule.id.clone(),
            kind: "predictions",
            set: set.clone(),
            known: known.to_vec(),
            nearest: nearest(set.as_str(), known.iter().map(SetName::as_str)),
        }),
        (None, [only]) => Ok(Some(only)),
        (None, _) => Err(CertifyError::SeveralSets { rule: rule.id.clone(), known: known.to_vec() }),
    }
}

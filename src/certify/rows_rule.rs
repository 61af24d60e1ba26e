//! Rules on rows: which set, which rows, which slices.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rayon::prelude::*;

use super::case::Case;
use super::error::CertifyError;
use super::outcome::{blank, inconclusive};
use super::rows::{View, consistent};
use super::slices::{Partition, Selection, Slice, column, partition, select, unknown_column};
use super::sufficient::shield;
use super::wording::{grouped, some};
use crate::evidence::{Defect, JoinedRows, SliceColumn};
use crate::format::certificate::ResultRecord;
use crate::format::policy::{MeasureRecord, RuleRecord};
use crate::format::scalar::Scalar;
use crate::name::SetName;
use crate::nearest::nearest;

/// Share of the rows that must lie in judged slices, in percent.
const COVERED: u64 = 95;
/// Slices a remark names.
const NAMED: usize = 5;

/// What a rule on rows says of them.
pub(super) struct RowsRule<'a> {
    pub rule: &'a RuleRecord,
    pub set: Option<&'a SetName>,
    pub only: Cow<'a, BTreeMap<String, Vec<Scalar>>>,
    pub each: &'a [String],
    /// The columns of a gap or a worst slice.
    pub over: &'a [String],
    pub min_rows: u64,
}

/// The rows of a rule.
pub(super) struct Found<'a> {
    pub set: &'a SetName,
    pub joined: &'a JoinedRows,
    pub selection: Selection,
}

/// Whether slices below `min_rows` are judged together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Small {
    Pooled,
    LeftOut,
}

impl<'a> RowsRule<'a> {
    /// None of a rule that is on no rows.
    pub(super) fn of(rule: &'a RuleRecord) -> Option<Self> {
        let all: (Cow<'a, _>, &[String], &[String], u64) = (Cow::Owned(BTreeMap::new()), &[], &[], 0);
        let (set, (only, each, over, min_rows)) = match &rule.measure {
            MeasureRecord::Metric { set, only, each, over, min_rows, .. } => {
                let over = over.as_ref().map_or(&[][..], |over| over.columns());
                (set, (Cow::Borrowed(only), each.as_slice(), over, *min_rows))
            }
            MeasureRecord::Flips { set, only, each, min_rows, .. } => {
                (set, (Cow::Borrowed(only), each.as_slice(), &[][..], *min_rows))
            }
            MeasureRecord::MustNotFlip { set, .. } => (set, all),
            _ => return None,
        };
        Some(Self { rule, set: set.as_ref(), only, each, over, min_rows })
    }

    /// The rows; or what becomes of the rule without any.
    pub(super) fn find(&self, case: &Case<'a>) -> Result<Result<Found<'a>, ResultRecord>, CertifyError> {
        let set = set_of(self.rule, self.set, case)?;
        let undecided = |slice: Option<String>, reason: String| {
            let result = blank(self.rule, set, slice);
            let resting_on = set.map_or("", SetName::as_str);
            Ok(Err(case.unfit(self.rule, resting_on, &result).unwrap_or_else(|| inconclusive(result, reason))))
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
        let selection = select(self.rule, joined, &self.only)?;
        for name in self.each.iter().chain(self.over) {
            column(self.rule, joined, name)?;
        }
        if let Some(result) = case.unfit(self.rule, named.as_str(), &blank(self.rule, set, selection.label.clone())) {
            return Ok(Err(result));
        }
        Ok(Ok(Found { set: named, joined, selection }))
    }

    /// One result, or one for each slice. With remarks on what was not judged.
    pub(super) fn judge(
        &self,
        found: &Found<'_>,
        judged: &(dyn Fn(&View<'_>, Option<String>) -> ResultRecord + Sync),
        remarks: &mut Vec<String>,
    ) -> Result<Vec<ResultRecord>, CertifyError> {
        let Found { joined, selection, .. } = found;
        if self.each.is_empty() {
            return Ok(vec![judged(&View::of(joined, &selection.rows), selection.label.clone())]);
        }
        let mut results = Vec::new();
        for name in self.each {
            let (slices, uncovered) = self.slices(found, name, Small::Pooled, remarks)?;
            let judged = |slice: &Slice| judged(&View::of(joined, &slice.rows), Some(slice.label.clone()));
            let of_column = results.len();
            results.par_extend(slices.par_iter().map(judged));
            let left_out = leaves_out(&slices, selection);
            shield(results[of_column..].iter_mut().map(|result| (result.n, &mut result.sufficient)), left_out);
            results.extend(uncovered);
        }
        Ok(results)
    }

    /// The slices of a column that are judged, and an inconclusive result if too many rows are in none of them.
    pub(super) fn slices(
        &self,
        found: &Found<'_>,
        name: &str,
        small: Small,
        remarks: &mut Vec<String>,
    ) -> Result<(Vec<Slice>, Option<ResultRecord>), CertifyError> {
        let column: Cow<'_, SliceColumn> = column(self.rule, found.joined, name)?;
        let partition = partition(name, &column, &found.selection, self.min_rows, small == Small::Pooled);
        let uncovered = self.covered(found.set, name, &partition, &found.selection, remarks);
        Ok((partition.judged, uncovered))
    }

    /// A column that a rule names and nobody has is the rule's mistake, not the evidence's.
    fn check_column(&self, set: &SetName, defect: &Defect) -> Result<(), CertifyError> {
        let numbers = match &self.rule.measure {
            MeasureRecord::Metric { columns, .. } => columns.as_slice(),
            _ => &[],
        };
        let names = |column| {
            let listed = [self.each, self.over, numbers].iter().any(|names| names.contains(column));
            listed || self.only.contains_key(column)
        };
        match defect {
            Defect::ColumnMissing { column, columns, .. } if names(column) => {
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

/// Whether some rows are in no slice.
pub(super) fn leaves_out(slices: &[Slice], selection: &Selection) -> bool {
    slices.iter().map(|slice| slice.rows.len()).sum::<usize>() < selection.rows.len()
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
        (None, _) => case
            .unnamed_set
            .map(Some)
            .ok_or_else(|| CertifyError::SeveralSets { rule: rule.id.clone(), known: known.to_vec() }),
    }
}

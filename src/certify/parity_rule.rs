//! Whether a model predicts today what was recorded with it: the same rows, each with the same answer, within a tolerance.

use super::case::Case;
use super::error::CertifyError;
use super::limit::{Limit, Measurement};
use super::outcome::{blank, inconclusive};
use super::wording::{grouped, significant};
use crate::evidence::{JoinedRows, PredictedColumns, TruthColumn};
use crate::format::certificate::{ResultRecord, Verdict};
use crate::format::policy::RuleRecord;
use crate::name::SetName;
use crate::nearest::nearest;

/// Rows named in a reason.
const SHOWN: usize = 3;

/// A row that is not as it was.
struct Unlike {
    row: usize,
    /// By how much, as a share of what is tolerated; infinite where an answer is another one.
    by: f64,
    fresh: String,
    recorded: String,
}

/// The rule's result.
pub(super) fn judge(
    rule: &RuleRecord,
    set: &SetName,
    tolerance: f64,
    case: &Case<'_>,
) -> Result<ResultRecord, CertifyError> {
    let result = blank(rule, Some(set), None);
    let known = case.candidate_sets;
    if !known.is_empty() && !known.contains(set) {
        return Err(CertifyError::UnknownSet {
            rule: rule.id.clone(),
            kind: "predictions",
            set: set.clone(),
            known: known.to_vec(),
            nearest: nearest(set.as_str(), known.iter().map(SetName::as_str)),
        });
    }
    let Some(limit) = Limit::of(&rule.demand) else {
        let (demand, measure) = ("a comparison", result.metric);
        return Err(CertifyError::Unsuitable { rule: rule.id.clone(), demand, measure });
    };
    let joined = match case.parity.get(set) {
        Some(Ok(joined)) => joined,
        Some(Err(defect)) => return Ok(inconclusive(result, defect.to_string())),
        None => return Ok(inconclusive(result, format!("nobody made the predictions `{set}` again"))),
    };
    let Some(recorded) = &joined.baseline else {
        return Ok(inconclusive(result, format!("no predictions `{set}` are recorded with the candidate")));
    };
    let names = match &joined.truth {
        TruthColumn::Classes { names, .. } => names.as_slice(),
        _ => &[],
    };
    let differs = |row| differs(row, &joined.candidate, recorded, (tolerance, names));
    let mut unlike: Vec<Unlike> = (0..joined.keys.len()).filter_map(differs).collect();
    unlike.sort_by(|a, b| b.by.total_cmp(&a.by).then(a.row.cmp(&b.row)));
    let result = ResultRecord { n: joined.keys.len() as u64, ..result };
    let judged = limit.judge(result, &Measurement::point(unlike.len() as f64, "counted"));
    if judged.verdict != Verdict::Fail {
        return Ok(judged);
    }
    let reason = format!(
        "{} of {} rows are not as recorded, within {}; the largest differences: {}",
        grouped(unlike.len() as u64),
        grouped(joined.keys.len() as u64),
        significant(tolerance),
        unlike.iter().take(SHOWN).map(|row| row.text(joined)).collect::<Vec<_>>().join("; "),
    );
    Ok(ResultRecord { reason: Some(reason), ..judged })
}

impl Unlike {
    fn text(&self, joined: &JoinedRows) -> String {
        let name = joined.names.text(self.row).unwrap_or_else(|| format!("row {}", self.row + 1));
        format!("{name} gives {}, recorded is {}", self.fresh, self.recorded)
    }
}

/// The farthest apart of a row's answers, if any are farther than is tolerated.
fn differs(
    row: usize,
    fresh: &PredictedColumns,
    recorded: &PredictedColumns,
    (tolerance, names): (f64, &[String]),
) -> Option<Unlike> {
    let mut worst: Option<Unlike> = None;
    let mut tell = |by: f64, fresh: String, recorded: String| {
        if worst.as_ref().is_none_or(|worst| by > worst.by) {
            worst = Some(Unlike { row, by, fresh, recorded });
        }
    };
    let mut number = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (None, None) => {}
        (Some(a), Some(b)) => {
            let apart = (a - b).abs() / b.abs().max(1.0);
            // What is no number is not within anything.
            if apart > tolerance || apart.is_nan() {
                tell(if apart.is_nan() { f64::INFINITY } else { apart }, a.to_string(), b.to_string());
            }
        }
        (a, b) => {
            let text = |value: Option<f64>| value.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
            tell(f64::INFINITY, text(a), text(b));
        }
    };
    let at = |column: &Option<Vec<f64>>| column.as_ref().and_then(|column| column.get(row).copied());
    number(at(&fresh.scores), at(&recorded.scores));
    number(at(&fresh.values), at(&recorded.values));
    let classes = |columns: &PredictedColumns| columns.probabilities.as_ref().map_or(0, Vec::len);
    for class in 0..classes(fresh).max(classes(recorded)) {
        let at = |columns: &PredictedColumns| columns.probabilities.as_ref()?.get(class)?.get(row).copied();
        number(at(fresh), at(recorded));
    }
    let class = |columns: &PredictedColumns| columns.classes.as_ref().and_then(|classes| classes.get(row).copied());
    if class(fresh) != class(recorded) {
        let text = |value: Option<u32>| match value {
            None => "no class".to_owned(),
            Some(class) => names.get(class as usize).map_or_else(|| format!("class {class}"), Clone::clone),
        };
        tell(f64::INFINITY, text(class(fresh)), text(class(recorded)));
    }
    let words = |columns: &PredictedColumns| columns.texts.as_ref().and_then(|texts| texts.get(row).cloned());
    if words(fresh) != words(recorded) {
        tell(f64::INFINITY, "another text".to_owned(), "this one".to_owned());
    }
    worst
}

//! Comparisons with the best version that was ever in the stage.

use super::case::Case;
use super::error::CertifyError;
use super::measured::Measured;
use super::outcome::{blank, inconclusive};
use super::rows::{View, consistent};
use super::rows_rule::{Found, RowsRule};
use super::slices::select;
use super::wording::some;
use crate::evidence::JoinedRows;
use crate::format::certificate::{ResultRecord, Verdict};
use crate::measure::{self, Better};

/// Versions a remark names.
const NAMED: usize = 5;

/// The comparison with the best, by the rule's own metric on the same rows.
pub(super) fn judge(
    measured: &Measured<'_>,
    rows: &RowsRule<'_>,
    found: &Found<'_>,
    case: &Case<'_>,
    remarks: &mut Vec<String>,
) -> Result<ResultRecord, CertifyError> {
    let past = case.past.get(found.set).map_or(&[][..], Vec::as_slice);
    let now = ("what is there now".to_owned(), found.joined);
    let mut known: Vec<(String, &JoinedRows)> = found.joined.baseline.is_some().then_some(now).into_iter().collect();
    let (mut without, mut unknown) = (Vec::new(), Vec::new());
    for version in past {
        let usable = version.rows.as_ref().map_err(Clone::clone).and_then(|joined| {
            consistent(joined, case.policy.task)?;
            if joined.baseline.is_none() || joined.keys == found.joined.keys {
                Ok(joined)
            } else {
                Err("its rows are others".to_owned())
            }
        });
        match usable {
            // There was nothing to be better in.
            Ok(joined) if joined.baseline.is_none() => without.push(version.label.clone()),
            Ok(joined) => known.push((version.label.clone(), joined)),
            Err(reason) => unknown.push(format!("{} ({reason})", version.label)),
        }
    }
    if !without.is_empty() {
        let rule = &measured.rule.id;
        remarks.push(format!("rule `{rule}`: no predictions set `{}` had {}", found.set, some(&without, NAMED)));
    }
    let higher = measured.spec.better() == Better::Higher;
    let mut best: Option<(&str, &JoinedRows, f64)> = None;
    for (label, joined) in &known {
        let selection = select(measured.rule, joined, &rows.only)?;
        let view = View::of(joined, &selection.rows);
        let value = view.baseline().map(|predicted| measure::value(measured.spec, &view.rows().truth, &predicted));
        let value = match value {
            Some(Ok(value)) => value,
            Some(Err(undefined)) => {
                unknown.push(format!("{label} ({})", measured.undefined(&undefined)));
                continue;
            }
            None => continue,
        };
        if best.is_none_or(|(_, _, known)| if higher { value > known } else { value < known }) {
            best = Some((label, joined, value));
        }
    }
    let gap = |result: ResultRecord| match (result.verdict, unknown.is_empty()) {
        // What falls behind one that is known falls behind the best.
        (Verdict::Fail, _) | (_, true) => result,
        _ => {
            let reason = format!(
                "the best ever may be {}, of which nothing is known; a set under another name begins anew",
                some(&unknown, NAMED)
            );
            // Bounds would say more than is known.
            inconclusive(blank(measured.rule, Some(found.set), result.slice), reason)
        }
    };
    let Some((label, joined, _)) = best else {
        let reason = format!("no version that was ever in {} has predictions on these rows", case.baseline.stage);
        return Ok(gap(inconclusive(blank(measured.rule, Some(found.set), found.selection.label.clone()), reason)));
    };
    let (rule, stage) = (&measured.rule.id, &case.baseline.stage);
    remarks.push(match known.len() {
        1 => format!("rule `{rule}`: compared with {label}, the only one ever in {stage} that is known"),
        several => format!("rule `{rule}`: compared with {label}, the best of {several} ever in {stage}"),
    });
    let selection = select(measured.rule, joined, &rows.only)?;
    Ok(gap(measured.judge(&View::of(joined, &selection.rows), selection.label)))
}

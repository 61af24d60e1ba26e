//! The holdout ledger: how many candidates an evaluation set has judged, what that costs, and when it is used up.
//!
//! Whoever chooses among many candidates by one set ends with the one that fits this set. Counting costs nothing and is always done;
//! paying for it is the policy's choice: of H candidates each gets an H-th of α, wherever that makes a rule harder to pass.

use super::HOLDOUT;
use super::case::Case;
use super::outcome::empty;
use super::wording::{grouped, nth, significant};
use crate::format::certificate::{HoldoutUseRecord, ResultRecord, Verdict};
use crate::format::policy::{
    Adaptive, Bound, DemandRecord, MeasureRecord, OnExhausted, PolicyRecord, RuleRecord, Severity,
};

/// The policy with the confidence of each bound on an evaluation set that is paid for.
pub(super) fn policy_on_rows(policy: &PolicyRecord) -> PolicyRecord {
    let confidence = policy.holdout.unwrap_or_default().confidence(policy.confidence);
    PolicyRecord { confidence, ..policy.clone() }
}

/// Whether a rule pays for the uses of an evaluation set: it is judged on one, and a wider bound makes it harder to pass. A rule
/// that looks for harm, or lets the bound on its good side decide, would pass the easier the wider its bounds are.
pub(super) const fn pays(rule: &RuleRecord) -> bool {
    let harder = match rule.demand {
        DemandRecord::NonInferior { .. }
        | DemandRecord::NonInferiorRelative { .. }
        | DemandRecord::Superior { .. }
        | DemandRecord::MaxDrop { .. }
        | DemandRecord::MaxRatio { .. }
        | DemandRecord::MinRatio { .. } => true,
        DemandRecord::Min { on, .. } => matches!(on, Bound::Lower),
        DemandRecord::Max { on, .. } => matches!(on, Bound::Upper),
        DemandRecord::NotWorseDetected { .. } => false,
    };
    harder && is_on_rows(&rule.measure)
}

/// Whether what is measured is chosen by the rows of an evaluation set.
const fn is_on_rows(measure: &MeasureRecord) -> bool {
    match measure {
        MeasureRecord::Metric { .. }
        | MeasureRecord::Flips { .. }
        | MeasureRecord::MustNotFlip { .. }
        | MeasureRecord::Command { .. }
        | MeasureRecord::Shift(_) => true,
        MeasureRecord::Reported { .. }
        | MeasureRecord::Quantile { .. }
        | MeasureRecord::Provenance { .. }
        | MeasureRecord::Measured { .. }
        | MeasureRecord::Parity { .. }
        | MeasureRecord::Drift(_)
        | MeasureRecord::Data(_)
        | MeasureRecord::Leakage(_)
        | MeasureRecord::Surrounding(_)
        | MeasureRecord::Report(_) => false,
    }
}

/// The uses, with a remark on each set and a result for each that is used up, where the policy asks for one.
pub(super) fn count(
    case: &Case<'_>,
    results: &mut Vec<ResultRecord>,
    remarks: &mut Vec<String>,
) -> Vec<HoldoutUseRecord> {
    let rules = case.policy.holdout.unwrap_or_default();
    let mut uses = Vec::new();
    for (set, (sha256, ordinal)) in &case.history.uses {
        uses.push(HoldoutUseRecord { set: set.clone(), sha256: *sha256, ordinal: *ordinal, max_uses: rules.max_uses });
        // Its place among them: how many there are by the time somebody reads this is the journal's to say.
        let judged = format!("this is the {} candidate judged on `{set}`", nth(*ordinal));
        let spent = format!("{} are the most: use a fresh set", grouped(rules.max_uses));
        let mut remark = judged.clone();
        if rules.adaptive == Adaptive::Bonferroni {
            let confidence = significant(rules.confidence(case.policy.confidence) * 100.0);
            remark += &format!("; each bound that has to show something is at {confidence} %");
        }
        if *ordinal >= rules.max_uses {
            remark += &format!("; {spent}");
        }
        remarks.push(remark);
        if *ordinal > rules.max_uses && rules.on_exhausted == OnExhausted::Fail {
            results.push(ResultRecord {
                verdict: Verdict::Fail,
                n: *ordinal,
                candidate: Some(*ordinal as f64),
                margin: Some(rules.max_uses as f64),
                method: Some("counted".to_owned()),
                reason: Some(format!("{judged}; {spent}")),
                ..empty(HOLDOUT, Severity::Block, "uses".to_owned(), Some(set))
            });
        }
    }
    uses
}

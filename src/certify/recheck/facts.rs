//! Results that are decided by more than one number and its bounds: drift, reports, regression cases, used-up sets.

use super::{Examined, same, same_verdict, unwaived};
use crate::certify::drift_rule::{Numbers, decided};
use crate::certify::limit::Limit;
use crate::certify::report_rule::OPEN;
use crate::certify::{CASES, HOLDOUT};
use crate::format::certificate::{CertificateRecord, ResultRecord, Verdict};
use crate::format::policy::{DriftRecord, OnExhausted, Severity};
use crate::measure::benjamini_hochberg;

/// The columns of a drift rule that were measured, and how many were not; none where they are not all recorded.
pub(super) fn columns(result: &ResultRecord) -> Option<(Vec<(&str, Numbers)>, usize)> {
    let key = |key: &str| result.sufficient.get(key).copied();
    let (columns, unknown) = (key("columns")?, key("unknown")?);
    let mut measured: Vec<(&str, Numbers)> = Vec::new();
    for (name, low) in result.sufficient.iter().filter_map(|(key, low)| Some((key.strip_suffix(".low")?, *low))) {
        let of = |what: &str| key(&format!("{name}.{what}"));
        let number = |what: &str| of(what).unwrap_or(f64::NAN);
        let high = of("high").unwrap_or(f64::INFINITY);
        measured.push((name, Numbers { low, high, p: number("p"), adjusted: number("p_bh") }));
    }
    (measured.len() as f64 == columns - unknown).then_some((measured, unknown as usize))
}

/// The verdict of a drift rule by the numbers of its columns, and the value it gives; none where they are not all recorded.
pub(super) fn drift(
    record: &DriftRecord,
    limit: Limit,
    confidence: f64,
    result: &ResultRecord,
) -> Option<Result<Verdict, String>> {
    let (mut measured, unknown) = columns(result)?;
    let adjusted = benjamini_hochberg(&measured.iter().map(|(_, column)| column.p).collect::<Vec<_>>());
    let all_known = measured.iter().all(|(_, column)| column.p.is_finite());
    for ((name, column), adjusted) in measured.iter().zip(adjusted) {
        if all_known && !same(Some(column.adjusted), Some(adjusted)) {
            return Some(Err(format!("the p of `{name}` among all columns does not follow from theirs")));
        }
    }
    measured.sort_by(|a, b| b.1.low.total_cmp(&a.1.low).then_with(|| a.0.cmp(b.0)));
    let numbers: Vec<Numbers> = measured.into_iter().map(|(_, numbers)| numbers).collect();
    let found = decided(record.above, limit, &numbers, unknown, 1.0 - confidence);
    let bounds = found.bounds.map_or([None; 2], |(lower, upper)| [Some(lower), Some(upper)]);
    let recorded = [result.candidate, result.lower, result.upper];
    if ![found.value, bounds[0], bounds[1]].into_iter().zip(recorded).all(|(a, b)| same(a, b)) {
        return Some(Err("its value is not that of its columns".to_owned()));
    }
    Some(Ok(found.verdict))
}

/// The verdict of a rule on another tool's report: what was not checked can only add to what failed.
pub(super) fn report(by_count: Verdict, result: &ResultRecord) -> Option<Verdict> {
    match (by_count, result.sufficient.get(OPEN)) {
        (Verdict::Pass, None) => None,
        (Verdict::Pass, Some(open)) if *open != 0.0 => Some(Verdict::Inconclusive),
        (verdict, _) => Some(verdict),
    }
}

/// What the journal adds: cases, and sets that are used up.
pub(super) fn of_journal(certificate: &CertificateRecord, result: &ResultRecord) -> Examined {
    let differs = |what: &str| Examined::Differs { what: what.to_owned() };
    let key = |key: &str| result.sufficient.get(key).copied();
    if result.severity != Severity::Block {
        return differs("it always blocks");
    }
    if result.rule == CASES {
        return match (result.candidate, key("wrong"), key("unknown")) {
            (None, ..) if unwaived(result) == Verdict::Inconclusive => Examined::Follows,
            (Some(candidate), Some(wrong), Some(unknown)) => {
                let counted = wrong + unknown <= result.n as f64 && wrong >= 0.0 && unknown >= 0.0;
                if candidate != wrong || !counted {
                    return differs("its counts do not belong together");
                }
                let derived = match (wrong > 0.0, unknown > 0.0) {
                    (true, _) => Verdict::Fail,
                    (false, true) => Verdict::Inconclusive,
                    (false, false) => Verdict::Pass,
                };
                same_verdict(derived, unwaived(result), "its counts say")
            }
            _ => differs("its counts are not recorded"),
        };
    }
    let used = certificate.holdout.iter().find(|used| result.set.as_ref() == Some(&used.set));
    let recorded = (result.n, result.candidate, result.margin);
    match used {
        Some(used) if recorded == (used.ordinal, Some(used.ordinal as f64), Some(used.max_uses as f64)) => {
            let spent = if used.ordinal > used.max_uses { Verdict::Fail } else { Verdict::Pass };
            same_verdict(spent, unwaived(result), "its uses say")
        }
        _ => differs("its uses are not those of the set"),
    }
}

/// What of the journal's part does not belong together: uses the policy does not allow, cases and used-up sets without a result.
pub(super) fn missing(certificate: &CertificateRecord) -> Option<String> {
    let rules = certificate.policy.holdout.unwrap_or_default();
    let of = |rule: &'static str| certificate.results.iter().filter(move |result| result.rule == rule);
    for used in &certificate.holdout {
        if used.max_uses != rules.max_uses {
            return Some(format!("`{}` may be used otherwise than the policy says", used.set));
        }
        let is_spent = used.ordinal > used.max_uses && rules.on_exhausted == OnExhausted::Fail;
        if is_spent != of(HOLDOUT).any(|result| result.set.as_ref() == Some(&used.set)) {
            return Some(format!("the uses of `{}` do not say what its results say", used.set));
        }
    }
    let judged: u64 = of(CASES).map(|result| result.n).sum();
    let cases = certificate.cases.as_ref().map_or(0, |cases| cases.count);
    (judged != cases).then(|| format!("{cases} cases are in force, {judged} have a result"))
}

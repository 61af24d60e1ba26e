//! What is odd about a policy's rules: nothing here decides.

use std::collections::BTreeSet;

use super::wording::{about, significant};
use crate::format::certificate::{ResultRecord, Verdict};
use crate::format::policy::{Bound, DemandRecord, MeasureRecord, PolicyRecord, RuleRecord, Severity};
use crate::measure::{self, Metric};

/// A rule that may not do what its author thinks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The rule; none: the policy.
    pub rule: Option<String>,
    /// What is odd, in words.
    pub text: String,
}

/// What is odd about the rules by themselves, and about what they were judged on.
pub fn lint(policy: &PolicyRecord, results: &[ResultRecord]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for (at, rule) in policy.rules.iter().enumerate() {
        let mut warn = |text: String| warnings.push(Warning { rule: Some(rule.id.clone()), text });
        by_itself(rule).into_iter().for_each(&mut warn);
        policy.rules[..at].iter().filter_map(|other| repeated(rule, other)).for_each(&mut warn);
        judged(rule, policy, results).into_iter().for_each(&mut warn);
    }
    warnings.extend(of_all(policy).map(|text| Warning { rule: None, text }));
    warnings
}

/// A policy that lets through what it should not.
fn of_all(policy: &PolicyRecord) -> Option<String> {
    let blocking = || policy.rules.iter().filter(|rule| rule.severity == Severity::Block);
    let of_quality = |rule: &&RuleRecord| !matches!(rule.measure, MeasureRecord::Provenance { .. });
    if blocking().filter(of_quality).count() == 0 {
        return Some("no rule on the model's quality blocks".to_owned());
    }
    let lenient = |rule: &RuleRecord| matches!(rule.demand, DemandRecord::NotWorseDetected { .. });
    blocking().filter(of_quality).all(lenient).then(|| {
        "every blocking rule passes where little is known (`not_worse_detected`): on few rows nothing fails".to_owned()
    })
}

fn by_itself(rule: &RuleRecord) -> Vec<String> {
    let mut odd = Vec::new();
    if let DemandRecord::Min { limit: None, .. } | DemandRecord::Max { limit: None, .. } = rule.demand {
        odd.push("its limit is unset: it is undecided until somebody sets one".to_owned());
    }
    let exact = matches!(rule.measure, MeasureRecord::Metric { .. } | MeasureRecord::Flips { .. });
    if let DemandRecord::Min { on: Bound::Point, .. } | DemandRecord::Max { on: Bound::Point, .. } = rule.demand
        && exact
    {
        odd.push("it is held against the point, as if these rows were all there will ever be".to_owned());
    }
    if let DemandRecord::NonInferior { margin: 0.0 } | DemandRecord::NonInferiorRelative { margin_rel: 0.0 } =
        rule.demand
    {
        odd.push("at margin 0 an equal model is hardly ever shown not to be worse".to_owned());
    }
    let range = match &rule.measure {
        MeasureRecord::Metric { metric, over: None, .. } => Metric::parse(metric).map(Metric::range),
        MeasureRecord::Flips { .. } => Some((0.0, 1.0)),
        _ => None,
    };
    odd.extend(range.and_then(|range| beyond(rule, range)));
    odd
}

/// Limits that no value of the metric reaches.
fn beyond(rule: &RuleRecord, (least, greatest): (f64, f64)) -> Option<String> {
    let range = || format!("its values lie between {} and {}", significant(least), significant(greatest));
    match rule.demand {
        DemandRecord::Min { limit: Some(limit), .. } if limit > greatest => {
            Some(format!("no model passes: {}", range()))
        }
        DemandRecord::Max { limit: Some(limit), .. } if limit < least => Some(format!("no model passes: {}", range())),
        DemandRecord::Min { limit: Some(limit), .. } if limit <= least => Some(format!("no model fails: {}", range())),
        DemandRecord::Max { limit: Some(limit), .. } if limit >= greatest => {
            Some(format!("no model fails: {}", range()))
        }
        DemandRecord::NonInferior { margin } | DemandRecord::NotWorseDetected { margin }
            if margin >= greatest - least =>
        {
            Some(format!("no model fails: {}", range()))
        }
        DemandRecord::Superior { gain } if gain >= greatest - least => Some(format!("no model passes: {}", range())),
        _ => None,
    }
}

/// The same rule twice, or one that the other one decides.
fn repeated(rule: &RuleRecord, other: &RuleRecord) -> Option<String> {
    use DemandRecord::{
        Max, MaxDrop, MaxRatio, Min, MinRatio, NonInferior, NonInferiorRelative, NotWorseDetected, Superior,
    };
    if rule.measure != other.measure || rule.ratchet != other.ratchet {
        return None;
    }
    if rule.demand == other.demand {
        return Some(format!("it asks the same as `{}`", other.id));
    }
    // Which of the two is the stricter one.
    let (mine, theirs) = match (rule.demand, other.demand) {
        (NonInferior { margin: a }, NonInferior { margin: b })
        | (NonInferiorRelative { margin_rel: a }, NonInferiorRelative { margin_rel: b })
        | (NotWorseDetected { margin: a }, NotWorseDetected { margin: b })
        | (MaxDrop { limit: a }, MaxDrop { limit: b })
        | (MaxRatio { limit: a }, MaxRatio { limit: b }) => (-a, -b),
        (Superior { gain: a }, Superior { gain: b }) | (MinRatio { limit: a }, MinRatio { limit: b }) => (a, b),
        (Min { limit: Some(a), on }, Min { limit: Some(b), on: others }) if on == others => (a, b),
        (Max { limit: Some(a), on }, Max { limit: Some(b), on: others }) if on == others => (-a, -b),
        _ => return None,
    };
    let (looser, stricter) = if mine < theirs { (rule, other) } else { (other, rule) };
    Some(format!("`{}` passes whenever `{}` does", looser.id, stricter.id))
}

/// The smallest difference that the rows of a result tell from none.
pub(super) fn detectable(policy: &PolicyRecord, result: &ResultRecord) -> Option<f64> {
    measure::detectable(*result.sufficient.get("standard_error")?, policy.confidence, policy.power)
}

/// What these rows cannot decide.
fn judged(rule: &RuleRecord, policy: &PolicyRecord, results: &[ResultRecord]) -> Vec<String> {
    let mine: Vec<&ResultRecord> = results.iter().filter(|result| result.rule == rule.id).collect();
    let mut odd = Vec::new();
    let sliced = match &rule.measure {
        MeasureRecord::Metric { each, .. } | MeasureRecord::Flips { each, .. } => each,
        _ => return odd,
    };
    let columns: BTreeSet<&str> = sliced.iter().map(String::as_str).collect();
    for column in columns {
        let alone = mine.iter().any(|result| {
            let slice = result.slice.as_deref().and_then(|slice| slice.rsplit("; ").next()).unwrap_or_default();
            slice.starts_with(&format!("{column}=")) && slice != format!("{column}=(other)")
        });
        if !alone && mine.iter().any(|result| result.slice.is_some()) {
            odd.push(format!("every slice of `{column}` is below `min_rows`"));
        }
    }
    // An equal model is expected to be decided from here on; half of what can be seen is far from it.
    let far = |result: &&&ResultRecord| {
        let detectable = detectable(policy, result).filter(|_| rule.demand.is_comparison())?;
        let margin = result.margin.filter(|margin| *margin > 0.0)?;
        (result.verdict == Verdict::Inconclusive && margin < detectable / 2.0).then_some((detectable, margin))
    };
    let undecided =
        |result: &&ResultRecord| far(&result).map(|(detectable, margin)| (result.rows_needed, detectable, margin));
    if let Some((rows, detectable, margin)) = mine.iter().find_map(undecided) {
        let more = rows.map_or_else(String::new, |rows| format!("; about {} rows would", about(rows)));
        odd.push(format!(
            "these rows tell differences of {} apart, not of {}{more}",
            significant(detectable),
            significant(margin)
        ));
    }
    odd
}

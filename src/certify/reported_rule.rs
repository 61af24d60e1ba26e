//! Rules on numbers the trainer wrote down. One number is judged on the point, whichever bound the rule names, and its `method`
//! says so; a list (folds, seeds, repeats) has an interval, and two lists of one length are paired.

use std::collections::BTreeMap;

use super::case::Case;
use super::decision::{Gap, Level, drop_of_lists, drop_of_numbers};
use super::error::CertifyError;
use super::limit::{Limit, Measurement};
use super::outcome::{blank, explained_in, inconclusive, needed_by_width};
use super::sufficient::of_numbers;
use super::wording::{difference, significant};
use crate::format::certificate::{ResultRecord, Verdict};
use crate::format::policy::{Bound, DemandRecord, Direction, RuleRecord};
use crate::format::scalar::Scalar;
use crate::measure::{self, Better, Undefined};
use crate::nearest::{nearest, suggestion};

pub(super) const POINT: &str = "reported, on the point";
pub(super) const LIST: &str = "reported, student_t";
pub(super) const PAIRED: &str = "reported, paired_t";

/// What was written down: finite numbers.
pub(super) enum Numbers {
    Single(f64),
    /// At least two.
    List(Vec<f64>),
}

/// The rule's result.
pub(super) fn judge(
    rule: &RuleRecord,
    name: &str,
    better: Direction,
    case: &Case<'_>,
) -> Result<ResultRecord, CertifyError> {
    let result = blank(rule, None, None);
    let candidate = read(case.metrics.0.get(name)).map_err(|what| {
        let known = nearest(name, case.metrics.0.keys().map(String::as_str));
        let hint = if case.metrics.0.contains_key(name) { String::new() } else { suggestion(&known) };
        format!("the candidate's `{name}` is {what}{hint}")
    });
    // Nobody can report it later: a first release without it would leave the next candidates nothing to be compared with.
    let unfit = case.unfit(rule, "metrics", &result);
    if let Some(unfit) = unfit.filter(|unfit| candidate.is_ok() || unfit.verdict != Verdict::NotApplicable) {
        return Ok(unfit);
    }
    let candidate = match candidate {
        Ok(candidate) => candidate,
        Err(reason) => return Ok(inconclusive(result, reason)),
    };
    let baseline = read(case.metrics.1.and_then(|metrics| metrics.get(name)));
    let baseline = baseline.map_err(|what| format!("the baseline's `{name}` is {what}"));
    weigh(rule, result, better, &candidate, baseline, case.policy.confidence)
}

/// Holds numbers against what a rule asks.
pub(super) fn weigh(
    rule: &RuleRecord,
    result: ResultRecord,
    better: Direction,
    candidate: &Numbers,
    baseline: Result<Numbers, String>,
    confidence: f64,
) -> Result<ResultRecord, CertifyError> {
    if let Some(limit) = Limit::of(&rule.demand) {
        return Ok(absolute(result, limit, candidate, confidence));
    }
    let DemandRecord::MaxDrop { limit } = rule.demand else {
        let (demand, measure) = ("a comparison of rows", result.metric);
        return Err(CertifyError::Unsuitable { rule: rule.id.clone(), demand, measure });
    };
    let baseline = match baseline {
        Ok(baseline) => baseline,
        Err(reason) => return Ok(inconclusive(result, reason)),
    };
    let better = match better {
        Direction::Higher => Better::Higher,
        Direction::Lower => Better::Lower,
    };
    Ok(match (candidate, baseline) {
        (Numbers::Single(a), Numbers::Single(b)) => numbers(result, better, *a, b, limit),
        (Numbers::List(a), Numbers::List(b)) if a.len() == b.len() => lists(result, better, a, &b, limit, confidence),
        (a, b) => {
            let reason = format!("the candidate's {} and the baseline's {} cannot be paired", a.length(), b.length());
            inconclusive(result, reason)
        }
    })
}

impl Numbers {
    fn length(&self) -> String {
        match self {
            Self::Single(_) => "single number".to_owned(),
            Self::List(list) => format!("list of {}", list.len()),
        }
    }
}

/// The numbers, or what there is instead.
fn read(value: Option<&Scalar>) -> Result<Numbers, String> {
    match value {
        None => Err("not reported".to_owned()),
        Some(Scalar::List(items)) => {
            let numbers: Option<Vec<f64>> = items.iter().map(finite).collect();
            match numbers.as_deref() {
                None => Err("a list with something other than finite numbers in it".to_owned()),
                Some([]) => Err("an empty list".to_owned()),
                Some([only]) => Ok(Numbers::Single(*only)),
                Some(several) => Ok(Numbers::List(several.to_vec())),
            }
        }
        Some(value) => match (finite(value), value) {
            (Some(number), _) => Ok(Numbers::Single(number)),
            (None, Scalar::Float(value)) => Err(value.to_string()),
            (None, value) => Err(format!("{}, not a number", value.kind())),
        },
    }
}

/// An integer beyond f64's range is infinite there.
fn finite(value: &Scalar) -> Option<f64> {
    value.finite().filter(|number| number.is_finite())
}

fn absolute(result: ResultRecord, limit: Limit, candidate: &Numbers, confidence: f64) -> ResultRecord {
    match candidate {
        Numbers::Single(value) => limit.judge(ResultRecord { n: 1, ..result }, &Measurement::point(*value, POINT)),
        Numbers::List(values) => {
            let result = ResultRecord { n: values.len() as u64, ..result };
            match measure::mean(values, confidence) {
                Ok(found) => {
                    let level = Level { value: found.value, lower: found.lower, upper: found.upper };
                    let sufficient = of_numbers(&found.sufficient, found.standard_error);
                    let result = ResultRecord { sufficient, ..result };
                    limit.judge_counted("numbers", result, &Measurement { level, bounded: true, method: LIST })
                }
                Err(Undefined::ZeroVariance) if limit.on == Bound::Point => {
                    limit.judge(result, &Measurement::point(values.first().copied().unwrap_or(f64::NAN), POINT))
                }
                Err(undefined) => inconclusive(result, format!("the interval is not defined: {undefined}")),
            }
        }
    }
}

fn numbers(result: ResultRecord, better: Better, candidate: f64, baseline: f64, limit: f64) -> ResultRecord {
    let delta = candidate - baseline;
    if !delta.is_finite() {
        return inconclusive(result, "the difference is not a finite number");
    }
    let turned = Gap::turned(better, delta, delta, delta);
    let result = ResultRecord {
        verdict: drop_of_numbers(candidate, baseline, turned.delta, limit),
        n: 1,
        candidate: Some(candidate),
        baseline: Some(baseline),
        delta: Some(delta),
        method: Some(POINT.to_owned()),
        ..result
    };
    explain(result, limit)
}

fn lists(
    result: ResultRecord,
    better: Better,
    candidate: &[f64],
    baseline: &[f64],
    limit: f64,
    confidence: f64,
) -> ResultRecord {
    let result = ResultRecord { n: candidate.len() as u64, ..result };
    let differences: Vec<f64> = candidate.iter().zip(baseline).map(|(a, b)| a - b).collect();
    let average = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (a, b) = (average(candidate), average(baseline));
    let mut sufficient = BTreeMap::new();
    let (delta, lower, upper) = match measure::mean(&differences, confidence) {
        Ok(found) => {
            sufficient = of_numbers(&found.sufficient, found.standard_error);
            (found.value, found.lower, found.upper)
        }
        // The same numbers, one by one: that is not a drop.
        Err(Undefined::ZeroVariance) if candidate == baseline => (0.0, 0.0, 0.0),
        Err(undefined) => return inconclusive(result, format!("the interval is not defined: {undefined}")),
    };
    if ![a, b, delta, lower, upper].into_iter().all(f64::is_finite) {
        return inconclusive(result, "the difference is not a finite number");
    }
    let gap = Gap::turned(better, delta, lower, upper);
    let verdict = drop_of_lists(gap, limit);
    let bounds = Level { value: gap.delta, lower: gap.lower, upper: gap.upper };
    let needed = needed_by_width(result.n, bounds, -limit);
    let result = ResultRecord {
        verdict,
        rows_needed: needed.filter(|_| verdict == Verdict::Inconclusive),
        candidate: Some(a),
        baseline: Some(b),
        delta: Some(delta),
        lower: Some(lower),
        upper: Some(upper),
        method: Some(PAIRED.to_owned()),
        sufficient,
        ..result
    };
    explain(result, limit)
}

fn explain(result: ResultRecord, limit: f64) -> ResultRecord {
    let bounds = result.lower.zip(result.upper);
    let n =
        if result.verdict == Verdict::Pass || bounds.is_none() { String::new() } else { format!(", n {}", result.n) };
    let text = format!(
        "Δ {}, largest drop {}{n}",
        difference(result.delta.unwrap_or(f64::NAN), bounds, Some(limit)),
        significant(limit)
    );
    explained_in("numbers of each", result, &text, "worse by more than the largest drop")
}

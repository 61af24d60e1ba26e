//! Equal models of rules that do not rest on predicted rows: on samples, on lists of numbers, on training data.
//!
//! Of equal models the samples come from one pool, drawn with replacement. Of paired lists the pairs are drawn, and exchanged with
//! probability ½. What distances chance makes of data that did not drift is known from their distributions.

use std::collections::BTreeMap;

use super::case::{Case, Samples};
use super::{drift_rule, quantile_rule, reported_rule};
use crate::digest::{Digest, Hasher};
use crate::format::certificate::{BaselineRecord, Verdict};
use crate::format::policy::{DemandRecord, Direction, DriftRecord, MeasureRecord, RuleRecord};
use crate::format::scalar::Scalar;
use crate::id::SnapshotId;
use crate::measure::Draws;
use crate::name::SetName;

/// Names the scheme by which draws follow from evidence.
const PURPOSE: &str = "mlrun/equal-evidence/1";
/// Values drawn for one rule, about.
const VALUES: usize = 4_000_000;
/// Fewer models than this say nothing.
const FEWEST: usize = 20;
/// How many times as large a sample is that no rule should let pass.
const FAR: f64 = 10.0;

/// What a rule makes of equal models, and whether it fails one that is much worse.
pub(super) struct Tried {
    pub equal: Vec<Verdict>,
    pub fails_far: Option<bool>,
}

/// The verdicts on up to `most` equal models; or why they are not known.
pub(super) fn tried(rule: &RuleRecord, case: &Case<'_>, most: u32) -> Result<Tried, String> {
    match &rule.measure {
        MeasureRecord::Quantile { of, quantile } => samples(rule, of, *quantile, case, most),
        MeasureRecord::Reported { name, better } => lists(rule, name, *better, case, most),
        MeasureRecord::Drift(record) => drift(rule, record, case, most),
        MeasureRecord::MustNotFlip { .. } => Err("it is about these rows and no others".to_owned()),
        MeasureRecord::Metric { .. } | MeasureRecord::Flips { .. } | MeasureRecord::Shift(_) => {
            Err("there are no rows of which an equal model could be made".to_owned())
        }
        MeasureRecord::Measured { .. } | MeasureRecord::Command { .. } => {
            Err("only running the models again would tell".to_owned())
        }
        MeasureRecord::Provenance { .. }
        | MeasureRecord::Parity { .. }
        | MeasureRecord::Data(_)
        | MeasureRecord::Leakage(_)
        | MeasureRecord::Surrounding(_)
        | MeasureRecord::Report(_) => {
            Err("it counts, and chance has no part in it: the same facts give the same verdict".to_owned())
        }
    }
}

/// The case as if nothing stood in the way of judging other evidence.
fn free<'a>(case: &Case<'a>) -> Case<'a> {
    let snapshot = Some(SnapshotId::new(Digest::of(b"an equal model")));
    Case {
        baseline: BaselineRecord { snapshot, ..case.baseline.clone() },
        evidence: Vec::new(),
        stale_evidence: Vec::new(),
        ..case.clone()
    }
}

fn count(values: usize, most: u32) -> u32 {
    let fitting = (VALUES / values.max(1)).max(FEWEST);
    most.min(u32::try_from(fitting).unwrap_or(u32::MAX))
}

fn digest(values: &[&[f64]]) -> [u8; 32] {
    let mut hasher = Hasher::default();
    for values in values {
        hasher.update(&(values.len() as u64).to_le_bytes());
        values.iter().for_each(|value| hasher.update(&value.to_le_bytes()));
    }
    *hasher.finish().as_bytes()
}

fn samples(rule: &RuleRecord, of: &SetName, quantile: f64, case: &Case<'_>, most: u32) -> Result<Tried, String> {
    let missing = || format!("there are no samples `{of}`");
    let (candidate, baseline) = case.samples.get(of).ok_or_else(missing)?;
    let candidate = candidate.as_ref().map_err(ToString::to_string)?;
    let baseline = baseline.as_ref().and_then(|samples| samples.as_ref().ok());
    let pool: Vec<f64> = candidate.iter().chain(baseline.into_iter().flatten()).copied().collect();
    if pool.is_empty() || !pool.iter().all(|sample| sample.is_finite()) {
        return Err(format!("the samples `{of}` are not all numbers"));
    }
    let (n, m) = (candidate.len(), baseline.map_or(candidate.len(), Vec::len));
    let seed = digest(&[candidate, baseline.map_or(&[][..], Vec::as_slice)]);
    let verdict = |candidate: Vec<f64>, baseline: Vec<f64>| {
        let samples: BTreeMap<SetName, Samples> = [(of.clone(), (Ok(candidate), Some(Ok(baseline))))].into();
        let case = Case { samples: &samples, ..free(case) };
        quantile_rule::judge(rule, of, quantile, &case).map(|result| result.verdict).map_err(|error| error.to_string())
    };
    let drawn = |number: u32| {
        let mut draws = Draws::new(&seed, PURPOSE, number);
        let mut draw = |count: usize| (0..count).map(|_| pool[draws.below(pool.len())]).collect::<Vec<f64>>();
        let candidate = draw(n);
        verdict(candidate, draw(m))
    };
    let far = candidate.iter().map(|sample| sample * FAR).collect();
    let fails = verdict(far, baseline.unwrap_or(candidate).clone())? == Verdict::Fail;
    // A ceiling is a person's: what is above it depends on the unit.
    let fails_far = matches!(rule.demand, DemandRecord::MaxRatio { .. }).then_some(fails);
    let equal = (0..count(n + m, most)).map(drawn).collect::<Result<_, _>>()?;
    Ok(Tried { equal, fails_far })
}

fn lists(rule: &RuleRecord, name: &str, better: Direction, case: &Case<'_>, most: u32) -> Result<Tried, String> {
    let single =
        || "of a single number nothing says how far equal models are apart; a list (folds, seeds) would".to_owned();
    let read = |metrics: &BTreeMap<String, Scalar>| match metrics.get(name) {
        Some(Scalar::List(items)) => items.iter().map(|item| item.finite()).collect::<Option<Vec<f64>>>(),
        _ => None,
    };
    let candidate = read(case.metrics.0).filter(|list| list.len() > 1).ok_or_else(single)?;
    let baseline = case.metrics.1.and_then(read);
    let paired = rule.is_comparison();
    let theirs = match &baseline {
        Some(list) if list.len() == candidate.len() => list.clone(),
        _ if paired => return Err("there are no two lists of one length".to_owned()),
        _ => candidate.clone(),
    };
    let verdict = |ours: Vec<f64>, theirs: Vec<f64>| {
        let list = |values: Vec<f64>| -> BTreeMap<String, Scalar> {
            [(name.to_owned(), Scalar::List(values.into_iter().map(Scalar::Float).collect()))].into()
        };
        let (ours, theirs) = (list(ours), list(theirs));
        let case = Case { metrics: (&ours, Some(&theirs)), ..free(case) };
        reported_rule::judge(rule, name, better, &case).map(|result| result.verdict).map_err(|error| error.to_string())
    };
    let seed = digest(&[&candidate, &theirs]);
    let drawn = |number: u32| {
        let mut draws = Draws::new(&seed, PURPOSE, number);
        let pair = |_| {
            let at = draws.below(candidate.len());
            if paired && draws.coin() { (theirs[at], candidate[at]) } else { (candidate[at], theirs[at]) }
        };
        let (ours, theirs) = (0..candidate.len()).map(pair).unzip();
        verdict(ours, theirs)
    };
    let fails_far = match rule.demand {
        DemandRecord::MaxDrop { limit } => {
            // Every one of them worse by much more than may be lost.
            let spread = candidate.iter().chain(&theirs).fold(0.0_f64, |most, value| most.max(value.abs()));
            let step = FAR * (limit.abs() + spread);
            let step = if better == Direction::Higher { -step } else { step };
            Some(verdict(candidate.iter().map(|value| value + step).collect(), theirs.clone())? == Verdict::Fail)
        }
        _ => None,
    };
    let equal = (0..count(2 * candidate.len(), most)).map(drawn).collect::<Result<_, _>>()?;
    Ok(Tried { equal, fails_far })
}

fn drift(rule: &RuleRecord, record: &DriftRecord, case: &Case<'_>, most: u32) -> Result<Tried, String> {
    if case.facts.same_data(&record.of) {
        return Err("both models were trained on the same data: nothing drifts".to_owned());
    }
    let seed = *Digest::of(rule.id.as_bytes()).as_bytes();
    let draws = (0..most).map(|number| Draws::new(&seed, PURPOSE, number));
    let (equal, fails) = drift_rule::by_chance(rule, record, case, draws)?;
    let unset = matches!(rule.demand, DemandRecord::Max { limit: None, .. });
    Ok(Tried { equal, fails_far: (!unset).then_some(fails) })
}

//! Gaps and worst slices: each slice's bounds from its statistics, and the result from the slices' bounds.

use super::{Examined, compared, sampling, unread};
use crate::certify::gap_rule::{equal, grown, of_each, pair_of};
use crate::certify::limit::Limit;
use crate::certify::odds_rule::{RATES, larger};
use crate::certify::worst_rule::{of_every, ratio_to_all, shrunk, worst_of};
use crate::certify::{parts, spec, sufficient};
use crate::format::certificate::{BoundsRecord, CertificateRecord, PartOf, PartRecord, ResultRecord};
use crate::format::policy::{DemandRecord, Over, RuleRecord};
use crate::measure::{
    self, Comparison, Estimate, GroupPair, Method, Metric, MetricSpec, Sufficient, Undefined, gap_bounds,
    pairs_confidence, ratio_bounds, rederive, rederive_estimate,
};

/// Whether a result follows from its parts, and these from their statistics.
pub(super) fn examine(
    certificate: &CertificateRecord,
    confidence: f64,
    (rule, over): (&RuleRecord, &Over),
    result: &ResultRecord,
) -> Examined {
    let unknown = |why: &str| Examined::Unknown { why: why.to_owned() };
    if result.parts.is_empty() {
        return unknown("its slices are not recorded one by one");
    }
    let Ok((spec, _)) = spec::settled(rule, certificate.policy.task) else {
        return unknown("a metric that is not known here");
    };
    let mut open = None;
    for part in &result.parts {
        let of_rate =
            part.metric.as_deref().and_then(Metric::parse).map(|rate| MetricSpec::new(rate).at(spec.threshold));
        match of_part(of_rate.as_ref().unwrap_or(&spec), certificate, part) {
            Examined::Follows => {}
            Examined::Differs { what } => {
                let slice = part.slice.as_deref().unwrap_or("all rows");
                return Examined::Differs { what: format!("{slice}: {what}") };
            }
            Examined::Unknown { why } => open = Some(why),
        }
    }
    let combined = match over {
        Over::Gap { .. } => gap(confidence, rule, result),
        Over::Odds { .. } => odds(confidence, result),
        Over::Worst { .. } => worst(confidence, (rule, &spec), result),
    };
    let what = match combined {
        Some(Ok(Examined::Follows)) => return open.map_or(Examined::Follows, |why| Examined::Unknown { why }),
        Some(Ok(other)) => return other,
        Some(Err(reason)) => format!("nothing follows from its slices: {reason}"),
        None => "a slice is not measured as the rule asks".to_owned(),
    };
    Examined::Differs { what }
}

/// Whether the bounds of one measurement follow from the statistics beside them.
fn of_part(spec: &MetricSpec, certificate: &CertificateRecord, part: &PartRecord) -> Examined {
    let unknown = |why: &str| Examined::Unknown { why: why.to_owned() };
    let Some(method) = Method::parse(&part.method) else { return unknown("a method that is not known here") };
    if let (Method::Exact, Some((candidate, baseline))) = (method, part.models) {
        let found = [Some(candidate - baseline), Some(0.0), Some(0.0)];
        let recorded = part.bounds.first().map(|bounds| [Some(part.value), Some(bounds.lower), Some(bounds.upper)]);
        return compared(found, recorded.unwrap_or([None; 3]));
    }
    let Some(statistics) = sufficient::read(method, &part.sufficient, part.n) else {
        return unread(method, &part.sufficient, part.n);
    };
    let spec = spec::with_labels(spec, &part.sufficient);
    for bounds in &part.bounds {
        let found = again(&spec, certificate, (part, bounds), method, statistics.clone());
        let BoundsRecord { lower, upper, standard_error, .. } = *bounds;
        let recorded = [Some(part.value), Some(lower), Some(upper), standard_error];
        let examined = match found {
            Ok(found) => compared(found, recorded),
            Err(reason) => Examined::Differs { what: format!("nothing follows from its statistics: {reason}") },
        };
        if examined != Examined::Follows {
            return examined;
        }
    }
    Examined::Follows
}

fn again(
    spec: &MetricSpec,
    certificate: &CertificateRecord,
    (part, bounds): (&PartRecord, &BoundsRecord),
    method: Method,
    sufficient: Sufficient,
) -> Result<[Option<f64>; 4], Undefined> {
    let sampling = sampling(certificate, bounds.confidence, part.seed);
    let PartRecord { n, value, resamples, .. } = *part;
    let BoundsRecord { lower, upper, standard_error, .. } = *bounds;
    let Some((candidate, baseline)) = part.models else {
        let recorded = Estimate { n, value, lower, upper, standard_error, method, resamples, sufficient };
        let found = rederive_estimate(spec, &recorded, &sampling)?;
        return Ok([Some(found.value), Some(found.lower), Some(found.upper), found.standard_error]);
    };
    let recorded = Comparison {
        n,
        candidate,
        baseline,
        delta: value,
        lower,
        upper,
        standard_error,
        method,
        resamples,
        sufficient,
    };
    let found = rederive(spec, &recorded, &sampling)?;
    Ok([Some(found.delta), Some(found.lower), Some(found.upper), found.standard_error])
}

/// The parts of each slice, in their order.
fn slices(result: &ResultRecord) -> Vec<(&str, Vec<&PartRecord>)> {
    let mut slices: Vec<(&str, Vec<&PartRecord>)> = Vec::new();
    for part in &result.parts {
        let Some(slice) = part.slice.as_deref() else { continue };
        match slices.last_mut() {
            Some((last, parts)) if *last == slice => parts.push(part),
            _ => slices.push((slice, vec![part])),
        }
    }
    slices
}

fn estimate(parts: &[&PartRecord], of: PartOf, confidence: f64) -> Option<Estimate> {
    parts.iter().filter(|part| part.of == of).find_map(|part| parts::at(part, confidence))
}

type Combined = Option<Result<Examined, Undefined>>;

fn gap(confidence: f64, rule: &RuleRecord, result: &ResultRecord) -> Combined {
    let slices = slices(result);
    let recorded = [result.candidate, result.baseline, result.delta, result.lower, result.upper];
    let error = result.sufficient.get("standard_error").copied();
    let ratio = matches!(rule.demand, DemandRecord::MinRatio { .. });
    let (found, values) = if ratio || Limit::of(&rule.demand).is_some() {
        let at = |confidence| -> Option<Vec<Estimate>> {
            slices.iter().map(|(_, parts)| estimate(parts, PartOf::Candidate, confidence)).collect()
        };
        let (one, all) = (at(confidence)?, at(pairs_confidence(confidence, slices.len()))?);
        let bounds = if ratio { ratio_bounds } else { gap_bounds };
        let found = match bounds(&one, &all, confidence) {
            Ok(found) => found,
            Err(reason) => return Some(Err(reason)),
        };
        let (value, delta) = match ratio {
            true => (one.iter().map(|group| group.value).reduce(f64::min), Some(found.value)),
            false => (Some(found.value), None),
        };
        let numbers = [value, None, delta, Some(found.lower), Some(found.upper)];
        ((numbers, found.standard_error, found.n), one.iter().map(|group| group.value).collect::<Vec<_>>())
    } else {
        let mut pairs = Vec::with_capacity(slices.len());
        let mut same = true;
        for (_, parts) in &slices {
            let (pair, exact) = match pair(parts, confidence)? {
                Ok(pair) => pair,
                Err(reason) => return Some(Err(reason)),
            };
            same &= exact;
            pairs.push(pair);
        }
        let found = match grown(&pairs, same, confidence) {
            Ok(found) => found,
            Err(reason) => return Some(Err(reason)),
        };
        let Comparison { candidate, baseline, delta, lower, upper, .. } = found;
        let numbers = [Some(candidate), Some(baseline), Some(delta), Some(lower), Some(upper)];
        ((numbers, found.standard_error, found.n), pairs.iter().map(|pair| pair.candidate).collect())
    };
    let (numbers, found_error, n) = found;
    let named = format!(": {}", between(&slices, &values)?);
    if n != result.n || !result.slice.as_ref().is_some_and(|slice| slice.ends_with(&named)) {
        return Some(Ok(Examined::Differs { what: format!("its groups give {n} rows{named}") }));
    }
    Some(Ok(match compared(numbers, recorded) {
        Examined::Follows => compared([found_error], [error]),
        other => other,
    }))
}

/// The larger of two gaps of one model.
fn odds(confidence: f64, result: &ResultRecord) -> Combined {
    let mut gaps = Vec::with_capacity(RATES.len());
    let mut ends = Vec::with_capacity(RATES.len());
    for rate in RATES {
        let of_rate = result.parts.iter().filter(|part| part.metric.as_deref() == Some(rate.name())).cloned();
        let of_rate = ResultRecord { parts: of_rate.collect(), ..result.clone() };
        let slices = slices(&of_rate);
        let at = |confidence| -> Option<Vec<Estimate>> {
            slices.iter().map(|(_, parts)| estimate(parts, PartOf::Candidate, confidence)).collect()
        };
        let one = at(confidence)?;
        let all = at(pairs_confidence(of_each(confidence, RATES.len()), slices.len()))?;
        match gap_bounds(&one, &all, confidence) {
            Ok(gap) => gaps.push(gap),
            Err(reason) => return Some(Err(reason)),
        }
        let values: Vec<f64> = one.iter().map(|group| group.value).collect();
        ends.push(format!("{}: {}", rate.name(), between(&slices, &values)?));
    }
    let (at, level) = larger(&gaps.iter().collect::<Vec<_>>())?;
    let gap = gaps.get(at)?;
    if gap.n != result.n || !result.slice.as_ref().is_some_and(|slice| slice.ends_with(&ends[at])) {
        return Some(Ok(Examined::Differs { what: format!("its groups give {}", ends[at]) }));
    }
    let found = [Some(level.value), Some(level.lower), Some(level.upper), gap.standard_error];
    let error = result.sufficient.get("standard_error").copied();
    Some(Ok(compared(found, [result.candidate, result.lower, result.upper, error])))
}

/// `F − M`: the slices with the largest and the smallest value.
fn between(slices: &[(&str, Vec<&PartRecord>)], values: &[f64]) -> Option<String> {
    let place = |best: f64| values.iter().position(|value| *value == best).and_then(|at| slices.get(at));
    let most = place(values.iter().copied().fold(f64::NEG_INFINITY, f64::max))?;
    let least = place(values.iter().copied().fold(f64::INFINITY, f64::min))?;
    Some(format!("{} − {}", most.0, least.0))
}

/// Both models in one group, and whether they said the same.
fn pair(parts: &[&PartRecord], confidence: f64) -> Option<Result<(GroupPair, bool), Undefined>> {
    let difference = parts.iter().find(|part| part.of == PartOf::Difference)?;
    let (candidate, baseline) = difference.models?;
    let of = parts::at(difference, confidence)?;
    let delta = Comparison {
        n: of.n,
        candidate,
        baseline,
        delta: of.value,
        lower: of.lower,
        upper: of.upper,
        standard_error: of.standard_error,
        method: of.method,
        resamples: of.resamples,
        sufficient: Sufficient::None,
    };
    if delta.method == Method::Exact {
        return Some(Ok((equal(&delta), true)));
    }
    let ours = estimate(parts, PartOf::Candidate, confidence)?;
    let theirs = estimate(parts, PartOf::Baseline, confidence)?;
    Some(pair_of(&delta, &ours, &theirs, confidence).map(|pair| (pair, false)))
}

fn worst(confidence: f64, (rule, spec): (&RuleRecord, &MetricSpec), result: &ResultRecord) -> Combined {
    let slices = slices(result);
    let every = of_every(confidence, slices.len());
    let both = |parts: &[&PartRecord]| {
        let of = |confidence| estimate(parts, PartOf::Candidate, confidence);
        Some((of(confidence)?, of(every)?))
    };
    let estimates: Vec<(Estimate, Estimate)> = slices.iter().map(|(_, parts)| both(parts)).collect::<Option<_>>()?;
    let found = worst_of(&estimates, spec.better())?;
    let (slice, (worst, _)) = (slices.get(found.at)?.0, estimates.get(found.at)?);
    let shrunk = shrunk(estimates.iter().map(|(slice, _)| slice), found.at);
    let mut numbers = [Some(worst.value), None, None, Some(found.lower), Some(found.upper)];
    if matches!(rule.demand, DemandRecord::MinRatio { .. }) {
        let all =
            result.parts.iter().filter(|part| part.slice.is_none()).find_map(|part| parts::at(part, confidence))?;
        let ratio = ratio_to_all(worst.value, (found.lower, found.upper), &all);
        numbers = [Some(worst.value), Some(all.value), Some(ratio.value), Some(ratio.lower), Some(ratio.upper)];
    }
    if result.slice.as_deref() != Some(slice) || result.n != worst.n {
        return Some(Ok(Examined::Differs { what: format!("the worst slice is {slice} with {} rows", worst.n) }));
    }
    let key = |key: &str| result.sufficient.get(key).copied();
    let recorded = [result.candidate, result.baseline, result.delta, result.lower, result.upper];
    let beside = [worst.standard_error, shrunk, Some(slices.len() as f64)];
    Some(Ok(match compared(numbers, recorded) {
        Examined::Follows => compared(beside, [key("standard_error"), key("shrunk"), key("slices")]),
        other => other,
    }))
}

/// The bounds of a rate of rows that change sides: they follow from the rate and the rows it is of, whatever the counts.
pub(super) fn flip_rate(negative: bool, confidence: f64, result: &ResultRecord) -> Examined {
    let key = |key: &str| result.sufficient.get(key).copied();
    let recorded = [result.candidate, result.lower, result.upper, key("standard_error")];
    let counts = ["both", "only_baseline", "only_candidate", "neither"].map(key);
    // Small ones may have been kept out.
    if let [Some(both), Some(worse), Some(better), Some(neither)] = counts
        && (both + worse + better + neither).total_cmp(&(result.n as f64)).is_ne()
    {
        return Examined::Differs { what: "its rows are not all that were judged".to_owned() };
    }
    let count = key(if negative { "only_baseline" } else { "only_candidate" });
    let mut rate = result.candidate.unwrap_or(f64::NAN);
    let effective = key("effective").unwrap_or_else(|| {
        // Where each row counts as one, the rate is that of the counts.
        rate = count.map_or(rate, |count| count / result.n as f64);
        result.n as f64
    });
    match measure::flip_rate(rate, effective, result.n, confidence) {
        Ok(found) => {
            compared([Some(found.value), Some(found.lower), Some(found.upper), found.standard_error], recorded)
        }
        Err(reason) => Examined::Differs { what: format!("nothing follows from its rate: {reason}") },
    }
}

//! A certificate examined by itself: whether its bounds follow from its statistics, and its verdicts from its bounds.

mod facts;
mod slices;

use std::collections::BTreeMap;

use super::decision::{
    Gap, Level, drop_of_lists, drop_of_numbers, floor, non_inferior, not_worse_detected, ratio, superior,
};
use super::drift_rule::SAME_DATA;
use super::effect::direction;
use super::judge::{overall, without_baseline};
use super::limit::Limit;
use super::report_rule::OPEN;
use super::reported_rule::{LIST, PAIRED, POINT};
use super::{CASES, HOLDOUT, holdout, holm, runs_rule, spec, sufficient};
use crate::digest::Digest;
use crate::format::certificate::{CertificateRecord, ResultRecord, Verdict};
use crate::format::policy::{Bound, DemandRecord, Flips, IntervalMethod, MeasureRecord, RuleRecord, Task};
use crate::measure::{
    self, Comparison, Estimate, Method, MetricSpec, Resampling, Sampling, Sufficient, Undefined, rederive,
    rederive_estimate, rederive_quantile, rederive_quantile_ratio, rederive_runs,
};

/// Numbers that differ by more are others: relative to those above 1, absolute below.
const SAME: f64 = 1e-12;

/// How an examination of one part came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Examined {
    /// What is recorded follows.
    Follows,
    /// Something else follows.
    Differs {
        /// What, in words.
        what: String,
    },
    /// Nothing follows: too little is recorded.
    Unknown {
        /// Why.
        why: String,
    },
}

/// One result of a certificate, examined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExaminedResult {
    /// The rule.
    pub rule: String,
    /// The slice.
    pub slice: Option<String>,
    /// The verdict on record.
    pub verdict: Verdict,
    /// Whether its bounds follow from its statistics.
    pub bounds: Examined,
    /// Whether its verdict follows from its bounds.
    pub decision: Examined,
}

/// A certificate, examined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examination {
    /// Its results, in their order.
    pub results: Vec<ExaminedResult>,
    /// Whether its verdict follows from those of its results.
    pub overall: Examined,
}

impl Examination {
    /// Everything in it that does not follow, in words.
    pub fn contradictions(&self) -> Vec<String> {
        let named = |result: &ExaminedResult, part: &Examined| match part {
            Examined::Differs { what } => Some(format!("{}: {what}", result.name())),
            _ => None,
        };
        let of_results = self.results.iter().flat_map(|r| [named(r, &r.bounds), named(r, &r.decision)]);
        let whole = match &self.overall {
            Examined::Differs { what } => Some(what.clone()),
            _ => None,
        };
        of_results.flatten().chain(whole).collect()
    }

    /// Whether every verdict follows from the bounds on record, whatever those follow from.
    pub fn is_decided_by_bounds(&self) -> bool {
        let differs = |part: &Examined| matches!(part, Examined::Differs { .. });
        !differs(&self.overall) && !self.results.iter().any(|result| differs(&result.decision))
    }

    /// Results whose bounds cannot be derived again, and why.
    pub fn unknown(&self) -> Vec<(&ExaminedResult, &str)> {
        let why = |part: &'_ Examined| matches!(part, Examined::Unknown { .. });
        let mut found = Vec::new();
        for result in &self.results {
            if let Some(Examined::Unknown { why }) = [&result.bounds, &result.decision].into_iter().find(|p| why(p)) {
                found.push((result, why.as_str()));
            }
        }
        found
    }
}

impl ExaminedResult {
    /// `markets [country=DE]`.
    pub fn name(&self) -> String {
        self.slice.as_ref().map_or_else(|| self.rule.clone(), |slice| format!("{} [{slice}]", self.rule))
    }
}

/// Examines a certificate. Nothing but what stands in it is used.
pub fn examine(certificate: &CertificateRecord) -> Examination {
    let mut results: Vec<ExaminedResult> = Vec::with_capacity(certificate.results.len());
    // Where uses of a set are paid for, bounds on rows are wider.
    let on_rows = holdout::policy_on_rows(&certificate.policy).confidence;
    let confidence_of = |rule: &RuleRecord| match &rule.measure {
        MeasureRecord::Measured { .. } => runs_rule::confidence(&certificate.policy),
        _ if holdout::pays(rule) => on_rows,
        _ => certificate.policy.confidence,
    };
    // A rule's slices are decided together.
    for group in certificate.results.chunk_by(|a, b| a.rule == b.rule) {
        let rule = certificate.policy.rules.iter().find(|rule| rule.id == group[0].rule);
        let decided = rule.map(|rule| decisions(certificate.policy.task, rule, confidence_of(rule), group));
        for (at, result) in group.iter().enumerate() {
            let (bounds, decision) = match (rule, &decided) {
                (Some(rule), Some(decided)) => {
                    (bounds(certificate, confidence_of(rule), rule, result), decided[at].clone())
                }
                _ if [CASES, HOLDOUT].contains(&result.rule.as_str()) => {
                    (Examined::Follows, facts::of_journal(certificate, result))
                }
                _ => {
                    let what = "it is a rule that the policy does not have".to_owned();
                    (Examined::Follows, Examined::Differs { what })
                }
            };
            let decision = match not_waived(certificate, result) {
                Some(what) => Examined::Differs { what },
                None => decision,
            };
            let (rule, slice, verdict) = (result.rule.clone(), result.slice.clone(), result.verdict);
            results.push(ExaminedResult { rule, slice, verdict, bounds, decision });
        }
    }
    Examination { results, overall: whole(certificate) }
}

/// What a rule said before somebody waived it.
fn unwaived(result: &ResultRecord) -> Verdict {
    result.waived.unwrap_or(result.verdict)
}

/// What is wrong with an exception that was made: it is of what is not good, by a waiver of its rule, and of nothing else.
fn not_waived(certificate: &CertificateRecord, result: &ResultRecord) -> Option<String> {
    let by_whom = certificate.waivers.iter().any(|waiver| waiver.rule == result.rule);
    match (result.verdict, result.waived) {
        (Verdict::Waived, Some(Verdict::Fail | Verdict::Inconclusive)) if by_whom => None,
        (Verdict::Waived, Some(Verdict::Fail | Verdict::Inconclusive)) => {
            Some("WAIVED is recorded, and no waiver of its rule".to_owned())
        }
        (Verdict::Waived, _) => Some("WAIVED is recorded, and not what it would be without that".to_owned()),
        (_, Some(_)) => Some("it was waived, and WAIVED is not recorded".to_owned()),
        (_, None) => None,
    }
}

/// The verdict of all, and that no rule was left out.
fn whole(certificate: &CertificateRecord) -> Examined {
    let has_result = |rule: &&RuleRecord| certificate.results.iter().any(|result| result.rule == rule.id);
    if let Some(rule) = certificate.policy.rules.iter().find(|rule| !has_result(rule)) {
        return Examined::Differs { what: format!("the rule `{}` has no result", rule.id) };
    }
    let other_severity = |result: &&ResultRecord| {
        certificate.policy.rules.iter().any(|rule| rule.id == result.rule && rule.severity != result.severity)
    };
    if let Some(result) = certificate.results.iter().find(other_severity) {
        return Examined::Differs { what: format!("`{}` has another severity than its rule", result.rule) };
    }
    if let Some(what) = facts::missing(certificate) {
        return Examined::Differs { what };
    }
    let mut verdict = overall(&certificate.results);
    if without_baseline(&certificate.policy, &certificate.baseline, &certificate.results).is_some() {
        verdict = verdict.min(Verdict::Inconclusive);
    }
    same_verdict(verdict, certificate.verdict, "the results say")
}

fn same_verdict(derived: Verdict, recorded: Verdict, by: &str) -> Examined {
    if derived == recorded {
        return Examined::Follows;
    }
    Examined::Differs { what: format!("{by} {}, {} is recorded", derived.name(), recorded.name()) }
}

/// Whether each verdict follows from the bounds beside it, for all results of one rule.
fn decisions(task: Task, rule: &RuleRecord, confidence: f64, group: &[ResultRecord]) -> Vec<Examined> {
    let mut derived: Vec<ResultRecord> = group.to_vec();
    let mut found: Vec<Option<Examined>> = Vec::with_capacity(group.len());
    for result in &mut derived {
        let margin = match rule.demand {
            DemandRecord::NonInferiorRelative { margin_rel } => result.baseline.map(|baseline| margin_rel * baseline),
            demand => demand.margin(),
        };
        // A relative margin is known only where the baseline's value is.
        let unmeasured = matches!(rule.demand, DemandRecord::NonInferiorRelative { .. }) && result.candidate.is_none();
        if same(margin, result.margin) || unmeasured {
            match decided(task, rule, confidence, result) {
                Err(Some(what)) => found.push(Some(Examined::Differs { what })),
                Ok(Some(verdict)) if verdict != unwaived(result) && may_be_open(rule, result) => {
                    let why = "what left it undecided is not known here".to_owned();
                    found.push(Some(Examined::Unknown { why }));
                }
                Ok(Some(verdict)) => {
                    result.verdict = verdict;
                    found.push(None);
                }
                Ok(None) => found.push(Some(nothing_measured(result))),
                Err(None) => {
                    let why = "another kind of rule than is known here".to_owned();
                    found.push(Some(Examined::Unknown { why }));
                }
            }
        } else {
            found.push(Some(Examined::Differs { what: "its limit is not its rule's".to_owned() }));
        }
    }
    let adjusted = group.iter().any(|result| result.sufficient.contains_key("p_holm"));
    if let (DemandRecord::NotWorseDetected { margin }, true, Some(better)) =
        (rule.demand, adjusted, direction(task, rule))
    {
        holm::correct(&mut derived, better, margin, confidence, &mut Vec::new());
    }
    let p_differs = |a: &ResultRecord, b: &ResultRecord| {
        ["p", "p_holm"].into_iter().any(|key| !same(a.sufficient.get(key).copied(), b.sufficient.get(key).copied()))
    };
    let mut examined = Vec::with_capacity(group.len());
    for ((known, derived), recorded) in found.into_iter().zip(&derived).zip(group) {
        examined.push(known.unwrap_or_else(|| {
            if p_differs(derived, recorded) {
                return Examined::Differs { what: "its p value does not follow from its bounds".to_owned() };
            }
            same_verdict(derived.verdict, unwaived(recorded), "its bounds say")
        }));
    }
    examined
}

/// Whether a rule can be undecided although its number is on one side of the limit: of drift in more columns than a certificate
/// holds chance decides as well, and an older one does not say whether a report lacks checks. A verdict that was given has to follow
/// from the number all the same.
fn may_be_open(rule: &RuleRecord, result: &ResultRecord) -> bool {
    let by_more = match rule.measure {
        MeasureRecord::Drift(_) => result.method.as_deref() != Some(SAME_DATA) && facts::columns(result).is_none(),
        MeasureRecord::Report(_) => !result.sufficient.contains_key(OPEN),
        _ => false,
    };
    by_more && unwaived(result) == Verdict::Inconclusive
}

/// Where nothing was measured, nothing may have been decided.
fn nothing_measured(result: &ResultRecord) -> Examined {
    match unwaived(result) {
        Verdict::Inconclusive | Verdict::NotApplicable => Examined::Follows,
        verdict => Examined::Differs { what: format!("{} is recorded, and nothing was measured", verdict.name()) },
    }
}

/// The verdict that the numbers of a result give; none where it has none. The error says what contradicts itself; nothing of a
/// kind of rule that is not known.
fn decided(
    task: Task,
    rule: &RuleRecord,
    confidence: f64,
    result: &ResultRecord,
) -> Result<Option<Verdict>, Option<String>> {
    if let (MeasureRecord::Drift(record), Some(limit)) = (&rule.measure, Limit::of(&rule.demand))
        && let Some(found) = facts::drift(record, limit, confidence, result)
    {
        return found.map(Some).map_err(Some);
    }
    let Some(value) = result.candidate else { return Ok(None) };
    if let Some(limit) = Limit::of(&rule.demand) {
        let level = Level { value, lower: result.lower.unwrap_or(value), upper: result.upper.unwrap_or(value) };
        let verdict = limit.decide(level);
        let is_report = matches!(rule.measure, MeasureRecord::Report(_));
        return Ok(Some(if is_report { facts::report(verdict, result).unwrap_or(verdict) } else { verdict }));
    }
    if let DemandRecord::MinRatio { limit } = rule.demand {
        let bounds = result.lower.zip(result.upper);
        return Ok(bounds.map(|(lower, upper)| floor(Level { value, lower, upper }, limit, Bound::Lower)));
    }
    let Some(delta) = result.delta else { return Ok(None) };
    if let DemandRecord::MaxRatio { limit } = rule.demand {
        return Ok(result.lower.zip(result.upper).map(|(lower, upper)| ratio(lower, upper, limit)));
    }
    let Some(better) = direction(task, rule) else { return Err(None) };
    let exact = result.method.as_deref().and_then(method) == Some(Method::Exact);
    let gap = |lower, upper| Gap { exact, ..Gap::turned(better, delta, lower, upper) };
    if let (DemandRecord::MaxDrop { limit }, Some(baseline), None) = (rule.demand, result.baseline, result.lower) {
        return Ok(Some(drop_of_numbers(value, baseline, gap(delta, delta).delta, limit)));
    }
    let Some((lower, upper)) = result.lower.zip(result.upper) else { return Ok(None) };
    let gap = gap(lower, upper);
    match rule.demand {
        DemandRecord::NonInferior { margin } => Ok(Some(non_inferior(gap, margin))),
        DemandRecord::NonInferiorRelative { .. } => Ok(result.margin.map(|margin| non_inferior(gap, margin))),
        DemandRecord::Superior { gain } => Ok(Some(superior(gap, gain))),
        DemandRecord::NotWorseDetected { margin } => Ok(Some(not_worse_detected(gap, margin))),
        DemandRecord::MaxDrop { limit } => Ok(Some(drop_of_lists(gap, limit))),
        _ => Err(None),
    }
}

/// The method's name; what stands behind it says what was made of its bounds.
fn method(text: &str) -> Option<Method> {
    Method::parse(text.split(';').next().unwrap_or(text))
}

/// Whether the bounds of a result follow from the statistics recorded beside them.
fn bounds(certificate: &CertificateRecord, confidence: f64, rule: &RuleRecord, result: &ResultRecord) -> Examined {
    let unknown = |why: &str| Examined::Unknown { why: why.to_owned() };
    let (Some(value), Some(name)) = (result.candidate, result.method.as_deref()) else { return Examined::Follows };
    // A command's numbers are judged as a trainer's are.
    let name = name.replacen("computed by a command", "reported", 1);
    let name = name.as_str();
    let (Some(lower), Some(upper)) = (result.lower, result.upper) else {
        return point(name, value, result);
    };
    let apart = |(baseline, delta): (f64, f64)| {
        // A ratio is of what it is a ratio of.
        let found = if is_ratio(rule) { value / baseline } else { value - baseline };
        let near = (found - delta).abs() <= 1e-9 * value.abs().max(baseline.abs()).max(1.0);
        !near
    };
    let is_of_runs = matches!(rule.measure, MeasureRecord::Measured { .. });
    if !is_of_runs && result.baseline.zip(result.delta).is_some_and(apart) {
        return Examined::Differs { what: "its values do not give their difference".to_owned() };
    }
    match &rule.measure {
        MeasureRecord::Metric { over: Some(over), .. } => {
            return slices::examine(certificate, confidence, (rule, over), result);
        }
        MeasureRecord::Flips { flips, .. } => {
            return slices::flip_rate(*flips == Flips::Negative, confidence, result);
        }
        // Bounds are the shares that are and that may be: they follow with the verdict.
        MeasureRecord::Drift(_) => return Examined::Follows,
        _ => {}
    }
    let error = result.sufficient.get("standard_error").copied();
    let recorded = [Some(value), result.baseline, result.delta, Some(lower), Some(upper), error];
    if [LIST, PAIRED].contains(&name) {
        return match of_list(result, confidence) {
            Some(found) => compared(found, [result.delta.or(Some(value)), Some(lower), Some(upper), error]),
            // The same numbers on both sides have no interval, and need none.
            None if [result.delta, Some(lower), Some(upper)] == [Some(0.0); 3] => Examined::Follows,
            None => unknown("suppressed: sums over fewer than 5 numbers are not recorded"),
        };
    }
    let Some(method) = method(name) else { return unknown(&format!("the method `{name}` is not known here")) };
    let Some(statistics) = sufficient::read(method, &result.sufficient, result.n) else {
        return unread(method, &result.sufficient, result.n);
    };
    let found = match (&rule.measure, &statistics) {
        (MeasureRecord::Quantile { quantile, .. }, Sufficient::Ordered { candidate, baseline }) => match baseline {
            Some(baseline) => rederive_quantile_ratio(candidate, baseline, *quantile, confidence)
                .map(|f| [Some(f.candidate), Some(f.baseline), Some(f.ratio), Some(f.lower), Some(f.upper), None]),
            None => rederive_quantile(candidate, *quantile, confidence)
                .map(|f| [Some(f.value), None, None, Some(f.lower), Some(f.upper), None]),
        },
        (MeasureRecord::Measured { .. }, Sufficient::Runs { candidate, baseline }) => {
            rederive_runs(candidate, baseline, confidence)
        }
        (MeasureRecord::Quantile { .. }, _) => return unknown("too many order statistics to be recorded"),
        (MeasureRecord::Metric { .. }, _) => {
            let Ok((spec, labels)) = spec::settled(rule, certificate.policy.task) else {
                return unknown("a metric that is not known here");
            };
            let spec = spec::with_labels(&spec, &result.sufficient);
            if spec.parameters.labels.as_ref().map_or(0, Vec::len) != labels.len() {
                return unknown("which classes its labels are is not recorded");
            }
            if result.seed.is_none() && matches!(method, Method::Multinomial | Method::MultinomialMover) {
                return unknown("its seed is not recorded");
            }
            again(&spec, certificate, confidence, result, method, statistics)
        }
        _ => return unknown("another kind of rule than is known here"),
    };
    match found {
        Ok(found) => compared(found, recorded),
        Err(reason) => Examined::Differs { what: format!("nothing follows from its statistics: {reason}") },
    }
}

/// Statistics that are left out, or that no rows could have given.
fn unread(method: Method, recorded: &BTreeMap<String, f64>, n: u64) -> Examined {
    match sufficient::left_out(method, recorded, n) {
        Some(why) => Examined::Unknown { why: why.to_owned() },
        None if sufficient::is_whole(method, recorded) => {
            Examined::Differs { what: "its statistics contradict each other".to_owned() }
        }
        None => Examined::Differs { what: "the statistics that its bounds follow from are missing".to_owned() },
    }
}

/// A number without bounds.
fn point(name: &str, value: f64, result: &ResultRecord) -> Examined {
    match (result.delta, result.baseline) {
        (Some(delta), Some(baseline)) if name == POINT => compared([Some(value - baseline)], [Some(delta)]),
        _ => Examined::Follows,
    }
}

fn of_list(result: &ResultRecord, confidence: f64) -> Option<[Option<f64>; 4]> {
    let statistics = sufficient::read(Method::StudentT, &result.sufficient, result.n)?;
    measure::rederive_mean(&statistics, confidence)
        .ok()
        .map(|f| [Some(f.value), Some(f.lower), Some(f.upper), f.standard_error])
}

/// How a certificate's intervals were made.
fn sampling(certificate: &CertificateRecord, confidence: f64, seed: Option<Digest>) -> Sampling {
    Sampling {
        confidence,
        resamples: certificate.policy.resamples,
        seed: seed.map_or([0; 32], |seed| *seed.as_bytes()),
        resampling: match certificate.policy.method {
            IntervalMethod::Auto => Resampling::WhereNeeded,
            IntervalMethod::Bootstrap => Resampling::Always,
        },
    }
}

/// Whether a result's `delta` is a ratio.
const fn is_ratio(rule: &RuleRecord) -> bool {
    matches!(rule.demand, DemandRecord::MaxRatio { .. } | DemandRecord::MinRatio { .. })
}

/// The value of each model, their difference and its bounds, derived again.
fn again(
    spec: &MetricSpec,
    certificate: &CertificateRecord,
    confidence: f64,
    result: &ResultRecord,
    method: Method,
    sufficient: Sufficient,
) -> Result<[Option<f64>; 6], Undefined> {
    let nan = f64::NAN;
    let sampling = sampling(certificate, confidence, result.seed);
    let (n, resamples, standard_error) = (result.n, result.resamples, result.sufficient.get("standard_error").copied());
    let candidate = result.candidate.unwrap_or(nan);
    let (Some(baseline), Some(delta)) = (result.baseline, result.delta) else {
        let (value, lower, upper) = (candidate, nan, nan);
        let recorded = Estimate { n, value, lower, upper, standard_error, method, resamples, sufficient };
        let found = rederive_estimate(spec, &recorded, &sampling)?;
        return Ok([Some(found.value), None, None, Some(found.lower), Some(found.upper), found.standard_error]);
    };
    // Identical predictions differ by nothing, whatever is measured.
    let (lower, upper) = if method == Method::Exact { (0.0, 0.0) } else { (nan, nan) };
    let recorded =
        Comparison { n, candidate, baseline, delta, lower, upper, standard_error, method, resamples, sufficient };
    let found = rederive(spec, &recorded, &sampling)?;
    let delta = if method == Method::Exact { 0.0 } else { found.delta };
    let error = if method == Method::Exact { standard_error } else { found.standard_error };
    Ok([Some(found.candidate), Some(found.baseline), Some(delta), Some(found.lower), Some(found.upper), error])
}

fn compared<const N: usize>(found: [Option<f64>; N], recorded: [Option<f64>; N]) -> Examined {
    match found.into_iter().zip(recorded).find(|(found, recorded)| !same(*found, *recorded)) {
        None => Examined::Follows,
        Some((found, recorded)) => {
            let text = |number: Option<f64>| number.map_or_else(|| "none".to_owned(), |number| number.to_string());
            let what = format!("its statistics give {}, {} is recorded", text(found), text(recorded));
            Examined::Differs { what }
        }
    }
}

/// Equal but for rounding. Positively written: NaN is equal to nothing.
pub fn same(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => a == b || (a - b).abs() <= SAME * a.abs().max(b.abs()).max(1.0),
        _ => false,
    }
}

//! Rules on the drift of training data. A column is further away than the limit only if that is more than chance makes of so
//! many columns; one whose distance chance may have made is not known to be near.

use super::case::Case;
use super::columns::{self, Distance, How, Side};
use super::counted;
use super::decision::Level;
use super::error::CertifyError;
use super::facts::VersionFacts;
use super::limit::{Limit, Measurement};
use super::outcome::{blank, inconclusive, n_rows};
use super::wording::{grouped, significant, some};
use crate::evidence::ColumnRows;
use crate::format::certificate::{ResultRecord, Verdict};
use crate::format::policy::{Drift, DriftRecord, RuleRecord};
use crate::format::profile::ProfileRecord;
use crate::measure::drift;
use crate::measure::{Draws, benjamini_hochberg};
use crate::nearest::nearest;

/// Columns named in a reason.
const SHOWN: usize = 3;
/// Columns whose numbers a certificate holds: the furthest.
const HELD: usize = 1000;
/// How a distance of nothing was found.
pub(super) const SAME_DATA: &str = "the same data";
/// So many values leave no doubt: more of them need not be counted out.
const MANY: u64 = 1000;

/// One column that was measured.
struct Measured<'a> {
    name: &'a str,
    distance: Distance,
    /// The chance, of so many columns.
    adjusted: f64,
}

/// What is to be thought of a column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Thought {
    Near,
    Far,
    /// Chance may have made it, or the bounds do not tell.
    Unclear,
}

/// The rule's result.
pub(super) fn judge(rule: &RuleRecord, record: &DriftRecord, case: &Case<'_>) -> Result<ResultRecord, CertifyError> {
    Ok(match measured(rule, record, case)? {
        Ok((drift, limit, result)) => drift.judge(limit, result),
        Err(result) => result,
    })
}

/// What the rule makes of data that did not drift, `draws` times, each column by itself; and whether it fails data that has nothing in
/// common with the baseline's. Or why that is not known.
pub(super) fn by_chance(
    rule: &RuleRecord,
    record: &DriftRecord,
    case: &Case<'_>,
    draws: impl Iterator<Item = Draws>,
) -> Result<(Vec<Verdict>, bool), String> {
    let measured = measured(rule, record, case).map_err(|error| error.to_string())?;
    let (drift, limit, result) = measured.map_err(|result| result.reason.unwrap_or_default())?;
    let known = |column: &&Measured<'_>| column.distance.how != How::Bounded;
    if record.drift == Drift::Wasserstein {
        return Err("what chance makes of an area depends on the values".to_owned());
    }
    if drift.measured.is_empty() || !drift.measured.iter().all(|column| known(&column)) {
        return Err("of some columns only deciles are here".to_owned());
    }
    let verdict = |distances: Vec<(f64, f64)>| {
        let adjusted = benjamini_hochberg(&distances.iter().map(|(_, p)| *p).collect::<Vec<_>>());
        let mut columns: Vec<Measured<'_>> = drift
            .measured
            .iter()
            .zip(distances.iter().zip(adjusted))
            .map(|(column, ((value, p), adjusted))| {
                let distance = Distance { low: *value, high: *value, p: *p, ..column.distance };
                Measured { name: column.name, distance, adjusted }
            })
            .collect();
        columns.sort_by(|a, b| b.distance.low.total_cmp(&a.distance.low).then_with(|| a.name.cmp(b.name)));
        let drawn = Drifted { record, alpha: drift.alpha, measured: columns, unknown: drift.unknown.clone() };
        drawn.judge(limit, result.clone()).verdict
    };
    let equal = |mut draws: Draws| {
        let value = |column: &Measured<'_>, p: f64| match record.drift {
            Drift::Psi => column.distance.chance.stability(p),
            Drift::Js => column.distance.chance.jensen_shannon(p),
            Drift::Chi2 => column.distance.chance.cramers_v(p),
            Drift::Chi2Corrected => column.distance.chance.corrected_v(p),
            Drift::Ks | Drift::Wasserstein => column.distance.chance.kolmogorov_smirnov(p),
        };
        let mut drawn = |column: &Measured<'_>| {
            let p = draws.unit();
            (value(column, p), p)
        };
        verdict(drift.measured.iter().map(&mut drawn).collect())
    };
    let furthest = |column: &Measured<'_>| match (record.drift, column.distance.chance) {
        (Drift::Psi, chance) => chance.largest_stability(),
        (Drift::Ks | Drift::Wasserstein, chance) => {
            (1.0, drift::chance_of(1.0, (chance.n as u64).min(MANY), (chance.m as u64).min(MANY)))
        }
        (Drift::Js | Drift::Chi2 | Drift::Chi2Corrected, chance) => chance.largest_v(),
    };
    let fails = verdict(drift.measured.iter().map(furthest).collect()) == Verdict::Fail;
    Ok((draws.map(equal).collect(), fails))
}

type Judged<'a> = (Drifted<'a>, Limit, ResultRecord);

/// All columns measured; or the result without.
fn measured<'a>(
    rule: &RuleRecord,
    record: &'a DriftRecord,
    case: &'a Case<'_>,
) -> Result<Result<Judged<'a>, ResultRecord>, CertifyError> {
    let result = blank(rule, None, None);
    let limit = counted::limit_of(rule, record.drift.name())?;
    super::data_rule::known(rule, &record.of, case)?;
    if let Some(result) = case.without_baseline(&result) {
        if let Ok(ours) = case.facts.candidate.profile(&record.of, "candidate") {
            let missing = record.columns.iter().find(|name| columns::column(ours, name).is_none());
            missing.map_or(Ok(()), |name| Err(unknown_column(rule, record, name, ours)))?;
        }
        return Ok(Err(result));
    }
    let Some(baseline) = &case.facts.baseline else { return Ok(Err(inconclusive(result, "nobody looked"))) };
    let candidate = &case.facts.candidate;
    let profiles = candidate.profile(&record.of, "candidate");
    let (ours, theirs) = match (profiles, baseline.profile(&record.of, "baseline")) {
        (Ok(ours), Ok(theirs)) => (ours, theirs),
        (Err(reason), _) | (_, Err(reason)) => return Ok(Err(inconclusive(result, reason))),
    };
    let meant = columns::meant(record, theirs);
    let neither = |name: &&&str| columns::column(ours, name).is_none() && columns::column(theirs, name).is_none();
    if let Some(name) = meant.iter().find(neither) {
        return Err(unknown_column(rule, record, name, theirs));
    }
    let result = ResultRecord { n: ours.rows, ..result };
    if meant.is_empty() {
        let reason = format!("no column of `{}` has a {}", record.of, record.drift.name());
        return Ok(Err(inconclusive(result, reason)));
    }
    if case.facts.same_data(&record.of) {
        return Ok(Err(limit.judge(result, &Measurement::point(0.0, SAME_DATA))));
    }
    let mut unknown = Vec::new();
    let mut measured = Vec::new();
    for name in meant {
        match of_column(record, name, (candidate, ours), (baseline, theirs)) {
            Ok(distance) => measured.push(Measured { name, distance, adjusted: f64::NAN }),
            Err(reason) => unknown.push(format!("`{name}`: {reason}")),
        }
    }
    let adjusted = benjamini_hochberg(&measured.iter().map(|column| column.distance.p).collect::<Vec<_>>());
    measured.iter_mut().zip(adjusted).for_each(|(column, p)| column.adjusted = p);
    measured.sort_by(|a, b| b.distance.low.total_cmp(&a.distance.low).then_with(|| a.name.cmp(b.name)));
    Ok(Ok((Drifted { record, alpha: 1.0 - case.policy.confidence, measured, unknown }, limit, result)))
}

fn unknown_column(rule: &RuleRecord, record: &DriftRecord, name: &str, known: &ProfileRecord) -> CertifyError {
    CertifyError::UnknownColumn {
        rule: rule.id.clone(),
        set: record.of.clone(),
        column: name.to_owned(),
        known: known.columns.iter().map(|column| column.name.clone()).collect(),
    }
}

fn of_column(
    record: &DriftRecord,
    name: &str,
    (candidate, ours): (&VersionFacts, &ProfileRecord),
    (baseline, theirs): (&VersionFacts, &ProfileRecord),
) -> Result<Distance, String> {
    let near = |profile: &ProfileRecord| nearest(name, profile.columns.iter().map(|column| column.name.as_str()));
    let Some(a) = columns::column(ours, name) else {
        let like = near(ours).first().map_or_else(String::new, |name| format!("; there is `{name}`"));
        return Err(format!("the candidate's data has no such column{like}"));
    };
    let b = columns::column(theirs, name).ok_or("the baseline's data has no such column")?;
    let found = columns::distance(
        record,
        Side { rows: ours.rows, profile: a, read: read(candidate, record, name) },
        Side { rows: theirs.rows, profile: b, read: read(baseline, record, name) },
    );
    // Why the rows were not read tells people more than that they were not.
    match (found, candidate.columns.get(&record.of)) {
        (Err(reason), Some(Err(why))) => Err(format!("{reason} ({why})")),
        (found, _) => found,
    }
}

fn read<'a>(facts: &'a VersionFacts, record: &DriftRecord, name: &str) -> Option<&'a ColumnRows> {
    facts.columns.get(&record.of)?.as_ref().ok()?.get(name)
}

/// A column's distance, the chance of it, and that chance among all columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    pub low: f64,
    pub high: f64,
    pub p: f64,
    pub adjusted: f64,
}

fn thought(Numbers { low, high, adjusted, .. }: Numbers, limit: f64, alpha: f64) -> Thought {
    if high <= limit && low <= limit {
        Thought::Near
    } else if low > limit && adjusted < alpha {
        Thought::Far
    } else {
        Thought::Unclear
    }
}

/// What the columns' numbers come to.
pub(super) struct Decided {
    pub verdict: Verdict,
    pub value: Option<f64>,
    /// The least and the largest it may be, of a share that is not known exactly.
    pub bounds: Option<(f64, f64)>,
}

/// The verdict on columns, the furthest first, of which `unknown` more could not be measured: what [`judge`] says of them, without words.
pub(super) fn decided(above: Option<f64>, limit: Limit, columns: &[Numbers], unknown: usize, alpha: f64) -> Decided {
    let exact = |verdict, value| Decided { verdict, value, bounds: None };
    let of = |wanted: Thought, limit: f64| columns.iter().filter(move |c| thought(**c, limit, alpha) == wanted);
    let Some(above) = above else {
        let (Some(furthest), Some(ceiling)) = (columns.first(), limit.limit) else {
            return exact(Verdict::Inconclusive, None);
        };
        if let Some(first) = of(Thought::Far, ceiling).next() {
            return exact(Verdict::Fail, Some(first.low));
        }
        let value = Some(furthest.high).filter(|value| value.is_finite());
        let is_open = unknown > 0 || of(Thought::Unclear, ceiling).next().is_some();
        return exact(if is_open { Verdict::Inconclusive } else { Verdict::Pass }, value);
    };
    let share = |count: usize| count as f64 / (columns.len() + unknown) as f64;
    let far = of(Thought::Far, above).count();
    let (low, high) = (share(far), share(far + of(Thought::Unclear, above).count() + unknown));
    let bounds = (low < high).then_some((low, high));
    match limit.limit {
        None => exact(Verdict::Inconclusive, Some(low)),
        Some(ceiling) if low > ceiling => Decided { verdict: Verdict::Fail, value: Some(low), bounds },
        Some(ceiling) if high <= ceiling => Decided { verdict: Verdict::Pass, value: Some(high), bounds },
        Some(_) => Decided { verdict: Verdict::Inconclusive, value: Some(low), bounds: Some((low, high)) },
    }
}

/// All columns of a rule.
struct Drifted<'a> {
    record: &'a DriftRecord,
    alpha: f64,
    /// The furthest first.
    measured: Vec<Measured<'a>>,
    unknown: Vec<String>,
}

impl Drifted<'_> {
    fn judge(&self, limit: Limit, result: ResultRecord) -> ResultRecord {
        match self.record.above {
            None => self.furthest(limit, result),
            Some(above) => self.share(limit, above, result),
        }
    }

    fn thought(&self, column: &Measured<'_>, limit: f64) -> Thought {
        let Distance { low, high, p, .. } = column.distance;
        thought(Numbers { low, high, p, adjusted: column.adjusted }, limit, self.alpha)
    }

    fn of(&self, thought: Thought, limit: f64) -> Vec<&Measured<'_>> {
        self.measured.iter().filter(|column| self.thought(column, limit) == thought).collect()
    }

    /// The distance of the furthest column, held against the limit.
    fn furthest(&self, limit: Limit, result: ResultRecord) -> ResultRecord {
        let result = self.with_numbers(result);
        let name = self.record.drift.name();
        let Some(furthest) = self.measured.first() else { return inconclusive(result, self.unmeasured()) };
        let Some(ceiling) = limit.limit else {
            let reason = format!(
                "the limit is unset; today's furthest column is `{}` with {name} {}{}",
                furthest.name,
                significant(furthest.distance.low),
                n_rows(result.n)
            );
            return inconclusive(result, reason);
        };
        let (far, unclear) = (self.of(Thought::Far, ceiling), self.of(Thought::Unclear, ceiling));
        let columns = self.measured.len() + self.unknown.len();
        if let Some(first) = far.first() {
            let listed: Vec<String> = far.iter().map(|column| self.text(column)).collect();
            let reason = format!(
                "{} of {} columns drifted by more than {}: {}",
                grouped(far.len() as u64),
                grouped(columns as u64),
                significant(ceiling),
                some(&listed, SHOWN)
            );
            let value = Some(first.distance.low);
            return ResultRecord { verdict: Verdict::Fail, candidate: value, reason: Some(reason), ..result };
        }
        let value = Some(furthest.distance.high);
        let result = ResultRecord { candidate: value.filter(|value| value.is_finite()), ..result };
        if !unclear.is_empty() {
            let listed: Vec<String> = unclear.iter().map(|column| self.text(column)).collect();
            let reason = format!(
                "above {} as it may be by chance, or not known well enough: {}",
                significant(ceiling),
                some(&listed, SHOWN)
            );
            return inconclusive(result, reason);
        }
        if !self.unknown.is_empty() {
            return inconclusive(result, self.unmeasured());
        }
        ResultRecord { verdict: Verdict::Pass, ..result }
    }

    /// The share of columns that are further away than `above`.
    fn share(&self, limit: Limit, above: f64, result: ResultRecord) -> ResultRecord {
        let result = self.with_numbers(result);
        let (far, unclear) = (self.of(Thought::Far, above), self.of(Thought::Unclear, above));
        let columns = self.measured.len() + self.unknown.len();
        let share = |count: usize| count as f64 / columns as f64;
        let (low, high) = (share(far.len()), share(far.len() + unclear.len() + self.unknown.len()));
        let listed: Vec<String> = far.iter().map(|column| self.text(column)).collect();
        let Some(ceiling) = limit.limit else {
            return limit.judge(result, &Measurement::point(low, "benjamini-hochberg"));
        };
        if low > ceiling || high <= ceiling {
            let level = Level { value: if low > ceiling { low } else { high }, lower: low, upper: high };
            let method = result.method.clone().unwrap_or_default();
            let judged = limit.judge(result, &Measurement { level, bounded: low < high, method: &method });
            let reason = (judged.verdict == Verdict::Fail).then(|| {
                let (far, all) = (grouped(far.len() as u64), grouped(columns as u64));
                format!("{far} of {all} columns drifted: {}", some(&listed, SHOWN))
            });
            return ResultRecord { reason: reason.or(judged.reason), ..judged };
        }
        let open: Vec<String> =
            unclear.iter().map(|column| self.text(column)).chain(self.unknown.iter().cloned()).collect();
        let result = ResultRecord { candidate: Some(low), lower: Some(low), upper: Some(high), ..result };
        let reason = format!(
            "between {} and {} of {} columns drifted; not decided: {}",
            far.len(),
            far.len() + open.len(),
            grouped(columns as u64),
            some(&open, SHOWN)
        );
        inconclusive(result, reason)
    }

    fn text(&self, column: &Measured<'_>) -> String {
        let Distance { low, high, p, .. } = column.distance;
        let value = match low < high {
            true => format!("{} to {}", significant(low), significant(high)),
            false => significant(low),
        };
        let name: String = column.name.chars().take(60).collect();
        format!(
            "`{name}` {} {value} (p {}, of all columns {})",
            self.record.drift.name(),
            significant(p),
            significant(column.adjusted)
        )
    }

    fn unmeasured(&self) -> String {
        some(&self.unknown, SHOWN)
    }

    /// The numbers of the furthest columns, and how they were found.
    fn with_numbers(&self, mut result: ResultRecord) -> ResultRecord {
        let columns = self.measured.len() + self.unknown.len();
        result.sufficient.insert("columns".to_owned(), columns as f64);
        result.sufficient.insert("unknown".to_owned(), self.unknown.len() as f64);
        for Measured { name, distance, adjusted } in self.measured.iter().take(HELD) {
            let numbers = [("low", distance.low), ("high", distance.high), ("p", distance.p), ("p_bh", *adjusted)];
            let new = numbers.into_iter().filter(|(_, number)| number.is_finite());
            result.sufficient.extend(new.map(|(key, number)| (format!("{name}.{key}"), number)));
        }
        let how = match self.measured.iter().map(|column| column.distance.how).max() {
            Some(How::Estimated) => ", estimated from deciles",
            Some(How::Bounded) => ", bounded by deciles",
            _ => "",
        };
        result.method =
            Some(format!("{}{how}; benjamini-hochberg over {} columns", self.record.drift.name(), self.measured.len()));
        result
    }
}

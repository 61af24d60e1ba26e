//! Rules on training data, on answers as they are, on the environment and on other tools' reports.

use std::collections::BTreeSet;

use super::PolicyError;
use super::refuse::{NOT_NEGATIVE, empty, limit_of, misplaced, number};
use super::rows::{scalar, threshold, without_rows, without_values};
use crate::format::policy::{
    Bound, DataCheck, DataCheckFile, DataCheckRecord, DemandRecord, Drift, DriftRecord, LeakageRecord, MeasureRecord,
    MetricFile, ReportRuleRecord, Reported, RuleFile, Shift, ShiftRecord, Surrounding, SurroundingRecord, Task,
};
use crate::nearest::nearest;

/// A score that moves by more has moved, unless a rule says otherwise.
const MOVED: f64 = 0.1;
/// Robust standard deviations that numbers of rows may lie apart, unless a rule says otherwise.
const DEVIATIONS: f64 = 3.0;

pub(super) fn resolve(rule: &RuleFile, task: Task) -> Result<MeasureRecord, PolicyError> {
    if let MetricFile::Shift(file) = &rule.metric {
        let shift = word(rule, "shift", &file.shift, &Shift::ALL, |shift| shift.name())?;
        misplaced(rule, "where", !rule.only.is_empty(), "a metric computed from rows")?;
        misplaced(rule, "each", !rule.each.is_empty(), "a metric computed from rows")?;
        misplaced(rule, "min_rows", rule.min_rows.is_some(), "`each`")?;
        without_values(rule, "a metric computed from rows")?;
        let rate = shift == Shift::PositiveRate;
        misplaced(rule, "threshold", rule.threshold.is_some() && !rate, "`shift = \"positive_rate\"`")?;
        misplaced(rule, "shift", rate && task != Task::Binary, "a binary task, as `positive_rate`")?;
        misplaced(rule, "by", file.by.is_some() && shift != Shift::Moved, "`shift = \"moved\"`")?;
        let (threshold, threshold_written) = threshold(rule)?;
        let by = file.by.unwrap_or(MOVED);
        let by = number(rule, "by", by, by >= 0.0, NOT_NEGATIVE)?;
        let set = rule.set.clone();
        return Ok(MeasureRecord::Shift(ShiftRecord { shift, set, threshold, threshold_written, by }));
    }
    without_rows(rule)?;
    match &rule.metric {
        MetricFile::Drift(file) => {
            let above = file.above;
            Ok(MeasureRecord::Drift(DriftRecord {
                drift: word(rule, "drift", &file.drift, &Drift::ALL, |drift| drift.name())?,
                of: file.of.clone(),
                columns: columns(rule, "columns", &file.columns)?,
                above: above.map(|above| number(rule, "above", above, above >= 0.0, NOT_NEGATIVE)).transpose()?,
                approximate: file.approximate,
            }))
        }
        MetricFile::Data(file) => Ok(MeasureRecord::Data(data(rule, file)?)),
        MetricFile::Leakage(file) => Ok(MeasureRecord::Leakage(LeakageRecord {
            leakage: file.leakage.clone(),
            of: file.of.clone(),
            key: columns(rule, "key", &file.key)?,
        })),
        MetricFile::Surrounding(file) => {
            let part = word(rule, "environment", &file.environment, &Surrounding::ALL, |part| part.name())?;
            let packages = part == Surrounding::Packages;
            misplaced(rule, "only", !file.only.is_empty() && !packages, "`environment = \"packages\"`")?;
            let only = columns(rule, "only", &file.only)?;
            Ok(MeasureRecord::Surrounding(SurroundingRecord { environment: part, only }))
        }
        MetricFile::Report(file) => {
            let count = file.count.as_deref().unwrap_or("failed");
            Ok(MeasureRecord::Report(ReportRuleRecord {
                report: file.report.clone(),
                count: word(rule, "count", count, &Reported::ALL, |count| count.name())?,
                require: columns(rule, "require", &file.require)?,
            }))
        }
        _ => Err(PolicyError::NoDemand { rule: rule.id.clone() }),
    }
}

fn data(rule: &RuleFile, file: &DataCheckFile) -> Result<DataCheckRecord, PolicyError> {
    let check = word(rule, "data", &file.data, &DataCheck::ALL, |check| check.name())?;
    let is = |wanted: &[DataCheck]| wanted.contains(&check);
    let one = [DataCheck::NullShare, DataCheck::Range, DataCheck::Categories, DataCheck::Freshness];
    const ONE: &str = "`data = \"null_share\"`, `\"range\"`, `\"categories\"` or `\"freshness\"`";
    misplaced(rule, "column", file.column.is_some() && !is(&one), ONE)?;
    misplaced(rule, "key", !file.key.is_empty() && !is(&[DataCheck::Unique]), "`data = \"unique\"`")?;
    let bounded = file.low.is_some() || file.high.is_some();
    misplaced(rule, "low", file.low.is_some() && !is(&[DataCheck::Range]), "`data = \"range\"`")?;
    misplaced(rule, "high", file.high.is_some() && !is(&[DataCheck::Range]), "`data = \"range\"`")?;
    misplaced(rule, "allowed", !file.allowed.is_empty() && !is(&[DataCheck::Categories]), "`data = \"categories\"`")?;
    misplaced(rule, "last", file.last.is_some() && !is(&[DataCheck::Rows]), "`data = \"rows\"`")?;
    let missing = |key, with| Err(PolicyError::Missing { rule: rule.id.clone(), key, with });
    if file.column.is_none() && is(&one) && !is(&[DataCheck::NullShare]) {
        return missing("column", ONE);
    }
    if is(&[DataCheck::Unique]) && file.key.is_empty() {
        return missing("key", "`data = \"unique\"`");
    }
    if is(&[DataCheck::Range]) && !bounded {
        return missing("low", "`data = \"range\"`, or `high`");
    }
    if let Some(last) = file.last {
        number(rule, "last", last.into(), (3..=1000).contains(&last), "3 to 1,000")?;
    }
    let named: Vec<String> = file.column.iter().chain(&file.key).cloned().collect();
    let mut allowed = Vec::new();
    for value in &file.allowed {
        allowed.push(scalar(rule, value)?.to_string());
    }
    allowed.sort();
    allowed.dedup();
    Ok(DataCheckRecord {
        data: check,
        of: file.of.clone(),
        columns: columns(rule, if file.key.is_empty() { "column" } else { "key" }, &named)?,
        low: file.low.as_ref().map(|value| scalar(rule, value)).transpose()?,
        high: file.high.as_ref().map(|value| scalar(rule, value)).transpose()?,
        allowed,
        last: file.last,
    })
}

/// A ceiling on what is counted or measured; rows may have a floor.
pub(super) fn demand(rule: &RuleFile, measure: &MeasureRecord) -> Result<DemandRecord, PolicyError> {
    const ELSE: &str = "anything but data, environments and reports";
    misplaced(rule, "prove", rule.prove.is_some(), ELSE)?;
    misplaced(rule, "margin", rule.margin.is_some(), ELSE)?;
    misplaced(rule, "gain", rule.gain.is_some(), ELSE)?;
    misplaced(rule, "max_drop", rule.max_drop.is_some(), ELSE)?;
    misplaced(rule, "margin_rel", rule.margin_rel.is_some(), ELSE)?;
    misplaced(rule, "max_ratio", rule.max_ratio.is_some(), ELSE)?;
    misplaced(rule, "min_ratio", rule.min_ratio.is_some(), ELSE)?;
    misplaced(rule, "on", rule.on.is_some(), ELSE)?;
    let rows =
        matches!(measure, MeasureRecord::Data(record) if record.data == DataCheck::Rows && record.last.is_none());
    misplaced(rule, "min", rule.min.is_some() && !rows, "`data = \"rows\"` without `last`, or a metric")?;
    let limit = match (&rule.min, &rule.max) {
        (Some(_), Some(_)) => {
            return Err(PolicyError::SeveralDemands { rule: rule.id.clone(), keys: vec!["min", "max"] });
        }
        (Some(min), None) => limit_of(rule, "min", min)?,
        (None, Some(max)) => limit_of(rule, "max", max)?,
        (None, None) => Some(match unsaid(measure) {
            Some(limit) => limit,
            None => return Err(PolicyError::NoDemand { rule: rule.id.clone() }),
        }),
    };
    let key = if rule.min.is_some() { "min" } else { "max" };
    if let Some(limit) = limit {
        number(rule, key, limit, limit >= 0.0, NOT_NEGATIVE)?;
    }
    Ok(match rule.min {
        Some(_) => DemandRecord::Min { limit, on: Bound::Point },
        None => DemandRecord::Max { limit, on: Bound::Point },
    })
}

/// The ceiling where nothing is said: nothing that is counted may be there; how far is too far is for people to say.
fn unsaid(measure: &MeasureRecord) -> Option<f64> {
    match measure {
        MeasureRecord::Leakage(_) | MeasureRecord::Surrounding(_) | MeasureRecord::Report(_) => Some(0.0),
        MeasureRecord::Data(record) => match record.data {
            DataCheck::Schema | DataCheck::Range | DataCheck::Categories | DataCheck::Unique => Some(0.0),
            DataCheck::Rows => record.last.map(|_| DEVIATIONS),
            DataCheck::NullShare | DataCheck::Freshness => None,
        },
        _ => None,
    }
}

fn word<T: Copy>(
    rule: &RuleFile,
    key: &'static str,
    text: &str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<T, PolicyError> {
    let names = || all.iter().map(|known| name(*known));
    all.iter().copied().find(|known| name(*known) == text).ok_or_else(|| PolicyError::UnknownWord {
        rule: rule.id.clone(),
        key,
        word: text.chars().take(80).collect(),
        known: names().collect(),
        nearest: nearest(text, names()),
    })
}

fn columns(rule: &RuleFile, key: &'static str, names: &[String]) -> Result<Vec<String>, PolicyError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if name.is_empty() {
            return Err(empty(rule, key));
        }
        if !seen.insert(name) {
            return Err(PolicyError::ColumnTwice { rule: rule.id.clone(), key, column: name.clone() });
        }
    }
    Ok(names.to_vec())
}

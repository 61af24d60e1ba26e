//! Rules on what the candidate's training data is like, from its schema and its profile, and on rows it must not hold.

use super::case::Case;
use super::columns::{column, is_date, is_whole};
use super::counted;
use super::error::CertifyError;
use super::facts::VersionFacts;
use super::limit::{Limit, Measurement};
use super::outcome::{blank, inconclusive};
use super::wording::{grouped, significant, some};
use crate::format::certificate::{ResultRecord, Verdict};
use crate::format::policy::{DataCheck, DataCheckRecord, LeakageRecord, RuleRecord};
use crate::format::profile::{ColumnProfileRecord, ProfileRecord};
use crate::format::scalar::Scalar;
use crate::format::snapshot::ColumnRecord;
use crate::name::SetName;
use crate::nearest::nearest;

/// A normal sample's standard deviation is so many times the median of its distances to the median.
const ROBUST: f64 = 1.4826;
/// Earlier tables that tell how much numbers of rows vary.
const EARLIER: usize = 3;
/// Things named in a remark.
const SHOWN: usize = 5;

/// Why a rule cannot be judged: a column nobody has is the policy's mistake, all else is inconclusive.
enum Unjudged {
    Policy(CertifyError),
    Evidence(String),
}

impl From<String> for Unjudged {
    fn from(reason: String) -> Self {
        Self::Evidence(reason)
    }
}

/// The rule's result.
pub(super) fn judge(
    rule: &RuleRecord,
    record: &DataCheckRecord,
    case: &Case<'_>,
    remarks: &mut Vec<String>,
) -> Result<ResultRecord, CertifyError> {
    let result = blank(rule, None, None);
    let limit = counted::limit_of(rule, record.data.name())?;
    known(rule, &record.of, case)?;
    let compares =
        record.data == DataCheck::Schema || record.data == DataCheck::Categories && record.allowed.is_empty();
    if compares && let Some(result) = case.without_baseline(&result) {
        let asked = Asked { rule, record, case };
        let column = asked.profile().and_then(|profile| asked.column(profile));
        return match column {
            Err(Unjudged::Policy(error)) if record.data == DataCheck::Categories => Err(error),
            _ => Ok(result),
        };
    }
    let rows = case.facts.candidate.source(&record.of).and_then(|source| source.rows);
    let result = ResultRecord { n: rows.unwrap_or(0), ..result };
    let asked = Asked { rule, record, case };
    let judged = match record.data {
        DataCheck::NullShare => asked.null_share(limit, &result),
        DataCheck::Rows => asked.rows(limit, &result),
        DataCheck::Schema => asked.schema(remarks).map(|found| counted::judge(limit, result.clone(), &Ok(found))),
        DataCheck::Range => asked.range().map(|found| counted::judge(limit, result.clone(), &Ok(found))),
        DataCheck::Categories => {
            asked.categories(remarks).map(|found| counted::judge(limit, result.clone(), &Ok(found)))
        }
        DataCheck::Unique => asked.unique(limit, &result),
        DataCheck::Freshness => asked.freshness(limit, &result),
    };
    match judged {
        // What is counted is not the table's rows, and those are what was looked at.
        Ok(judged) => Ok(ResultRecord { n: judged.n.max(result.n), ..judged }),
        Err(Unjudged::Evidence(reason)) => Ok(inconclusive(result, reason)),
        Err(Unjudged::Policy(error)) => Err(error),
    }
}

/// Data that a rule names must be among the candidate's, if that has any.
pub(super) fn known(rule: &RuleRecord, data: &SetName, case: &Case<'_>) -> Result<(), CertifyError> {
    let known: Vec<SetName> = case.facts.candidate.data.iter().map(|source| source.name.clone()).collect();
    if known.is_empty() || known.contains(data) {
        return Ok(());
    }
    Err(CertifyError::UnknownSet {
        rule: rule.id.clone(),
        kind: "data",
        set: data.clone(),
        nearest: nearest(data.as_str(), known.iter().map(SetName::as_str)),
        known,
    })
}

/// A rule and what it is judged by.
struct Asked<'a> {
    rule: &'a RuleRecord,
    record: &'a DataCheckRecord,
    case: &'a Case<'a>,
}

impl Asked<'_> {
    /// The profile of data that has rows: of none, everything is true.
    fn profile(&self) -> Result<&ProfileRecord, Unjudged> {
        let profile = self.case.facts.candidate.profile(&self.record.of, "candidate")?;
        if profile.rows == 0 {
            return Err(self.no_rows());
        }
        Ok(profile)
    }

    fn no_rows(&self) -> Unjudged {
        Unjudged::Evidence(format!("the data `{}` has no rows", self.record.of))
    }

    /// The column the rule names.
    fn column<'p>(&self, profile: &'p ProfileRecord) -> Result<&'p ColumnProfileRecord, Unjudged> {
        let name = self.record.columns.first().map_or("", String::as_str);
        let Some(found) = column(profile, name) else { return Err(self.no_column(profile, name)) };
        match found.opaque {
            true => Err(format!("nothing is known of `{name}`: it is {}", found.kind).into()),
            false => Ok(found),
        }
    }

    /// One the baseline has is missing from the data; one that neither has, from the policy's author's memory.
    fn no_column(&self, profile: &ProfileRecord, name: &str) -> Unjudged {
        let baseline = self.case.facts.baseline.as_ref().and_then(|facts| facts.profile(&self.record.of, "").ok());
        if baseline.is_some_and(|baseline| column(baseline, name).is_some()) {
            return Unjudged::Evidence(format!("the candidate's data `{}` has no column `{name}`", self.record.of));
        }
        Unjudged::Policy(CertifyError::UnknownColumn {
            rule: self.rule.id.clone(),
            set: self.record.of.clone(),
            column: name.to_owned(),
            known: profile.columns.iter().map(|column| column.name.clone()).collect(),
        })
    }

    /// The share of missing cells of the column, or of the one that misses most.
    fn null_share(&self, limit: Limit, result: &ResultRecord) -> Result<ResultRecord, Unjudged> {
        let profile = self.profile()?;
        let columns: Vec<&ColumnProfileRecord> = match self.record.columns.is_empty() {
            true => profile.columns.iter().collect(),
            false => vec![self.column(profile)?],
        };
        if let Some(opaque) = columns.iter().find(|column| column.opaque) {
            return Err(format!("nothing is known of `{}`: it is {}", opaque.name, opaque.kind).into());
        }
        let share = |column: &ColumnProfileRecord| (column.nulls + column.nan) as f64 / profile.rows as f64;
        let mut by_share: Vec<(f64, &str)> = columns.iter().map(|c| (share(c), c.name.as_str())).collect();
        by_share.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        let Some((worst, _)) = by_share.first() else {
            return Err(format!("the data `{}` has no columns", self.record.of).into());
        };
        let judged = limit.judge(result.clone(), &Measurement::point(*worst, "counted"));
        let above: Vec<String> = by_share
            .iter()
            .filter(|(share, _)| limit.limit.is_some_and(|limit| *share > limit))
            .map(|(share, name)| format!("`{name}` {}", significant(*share)))
            .collect();
        Ok(said(judged, &format!("share of missing cells: {}", some(&above, 3))))
    }

    /// Rows, or how far they are from those of earlier tables.
    fn rows(&self, limit: Limit, result: &ResultRecord) -> Result<ResultRecord, Unjudged> {
        let of = &self.record.of;
        let Some(source) = self.case.facts.candidate.source(of) else {
            return Err(format!("the candidate has no data `{of}`").into());
        };
        let rows = source.rows.ok_or_else(|| format!("nobody counted the rows of the data `{of}`"))?;
        let Some(last) = self.record.last else {
            let judged = limit.judge(result.clone(), &Measurement::point(rows as f64, "counted"));
            let asked = significant(limit.limit.unwrap_or(f64::NAN));
            return Ok(said(judged, &format!("{} rows, the limit is {asked}", grouped(rows))));
        };
        let earlier = self.case.facts.history.get(of).map_or(&[][..], Vec::as_slice);
        let earlier = &earlier[..earlier.len().min(last as usize)];
        if earlier.len() < EARLIER {
            return Err(format!("{} earlier tables of `{of}` are known, {EARLIER} needed", earlier.len()).into());
        }
        let middle = median(earlier.iter().map(|rows| *rows as f64).collect());
        let spread = ROBUST * median(earlier.iter().map(|rows| (*rows as f64 - middle).abs()).collect());
        let distance = (rows as f64 - middle).abs();
        let deviations = if distance == 0.0 { 0.0 } else { distance / spread };
        if !deviations.is_finite() {
            let reason = format!(
                "{} rows; the last {} tables of `{of}` had {} and hardly varied, so nothing says how far is far",
                grouped(rows),
                earlier.len(),
                significant(middle)
            );
            return Err(reason.into());
        }
        let method = format!("median and MAD of {} tables", earlier.len());
        let judged = limit.judge(result.clone(), &Measurement::point(deviations, &method));
        let reason = format!(
            "{} rows, {} robust standard deviations from {}, the median of the last {} tables",
            grouped(rows),
            significant(deviations),
            significant(middle),
            earlier.len()
        );
        let numbers = [("median", middle), ("spread", spread), ("rows", rows as f64)];
        let sufficient = numbers.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Ok(ResultRecord { sufficient, ..said(judged, &reason) })
    }

    /// Columns of the baseline's that are missing, or of another type.
    fn schema(&self, remarks: &mut Vec<String>) -> Result<Vec<String>, Unjudged> {
        let of = &self.record.of;
        let schema = |facts: Option<&VersionFacts>, whose: &str| -> Result<Vec<ColumnRecord>, Unjudged> {
            let source = facts.and_then(|facts| facts.source(of));
            let Some(source) = source else { return Err(format!("the {whose} has no data `{of}`").into()) };
            source.schema.clone().ok_or_else(|| format!("the {whose}'s data `{of}` has no schema").into())
        };
        let ours = schema(Some(&self.case.facts.candidate), "candidate")?;
        let theirs = schema(self.case.facts.baseline.as_ref(), "baseline")?;
        let mut wrong = Vec::new();
        let mut news = Vec::new();
        for expected in &theirs {
            match ours.iter().find(|column| column.name == expected.name) {
                None => wrong.push(format!("`{}` is missing", expected.name)),
                Some(found) if found.kind == expected.kind => {}
                // A column that gets its first values has no type to keep.
                Some(found) if expected.kind == "empty" => {
                    news.push(format!("`{}` is {} and was empty", found.name, found.kind));
                }
                Some(found) => wrong.push(format!("`{}` is {}, not {}", found.name, found.kind, expected.kind)),
            }
        }
        let new = ours.iter().filter(|column| theirs.iter().all(|known| known.name != column.name));
        news.extend(new.map(|column| format!("`{}` is new", column.name)));
        if !news.is_empty() {
            remarks.push(format!("rule `{}`: in `{of}` {}", self.rule.id, some(&news, SHOWN)));
        }
        Ok(wrong)
    }

    /// Limits that are not kept.
    fn range(&self) -> Result<Vec<String>, Unjudged> {
        let profile = self.profile()?;
        let column = self.column(profile)?;
        let name = &column.name;
        let mut wrong = Vec::new();
        if column.infinite > 0 {
            wrong.push(format!("{} values of `{name}` are infinite", grouped(column.infinite)));
        }
        let (Some(min), Some(max)) = (column.min(), column.max()) else {
            return match wrong.is_empty() {
                true => Err(format!("`{name}` has no least and greatest value: it is {}", column.kind).into()),
                false => Ok(wrong),
            };
        };
        let sides = [(&self.record.low, min, "least", "below"), (&self.record.high, max, "greatest", "above")];
        for (limit, found, which, side) in sides {
            let Some(limit) = limit else { continue };
            let order = ordered(found, limit)
                .ok_or_else(|| format!("`{name}` is {}, and {limit} is not of that kind", column.kind))?;
            if (side == "below" && order.is_lt()) || (side == "above" && order.is_gt()) {
                wrong.push(format!("the {which} value of `{name}` is {found}, {side} {limit}"));
            }
        }
        Ok(wrong)
    }

    /// Categories that are missing, or not allowed.
    fn categories(&self, remarks: &mut Vec<String>) -> Result<Vec<String>, Unjudged> {
        let profile = self.profile()?;
        let found = categories(self.column(profile)?, profile.rows)?;
        let name = self.record.columns.first().map_or("", String::as_str);
        if !self.record.allowed.is_empty() {
            let wrong = found.iter().filter(|value| !self.record.allowed.contains(value));
            return Ok(wrong.map(|value| format!("`{name}` = `{}`", short(value))).collect());
        }
        let Some(baseline) = &self.case.facts.baseline else { return Err("nobody looked".to_owned().into()) };
        let theirs = baseline.profile(&self.record.of, "baseline")?;
        let column = column(theirs, name).ok_or_else(|| format!("the baseline's data has no column `{name}`"))?;
        // Those it lists are there, whether it lists all or not.
        let expected: Vec<String> = match categories(column, theirs.rows) {
            Ok(all) => all,
            Err(reason) => return Err(format!("the baseline's {reason}").into()),
        };
        let new: Vec<String> =
            found.iter().filter(|value| !expected.contains(value)).map(|value| format!("`{}`", short(value))).collect();
        if !new.is_empty() {
            remarks.push(format!("rule `{}`: new in `{name}`: {}", self.rule.id, some(&new, SHOWN)));
        }
        let missing = expected.iter().filter(|value| !found.contains(value));
        Ok(missing.map(|value| format!("no row has `{name}` = `{}`", short(value))).collect())
    }

    /// Rows that repeat a key.
    fn unique(&self, limit: Limit, result: &ResultRecord) -> Result<ResultRecord, Unjudged> {
        let of = &self.record.of;
        let repeated = self.case.facts.repeated.get(&(of.clone(), self.record.columns.clone()));
        let keys = self.record.columns.join("`, `");
        let (repeated, rows) = match (repeated, self.record.columns.as_slice()) {
            (Some(Ok(found)), _) => *found,
            // The number of distinct values of one column is in its profile.
            (unread, [_]) => {
                let profile = self.profile()?;
                let column = self.column(profile)?;
                let why = || match unread {
                    Some(Err(reason)) => format!("`{keys}` has too many values for a profile to count: {reason}"),
                    _ => format!("`{keys}` has too many values for a profile to count"),
                };
                let distinct = column.distinct.ok_or_else(why)?;
                // A missing key tells a row from no other; the figures hold neither NaN nor infinities.
                (profile.rows.saturating_sub(distinct), profile.rows)
            }
            (Some(Err(reason)), _) => return Err(reason.clone().into()),
            (None, _) => return Err("nobody looked".to_owned().into()),
        };
        if rows == 0 {
            return Err(self.no_rows());
        }
        let first = [format!("{} of {} rows repeat a key of `{keys}` or have none", grouped(repeated), grouped(rows))];
        Ok(counted::number(limit, ResultRecord { n: rows, ..result.clone() }, repeated, &[]))
            .map(|judged| said(judged, &first[0]))
    }

    /// Days from the newest value to the snapshot.
    fn freshness(&self, limit: Limit, result: &ResultRecord) -> Result<ResultRecord, Unjudged> {
        let profile = self.profile()?;
        let newest = self.column(profile)?;
        let key = (self.record.of.clone(), newest.name.clone());
        let (shown, age) = match self.case.facts.ages.get(&key) {
            Some(Ok((shown, age))) => (shown, *age),
            Some(Err(reason)) => return Err(reason.clone().into()),
            None => return Err("nobody looked".to_owned().into()),
        };
        let judged = limit.judge(result.clone(), &Measurement::point(age, "newest value"));
        Ok(said(
            judged,
            &format!("the newest `{}` is {shown}, {} days before the snapshot", newest.name, significant(age)),
        ))
    }
}

/// The rule's result.
pub(super) fn leakage(
    rule: &RuleRecord,
    record: &LeakageRecord,
    case: &Case<'_>,
    remarks: &mut Vec<String>,
) -> Result<ResultRecord, CertifyError> {
    let result = blank(rule, None, None);
    let limit = counted::limit_of(rule, "leakage")?;
    known(rule, &record.of, case)?;
    let data = case.facts.candidate.data.iter().map(|source| &source.name);
    let known: Vec<SetName> = case.candidate_sets.iter().chain(data).cloned().collect();
    if !known.is_empty() && !known.contains(&record.leakage) {
        return Err(CertifyError::UnknownSet {
            rule: rule.id.clone(),
            kind: "predictions or data",
            set: record.leakage.clone(),
            nearest: nearest(record.leakage.as_str(), known.iter().map(SetName::as_str)),
            known,
        });
    }
    Ok(match case.facts.leaks.get(record) {
        None => inconclusive(result, "nobody looked"),
        Some(Err(reason)) => inconclusive(result, reason),
        Some(Ok(leak)) => {
            if leak.rows == 0 {
                return Ok(inconclusive(result, format!("`{}` has no rows", record.leakage)));
            }
            let result = ResultRecord { n: leak.rows, ..result };
            let judged = counted::number(limit, result.clone(), leak.leaked, &[]);
            if let Some(doubt) = leak.doubt.as_ref().filter(|_| judged.verdict != Verdict::Fail) {
                let reason =
                    format!("the keys of `{}` and `{}` are spelled in two ways: {doubt}", record.leakage, record.of);
                return Ok(inconclusive(result, reason));
            }
            if let Some(column) = &leak.mixed {
                let (id, of) = (&rule.id, &record.of);
                remarks.push(format!(
                    "rule `{id}`: `{column}` is text in one of `{}` and `{of}`, a number in the other",
                    record.leakage
                ));
            }
            let shown = some(&leak.first, leak.first.len());
            let reason = format!(
                "{} of {} rows of `{}` are in `{}`, too: {shown}",
                grouped(leak.leaked),
                grouped(leak.rows),
                record.leakage,
                record.of
            );
            said(judged, &reason)
        }
    })
}

/// The reason of a failure in better words.
fn said(judged: ResultRecord, reason: &str) -> ResultRecord {
    match judged.verdict {
        Verdict::Fail => ResultRecord { reason: Some(reason.to_owned()), ..judged },
        _ => judged,
    }
}

/// All categories of a column, or why they are not known.
fn categories(column: &ColumnProfileRecord, rows: u64) -> Result<Vec<String>, String> {
    let name = &column.name;
    if !is_whole(column, rows) {
        return Err(match column.distinct {
            Some(distinct) if !column.categories.is_empty() => {
                format!("profile lists {} of {} values of `{name}`", column.categories.len(), grouped(distinct))
            }
            _ => format!("profile lists no values of `{name}`: they are mostly distinct, or long"),
        });
    }
    let all: Vec<String> = column.categories.iter().map(|category| category.value.clone()).collect();
    match all.iter().any(|value| value.contains("<redacted:")) {
        true => Err(format!("profile does not record some values of `{name}`: they were taken for secrets")),
        false => Ok(all),
    }
}

/// How two values of one kind lie to each other.
fn ordered(found: &Scalar, limit: &Scalar) -> Option<std::cmp::Ordering> {
    match (found, limit) {
        // Dates and times: as far as the limit goes, so that a day has all of its instants.
        (Scalar::Text(found), Scalar::Text(limit)) => {
            let prefix: String = found.chars().take(limit.chars().count()).collect();
            is_date(limit).then(|| prefix.as_str().cmp(limit))
        }
        (Scalar::Text(_), _) | (_, Scalar::Text(_)) => None,
        _ => found.number()?.partial_cmp(&limit.number()?),
    }
}

fn short(value: &str) -> String {
    value.chars().take(40).collect()
}

/// The middle of the values, of two the mean.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle.wrapping_sub(1)), values.get(middle)) {
        (Some(low), Some(high)) if values.len().is_multiple_of(2) => f64::midpoint(*low, *high),
        (_, Some(middle)) => *middle,
        _ => f64::NAN,
    }
}

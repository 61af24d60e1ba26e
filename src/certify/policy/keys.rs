//! Unknown keys, found before the values are read: an untagged metric would otherwise hide which key was wrong, and where.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue, Error};

use super::PolicyError;
use crate::nearest::nearest;

const POLICY: &[&str] = &["schema", "name", "task", "baseline", "stats", "rule"];
const BASELINE: &[&str] = &["ref"];
const STATS: &[&str] = &["confidence", "power", "resamples"];
const RULE: &[&str] = &[
    "id",
    "metric",
    "set",
    "threshold",
    "where",
    "each",
    "min_rows",
    "prove",
    "margin",
    "gain",
    "min",
    "max",
    "on",
    "max_drop",
    "max_ratio",
    "severity",
];
const REPORTED: &[&str] = &["reported", "better"];
const QUANTILE: &[&str] = &["quantile", "of"];
const CHECK: &[&str] = &["check"];
const DRIFT: &[&str] = &["drift", "of", "columns", "above", "approximate"];
const SHIFT: &[&str] = &["shift", "by"];
const DATA: &[&str] = &["data", "of", "column", "key", "low", "high", "allowed", "last"];
const LEAKAGE: &[&str] = &["leakage", "of", "key"];
const ENVIRONMENT: &[&str] = &["environment", "only"];
const REPORT: &[&str] = &["report", "count", "require"];
/// Each by the key that tells what is measured.
const METRICS: &[&[&str]] = &[REPORTED, QUANTILE, CHECK, DRIFT, SHIFT, DATA, LEAKAGE, ENVIRONMENT, REPORT];

/// The first unknown key of the file, or what keeps it from being TOML.
pub(super) fn check(text: &str) -> Result<(), PolicyError> {
    let document = DeTable::parse(text).map_err(|error| malformed(text, &error))?;
    let policy = document.get_ref();
    newer(policy)?;
    known(text, policy, POLICY, "the policy")?;
    for (name, keys) in [("baseline", BASELINE), ("stats", STATS)] {
        if let Some(table) = policy.get(name).and_then(|value| value.get_ref().as_table()) {
            known(text, table, keys, &format!("[{name}]"))?;
        }
    }
    let rules = policy.get("rule").and_then(|value| value.get_ref().as_array());
    for (position, rule) in (1..).zip(rules.into_iter().flat_map(|rules| rules.iter())) {
        let Some(table) = rule.get_ref().as_table() else { continue };
        let place = match table.get("id").and_then(|id| id.get_ref().as_str()) {
            Some(id) => format!("rule `{id}`"),
            None => format!("rule {position}"),
        };
        known(text, table, RULE, &place)?;
        if let Some(metric) = table.get("metric").and_then(|metric| metric.get_ref().as_table()) {
            let mut meant = METRICS.iter().filter(|keys| metric.contains_key(keys[0]));
            let keys = match (meant.next(), meant.next()) {
                (Some(keys), None) => keys.to_vec(),
                _ => METRICS.concat(),
            };
            known(text, metric, &keys, &format!("the metric of {place}"))?;
        }
    }
    Ok(())
}

/// The line of each rule's id; nothing of what cannot be parsed.
pub(super) fn lines(text: &str) -> BTreeMap<String, usize> {
    let Ok(document) = DeTable::parse(text) else { return BTreeMap::new() };
    let rules = document.get_ref().get("rule").and_then(|value| value.get_ref().as_array());
    let ids = rules.into_iter().flat_map(|rules| rules.iter()).filter_map(|rule| rule.get_ref().as_table()?.get("id"));
    ids.filter_map(|id| Some((id.get_ref().as_str()?.to_owned(), line(text, id.span().start)))).collect()
}

/// A later schema is said to be one, not to be full of unknown keys.
fn newer(policy: &DeTable<'_>) -> Result<(), PolicyError> {
    let Some(DeValue::Integer(schema)) = policy.get("schema").map(|value| value.get_ref()) else { return Ok(()) };
    match u32::from_str_radix(schema.as_str(), schema.radix()) {
        Ok(found) if found != 1 => Err(PolicyError::Schema { found }),
        _ => Ok(()),
    }
}

/// In the order of the file: the table itself is sorted by key.
fn known(text: &str, table: &DeTable<'_>, keys: &[&str], place: &str) -> Result<(), PolicyError> {
    let unknown = table.keys().filter(|key| !keys.contains(&key.get_ref().as_ref()));
    let Some(key) = unknown.min_by_key(|key| key.span().start) else { return Ok(()) };
    Err(PolicyError::UnknownKey {
        line: line(text, key.span().start),
        place: place.to_owned(),
        key: key.get_ref().to_string(),
        nearest: nearest(key.get_ref(), keys.iter().copied()),
    })
}

/// What the parser says, with its line.
pub(super) fn malformed(text: &str, error: &Error) -> PolicyError {
    let start = error.span().map_or(0, |span| span.start);
    PolicyError::Malformed { line: line(text, start), reason: error.message().trim().replace('\n', ", ") }
}

fn line(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

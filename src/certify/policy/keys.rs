//! Unknown keys, found before the values are read: an untagged metric would otherwise hide which key was wrong, and where.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue, Error};

use super::PolicyError;
use crate::nearest::nearest;

const POLICY: &[&str] = &["schema", "name", "task", "baseline", "stats", "evidence", "holdout", "rule"];
const BASELINE: &[&str] = &["ref"];
const STATS: &[&str] = &["confidence", "power", "resamples", "method"];
const EVIDENCE: &[&str] = &["min_coverage"];
const HOLDOUT: &[&str] = &["max_uses", "adaptive", "on_exhausted"];
const RULE: &[&str] = &[
    "id",
    "metric",
    "set",
    "threshold",
    "where",
    "each",
    "min_rows",
    "gap",
    "worst",
    "ratchet",
    "against",
    "prove",
    "margin",
    "margin_rel",
    "gain",
    "min",
    "max",
    "on",
    "max_drop",
    "max_ratio",
    "min_ratio",
    "evidence",
    "severity",
];
const REPORTED: &[&str] = &["reported", "better"];
const QUANTILE: &[&str] = &["quantile", "of"];
const COLUMN_QUANTILE: &[&str] = &["quantile", "column", "better"];
const MEAN: &[&str] = &["mean", "better"];
const RATIO: &[&str] = &["ratio", "better"];
const CHECK: &[&str] = &["check"];
const MUST_NOT_FLIP: &[&str] = &["must_not_flip", "match"];
const MEASURED: &[&str] = &["measured", "quantile"];
const PARITY: &[&str] = &["parity", "tolerance"];
const COMMAND: &[&str] = &["command", "better", "name", "timeout"];
const DRIFT: &[&str] = &["drift", "of", "columns", "above", "approximate"];
const SHIFT: &[&str] = &["shift", "by"];
const DATA: &[&str] = &["data", "of", "column", "key", "low", "high", "allowed", "last"];
const LEAKAGE: &[&str] = &["leakage", "of", "key"];
const ENVIRONMENT: &[&str] = &["environment", "only"];
const REPORT: &[&str] = &["report", "count", "require"];
/// Each kind of metric by the keys of which only it has one.
const KINDS: [(&[&str], &[&str]); 16] = [
    (&["reported"], REPORTED),
    (&["check"], CHECK),
    (&["must_not_flip"], MUST_NOT_FLIP),
    (&["mean"], MEAN),
    (&["ratio"], RATIO),
    (&["measured"], MEASURED),
    (&["parity"], PARITY),
    (&["command"], COMMAND),
    (&["drift"], DRIFT),
    (&["shift"], SHIFT),
    (&["data"], DATA),
    (&["leakage"], LEAKAGE),
    (&["environment"], ENVIRONMENT),
    (&["report"], REPORT),
    (&["quantile", "column"], COLUMN_QUANTILE),
    (&["quantile"], QUANTILE),
];
/// Any of them.
const METRIC: &[&str] = &["name"];

/// The first unknown key of the file, or what keeps it from being TOML.
pub(super) fn check(text: &str) -> Result<(), PolicyError> {
    let document = DeTable::parse(text).map_err(|error| malformed(text, &error))?;
    let policy = document.get_ref();
    newer(policy)?;
    known(text, policy, POLICY, "the policy")?;
    for (name, keys) in [("baseline", BASELINE), ("stats", STATS), ("evidence", EVIDENCE), ("holdout", HOLDOUT)] {
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
            let place = format!("the metric of {place}");
            // Which parameters there are depends on the metric.
            if metric.contains_key("name") && !metric.contains_key("command") {
                continue;
            }
            let has = |marks: &&[&str]| marks.iter().all(|key| metric.contains_key(*key));
            let mut meant = KINDS.iter().filter(|(marks, _)| has(marks)).map(|(_, keys)| *keys);
            let keys = match (meant.next(), meant.next()) {
                (Some(keys), None) => keys.to_vec(),
                // `quantile` alone is one of samples; beside other marks it is theirs.
                (Some(keys), Some(next))
                    if next == QUANTILE && meant.next().is_none() && keys.contains(&"quantile") =>
                {
                    keys.to_vec()
                }
                _ => KINDS.iter().flat_map(|(_, keys)| keys.iter().copied()).chain(METRIC.iter().copied()).collect(),
            };
            known(text, metric, &keys, &place)?;
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

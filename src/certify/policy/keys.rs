//! Unknown keys, found before the values are read: an untagged metric would otherwise hide which key was wrong, and where.

use toml::de::{DeTable, DeValue, Error};

use super::PolicyError;
use crate::nearest::nearest;

const POLICY: &[&str] = &["schema", "name", "task", "baseline", "stats", "holdout", "rule"];
const BASELINE: &[&str] = &["ref"];
const STATS: &[&str] = &["confidence", "power", "resamples", "method"];
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
const MUST_NOT_FLIP: &[&str] = &["must_not_flip"];
const MEASURED: &[&str] = &["measured", "quantile"];
const PARITY: &[&str] = &["parity", "tolerance"];
const COMMAND: &[&str] = &["command", "better", "name", "timeout"];
/// Each kind of metric by the key that only it has.
const KINDS: [(&str, &[&str]); 10] = [
    ("reported", REPORTED),
    ("of", QUANTILE),
    ("column", COLUMN_QUANTILE),
    ("check", CHECK),
    ("must_not_flip", MUST_NOT_FLIP),
    ("mean", MEAN),
    ("ratio", RATIO),
    ("measured", MEASURED),
    ("parity", PARITY),
    ("command", COMMAND),
];
const METRIC: &[&str] = &[
    "name",
    "mean",
    "ratio",
    "reported",
    "better",
    "quantile",
    "of",
    "column",
    "check",
    "must_not_flip",
    "measured",
    "parity",
    "tolerance",
    "command",
    "timeout",
];

/// The first unknown key of the file, or what keeps it from being TOML.
pub(super) fn check(text: &str) -> Result<(), PolicyError> {
    let document = DeTable::parse(text).map_err(|error| malformed(text, &error))?;
    let policy = document.get_ref();
    newer(policy)?;
    known(text, policy, POLICY, "the policy")?;
    for (name, keys) in [("baseline", BASELINE), ("stats", STATS), ("holdout", HOLDOUT)] {
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
            let mut kinds = KINDS.iter().filter(|(key, _)| metric.contains_key(*key)).map(|(_, keys)| *keys);
            let keys = match (kinds.next(), kinds.next()) {
                (Some(keys), None) => keys,
                (None, _) if metric.contains_key("quantile") => QUANTILE,
                _ => METRIC,
            };
            known(text, metric, keys, &place)?;
        }
    }
    Ok(())
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

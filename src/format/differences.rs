//! In what two records of a kind differ, for people: `demand.margin: 0.02 → 0.9`.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

/// One line for each value that is another in `b` than in `a`; lists count as one value.
pub fn differences<T: Serialize>(a: &T, b: &T) -> Vec<String> {
    let json = |record: &T| serde_json::to_value(record).unwrap_or_default();
    let mut found = Vec::new();
    compare("", &json(a), &json(b), &mut found);
    found
}

fn compare(path: &str, a: &Value, b: &Value, found: &mut Vec<String>) {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                compare(&path, a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null), found);
            }
        }
        (a, b) if a != b => {
            let shown = |value: &Value| if value.is_null() { "nothing".to_owned() } else { value.to_string() };
            found.push(format!("{path}: {} → {}", shown(a), shown(b)));
        }
        _ => {}
    }
}

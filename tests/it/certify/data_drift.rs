//! Drift between two profiles: which columns it is of, and what it is where a profile does not list every value.

use mlrun::certify::{DataDrift, data_drift};
use mlrun::format::profile::ProfileRecord;
use mlrun::measure::drift::{Deciles, Sample, stability};
use serde_json::{Value, json};

fn profile(rows: u64, columns: &[Value]) -> ProfileRecord {
    let record = json!({
        "columns": columns, "data": "train", "format": "mlrun/profile/1", "rows": rows, "sha256": "ab".repeat(32),
    });
    serde_json::from_value(record).unwrap()
}

/// Whole numbers, each once: `rows` of them from `least` on, `step` apart. `distinct` is what was counted.
fn numbers(name: &str, rows: u64, (least, step): (u64, u64), distinct: Option<u64>) -> Value {
    let edges: Vec<u64> = (0..=10).map(|tenth| least + step * (rows * tenth).div_ceil(10).saturating_sub(1)).collect();
    json!({
        "name": name, "kind": "integer", "nulls": 0, "distinct": distinct, "mean": 0.0,
        "deciles": { "edges": edges, "counts": vec![rows / 10; 10], "exact": true },
    })
}

fn words(name: &str, distinct: u64, listed: &[(&str, u64)]) -> Value {
    let categories: Vec<Value> =
        listed.iter().map(|(value, count)| json!({ "value": value, "count": count })).collect();
    json!({ "name": name, "kind": "text", "nulls": 0, "distinct": distinct, "categories": categories })
}

fn judged(drift: &DataDrift) -> Vec<&str> {
    drift.columns.iter().map(|column| column.name.as_str()).collect()
}

#[test]
fn what_tells_rows_apart_is_left_out() {
    let of = |rows: u64, from: u64| {
        let all = Some(rows);
        profile(
            rows,
            &[
                numbers("id", rows, (from, 1), all),
                // More of them than a profile counts: what counts through is all different.
                numbers("row", rows, (from, 1), None),
                numbers("price_in_cents", rows, (from, 40), all),
                numbers("steps", rows, (from, 40), None),
                numbers("year", rows, (from, 1), Some(12)),
                words("city", 2, &[("lisbon", rows / 2), ("oslo", rows / 2)]),
            ],
        )
    };
    let (a, b) = (of(1000, 0), of(1000, 500));
    let none = data_drift(&a, &b, &[]);
    assert_eq!(none.left_out, ["id", "row"]);
    assert_eq!(judged(&none), ["year", "price_in_cents", "steps", "city"]);
    // What is said to be a key is one, unless its values are known to repeat.
    assert_eq!(data_drift(&a, &b, &["price_in_cents".to_owned()]).left_out, ["id", "row", "price_in_cents"]);
    assert_eq!(data_drift(&a, &b, &["city".to_owned()]).left_out, ["id", "row"]);
    let both = ["city".to_owned(), "year".to_owned()];
    assert_eq!(data_drift(&a, &b, &both).left_out, ["id", "row", "year", "city"]);
    // A column that only one of them has is of neither kind.
    let alone = profile(1000, &[numbers("id", 1000, (0, 1), Some(1000))]);
    assert_eq!(data_drift(&alone, &b, &[]).left_out, ["id"]);
    assert!(data_drift(&b, &profile(10, &[]), &[]).columns.is_empty());
}

/// Of values that are not listed each counts as often as any other: rome is listed, lisbon is one of ten with 300 rows.
#[test]
fn categories_that_are_not_listed_are_even() {
    let a = profile(1000, &[words("city", 12, &[("lisbon", 500), ("oslo", 300)])]);
    let b = profile(1000, &[words("city", 12, &[("rome", 400), ("oslo", 300)])]);
    let drift = data_drift(&a, &b, &[]);
    let column = &drift.columns[0];
    // def psi(r, c): sum((q/1000 - p/1000) * math.log(q / p) for p, q in zip(r, c))
    // psi([500, 300, 200], [30, 300, 670])
    assert!((column.psi.as_ref().unwrap() - 1.8905143994205953).abs() < 1e-12, "{column:?}");
    // Of an estimate nobody knows how much of it is chance.
    assert!(column.approximate && column.p.is_none(), "{column:?}");
    // Of the same values in other numbers nothing is even.
    let b = profile(1000, &[words("city", 2, &[("oslo", 700), ("lisbon", 300)])]);
    assert!(!data_drift(&a, &b, &[]).columns[0].approximate);
    // What was taken out as a secret is not known, and nothing is made up for it.
    let b = profile(1000, &[words("city", 12, &[("<redacted:email>", 400), ("oslo", 300)])]);
    assert!(data_drift(&a, &b, &[]).columns[0].psi.as_ref().unwrap_err().contains("secrets"));
}

/// Numbers as a profile has them: deciles, and the twenty most frequent ones.
fn column_of(values: &[f64]) -> Value {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let edges: Vec<f64> = (0..=10).map(|tenth| sorted[(sorted.len() * tenth).div_ceil(10).saturating_sub(1)]).collect();
    let up_to = |edge: f64| sorted.partition_point(|value| *value <= edge);
    let counts: Vec<usize> = (0..10).map(|k| up_to(edges[k + 1]) - if k == 0 { 0 } else { up_to(edges[k]) }).collect();
    let mut groups: Vec<(usize, f64)> = sorted.chunk_by(|a, b| a == b).map(|group| (group.len(), group[0])).collect();
    let distinct = groups.len();
    groups.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let listed: Vec<Value> =
        groups.iter().take(20).map(|(count, value)| json!({ "count": count, "value": value.to_string() })).collect();
    json!({
        "name": "x", "kind": "float", "nulls": 0, "distinct": distinct, "mean": 0.0, "categories": listed,
        "deciles": { "edges": edges, "counts": counts, "exact": true },
    })
}

/// What is estimated where a profile does not list every value is near what all values say.
#[test]
fn an_estimate_is_near_the_truth() {
    let spread = |n: usize, many: usize| (0..n).map(move |i| (i * 7919 % many) as f64 / 100.0);
    let of_few = |more: usize| (0..1000).map(|i| f64::from(i % 20)).chain((0..more).map(|_| 20.0)).collect::<Vec<_>>();
    let spiked =
        |spike: usize, n: usize| std::iter::repeat_n(3.5, spike).chain(spread(n - spike, 997)).collect::<Vec<f64>>();
    // No profile lists what hardly repeats.
    let unlisted = |values: &[f64]| {
        let mut column = column_of(values);
        column["categories"] = json!([]);
        column
    };
    let empty = |share: usize| std::iter::repeat_n(0.0, share).chain(spread(1000 - share, 883).map(|x| x + 0.01));
    let (barely, nearly): (Vec<f64>, Vec<f64>) = (empty(120).collect(), empty(90).collect());
    let cases = [
        // A value more than are listed; a spike that is two deciles in one and one in the other; nothing in about a tenth.
        (column_of(&of_few(0)), column_of(&of_few(3)), of_few(3), 0.01),
        (column_of(&spiked(160, 1000)), column_of(&spiked(130, 1000)), spiked(130, 1000), 0.02),
        (column_of(&spiked(300, 1000)), column_of(&spiked(40, 1000)), spiked(40, 1000), 0.1),
        (unlisted(&barely), unlisted(&nearly), nearly.clone(), 0.05),
    ];
    for (a, b, values, near) in cases {
        let drift = data_drift(&profile(1000, std::slice::from_ref(&a)), &profile(values.len() as u64, &[b]), &[]);
        let column = &drift.columns[0];
        let truth = exact(&a, &values);
        let psi = column.psi.clone().unwrap();
        assert!(column.approximate && (psi - truth).abs() < near, "{psi}, truly {truth}: {column:?}");
    }
}

/// The index of all values, in the bins of `a`'s deciles, frequent ones apart.
fn exact(a: &Value, values: &[f64]) -> f64 {
    let number = |value: &Value| value.as_f64().unwrap();
    let edges: Vec<f64> = a["deciles"]["edges"].as_array().unwrap().iter().map(number).collect();
    let counts: Vec<u64> =
        a["deciles"]["counts"].as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).collect();
    let listed = |value: f64| {
        let text = value.to_string();
        let found = a["categories"].as_array().unwrap().iter().find(|c| c["value"].as_str() == Some(&text))?;
        found["count"].as_u64()
    };
    let deciles = Deciles::new(edges.try_into().unwrap(), counts.try_into().unwrap()).unwrap();
    let (bins, reference) = deciles.bins(listed, |_| true);
    stability(&reference, &bins.counts(&Sample::new(values.to_vec()).unwrap())).unwrap().value
}

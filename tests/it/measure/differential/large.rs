//! Metrics of many rows against scikit-learn: what adds up over 100,000 rows, and what is sorted.
//!
//! `large.py` says what the inputs are; this draws the same ones.

use mlrun::measure::point;
use serde_json::Value;

use super::inputs::{Binary, Real};
use super::{least, spec};

#[test]
fn many_rows_are_measured_as_few() {
    let cases: Value = serde_json::from_str(include_str!("large.json")).unwrap();
    let mut asked = 0;
    for case in cases.as_array().unwrap() {
        let whole = |key: &str| case[key].as_u64().unwrap();
        let (number, n) = (whole("case"), whole("n") as usize);
        let (binary, real) = match whole("kind") {
            1 => (Some(Binary::of_size(number, n)), None),
            _ => (None, Some(Real::of_size(number, n))),
        };
        for (name, expected) in case["values"].as_object().unwrap() {
            let found = match (&binary, &real) {
                (Some(made), _) => {
                    let mut spec = spec(name, &made.settings);
                    spec.parameters.average = made.average();
                    point(&spec, &made.rows(), &made.predicted())
                }
                (_, Some(made)) => point(&spec(name, &made.settings), &made.rows(), &made.predicted()),
                _ => unreachable!(),
            };
            let (found, expected) = (found.unwrap(), expected.as_f64().unwrap());
            let near = (found - expected).abs() <= 1e-12 * expected.abs().max(least(name));
            assert!(near, "{name} of {n} rows: {found}, not {expected}");
            asked += 1;
        }
    }
    assert_eq!(asked, 3 * (11 + 11));
}

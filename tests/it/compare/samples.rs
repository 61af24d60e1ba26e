//! Samples beside numpy (see `samples.py`), and beside what a rule judges.

use mlrun::compare::{Change, SampleFacts, SamplesDiff};
use mlrun::evidence::read_samples;
use mlrun::measure;

use super::{fixture, near};

fn samples(side: &str) -> Vec<f64> {
    read_samples(fixture(&format!("regression_{side}.csv")), "p.csv", "yhat").unwrap()
}

fn diff(a: Option<&[f64]>, b: Option<&[f64]>) -> SamplesDiff {
    let facts = |samples: &[f64]| SampleFacts::of(samples).ok_or_else(|| "none".to_owned());
    let (a, b) = (a.map(facts), b.map(facts));
    SamplesDiff { set: "latency".to_owned(), column: "ms".to_owned(), change: Change::Changed, a, b }
}

#[test]
fn quantiles_are_those_of_numpy_and_of_a_certificate() {
    let expected: serde_json::Value = serde_json::from_slice(&fixture("samples.json")).unwrap();
    let (a, b) = (samples("a"), samples("b"));
    let diff = diff(Some(&a), Some(&b));
    let [ours, theirs] = diff.known().map(Option::unwrap);
    assert_eq!((expected["a"]["n"].as_u64(), expected["b"]["n"].as_u64()), (Some(ours.n), Some(theirs.n)));
    for quantile in diff.quantiles() {
        let name = quantile.name();
        near(quantile.a.unwrap(), &expected["a"][&name], &name);
        near(quantile.b.unwrap(), &expected["b"][&name], &name);
        near(quantile.delta().unwrap(), &expected["delta"][&name], &name);
        near(quantile.relative().unwrap(), &expected["relative"][&name], &name);
        // A rule wants ten samples on either side of what it judges.
        if quantile.share < 0.99 {
            let judged = measure::quantile(&b, quantile.share, 0.95).unwrap();
            assert!((judged.value - quantile.b.unwrap()).abs() < 1e-12, "{name}: {judged:?}");
        }
    }
}

#[test]
fn what_is_not_there_has_no_change() {
    let one = diff(None, Some(&[3.0]));
    let [half, most, nearly_all] = one.quantiles();
    assert_eq!((half.b, most.b, nearly_all.b), (Some(3.0), Some(3.0), Some(3.0)));
    assert_eq!((half.a, half.delta(), half.relative()), (None, None, None));
    let from_nothing = diff(Some(&[0.0, 0.0]), Some(&[1.0, 1.0]));
    let [half, ..] = from_nothing.quantiles();
    assert_eq!((half.delta(), half.relative()), (Some(1.0), None));
    for odd in [vec![], vec![1.0, f64::NAN], vec![f64::INFINITY]] {
        let broken = diff(Some(&odd), Some(&[1.0]));
        assert_eq!((broken.reasons(), broken.known()[0]), (vec!["none"], None));
    }
}

//! Classes that a model predicted, beside its scores, against scikit-learn: `recorded_classes.py` says of which models.

use mlrun::measure::{Metric, MetricSpec, Predicted, Truth, Undefined, value};
use serde_json::Value;

use super::{close, flags, numbers};

#[test]
fn metrics_of_classes_are_of_the_recorded_ones_and_metrics_of_scores_of_the_scores() {
    let cases: Value = serde_json::from_str(include_str!("recorded_classes.json")).unwrap();
    let mut differ = 0;
    for case in cases.as_array().unwrap() {
        let (truth, scores) = (flags(&case["truth"]), numbers(&case["scores"]));
        let classes: Vec<u32> = numbers(&case["classes"]).into_iter().map(|class| class as u32).collect();
        let truth = Truth::Binary(&truth);
        let predicted = Predicted { scores: Some(&scores), classes: Some(&classes), ..Predicted::default() };
        for (name, expected) in case["expected"].as_object().unwrap() {
            let metric = Metric::parse(name).unwrap();
            let found = value(&MetricSpec::new(metric), &truth, &predicted);
            let expected = expected.as_f64().unwrap();
            match found {
                Ok(found) => close(found, expected, 1e-12),
                // scikit-learn's 0 of what is not defined.
                Err(undefined) => assert!(expected == 0.0, "{name}: {undefined}"),
            }
            // Scores are held against a threshold where there is one, and only there.
            let at = value(&MetricSpec::new(metric).at(0.5), &truth, &predicted);
            let alone = Predicted { scores: Some(&scores), ..Predicted::default() };
            assert_eq!(at, value(&MetricSpec::new(metric), &truth, &alone), "{name}");
            differ += usize::from(at.is_ok_and(|at| (at - expected).abs() > 1e-6));
        }
    }
    assert!(differ > 10, "the scores at 0.5 say the same: {differ}");
    let (truth, classes) = ([true, false], [1, 0]);
    let only = Predicted { classes: Some(&classes), ..Predicted::default() };
    let at = value(&MetricSpec::new(Metric::Accuracy).at(0.9), &Truth::Binary(&truth), &only);
    assert_eq!(at, Err(Undefined::ThresholdWithoutScores { threshold: 0.9 }));
}

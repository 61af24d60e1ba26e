//! Curves against scikit-learn's, point by point; and that thinning keeps what is to be seen.

use mlrun::measure::Undefined;
use mlrun::measure::curves::{
    Area, average_precision, class_precision, cumulative, macro_average, precision_recall, quantiles, reliability, roc,
    spread_out, thinned,
};
use serde_json::Value;

use super::{close, flags, numbers};

fn golden(part: &str) -> Value {
    let mut all: Value = serde_json::from_str(include_str!("curves.json")).unwrap();
    all[part].take()
}

#[track_caller]
fn same(found: &[(f64, f64)], expected: &Value) {
    let expected = expected.as_array().unwrap();
    assert_eq!(found.len(), expected.len(), "{found:?}\n{expected:?}");
    for (point, expected) in found.iter().zip(expected) {
        close(point.0, expected[0].as_f64().unwrap(), 1e-12);
        close(point.1, expected[1].as_f64().unwrap(), 1e-12);
    }
}

#[test]
fn points_are_scikit_learns() {
    for case in golden("cases").as_array().unwrap() {
        let (truth, scores, weights) = (flags(&case["truth"]), numbers(&case["scores"]), numbers(&case["weights"]));
        let own = roc(&truth, &scores, Some(&weights)).unwrap();
        same(&own, &case["roc"]);
        close(own.area(), case["auc"].as_f64().unwrap(), 1e-12);
        let own = precision_recall(&truth, &scores, Some(&weights)).unwrap();
        same(&own, &case["pr"]);
        close(average_precision(&own), case["ap"].as_f64().unwrap(), 1e-12);
        if let Some(bins) = case["bins"].as_u64() {
            let own = reliability(&truth, &scores, None, bins as u32).unwrap();
            assert_eq!(own.iter().map(|bin| bin.rows).sum::<u64>(), truth.len() as u64);
            let points: Vec<(f64, f64)> = own.iter().map(|bin| (bin.predicted, bin.happened)).collect();
            same(&points, &case["calibration"]);
        }
    }
    let case = golden("quantiles");
    let found = quantiles(&numbers(&case["samples"]), &numbers(&case["shares"]));
    for ((_, value), expected) in found.iter().zip(numbers(&case["values"])) {
        close(*value, expected, 1e-12);
    }
}

/// One against the rest, micro and macro.
#[test]
fn several_classes_are_averaged_as_scikit_learn_does() {
    let cases = golden("classes");
    assert_eq!(cases.as_array().unwrap().len(), 24);
    for case in cases.as_array().unwrap() {
        let labels: Vec<u32> = numbers(&case["labels"]).into_iter().map(|label| label as u32).collect();
        let probabilities: Vec<Vec<f64>> = case["probabilities"].as_array().unwrap().iter().map(numbers).collect();
        let weights = (!case["weights"].is_null()).then(|| numbers(&case["weights"]));
        let own = class_precision(&labels, &probabilities, weights.as_deref()).unwrap();
        same(&own.points, &case["pr"]);
        close(own.micro, case["micro"].as_f64().unwrap(), 1e-12);
        close(own.macro_mean, case["macro"].as_f64().unwrap(), 1e-12);
        // A class that only a model knows of takes nothing from the mean of the others.
        let more: Vec<Vec<f64>> = probabilities.iter().cloned().chain([vec![0.0; labels.len()]]).collect();
        close(class_precision(&labels, &more, weights.as_deref()).unwrap().macro_mean, own.macro_mean, 1e-15);
    }
    assert_eq!(class_precision(&[], &[vec![]], None), Err(Undefined::NoRows));
    assert_eq!(class_precision(&[0], &[], None), Err(Undefined::NoRows));
    assert_eq!(class_precision(&[2], &[vec![0.5], vec![0.5]], None), Err(Undefined::NoPositives));
    let short = class_precision(&[0, 1], &[vec![0.5], vec![0.5]], None);
    assert_eq!(short, Err(Undefined::LengthMismatch { expected: 2, found: 1 }));
}

#[test]
fn what_is_not_defined_is_no_curve() {
    assert_eq!(roc(&[true, true], &[0.1, 0.2], None), Err(Undefined::SingleClass));
    assert_eq!(precision_recall(&[false], &[0.1], None), Err(Undefined::NoPositives));
    assert_eq!(roc(&[], &[], None), Err(Undefined::NoRows));
    assert_eq!(roc(&[true], &[], None), Err(Undefined::LengthMismatch { expected: 1, found: 0 }));
    assert_eq!(roc(&[true, false], &[0.1, 0.2], Some(&[0.0, 1.0])), Err(Undefined::SingleClass));
    let out_of_range = reliability(&[true, false], &[0.5, f64::NAN], None, 2).unwrap_err();
    assert!(matches!(out_of_range, Undefined::ProbabilityOutOfRange { row: 1, .. }), "{out_of_range}");
    assert_eq!(reliability(&[], &[], None, 2), Err(Undefined::NoRows));
    assert!(quantiles(&[1.0, f64::NAN], &[0.5]).is_empty() && quantiles(&[], &[0.5]).is_empty());
    assert!(macro_average(&[], 10).is_empty());
}

#[test]
fn thinning_keeps_the_ends_and_the_corners() {
    // A step in the middle of many points on two straight lines.
    let points: Vec<(f64, f64)> = (0..10_000).map(|i| (f64::from(i), if i < 5_000 { 0.0 } else { 1.0 })).collect();
    let few = thinned(&points, 50);
    assert_eq!(few.len(), 50);
    assert_eq!((few[0], few[49]), (points[0], points[9_999]));
    assert!(few.windows(2).all(|pair| pair[0].0 < pair[1].0), "in their order");
    assert!(few.contains(&(4_999.0, 0.0)) || few.contains(&(5_000.0, 1.0)), "{few:?}");
    assert_eq!(few, thinned(&points, 50), "the same every time");
    assert_eq!(thinned(&points[..40], 50), &points[..40]);
    assert!(thinned(&[], 50).is_empty());
    assert_eq!(spread_out(&[1, 2, 3, 4, 5, 6], 3), [1, 3, 5]);
    assert_eq!(spread_out(&[1, 2], 3), [1, 2]);
}

#[test]
fn a_distribution_function_ends_where_it_says() {
    let samples: Vec<f64> = (1..=1000).map(f64::from).chain([f64::NAN, f64::INFINITY]).collect();
    let all = cumulative(&samples, 0.0, 10_000);
    assert_eq!((all.len(), all[0], all[999]), (1000, (1.0, 0.001), (1000.0, 1.0)));
    assert_eq!(cumulative(&samples, 0.005, 10_000).last(), Some(&(995.0, 0.995)));
    assert_eq!(cumulative(&[7.0], 0.5, 10), [(7.0, 1.0)]);
    assert!(cumulative(&[], 0.1, 10).is_empty());
}

#[test]
fn a_mean_of_curves_lies_between_them() {
    let steep = vec![(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)];
    let chance = vec![(0.0, 0.0), (1.0, 1.0)];
    let mean = macro_average(&[steep, chance], 10);
    assert_eq!(mean[0], (0.0, 0.0));
    assert_eq!(mean[1], (0.0, 0.5));
    assert_eq!(mean[11], (1.0, 1.0));
    assert!((mean.area() - 0.75).abs() < 1e-12, "{}", mean.area());
}

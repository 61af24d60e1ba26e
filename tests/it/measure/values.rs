//! Metric values against scikit-learn's, defined and undefined.

use mlrun::measure::{Metric, MetricSpec, Predicted, Truth, value};
use serde_json::Value;

use super::{close, flags, golden, numbers, scored, valued};

fn check(expected: &Value, threshold: Option<f64>, truth: &Truth<'_>, predicted: &Predicted<'_>) {
    for (name, expected) in expected.as_object().unwrap() {
        let spec = MetricSpec::new(Metric::parse(name).unwrap());
        let spec = threshold.map_or_else(|| spec.clone(), |threshold| spec.clone().at(threshold));
        let found = value(&spec, truth, predicted);
        match (&found, expected.as_f64()) {
            (Ok(found), Some(expected)) => close(*found, expected, 1e-12),
            (Err(_), None) => {}
            _ => panic!("{name}: found {found:?}, expected {expected:?}, {truth:?} {predicted:?}"),
        }
    }
}

#[test]
fn binary() {
    for case in golden("binary").as_array().unwrap() {
        let (truth, scores) = (flags(&case["truth"]), numbers(&case["scores"]));
        let threshold = case["threshold"].as_f64().unwrap();
        check(&case["expected"], Some(threshold), &Truth::Binary(&truth), &scored(&scores));
    }
}

#[test]
fn multiclass() {
    for case in golden("multiclass").as_array().unwrap() {
        let labels: Vec<u32> = numbers(&case["truth"]).into_iter().map(|class| class as u32).collect();
        let columns: Vec<Vec<f64>> = case["probabilities"].as_array().unwrap().iter().map(numbers).collect();
        let truth = Truth::Classes { labels: &labels, count: columns.len() as u32 };
        let predicted = Predicted { probabilities: Some(&columns), ..Predicted::default() };
        check(&case["expected"], None, &truth, &predicted);
    }
}

#[test]
fn regression() {
    for case in golden("regression").as_array().unwrap() {
        let (truth, values) = (numbers(&case["truth"]), numbers(&case["values"]));
        check(&case["expected"], None, &Truth::Real(&truth), &valued(&values));
    }
}

#[test]
fn names_are_those_of_policies_and_unknown_ones_are_refused() {
    let names: Vec<_> = Metric::all().iter().map(|metric| metric.name()).collect();
    let expected = "accuracy balanced_accuracy precision recall f1 roc_auc average_precision log_loss brier mae mse \
                    rmse r2 macro_f1 fbeta jaccard mcc kappa specificity fpr fnr positive_rate recall_at_precision \
                    precision_at_k ks lift gain top_k_accuracy d2_log_loss d2_brier ece median_ae max_error \
                    explained_variance mape wmape smape msle rmsle poisson_deviance gamma_deviance tweedie_deviance \
                    pinball d2_absolute_error d2_pinball d2_tweedie ndcg dcg map mrr hit_rate lrap \
                    coverage_error ranking_loss exact_match contains token_f1 numeric_match pass_at_k pass_hat_k";
    assert_eq!(names.join(" "), expected);
    for metric in Metric::all() {
        assert_eq!(Metric::parse(metric.name()), Some(*metric));
        assert_eq!(Metric::of_alias(metric.name()), None);
    }
    assert_eq!(Metric::parse("AUC"), None);
    assert_eq!(Metric::of_alias("neg_root_mean_squared_error"), Some(Metric::RootMeanSquaredError));
    assert_eq!(Metric::of_alias("roc_auc_score"), Some(Metric::RocAuc));
}

//! What is said of metrics that say less than people think. The numbers are scikit-learn 1.9's.

use mlrun::evidence::{JoinedRows, PredictedColumns, TruthColumn};
use mlrun::format::certificate::Verdict;

use super::scene::{Scene, close, joined, outcomes, scores, values};

fn remarks(rows: JoinedRows, rule: &str) -> (Option<f64>, Vec<String>) {
    let statement = Scene::on(rows, &format!("[[rule]]\nid = \"r\"\n{rule}\n")).judge().predicate;
    assert_ne!(statement.results[0].verdict, Verdict::Pass);
    (statement.results[0].candidate, statement.remarks)
}

#[test]
fn a_label_of_zero_makes_mape_meaningless() {
    let mut labels: Vec<f64> = (1..=40).map(f64::from).collect();
    let predicted = labels.iter().map(|label| label + 1.0).collect::<Vec<_>>();
    labels[7] = 0.0;
    let rows = joined(TruthColumn::Real(labels.clone()), values(predicted.clone()), None);
    let (value, said) = remarks(rows, "metric = \"mape\"\nmax = \"unset\"");
    // sklearn.metrics.mean_absolute_percentage_error
    close(value.map(|value| value / 1e15), 1.013_309_916_158_361_6);
    assert_eq!(
        said,
        [
            "rule `r`: the label is 0 in 1 of 40 rows: `mape` divides by 2.22e−16 there, and little else counts; `wmape` and \
          `smape` do not"
        ]
    );
    let rows = |labels: Vec<f64>| joined(TruthColumn::Real(labels), values(predicted.clone()), None);
    assert_eq!(remarks(rows(labels.clone()), "metric = \"wmape\"\nmax = \"unset\"").1, Vec::<String>::new());
    labels[7] = 8.0;
    assert_eq!(remarks(rows(labels), "metric = \"mape\"\nmax = \"unset\"").1, Vec::<String>::new());
}

#[test]
fn probabilities_of_zero_count_as_those_of_float64() {
    let labels: Vec<bool> = (0..40).map(|row| row % 2 == 0).collect();
    let mut said: Vec<f64> = labels.iter().map(|label| if *label { 0.9 } else { 0.2 }).collect();
    let rows = |said: &[f64]| joined(TruthColumn::Binary(labels.clone()), scores(said.to_vec()), None);
    let rule = "metric = \"log_loss\"\nmax = \"unset\"";
    assert_eq!(remarks(rows(&said), rule).1, Vec::<String>::new());
    (said[0], said[1]) = (0.0, 1.0);
    let (value, remarks) = remarks(rows(&said), rule);
    // sklearn.metrics.log_loss of float64; of float32 it would be 0.95.
    close(value, 1.958_222_101_267_575);
    assert_eq!(
        remarks,
        [
            "rule `r`: what happened had probability 0 in 2 of 40 rows: it counts as 2.22e−16, that of float64, whatever type \
          the column has"
        ]
    );
}

#[test]
fn ties_for_the_last_place_are_counted() {
    let names = ["a", "b", "c"].map(str::to_owned).to_vec();
    let labels: Vec<u32> = (0..60).map(|row| row % 3).collect();
    // Each third row says the same of all three; the others are sure.
    let column = |class: u32| -> Vec<f64> {
        labels
            .iter()
            .map(|label| {
                if *label == 2 {
                    1.0 / 3.0
                } else if *label == class {
                    0.8
                } else {
                    0.1
                }
            })
            .collect()
    };
    let predicted =
        PredictedColumns { probabilities: Some((0..3).map(column).collect()), ..PredictedColumns::default() };
    let rows = joined(TruthColumn::Classes { labels: labels.clone(), names }, predicted, None);
    let (value, said) = remarks(rows, "metric = { name = \"top_k_accuracy\", k = 1 }\nmin = \"unset\"");
    assert!(value.is_some());
    assert_eq!(
        said,
        [
            "rule `r`: in 20 of 60 rows the right class has the same score as others for the last of 1 places: the order of \
          classes decides there"
        ]
    );
}

#[test]
fn one_class_alone_tells_nothing_of_classes() {
    let said = |metric: &str| remarks(outcomes(30, 1, 0, 9), &format!("metric = \"{metric}\"\nmin = \"unset\"")).1;
    let text = |metric: &str| {
        format!("rule `r`: all labels are of one class: `{metric}` says nothing about telling classes apart")
    };
    assert_eq!(said("balanced_accuracy"), [text("balanced_accuracy")]);
    assert_eq!(said("roc_auc"), [text("roc_auc")]);
    assert_eq!(said("accuracy"), Vec::<String>::new());
    assert_eq!(said("recall"), Vec::<String>::new());
}

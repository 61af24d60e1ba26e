//! Two models on the same rows.

use mlrun::certify::policy;
use mlrun::evidence::{Defect, PredictedColumns, TruthColumn};
use mlrun::format::certificate::Verdict;

use super::scene::{Scene, close, continuous, joined, outcomes, reason, scores, set, values};

fn accuracy(rule: &str) -> String {
    format!("[[rule]]\nid = \"acc\"\nmetric = \"accuracy\"\n{rule}\n")
}

/// 1,000 rows, 25 only the baseline gets right, 10 only the candidate.
fn worse(rule: &str) -> Scene {
    Scene::on(outcomes(900, 25, 10, 65), &accuracy(rule))
}

/// scikit-learn's DummyClassifier and DummyRegressor, fitted on the rows they are judged by: the best any constant does.
#[test]
fn a_model_must_beat_a_constant() {
    let n = 400;
    let labels: Vec<bool> = (0..n).map(|row| row % 10 < 3).collect();
    let told: Vec<f64> = (0..n).map(|row| if (row % 10 < 3) != (row % 17 == 0) { 0.8 } else { 0.2 }).collect();
    // What says nothing of the rows: seven out of ten are negative, whatever it says.
    let blind: Vec<f64> = (0..n).map(|row| f64::from(row * 131 % 397) / 397.0 * 0.5).collect();
    let of = |column: &[f64], metric: &str| {
        let rows = joined(TruthColumn::Binary(labels.clone()), scores(column.to_vec()), None);
        let text =
            format!("[[rule]]\nid = \"r\"\nmetric = \"{metric}\"\nprove = \"superior\"\nagainst = \"constant\"\n");
        Scene::on(rows, &text).result()
    };
    // `DummyClassifier(strategy="prior").fit(X, y)`: accuracy_score 0.7, log_loss 0.6108643020548935, brier_score_loss 0.21,
    // roc_auc_score 0.5.
    let known = [("accuracy", 0.7), ("log_loss", 0.610_864_302_054_893_5), ("brier", 0.21), ("roc_auc", 0.5)];
    for (metric, constant) in known {
        let good = of(&told, metric);
        assert_eq!(good.verdict, Verdict::Pass, "{good:?}");
        close(good.baseline, constant);
        assert_ne!(of(&blind, metric).verdict, Verdict::Pass, "{metric}");
    }
    // `DummyRegressor().fit(X, y)`: mean_squared_error is the variance of y.
    let truth: Vec<f64> = (0..n).map(f64::from).collect();
    let near = truth.iter().map(|value| value + 3.0).collect();
    let text = "[[rule]]\nid = \"r\"\nmetric = \"mse\"\nprove = \"superior\"\nagainst = \"constant\"\n";
    let found = Scene::on(joined(TruthColumn::Real(truth), values(near), None), text).result();
    assert_eq!(found.verdict, Verdict::Pass);
    close(found.baseline, (400.0 * 400.0 - 1.0) / 12.0);
    // The class most rows have, and the shares of the classes.
    let names = ["a", "b", "c"].map(str::to_owned).to_vec();
    let classes: Vec<u32> = (0..400).map(|row| [0, 1, 1, 2][row % 4]).collect();
    let ours = PredictedColumns { classes: Some(classes.clone()), ..PredictedColumns::default() };
    let rows = joined(TruthColumn::Classes { labels: classes, names }, ours, None);
    let text = "[[rule]]\nid = \"r\"\nmetric = \"accuracy\"\nmargin = 0\nagainst = \"constant\"\n";
    let scene = Scene::on(rows, text);
    close(scene.result().baseline, 0.5);
    // It needs no version: a first release may rest on it.
    assert_eq!(scene.first_release().judge().predicate.verdict, Verdict::Pass);
    let refused = |text: &str| {
        let text = format!("schema = 1\ntask = \"binary\"\n[[rule]]\nid = \"r\"\nagainst = \"constant\"\n{text}\n");
        policy::parse(&text).and_then(|file| policy::resolve(&file)).unwrap_err().to_string()
    };
    for text in [
        "metric = \"accuracy\"\nmin = 0.5",
        "metric = \"accuracy\"\ngap = \"g\"\nmargin = 0.5",
        "metric = \"accuracy\"\nratchet = true\nmargin = 0.5",
        "metric = { mean = \"profit\", better = \"higher\" }\nmargin = 0.5",
        "metric = { reported = \"auc\", better = \"higher\" }\nmax_drop = 0.5",
    ] {
        assert!(refused(text).contains("`against` means nothing here"), "{text}: {}", refused(text));
    }
}

#[test]
fn non_inferiority_has_three_outcomes() {
    let passed = worse("margin = 0.025").result();
    assert_eq!(passed.verdict, Verdict::Pass);
    assert_eq!(passed.reason, None);
    close(passed.delta, -0.015);
    close(passed.lower, -0.024699756368907828);
    close(passed.upper, -0.005300243631092171);
    assert_eq!(passed.method.as_deref(), Some("mcnemar"));
    assert_eq!((passed.n, passed.margin), (1000, Some(0.025)));
    assert_eq!(passed.sufficient.get("only_baseline"), Some(&25.0));
    assert_eq!(passed.sufficient.get("both"), Some(&900.0));
    close(passed.sufficient.get("standard_error").copied(), 0.005897033152357209);

    let failed = worse("margin = 0.005").result();
    assert_eq!(failed.verdict, Verdict::Fail);
    assert_eq!(reason(&failed), "Δ −0.0150 [−0.0247, −0.0053], margin 0.005, n 1,000: worse by more than the margin");
    assert_eq!(failed.rows_needed, None);
}

#[test]
fn a_comparison_says_how_likely_it_is_by_chance() {
    // The research note's constants, computed with statsmodels.
    let found = worse("margin = 0.02").result();
    let p = |name: &str| found.sufficient.get(name).copied();
    close(p("p"), 0.198_251_290_7);
    close(p("p_mcnemar_exact"), 0.016_673_847_8);
    close(p("p_mcnemar_corrected"), 0.017_960_477_5);
    // Below the level exactly where the bound clears the margin.
    assert!(worse("margin = 0.0247").result().sufficient["p"] < 0.05);
    assert!(worse("margin = 0.0246").result().sufficient["p"] > 0.05);
    // Of a rule that only looks for harm: of no harm.
    let harm = worse("prove = \"not_worse_detected\"\nmargin = 0.0").result();
    assert!(harm.sufficient["p"] < 0.01, "{harm:?}");
    // A count under five could be read off its test.
    let few = Scene::on(outcomes(900, 12, 3, 85), &accuracy("margin = 0.05")).result();
    assert!(!few.sufficient.contains_key("p_mcnemar_exact"));
}

#[test]
fn every_interval_can_be_resampled() {
    let text = "[stats]\nmethod = \"bootstrap\"\n\n";
    let resampled = Scene::on(outcomes(900, 25, 10, 65), &format!("{text}{}", accuracy("margin = 0.025"))).result();
    assert_eq!(resampled.method.as_deref(), Some("multinomial_bca"));
    assert_eq!(resampled.resamples, Some(2000));
    let closed = worse("margin = 0.025").result();
    assert_eq!(closed.resamples, None);
    assert!((resampled.lower.unwrap() - closed.lower.unwrap()).abs() < 0.001, "{resampled:?}");
    // Said only where it differs: policies recorded before keep their bytes.
    let record = |stats: &str| {
        let record = super::scene::rules("binary", &format!("{stats}{}", accuracy("margin = 0.025")));
        String::from_utf8(mlrun::certify::policy::digest(&record).unwrap().0).unwrap()
    };
    assert!(record(text).contains("\"method\":\"bootstrap\""));
    assert!(!record("").contains("\"method\""));
    assert_eq!(record("[stats]\nmethod = \"auto\"\n\n"), record(""));
}

#[test]
fn an_open_question_says_what_would_answer_it() {
    // Equal models would be decided by 538 rows; 1,000 were not enough, so the observed difference counts.
    let open = worse("margin = 0.02").result();
    assert_eq!(open.verdict, Verdict::Inconclusive);
    assert_eq!(open.rows_needed, Some(8600));
    assert_eq!(
        reason(&open),
        "Δ −0.015 [−0.025, −0.005], margin 0.02, n 1,000, detectable 0.01466; about 8,600 rows would decide"
    );
    // Here the models look equal, and more rows of the same kind will do.
    let open = Scene::on(outcomes(900, 30, 30, 40), &accuracy("margin = 0.01")).result();
    assert_eq!((open.verdict, open.rows_needed), (Verdict::Inconclusive, Some(3710)));
    let unequal = Scene::on(outcomes(900, 31, 29, 40), &accuracy("margin = 0.01")).result();
    assert_eq!(unequal.rows_needed, Some(3710));
    assert_eq!(
        reason(&open),
        "Δ 0.000 [−0.013, +0.013], margin 0.01, n 1,000, detectable 0.01926; about 3,800 rows would decide"
    );
}

/// On which side of nothing a bound lies is what it is read for, however near.
#[test]
fn a_number_that_is_nearly_nothing_keeps_its_sign() {
    let mut near = 0;
    for (worse, better) in (15..45).flat_map(|worse| (worse + 8..worse + 24).map(move |better| (worse, better))) {
        // About where the lower bound changes its sign.
        let distance = f64::from(better - worse) - 1.645 * f64::from(better + worse).sqrt();
        if distance.abs() > 0.5 {
            continue;
        }
        // Open or refused, so that there are words for it.
        let rule = accuracy("prove = \"superior\"\ngain = 0.02");
        let found = Scene::on(outcomes(900, worse as usize, better as usize, 35), &rule).result();
        let text = reason(&found);
        let shown = text.split_once('[').unwrap().1.split_once(',').unwrap().0;
        let lower = found.lower.unwrap();
        near += usize::from(lower.abs() < 0.0005);
        let sign = if lower < 0.0 { '−' } else { '+' };
        let has_digit = lower.abs() < 1e-5 || shown.contains(|digit| matches!(digit, '1'..='9'));
        assert!(shown.starts_with(sign) && has_digit, "{lower} in {text}");
    }
    assert!(near > 3, "three decimals would do for all but {near}");
}

#[test]
fn superiority_must_be_shown() {
    let better = |rule: &str| Scene::on(outcomes(900, 10, 25, 65), &accuracy(rule)).result();
    assert_eq!(better("prove = \"superior\"").verdict, Verdict::Pass);
    assert_eq!(better("prove = \"superior\"\ngain = 0.005").verdict, Verdict::Pass);
    let open = better("prove = \"superior\"\ngain = 0.01");
    assert_eq!((open.verdict, open.rows_needed), (Verdict::Inconclusive, Some(8600)));
    let failed = better("prove = \"superior\"\ngain = 0.03");
    assert_eq!(failed.verdict, Verdict::Fail);
    assert_eq!(reason(&failed), "Δ +0.015 [+0.005, +0.025], gain 0.03, n 1,000: not better by more than the gain");
}

#[test]
fn not_worse_detected_passes_on_little() {
    let few = Scene::on(outcomes(10, 3, 0, 2), &accuracy("prove = \"not_worse_detected\"\nmargin = 0.02")).result();
    assert_eq!(few.verdict, Verdict::Pass);
    assert_eq!(worse("prove = \"not_worse_detected\"\nmargin = 0.005").result().verdict, Verdict::Fail);
    assert_eq!(worse("prove = \"not_worse_detected\"\nmargin = 0.006").result().verdict, Verdict::Pass);
}

#[test]
fn zero_tolerance() {
    let zero = "margin = 0";
    // No difference at all is not inferior, and is said.
    let same = Scene::on(continuous(outcomes(900, 0, 0, 100)), &accuracy(zero)).judge().predicate;
    assert_eq!(same.results[0].verdict, Verdict::Pass);
    assert_eq!(same.results[0].method.as_deref(), Some("exact"));
    assert_eq!(same.remarks, ["the candidate's predictions in `test` equal the baseline's"]);
    // Two scores that all models may have in common are no more than classes: as many rows may differ as were not seen.
    let few = |rows: usize, margin: f64| {
        Scene::on(outcomes(rows, 0, 0, 0), &accuracy(&format!("margin = {margin}"))).result()
    };
    for (rows, margin, verdict) in [
        (1, 0.0, Verdict::Inconclusive),
        (1, 0.5, Verdict::Inconclusive),
        (10, 0.1, Verdict::Inconclusive),
        (1000, 0.0, Verdict::Inconclusive),
        (1000, 0.01, Verdict::Pass),
    ] {
        let found = few(rows, margin);
        assert_eq!((found.verdict, found.method.as_deref()), (verdict, Some("paired_score")), "{rows} {margin}");
    }
    // Clearly better passes, worse fails, and a difference of chance decides nothing.
    assert_eq!(Scene::on(outcomes(800, 10, 60, 130), &accuracy(zero)).result().verdict, Verdict::Pass);
    assert_eq!(worse(zero).result().verdict, Verdict::Fail);
    let open = Scene::on(outcomes(900, 30, 30, 40), &accuracy(zero)).result();
    assert_eq!((open.verdict, open.rows_needed), (Verdict::Inconclusive, None));
    assert!(reason(&open).ends_with("the interval does not decide"), "{}", reason(&open));
    // Equal classes from different scores are not equal predictions: nobody saw them differ, which proves nothing.
    let mut rows = outcomes(900, 0, 0, 100);
    rows.candidate.scores.as_mut().unwrap()[0] = 0.8;
    assert_eq!(Scene::on(rows, &accuracy(zero)).result().verdict, Verdict::Inconclusive);
    // The same predictions are not better.
    let same = Scene::on(continuous(outcomes(900, 0, 0, 100)), &accuracy("prove = \"superior\"")).result();
    assert_eq!(same.verdict, Verdict::Fail);
}

#[test]
fn less_is_better_where_it_is() {
    let truth: Vec<f64> = (0..20).map(|i| f64::from(i) / 10.0).collect();
    let a = truth.iter().zip(0..).map(|(y, i)| y + 0.1 + 0.01 * f64::from(i % 5)).collect();
    let b = truth.iter().zip(0..).map(|(y, i)| y + 0.2 - 0.01 * f64::from(i % 3)).collect();
    let rows = joined(TruthColumn::Real(truth), values(a), Some(values(b)));
    let judged =
        |rule: &str| Scene::on(rows.clone(), &format!("[[rule]]\nid = \"e\"\nmetric = \"mae\"\n{rule}")).result();
    let better = judged("prove = \"superior\"\ngain = 0.06");
    assert_eq!(better.verdict, Verdict::Pass);
    close(better.candidate, 0.12);
    close(better.baseline, 0.1905);
    // As measured: candidate minus baseline, whichever direction is better.
    close(better.delta, -0.0705);
    close(better.lower, -0.07707537312087978);
    close(better.upper, -0.06392462687912026);
    assert_eq!(better.method.as_deref(), Some("paired_t"));
    assert_eq!(judged("prove = \"superior\"\ngain = 0.07").verdict, Verdict::Inconclusive);
    assert_eq!(judged("prove = \"superior\"\ngain = 0.08").verdict, Verdict::Fail);

    let swapped = joined(rows.truth.clone(), rows.baseline.clone().unwrap(), Some(rows.candidate.clone()));
    let judged = |rule: &str| {
        Scene::on(swapped.clone(), &format!("[[rule]]\nid = \"e\"\nmetric = \"mae\"\n{rule}")).result().verdict
    };
    assert_eq!(judged("margin = 0.06"), Verdict::Fail);
    assert_eq!(judged("margin = 0.07"), Verdict::Inconclusive);
    assert_eq!(judged("margin = 0.08"), Verdict::Pass);
    assert_eq!(judged("prove = \"not_worse_detected\"\nmargin = 0.06"), Verdict::Fail);
    assert_eq!(judged("prove = \"not_worse_detected\"\nmargin = 0.07"), Verdict::Pass);
}

#[test]
fn roc_auc_by_delong() {
    let truth = [0, 0, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0].map(|y| y == 1).to_vec();
    let a = vec![0.1, 0.4, 0.35, 0.8, 0.2, 0.7, 0.6, 0.9, 0.55, 0.3, 0.65, 0.5];
    let b = vec![0.2, 0.3, 0.4, 0.6, 0.1, 0.8, 0.7, 0.75, 0.5, 0.45, 0.6, 0.35];
    let judged = |times: usize, margin: &str| {
        let rows =
            joined(TruthColumn::Binary(truth.repeat(times)), scores(a.repeat(times)), Some(scores(b.repeat(times))));
        Scene::on(rows, &format!("[[rule]]\nid = \"auc\"\nmetric = \"roc_auc\"\n{margin}")).result()
    };
    // Six positive rows say nothing; the same rows four times are 24.
    let few = judged(1, "margin = 0.13");
    assert_eq!(few.verdict, Verdict::Inconclusive);
    assert!(reason(&few).ends_with("6 positive rows, 20 needed"), "{}", reason(&few));
    let passed = judged(4, "margin = 0.05");
    assert_eq!(passed.verdict, Verdict::Pass);
    close(passed.candidate, 8.0 / 9.0);
    close(passed.baseline, 31.0 / 36.0);
    // Sums of squares over 23 · 24 rows where they were over 5 · 6, four times as large.
    let error = (0.008_950_617_283_950_6_f64 * 5.0 / 23.0).sqrt();
    close(passed.lower, 1.0 / 36.0 - 1.6448536269514722 * error);
    assert_eq!(passed.sufficient.get("n_pos"), Some(&24.0));
    assert!(passed.sufficient.contains_key("s10_ab"));
    let open = judged(4, "margin = 0.04");
    assert_eq!(open.verdict, Verdict::Inconclusive);
    assert!(open.rows_needed.is_some_and(|rows| rows > 48));
}

#[test]
fn evidence_that_cannot_be_used_decides_nothing() {
    let defects = [
        Defect::SetMissing { role: "baseline", kind: "predictions", set: set("test") },
        Defect::NotFinite { path: "p.parquet".into(), row: 3, column: "p".into(), value: "NaN".into() },
        Defect::LabelsDisagree { set: set("test"), rows: 4, key: "id=9".into() },
        Defect::Coverage { set: set("test"), matched: 10, larger: 20 },
    ];
    for defect in defects {
        let scene = Scene::new(super::scene::rules("binary", &accuracy("prove = \"not_worse_detected\"\nmargin = 9")));
        let statement = scene.defect("test", defect.clone()).judge();
        assert_eq!(statement.predicate.verdict, Verdict::Inconclusive);
        assert_eq!(reason(&statement.predicate.results[0]), defect.to_string());
    }
}

#[test]
fn a_baseline_without_predictions_decides_nothing() {
    let mut rows = outcomes(900, 25, 10, 65);
    rows.baseline = None;
    let text =
        format!("{}{}", accuracy("margin = 0.5"), "[[rule]]\nid = \"floor\"\nmetric = \"accuracy\"\nmin = 0.8\n");
    let statement = Scene::on(rows, &text).judge().predicate;
    assert_eq!(reason(&statement.results[0]), "the baseline has no predictions set `test`");
    assert_eq!(statement.results[1].verdict, Verdict::Pass);
    assert_eq!(statement.verdict, Verdict::Inconclusive);
}

#[test]
fn undefined_metrics_decide_nothing() {
    // All rows are positive: no AUC, no precision without a predicted positive.
    let scene = Scene::on(outcomes(900, 25, 10, 65), "[[rule]]\nid = \"auc\"\nmetric = \"roc_auc\"\nmargin = 9");
    let result = scene.result();
    assert_eq!(result.verdict, Verdict::Inconclusive);
    assert!(reason(&result).starts_with("roc_auc is not defined"), "{}", reason(&result));
}

#[test]
fn another_task_than_the_labels_decides_nothing() {
    let mut scene = Scene::on(outcomes(900, 25, 10, 65), &accuracy("margin = 0.5"));
    scene.policy = super::scene::rules("multiclass", &accuracy("margin = 0.5"));
    let result = scene.result();
    assert_eq!(result.verdict, Verdict::Inconclusive);
    assert_eq!(reason(&result), "the labels of `test` are binary, the policy's task is multiclass");
}

#[test]
fn columns_of_different_length_decide_nothing() {
    let mut rows = outcomes(900, 25, 10, 65);
    rows.candidate.scores.as_mut().unwrap().pop();
    let scene = Scene::on(rows, &accuracy("margin = 0.5"));
    assert_eq!(reason(&scene.result()), "the columns of `test` differ in length");
}

#[test]
fn evidence_of_the_parent_decides_nothing() {
    let mut scene = worse("margin = 0.5");
    assert_eq!(scene.result().verdict, Verdict::Pass);
    scene.stale = vec!["other".to_owned(), "test".to_owned()];
    let result = scene.result();
    assert_eq!(result.verdict, Verdict::Inconclusive);
    assert_eq!(reason(&result), "`test` is the parent's, byte for byte, although the model is another");
}

/// Of predictions that were not read, nobody knows whether they are equal.
#[test]
fn nothing_equals_nothing_is_no_remark() {
    let mut joined = outcomes(900, 0, 0, 100);
    let nothing = PredictedColumns::default();
    joined.candidate = nothing.clone();
    joined.baseline = Some(nothing);
    assert_eq!(Scene::on(joined, &accuracy("margin = 0.1")).judge().predicate.remarks, Vec::<String>::new());
}

//! What a policy can say about metrics, and what becomes of it: settings, columns of numbers, rankings, texts.

use mlrun::certify::policy::{digest, parse, resolve};
use mlrun::certify::{CertifyError, needs};
use mlrun::evidence::{Defect, JoinedRows, NumberColumns, PredictedColumns, TruthColumn};
use mlrun::format::certificate::Verdict;
use mlrun::format::policy::{MeasureRecord, PolicyRecord};
use mlrun::format::scalar::Scalar;

use super::scene::{Scene, close, joined, reason, rules, scores, slice_column};

fn read(task: &str, metric: &str) -> Result<PolicyRecord, String> {
    let text = format!("schema = 1\ntask = \"{task}\"\n[[rule]]\nid = \"r\"\nmetric = {metric}\nmargin = 0.1\n");
    parse(&text).and_then(|file| resolve(&file)).map_err(|error| error.to_string())
}

fn complaint(task: &str, metric: &str) -> String {
    read(task, metric).unwrap_err()
}

/// Two ways to say the same are the same rules, byte for byte.
#[test]
fn settings_are_recorded_in_one_way() {
    let bytes = |task: &str, metric: &str| digest(&read(task, metric).unwrap()).unwrap().0;
    let bare = bytes("regression", "\"pinball\"");
    assert_eq!(bytes("regression", "{ name = \"pinball\" }"), bare);
    assert_eq!(bytes("regression", "{ name = \"pinball\", alpha = 0.5 }"), bare);
    assert_eq!(bytes("regression", "\"mean_pinball_loss\""), bare);
    assert_eq!(bytes("regression", "\"neg_mean_squared_error\""), bytes("regression", "\"mse\""));
    let other = bytes("regression", "{ name = \"pinball\", alpha = 0.9 }");
    assert_ne!(other, bare);
    assert!(String::from_utf8(other).unwrap().contains("\"parameters\":{\"alpha\":0.9}"));
    assert!(!String::from_utf8(bare).unwrap().contains("parameters"));
    let whole = bytes("binary", "{ name = \"fbeta\", beta = 2 }");
    assert_eq!(bytes("binary", "{ name = \"fbeta\", beta = 2.0 }"), whole);
    // As every record: read again it is the same.
    let record = read("binary", "{ name = \"fbeta\", beta = 2.0 }").unwrap();
    let again: PolicyRecord = serde_json::from_slice(&whole).unwrap();
    assert_eq!(again, record);
}

#[test]
fn settings_that_do_not_fit_are_refused() {
    assert_eq!(
        complaint("binary", "{ name = \"fbeta\", betta = 2.0 }"),
        "rule `r`: `fbeta` has no parameter `betta`; it has beta, average; nearest: beta"
    );
    assert_eq!(complaint("binary", "{ name = \"mcc\", k = 3 }"), "rule `r`: `mcc` has no parameter `k`; it has none");
    assert_eq!(complaint("binary", "\"fbeta\""), "rule `r`: `fbeta` needs `beta`");
    assert_eq!(complaint("multiclass", "\"f1\""), "rule `r`: `f1` needs `average`");
    assert_eq!(complaint("multiclass", "\"roc_auc\""), "rule `r`: `roc_auc` needs `multi_class`");
    assert_eq!(
        complaint("multiclass", "{ name = \"f1\", average = \"makro\" }"),
        "rule `r`: `average` is `makro`; it must be `macro`, `micro`, `weighted` or `none`"
    );
    assert_eq!(
        complaint("ranking", "{ name = \"ndcg\", k = 0 }"),
        "rule `r`: `k` is `0`; it must be a whole number, 1 or more"
    );
    assert_eq!(
        complaint("multiclass", "{ name = \"f1\", average = \"macro\", labels = [\"a\", \"a\"] }"),
        "rule `r`: `labels` is `[a, a]`; it must be a list of classes, each once"
    );
    assert_eq!(
        complaint("regression", "{ name = \"tweedie_deviance\", power = 0.5 }"),
        "rule `r`: `power` is `0.5`; it must be a number at most 0, or 1 or more"
    );
    assert_eq!(complaint("text", "\"pass_at_k\""), "rule `r`: `pass_at_k` needs `k`");
    let backtracks = "{ name = \"exact_match\", regexes_to_ignore = [\"(a)\\\\1\"] }";
    assert_eq!(
        complaint("text", backtracks),
        "rule `r`: `regexes_to_ignore` is `[(a)\\1]`; it must be a list of regular expressions, at most 32, without look-around \
         and references to groups"
    );
    // A thousand times a thousand times a thousand states, and one expression too many.
    let large = "{ name = \"exact_match\", regexes_to_ignore = [\"(((a{1000}){1000}){1000})\"] }";
    assert!(complaint("text", large).contains("it must be a list of regular expressions"));
    let many = format!("{{ name = \"contains\", regexes_to_ignore = [{}] }}", "\"a\", ".repeat(33));
    assert!(complaint("text", &many).contains("at most 32"));
    assert!(read("text", &many.replacen("\"a\", ", "", 1)).is_ok());
    assert!(complaint("regression", "\"median_a\"").ends_with("nearest: median_ae"));
    assert!(
        complaint("binary", "{ mean = \"profit\", beter = \"higher\" }").ends_with("no key `beter`; nearest: better")
    );
    assert!(complaint("binary", "\"mean\"").contains("unknown metric `mean`"));
    assert_eq!(
        complaint("regression", "\"max_error\""),
        "rule `r`: `max_error` has no interval, so only `min` or `max` with `on = \"point\"` can be asked"
    );
    let negated = "schema = 1\ntask = \"binary\"\n[[rule]]\nid = \"r\"\nmetric = \"neg_log_loss\"\nmin = -0.3\n";
    let found = resolve(&parse(negated).unwrap()).unwrap_err().to_string();
    assert_eq!(found, "rule `r`: `neg_log_loss` is `log_loss` with its sign turned; write the limit for `log_loss`");
}

fn classes(labels: &[u32], candidate: &[u32], baseline: &[u32]) -> JoinedRows {
    let names = vec!["ham".to_owned(), "spam".to_owned(), "virus".to_owned()];
    let of = |classes: &[u32]| PredictedColumns { classes: Some(classes.to_vec()), ..PredictedColumns::default() };
    joined(TruthColumn::Classes { labels: labels.to_vec(), names }, of(candidate), Some(of(baseline)))
}

/// `sklearn.metrics.f1_score(y, c, average="macro", labels=["spam", "virus"])` and `recall_score(…, labels=["virus"])`.
#[test]
fn classes_are_named() {
    let labels: Vec<u32> = (0..400).map(|row| row % 4 % 3).collect();
    let candidate: Vec<u32> = (0..400).map(|row| if row % 10 == 0 { 2 } else { row % 4 % 3 }).collect();
    let baseline: Vec<u32> = (0..400).map(|row| if row % 5 == 1 { 0 } else { row % 4 % 3 }).collect();
    let judged = |metric: &str| {
        let rows = classes(&labels, &candidate, &baseline);
        let text = format!("[[rule]]\nid = \"r\"\nmetric = {metric}\nmargin = 0.2\n");
        Scene::on(rows, &text).try_judge().map(|statement| statement.predicate.results[0].clone())
    };
    let found = judged("{ name = \"f1\", average = \"macro\", labels = [\"spam\", \"virus\"] }").unwrap();
    close(found.candidate, 0.954_545_454_545_454_6);
    close(found.baseline, 0.888_888_888_888_888_8);
    assert_eq!(found.metric, "f1 (average macro, labels [spam, virus])");
    let found = judged("{ name = \"recall\", average = \"none\", labels = [\"virus\"] }").unwrap();
    close(found.candidate, 1.0);
    close(found.baseline, 0.8);
    let unknown = judged("{ name = \"f1\", average = \"macro\", labels = [\"spam\", \"viruses\"] }").unwrap_err();
    let CertifyError::UnknownClass { class, nearest, .. } = unknown else { panic!("{unknown}") };
    assert_eq!((class.as_str(), nearest.as_slice()), ("viruses", &["virus".to_owned()][..]));
}

/// Rows with a column of profits, in which the candidate earns one more in every row but loses the last market.
fn profitable() -> JoinedRows {
    let n = 400;
    let labels: Vec<bool> = (0..n).map(|row| row % 3 == 0).collect();
    let made: Vec<f64> = (0..n).map(|row| f64::from(row * 37 % 100) / 100.0).collect();
    let mut rows = joined(TruthColumn::Binary(labels), scores(made.clone()), Some(scores(made.clone())));
    let baseline: Vec<f64> = made.iter().map(|x| 10.0 * x - 2.0).collect();
    let better =
        |(row, x): (usize, &f64)| if row < 300 { x + 1.0 + 0.1 * made[row] } else { x - 2.0 - 0.1 * made[row] };
    let candidate = baseline.iter().enumerate().map(better).collect();
    rows.columns.insert("profit".to_owned(), NumberColumns { candidate, baseline: Some(baseline) });
    let visits: Vec<f64> = made.iter().map(|x| 1.0 + x).collect();
    rows.columns.insert("visits".to_owned(), NumberColumns { candidate: visits.clone(), baseline: Some(visits) });
    rows.slices.insert("market".to_owned(), slice_column(&[("de", 300), ("fr", 100)]));
    rows
}

/// What is wrong with one column is no reason to know nothing of what rests on others.
#[test]
fn a_column_that_is_no_number_stops_its_own_rules() {
    let rules = "
[[rule]]
id = \"auc\"
metric = \"roc_auc\"
min = 0.1
[[rule]]
id = \"profit\"
metric = { mean = \"profit\", better = \"higher\" }
min = -99
[[rule]]
id = \"visits\"
metric = { mean = \"visits\", better = \"higher\" }
margin = 9
[[rule]]
id = \"level\"
metric = { mean = \"visits\", better = \"higher\" }
min = 0.1
";
    let mut rows = profitable();
    let not_finite = |path: &str| Defect::NotFinite {
        path: path.to_owned(),
        row: 7,
        column: "profit".to_owned(),
        value: "NaN".to_owned(),
    };
    rows.columns.remove("profit");
    rows.unfit[0].insert("profit".to_owned(), not_finite("ours.csv"));
    rows.columns.get_mut("visits").unwrap().baseline = None;
    rows.unfit[1].insert("visits".to_owned(), not_finite("theirs.csv"));
    let statement = Scene::on(rows, rules).judge().predicate;
    let verdicts: Vec<Verdict> = statement.results.iter().map(|result| result.verdict).collect();
    use Verdict::{Inconclusive, Pass};
    assert_eq!(verdicts, [Pass, Inconclusive, Inconclusive, Pass]);
    let said: Vec<&str> = statement.results[1..3].iter().map(|result| result.reason.as_deref().unwrap()).collect();
    assert!(said[0].starts_with("`ours.csv` row 7") && said[1].starts_with("`theirs.csv` row 7"), "{said:?}");
    assert_eq!(statement.verdict, Inconclusive);
}

#[test]
fn columns_of_numbers_are_judged_like_any_metric() {
    let rules = "
[[rule]]
id = \"mean\"
metric = { mean = \"profit\", better = \"higher\" }
margin = 0.05
[[rule]]
id = \"loss\"
metric = { mean = \"profit\", better = \"lower\" }
margin = 0.05
[[rule]]
id = \"ratio\"
metric = { ratio = [\"profit\", \"visits\"], better = \"higher\" }
prove = \"superior\"
[[rule]]
id = \"p90\"
metric = { quantile = 0.9, column = \"profit\", better = \"higher\" }
min = 6.0
[[rule]]
id = \"markets\"
metric = { mean = \"profit\", better = \"higher\" }
each = [\"market\"]
margin = 0.05
";
    let scene = Scene::on(profitable(), rules);
    let results = scene.judge().predicate.results;
    let verdicts: Vec<_> = results.iter().map(|result| (result.metric.as_str(), result.verdict)).collect();
    assert_eq!(
        verdicts,
        [
            ("mean of profit", Verdict::Pass),
            ("mean of profit", Verdict::Fail),
            ("profit / visits", Verdict::Pass),
            ("p90 of profit", Verdict::Pass),
            ("mean of profit", Verdict::Pass),
            ("mean of profit", Verdict::Fail),
        ]
    );
    assert_eq!(results[5].slice.as_deref(), Some("market=fr"));
    let columns = &profitable().columns["profit"];
    let mean = |column: &[f64]| column.iter().sum::<f64>() / 400.0;
    close(results[0].candidate, mean(&columns.candidate));
    close(results[0].baseline, mean(columns.baseline.as_deref().unwrap()));
    let wanted = &needs(&scene.policy).numbers[&None];
    assert_eq!(wanted.iter().map(String::as_str).collect::<Vec<_>>(), ["profit", "visits"]);
}

#[test]
fn what_the_baseline_never_wrote_decides_nothing() {
    let mut rows = profitable();
    rows.columns.get_mut("profit").unwrap().baseline = None;
    let rule = "[[rule]]\nid = \"r\"\nmetric = { mean = \"profit\", better = \"higher\" }\nmargin = 0.05\n";
    let found = Scene::on(rows, rule).result();
    assert_eq!(found.verdict, Verdict::Inconclusive);
    assert_eq!(reason(&found), "mean of profit is not defined: no column of numbers `profit`");
    let mut rows = profitable();
    rows.columns.get_mut("profit").unwrap().candidate[7] = f64::NAN;
    assert_eq!(Scene::on(rows, rule).result().verdict, Verdict::Inconclusive);
}

#[test]
fn rankings_and_texts_are_judged() {
    let relevance: Vec<f64> = (0..300).map(|row| f64::from(row % 5 == 0) * 2.0).collect();
    let good: Vec<f64> = (0..300).map(|row| f64::from(5 - row % 5)).collect();
    let bad: Vec<f64> = (0..300).map(|row| f64::from((row * 7 + row / 5) % 5)).collect();
    let mut rows = joined(TruthColumn::Relevance(relevance), scores(good), Some(scores(bad)));
    rows.groups = Some((0..300).map(|row| row / 5).collect());
    let rule = "[[rule]]\nid = \"r\"\nmetric = { name = \"ndcg\", k = 3, gain = \"exp\" }\nprove = \"superior\"\n";
    let found = Scene::on(rows.clone(), rule).result();
    assert_eq!((found.verdict, found.method.as_deref()), (Verdict::Pass, Some("paired_t")));
    close(found.candidate, 1.0);
    rows.groups = None;
    let found = Scene::on(rows, rule).result();
    assert_eq!(reason(&found), "ndcg (gain exp, k 3) is not defined: no queries: name the column `group`");

    let texts =
        |of: fn(usize) -> String| PredictedColumns { texts: Some((0..200).map(of).collect()), ..Default::default() };
    let truth = TruthColumn::Texts((0..200).map(|row| format!("answer {row}")).collect());
    let candidate = texts(|row| if row % 20 == 0 { String::new() } else { format!("Answer {row}!") });
    let rows = joined(truth, candidate, Some(texts(|row| format!("wrong {row}"))));
    let rule =
        |ignored: &str| format!("[[rule]]\nid = \"r\"\nmetric = {{ name = \"exact_match\"{ignored} }}\nmin = 0.9\n");
    let found = Scene::on(rows.clone(), &rule(", ignore_case = true, ignore_punctuation = true")).result();
    close(found.candidate, 0.95);
    assert_eq!(found.verdict, Verdict::Pass);
    let found =
        Scene::on(rows.clone(), &rule(", regexes_to_ignore = [\"(?i)^an\", \"!$\", \"^swer 1\\\\d*$\"]")).result();
    // `answer 7` becomes `swer 7` on either side, and `Answer 7!`, too; empty answers are right where the reference is taken out.
    close(found.candidate, f64::from(190 + 5) / 200.0);
    // Every row wrong is no variation; on the point it still is 0.
    let found = Scene::on(rows, &format!("{}on = \"point\"\n", rule(""))).result();
    assert_eq!((found.verdict, found.candidate), (Verdict::Fail, Some(0.0)));
}

/// Ten attempts at each of 40 problems, of which row modulo 11 says the number that is right: C(10 - c, 3) / C(10, 3) by hand.
#[test]
fn attempts_at_problems_are_judged() {
    let said = |right: fn(usize) -> usize| PredictedColumns {
        texts: Some((0..400).map(|row| if row % 10 < right(row / 10) { "ok" } else { "failed" }.to_owned()).collect()),
        ..Default::default()
    };
    let truth = TruthColumn::Texts(vec!["ok".to_owned(); 400]);
    let mut rows = joined(truth, said(|problem| problem % 11), Some(said(|problem| problem % 11 / 2)));
    rows.groups = Some((0..400).map(|row| row / 10).collect());
    let none = [120.0, 84.0, 56.0, 35.0, 20.0, 10.0, 4.0, 1.0, 0.0, 0.0, 0.0];
    let rule =
        |name: &str| format!("[[rule]]\nid = \"r\"\nmetric = {{ name = \"{name}\", k = 3 }}\nprove = \"superior\"\n");
    let found = Scene::on(rows.clone(), &rule("pass_at_k")).result();
    let of = |value: fn(f64) -> f64, c: fn(usize) -> usize| (0..40).map(|p| value(none[c(p)])).sum::<f64>() / 40.0;
    close(found.candidate, of(|none| 1.0 - none / 120.0, |problem| problem % 11));
    close(found.baseline, of(|none| 1.0 - none / 120.0, |problem| problem % 11 / 2));
    assert_eq!((found.verdict, found.method.as_deref()), (Verdict::Pass, Some("paired_t")));
    let found = Scene::on(rows.clone(), &rule("pass_hat_k")).result();
    close(found.candidate, of(|all| all / 120.0, |problem| 10 - problem % 11));
    // A problem with two attempts has no three.
    rows.groups = Some((0..400).map(|row| if row < 2 { 77 } else { row / 10 }).collect());
    let found = Scene::on(rows.clone(), &rule("pass_at_k")).result();
    assert_eq!(reason(&found), "pass_at_k (k 3) is not defined: problem 77 has 2 attempts, 3 needed");
    rows.groups = None;
    assert_eq!(Scene::on(rows, &rule("pass_at_k")).result().verdict, Verdict::Inconclusive);
}

#[test]
fn a_maximum_is_held_against_its_point() {
    let (y, p) = ((0..50).map(f64::from).collect(), (0..50).map(|row| f64::from(row) + 0.25).collect());
    let values = |values| PredictedColumns { values: Some(values), ..PredictedColumns::default() };
    let rows = joined(TruthColumn::Real(y), values(p), None);
    let rule = "[[rule]]\nid = \"r\"\nmetric = \"max_error\"\nmax = 0.3\non = \"point\"\n";
    let found = Scene::on(rows, rule).result();
    assert_eq!((found.verdict, found.method.as_deref()), (Verdict::Pass, Some("point")));
    close(found.candidate, 0.25);
}

/// Settings no policy file could have given come from another program.
#[test]
fn settings_of_a_forged_record_are_refused() {
    let mut policy = rules("binary", "[[rule]]\nid = \"r\"\nmetric = \"mcc\"\nmargin = 0.1\n");
    let MeasureRecord::Metric { parameters, .. } = &mut policy.rules[0].measure else { panic!() };
    parameters.insert("beta".to_owned(), Scalar::Int(2));
    let labels = vec![true, false, true, false];
    let rows = joined(TruthColumn::Binary(labels), scores(vec![0.1; 4]), Some(scores(vec![0.2; 4])));
    let found = Scene::new(policy).with(rows).try_judge().unwrap_err();
    assert!(matches!(found, CertifyError::UnknownParameters { .. }), "{found}");
}

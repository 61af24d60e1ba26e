//! The rows that are named: by the rule's own measure, whatever that is.

use mlrun::certify::{NamedRows, flip_summaries, named_rows};
use mlrun::evidence::{JoinedRows, NumberColumns, PredictedColumns, TruthColumn};
use mlrun::format::certificate::Verdict;
use mlrun::format::policy::{MeasureRecord, PolicyRecord};

use super::scene::{Scene, close, joined, outcomes, reason, rules, scores};

fn texts(answers: &[&str]) -> PredictedColumns {
    let texts = Some(answers.iter().map(|text| (*text).to_owned()).collect());
    PredictedColumns { texts, ..PredictedColumns::default() }
}

/// Twelve answers: the first four are other ones now, of which two only in how they are written.
fn answers() -> JoinedRows {
    let mut truth = vec!["Paris", "Rome", "Berlin", "42"];
    truth.extend(["yes"; 8]);
    let theirs = truth.clone();
    let mut ours = truth.clone();
    ours[..4].copy_from_slice(&["paris!", "It is Rome", "Munich", "42.0"]);
    let truth = TruthColumn::Texts(truth.into_iter().map(str::to_owned).collect());
    joined(truth, texts(&ours), Some(texts(&theirs)))
}

fn named(scene: &Scene) -> Vec<NamedRows> {
    named_rows(&scene.case(), &scene.judge().predicate.results).unwrap()
}

/// What the candidate said in the rows that are named of the only rule.
fn said(rows: &JoinedRows, metric: &str, demand: &str) -> Vec<String> {
    let scene = Scene::on(rows.clone(), &format!("[[rule]]\nid = \"r\"\nmetric = {metric}\n{demand}\n"));
    let mut said: Vec<_> = named(&scene).into_iter().flat_map(|n| n.rows).map(|row| row.candidate).collect();
    said.sort();
    said
}

#[test]
fn an_answer_is_as_right_as_its_rule_says() {
    let margin = "margin = 0.01";
    assert_eq!(said(&answers(), "\"exact_match\"", margin), ["42.0", "It is Rome", "Munich", "paris!"]);
    let plain = "{ name = \"exact_match\", ignore_case = true, ignore_punctuation = true }";
    // Without its point 42.0 is 420.
    assert_eq!(said(&answers(), plain, margin), ["42.0", "It is Rome", "Munich"]);
    assert_eq!(said(&answers(), "{ name = \"contains\", ignore_case = true }", margin), ["Munich"]);
    assert_eq!(said(&answers(), "\"token_f1\"", margin), ["42.0", "It is Rome", "Munich"]);
    // What is named of a PASS, too, is named by the same measure.
    assert_eq!(said(&answers(), "{ name = \"contains\", ignore_case = true }", "min = 0.1"), ["Munich"]);
    let mut numbers = answers();
    let TruthColumn::Texts(labels) = &mut numbers.truth else { panic!() };
    labels.iter_mut().for_each(|label| *label = "it is 42".to_owned());
    assert_eq!(said(&numbers, "\"numeric_match\"", "margin = 0.01").iter().filter(|text| *text == "42.0").count(), 0);
}

#[test]
fn answers_change_sides() {
    let rate = |metric: &str| {
        let text = format!("[[rule]]\nid = \"r\"\nmetric = {metric}\nmax = 0.9\n");
        Scene::on(answers(), &text).result()
    };
    // Right before: all. Wrong now: 4, 3 but for case and punctuation, 2 that do not contain the reference, 1 of both.
    close(rate("\"negative_flip_rate\"").candidate, 4.0 / 12.0);
    close(rate("{ name = \"negative_flip_rate\", ignore_case = true, ignore_punctuation = true }").candidate, 0.25);
    close(rate("{ name = \"negative_flip_rate\", match = \"contains\" }").candidate, 2.0 / 12.0);
    close(rate("{ name = \"negative_flip_rate\", match = \"contains\", ignore_case = true }").candidate, 1.0 / 12.0);
    let open = rate("{ name = \"negative_flip_rate\", match = \"numeric\" }");
    assert_eq!(open.verdict, Verdict::Inconclusive);
    assert!(reason(&open).contains("is not defined"), "{}", reason(&open));
    // The summary counts by what the rules take for right.
    let flips = |text: &str| flip_summaries(&Scene::on(answers(), text).case())[0].right_to_wrong;
    assert_eq!(flips("[[rule]]\nid = \"r\"\nmetric = \"token_f1\"\nmin = 0.1\n"), 4);
    let contains = "[[rule]]\nid = \"r\"\nmetric = { name = \"contains\", ignore_case = true }\nmin = 0.1\n";
    assert_eq!(flips(contains), 1);
    let record = |metric: &str| -> PolicyRecord {
        rules("text", &format!("[[rule]]\nid = \"r\"\nmetric = {metric}\nmax = 0.9\n"))
    };
    // What is the usual is not written down: the rules of before are the same bytes.
    let usual = record("{ name = \"negative_flip_rate\", match = \"exact\" }");
    assert!(matches!(usual.rules[0].measure, MeasureRecord::Flips { answers: None, .. }));
    assert!(!serde_json::to_string(&usual).unwrap().contains("answers"));
    let listed = record("{ must_not_flip = [\"a\"], match = \"contains\" }");
    let MeasureRecord::MustNotFlip { answers: Some(by), .. } = &listed.rules[0].measure else { panic!() };
    assert_eq!(by.metric, "contains");
    for (task, metric, word) in [
        ("text", "{ name = \"negative_flip_rate\", match = \"fuzzy\" }", "exact, contains, numeric"),
        ("text", "{ name = \"negative_flip_rate\", tolerance = 1 }", "tolerance"),
        ("binary", "{ name = \"negative_flip_rate\", match = \"exact\" }", "match"),
        ("ranking", "\"negative_flip_rate\"", "not defined for a ranking task"),
    ] {
        let text = format!("schema = 1\ntask = \"{task}\"\n[[rule]]\nid = \"r\"\nmetric = {metric}\nmax = 0.9\n");
        let parsed = mlrun::certify::policy::parse(&text).and_then(|file| mlrun::certify::policy::resolve(&file));
        assert!(parsed.unwrap_err().to_string().contains(word), "{metric}");
    }
}

#[test]
fn a_rule_on_a_column_names_rows_by_that_column() {
    let mut rows = outcomes(40, 0, 0, 0);
    let cost = |worse: &[(usize, f64)]| {
        let mut column = vec![10.0; 40];
        worse.iter().for_each(|(row, value)| column[*row] = *value);
        column
    };
    let baseline = Some(cost(&[(3, 99.0)]));
    rows.columns
        .insert("cost".to_owned(), NumberColumns { candidate: cost(&[(7, 50.0), (9, 80.0), (3, 98.0)]), baseline });
    let units = NumberColumns { candidate: vec![2.0; 40], baseline: Some(vec![2.0; 40]) };
    rows.columns.insert("units".to_owned(), units);
    let of = |metric: &str, demand: &str| {
        let text = format!("[[rule]]\nid = \"r\"\nmetric = {metric}\n{demand}\n");
        let found = named(&Scene::on(rows.clone(), &text)).remove(0).rows;
        found.into_iter().map(|row| (row.candidate, row.baseline.unwrap(), row.new)).collect::<Vec<_>>()
    };
    let row = |candidate: &str, baseline: &str| (candidate.to_owned(), baseline.to_owned(), true);
    let mean = of("{ mean = \"cost\", better = \"lower\" }", "margin = 0.01");
    assert_eq!(mean, [row("80", "10"), row("50", "10")]);
    // Where more is better it is the one that has less.
    assert_eq!(of("{ mean = \"cost\", better = \"higher\" }", "margin = 0.01"), [row("98", "99")]);
    let ratio = of("{ ratio = [\"cost\", \"units\"], better = \"lower\" }", "margin = 0.01");
    assert_eq!(ratio[..2], [row("80 / 2", "10 / 2"), row("50 / 2", "10 / 2")]);
}

/// Sixty queries of five documents; the relevant one is first, but in three of them.
fn ranking() -> JoinedRows {
    let relevance: Vec<f64> = (0..300).map(|row| f64::from(row % 5 == 0)).collect();
    let order: Vec<f64> = (0..300).map(|row| f64::from(5 - row % 5)).collect();
    let mut ours = order.clone();
    for (query, score) in [(11, 0.5), (20, 1.5), (30, 3.5)] {
        ours[query * 5] = score;
    }
    let mut rows = joined(TruthColumn::Relevance(relevance), scores(ours), Some(scores(order)));
    rows.groups = Some((0..300).map(|row| row / 5).collect());
    rows
}

#[test]
fn a_ranking_names_its_worst_queries_and_counts_queries() {
    let scene = Scene::on(ranking(), "[[rule]]\nid = \"r\"\nmetric = \"mrr\"\nmargin = 0.001\n");
    let result = scene.result();
    assert_eq!(result.n, 60, "{result:?}");
    assert!(reason(&result).contains(", n 60 queries"), "{}", reason(&result));
    let rows = named(&scene).remove(0).rows;
    let found: Vec<_> = rows.iter().take(3).map(|row| (row.key.as_str(), row.candidate.as_str(), row.new)).collect();
    // The key of a query is that of its first row.
    let key = |query: u64| format!("query of {:016x}", query * 5 * 1000 + 17);
    let expected = [(key(11), "0.2"), (key(20), "0.25"), (key(30), "0.5")];
    for (found, (key, value)) in found.iter().zip(&expected) {
        assert_eq!((found.0, found.1, found.2), (key.as_str(), *value, true));
    }
    assert_eq!((rows[0].label.as_str(), rows[0].baseline.as_deref()), ("5 documents", Some("1")));
    // Weights are resampled, and it is queries all the same.
    let mut weighted = ranking();
    weighted.weights = Some(vec![1.0; 300]);
    let text = "[[rule]]\nid = \"r\"\nmetric = \"mrr\"\nmin = 0.5\n[stats]\nresamples = 200\n";
    assert_eq!(Scene::on(weighted, text).result().n, 60);
}

#[test]
fn what_passes_names_its_largest_failures_too() {
    let text = "[[rule]]\nid = \"floor\"\nmetric = \"accuracy\"\nmin = 0.5\n\
                [[rule]]\nid = \"same\"\nmetric = \"f1\"\nmin = 0.5\n\
                [[rule]]\nid = \"flips\"\nmetric = \"negative_flip_rate\"\nmax = 0.5\n\
                [[rule]]\nid = \"lost\"\nmetric = \"accuracy\"\nmargin = 0.001\n";
    let found = named(&Scene::on(outcomes(900, 25, 10, 65), text));
    let shown: Vec<_> = found.iter().map(|named| (named.rule.as_str(), named.open, named.rows.len())).collect();
    assert_eq!(shown, [("floor", false, 10), ("same", false, 10), ("flips", false, 10), ("lost", true, 10)]);
    assert_eq!(found[0].rows, found[1].rows);
    assert!(found[2].rows.iter().all(|row| row.new));
    assert_eq!(found[0].rows.iter().filter(|row| row.new).count(), 5);
}

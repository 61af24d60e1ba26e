//! Comparisons with more than the baseline's value: a share of it, the best version ever, several sets.

use mlrun::certify::{CertifyError, PastRows};
use mlrun::evidence::{JoinedRows, TruthColumn};
use mlrun::format::certificate::Verdict;

use super::scene::{Scene, close, joined, outcomes, reason, set, values};

fn rule(text: &str) -> String {
    format!("[[rule]]\nid = \"acc\"\nmetric = \"accuracy\"\n{text}\n")
}

#[test]
fn a_relative_margin_is_a_share_of_the_baseline() {
    // Baseline 0.925, Δ −0.015 [−0.0247, −0.0053].
    let judged = |share: &str| Scene::on(outcomes(900, 25, 10, 65), &rule(&format!("margin_rel = {share}"))).result();
    let passed = judged("0.027");
    assert_eq!(passed.verdict, Verdict::Pass);
    close(passed.margin, 0.027 * 0.925);
    assert_eq!(judged("0.0265").verdict, Verdict::Inconclusive);
    assert_eq!(judged("0.005").verdict, Verdict::Fail);
}

#[test]
fn a_relative_margin_of_a_baseline_not_above_zero_decides_nothing() {
    // R² of a baseline that is worse than the mean: a share of it would turn the sign around.
    let truth: Vec<f64> = (0..200).map(|row| f64::from(row % 7)).collect();
    let far = truth.iter().map(|y| 9.0 - y).collect();
    let good = truth.iter().zip(0..).map(|(y, row)| y + 0.1 * f64::from(row % 3)).collect();
    let rows = joined(TruthColumn::Real(truth), values(good), Some(values(far)));
    let found = Scene::on(rows, "[[rule]]\nid = \"r\"\nmetric = \"r2\"\nmargin_rel = 0.5").result();
    assert_eq!(found.verdict, Verdict::Inconclusive);
    assert!(reason(&found).starts_with("a relative margin needs a baseline above 0; it is −"), "{}", reason(&found));
}

/// The candidate, 0.91, against a version that is right in this many of the rows where the candidate is not.
fn against(better: usize) -> JoinedRows {
    outcomes(900, better, 10, 90 - better)
}

fn past(rows: Result<JoinedRows, String>, label: &str) -> PastRows {
    PastRows { label: label.to_owned(), rows }
}

#[test]
fn the_ratchet_compares_with_the_best_ever() {
    let mut scene = Scene::on(against(10), &rule("ratchet = true\nmargin = 0.02"));
    assert_eq!(scene.result().verdict, Verdict::Pass);
    assert_eq!(
        scene.judge().predicate.remarks,
        ["rule `acc`: compared with what is there now, the only one ever in production that is known"]
    );
    let versions =
        vec![past(Ok(against(5)), "fraud@v2"), past(Ok(against(60)), "fraud@v3"), past(Ok(against(30)), "fraud@v5")];
    scene.past.insert(set("test"), versions);
    let failed = scene.result();
    assert_eq!(failed.verdict, Verdict::Fail);
    close(failed.baseline, 0.96);
    assert_eq!(
        scene.judge().predicate.remarks,
        ["rule `acc`: compared with fraud@v3, the best of 4 ever in production"]
    );
    // Nobody knows how good the best one was on these rows.
    let mut other = against(60);
    other.keys.iter_mut().for_each(|key| *key += 1);
    let mut without = against(60);
    without.baseline = None;
    let versions = vec![past(Err("no table".to_owned()), "v1"), past(Ok(other), "v2"), past(Ok(without), "v3")];
    scene.past.insert(set("test"), versions);
    let unknown = scene.result();
    assert_eq!(unknown.verdict, Verdict::Inconclusive);
    assert!(
        reason(&unknown)
            .starts_with("the best ever may be v1 (no table), v2 (its rows are others), of which nothing is known"),
        "{}",
        reason(&unknown)
    );
    // What the third never had it cannot have been better in.
    assert_eq!(scene.judge().predicate.remarks[0], "rule `acc`: no predictions set `test` had v3");
    // Whoever falls behind one that is known falls behind the best.
    let versions = vec![past(Err("no table".to_owned()), "v1"), past(Ok(against(60)), "v2")];
    scene.past.insert(set("test"), versions);
    assert_eq!(scene.result().verdict, Verdict::Fail);
    let mut without = against(60);
    without.baseline = None;
    scene.past.insert(set("test"), vec![past(Ok(without), "v3")]);
    assert_eq!(scene.result().verdict, Verdict::Pass);
    let Some(Ok(rows)) = scene.sets.get_mut(&set("test")) else { panic!() };
    rows.baseline = None;
    let open = scene.result();
    assert_eq!(open.verdict, Verdict::Inconclusive);
    assert_eq!(reason(&open), "no version that was ever in production has predictions on these rows");
}

#[test]
fn a_ratchet_without_ratchet_changes_no_record() {
    let record = |text: &str| serde_json::to_string(&super::scene::rules("binary", &rule(text))).unwrap();
    let without = record("margin = 0.1");
    assert!(!without.contains("ratchet") && !without.contains("over"), "{without}");
    assert_eq!(record("ratchet = false\nmargin = 0.1"), without);
    assert!(record("ratchet = true\nmargin = 0.1").contains("\"ratchet\":true"));
}

#[test]
fn rules_on_several_sets_are_judged_each_on_its_own() {
    let mut recent = outcomes(900, 30, 0, 70);
    recent.set = set("recent");
    let text = |sets: [&str; 2]| {
        let rule = |set: &&str| {
            format!("[[rule]]\nid = \"on-{set}\"\nmetric = \"accuracy\"\nset = \"{set}\"\nmargin = 0.01\n")
        };
        sets.iter().map(rule).collect::<String>()
    };
    let scene = Scene::on(outcomes(900, 0, 30, 70), &text(["test", "recent"])).with(recent.clone());
    let results = scene.judge().predicate.results;
    let found: Vec<_> = results.iter().map(|r| (r.set.as_ref().unwrap().as_str(), r.verdict)).collect();
    assert_eq!(found, [("test", Verdict::Pass), ("recent", Verdict::Fail)]);
    assert_eq!(scene.judge().predicate.joins.len(), 2);
    let several = Scene::on(outcomes(900, 0, 30, 70), &rule("margin = 0.01")).with(recent.clone());
    assert!(matches!(several.try_judge(), Err(CertifyError::SeveralSets { .. })));
    let unknown = Scene::on(outcomes(900, 0, 30, 70), &text(["test", "recnt"])).with(recent);
    let Err(CertifyError::UnknownSet { nearest, .. }) = unknown.try_judge() else { panic!() };
    assert_eq!(nearest, ["recent"]);
}

#[test]
fn results_have_the_same_bits_for_any_number_of_threads() {
    let mut rows = super::scene::stacked(vec![
        ("a", outcomes(170, 6, 4, 20)),
        ("b", outcomes(150, 4, 6, 40)),
        ("c", outcomes(160, 8, 2, 30)),
    ]);
    rows.names = mlrun::evidence::RowNames::default();
    let text = "[[rule]]\nid = \"gap\"\nmetric = \"f1\"\ngap = \"country\"\nmargin = 0.1\n\
                [[rule]]\nid = \"worst\"\nmetric = \"f1\"\nworst = [\"country\"]\nmin = 0.5\n\
                [[rule]]\nid = \"flips\"\nmetric = \"negative_flip_rate\"\neach = [\"country\", \"(label)\"]\nmax = 0.2\n";
    let scene = Scene::on(rows, text);
    let judged = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let statement = scene.judge();
            let results = &statement.predicate.results;
            let explained = mlrun::certify::explain(&scene.case(), results, 8).unwrap();
            let named = mlrun::certify::named_rows(&scene.case(), results).unwrap();
            (statement.encode().unwrap(), explained, named)
        })
    };
    assert_eq!(judged(1), judged(5));
}

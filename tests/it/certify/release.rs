//! A first release, and a stage that is empty for another reason.

use mlrun::certify::overall;
use mlrun::format::certificate::Verdict;
use mlrun::format::scalar::Scalar;

use super::scene::{Scene, outcomes, reason};

const COMPARISONS: &str = "
[[rule]]
id = \"not-worse\"
metric = \"accuracy\"
margin = 0.01
[[rule]]
id = \"drop\"
metric = { reported = \"auc\", better = \"higher\" }
max_drop = 0.01
[[rule]]
id = \"p99\"
metric = { quantile = 0.99, of = \"latency\" }
max_ratio = 1.1
";

fn release(extra: &str) -> Scene {
    let scene = Scene::on(outcomes(80, 3, 7, 10), &format!("{COMPARISONS}{extra}"));
    scene.reported("auc", Scalar::Float(0.9), None).first_release()
}

/// A number that was not reported nobody can report later: no candidate could ever be compared with this version.
#[test]
fn what_is_compared_later_has_to_be_there() {
    let mut scene = release("[[rule]]\nid = \"floor\"\nmetric = \"accuracy\"\nmin = 0.8\n");
    scene.metrics.0.clear();
    let statement = scene.judge().predicate;
    assert_eq!((statement.verdict, statement.results[1].verdict), (Verdict::Inconclusive, Verdict::Inconclusive));
    assert_eq!(reason(&statement.results[1]), "the candidate's `auc` is not reported");
    scene.metrics.0.insert("auc".to_owned(), Scalar::Float(f64::NAN));
    assert_eq!(scene.judge().predicate.verdict, Verdict::Inconclusive);
    // Samples can be attached to it later; a set that is called otherwise is a mistake of the rule's.
    scene.metrics.0.insert("auc".to_owned(), Scalar::Float(0.9));
    assert_eq!(scene.judge().predicate.verdict, Verdict::Pass);
    let other = scene.samples("latencies", vec![1.0; 2000], None);
    assert!(other.try_judge().unwrap_err().to_string().contains("there are latencies"));
}

#[test]
fn a_floor_that_holds_releases() {
    let statement = release("[[rule]]\nid = \"floor\"\nmetric = \"accuracy\"\nmin = 0.8\n").judge().predicate;
    let verdicts: Vec<_> = statement.results.iter().map(|result| result.verdict).collect();
    use Verdict::{NotApplicable, Pass};
    assert_eq!(verdicts, [NotApplicable, NotApplicable, NotApplicable, Pass]);
    assert_eq!(statement.verdict, Verdict::Pass);
    assert_eq!(statement.joins, []);
    assert_eq!(reason(&statement.results[0]), "a first release has no baseline");
}

#[test]
fn comparisons_alone_release_nothing() {
    let statement = release("").judge().predicate;
    assert_eq!(statement.verdict, Verdict::Inconclusive);
    assert_eq!(
        statement.remarks,
        ["a first release needs a blocking rule with a floor or a ceiling, and that rule to pass"]
    );
    assert_eq!(overall(&statement.results), Verdict::Inconclusive);
}

#[test]
fn nor_does_a_warning_or_an_unset_floor() {
    let warning = "[[rule]]\nid = \"floor\"\nmetric = \"accuracy\"\nmin = 0.8\nseverity = \"warn\"\n";
    let statement = release(warning).judge().predicate;
    assert_eq!((statement.verdict, statement.remarks.len()), (Verdict::Inconclusive, 1));
    let unset = "[[rule]]\nid = \"floor\"\nmetric = \"accuracy\"\nmin = \"unset\"\n";
    assert_eq!(release(unset).judge().predicate.verdict, Verdict::Inconclusive);
}

#[test]
fn a_floor_that_does_not_hold_fails() {
    let floor = "[[rule]]\nid = \"floor\"\nmetric = \"accuracy\"\nmin = 0.99\n";
    assert_eq!(release(floor).judge().predicate.verdict, Verdict::Fail);
}

#[test]
fn an_empty_stage_is_no_first_release_unless_somebody_says_so() {
    let mut scene = release("[[rule]]\nid = \"floor\"\nmetric = \"accuracy\"\nmin = 0.8\n");
    scene.baseline.first_release = None;
    let statement = scene.judge().predicate;
    assert_eq!(statement.verdict, Verdict::Inconclusive);
    assert_eq!(statement.results[0].verdict, Verdict::Inconclusive);
    assert_eq!(statement.remarks, ["stage `production` is empty, and this was not declared a first release"]);
    // Even where no rule compares anything.
    let mut scene = Scene::on(outcomes(80, 3, 7, 10), "[[rule]]\nid = \"f\"\nmetric = \"accuracy\"\nmin = 0.8\n");
    assert_eq!(scene.judge().predicate.verdict, Verdict::Pass);
    scene.baseline.snapshot = None;
    assert_eq!(scene.judge().predicate.verdict, Verdict::Inconclusive);
}

#[test]
fn evidence_a_comparison_would_have_needed_may_be_missing() {
    let mut scene = release("[[rule]]\nid = \"r\"\nmetric = { reported = \"auc\", better = \"higher\" }\nmin = 0.8\n");
    scene.sets.clear();
    scene.candidate_sets.clear();
    scene = scene.reported("auc", Scalar::Float(0.9), None);
    let statement = scene.judge().predicate;
    assert_eq!(statement.results[0].verdict, Verdict::NotApplicable);
    assert_eq!(statement.verdict, Verdict::Pass);
}

//! Rules on where a candidate comes from.

use mlrun::certify::policy;
use mlrun::format::certificate::Verdict;
use mlrun::format::policy::{Bound, Check, DemandRecord};

use super::scene::{Scene, reason, rules};

fn scene(check: Check, demand: &str) -> Scene {
    let text = format!("[[rule]]\nid = \"r\"\nmetric = {{ check = \"{}\" }}\n{demand}\n", check.name());
    Scene::new(rules("binary", &text))
}

fn judged(demand: &str, lacking: Result<&[&str], &str>) -> (Verdict, String) {
    let mut scene = scene(Check::Contradictions, demand);
    let lacking = lacking.map(|all| all.iter().map(|one| (*one).to_owned()).collect()).map_err(str::to_owned);
    scene.provenance.insert(Check::Contradictions, lacking);
    let result = scene.result();
    (result.verdict, result.reason.unwrap_or_default())
}

#[test]
fn nothing_may_be_lacking_unless_the_rule_says_how_much() {
    assert_eq!(judged("", Ok(&[])), (Verdict::Pass, String::new()));
    let trees = "n_estimators is 200 in model.joblib, declared 100";
    assert_eq!(judged("", Ok(&[trees])), (Verdict::Fail, trees.to_owned()));
    assert_eq!(judged("max = 1", Ok(&[trees])).0, Verdict::Pass);
    assert_eq!(judged("max = 1", Ok(&["a", "b", "c", "d"])), (Verdict::Fail, "a, b, c and 1 more".to_owned()));
    assert_eq!(judged("max = \"unset\"", Ok(&[])).0, Verdict::Inconclusive);
}

#[test]
fn what_nobody_could_look_for_is_inconclusive() {
    let unread = judged("", Err("none of the model's files says its parameters"));
    assert_eq!(unread, (Verdict::Inconclusive, "none of the model's files says its parameters".to_owned()));
    for check in Check::ALL {
        let result = scene(check, "").result();
        assert_eq!((result.verdict, result.metric.as_str()), (Verdict::Inconclusive, check.name()));
        assert_eq!(reason(&result), "nobody looked");
    }
}

/// A first release needs a floor or a ceiling of something that was measured.
#[test]
fn provenance_alone_is_no_first_release() {
    let mut scene = scene(Check::MissingSeed, "").first_release();
    scene.provenance.insert(Check::MissingSeed, Ok(Vec::new()));
    let certificate = scene.judge().predicate;
    assert_eq!(certificate.results[0].verdict, Verdict::Pass);
    assert_eq!(certificate.verdict, Verdict::Inconclusive);
}

#[test]
fn a_check_asks_for_a_ceiling_and_for_nothing_else() {
    let resolved = scene(Check::UnknownImports, "").policy.rules.remove(0);
    assert_eq!(resolved.demand, DemandRecord::Max { limit: Some(0.0), on: Bound::Point });
    let refused = |lines: &str| {
        let text = format!("schema = 1\ntask = \"binary\"\n[[rule]]\nid = \"r\"\n{lines}\n");
        policy::parse(&text).and_then(|file| policy::resolve(&file)).unwrap_err().to_string()
    };
    let check = "metric = { check = \"missing_seed\" }\n";
    for demand in ["min = 0", "margin = 0.1", "max_drop = 1", "max_ratio = 2", "max = 1\non = \"upper\"", "max = -1"] {
        assert!(refused(&format!("{check}{demand}")).contains("rule `r`"), "{demand}");
    }
    assert!(refused(&format!("{check}set = \"test\"")).contains("`set`"));
    let unknown = refused("metric = { check = \"contradiction\" }");
    assert!(
        unknown.contains("unknown check `contradiction`") && unknown.contains("nearest: contradictions"),
        "{unknown}"
    );
}

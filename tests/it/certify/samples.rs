//! Quantiles of samples.

use mlrun::evidence::Defect;
use mlrun::format::certificate::Verdict;

use super::scene::{Scene, close, reason, rules, set};

/// 1 to 2,000 in some order, times `scale`, in milliseconds.
fn latencies(scale: f64) -> Vec<f64> {
    (0..2000).map(|i: u32| f64::from(i * 7919 % 2000 + 1) * scale).collect()
}

fn scene(demand: &str) -> Scene {
    let rule = format!("[[rule]]\nid = \"p99\"\nmetric = {{ quantile = 0.99, of = \"latency\" }}\n{demand}\n");
    Scene::new(rules("binary", &rule))
}

fn ratio(limit: &str, scale: f64) -> mlrun::format::certificate::ResultRecord {
    scene(&format!("max_ratio = {limit}")).samples("latency", latencies(scale), Some(latencies(1.0))).result()
}

#[test]
fn a_ratio_is_held_against_its_upper_bound() {
    let passed = ratio("1.10", 1.0);
    assert_eq!(passed.verdict, Verdict::Pass);
    assert_eq!(passed.metric, "p99 of latency");
    // numpy.quantile(range(1, 2001), 0.99)
    close(passed.candidate, 1980.01);
    close(passed.delta, 1.0);
    assert_eq!((passed.n, passed.margin, passed.set), (2000, Some(1.10), None));
    assert!(passed.lower < passed.delta && passed.delta < passed.upper);

    let open = ratio("1.10", 1.1);
    assert_eq!(open.verdict, Verdict::Inconclusive);
    assert!(reason(&open).starts_with("ratio 1.1"), "{}", reason(&open));
    assert!(reason(&open).contains("limit 1.1, n 2,000 and 2,000"), "{}", reason(&open));

    // Above the limit, but not shown to be.
    let open = ratio("1.10", 1.102);
    assert!(open.delta > Some(1.10));
    assert_eq!(open.verdict, Verdict::Inconclusive);

    let failed = ratio("1.10", 1.2);
    assert_eq!(failed.verdict, Verdict::Fail);
    assert!(reason(&failed).ends_with(": above the limit"), "{}", reason(&failed));
}

#[test]
fn a_ceiling_on_the_quantile_itself() {
    let verdict = |demand: &str| scene(demand).samples("latency", latencies(1.0), None).result().verdict;
    assert_eq!(verdict("max = 1995"), Verdict::Pass);
    assert_eq!(verdict("max = 1980"), Verdict::Inconclusive);
    assert_eq!(verdict("max = 1981\non = \"point\""), Verdict::Pass);
    assert_eq!(verdict("max = 1900"), Verdict::Fail);
    assert_eq!(verdict("max = \"unset\""), Verdict::Inconclusive);
}

#[test]
fn samples_that_cannot_be_used_decide_nothing() {
    let demand = "max_ratio = 1000";
    let missing = scene(demand).result();
    assert_eq!(missing.verdict, Verdict::Inconclusive);
    assert_eq!(reason(&missing), "the candidate has no samples set `latency`");
    let baseline_missing = scene(demand).samples("latency", latencies(1.0), None).result();
    assert_eq!(reason(&baseline_missing), "the baseline has no samples set `latency`");
    let few = scene(demand).samples("latency", vec![1.0; 50], Some(vec![1.0; 50])).result();
    assert_eq!(few.verdict, Verdict::Inconclusive);
    assert_eq!(reason(&few), "p99 of `latency` is not defined: 50 rows, 1000 needed");
    let mut bad = latencies(1.0);
    bad[77] = f64::NAN;
    assert_eq!(scene(demand).samples("latency", bad, Some(latencies(1.0))).result().verdict, Verdict::Inconclusive);
    let mut scene = scene(demand);
    let defect = Defect::NoRows { path: "l.csv".to_owned() };
    scene.samples.insert(set("latency"), (Ok(latencies(1.0)), Some(Err(defect))));
    assert_eq!(reason(&scene.result()), "`l.csv` has no rows");
}

#[test]
fn old_samples_decide_nothing() {
    let mut scene = scene("max_ratio = 1000").samples("latency", latencies(1.0), Some(latencies(1.0)));
    assert_eq!(scene.result().verdict, Verdict::Pass);
    scene.stale = vec!["latency".to_owned()];
    assert_eq!(scene.result().verdict, Verdict::Inconclusive);
}

/// A slip of the pen in the policy is not a defect of the evidence.
#[test]
fn a_set_nobody_has_is_the_policys_mistake() {
    let mut scene = scene("max_ratio = 1000").samples("latency", latencies(1.0), Some(latencies(1.0)));
    scene.candidate_samples = vec![set("latencies")];
    let error = scene.try_judge().unwrap_err().to_string();
    assert!(error.starts_with("rule `p99`: there is no samples set `latency`; there are latencies"), "{error}");
}

/// scipy.stats.mannwhitneyu, and the median of all differences with the bounds that its normal approximation gives.
#[test]
fn the_shift_of_all_samples_stands_beside_the_ratio() {
    let scene = |candidate: Vec<f64>| scene("max_ratio = 1.5").samples("latency", candidate, Some(latencies(1.0)));
    let found = scene(latencies(1.0).iter().map(|sample| sample + 25.0).collect()).result();
    let number = |key: &str| found.sufficient[key];
    close(Some(number("p_mann_whitney")), 0.17365132449011156);
    close(Some(number("larger")), 0.512421875);
    close(Some(number("shift")), 25.0);
    assert!(number("shift_lower") < 25.0 && number("shift_upper") > 25.0, "{found:?}");
    // It decides nothing.
    assert_eq!(found.verdict, Verdict::Pass);
}

/// Half the width times half the width over the distance, squared: by hand from the bounds that are reported.
#[test]
fn what_would_decide_is_said() {
    let open = ratio("1.10", 1.102);
    assert_eq!(open.verdict, Verdict::Inconclusive);
    let (value, lower) = (open.delta.unwrap(), open.lower.unwrap());
    let needed = (2000.0 * ((value - lower) / (value - 1.10)).powi(2)).ceil();
    assert_eq!(open.rows_needed, Some(needed as u64));
    assert!(reason(&open).ends_with("samples of each would decide"), "{}", reason(&open));
    let ceiling = scene("max = 1981").samples("latency", latencies(1.0), None).result();
    assert!(ceiling.rows_needed.is_some() && reason(&ceiling).ends_with(" samples would decide"), "{ceiling:?}");
    assert_eq!(ratio("1.10", 1.0).rows_needed, None);
}

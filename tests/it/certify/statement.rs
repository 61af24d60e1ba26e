//! The certificate as a whole.

use mlrun::certify::recheck::{Examined, examine};
use std::collections::BTreeMap;

use mlrun::certify::{needs, overall, policy};
use mlrun::digest::Digest;
use mlrun::evidence::{JoinedRows, PredictedColumns, TruthColumn};
use mlrun::format::certificate::{EvidenceRecord, StatementRecord, Verdict};
use mlrun::format::policy::Severity;

use super::scene::{Scene, joined, outcomes, rules, scores, set, slice_column, stacked};

/// 600 rows with scores of some noise.
fn noisy() -> mlrun::evidence::JoinedRows {
    let n = 600_u32;
    let noise = |seed: u32, row: u32| f64::from((row * 7919 + seed * 104_729) % 1009) / 1009.0;
    let truth: Vec<bool> = (0..n).map(|row| row % 3 == 0).collect();
    let column = |seed: u32| {
        truth.iter().zip(0..).map(|(y, row)| 0.35 * f64::from(u8::from(*y)) + 0.6 * noise(seed, row)).collect()
    };
    let (a, b) = (column(1), column(2));
    let mut rows = joined(TruthColumn::Binary(truth), scores(a), Some(scores(b)));
    rows.only_baseline = 3;
    rows.slices.insert("country".to_owned(), slice_column(&[("DE", 300), ("FR", 200), ("US", 100)]));
    rows
}

const RULES: &str = "
[[rule]]
id = \"z-first\"
metric = \"average_precision\"
margin = 0.05
[[rule]]
id = \"f1\"
metric = \"f1\"
each = [\"country\"]
margin = 0.3
[[rule]]
id = \"a-last\"
metric = \"average_precision\"
each = [\"country\"]
min = 0.1
severity = \"warn\"
";

#[test]
fn the_same_case_gives_the_same_bytes() {
    let scene = Scene::on(noisy(), RULES);
    let bytes = scene.judge().encode().unwrap();
    assert_eq!(scene.judge().encode().unwrap(), bytes);
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(one.install(|| scene.judge().encode().unwrap()), bytes);
    let statement = StatementRecord::decode(&bytes).unwrap();
    assert_eq!(statement, scene.judge());
    let order: Vec<_> = statement.predicate.results.iter().map(|result| result.rule.as_str()).collect();
    assert_eq!(order, ["z-first", "f1", "f1", "f1", "a-last", "a-last", "a-last"]);
}

/// Neither another name for a rule nor another way to ask for the same rows draws other random numbers.
#[test]
fn nobody_can_shop_for_seeds() {
    let judged = |rule: &str| {
        let result = Scene::on(noisy(), &format!("[[rule]]\nmetric = \"average_precision\"\n{rule}")).result();
        (result.lower, result.upper)
    };
    let bounds = judged("id = \"a\"\nmargin = 0.05");
    assert!(bounds.0.is_some());
    assert_eq!(judged("id = \"b\"\nmargin = 0.06"), bounds);
    assert_eq!(judged("id = \"a\"\nmargin = 0.05\nwhere = { country = [\"US\", \"DE\", \"FR\"] }"), bounds);
    let some = judged("id = \"a\"\nmargin = 0.05\nwhere = { country = [\"US\", \"DE\"] }");
    assert_eq!(judged("id = \"a\"\nmargin = 0.05\nwhere = { country = [\"DE\", \"DE\", \"US\"] }"), some);
}

/// Slices that hold the same counts are not resampled in step.
#[test]
fn slices_draw_their_own_numbers() {
    let part = || outcomes(120, 15, 12, 20);
    let rows = stacked(vec![("A", part()), ("B", part())]);
    let text = "[[rule]]\nid = \"f\"\nmetric = \"f1\"\neach = [\"country\"]\nmargin = 0.3";
    let results = Scene::on(rows, text).judge().predicate.results;
    assert_eq!((results[0].delta, results[0].n), (results[1].delta, results[1].n));
    assert_eq!(results[0].method.as_deref(), Some("multinomial_bca"));
    assert_ne!((results[0].lower, results[0].upper), (results[1].lower, results[1].upper));
}

#[test]
fn it_names_what_was_judged() {
    let file = |role: &str, kind: &str, name: Option<&str>| EvidenceRecord {
        role: role.to_owned(),
        kind: kind.to_owned(),
        set: name.map(set),
        sha256: Digest::of(role.as_bytes()),
        rows: 600,
        origin: None,
    };
    let mut scene = Scene::on(noisy(), RULES);
    scene.evidence =
        vec![file("candidate", "predictions", Some("test")), file("baseline", "predictions", Some("test"))];
    scene.evidence.push(file("candidate", "metrics", None));
    let statement = scene.judge();
    let certificate = &statement.predicate;
    assert_eq!(statement.subject[0].name, "fraud");
    assert_eq!(statement.subject[0].digest["sha256"], Digest::of(b"v8"));
    assert_eq!(certificate.baseline, scene.baseline);
    assert_eq!(certificate.policy, scene.policy);
    assert_eq!(certificate.policy_sha256, policy::digest(&scene.policy).unwrap().1);
    assert_eq!(certificate.policy_file_sha256, Digest::of(b"policy file"));
    let evidence: Vec<_> = certificate.evidence.iter().map(|e| (e.kind.as_str(), e.role.as_str())).collect();
    assert_eq!(evidence, [("metrics", "candidate"), ("predictions", "baseline"), ("predictions", "candidate")]);
    assert_eq!((certificate.joins[0].matched, certificate.joins[0].only_baseline), (600, 3));
    assert_eq!((certificate.tool.name.as_str(), certificate.tool.statistics), ("mlrun", 4));
    // The order the caller read the files in is nobody's business.
    scene.evidence.reverse();
    assert_eq!(scene.judge(), statement);
}

/// numpy's quantiles and counts of the same columns:
/// `e = np.quantile(a, np.arange(1, 10) / 10); np.histogram(b, np.r_[-np.inf, e, np.inf])`, whose bins begin with their edge, too.
#[test]
fn what_was_read_is_described_for_later() {
    let mut scene = Scene::on(noisy(), RULES);
    scene = scene.samples("latency", (0..2000).map(|i| f64::from(i) / 7.0).collect(), Some(vec![1.0; 50]));
    let certificate = scene.judge().predicate;
    assert_eq!(certificate.rows.values().next(), Some(&noisy().digest));
    let named: Vec<_> =
        certificate.distributions.iter().map(|d| (d.set.as_str(), d.role.as_str(), d.of.as_str())).collect();
    let expected = [
        ("test", "truth", "labels"),
        ("test", "candidate", "scores"),
        ("test", "baseline", "scores"),
        // Too few samples of the baseline's to describe.
        ("latency", "candidate", "samples"),
    ];
    assert_eq!(named, expected);
    let [labels, ours, theirs, samples] = certificate.distributions.try_into().unwrap();
    assert_eq!((labels.classes.join(" "), labels.counts), ("negative positive".to_owned(), vec![Some(400), Some(200)]));
    assert_eq!((ours.edges.len(), &ours.edges), (9, &theirs.edges));
    assert_eq!(ours.counts, [Some(60); 10]);
    assert_eq!(theirs.counts.iter().flatten().sum::<u64>(), 600);
    let middle = samples.quantiles.iter().find(|(share, _)| *share == 0.5).unwrap().1;
    assert!((middle - 999.5 / 7.0).abs() < 1e-12, "{middle}");
    // Of 2,000 samples two lie beyond the 0.999 quantile: too few to say where.
    assert_eq!(samples.quantiles.last().unwrap().0, 0.995);
}

#[test]
fn the_worst_blocking_result_decides() {
    let one = Scene::on(outcomes(80, 3, 7, 10), "[[rule]]\nid = \"f\"\nmetric = \"accuracy\"\nmin = 0.8").result();
    let results = |verdicts: &[Verdict]| -> Vec<_> {
        verdicts
            .iter()
            .map(|verdict| mlrun::format::certificate::ResultRecord { verdict: *verdict, ..one.clone() })
            .collect()
    };
    use Verdict::{Fail, Inconclusive, NotApplicable, Pass, Waived};
    for (verdicts, expected) in [
        (&[Pass, Pass][..], Pass),
        (&[Pass, NotApplicable], Pass),
        (&[NotApplicable, NotApplicable], Inconclusive),
        (&[], Inconclusive),
        (&[Waived, Pass], Waived),
        (&[Waived, Inconclusive, Pass], Inconclusive),
        (&[Waived, Inconclusive, Fail, Pass], Fail),
    ] {
        assert_eq!(overall(&results(verdicts)), expected, "{verdicts:?}");
    }
    let mut warned = results(&[Pass, Fail]);
    warned[1].severity = Severity::Warn;
    assert_eq!(overall(&warned), Pass);
    warned.remove(0);
    assert_eq!(overall(&warned), Inconclusive);
}

#[test]
fn small_groups_are_not_counted_in_public() {
    let rule = "[[rule]]\nid = \"a\"\nmetric = \"accuracy\"\nmargin = 0.5";
    let result = Scene::on(outcomes(900, 4, 0, 50), rule).result();
    assert!(!result.sufficient.contains_key("only_baseline"));
    // Any three of the four counts and n give the fourth.
    for key in ["both", "only_candidate", "neither"] {
        assert!(!result.sufficient.contains_key(key), "{:?}", result.sufficient);
    }
    // Its verdict follows from its bounds all the same.
    let certificate = Scene::on(outcomes(900, 4, 0, 50), rule).judge().predicate;
    let examined = &examine(&certificate).results[0];
    assert!(matches!(examined.bounds, Examined::Unknown { .. }) && examined.decision == Examined::Follows);
    let rule = "[[rule]]\nid = \"a\"\nmetric = \"f1\"\nmin = 0.1";
    let result = Scene::on(outcomes(900, 4, 0, 0), rule).result();
    assert!(!result.sufficient.keys().any(|key| key.starts_with("cell_")), "{:?}", result.sufficient);
}

/// A whole less its other parts is the part that was left out: another goes with it.
#[test]
fn a_small_group_is_not_what_is_left() {
    let rows = stacked(vec![
        ("a", outcomes(200, 20, 30, 50)),
        ("b", outcomes(100, 20, 30, 50)),
        ("c", outcomes(290, 2, 8, 0)),
        ("d", outcomes(280, 8, 8, 4)),
    ]);
    let public = |rows: JoinedRows, text: &str| -> Vec<String> {
        let text = format!("[[rule]]\nid = \"r\"\nmetric = \"accuracy\"\n{text}\n");
        let result = Scene::on(rows, &text).judge().predicate.results;
        let is_there = |map: &BTreeMap<String, f64>| map.contains_key("both") || map.contains_key("cells");
        let of_parts = result.iter().flat_map(|r| &r.parts).filter(|part| is_there(&part.sufficient));
        let of_results = result.iter().filter(|r| is_there(&r.sufficient));
        let slices = of_results.filter_map(|r| r.slice.clone()).chain(of_parts.filter_map(|part| part.slice.clone()));
        slices.collect()
    };
    let each = |rows: &JoinedRows| public(rows.clone(), "each = [\"country\"]\nmargin = 0.9");
    // Two are small: neither is what is left.
    assert_eq!(each(&rows), ["country=a", "country=b"]);
    let one = stacked(vec![
        ("a", outcomes(200, 20, 30, 50)),
        ("b", outcomes(100, 20, 30, 50)),
        ("c", outcomes(290, 2, 8, 0)),
    ]);
    assert_eq!(each(&one), ["country=a"]);
    assert_eq!(public(one.clone(), "worst = [\"country\"]\nmin = 0.1"), ["country=a"]);
    assert_eq!(public(one, "gap = \"country\"\nmargin = 0.9"), ["a", "a", "a", "b", "c"]);
    let none = stacked(vec![("a", outcomes(200, 20, 30, 50)), ("b", outcomes(100, 20, 30, 50))]);
    assert_eq!(each(&none), ["country=a", "country=b"]);
    // Rows in no slice are what is left, too.
    let left = stacked(vec![
        ("a", outcomes(2000, 20, 30, 50)),
        ("b", outcomes(1000, 20, 30, 50)),
        ("c", outcomes(10, 5, 5, 5)),
    ]);
    assert_eq!(each(&left), ["country=a"]);

    // Classes of which one is rare, and bins.
    let counts = |sizes: [usize; 3]| {
        let labels: Vec<u32> = (0_u32..3).zip(sizes).flat_map(|(class, n)| std::iter::repeat_n(class, n)).collect();
        let names = ["cat", "cow", "dog"].map(str::to_owned).to_vec();
        let classes = PredictedColumns { classes: Some(labels.clone()), ..PredictedColumns::default() };
        let rows = joined(TruthColumn::Classes { labels, names }, classes.clone(), Some(classes));
        let text = "[[rule]]\nid = \"r\"\nmetric = \"accuracy\"\nmin = 0.1\n";
        Scene::on(rows, text).judge().predicate.distributions[0].counts.clone()
    };
    assert_eq!(counts([100, 20, 30]), [Some(100), Some(20), Some(30)]);
    assert_eq!(counts([100, 20, 3]), [Some(100), None, None]);
    // 5 beside a count from 1 to 4 would be told by their sum.
    assert_eq!(counts([100, 5, 1]), [None, Some(5), None]);
    assert_eq!(counts([98, 1, 1]), [None, None, None]);
}

#[test]
fn needs_says_what_to_read() {
    let policy = rules(
        "binary",
        "
[[rule]]
id = \"a\"
metric = \"f1\"
each = [\"country\"]
margin = 0.1
[[rule]]
id = \"b\"
metric = \"f1\"
set = \"shadow\"
where = { plan = [\"pro\"] }
min = 0.1
[[rule]]
id = \"c\"
metric = { quantile = 0.5, of = \"latency\" }
max = 3
",
    );
    let needs = needs(&policy);
    assert_eq!(needs.predictions[&None], ["country".to_owned()].into());
    assert_eq!(needs.predictions[&Some(set("shadow"))], ["plan".to_owned()].into());
    assert_eq!(needs.samples, [set("latency")].into());
    assert!(!needs.metrics);
}

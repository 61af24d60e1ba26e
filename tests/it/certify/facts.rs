//! Rules on facts, judged on records as they may come: other software, profiles that hold too little or are not sound.

use std::collections::BTreeMap;

use mlrun::certify::policy::{parse, resolve};
use mlrun::certify::{Facts, VersionFacts};
use mlrun::format::certificate::Verdict;
use mlrun::format::found::{FoundFileRecord, FoundRecord};
use mlrun::format::observation::MachineRecord;
use mlrun::format::policy::DemandRecord;
use mlrun::format::profile::{CategoryRecord, ColumnProfileRecord, DecilesRecord, ProfileRecord};
use mlrun::format::reports::{Outcome, Report, ReportedCheck, parse as parse_report};
use mlrun::format::scalar::Scalar;
use mlrun::format::snapshot::{DataRecord, RuntimeRecord};
use serde_json::json;

use super::scene::{Scene, rules, set};

fn runtime(version: &str, packages: &[(&str, &str)]) -> RuntimeRecord {
    RuntimeRecord {
        language: "python".to_owned(),
        version: Some(version.to_owned()),
        packages: packages.iter().map(|(name, version)| ((*name).to_owned(), (*version).to_owned())).collect(),
        origins: BTreeMap::new(),
    }
}

pub fn version(version: &str, packages: &[(&str, &str)]) -> VersionFacts {
    let mut facts = VersionFacts::default();
    facts.environment.runtimes.push(runtime(version, packages));
    facts
}

/// Verdict and reason of one rule.
fn judged(facts: Facts, metric: &str, more: &str) -> String {
    let mut scene = Scene::new(rules("binary", &format!("[[rule]]\nid = \"r\"\nmetric = {metric}\n{more}\n")));
    scene.facts = facts;
    let result = scene.result();
    assert!(result.verdict != Verdict::Pass || result.candidate.is_some_and(f64::is_finite), "{result:?}");
    format!("{}: {}", result.verdict.name(), result.reason.unwrap_or_default())
}

pub fn both(candidate: VersionFacts, baseline: VersionFacts) -> Facts {
    Facts { candidate, baseline: Some(baseline), ..Facts::default() }
}

#[test]
fn packages_and_interpreters_are_counted() {
    let facts = || {
        both(
            version("3.12.1", &[("numpy", "2.4.6"), ("scikit-learn", "1.9.1"), ("rich", "14")]),
            version("3.11.7", &[("numpy", "2.4.5"), ("scikit-learn", "1.9.1"), ("scipy", "1.17.1")]),
        )
    };
    let check = |metric: &str, more: &str| judged(facts(), metric, more);
    assert_eq!(
        check("{ environment = \"packages\" }", ""),
        "FAIL: numpy is 2.4.6, was 2.4.5, rich is new: 14, scipy is missing, was 1.17.1"
    );
    assert_eq!(check("{ environment = \"packages\" }", "max = 3"), "PASS: ");
    assert_eq!(check("{ environment = \"packages\", only = [\"scikit_learn\"] }", ""), "PASS: ");
    assert_eq!(check("{ environment = \"packages\", only = [\"NumPy\"] }", ""), "FAIL: numpy is 2.4.6, was 2.4.5");
    assert_eq!(
        check("{ environment = \"packages\", only = [\"torch\"] }", ""),
        "INCONCLUSIVE: neither the candidate nor the baseline has the package `torch`"
    );
    assert_eq!(check("{ environment = \"python\" }", ""), "FAIL: python is 3.12.1, was 3.11.7");
    let unknown = both(VersionFacts::default(), version("3.11.7", &[("numpy", "2")]));
    for part in ["packages", "python", "hardware", "signature"] {
        let said = judged(unknown.clone(), &format!("{{ environment = \"{part}\" }}"), "max = 100");
        assert!(said.starts_with("INCONCLUSIVE: "), "{part}: {said}");
    }
}

#[test]
fn hardware_and_signatures_are_counted() {
    let machine = |cpu: &str, cpus| MachineRecord {
        architecture: "x86_64".to_owned(),
        cpu: Some(cpu.to_owned()),
        cpus,
        ..MachineRecord::default()
    };
    let with = |machine: MachineRecord, features: i128| {
        let state = BTreeMap::from([("svc__n_features_in_".to_owned(), Scalar::Int(features))]);
        let file = FoundFileRecord { path: "model.pkl".to_owned(), state, ..FoundFileRecord::default() };
        VersionFacts {
            machine,
            found: Some(FoundRecord { files: vec![file], passed_over: 0 }),
            ..VersionFacts::default()
        }
    };
    let facts = both(with(machine("A", 8), 12), with(machine("B", 4), 11));
    let said = judged(facts.clone(), "{ environment = \"hardware\" }", "");
    assert_eq!(said, "FAIL: processor is A, was B, processors is 8, was 4");
    let said = judged(facts, "{ environment = \"signature\" }", "");
    assert_eq!(said, "FAIL: model.pkl svc__n_features_in_ is 12, was 11");
}

#[test]
fn without_a_baseline_there_is_nothing_to_compare_with() {
    let measures = [
        "{ drift = \"psi\", of = \"train\" }",
        "{ shift = \"psi\" }",
        "{ data = \"schema\", of = \"train\" }",
        "{ environment = \"packages\" }",
    ];
    for metric in measures {
        let policy = || rules("binary", &format!("[[rule]]\nid = \"r\"\nmetric = {metric}\nmax = 0.5\n"));
        let mut scene = Scene::new(policy()).first_release();
        scene.candidate_sets.push(set("test"));
        assert_eq!(scene.result().verdict, Verdict::NotApplicable, "{metric}");
        scene.baseline.first_release = None;
        assert_eq!(scene.result().verdict, Verdict::Inconclusive, "{metric}");
    }
    // What data is like says nothing about how good the model is.
    let text = "[[rule]]\nid = \"r\"\nmetric = { report = \"quality\" }\n";
    let mut scene = Scene::new(rules("binary", text)).first_release();
    let passed = ReportedCheck { name: "a".to_owned(), outcome: Outcome::Passed };
    let report = Report { tool: "soda".to_owned(), checks: vec![passed], is_complete: true, ..Default::default() };
    scene.facts.reports.insert(set("quality"), Ok(report));
    let statement = scene.judge();
    assert_eq!(statement.predicate.results[0].verdict, Verdict::Pass);
    assert_eq!(statement.predicate.verdict, Verdict::Inconclusive);
}

fn data(sha256: &str) -> DataRecord {
    let digest = mlrun::digest::Digest::of(sha256.as_bytes());
    serde_json::from_value(json!({
        "name": "train", "kind": "file", "path": "train.csv", "sha256": digest, "size": 1, "files": 1, "rows": 1000,
        "schema": null, "stored": null, "not_stored": null,
    }))
    .unwrap()
}

pub fn column(deciles: Option<DecilesRecord>, categories: &[(&str, u64)]) -> ColumnProfileRecord {
    let category = |(value, count): &(&str, u64)| CategoryRecord { value: (*value).to_owned(), count: *count };
    ColumnProfileRecord {
        name: "x".to_owned(),
        kind: if deciles.is_some() { "float" } else { "text" }.to_owned(),
        opaque: false,
        nulls: 0,
        nan: 0,
        infinite: 0,
        mean: Some(0.0),
        sd: Some(1.0),
        deciles,
        distinct: None,
        categories: categories.iter().map(category).collect(),
    }
}

pub fn profiled(sha256: &str, column: ColumnProfileRecord) -> VersionFacts {
    let data = data(sha256);
    let profile = ProfileRecord {
        format: "mlrun/profile/1".to_owned(),
        data: set("train"),
        sha256: data.sha256.unwrap(),
        logical: None,
        rows: 1000,
        columns: vec![column],
        redactions: Vec::new(),
    };
    VersionFacts {
        data: vec![data],
        profiles: BTreeMap::from([(set("train"), Ok(profile))]),
        ..VersionFacts::default()
    }
}

pub fn deciles(edges: impl Fn(usize) -> f64, count: u64) -> Option<DecilesRecord> {
    Some(DecilesRecord { edges: std::array::from_fn(|k| Scalar::Float(edges(k))), counts: [count; 10], exact: true })
}

/// Profiles are read from a store: whatever is wrong with one, no distance comes of it.
#[test]
fn profiles_that_are_not_sound_pass_nothing() {
    let sound = || column(deciles(|k| k as f64, 100), &[]);
    let broken = [
        column(deciles(|k| -(k as f64), 100), &[]),
        column(deciles(|_| f64::NAN, 100), &[]),
        column(deciles(|k| k as f64, u64::MAX), &[]),
        column(deciles(|k| k as f64, 0), &[]),
        column(deciles(|k| if k == 10 { f64::INFINITY } else { k as f64 }, 100), &[]),
        ColumnProfileRecord { opaque: true, ..sound() },
        ColumnProfileRecord { nulls: u64::MAX / 2, ..column(None, &[("a", 5)]) },
        column(None, &[]),
    ];
    for drift in ["psi", "js", "chi2", "chi2_corrected", "ks", "wasserstein"] {
        let metric = format!("{{ drift = \"{drift}\", of = \"train\", columns = [\"x\"], approximate = true }}");
        for column in &broken {
            for facts in [
                both(profiled("a", column.clone()), profiled("b", sound())),
                both(profiled("a", sound()), profiled("b", column.clone())),
            ] {
                let said = judged(facts, &metric, "max = 1000");
                assert!(!said.starts_with("PASS"), "{drift} {column:?}: {said}");
            }
        }
        // The two are the same where they are known.
        let same = judged(both(profiled("a", sound()), profiled("b", sound())), &metric, "max = 1.5");
        assert!(same.starts_with("PASS"), "{drift}: {same}");
    }
}

#[test]
fn categories_that_are_not_recorded_are_not_compared() {
    let listed = |values: &[(&str, u64)]| profiled(values[0].0, column(None, values));
    let metric = "{ drift = \"psi\", of = \"train\" }";
    let said = judged(both(listed(&[("a", 500), ("b", 500)]), listed(&[("b", 500), ("a", 500)])), metric, "max = 0.1");
    assert_eq!(said, "PASS: ");
    let secret = &[("<redacted:email>", 500), ("b", 500)];
    let said = judged(both(listed(secret), listed(&[("b", 1000)])), metric, "max = 0.1");
    assert_eq!(said, "INCONCLUSIVE: `x`: some of its values were taken for secrets and are not recorded");
    // Twenty of many: the rest may be anything.
    let said = judged(both(listed(&[("a", 400)]), listed(&[("b", 1000)])), metric, "max = 0.1");
    assert!(said.starts_with("INCONCLUSIVE: `x`: its rows are not here"), "{said}");
    let allowed = "{ data = \"categories\", of = \"train\", column = \"x\", allowed = [\"a\"] }";
    let said = judged(both(listed(secret), VersionFacts::default()), allowed, "");
    assert!(said.starts_with("INCONCLUSIVE: "), "{said}");
    assert_eq!(judged(both(listed(&[("a", 1000)]), VersionFacts::default()), allowed, ""), "PASS: ");
}

/// Training data is no evaluation set: its rules cost what they cost.
#[test]
fn drift_does_not_pay_for_uses() {
    let listed = |values: &[(&str, u64)]| profiled(&format!("{values:?}"), column(None, values));
    let facts = both(listed(&[("a", 560), ("b", 440)]), listed(&[("a", 500), ("b", 500)]));
    let rule = "[[rule]]\nid = \"r\"\nmetric = { drift = \"chi2\", of = \"train\" }\nmax = 0.03\n";
    // χ² of this table is 7.2 and its p 0.007: below 0.05, above 0.05 / 20.
    for holdout in ["", "[holdout]\nadaptive = \"bonferroni\"\n"] {
        let mut scene = Scene::new(rules("binary", &format!("{holdout}{rule}")));
        scene.facts = facts.clone();
        assert_eq!(scene.result().verdict, Verdict::Fail, "{holdout}");
    }
}

#[test]
fn nobody_looked() {
    let metrics = [
        ("{ drift = \"psi\", of = \"train\" }", "max = 1"),
        ("{ data = \"null_share\", of = \"train\" }", "max = 1"),
        ("{ data = \"unique\", of = \"train\", key = [\"a\", \"b\"] }", ""),
        ("{ data = \"rows\", of = \"train\", last = 5 }", ""),
        ("{ leakage = \"test\", of = \"train\" }", ""),
        ("{ environment = \"hardware\" }", ""),
        ("{ report = \"quality\" }", ""),
    ];
    for (metric, more) in metrics {
        let said = judged(Facts::default(), metric, more);
        assert!(said.starts_with("INCONCLUSIVE: "), "{metric}: {said}");
    }
}

fn complaint(metric: &str, more: &str) -> String {
    let text = format!("schema = 1\ntask = \"binary\"\n[[rule]]\nid = \"r\"\nmetric = {metric}\n{more}\n");
    parse(&text).and_then(|file| resolve(&file)).map_or_else(|error| error.to_string(), |_| "fine".to_owned())
}

#[test]
fn policies_say_what_they_mean() {
    let fine = [
        ("{ drift = \"psi\", of = \"train\" }", "max = \"unset\""),
        ("{ data = \"rows\", of = \"train\" }", "min = 5"),
        (
            "{ leakage = \"test\", of = \"train\" }",
            "severity = \"warn\"\n[[rule]]\nid=\"s\"\nmetric={ report = \"q\" }",
        ),
    ];
    for (metric, more) in fine {
        assert_eq!(complaint(metric, more), "fine", "{metric}");
    }
    let wrong = [
        ("{ drift = \"psi\", of = \"train\" }", "", "rule `r` asks nothing"),
        (
            "{ drift = \"PSI\", of = \"train\" }",
            "max = 1",
            "`drift` is `PSI`; it must be one of psi, js, chi2, chi2_corrected, ks, wasserstein",
        ),
        ("{ drift = \"psi\", of = \"train\", column = \"a\" }", "max = 1", "has no key `column`; nearest: columns"),
        ("{ drift = \"psi\", of = \"train\", above = -1.0 }", "max = 1", "`above` is -1"),
        ("{ drift = \"psi\", of = \"train\", columns = [\"a\", \"a\"] }", "max = 1", "names the column `a` twice"),
        ("{ drift = \"psi\", of = \"train\" }", "max = nan", "`max` is NaN"),
        ("{ drift = \"psi\", of = \"train\" }", "max = 1\nset = \"test\"", "`set` means nothing here"),
        ("{ drift = \"psi\", of = \"train\" }", "prove = \"superior\"", "`prove` means nothing here"),
        ("{ shift = \"moved\" }", "max = 1\nthreshold = 0.3", "`threshold` means nothing here"),
        ("{ data = \"range\", of = \"train\", column = \"a\" }", "", "`low` is needed"),
        ("{ data = \"range\", of = \"train\", low = 1 }", "", "`column` is needed"),
        ("{ data = \"unique\", of = \"train\" }", "", "`key` is needed"),
        ("{ data = \"rows\", of = \"train\", last = 2 }", "", "`last` is 2; it must be 3 to 1,000"),
        ("{ data = \"null_share\", of = \"train\" }", "min = 1", "`min` means nothing here"),
        ("{ data = \"schema\", of = \"train\", low = 1 }", "", "`low` means nothing here"),
        ("{ environment = \"python\", only = [\"a\"] }", "", "`only` means nothing here"),
        ("{ environment = \"packages\" }", "max = -1", "`max` is -1"),
    ];
    for (metric, more, expected) in wrong {
        let said = complaint(metric, more);
        assert!(said.contains(expected), "{metric}: {said}");
    }
    let text = "[[rule]]\nid = \"r\"\nmetric = { data = \"rows\", of = \"train\", last = 5 }\n";
    assert!(matches!(rules("binary", text).rules[0].demand, DemandRecord::Max { limit: Some(3.0), .. }));
}

/// Whatever is not understood of another tool's report is not passed.
#[test]
fn reports_that_say_nothing() {
    let texts = [
        "",
        "{}",
        "[]",
        "null",
        "7",
        "not json",
        "{\"success\": true}",
        "{\"checks\": []}",
        "{\"success\": true, \"results\": []}",
        "{\"success\": false, \"results\": [{\"success\": true, \"expectation_config\": {\"type\": \"a\"}}]}",
        "{\"run_results\": {\"a\": {\"success\": 1}}}",
        "{\"checks\": [{\"name\": \"a\", \"outcome\": \"pass\"}], \"hasErrors\": null}",
        "{\"checks\": [{\"name\": \"a\"}], \"hasErrors\": false}",
        "{\"checks\": [], \"hasErrors\": false, \"hasFailures\": true}",
        "{\"SCHEMA\": []}",
        "[{\"check\": \"a\"}]",
    ];
    for text in texts {
        let parsed = parse_report(text.as_bytes()).map_err(|error| error.to_string());
        let facts = Facts { reports: BTreeMap::from([(set("quality"), parsed)]), ..Facts::default() };
        let said = judged(facts, "{ report = \"quality\" }", "");
        assert!(said.starts_with("INCONCLUSIVE: "), "{text}: {said}");
    }
}

/// What is called otherwise now may be another thing, too.
#[test]
fn a_renamed_file_or_step_is_no_other_signature() {
    let file = |path: &str, class: &str, told: &[(&str, i128)]| FoundFileRecord {
        path: path.to_owned(),
        format: "sklearn-joblib".to_owned(),
        class: Some(class.to_owned()),
        state: told.iter().map(|(name, value)| ((*name).to_owned(), Scalar::Int(*value))).collect(),
        ..FoundFileRecord::default()
    };
    let with = |files: Vec<FoundFileRecord>| VersionFacts {
        found: Some(FoundRecord { files, passed_over: 0 }),
        ..VersionFacts::default()
    };
    let said = |ours: Vec<FoundFileRecord>, theirs: Vec<FoundFileRecord>| {
        judged(both(with(ours), with(theirs)), "{ environment = \"signature\" }", "")
    };
    let shared = || file("scaler.pkl", "Scaler", &[("n_features_in_", 3)]);
    let one = |path: &str, features: i128| file(path, "Forest", &[("n_features_in_", features)]);
    let renamed = said(vec![shared(), one("new.pkl", 12)], vec![shared(), one("old.pkl", 11)]);
    assert_eq!(renamed, "FAIL: new.pkl n_features_in_ is 12, was 11");
    assert_eq!(said(vec![one("new.pkl", 11)], vec![one("old.pkl", 11)]), "PASS: ");
    // Another class, or more of them than one: nobody knows which is which.
    let other =
        said(vec![shared(), one("new.pkl", 12)], vec![shared(), file("old.pkl", "Svc", &[("n_features_in_", 12)])]);
    assert_eq!(other, "INCONCLUSIVE: `new.pkl` of the candidate and `old.pkl` of the baseline cannot be matched");
    let several = said(vec![shared(), one("a.pkl", 3), one("b.pkl", 4)], vec![shared(), one("c.pkl", 3)]);
    assert!(several.starts_with("INCONCLUSIVE: `a.pkl`, `b.pkl` of the candidate and `c.pkl`"), "{several}");
    // What one alone tells is no difference, as it never was.
    assert_eq!(said(vec![shared(), one("new.pkl", 12)], vec![shared()]), "PASS: ");
    // A step of a pipeline has another name.
    let step = |name: &str, features| vec![file("model.pkl", "Pipeline", &[(name, features)])];
    let said = said(step("svc__n_features_in_", 12), step("clf__n_features_in_", 11));
    assert_eq!(said, "FAIL: model.pkl svc__n_features_in_ is 12, was 11");
}

/// Of no rows everything is true.
#[test]
fn data_without_rows_passes_nothing() {
    let mut empty = column(None, &[]);
    empty.distinct = Some(0);
    let mut facts = profiled("a", empty);
    facts.profiles.get_mut(&set("train")).unwrap().as_mut().unwrap().rows = 0;
    facts.data[0].rows = Some(0);
    let no_rows = "INCONCLUSIVE: the data `train` has no rows";
    for metric in [
        "{ data = \"unique\", of = \"train\", key = [\"x\"] }",
        "{ data = \"categories\", of = \"train\", column = \"x\", allowed = [\"a\"] }",
        "{ data = \"null_share\", of = \"train\" }",
        "{ data = \"range\", of = \"train\", column = \"x\", low = 0, high = 1 }",
    ] {
        let said =
            judged(both(facts.clone(), facts.clone()), metric, if metric.contains("null") { "max = 0.5" } else { "" });
        assert_eq!(said, no_rows, "{metric}");
    }
    // Counted rows of keys, where the profile could not tell.
    let mut read = both(facts.clone(), facts);
    read.repeated.insert((set("train"), vec!["x".to_owned(), "y".to_owned()]), Ok((0, 0)));
    assert_eq!(judged(read, "{ data = \"unique\", of = \"train\", key = [\"x\", \"y\"] }", ""), no_rows);
}

/// A tool that counts what it does not list has found something else.
#[test]
fn counts_that_a_report_does_not_list() {
    let said = |statistics: &str| {
        let text = format!(
            "{{\"success\": true, \"statistics\": {statistics}, \"results\": [{{\"success\": true, \"expectation_config\": {{\"type\": \"a\"}}}}]}}"
        );
        let facts = Facts {
            reports: BTreeMap::from([(set("quality"), Ok(parse_report(text.as_bytes()).unwrap()))]),
            ..Facts::default()
        };
        judged(facts, "{ report = \"quality\" }", "")
    };
    let five = said("{\"evaluated_expectations\": 5, \"unsuccessful_expectations\": 4}");
    assert_eq!(five, "INCONCLUSIVE: great expectations could not check everything: it counts 5 checks and lists 1");
    assert!(said("{\"unsuccessful_expectations\": 1}").starts_with("INCONCLUSIVE: "));
    assert!(said("{\"evaluated_expectations\": \"1\"}").starts_with("INCONCLUSIVE: "));
    for fine in [
        "{}",
        "null",
        "{\"evaluated_expectations\": 1, \"successful_expectations\": 1, \"unsuccessful_expectations\": 0}",
    ] {
        assert_eq!(said(fine), "PASS: ", "{fine}");
    }
}

//! Policies: read, checked, resolved.

use mlrun::certify::policy::{PolicyError, digest, parse, resolve};
use mlrun::format::policy::{Bound, DemandRecord, MeasureRecord, PolicyRecord, Severity};

fn read(text: &str) -> Result<PolicyRecord, PolicyError> {
    resolve(&parse(text)?)
}

/// The message of a policy with one rule of these lines, after `schema`, `task` and `[[rule]]`.
fn complaint(rule: &str) -> String {
    complaint_of("binary", rule)
}

fn complaint_of(task: &str, rule: &str) -> String {
    read(&format!("schema = 1\ntask = \"{task}\"\n[[rule]]\n{rule}")).unwrap_err().to_string()
}

fn demand(rule: &str) -> DemandRecord {
    read(&format!("schema = 1\ntask = \"binary\"\n[[rule]]\nid = \"r\"\n{rule}")).unwrap().rules[0].demand
}

/// The policy of the design.
const WORKED: &str = r#"
schema = 1
task = "binary"

[baseline]
ref = "staging"

[stats]
confidence = 0.9

[[rule]]
id = "auc"
metric = "roc_auc"
prove = "non_inferior"
margin = 0.002

[[rule]]
id = "auc-floor"
metric = "roc_auc"
min = 0.78
on = "lower"

[[rule]]
id = "markets"
metric = "recall"
threshold = 0.35
each = ["country"]
min_rows = 300
prove = "not_worse_detected"
margin = 0.02

[[rule]]
id = "p99"
metric = { quantile = 0.99, of = "latency" }   # a set of samples
max_ratio = 1.10

[[rule]]
id = "reported"
metric = { reported = "valid.auc", better = "higher" }
max_drop = 0.002
severity = "warn"
"#;

#[test]
fn the_worked_example() {
    let record = read(WORKED).unwrap();
    assert_eq!(record.baseline.as_str(), "staging");
    assert_eq!((record.confidence, record.power, record.resamples), (0.9, 0.8, 2000));
    assert_eq!(record.semantics, "sklearn-1.9");
    assert_eq!(record.rules.len(), 5);
    assert_eq!(record.rules[0].demand, DemandRecord::NonInferior { margin: 0.002 });
    assert_eq!(record.rules[1].demand, DemandRecord::Min { limit: Some(0.78), on: Bound::Lower });
    let MeasureRecord::Metric { threshold, each, min_rows, .. } = &record.rules[2].measure else { panic!() };
    assert_eq!((*threshold, each.as_slice(), *min_rows), (0.35, &["country".to_owned()][..], 300));
    assert_eq!(record.rules[3].demand, DemandRecord::MaxRatio { limit: 1.10 });
    assert_eq!(record.rules[4].severity, Severity::Warn);
}

#[test]
fn defaults_are_spelled_out() {
    let record =
        read("schema = 1\ntask = \"binary\"\n[[rule]]\nid = \"a\"\nmetric = \"f1\"\nmargin = 0\neach = [\"c\"]")
            .unwrap();
    assert_eq!((record.baseline.as_str(), record.confidence), ("production", 0.95));
    assert_eq!(record.rules[0].demand, DemandRecord::NonInferior { margin: 0.0 });
    let MeasureRecord::Metric { threshold, min_rows, .. } = &record.rules[0].measure else { panic!() };
    assert_eq!((*threshold, *min_rows), (0.5, 100));
    assert_eq!(demand("metric = \"f1\"\nprove = \"superior\""), DemandRecord::Superior { gain: 0.0 });
    assert_eq!(demand("metric = \"f1\"\nmin = 1"), DemandRecord::Min { limit: Some(1.0), on: Bound::Lower });
    assert_eq!(demand("metric = \"f1\"\nmax = 1"), DemandRecord::Max { limit: Some(1.0), on: Bound::Upper });
    assert_eq!(demand("metric = \"f1\"\nmin = \"unset\""), DemandRecord::Min { limit: None, on: Bound::Lower });
    assert_eq!(
        demand("metric = \"f1\"\nprove = \"not_worse_detected\"\nmargin = 0.5"),
        DemandRecord::NotWorseDetected { margin: 0.5 }
    );
}

#[test]
fn a_comment_changes_nothing_and_a_number_does() {
    let id = |text: &str| digest(&read(text).unwrap()).unwrap().1;
    let plain = id(WORKED);
    assert_eq!(id(&format!("# for the auditor\n{WORKED}")), plain);
    assert_eq!(id(&WORKED.replace("margin = 0.002", "margin = 2e-3")), plain);
    assert_ne!(id(&WORKED.replace("margin = 0.002", "margin = 0.003")), plain);
    let (bytes, digest) = digest(&read(WORKED).unwrap()).unwrap();
    assert_eq!(mlrun::digest::Digest::of(&bytes), digest);
    assert!(bytes.starts_with(b"{\"baseline\":\"staging\",\"confidence\":0.9,"));
}

#[test]
fn unknown_keys_are_errors_with_their_line() {
    let found = parse(&WORKED.replace("margin = 0.002", "margn = 0.002")).unwrap_err();
    assert_eq!(found.to_string(), "line 15: rule `auc` has no key `margn`; nearest: margin");
    let PolicyError::UnknownKey { line, key, nearest, .. } = found else { panic!() };
    assert_eq!((line, key.as_str(), nearest.as_slice()), (15, "margn", &["margin".to_owned()][..]));
    let message = |from: &str, to: &str| parse(&WORKED.replace(from, to)).unwrap_err().to_string();
    assert_eq!(
        message("confidence = 0.9", "confidance = 0.9"),
        "line 9: [stats] has no key `confidance`; nearest: confidence"
    );
    assert_eq!(message("ref = \"staging\"", "stage = \"staging\""), "line 6: [baseline] has no key `stage`");
    assert_eq!(message("task = ", "tusk = \"x\"\ntask = "), "line 3: the policy has no key `tusk`; nearest: task");
    assert_eq!(
        message("of = \"latency\"", "off = \"latency\""),
        "line 34: the metric of rule `p99` has no key `off`; nearest: of"
    );
    assert_eq!(
        message("better = \"higher\"", "beter = \"higher\""),
        "line 39: the metric of rule `reported` has no key `beter`; nearest: better"
    );
}

#[test]
fn what_is_not_toml_or_of_the_wrong_kind_has_a_line() {
    let line = |text: &str| match parse(text).unwrap_err() {
        PolicyError::Malformed { line, reason } => (line, reason),
        other => panic!("{other}"),
    };
    assert_eq!(line("schema = 1\ntask = \"binary\"\nthis is not toml\n").0, 3);
    assert_eq!(line("schema = 1\ntask = \"binary\"\n[stats]\nconfidence = \"high\"\n").0, 4);
    let (at, reason) = line("schema = 1\ntask = \"clustering\"\n");
    assert_eq!(at, 2);
    assert!(reason.contains("clustering"), "{reason}");
    let (at, reason) = line("schema = 1\ntask = \"binary\"\n[[rule]]\nid = \"a\"\nmetric = 3\nmin = 1\n");
    assert_eq!(at, 5);
    assert!(reason.contains("a metric's name"), "{reason}");
    let (at, _) = line("schema = 1\ntask = \"binary\"\n[[rule]]\nmetric = \"f1\"\nmin = 1\n");
    assert_eq!(at, 3);
}

#[test]
fn another_schema_is_said_to_be_one() {
    let found = parse("schema = 2\ntask = \"binary\"\nnews = 1\n").unwrap_err();
    assert_eq!(found, PolicyError::Schema { found: 2 });
    assert!(matches!(read("schema = 0\ntask = \"binary\"").unwrap_err(), PolicyError::Schema { found: 0 }));
}

#[test]
fn settings_have_ranges() {
    let stats = |line: &str| {
        read(&format!("schema = 1\ntask = \"binary\"\n[stats]\n{line}\n[[rule]]\nid = \"a\"\nmetric = \"f1\"\nmin = 0"))
    };
    for bad in [
        "confidence = 0.5",
        "confidence = 1",
        "confidence = nan",
        "power = 0",
        "power = 1.0",
        "power = inf",
        "resamples = 199",
        "resamples = 100001",
    ] {
        assert!(matches!(stats(bad).unwrap_err(), PolicyError::Setting { .. }), "{bad}");
    }
    for good in ["confidence = 0.51", "confidence = 0.999", "resamples = 200", "resamples = 100000"] {
        stats(good).unwrap();
    }
}

#[test]
fn rules_have_names() {
    assert_eq!(
        complaint("id = \"\"\nmetric = \"f1\"\nmin = 0"),
        "rule 1: `` is not an id: use 1 to 64 of a-z 0-9 . _ -"
    );
    assert!(complaint("id = \"A|b\"\nmetric = \"f1\"\nmin = 0").contains("is not an id"));
    let twice = "id = \"a\"\nmetric = \"f1\"\nmin = 0\n[[rule]]\nid = \"a\"\nmetric = \"f1\"\nmax = 1";
    assert_eq!(complaint(twice), "two rules are called `a`");
}

#[test]
fn metrics_are_known_and_suit_the_task() {
    assert_eq!(
        complaint("id = \"a\"\nmetric = \"auc\"\nmin = 0"),
        "rule `a`: unknown metric `auc`; nearest: mcc, roc_auc"
    );
    assert_eq!(
        complaint("id = \"a\"\nmetric = \"acuracy\"\nmin = 0"),
        "rule `a`: unknown metric `acuracy`; nearest: accuracy"
    );
    assert_eq!(
        complaint("id = \"a\"\nmetric = \"mae\"\nmin = 0"),
        "rule `a`: `mae` is not defined for a binary task, only for regression"
    );
    assert_eq!(
        complaint_of("multiclass", "id = \"a\"\nmetric = \"specificity\"\nmin = 0"),
        "rule `a`: `specificity` is not defined for a multiclass task, only for binary"
    );
}

#[test]
fn a_rule_asks_exactly_one_thing() {
    assert!(complaint("id = \"a\"\nmetric = \"f1\"").starts_with("rule `a` asks nothing"));
    assert_eq!(
        complaint("id = \"a\"\nmetric = \"f1\"\nmin = 0\nmax = 1"),
        "rule `a` asks several things (min, max); each needs a rule of its own"
    );
    assert!(complaint("id = \"a\"\nmetric = \"f1\"\nmin = 0\nprove = \"superior\"").contains("(prove, min)"));
    assert_eq!(
        complaint("id = \"a\"\nmetric = \"f1\"\nprove = \"non_inferior\""),
        "rule `a`: `margin` is needed with `prove`"
    );
    assert!(complaint("id = \"a\"\nmetric = \"f1\"\ngain = 0.1").contains("`gain` means nothing here"));
}

#[test]
fn keys_that_mean_nothing_are_errors() {
    let misplaced = [
        ("metric = \"f1\"\nmin = 0\nmargin = 0.1", "margin"),
        ("metric = \"f1\"\nmin = 0\ngain = 0.1", "gain"),
        ("metric = \"f1\"\nmargin = 0\ngain = 0.1", "gain"),
        ("metric = \"f1\"\nprove = \"superior\"\nmargin = 0.1", "margin"),
        ("metric = \"f1\"\nmargin = 0\non = \"lower\"", "on"),
        ("metric = \"f1\"\nmax_drop = 0.1", "max_drop"),
        ("metric = \"f1\"\nmax_ratio = 1.1", "max_ratio"),
        ("metric = \"f1\"\nmin = 0\nmin_rows = 5", "min_rows"),
        ("metric = \"roc_auc\"\nmin = 0\nthreshold = 0.3", "threshold"),
        ("metric = { reported = \"a\", better = \"lower\" }\nmargin = 0", "prove"),
        ("metric = { reported = \"a\", better = \"lower\" }\nmax_ratio = 1", "max_ratio"),
        ("metric = { reported = \"a\", better = \"lower\" }\nmin = 0\nset = \"test\"", "set"),
        ("metric = { reported = \"a\", better = \"lower\" }\nmin = 0\neach = [\"c\"]", "each"),
        ("metric = { quantile = 0.5, of = \"latency\" }\nmax_drop = 1", "max_drop"),
        ("metric = { quantile = 0.5, of = \"latency\" }\nprove = \"superior\"", "prove"),
        ("metric = { quantile = 0.5, of = \"latency\" }\nmax = 1\nthreshold = 0.5", "threshold"),
        ("metric = { quantile = 0.5, of = \"latency\" }\nmax = 1\nwhere = { c = [1] }", "where"),
    ];
    for (rule, key) in misplaced {
        let found = complaint(&format!("id = \"a\"\n{rule}"));
        assert!(found.contains(&format!("`{key}` means nothing here")), "{rule}: {found}");
    }
    assert!(
        complaint_of("multiclass", "id = \"a\"\nmetric = \"accuracy\"\nmin = 0\nthreshold = 0.3").contains("threshold")
    );
}

/// Of every kind of rule every key: it changes the rule, or is an error that names both. None is read and forgotten.
#[test]
fn no_key_is_ignored() {
    const KINDS: [(&str, &str); 24] = [
        ("\"accuracy\"", "min = 0.2"),
        ("\"accuracy\"", "margin = 0.2"),
        ("\"roc_auc\"", "margin_rel = 0.2"),
        ("\"roc_auc\"", "prove = \"superior\""),
        ("{ name = \"fbeta\", beta = 2.0 }", "min = 0.2"),
        ("{ mean = \"profit\", better = \"higher\" }", "min = 0.2"),
        ("{ ratio = [\"a\", \"b\"], better = \"lower\" }", "margin = 0.2"),
        ("{ quantile = 0.9, column = \"a\", better = \"lower\" }", "max = 0.2"),
        ("\"negative_flip_rate\"", "max = 0.2"),
        ("{ must_not_flip = [1] }", ""),
        ("{ reported = \"auc\", better = \"higher\" }", "max_drop = 0.2"),
        ("{ reported = \"auc\", better = \"higher\" }", "min = 0.2"),
        ("{ quantile = 0.9, of = \"latency\" }", "max_ratio = 1.2"),
        ("{ check = \"missing_seed\" }", ""),
        ("{ measured = \"latency\" }", "max_ratio = 1.2"),
        ("{ measured = \"exit_status\" }", ""),
        ("{ parity = \"test\" }", ""),
        ("{ command = \"score {predictions}\", better = \"higher\" }", "max_drop = 0.2"),
        ("{ command = \"score {model}\", better = \"higher\" }", "min = 0.2"),
        ("{ drift = \"psi\", of = \"train\" }", "max = 0.2"),
        ("{ shift = \"psi\" }", "max = 0.2"),
        ("{ data = \"schema\", of = \"train\" }", ""),
        ("{ leakage = \"test\", of = \"train\" }", ""),
        ("{ environment = \"packages\" }", ""),
    ];
    const KEYS: [&str; 21] = [
        "set = \"other\"",
        "threshold = 0.3",
        "where = { c = [1] }",
        "each = [\"c\"]",
        "min_rows = 7",
        "gap = \"c\"",
        "worst = [\"c\"]",
        "ratchet = true",
        "prove = \"not_worse_detected\"",
        "margin = 0.1",
        "margin_rel = 0.1",
        "gain = 0.1",
        "min = 0.4",
        "max = 0.9",
        "on = \"point\"",
        "max_drop = 0.1",
        "max_ratio = 1.1",
        "min_ratio = 0.9",
        "evidence = \"measured\"",
        "severity = \"warn\"",
        "weight = \"w\"",
    ];
    let rule = |lines: &str| {
        let other = "[[rule]]\nid = \"other\"\nmetric = { check = \"missing_seed\" }";
        let text = format!("schema = 1\ntask = \"binary\"\n[[rule]]\nid = \"r\"\n{lines}\n{other}");
        read(&text).map(|mut policy| policy.rules.remove(0)).map_err(|error| error.to_string())
    };
    let report = ("{ report = \"quality\" }", "");
    for (metric, demand) in KINDS.into_iter().chain([report]) {
        let plain = format!("metric = {metric}\n{demand}");
        let without = rule(&plain).unwrap_or_else(|error| panic!("{plain}: {error}"));
        let asked = demand.split(' ').next().filter(|key| !key.is_empty());
        for line in KEYS {
            let key = line.split(' ').next().unwrap();
            if asked == Some(key) {
                continue;
            }
            match rule(&format!("{plain}\n{line}")) {
                Ok(with) => assert_ne!(with, without, "{plain} with {line}"),
                Err(error) => {
                    // Of two that exclude each other either may be named.
                    let named = error.contains(key) || asked.is_some_and(|asked| error.contains(&format!("`{asked}`")));
                    assert!(error.contains("rule `r`") && named, "{plain} with {line}: {error}");
                }
            }
        }
    }
}

#[test]
fn numbers_have_ranges() {
    let bad = [
        "metric = \"f1\"\nmargin = -0.1",
        "metric = \"f1\"\nmargin = nan",
        "metric = \"f1\"\nmargin = inf",
        "metric = \"f1\"\nprove = \"superior\"\ngain = -1",
        "metric = \"f1\"\nprove = \"superior\"\ngain = nan",
        "metric = \"f1\"\nmin = nan",
        "metric = \"f1\"\nmax = inf",
        "metric = \"f1\"\nmin = 0\nthreshold = nan",
        "metric = \"f1\"\nmin = 0\neach = [\"c\"]\nmin_rows = 0",
        "metric = \"f1\"\nmin = 0\nwhere = { c = [nan] }",
        "metric = { reported = \"a\", better = \"lower\" }\nmax_drop = -1",
        "metric = { reported = \"a\", better = \"lower\" }\nmax_drop = nan",
        "metric = { quantile = 0.5, of = \"latency\" }\nmax_ratio = 0",
        "metric = { quantile = 0.5, of = \"latency\" }\nmax_ratio = nan",
        "metric = { quantile = 1.0, of = \"latency\" }\nmax_ratio = 1",
        "metric = { quantile = nan, of = \"latency\" }\nmax_ratio = 1",
    ];
    for rule in bad {
        let found = read(&format!("schema = 1\ntask = \"binary\"\n[[rule]]\nid = \"a\"\n{rule}")).unwrap_err();
        assert!(matches!(found, PolicyError::Number { .. }), "{rule}: {found}");
    }
    assert_eq!(
        complaint("id = \"a\"\nmetric = \"f1\"\nmin = \"todo\""),
        "rule `a`: `min` is `todo`; it must be a number or `unset`"
    );
}

#[test]
fn lists_hold_something_and_nothing_twice() {
    assert_eq!(complaint("id = \"a\"\nmetric = \"f1\"\nmin = 0\nwhere = { c = [] }"), "rule `a`: `where.c` is empty");
    assert_eq!(complaint("id = \"a\"\nmetric = \"f1\"\nmin = 0\neach = [\"\"]"), "rule `a`: `each` is empty");
    assert_eq!(
        complaint("id = \"a\"\nmetric = \"f1\"\nmin = 0\neach = [\"c\", \"c\"]"),
        "rule `a`: `each` names the column `c` twice"
    );
}

#[test]
fn something_must_decide() {
    assert_eq!(read("schema = 1\ntask = \"binary\"").unwrap_err(), PolicyError::NoBlockingRule);
    assert_eq!(
        complaint("id = \"a\"\nmetric = \"f1\"\nmin = 0\nseverity = \"warn\""),
        "no rule blocks, so nothing would be decided"
    );
}

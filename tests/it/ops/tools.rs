//! Rules on reports of other tools (each written by the tool itself: `reports/make.py`), on answers beside the baseline's, and
//! on what surrounds a model.

use mlrun::format::certificate::Verdict;
use mlrun::format::snapshot::SnapshotRecord;
use mlrun::ops::bundle::check::verify_bundle;
use mlrun::ops::bundle::{BundleOptions, bundle};
use mlrun::ops::gc;
use mlrun::ops::purge::{PurgeOptions, Target, purge};
use mlrun::ops::resolve;
use mlrun::ops::restore::{Part, RestoreOptions, restore};
use mlrun::ops::verify::{VerifyOptions, verify};
use mlrun::progress::Silent;

use super::gate::{Gate, said};

const CONFIG: &str = "[model.fraud.reports.quality]\npath = \"out/quality.json\"\n";

fn report(text: &str) -> Vec<(&'static str, String)> {
    vec![("out/quality.json", text.to_owned())]
}

#[test]
fn reports_of_other_tools() {
    let mut gate = Gate::new(CONFIG, &report("{}"));
    let mut judged = |text: &str, more: &str| {
        gate.version(&report(text));
        let found = gate.rule(&format!("{{ report = \"quality\"{more} }}"), "");
        (said(&found), found.n, found.method)
    };
    let passed = judged(include_str!("reports/gx-passed.json"), "");
    assert_eq!(passed, ("PASS: -".to_owned(), 3, Some("great expectations".to_owned())));
    let failed = "expect_column_values_to_not_be_null(age), expect_column_values_to_be_unique(id)";
    let warned = "expect_column_values_to_not_be_null(age), expect_column_values_to_be_between(age), expect_column_values_to_be_unique(id)";
    let gx = include_str!("reports/gx-failed.json");
    assert_eq!(judged(gx, "").0, format!("FAIL: {failed}"));
    assert_eq!(judged(&format!("{gx} "), ", count = \"warned\"").0, format!("FAIL: {warned}"));
    // A checkpoint's summary tells no severity.
    assert_eq!(judged(include_str!("reports/gx-checkpoint.json"), "").0, format!("FAIL: {warned}"));
    assert_eq!(
        judged(include_str!("reports/gx-raised.json"), "").0,
        "INCONCLUSIVE: not evaluated: expect_column_values_to_not_be_null(income)"
    );
    assert_eq!(judged(include_str!("reports/soda-passed.json"), ", require = [\"row_count > 0\"]").0, "PASS: -");
    let soda = include_str!("reports/soda-failed.json");
    assert_eq!(judged(soda, "").0, "FAIL: missing_count(age) = 0, duplicate_count(id) = 0");
    let soda = include_str!("reports/soda-warned.json");
    assert_eq!(judged(soda, "").0, "PASS: -");
    assert_eq!(judged(&format!("{soda} "), ", count = \"warned\"").0, "FAIL: nobody is older than 120");
    assert_eq!(
        judged(&format!("{soda}  "), ", require = [\"freshness\"]").0,
        "INCONCLUSIVE: the report has no check `freshness`"
    );
    let errors = judged(include_str!("reports/soda-errors.json"), "").0;
    assert!(errors.starts_with("INCONCLUSIVE: soda could not check everything: "), "{errors}");
    let pandera = judged(include_str!("reports/pandera-errors.json"), "");
    assert_eq!(pandera.1, 5);
    assert!(
        pandera.0.starts_with("FAIL: ") && pandera.0.contains("in_range(0, 120)(age): dataframe check"),
        "{}",
        pandera.0
    );
    let cases = judged(include_str!("reports/pandera-cases.json"), "");
    assert!(cases.0.contains("not_nullable(age), in_range(0, 120)(age) and 2 more"), "{}", cases.0);
    assert_eq!(judged("{\"SCHEMA\": {}}", "").0, "PASS: -");
    let required = judged("{\"DATA\": {}}", ", require = [\"not_nullable\"]").0;
    assert!(required.starts_with("INCONCLUSIVE: pandera lists what failed only"), "{required}");
}

/// Whatever is not understood is not passed, and nothing of it stops the program.
#[test]
fn reports_that_say_nothing() {
    let mut gate = Gate::new(CONFIG, &report("[ ]"));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let long = format!(
        "{{\"success\": true, \"results\": [{{\"success\": null, \"expectation_config\": {{\"type\": \"{}\"}}}}]}}",
        "x".repeat(10_000)
    );
    let texts = ["not json", &deep, &long];
    for text in texts {
        gate.version(&report(text));
        let found = gate.rule("{ report = \"quality\" }", "");
        assert_eq!(found.verdict, Verdict::Inconclusive, "{text:.80}: {}", said(&found));
        assert!(said(&found).len() < 600);
    }
    assert!(gate.refused("{ report = \"qualty\" }", "").contains("nearest: quality"));
    assert!(gate.refused("{ report = \"quality\", count = \"fail\" }", "").contains("nearest: failed"));
}

/// A report on other data, byte for byte: nobody looked at these.
#[test]
fn a_report_on_other_data_is_stale() {
    let config = format!("{CONFIG}[model.fraud.data.train]\npath = \"train.csv\"\n");
    let passed = include_str!("reports/gx-passed.json");
    let mut gate = Gate::new(&config, &[report(passed), vec![("train.csv", "a\n1\n".to_owned())]].concat());
    gate.version(&[]);
    assert_eq!(said(&gate.rule("{ report = \"quality\" }", "")), "PASS: -");
    gate.version(&[("train.csv", "a\n2\n".to_owned())]);
    let found = said(&gate.rule("{ report = \"quality\" }", ""));
    assert!(found.starts_with("INCONCLUSIVE: `reports.quality` is the parent's"), "{found}");
}

/// Kept, shown, restored, bundled, checked, collected around and erased like every other file of a version.
#[test]
fn a_report_is_part_of_its_version() {
    let passed = include_str!("reports/gx-passed.json");
    let mut gate = Gate::new(CONFIG, &report(passed));
    gate.version(&report(include_str!("reports/gx-failed.json")));
    let open = || gate.repo.open();
    let record = |revision: &str| -> SnapshotRecord {
        let found = resolve::revision(&open(), revision, None).unwrap();
        mlrun::snapshot::load(open().store(), found.snapshot()).unwrap()
    };
    let one = &record("v1").reports[0];
    assert_eq!((one.name.as_str(), one.path.as_str(), one.size), ("quality", "out/quality.json", passed.len() as u64));
    assert_ne!(one.file, record("v2").reports[0].file);

    let to = gate.repo.beside("restored");
    let options = RestoreOptions {
        revision: "v1".to_owned(),
        to: to.clone(),
        only: vec![Part::Results],
        ..RestoreOptions::default()
    };
    restore(&open(), &options, &Silent).unwrap();
    assert_eq!(std::fs::read_to_string(to.join("out/quality.json")).unwrap(), passed);

    let archive = gate.repo.beside("bundle.tar.gz");
    let options = BundleOptions { revision: "v1".to_owned(), output: archive.clone(), ..BundleOptions::default() };
    bundle(&open(), &options, &Silent).unwrap();
    verify_bundle(&archive).unwrap();

    gc::gc(&open(), &gc::GcOptions { dry_run: false, now: true }, &Silent).unwrap();
    let checked = || verify(&open(), &VerifyOptions { full: true, ..VerifyOptions::default() }, &Silent).unwrap();
    assert!(checked().problems.is_empty());
    let target = Target::File { path: "out/quality.json".to_owned(), folder: gate.repo.path() };
    let options =
        PurgeOptions { revision: "v1".to_owned(), at: None, target, reason: "names".to_owned(), dry_run: false };
    purge(&open(), &options, &Silent).unwrap();
    assert!(!open().store().has_file(one.file).unwrap());
    assert!(checked().problems.is_empty());
}

/// A secret in a report stops the snapshot, as anywhere else.
#[test]
fn a_secret_in_a_report_is_found() {
    let mut gate = Gate::new(CONFIG, &report("{}"));
    gate.repo
        .write("out/quality.json", "{\"message\": \"postgres://jane:correct-horse-9x@db/x\"}")
        .write("model/weights.txt", "new");
    let output = gate.repo.run(&["snapshot", "fraud"]);
    assert_eq!(output.status, Some(1), "{output}");
    assert!(output.stderr.contains("out/quality.json"), "{output}");
    gate.policy("");
}

const PREDICTIONS: &str = "[model.fraud.predictions.test]\npath = \"predictions.csv\"\nkey = [\"id\"]\nlabel = \"y\"\nscore = \"p\"\npositive = 1\n";

fn predictions(score: impl Fn(u32) -> f64) -> Vec<(&'static str, String)> {
    let rows = (0..200).fold("id,y,p\n".to_owned(), |text, row| format!("{text}{row},{},{}\n", row % 2, score(row)));
    vec![("predictions.csv", rows)]
}

#[test]
fn answers_beside_the_baselines() {
    let mut gate = Gate::new(PREDICTIONS, &predictions(|row| f64::from(row) / 200.0));
    // A tenth of the rows by more than 0.1, over the threshold.
    gate.version(&predictions(|row| f64::from(row) / 200.0 + if row < 20 { 0.55 } else { 0.0 }));
    let mut value = |shift: &str, max: f64| {
        let found = gate.rule(&format!("{{ shift = {shift} }}"), &format!("max = {max}"));
        (found.verdict, found.candidate.unwrap())
    };
    assert_eq!(value("\"moved\"", 0.05), (Verdict::Fail, 0.1));
    assert_eq!(value("\"moved\", by = 0.6", 0.05), (Verdict::Pass, 0.0));
    let (verdict, rate) = value("\"positive_rate\"", 0.2);
    assert!(verdict == Verdict::Pass && (rate - 0.1).abs() < 1e-12, "{rate}");
    let (verdict, psi) = value("\"psi\"", 0.1);
    // The first decile is empty, and its rows are between the sixth and the seventh.
    let expected = (0.0025_f64 - 0.105) * (0.0025_f64 / 0.105).ln();
    assert!(verdict == Verdict::Fail && psi > expected * 0.8, "{psi} {expected}");
    let (_, ks) = value("\"ks\"", 0.5);
    assert!((ks - 0.1).abs() < 1e-12, "{ks}");
    assert!(value("\"wasserstein\"", 1.0).1 > 0.1 && value("\"js\"", 1.0).1 > 0.1);
    let refused = gate.refused("{ shift = \"psi\", by = 0.2 }", "max = 1");
    assert!(refused.contains("`by` means nothing here"), "{refused}");
}

#[test]
fn what_surrounds_a_model() {
    let config = format!("{PREDICTIONS}[model.fraud.data.train]\npath = \"train.csv\"\n");
    let train = |header: &str| vec![("train.csv", format!("{header}\n1,2\n"))];
    let mut gate = Gate::new(&config, &[predictions(|_| 0.5), train("a,b")].concat());
    gate.version(&predictions(|row| f64::from(row) / 200.0));
    let hardware = gate.rule("{ environment = \"hardware\" }", "");
    assert_ne!(hardware.verdict, Verdict::Fail, "{}", said(&hardware));
    assert_eq!(said(&gate.rule("{ environment = \"signature\" }", "")), "PASS: -");
    gate.version(&train("a,c"));
    assert_eq!(
        said(&gate.rule("{ environment = \"signature\" }", "")),
        "FAIL: data train `b` is missing, was integer, data train `c` is new: integer"
    );
    assert!(gate.certify().statement.predicate.evidence.iter().any(|e| e.kind == "environment"));
}

//! `diff` of numbers that were written down and follow from rows, too; of results that are another model's; of what moves without drift.

use serde_json::{Value, json};

use super::harness::Project;

fn fixture(name: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/compare/fixtures");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Two models with what scikit-learn says of them written down (see `goldens.py`), and a number that no rows give.
fn written() -> (Project, Value) {
    let goldens: Value = serde_json::from_str(&fixture("goldens.json")).unwrap();
    let goldens = goldens["binary"]["metrics"].clone();
    let project = Project::empty();
    let config = "schema = 1\n[model.m]\nfiles = [\"m.bin\"]\nmetrics = [\"m.json\"]\n[model.m.predictions.test]\npath = \
                  \"p.csv\"\nkey = [\"id\"]\nlabel = \"y\"\nscore = \"p\"\npositive = 1\n[stage.production]\n";
    project.write("mlrun.toml", config);
    for (side, more) in [("a", 0.5), ("b", 0.625)] {
        let of = |name: &str| &goldens[name][side];
        let metrics = json!({
            "test": { "accuracy": of("accuracy"), "auc": of("roc_auc") }, "train_accuracy": of("accuracy"),
            "holdout_f1": more, "tokens": 9_223_372_036_854_775_809_u64 + u64::from(side == "b"),
        });
        project.write("m.bin", format!("model {side}")).write("m.json", metrics.to_string());
        project.write("p.csv", fixture(&format!("binary_{side}.csv")));
        if side == "a" {
            project.ok("init");
        }
        project.ok("snapshot m");
    }
    (project, goldens)
}

/// The same number has one line, with its interval and what that says; one that stands alone has no colour.
#[test]
fn a_number_that_rows_give_too_is_told_once() {
    let (project, goldens) = written();
    let text = project.ok("diff v1 v2 --only metrics").says(&["95 % interval"]).stdout;
    let told = text.split("written down").next().unwrap();
    let lines = |name: &str| told.lines().filter(|line| line.split_whitespace().any(|word| word == name)).count();
    assert_eq!(
        (lines("accuracy"), lines("test.accuracy"), lines("test.auc"), lines("roc_auc")),
        (1, 0, 0, 1),
        "{text}"
    );
    assert!(words(&text).contains("written down as well: test.accuracy, test.auc"), "{text}");
    // Of the rows that were trained on nothing is known, and whole numbers have all their digits.
    assert!(words(&text).contains("train_accuracy 0.7617 → 0.7850 +0.0233 looks better"), "{text}");
    assert!(words(&text).contains("holdout_f1 0.5000 → 0.6250 +0.1250 looks better"), "{text}");
    assert!(words(&text).contains("tokens 9223372036854775809 → 9223372036854775810 +1 direction unknown"), "{text}");
    let colours = project.ok("diff v1 v2 --only metrics --color always").stdout;
    let line = |name: &str| colours.lines().find(|line| line.contains(name)).unwrap();
    assert!(!line("holdout_f1").contains("\u{1b}[32m") && line("roc_auc").contains("\u{1b}[32mbetter"), "{colours}");
    let stat = words(&project.ok("diff v1 v2 --only metrics --stat").stdout);
    assert!(stat.contains("2 look better, 3 changed") && stat.contains("from test: 4 better, roc_auc"), "{stat}");
    let page = project.ok("diff v1 v2 --only metrics --format markdown").stdout.replace(['\u{200b}', '\\'], "");
    assert!(page.contains("| 95 % interval | |") && !page.contains("| test.auc |"), "{page}");
    assert!(page.contains("| holdout_f1 | 0.5 | 0.625 | +0.125 | looks better |"), "{page}");
    assert!(page.contains("| tokens | 9223372036854775809 | 9223372036854775810 | +1 | direction unknown |"), "{page}");
    assert!(page.contains("Written down as well: test.accuracy, test.auc."), "{page}");
    let json = project.json("diff v1 v2 --only metrics", 0);
    let named = |name: &str| json["metrics"].as_array().unwrap().iter().find(|metric| metric["name"] == name).unwrap();
    let (written, rows) = (named("test.accuracy"), named("predictions.test.accuracy"));
    assert_eq!((&written["verdict"], &written["same_as"]), (&json!("no_clear_difference"), &rows["name"]));
    assert_eq!((&rows["sides"], &rows["confidence"], &written["sides"]), (&json!(2), &json!(0.95), &json!(2)));
    for end in ["lower", "upper"] {
        let (found, expected) = (rows[end].as_f64().unwrap(), goldens["accuracy"][end].as_f64().unwrap());
        assert!((found - expected).abs() < 1e-9 && written[end] == rows[end], "{end}: {found}, not {expected}");
    }
    assert_eq!((&named("train_accuracy")["same_as"], &named("tokens")["delta"]), (&Value::Null, &json!(1.0)));
}

/// Training broke off behind the model's file: what is shown of the new model is the old one's.
#[test]
fn results_of_another_model_are_said_to_be_that() {
    let project = Project::rated();
    project.version(0.60);
    project.version(0.70);
    project.write("model/weights.bin", "another one").ok("snapshot fraud");
    let expected = |set: &str| format!("fraud@v3: `{set}` is fraud@v2's, byte for byte, although the model is another");
    let json = project.json("diff v1 v3", 0);
    assert_eq!(json["remarks"], json!(["latency", "metrics", "test"].map(expected)));
    assert_eq!(project.json("diff v2 v3 --only predictions", 0)["remarks"], json!([expected("test")]));
    assert_eq!(project.json("diff v1 v2", 0)["remarks"], json!([]));
    assert_eq!(project.json("diff v1 v3 --only code", 0)["remarks"], json!([]));
    for format in ["", " --stat"] {
        let text = project.ok(&format!("diff v1 v3{format}")).stdout;
        assert!(words(&text).contains(&expected("test")), "{text}");
    }
    let page = project.ok("diff v1 v3 --format markdown").stdout.replace(['\u{200b}', '\\'], "");
    assert!(page.contains("is fraud@v2's, byte for byte, although the model is another"), "{page}");
    // The workspace comes behind the newest version.
    project.write("model/weights.bin", "a third one");
    let remarks = project.json("diff v1 workspace --only metrics", 0)["remarks"].to_string();
    assert!(remarks.contains("workspace: `metrics` is fraud@v2's"), "{remarks}");
}

/// Who had a result first is not said to have it from another, whichever side it is on, nor who goes back to that model.
#[test]
fn the_first_who_had_a_result_is_never_said_to_have_it_from_another() {
    let project = Project::rated();
    project.version(0.60);
    let first = std::fs::read(project.path("model/weights.bin")).unwrap();
    project.write("model/weights.bin", "another one").ok("snapshot fraud");
    let copied = |set: &str| format!("fraud@v2: `{set}` is fraud@v1's, byte for byte, although the model is another");
    let expected = json!(["latency", "metrics", "test"].map(copied));
    assert_eq!(project.json("diff v2 v1", 0)["remarks"], expected);
    // The first model again, with its own results.
    project.write("model/weights.bin", first).ok("snapshot fraud");
    assert_eq!(project.json("diff v2 v3", 0)["remarks"], expected);
    assert_eq!(project.json("diff v1 v3", 0)["remarks"], json!([]));
}

/// With a small index: a mean that moved is shown. Dates are in `compare::data`.
#[test]
fn what_moved_without_drift_is_shown() {
    let project = Project::rated();
    let data = "[model.fraud.data.train]\npath = \"train.csv\"\nkey = [\"id\"]\n\n[stage.production]";
    project.edit("mlrun.toml", "[stage.production]", data);
    let table = |ones: u64| {
        let row = |row: u64| {
            let one = u64::from(row * 7919 % 100 < ones);
            format!("{row},{},{one}\n", row % 50)
        };
        (0..600).map(row).fold("id,amount,flag\n".to_owned(), |text, row| text + &row)
    };
    project.write("train.csv", table(40)).version(0.60);
    project.write("train.csv", table(52)).version(0.61);
    let text = project.ok("diff v1 v2 --only data").stdout;
    assert!(words(&text).contains("0.4000 → 0.5200"), "{text}");
    assert!(text.contains("1 other column: psi below 0.1"), "{text}");
    let json = project.json("diff v1 v2 --only data", 0);
    let named = |name: &str| json["data"][0]["columns"].as_array().unwrap().iter().find(|c| c["name"] == name).unwrap();
    // (0.52 − 0.40) / sqrt(0.4 · 0.6 · 600 / 599).
    let shift = named("flag")["mean_shift_sd"].as_f64().unwrap();
    assert!((shift - 0.12 / (0.24_f64 * 600.0 / 599.0).sqrt()).abs() < 1e-9, "{shift}");
    let stat = words(&project.ok("diff v1 v2 --only data --stat").stdout);
    assert!(stat.contains("train 600 rows, 72 changed") && stat.contains("mean of flag by +0.24 sd"), "{stat}");
}

/// What a seed is says less than what the model is.
#[test]
fn the_word_that_changed_is_named_first() {
    let project = Project::rated();
    project.version(0.60);
    project.train(0.70).write("params.yaml", "model: logreg\nseed: 7\nalpha: 1\n").ok("snapshot fraud");
    project.train(0.80).write("params.yaml", "model: hgb\nseed: 700\nalpha: 2\n").ok("snapshot fraud");
    let stat = words(&project.ok("diff v2 v3 --only params --stat").stdout);
    assert!(stat.contains("3 changed; model logreg → hgb"), "{stat}");
}

/// A range as git has them is two words here.
#[test]
fn a_range_is_no_revision() {
    let project = Project::rated();
    project.version(0.60);
    for range in ["v1..v2", "fraud@v1...fraud@v2"] {
        let shown = project.mlrun(&format!("diff {range}"));
        let (a, b) = range.split_once("..").unwrap();
        let said = format!("two versions are two words: `{a} {}`", b.trim_start_matches('.'));
        assert!(words(&shown.stderr).contains(&said), "{}", shown.stderr);
    }
}

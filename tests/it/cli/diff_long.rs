//! What is long: lines keep to a terminal, and what is different can still be seen.

use serde_json::{Map, Value, json};

use super::harness::Project;

const CONFIG: &str =
    "schema = 1\n[model.m]\nfiles = [\"m.joblib\"]\nparams = [\"params.json\"]\nmetrics = [\"metrics.json\"]\n";

fn wide(text: &str, most: usize) -> Vec<&str> {
    text.lines().filter(|line| line.chars().count() > most).collect()
}

#[test]
fn names_and_values_are_cut_where_they_are_alike() {
    let project = Project::empty();
    project.write("mlrun.toml", CONFIG).ok("init");
    let long = "a_name_that_is_longer_than_most_of_a_line_".repeat(3);
    for n in 1..3 {
        let mut params = Map::new();
        for end in ["first", "second"] {
            params.insert(format!("{long}{end}"), json!(n));
        }
        params.insert("layers".to_owned(), json!(format!("{}{n}{}", "L".repeat(60), "L".repeat(60))));
        let metrics = json!({ "auc": 0.7 + 0.01 * f64::from(n), "m".repeat(3000): n, "norm": 1e307 * f64::from(n) });
        project.write("params.json", Value::Object(params).to_string()).write("metrics.json", metrics.to_string());
        project.write("m.joblib", format!("{n}")).ok("snapshot");
    }
    for line in ["diff v1 v2", "diff v1 v2 --stat", "show v2"] {
        let text = project.on_columns(80, line).exits(0).stdout;
        assert!(wide(&text, 80).is_empty(), "{line}: {:#?}", wide(&text, 80));
        assert!(text.contains("1.000e307") || line.starts_with("show"), "{text}");
    }
    let text = project.ok("diff v1 v2 --only params").stdout;
    for said in ["_line_first ", "_line_second ", "…LLLLLL1LLL", "…LLLLLL2LLL"] {
        assert!(text.contains(said), "no {said} in\n{text}");
    }
    let text = project.on_columns(80, "list m").exits(0).stdout;
    assert!(wide(&text, 80).is_empty(), "{text}");
}

/// Of another class all parameters are others.
#[test]
fn another_estimator_is_one_line() {
    let project = Project::empty();
    project.write("mlrun.toml", CONFIG).write("params.json", "{}").write("metrics.json", "{}").ok("init");
    project.write("m.joblib", include_bytes!("../introspect/fixtures/logistic.joblib")).ok("snapshot");
    project.write("m.joblib", include_bytes!("../introspect/fixtures/forest.joblib")).ok("snapshot");
    let text = project.ok("diff v1 v2 --only tensors").stdout;
    assert!(wide(&text, 80).is_empty(), "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let all = project.json("diff v1 v2 --only tensors", 0)["hyperparameters"].clone();
    let number = |change: &str| {
        let items = all.as_array().unwrap().iter().map(|item| item["change"].as_str());
        items.filter(|found| *found == Some(change)).count()
    };
    let (removed, added) = (number("removed"), number("added"));
    assert!(removed > 5 && added > 5, "{all}");
    for said in [
        "class sklearn.linear_model._logistic.LogisticRegression → sklearn.ensemble._forest.RandomForestClassifier",
        &format!("with it {removed} parameters removed and {added} added"),
        // What both have is compared as ever.
        "random_state",
    ] {
        assert!(words.contains(said), "no {said} in\n{text}");
    }
    assert!(!text.contains("fit_intercept") && !text.contains("n_estimators"), "{text}");
    project.ok("diff v1 v2 --stat").says(&["LogisticRegression → RandomForestClassifier"]);
    // On a page they are there for who wants them, below one row.
    let page = project.ok("diff v1 v2 --only tensors --format markdown").stdout;
    let (open, folded) = page.split_once("<details>").unwrap();
    assert!(open.contains("| class |") && !open.contains("fit\\_intercept"), "{page}");
    assert!(
        folded.contains(&format!("With it {removed} hyper-parameters removed and {added} added</summary>")),
        "{page}"
    );
    assert!(folded.split("</details>").next().unwrap().contains("| fit\\_intercept |"), "{page}");
}

/// What a line for each section says most with.
#[test]
fn the_number_that_changed_most_is_named() {
    let project = Project::empty();
    project.write("mlrun.toml", CONFIG).ok("init");
    let version = |params: Value| {
        project.write("params.json", params.to_string()).write("metrics.json", "{}");
        project.write("m.joblib", format!("{:9}", params.to_string().len())).ok("snapshot");
    };
    version(json!({ "b": 10, "c": 1.0, "d": "x" }));
    version(json!({ "a": 1, "b": 11, "c": 9.0, "d": "x" }));
    let text = project.ok("diff v1 v2 --stat").stdout;
    assert!(text.contains("2 changed, 1 added; c 1 → 9"), "{text}");
    // The same size says nothing; digests do.
    assert!(text.contains("9 B as before"), "{text}");
    let (a, b) = (project.json("show v1", 0), project.json("show v2", 0));
    let digest = |version: &Value| version["files"][0]["sha256"].as_str().unwrap()[..9].to_owned();
    let text = project.ok("diff v1 v2 --only files").stdout;
    assert!(text.contains(&format!("{} → {}", digest(&a), digest(&b))), "{text}");
}

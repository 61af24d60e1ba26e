//! `diff` of metrics, predictions and training data: fields for programs, lines for people.

use super::harness::Project;

fn scene() -> Project {
    let project = Project::rated();
    project.edit(
        "mlrun.toml",
        "[stage.production]",
        "[model.fraud.data.train]\npath = \"train.csv\"\nkey = [\"id\"]\n\n[stage.production]",
    );
    let table = |rows: std::ops::Range<u64>, shift: u64| {
        let row =
            |text: String, row: u64| format!("{text}{row},{},{}\n", row % 50 + shift, ["DE", "FR"][(row % 2) as usize]);
        rows.fold("id,amount,country\n".to_owned(), row)
    };
    project.write("train.csv", table(0..400, 0));
    project.version(0.60);
    project.write("train.csv", table(20..500, 30));
    project.version(0.75);
    project
}

#[test]
fn programs_get_every_number() {
    let project = scene();
    let diff = project.json("diff v1 v2 --only metrics,predictions,data", 0);
    let metrics = diff["metrics"].as_array().unwrap();
    for metric in metrics {
        for field in ["name", "change", "a", "b", "direction", "verdict", "delta", "lower", "upper", "set"] {
            assert!(metric.get(field).is_some(), "no `{field}` in {metric}");
        }
    }
    let named = |name: &str| metrics.iter().find(|metric| metric["name"] == name).unwrap();
    let auc = named("predictions.test.roc_auc");
    // What was written down follows from the rows: what is known of these is known of it.
    let (written, same) = (named("auc"), "predictions.test.roc_auc".into());
    assert_eq!(
        (&written["direction"], &written["lower"], &written["same_as"]),
        (&"higher".into(), &auc["lower"], &same)
    );
    assert_eq!((&auc["verdict"], &auc["set"], &auc["rule"]), (&"better".into(), &"test".into(), &"auc".into()));
    assert!(auc["lower"].as_f64() < auc["delta"].as_f64() && auc["confidence"] == 0.95, "{auc}");
    assert_eq!(auc["sides"], 2, "{auc}");
    let set = &diff["predictions"][0];
    assert_eq!((&set["set"], &set["task"], &set["rows"]["both"]), (&"test".into(), &"binary".into(), &1200.into()));
    let flips = &set["flips"];
    let net = flips["wrong_to_right"].as_i64().unwrap() - flips["right_to_wrong"].as_i64().unwrap();
    assert_eq!(flips["net"], net);
    assert!(set["largest"][0]["key"].as_str().unwrap().starts_with("row_id="), "{set}");
    let data = &diff["data"][0];
    let rows = ["rows_added", "rows_removed", "rows_changed"].map(|field| data[field].as_u64());
    assert_eq!((rows, &data["row_key"][0]), ([Some(100), Some(20), Some(380)], &"id".into()));
    assert_eq!((&data["schema"], &data["columns"][0]["name"]), (&serde_json::json!([]), &"amount".into()));
    assert!(data["columns"][0]["psi"].as_f64() > Some(0.25), "{data}");
}

#[test]
fn people_get_it_at_eighty_columns() {
    let project = scene();
    let shown = project.ok("diff v1 v2 --only metrics,predictions,data");
    let shown =
        shown.says(&["roc_auc", "better", "95 % interval", "right → wrong", "rows that changed most", "row_id="]);
    let shown = shown.says(&["100 only in b, 20 only in a, 380 changed (by id)", "amount", "psi below 0.1", "▁"]);
    let wide: Vec<&str> = shown.stdout.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{wide:#?}");
}

/// A section that nobody looked at is not one in which nothing differs.
#[test]
fn what_was_not_asked_for_has_no_field() {
    let project = scene();
    let all = project.json("diff v1 v2", 0);
    assert_eq!(all["omitted"], serde_json::json!([]));
    let fields = |json: &serde_json::Value| json.as_object().unwrap().keys().cloned().collect::<Vec<String>>();
    let sections = [
        ("metrics", "metrics"),
        ("predictions", "predictions"),
        ("params", "params"),
        ("files", "files"),
        ("tensors", "tensors tensors_summary hyperparameters"),
        ("data", "data"),
        ("code", "code"),
        ("environment", "environment interpreters"),
        ("seeds", "seeds"),
        ("command", "command"),
        ("results", "results result_files samples"),
        ("notes", "notes"),
    ];
    let about = |field: &String| sections.iter().find(|(_, fields)| fields.split(' ').any(|name| name == field));
    for (section, own) in sections {
        let one = project.json(&format!("diff v1 v2 --only {section}"), 0);
        let mut found: Vec<String> = fields(&one).into_iter().filter(|field| about(field).is_some()).collect();
        let mut expected: Vec<&str> = own.split(' ').collect();
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected, "of {section}");
        let mut others: Vec<&str> = sections.iter().map(|(name, _)| *name).filter(|name| *name != section).collect();
        let mut omitted: Vec<&str> =
            one["omitted"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        others.sort_unstable();
        omitted.sort_unstable();
        assert_eq!(omitted, others, "beside {section}");
    }
}

/// Predictions that are compared row by row are no results beside: neither in full, nor counted, nor on a page.
#[test]
fn results_are_counted_as_they_are_shown() {
    let project = scene();
    let full = project.ok("diff v1 v2").stdout;
    let shown = full.split_once("\nresults\n").unwrap().1.split("\n\n").next().unwrap();
    let first: Vec<&str> = shown.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(first, ["samples.latency,", "n", "p50", "p95", "p99"], "{shown}");
    let stat = project.ok("diff v1 v2 --stat").stdout;
    let line = stat.lines().find(|line| line.trim_start().starts_with("results")).unwrap();
    assert_eq!(line.split_whitespace().take(3).collect::<Vec<_>>(), ["results", "latency", "p95"]);
    let page = project.ok("diff v1 v2 --format markdown").stdout.replace('\u{200b}', "");
    assert!(page.contains("samples.latency") && !page.contains("| predictions.test |"), "{page}");
    // Where nobody compares predictions they are results like others.
    project.ok("diff v1 v2 --only results --stat").says(&["results  1 changed; latency p95"]);
    // And where nothing else is left there is no such section.
    project.edit("mlrun.toml", "[model.fraud.samples.latency]\npath = \"out/latency.csv\"\ncolumn = \"ms\"\n", "");
    project.write(
        "policy.toml",
        "schema = 1\ntask = \"binary\"\n[[rule]]\nid = \"auc\"\nmetric = \"roc_auc\"\nmin = 0.5\n",
    );
    project.version(0.76);
    project.version(0.77);
    for line in ["diff v3 v4", "diff v3 v4 --stat", "diff v3 v4 --format markdown"] {
        let text = project.ok(line).stdout;
        assert!(!text.contains("results"), "{line}:\n{text}");
    }
}

//! The front of `diff`: either side, a line for each section, a page for a pull request.

use super::harness::{Bad, Project};

fn two_versions() -> Project {
    let project = Project::tiny();
    project.ok("snapshot fraud -m first");
    project.write("metrics.json", "{\"auc\": 0.93, \"loss\": 0.5}").edit("params.yaml", "0.1", "0.2");
    project.write("train.py", "print('train')\nprint('more')\n");
    project.ok("snapshot fraud -m second");
    project
}

#[test]
fn the_workspace_is_either_side() {
    let project = two_versions();
    project.edit("params.yaml", "0.2", "0.3");
    let param = |line: &str| {
        let json = project.json(line, 0);
        let item = json["params"].as_array().unwrap().iter().find(|item| item["name"] == "lr").unwrap().clone();
        (json["a"].as_str().unwrap().to_owned(), item["a"].clone(), item["b"].clone())
    };
    assert_eq!(param("diff workspace fraud@v1"), ("workspace".to_owned(), 0.3.into(), 0.1.into()));
    assert_eq!(param("diff fraud@v1 workspace"), ("fraud@v1".to_owned(), 0.1.into(), 0.3.into()));
    // By itself it is compared with the newest version.
    assert_eq!(param("diff workspace"), ("workspace".to_owned(), 0.3.into(), 0.2.into()));
    // It has no notes of its own: none is no difference.
    assert_eq!(project.json("diff workspace fraud@v1", 0)["notes"], serde_json::Value::Null);
    let both = project.ok("diff workspace workspace");
    assert_eq!(both.stdout, "workspace and workspace are the same\n");
}

#[test]
fn a_line_for_each_section() {
    let project = two_versions();
    let text = project.ok("diff v1 v2 --stat").stdout;
    let expected = "fraud@v1 → fraud@v2\n  metrics     1 looks better, 1 changed, 1 added; auc 0.9000 → 0.9300\n  parameters  1 changed; lr 0.1 → \
                    0.2\n  code        1 changed, +1 -0\n  notes       differ\n";
    assert_eq!(text, expected);
    project.mlrun("diff v1 v2 --stat --exit-code").exits(1);
    project.mlrun("diff v1 v2 --stat --exit-code --only seeds").exits(0);
    project.mlrun("diff v1 v2 --stat --patch").exits(2);
    project.mlrun("diff v1 v2 --stat --format markdown").exits(2);
    project.mlrun("diff v1 v2 --format junit").exits(2);
    assert_eq!(project.ok("diff v1 v2 --format json").stdout, project.ok("diff v1 v2 --json").stdout);
    project.fails("diff v1 v9 --stat", &Bad { exit: 6, message: &["v9"], hint: &[] });
}

#[test]
fn a_page_for_a_pull_request() {
    let project = two_versions();
    let page = project.ok("diff v1 v2 --format markdown").stdout;
    for part in [
        "## fraud@v1 → fraud@v2\n",
        "| auc | 0.9 | 0.93 | +0.03 |",
        "| lr | changed | 0.1 | 0.2 |",
        "<details><summary>train.py",
        "```diff\n@@ -1 +1,2 @@\n print('train')\n+print('more')\n```",
        "### notes\n\n```diff\n-first\n+second\n```",
    ] {
        assert!(page.replace('\u{200b}', "").contains(part), "no {part:?} in\n{page}");
    }
    assert_eq!(
        project.ok("diff v1 v1 --format markdown").stdout.replace('\u{200b}', ""),
        "## fraud@v1 → fraud@v1\n\nNothing differs.\n"
    );
    // However much differs, a comment takes it.
    let lines = |word: &str| (0..9000).map(|n| format!("{word} {n}\n")).collect::<String>();
    let params = |n: u32| (0..3000).map(|at| format!("parameter_{at}: {}\n", at + n)).collect::<String>();
    project.write("train.py", lines("one")).write("params.yaml", params(0));
    project.ok("snapshot fraud");
    project.write("train.py", lines("other")).write("params.yaml", params(1));
    let page = project.ok("diff v3 workspace --format markdown").stdout;
    assert!(page.chars().count() <= 65_536 && page.len() > 8000, "{}", page.len());
    assert!(page.contains("did not fit on this page"), "{page}");
}

/// In the middle of a training a file is missing, another one half written: the rest can be compared all the same.
#[test]
fn what_cannot_be_read_is_said_and_not_called_gone() {
    let project = Project::rated();
    project.version(0.6);
    project.remove("out/predictions.csv").write("metrics.json", "{bad").edit("params.yaml", "0.6", "0.7");
    project.write("train.py", "print('other')\n");
    let shown = project.ok("diff").says(&[
        "! not compared: metrics: `metrics.json`",
        "! not compared: predictions.test: `out/predictions.csv` does not exist",
        "skill",
        "+print('other')",
    ]);
    assert!(!shown.stdout.contains("auc") && !shown.stdout.contains("-  test"), "{shown}");
    let json = project.json("diff", 0);
    assert_eq!(json["identical"], false);
    let unread: Vec<(&str, &str)> = json["unread"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["section"].as_str().unwrap(), one["input"].as_str().unwrap()))
        .collect();
    assert_eq!(unread, [("metrics", "metrics"), ("predictions", "predictions.test")]);
    assert_eq!((&json["metrics"], &json["predictions"]), (&serde_json::json!([]), &serde_json::json!([])));
    // Who asks for something else hears nothing of it; who asks for that is told, and not that nothing differs.
    assert_eq!(project.json("diff --only code", 0)["unread"], serde_json::json!([]));
    project.ok("diff --only code --patch").says(&["+print('other')"]);
    project.mlrun("diff --only metrics,code --exit-code").exits(1).says(&["not compared"]);
    project
        .mlrun("diff --only metrics,seeds --exit-code")
        .exits(1)
        .says(&["nothing differs in seeds; other", "not compared"]);
    project.edit("params.yaml", "0.7", "0.6").write("train.py", "print('train')\n");
    project.mlrun("diff --exit-code").exits(1).says(&["nothing differs in what can be compared", "not compared"]);
    project.ok("diff --format markdown").says(&["Nothing differs in what can be compared.", "not compared: "]);
    // A version is made of all of it or not at all.
    project.mlrun("snapshot fraud").exits(2).says(&["metrics.json"]);
}

#[test]
fn a_version_that_was_dropped_says_so() {
    let project = two_versions();
    project.write("params.yaml", "lr: 9\n").ok("snapshot fraud");
    project.run(&["drop", "fraud@v1", "--reason", "too old to matter"]).exits(0);
    project.ok("diff v1 v3").says(&["fraud@v1 was dropped, its files are gone: too old to matter"]);
}

/// However long names and values are: 80 columns, and what differs is what is shown.
#[test]
fn long_names_and_values_keep_to_the_screen() {
    let project = Project::tiny();
    let (name, text) = ("n".repeat(60), "same".repeat(20));
    let files = |end: &str, number: &str| {
        project.write("params.yaml", format!("{name}: \"{text}{end}\"\nshort: 1{end}\nseed: 7\n"));
        project.write("metrics.json", format!("{{\"{}\": 0.5, \"large\": {number}}}", "m".repeat(300)));
        project.ok("snapshot fraud");
    };
    files("1", "1e307");
    files("2", "2e307");
    let text = project.ok("diff v1 v2").says(&["…mesame1", "…mesame2", "1.000e307"]).stdout;
    let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{wide:#?}");
    let list = project.on_columns(80, &format!("list fraud --metrics {}", "m".repeat(300))).exits(0).stdout;
    assert!(list.lines().all(|line| line.chars().count() <= 80), "{list}");
}

/// Notes, a variable, an interpreter that are not there: that section says so, all others are shown, and nobody else hears of it.
#[test]
fn one_broken_input_is_no_reason_to_show_nothing() {
    let project = two_versions();
    project.write("train.csv", "a\n1\n2\n").edit(
        "mlrun.toml",
        "[stage.production]",
        "notes = \"NOTES.md\"\n[model.fraud.data.train]\npath = \"${MLRUN_TEST_IS_NOT_SET}/train.csv\"\n[stage.production]",
    );
    let input = |json: &serde_json::Value| -> Vec<(String, String)> {
        let unread = json["unread"].as_array().unwrap().iter();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        unread.map(|one| (text(&one["section"]), text(&one["input"]))).collect()
    };
    let told = |section: &str, name: &str| (section.to_owned(), name.to_owned());
    project.edit("params.yaml", "0.2", "0.3");
    let json = project.json("diff v2", 0);
    assert_eq!(input(&json), [told("notes", "notes"), told("data", "data.train")]);
    assert_eq!((&json["identical"], &json["params"][0]["b"]), (&false.into(), &0.3.into()));
    project.ok("diff v2").says(&["\nnotes\n  ! not compared: ", "NOTES.md", "`MLRUN_TEST_IS_NOT_SET`", "0.2  →  0.3"]);
    project.write("NOTES.md", [0xff, 0xfe]);
    project.ok("diff v2 --only notes").says(&["not compared: ", "UTF-8"]);
    let page = project.ok("diff v2 --format markdown").stdout;
    assert!(page.contains("### notes\n\n- not compared: ") && page.contains("### data\n\n- not compared: "), "{page}");
    // Who did not ask is not told, and nothing fails for it.
    assert_eq!(input(&project.json("diff v2 --only params", 0)), []);
    project.mlrun("diff v2 --only seeds --exit-code").exits(0);
    project.mlrun("diff v2 --only notes,seeds --exit-code").exits(1);
    project.edit(
        "mlrun.toml",
        "[stage.production]",
        "[environment]\npython = \"gone/bin\"\n[code]\nrequire_clean = true\n[stage.production]",
    );
    project.ok("diff v2 --only environment").says(&["not compared: ", "gone/bin"]);
    project.ok("diff v2 --only params").says(&["0.2  →  0.3"]);
    // Nothing is kept of what cannot be read.
    project.mlrun("snapshot fraud").exits(8);
}

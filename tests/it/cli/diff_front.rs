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
    let expected = "fraud@v1 → fraud@v2\n  metrics     1 better, 1 changed, 1 added; auc 0.9000 → 0.9300\n  parameters  1 changed; lr 0.1 → \
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

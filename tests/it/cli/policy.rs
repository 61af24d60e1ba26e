//! Policies that cannot be judged by, MLflow's four traps, and reports.

use super::harness::{Bad, Project, shown};
use super::scene::{POLICY, REPORTED, rows, table};

#[test]
fn rules_that_cannot_be_meant() {
    let project = Project::succeeded();
    let rule = "[[rule]]\nid = \"x\"\nmetric = \"roc_auc\"\nmargin = 0.1\n";
    let cases: [(String, &[&str]); 15] = [
        (POLICY.replace("roc_auc", "roc_acu"), &["rule `auc`", "unknown metric `roc_acu`", "roc_auc"]),
        (POLICY.replace("margin", "margine"), &["line 8", "`margine`", "margin"]),
        (POLICY.replace("[[rule]]\nid = \"p95\"", "[[rules]]\nid = \"p95\""), &["line 16", "`rules`", "rule"]),
        (POLICY.replace("[[rule]]", "[[rule"), &["line 4"]),
        (POLICY.replace("schema = 1", "schema = 7"), &["schema 7"]),
        (POLICY.replace("\"binary\"", "\"ternary\""), &["line 2", "ternary"]),
        (POLICY.split("[[rule]]").next().unwrap().to_owned(), &["no rule blocks"]),
        (POLICY.replace("[[rule]]", "[[rule]]\nseverity = \"warn\""), &["no rule blocks"]),
        (format!("{POLICY}\n{rule}prove = \"superior\"\n"), &["rule `x`", "`margin`"]),
        (format!("{POLICY}\n{rule}prove = \"non_inferior\"\nmin = 0.5\n"), &["rule `x`", "several things"]),
        (
            format!("{POLICY}\n{rule}prove = \"non_inferior\"\nwhere = {{ country = [\"es\"] }}\n"),
            &["rule `x`", "no row has `country` = `es`"],
        ),
        (format!("{POLICY}\n{rule}prove = \"non_inferior\"\neach = [\"land\"]\n"), &["rule `x`", "no column `land`"]),
        (
            format!("{POLICY}\n{rule}prove = \"non_inferior\"\nset = \"tset\"\n"),
            &["rule `x`", "no predictions set `tset`", "test"],
        ),
        (
            format!("{POLICY}\n{}", rule.replace("\"x\"", "\"auc\"") + "prove = \"non_inferior\"\n"),
            &["two rules", "`auc`"],
        ),
        (POLICY.replace("roc_auc", "rmse"), &["`rmse` is not defined for a binary task"]),
    ];
    for (policy, words) in cases {
        project.write("policy.toml", &policy);
        project.fails("certify v2", &Bad { exit: 2, message: words, hint: &[] });
        project.fails("certify --check", &Bad { exit: 2, message: words, hint: &[] });
    }
    project.write("policy.toml", POLICY);
    project.ok("certify v2");
}

#[test]
fn no_policy_at_all() {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    project.edit("mlrun.toml", "policy = \"policy.toml\"\n", "");
    let bad = Bad { exit: 2, message: &["`fraud` has no policy"], hint: &["--policy FILE"] };
    project.fails("certify v1", &bad);
    project.ok("status").says(&["mlrun certify fraud@v1 --policy FILE --first-release --reason …"]);
    project.ok("certify v1 --policy policy.toml --first-release --reason begin");
    project.fails("certify v1 --policy gone.toml", &Bad { exit: 6, message: &["gone.toml"], hint: &[] });
}

/// Where nothing is in force yet, the rules that the project names are those that a release begins with, not whichever somebody brings.
#[test]
fn a_first_release_is_judged_by_the_rules_of_the_project() {
    let project = Project::rated();
    project.version(0.60);
    project.write("weak.toml", POLICY.replace("min = 0.6", "min = 0.1"));
    let weak = project.json("certify v1 --first-release --reason begin --policy weak.toml", 5);
    assert_eq!((weak["verdict"].as_str(), weak["proposed"].as_bool()), (Some("PASS"), Some(true)));
    let differs = weak["not_in_force"].to_string();
    assert!(differs.contains("auc-floor") && differs.contains("0.1"), "{differs}");
    project
        .mlrun("certify v1 --first-release --reason begin --policy weak.toml")
        .exits(5)
        .says(&["not the rules that mlrun.toml names, by which production begins", "never promotes"]);
    let refused = project.json("promote v1 --to production", 5);
    assert_eq!(refused["reasons"][0]["code"], "other-rules");
    // The same rules in another file, with a word beside them, are the same rules.
    project.write("same.toml", format!("# said again\n{POLICY}"));
    project.ok("certify v1 --first-release --reason begin --policy same.toml");
    project.ok("promote v1 --to production");
}

/// v1 reported `baseline`, v2 `candidate`: the exit code of `certify v2` and the verdict of its first rule.
fn judge(policy: &str, baseline: &str, candidate: &str) -> (i32, String) {
    let project = Project::tiny();
    project.edit("mlrun.toml", "[stage.production]", "[stage.production]\ncertificate = \"none\"");
    project.write("policy.toml", policy);
    project.reported(baseline);
    project.ok("promote v1 --to production");
    project.reported(candidate);
    let certified = project.mlrun("certify v2 --json");
    (certified.code.unwrap(), certified.object()["rules"][0]["verdict"].as_str().unwrap().to_owned())
}

fn said(code: i32, verdict: &str) -> (i32, String) {
    (code, verdict.to_owned())
}

#[test]
fn trap_one_a_candidate_that_is_nan() {
    assert_eq!(judge(REPORTED, "{\"auc\": 0.9}", "{\"auc\": NaN}"), said(3, "INCONCLUSIVE"));
    assert_eq!(judge(REPORTED, "{\"auc\": 0.9}", "{\"auc\": -Infinity}"), said(3, "INCONCLUSIVE"));
    assert_eq!(judge(REPORTED, "{\"auc\": NaN}", "{\"auc\": 0.9}"), said(3, "INCONCLUSIVE"));
}

#[test]
fn trap_two_a_baseline_below_zero() {
    let margin = REPORTED.replace("max_drop = 0.0", "max_drop = 0.1");
    assert_eq!(judge(&margin, "{\"auc\": -0.5}", "{\"auc\": -0.7}"), said(1, "FAIL"));
    assert_eq!(judge(&margin, "{\"auc\": -0.5}", "{\"auc\": -0.55}"), said(0, "PASS"));
    assert_eq!(judge(&margin, "{\"auc\": -0.5}", "{\"auc\": -0.1}"), said(0, "PASS"));
    let lower = margin.replacen("higher", "lower", 1);
    assert_eq!(judge(&lower, "{\"auc\": -0.5}", "{\"auc\": -0.7}"), said(0, "PASS"));
    assert_eq!(judge(&lower, "{\"auc\": -0.5}", "{\"auc\": -0.3}"), said(1, "FAIL"));
}

#[test]
fn trap_three_a_baseline_without_the_metric() {
    assert_eq!(judge(REPORTED, "{\"f1\": 0.9}", "{\"auc\": 0.9}"), said(3, "INCONCLUSIVE"));
}

#[test]
fn trap_four_no_tolerance() {
    assert_eq!(judge(REPORTED, "{\"auc\": 0.9}", "{\"auc\": 0.9, \"n\": 1}"), said(0, "PASS"));
    assert_eq!(judge(REPORTED, "{\"auc\": 0.9}", "{\"auc\": 0.8999999999}"), said(1, "FAIL"));
    assert_eq!(judge(REPORTED, "{\"auc\": 0.9}", "{\"auc\": 0.9000000001}"), said(0, "PASS"));
    assert_eq!(judge(REPORTED, "{\"auc\": 0.0}", "{\"auc\": 0.0, \"n\": 1}"), said(0, "PASS"));
    // The traps again, with rows: the same model twice has no drop at all.
    let project = Project::succeeded();
    project.train(0.66).write("out/predictions.csv", table(&rows(0.65)) + "\n");
    project.version(0.67);
    project.ok("certify v3");
}

#[test]
fn a_slice_that_lost_is_named() {
    let slices = POLICY
        .replace("prove = \"non_inferior\"", "each = [\"country\"]\nmin_rows = 100\nprove = \"not_worse_detected\"");
    let fresh = Project::rated();
    fresh.write("policy.toml", &slices);
    let first = fresh.version(0.60);
    fresh.release(&first);
    fresh.train(0.80);
    let mut better = rows(0.80);
    better.iter_mut().filter(|row| row.country == "it").for_each(|row| row.score = 1.0 - row.score);
    fresh.write("out/predictions.csv", table(&better));
    fresh.ok("snapshot fraud");
    fresh.mlrun("certify v2").exits(1).says(&["auc [country=it]", "FAIL"]);
    let object = fresh.json("certify v2", 1);
    let failed: Vec<_> = object["rules"].as_array().unwrap().iter().filter(|r| r["verdict"] == "FAIL").collect();
    assert_eq!(failed.len(), 1, "{object:#}");
    assert_eq!(failed[0]["slice"], "country=it");
}

#[test]
fn a_slow_candidate_fails() {
    let project = Project::succeeded();
    project.train(0.70).write("out/latency.csv", super::scene::latency(30.0, 3));
    project.ok("snapshot fraud");
    let object = project.json("certify v3", 1);
    assert_eq!(object["rules"][2]["id"], "p95");
    assert_eq!(object["rules"][2]["verdict"], "FAIL");
    assert!((object["rules"][2]["delta"].as_f64().unwrap() - 3.0).abs() < 0.1);
}

#[test]
fn an_unset_floor_is_inconclusive() {
    let project = Project::tiny();
    project.edit("policy.toml", "min = -10.0", "min = \"unset\"");
    project.ok("snapshot fraud");
    let next =
        "next: set the limits that are `unset` in policy.toml, then\n      `mlrun certify fraud@v1 --first-release";
    project.mlrun("certify v1 --first-release --reason begin").exits(3).says(&["unset", "0.9", next]);
}

#[test]
fn reports_in_every_form() {
    let project = Project::succeeded();
    let line = "certify v2 --report json=c.json --report markdown=c.md --report junit=c.xml --report human=c.txt";
    project.ok(line);
    let json: serde_json::Value = serde_json::from_str(&project.read("c.json")).unwrap();
    assert_eq!(json["schema"], "mlrun/certify/1");
    assert!(project.read("c.md").contains("| ") && project.read("c.md").contains("PASS"));
    assert!(project.read("c.xml").starts_with("<?xml") && project.read("c.xml").contains("testcase"));
    assert!(project.read("c.txt").contains("PASS"));
    assert!(project.ok("certify v2 --format junit").stdout.starts_with("<?xml"));
    assert!(project.ok("certify v2 --format markdown").stdout.contains("PASS"));
    assert!(project.ok("certify v2 --format json").object()["rules"].is_array());
    project.version(0.30);
    project.mlrun("certify v3 --report junit=bad.xml").exits(1);
    assert!(project.read("bad.xml").contains("<failure"));
    let other = Project::tiny();
    other.reported("{\"auc\": NaN}");
    other.mlrun("certify v1 --report junit=unknown.xml").exits(3);
    let text = other.read("unknown.xml");
    assert!(text.contains("<error") && !text.contains("<failure"), "{text}");
    if let Ok(python) = project.other("python3").arg("--version").output()
        && python.status.success()
    {
        let script = "import sys, xml.dom.minidom as m; [m.parse(f) for f in sys.argv[1:]]";
        shown(project.other("python3").args(["-c", script, "c.xml", "bad.xml"])).exits(0);
    }
    let where_to = Bad { exit: 2, message: &["nothing", "human, json, markdown, junit"], hint: &[] };
    project.fails("certify v2 --report nothing=x", &where_to);
}

/// A report that cannot be written is found out before anything is recorded, and leaves nothing behind.
#[test]
fn a_report_that_has_no_place() {
    let project = Project::succeeded();
    project.write("old.xml", "an older report");
    let missing = Bad { exit: 6, message: &["cannot write the report", "no/such/folder.xml"], hint: &[] };
    project.fails("certify v2 --report junit=new.xml --report junit=no/such/folder.xml", &missing);
    let folder = Bad { exit: 8, message: &["cannot write the report", "model"], hint: &[] };
    project.fails("certify v2 --report junit=old.xml --report junit=model", &folder);
    // Nor does a version that is not there cost an older report, or leave an empty one.
    let unknown = Bad { exit: 6, message: &["no v9"], hint: &[] };
    project.fails("certify v9 --report junit=old.xml --report markdown=new.md", &unknown);
    assert!(project.events_of("certify").len() == 1, "only the first release is certified");
    project.ok("certify v2 --report junit=old.xml --report markdown=/dev/stdout").says(&["PASS", "| "]);
    assert!(project.read("old.xml").starts_with("<?xml") && !project.read("old.xml").contains("older"));
}

/// Many slices: the reasons come first and fit a terminal, and so does the table.
#[test]
fn why_comes_before_the_table() {
    let project = Project::succeeded();
    let each = "\n[[rule]]\nid = \"a-rule-of-a-long-name-that-says-it-all\"\nmetric = \"accuracy\"\neach = [\"country\"]\nprove = \"superior\"\ngain = 0.5\n";
    project.write("policy.toml", format!("{POLICY}{each}"));
    let shown = project.on_columns(80, "certify v2 --check");
    let lines: Vec<&str> = shown.stdout.lines().collect();
    let at =
        |word: &str| lines.iter().position(|line| line.contains(word)).unwrap_or_else(|| panic!("{word}: {shown}"));
    assert!(at("a-rule-of-a-long-name-that-says-it-all [country=de]") < at("bounds"), "{shown}");
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{shown}");
    assert!(lines.iter().any(|line| line.contains("…") && line.contains("country=de]")), "{shown}");
    // Rules that are not in force certify nothing, whatever they say.
    let last = |verdict| shown.last_line().starts_with(&format!("not certified: {verdict} by other rules"));
    assert!(["FAIL", "INCONCLUSIVE"].into_iter().any(last), "{shown}");
}

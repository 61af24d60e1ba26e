//! Regression cases: what is added, and that every later candidate must be right about it.

use serde_json::Value;

use super::harness::{Bad, Project};
use super::scene::{Row, rows, table};

/// The rows of a model with this skill, but for row 5, which it gets right or wrong at 0.5.
fn with_row_5(skill: f64, right: bool) -> Vec<Row> {
    let mut rows = rows(skill);
    let positive = rows[5].label == 1;
    rows[5].score = if positive == right { 0.9 } else { 0.1 };
    rows
}

/// v1 in production gets row 5 right; v2 is better, and gets it wrong.
fn scene() -> Project {
    let project = Project::rated();
    project.train(0.60).write("out/predictions.csv", table(&with_row_5(0.60, true)));
    project.ok("snapshot fraud");
    project.release("fraud@v1");
    project.train(0.65).write("out/predictions.csv", table(&with_row_5(0.65, false)));
    project.ok("snapshot fraud");
    project
}

#[track_caller]
fn cases(certificate: &Value) -> &Value {
    let rules = certificate["rules"].as_array().unwrap();
    rules.iter().find(|rule| rule["id"] == "cases").unwrap_or_else(|| panic!("no cases in {certificate:#}"))
}

#[test]
fn every_later_candidate_must_be_right() {
    let project = scene();
    assert_eq!(project.json("certify v2", 0)["cases"], Value::Null);
    let label = rows(0.6)[5].label.to_string();
    let added =
        project.run(&["case", "add", "--row", "5", "--reason", "a chargeback in March", "--json"]).exits(0).object();
    assert_eq!((added["schema"].as_str(), added["in_force"].as_u64()), (Some("mlrun/case/1"), Some(1)));
    let case = &added["added"][0];
    assert_eq!(
        (case["id"].as_str(), &case["key"][0], &case["expected"]),
        (Some("c1"), &"5".into(), &label.clone().into())
    );
    // What passed before does not now.
    let failed = project.json("certify v2", 1);
    let rule = cases(&failed);
    assert_eq!(
        (rule["verdict"].as_str(), rule["set"].as_str(), rule["n"].as_u64()),
        (Some("FAIL"), Some("test"), Some(1))
    );
    let reason = rule["reason"].as_str().unwrap();
    for word in ["1 of 1 wrong", "c1 row_id=5", "a chargeback in March"] {
        assert!(reason.contains(word), "`{word}` is not in {reason}");
    }
    project.mlrun("promote v2 --to production").exits(1);
    // Right again: it passes, and the certificate says which cases were judged.
    project.train(0.66).write("out/predictions.csv", table(&with_row_5(0.66, true)));
    project.ok("snapshot fraud");
    let passed = project.json("certify v3", 0);
    assert_eq!(cases(&passed)["verdict"], "PASS");
    assert_eq!((passed["cases"]["count"].as_u64(), passed["cases"]["sha256"].is_string()), (Some(1), true));
    let list = passed["cases"]["lists"][0].as_str().unwrap();
    assert!(project.ok(&format!("show --raw {list}")).stdout.contains("a chargeback in March"));
    let raw = project.ok(&format!("show --raw {}", passed["certificate"].as_str().unwrap())).stdout;
    assert!(raw.contains(passed["cases"]["sha256"].as_str().unwrap()));
    // Another case is another certificate.
    project.run(&["case", "add", "--row", "6", "--reason", "x"]).exits(0);
    let another = project.mlrun("certify v3 --json").object();
    assert_ne!(
        (&another["certificate"], &another["cases"]["sha256"]),
        (&passed["certificate"], &passed["cases"]["sha256"])
    );
    let event = project.events_of("case").remove(0);
    assert_eq!(
        (event["change"]["add"]["cases"].as_str(), event["reason"].as_str()),
        (Some(list), Some("a chargeback in March"))
    );
    project.ok("log --kind case").says(&["c1 of `test` must be right: a chargeback in March"]);
    project.ok("verify --full");
    project.ok("gc --now");
    project.ok("bundle v3 -o case.tar.gz");
    project.ok("bundle --verify case.tar.gz");
}

/// A certificate says nothing of cases that came after it.
#[test]
fn added_after_the_certificate() {
    let project = scene();
    project.ok("certify v2");
    let added = project.run(&["case", "add", "--row", "5", "--reason", "a chargeback", "--json"]).exits(0).object();
    let event = added["event"]["seq"].as_u64().unwrap();
    let refused = project.json("promote v2 --to production", 5);
    let reason = &refused["reasons"][0];
    assert_eq!((reason["code"].as_str(), refused["reasons"].as_array().unwrap().len()), (Some("outdated"), 1));
    assert_eq!(reason["message"], format!("since it was certified, a regression case was added (event {event})"));
    assert_eq!(reason["hint"], "mlrun certify fraud@v2");
    assert_eq!(project.production(), "v1");
    project.json("certify v2", 1);
}

#[test]
fn from_a_file_listed_and_removed() {
    let project = scene();
    project.write("cases.csv", "row_id,reason,note\n5,a chargeback,x\n7,,y\n5,twice,z\n");
    let added = project.json("case add cases.csv --reason other", 0);
    let reasons: Vec<_> = added["added"].as_array().unwrap().iter().map(|c| c["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["a chargeback", "other"]);
    project.write(
        "more.jsonl",
        "{\"row_id\": 9, \"reason\": \"declined a regular\"}\n{\"row_id\": 5, \"reason\": \"known\"}\n",
    );
    let more = project.json("case add fraud more.jsonl", 0);
    assert_eq!((more["added"][0]["id"].as_str(), more["known"][0]["id"].as_str()), (Some("c3"), Some("c1")));
    let ids = |line: &str| -> Vec<String> {
        let listed = project.json(line, 0);
        listed["cases"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("case list"), ["c1", "c2", "c3"]);
    project.ok("case list fraud").says(&["row_id=5", "a chargeback", "row_id=9", "declined a regular"]);
    let removed = project.json("case remove c2 c1 --reason mislabelled", 0);
    assert_eq!((&removed["removed"], removed["in_force"].as_u64()), (&serde_json::json!(["c1", "c2"]), Some(1)));
    assert_eq!(ids("case list"), ["c3"]);
    let all = project.json("case list --all", 0);
    assert_eq!(
        (all["cases"][0]["removed"]["reason"].as_str(), all["cases"][2]["removed"].is_null()),
        (Some("mislabelled"), true)
    );
    project.ok("case list --all").says(&["removed", "mislabelled"]);
    assert_eq!(cases(&project.mlrun("certify v2 --json").object())["n"], 1);
    // A number is used once: the same row again is another case.
    assert_eq!(
        project.run(&["case", "add", "--row", "5", "--reason", "again", "--json"]).exits(0).object()["added"][0]["id"],
        "c4"
    );
    project.ok("case remove c3 c4 --reason over");
    assert_eq!(project.json("certify v2", 0)["cases"], Value::Null);
    assert_eq!(project.ok("case list").stdout, "fraud has no cases\n");
}

/// A case that is gone excuses every candidate: that takes who may excuse one, whatever a branch says.
#[test]
fn who_may_remove_one() {
    let rules = |who: &str| format!("[stage.production]\nwaivers = [\"risk\"]\n\n[roles]\nrisk = [\"{who}\"]\n");
    let project = Project::rated();
    project.edit("mlrun.toml", "[stage.production]\n", &rules("ana@example.org"));
    project.release(&project.version(0.60));
    project.run(&["case", "add", "--row", "5", "--reason", "a chargeback"]).exits(0);
    let line = "case remove c1 --reason over";
    let nobody = Bad {
        exit: 1,
        message: &["somebody without an address may not remove a case", "production", "the role risk"],
        hint: &["git config user.email"],
    };
    project.fails(line, &nobody);
    project.git("init --quiet");
    project.git("config user.email eve@example.org");
    // The rules in force count, not the file.
    project.write(
        "mlrun.toml",
        project.read("mlrun.toml").replace(&rules("ana@example.org"), "[stage.production]\n[stage.qa]\n"),
    );
    let eve =
        Bad { exit: 1, message: &["eve@example.org", "the role risk"], hint: &["`waivers` of `[stage.production]`"] };
    project.fails(line, &eve);
    project.fails(&format!("{line} --dry-run"), &eve);
    project.git("config user.email ana@example.org");
    project.ok(line);
}

/// What cannot be told is not right.
#[test]
fn rows_that_are_gone_or_say_something_else() {
    let project = scene();
    project.run(&["case", "add", "--row", "5", "--reason", "a chargeback"]).exits(0);
    let mut other = with_row_5(0.65, true);
    other.remove(5);
    project.train(0.67).write("out/predictions.csv", table(&other));
    project.ok("snapshot fraud");
    let gone = project.json("certify v3", 3);
    let rule = cases(&gone);
    assert_eq!(rule["verdict"], "INCONCLUSIVE");
    assert!(
        rule["reason"].as_str().unwrap().contains("c1 row_id=5: the candidate's set has no such row (a chargeback)"),
        "{rule}"
    );
    // Who changes the label of a case does not pass it.
    let mut turned = with_row_5(0.68, true);
    turned[5].label = 1 - turned[5].label;
    turned[5].score = 1.0 - turned[5].score;
    project.train(0.68).write("out/predictions.csv", table(&turned));
    project.ok("snapshot fraud");
    let rule = cases(&project.json("certify v4", 3)).clone();
    assert_eq!(rule["verdict"], "INCONCLUSIVE");
    assert!(rule["reason"].as_str().unwrap().contains("when it was added"), "{rule}");
    let config = project.read("mlrun.toml");
    project.write("mlrun.toml", config.replace("predictions.test", "predictions.other")).train(0.69);
    project.ok("snapshot fraud");
    let rule = cases(&project.mlrun("certify v5 --json").exits(3).object()).clone();
    assert_eq!(rule["verdict"], "INCONCLUSIVE");
    assert!(rule["reason"].as_str().unwrap().contains("no predictions set `test`"), "{rule}");
}

/// A set made of cases grows with them: the baseline need not have its rows.
#[test]
fn a_set_that_grows() {
    let project = scene();
    let set = "\n[model.fraud.predictions.failures]\npath = \"out/failures.csv\"\nkey = [\"row_id\"]\nlabel = \"y\"\nscore = \"p\"\n";
    project.write("mlrun.toml", project.read("mlrun.toml") + set);
    project.write(
        "policy.toml",
        project.read("policy.toml").replace("metric = \"roc_auc\"", "metric = \"roc_auc\"\nset = \"test\""),
    );
    project.write("out/failures.csv", "row_id,y,p\na,1,0.9\nb,0,0.2\n").train(0.70);
    project.ok("snapshot fraud");
    project.ok("case add --set failures --row a --row b --reason chargeback");
    // The policy is another one now: what it says is a proposal.
    let certificate = project.json("certify v3", 5);
    assert_eq!((cases(&certificate)["verdict"].as_str(), cases(&certificate)["n"].as_u64()), (Some("PASS"), Some(2)));
    assert!(
        certificate["holdout"].as_array().unwrap().iter().all(|used| used["set"] == "test"),
        "cases choose nothing"
    );
    project.fails(
        "case add --row a --reason x",
        &Bad { exit: 2, message: &["which set", "failures, test"], hint: &["--set"] },
    );
}

#[test]
fn what_is_right() {
    let project = scene();
    let rows = with_row_5(0.65, false);
    let at = |rows: &[Row], low: f64, high: f64| {
        rows.iter().position(|r| r.label == 1 && r.score > low && r.score < high).unwrap()
    };
    let near = at(&rows, 0.36, 0.48).to_string();
    project.ok(&format!("case add --row {near} --reason near"));
    assert_eq!(cases(&project.json("certify v2", 1))["verdict"], "FAIL", "below 0.5");
    // The threshold that the rules on the set share decides; the policy is a proposal.
    let recall = |id: &str, threshold: f64| {
        format!("\n[[rule]]\nid = \"{id}\"\nmetric = \"recall\"\nthreshold = {threshold}\nmin = 0.0\non = \"point\"\n")
    };
    let policy = project.read("policy.toml");
    project.write("policy.toml", format!("{policy}{}", recall("a", 0.35)));
    assert_eq!(cases(&project.json("certify v2", 5))["verdict"], "PASS", "above 0.35");
    project.write("policy.toml", format!("{policy}{}{}", recall("a", 0.35), recall("b", 0.4)));
    let undecided = project.json("certify v2", 5);
    assert_eq!(cases(&undecided)["verdict"], "INCONCLUSIVE");
    assert!(cases(&undecided)["reason"].as_str().unwrap().contains("thresholds 0.35 and 0.4"), "{undecided:#}");
    // A case may say which.
    project.ok("case remove c1 --reason again");
    project.ok(&format!("case add --row {near} --reason near --threshold 0.3"));
    assert_eq!(cases(&project.json("certify v2", 5))["verdict"], "PASS");
}

#[test]
fn a_number_has_to_be_near_enough() {
    let project = Project::rated();
    let table = |off: f64| {
        let line = |id: u32| {
            format!("{id},s{},{},{}\n", id % 2, f64::from(id), f64::from(id) + off + f64::from(id % 3) * 0.01)
        };
        "row_id,shop,y,p,country\n".replace(",country", "") + &(0..60).map(line).collect::<String>()
    };
    project.edit("mlrun.toml", "key = [\"row_id\"]", "key = [\"shop\", \"row_id\"]");
    project.edit("mlrun.toml", "score = \"p\"\npositive = 1\nslices = [\"country\"]", "prediction = \"p\"");
    project.write(
        "policy.toml",
        "schema = 1\ntask = \"regression\"\n[[rule]]\nid = \"mae\"\nmetric = \"mae\"\nmax = 5.0\n",
    );
    project.train(0.6).write("out/predictions.csv", table(0.5));
    project.ok("snapshot fraud");
    let tolerance = Bad { exit: 2, message: &["tolerance"], hint: &[] };
    project.run_fails(&["case", "add", "--row", "shop=s1, row_id=7", "--reason", "sold at a loss"], &tolerance);
    let key =
        Bad {
            exit: 2, message: &["`7` is not a key of `test`", "shop, row_id"], hint: &["--row 'shop=…, row_id=…'"]
        };
    project.run_fails(&["case", "add", "--row", "7", "--reason", "x", "--tolerance", "1"], &key);
    let none = Bad { exit: 6, message: &["no row with the key shop=s0, row_id=7"], hint: &["--from"] };
    project.run_fails(&["case", "add", "--row", "row_id=7,shop=s0", "--reason", "x", "--tolerance", "1"], &none);
    let add = ["case", "add", "--row", "row_id=7, shop=s1", "--reason", "sold at a loss", "--tolerance", "1"];
    project.run(&add).exits(0).says(&["shop=s1, row_id=7", "right is 7 ± 1"]);
    let first = "certify v1 --first-release --reason begin";
    assert_eq!(cases(&project.json(first, 0))["verdict"], "PASS");
    project.ok(first);
    project.ok("promote v1 --to production");
    project.train(0.7).write("out/predictions.csv", table(1.5));
    project.ok("snapshot fraud");
    let failed = project.json("certify v2", 1);
    assert_eq!(cases(&failed)["verdict"], "FAIL");
    assert!(cases(&failed)["reason"].as_str().unwrap().contains("predicted `8.51`, right is `7`"), "{failed:#}");
}

#[test]
fn what_cannot_be_a_case() {
    let project = scene();
    let fails = |line: &str, exit: i32, message: &[&str], hint: &[&str]| {
        project.fails(line, &Bad { exit, message, hint });
    };
    fails(
        "case add --row 99999 --reason x",
        6,
        &["`test` of `fraud@v2` has no row with the key row_id=99999"],
        &["--from"],
    );
    fails(
        "case add --set tset --row 5 --reason x",
        6,
        &["no version of `fraud` has a predictions set `tset`"],
        &["test"],
    );
    fails("case add --row 5", 2, &["reason: say why"], &[]);
    fails("case add", 2, &["no row is named"], &["--row KEY"]);
    fails("case add fraud other.csv more.csv", 2, &[], &[]);
    fails("case add fraud other.csv --row 5 --reason x", 2, &["named twice"], &[]);
    fails("case add --row 5 --reason x --tolerance 1", 2, &["tolerance: a class is right or it is not"], &[]);
    fails("case add --row 5 --reason x --threshold NaN", 2, &["threshold: it is a finite number"], &[]);
    fails("case add spam --row 5 --reason x", 6, &["spam"], &[]);
    fails("case add --from v9 --row 5 --reason x", 6, &["no v9"], &[]);
    fails("case add gone.csv", 6, &["gone.csv"], &[]);
    fails("case remove c9 --reason x", 6, &["`fraud` has no case c9"], &["case list --all"]);
    fails("case remove x --reason x", 6, &["no case x"], &[]);
    fails("case remove c1", 2, &["--reason"], &[]);
    for (file, text, words) in [
        ("a.csv", "id,reason\n5,x\n", "no column `row_id`"),
        ("b.csv", "row_id\n5\n", "no column `reason`"),
        ("c.csv", "row_id,reason\n5,\n", "row 1: it does not say why"),
        ("d.csv", "row_id,reason\n", "it has 0 rows"),
        ("e.csv", "row_id,reason\n,x\n", "row 1: its key is empty"),
        ("f.txt", "5 x", "its name ends neither in .csv"),
        ("g.jsonl", "{\"row_id\": 5", "g.jsonl"),
    ] {
        project.write(file, text);
        fails(&format!("case add {file}"), 2, &[words], &[]);
        project.remove(file);
    }
    project.ok("case add --row 5 --reason x");
    fails(
        "case add --row 5 --reason x --threshold 0.3",
        1,
        &["row_id=5 of `test` is a case already: c1"],
        &["mlrun case remove c1"],
    );
    let secret = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    project.run_fails(
        &["case", "add", "--row", "6", "--reason", &secret],
        &Bad { exit: 1, message: &["a secret"], hint: &[] },
    );
    project.write("policy.toml", project.read("policy.toml").replace("id = \"auc\"", "id = \"cases\""));
    fails("certify v2", 2, &["a rule cannot be called `cases`"], &[]);
}

#[test]
fn it_may_be_repeated_and_rehearsed() {
    let project = scene();
    project.leaves_alone("case add --row 5 --reason x --dry-run", 0).says(&["c1 of test", "nothing was written"]);
    project.ok("case add --row 5 --reason x");
    let unchanged = |line: &str| {
        let before = project.fingerprint();
        assert_eq!(project.json(line, 0)["unchanged"], true, "{line}");
        assert_eq!(before, project.fingerprint());
    };
    unchanged("case add --row row_id=5 --reason another");
    unchanged("case add --row 5.0 --reason another");
    project
        .leaves_alone("case remove c1 --reason over --dry-run", 0)
        .says(&["would be removed", "nothing was written"]);
    project.ok("case remove c1 --reason over");
    unchanged("case remove c1 --reason over");
    project.leaves_alone("case list --all", 0);
}

/// An answer in words need not be the label to be right: the case says how it is matched.
#[test]
fn answers_are_matched_as_the_case_says() {
    let project = Project::rated();
    project.edit("mlrun.toml", "score = \"p\"\npositive = 1\nslices = [\"country\"]", "prediction = \"a\"");
    let policy = "schema = 1\ntask = \"text\"\n[[rule]]\nid = \"f1\"\nmetric = \"token_f1\"\nmin = 0.1\n";
    let others: String = (4..30).map(|row| format!("{row},yes,yes\n")).collect();
    let answers = format!("row_id,y,a\n1,Rome,It is Rome\n2,42,about 42.4\n3,Oslo,Bergen\n{others}");
    project.train(0.6).write("policy.toml", policy).write("out/predictions.csv", answers).ok("snapshot fraud");
    project.ok("case add --row 1 --match contains --reason capital");
    project.ok("case add --row 2 --match numeric --tolerance 0.5 --reason answer");
    project.ok("case list").says(&["Rome (contains)", "42 ± 0.5 (numeric)"]);
    let listed = project.json("case list", 0);
    let matched: Vec<_> = listed["cases"].as_array().unwrap().iter().map(|case| case["match"].as_str()).collect();
    assert_eq!(matched, [Some("contains"), Some("numeric")]);
    let certify = "certify v1 --first-release --reason begin";
    assert_eq!(cases(&project.json(certify, 0))["verdict"], "PASS");
    project.ok("case add --row 3 --reason capital");
    let failed = project.json(certify, 1);
    assert!(cases(&failed)["reason"].as_str().unwrap().contains("1 of 3 wrong: c3"), "{failed}");
    let tolerance = Bad { exit: 2, message: &["tolerance", "--match numeric"], hint: &[] };
    project.fails("case add --row 4 --tolerance 1 --reason x", &tolerance);
    let binary = scene();
    binary.fails("case add --row 5 --match contains --reason x", &Bad { exit: 2, message: &["match"], hint: &[] });
}

/// A waiver is for the cases that were wrong then.
#[test]
fn a_case_that_comes_later_is_not_waived() {
    use super::harness::{PROGRAM, shown};
    let project = Project::rated();
    let roles = "waivers = [\"risk\"]\nself_approval = true\n\n[roles]\nrisk = [\"ana@example.org\"]\n";
    project.write("mlrun.toml", project.read("mlrun.toml") + roles);
    project.train(0.60).write("out/predictions.csv", table(&with_row_5(0.60, true)));
    project.ok("snapshot fraud");
    project.release("fraud@v1");
    let better = with_row_5(0.65, false);
    let other = (6..better.len()).find(|at| (better[*at].score >= 0.5) != (better[*at].label == 1)).unwrap();
    project.train(0.65).write("out/predictions.csv", table(&better));
    project.ok("snapshot fraud");
    let waive = || {
        let mut command = project.other(PROGRAM);
        command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "user.email");
        command.env("GIT_CONFIG_VALUE_0", "ana@example.org");
        let line = ["waive", "v2", "--rule", "cases", "--reason", "known", "--expires", "2100-01-01"];
        shown(command.args(line)).exits(0);
    };
    project.ok("case add --row 5 --reason first");
    // Given before there is a certificate, it is for what the first one says.
    waive();
    assert_eq!(cases(&project.json("certify v2", 0))["verdict"], "WAIVED");
    project.ok(&format!("case add --row {other} --reason second"));
    let failed = project.json("certify v2", 1);
    assert_eq!(cases(&failed)["verdict"], "FAIL");
    let said = cases(&failed)["reason"].as_str().unwrap();
    assert!(said.contains("it was not given for c2") && said.contains("`mlrun waive fraud@v2 --rule cases`"), "{said}");
    waive();
    assert_eq!(cases(&project.json("certify v2", 0))["verdict"], "WAIVED");
}

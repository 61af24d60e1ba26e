//! Rules that rest on more than two tables: listed rows, versions of the past; and what is said beside a certificate.

use serde_json::Value;

use super::harness::{Bad, Project};
use super::scene::{POLICY, rows, table};

/// v1 in production, v2 worse.
fn scene(policy: &str) -> Project {
    let project = Project::rated();
    project.write("policy.toml", policy);
    let first = project.version(0.60);
    project.release(&first);
    project.version(0.45);
    project
}

fn rule(text: &str) -> String {
    format!("{POLICY}\n[[rule]]\nid = \"x\"\n{text}\n")
}

#[test]
fn rows_behind_a_failure_are_named_by_key() {
    let project = scene(POLICY);
    let failed = project.json("certify v2", 1);
    let named = &failed["rows"][0];
    assert_eq!((named["rule"].as_str(), named["set"].as_str()), (Some("auc"), Some("test")));
    let found = named["rows"].as_array().unwrap();
    assert_eq!(found.len(), 10);
    // As the tables have them.
    let (ours, theirs) = (rows(0.45), rows(0.60));
    for row in found {
        let id: usize = row["key"].as_str().unwrap().strip_prefix("row_id=").unwrap().parse().unwrap();
        let (a, b) = (&ours[id], &theirs[id]);
        assert_eq!(row["label"], ["negative", "positive"][usize::from(a.label)]);
        assert_eq!(row["new"] == true, (a.score >= 0.5) != (a.label == 1) && (b.score >= 0.5) == (b.label == 1));
    }
    let flips = &failed["flips"][0];
    let right = |row: &super::scene::Row| (row.score >= 0.5) == (row.label == 1);
    let lost = ours.iter().zip(&theirs).filter(|(a, b)| !right(a) && right(b)).count() as u64;
    assert_eq!((flips["rows"].as_u64(), flips["right_to_wrong"].as_u64()), (Some(1200), Some(lost)));
    assert!(flips["most"]["slice"].as_str().unwrap().starts_with("country="));
    // Keys are private: the certificate that is kept names none.
    let text = project.mlrun("certify v2").exits(1).stdout;
    assert!(text.contains("row_id=") && text.contains("flips: "), "{text}");
    let certificate = project.ok(&format!("show --raw {}", failed["certificate"].as_str().unwrap())).stdout;
    assert!(!certificate.contains("row_id="), "{certificate}");
}

#[test]
fn a_list_of_rows_stands_beside_the_policy() {
    let listed = rule("metric = { must_not_flip = \"golden/rows.csv\" }");
    let project = scene(POLICY);
    project.write("policy.toml", &listed);
    let bad = |message: &'static [&'static str]| Bad { exit: 2, message, hint: &[] };
    project.fails("certify v2", &bad(&["rule `x`", "golden/rows.csv"]));
    // The first that flips and the first that stays right.
    let (ours, theirs) = (rows(0.45), rows(0.60));
    let right = |row: &super::scene::Row| (row.score >= 0.5) == (row.label == 1);
    let lost = ours.iter().zip(&theirs).position(|(a, b)| !right(a) && right(b)).unwrap();
    let kept = ours.iter().zip(&theirs).position(|(a, b)| right(a) && right(b)).unwrap();
    project.write("golden/rows.csv", format!("row_id\n{kept}\n"));
    let kept = project.json("certify v2 --check", 5);
    let of = |found: &serde_json::Value| {
        let rules = found["rules"].as_array().unwrap().clone();
        rules.into_iter().find(|rule| rule["id"] == "x").unwrap()
    };
    assert_eq!(of(&kept)["verdict"], "PASS");
    project.write("golden/rows.csv", format!("row_id\n{lost}\n"));
    let flipped = project.json("certify v2 --check", 5);
    assert_eq!((of(&flipped)["verdict"].as_str(), of(&flipped)["candidate"].as_f64()), (Some("FAIL"), Some(1.0)));
    // The list is a part of the policy.
    assert_ne!(kept["policy_sha256"], flipped["policy_sha256"]);
    project.write("golden/rows.csv", "row_id\n99999\n");
    project.fails("certify v2 --check", &bad(&["rule `x`", "no row of `test` has the key `99999`"]));
    project.write("golden/rows.csv", "row_id\n");
    project.fails("certify v2 --check", &bad(&["rule `x`"]));
}

#[test]
fn the_ratchet_knows_versions_that_are_no_longer_there() {
    let project = Project::rated();
    project.edit("mlrun.toml", "[stage.production]", "[stage.production]\ncertificate = \"none\"");
    for skill in [0.70, 0.50] {
        let version = project.version(skill);
        project.ok(&format!("promote {version} --to production"));
    }
    project.version(0.52);
    project.write("policy.toml", rule("metric = \"roc_auc\"\nratchet = true\nmargin = 0.02"));
    let found = project.json("certify v3 --check", 1);
    let rules = found["rules"].as_array().unwrap();
    assert_eq!(rules[0]["verdict"], "PASS");
    let ratchet = rules.iter().find(|rule| rule["id"] == "x").unwrap();
    assert_eq!(ratchet["verdict"], "FAIL");
    let remarks = found["remarks"].to_string();
    assert!(remarks.contains("compared with fraud@v1, the best of 2 ever in production"), "{remarks}");
    assert!(found["evidence"].as_array().unwrap().iter().any(|file| file["role"] == "fraud@v1"));
    // Its table was erased: nobody knows how good the best was, and what is not known passes nothing.
    project.ok("purge v1 --path out/predictions.csv --reason asked");
    let found = project.json("certify v3 --check", 3);
    let rules = found["rules"].as_array().unwrap();
    let ratchet = rules.iter().find(|rule| rule["id"] == "x").unwrap();
    let reason = ratchet["reason"].as_str().unwrap();
    assert!(ratchet["verdict"] == "INCONCLUSIVE" && reason.contains("fraud@v1"), "{reason}");
}

/// What was attached to a version that once was in the stage is its evidence; that it never had any is said.
#[test]
fn the_ratchet_knows_what_was_attached() {
    let project = Project::rated();
    let config = project.read("mlrun.toml").replace("[stage.production]", "[stage.production]\ncertificate = \"none\"");
    let bare = config.split("[model.fraud.predictions").next().unwrap().to_owned();
    project.write("mlrun.toml", bare + "[stage.production]\ncertificate = \"none\"\n");
    for skill in [0.70, 0.69] {
        let version = project.version(skill);
        project.ok(&format!("promote {version} --to production"));
    }
    project.write("mlrun.toml", config);
    for skill in [0.50, 0.52] {
        project.version(skill);
    }
    project.ok("promote v3 --to production");
    project.write("policy.toml", rule("metric = \"roc_auc\"\nratchet = true\nmargin = 0.02"));
    let passed = project.json("certify v4 --check", 0);
    let remarks = passed["remarks"].to_string();
    assert!(remarks.contains("no predictions set `test` had fraud@v1, fraud@v2"), "{remarks}");
    project.train(0.70).ok("attach v1 out/predictions.csv --set test");
    let failed = project.json("certify v4 --check", 1);
    let remarks = failed["remarks"].to_string();
    assert!(remarks.contains("compared with fraud@v1, the best of 2 ever"), "{remarks}");
}

#[test]
fn a_policy_is_explained_and_nothing_is_written() {
    let project = scene(POLICY);
    project.write("policy.toml", rule("metric = \"accuracy\"\nmin = \"unset\""));
    let before = project.json("log", 0)["events"].as_array().unwrap().len();
    let found = project.json("certify v2 --explain-policy", 0);
    assert_eq!((found["schema"].as_str(), found["exit"].as_u64()), (Some("mlrun/explain-policy/1"), Some(0)));
    let auc = &found["rules"][0];
    assert_eq!(
        (auc["id"].as_str(), auc["verdict"].as_str(), auc["rows"].as_u64()),
        (Some("auc"), Some("FAIL"), Some(1200))
    );
    assert_eq!(auc["fails_useless"], true);
    let tried = auc["equal_models"]["tried"].as_u64().unwrap();
    assert!(tried >= 20 && auc["equal_models"]["failed"].as_u64().unwrap() * 10 < tried, "{auc}");
    let samples = &found["rules"][2];
    assert!(samples["equal_models"]["tried"].as_u64() >= Some(20), "{samples}");
    assert_eq!(
        (&samples["equal_models_untried"], &samples["needs"][0]),
        (&Value::Null, &Value::from("samples `latency`"))
    );
    assert!(found["rules"][3]["equal_models"]["undecided"].as_u64() == Some(tried), "{found}");
    assert!(found["warnings"].to_string().contains("its limit is unset"), "{found}");
    let shown = project.mlrun("certify --explain-policy").exits(0);
    assert!(shown.stdout.contains("shown to be at most 0.02 worse than the baseline"), "{}", shown.stdout);
    assert!(shown.stderr.contains("rule `x`: its limit is unset"), "{}", shown.stderr);
    assert_eq!(project.json("log", 0)["events"].as_array().unwrap().len(), before);
    // The linter speaks up at every certification.
    assert!(project.mlrun("certify v2 --check").stderr.contains("rule `x`: its limit is unset"));
    // What does not fit the evidence is an error here, too.
    project.write("policy.toml", rule("metric = \"accuracy\"\ngap = \"land\"\nmax = 0.1"));
    project
        .fails("certify v2 --explain-policy", &Bad { exit: 2, message: &["rule `x`", "no column `land`"], hint: &[] });
    project.write("out/predictions.csv", table(&rows(0.5)));
}

/// What is odd about a metric here stands with its rule, for people and for programs.
#[test]
fn a_rules_remarks_are_shown() {
    let project = Project::empty();
    let rows: String = (0..40).map(|row| format!("{row},{row},{}\n", row + 1)).collect();
    project.write("out.csv", format!("id,y,yhat\n{rows}")).write("model.bin", "m");
    let config = "schema = 1\n[model.m]\nfiles = [\"model.bin\"]\npolicy = \"policy.toml\"\n[model.m.predictions.test]\npath = \"out.csv\"\nkey = [\"id\"]\nlabel = \"y\"\nprediction = \"yhat\"\n";
    let rule = |id: &str, metric: &str| format!("[[rule]]\nid = \"{id}\"\nmetric = \"{metric}\"\nmax = 10\n");
    project.write(
        "policy.toml",
        format!("schema = 1\ntask = \"regression\"\n{}{}", rule("share", "mape"), rule("mae", "mae")),
    );
    project.write("mlrun.toml", config).ok("init");
    project.ok("snapshot m");
    let line = "certify m@v1 --check --first-release --reason begin";
    let object = project.json(line, 3);
    let remarks = object["rules"][0]["remarks"].as_array().unwrap();
    assert!(remarks.len() == 1 && remarks[0].as_str().unwrap().starts_with("the label is 0 in 1 of 40"), "{object:#}");
    assert_eq!(object["rules"][1]["remarks"], serde_json::json!([]));
    project.mlrun(line).says(&["note: rule `share`: the label is 0 in 1 of 40 rows"]);
}

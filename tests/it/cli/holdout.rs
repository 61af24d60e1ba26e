//! The holdout ledger: how many candidates an evaluation set has judged, and what that costs.

use serde_json::Value;

use super::harness::{Bad, Project};
use super::scene::{POLICY, rows, table};

/// v1 is in production.
fn scene(holdout: &str) -> Project {
    let project = Project::rated();
    project.write("policy.toml", format!("{POLICY}\n{holdout}"));
    let first = project.version(0.60);
    project.release(&first);
    project
}

#[track_caller]
fn uses(certificate: &Value) -> u64 {
    assert_eq!(certificate["holdout"].as_array().map(Vec::len), Some(1), "{certificate:#}");
    certificate["holdout"][0]["use"].as_u64().unwrap()
}

#[test]
fn distinct_candidates_are_counted() {
    let project = scene("");
    project.version(0.65);
    let second = project.json("certify v2", 0);
    assert_eq!((uses(&second), second["holdout"][0]["max_uses"].as_u64()), (2, Some(20)));
    project.version(0.66);
    // A look is not counted, however often.
    for _ in 0..2 {
        assert_eq!(uses(&project.json("certify --check", 0)), 3);
        assert_eq!(uses(&project.json("certify v3 --dry-run", 0)), 3);
    }
    assert_eq!(uses(&project.json("certify v3", 0)), 3);
    // The same candidate again is no other use, and its certificate is the same although another came between.
    let again = project.json("certify v2", 0);
    assert_eq!((&again["certificate"], again["unchanged"].as_bool()), (&second["certificate"], Some(true)));
    // In every report.
    let words = "this is the 3rd candidate judged on `test`";
    let shown = project.ok("certify v3 --report junit=c.xml --report markdown=c.md").says(&[words]);
    assert!(shown.last_line().starts_with("PASS"));
    assert!(project.read("c.md").contains("3rd candidate judged on test"));
    assert!(project.read("c.xml").contains("<property name=\"candidates judged by test\" value=\"3\"/>"));
    let remarks = project.json("certify v3", 0)["remarks"].clone();
    assert!(remarks.as_array().unwrap().iter().any(|remark| remark == words), "{remarks}");
    let event = project.events_of("certify").pop().unwrap();
    assert_eq!(
        (event["sets"][0]["set"].as_str(), &event["sets"][0]["sha256"]),
        (Some("test"), &second["holdout"][0]["sha256"])
    );
}

/// A set is its keys and labels, in whatever order and whatever is predicted; another label makes another set.
#[test]
fn what_a_set_is() {
    let project = scene("");
    project.train(0.65);
    let mut other = rows(0.65);
    other.reverse();
    project.write("out/predictions.csv", table(&other)).ok("snapshot fraud");
    let turned = project.json("certify v2", 0);
    assert_eq!(uses(&turned), 2);
    let mut fresh = rows(0.66);
    fresh[3].label = 1 - fresh[3].label;
    project.train(0.66).write("out/predictions.csv", table(&fresh)).ok("snapshot fraud");
    // It disagrees with the baseline's, so nothing is judged on it.
    assert_eq!(project.json("certify v3", 3)["holdout"], serde_json::json!([]));
    let alone = "[[rule]]\nid = \"floor\"\nmetric = \"roc_auc\"\nmin = 0.1\n";
    project.write("policy.toml", format!("schema = 1\ntask = \"binary\"\n[baseline]\nref = \"staging\"\n{alone}"));
    project.write("mlrun.toml", project.read("mlrun.toml") + "\n[stage.staging]\n");
    let line = "certify v3 --first-release --reason fresh";
    let first = project.json(line, 0);
    assert_eq!(uses(&first), 1);
    assert_ne!(first["holdout"][0]["sha256"], turned["holdout"][0]["sha256"]);
}

#[test]
fn a_set_that_is_used_up() {
    let project = scene("[holdout]\nmax_uses = 2\non_exhausted = \"fail\"\n");
    project.version(0.65);
    project.ok("certify v2").says(&["this is the 2nd candidate judged on `test`; 2 are the most: use a fresh set"]);
    project.version(0.66);
    project.mlrun("certify --check").exits(1).says(&["FAIL", "holdout"]);
    let failed = project.json("certify v3", 1);
    let rule = failed["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == "holdout").unwrap();
    assert_eq!(
        (rule["verdict"].as_str(), rule["n"].as_u64(), rule["margin"].as_f64()),
        (Some("FAIL"), Some(3), Some(2.0))
    );
    project.mlrun("promote v3 --to production").exits(1);
    project.ok("certify v2");
    let warned = scene("[holdout]\nmax_uses = 1\n");
    warned.version(0.65);
    warned.ok("certify v2").says(&["this is the 2nd candidate judged on `test`; 1 are the most: use a fresh set"]);
}

/// Of H candidates each gets an H-th of the error: the bounds are those of that confidence, for rows and for nothing else.
#[test]
fn uses_that_are_paid_for() {
    let project = scene("[holdout]\nmax_uses = 10\nadaptive = \"bonferroni\"\n");
    project.version(0.65);
    let paid = project.json("certify v2", 0);
    assert!(
        paid["remarks"][0].as_str().unwrap().contains("each bound that has to show something is at 99.5 %"),
        "{}",
        paid["remarks"]
    );
    // Another policy is a proposal, and its numbers are numbers.
    let with = |confidence: &str| {
        project.write("policy.toml", format!("{POLICY}\n[stats]\nconfidence = {confidence}\n"));
        project.json("certify v2", 5)
    };
    let (same, plain) = (with("0.995"), with("0.95"));
    for (at, bound) in [(0, "lower"), (0, "upper"), (1, "lower"), (1, "upper")] {
        let number = |certificate: &Value| certificate["rules"][at][bound].as_f64().unwrap();
        assert!((number(&paid) - number(&same)).abs() < 1e-12, "{at} {bound}");
        assert!((number(&paid) - number(&plain)).abs() > 1e-4, "{at} {bound}");
    }
    assert_eq!(paid["rules"][2]["upper"], plain["rules"][2]["upper"], "latency is no evaluation set");
}

#[test]
fn the_rules_and_how_they_are_written() {
    let project = scene("");
    project.version(0.65);
    let policy = |holdout: &str| {
        project.write("policy.toml", format!("{POLICY}\n[holdout]\n{holdout}\n")).json("certify v2 --check", 0)
    };
    let plain = project.json("certify v2 --check", 0)["policy_sha256"].clone();
    assert_eq!(policy("max_uses = 20\nadaptive = \"none\"\non_exhausted = \"warn\"")["policy_sha256"], plain);
    project.write("policy.toml", format!("{POLICY}\n[holdout]\nmax_uses = 30\n"));
    assert_ne!(project.json("certify v2 --check", 5)["policy_sha256"], plain);
    for (holdout, words) in [
        ("max_uses = 0", "`max_uses` is 0; it must be 1 to 1,000,000"),
        ("max_use = 3", "[holdout] has no key `max_use`"),
        ("adaptive = \"ladder\"", "ladder"),
        ("on_exhausted = \"stop\"", "stop"),
    ] {
        project.write("policy.toml", format!("{POLICY}\n[holdout]\n{holdout}\n"));
        project.fails("certify v2", &Bad { exit: 2, message: &[words], hint: &[] });
    }
}

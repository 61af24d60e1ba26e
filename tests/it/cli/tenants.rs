//! Models that share a store do not see each other: stages, versions, blocks, rules and people are each model's own.

use super::harness::{Bad, Project};

const CONFIG: &str = r#"schema = 1

[model."acme/fraud"]
files = ["model/"]
metrics = ["metrics.json"]
policy = "policy.toml"

[model."globex/fraud"]
files = ["model/"]
metrics = ["metrics.json"]
policy = "policy.toml"

[stage.production]
waivers = ["globex-risk"]
self_approval = true

[model."acme/fraud".stage.production]
valid_for = "7d"
waivers = ["acme-risk"]

[model."acme/fraud".stage.canary]
certificate = "none"

[roles]
acme-risk = ["ana@example.org"]
globex-risk = ["gil@example.org"]
"#;

/// Two tenants with a model each, of the same files.
fn two() -> Project {
    let project = Project::tiny();
    project.write("mlrun.toml", CONFIG);
    for model in ["acme/fraud", "globex/fraud"] {
        project.ok(&format!("snapshot {model}"));
        project.ok(&format!("certify {model}@v1 --first-release --reason begin"));
    }
    project
}

#[test]
fn a_stage_is_its_models_own() {
    let project = two();
    project.ok("promote acme/fraud@v1 --to production");
    let held = |model: &str| project.json(&format!("at now {model}"), 0)["stages"].as_array().unwrap().len();
    assert_eq!((held("acme/fraud"), held("globex/fraud")), (1, 0));
    // The same files are blocked for one, and not for the other.
    project.ok("block acme/fraud@v1 --reason leak");
    project.ok("promote globex/fraud@v1 --to production");
    assert_eq!(project.json("log globex/fraud --kind block", 0)["events"], serde_json::json!([]));
    project.fails("show globex/fraud@canary", &Bad { exit: 6, message: &["`canary`"], hint: &["production"] });
    project.fails("promote globex/fraud@v1 --to canary", &Bad { exit: 6, message: &["`canary`"], hint: &[] });
    project.fails("show production", &Bad { exit: 2, message: &["acme/fraud, globex/fraud"], hint: &["MODEL@"] });
    project.ok("retire acme/fraud --stage production --reason end");
    assert_eq!((held("acme/fraud"), held("globex/fraud")), (0, 1));
    // One journal each, checked by itself.
    assert_eq!(project.json("verify --journal", 0)["heads"].as_array().unwrap().len(), 2);
    project.ok("at").says(&["globex/fraud"]);
}

/// A model's own section overrides the stage, its people included.
#[test]
fn rules_and_people_are_its_own() {
    let project = two();
    for model in ["acme/fraud", "globex/fraud"] {
        project.ok(&format!("promote {model}@v1 --to production"));
    }
    let rules =
        |model: &str| project.json(&format!("policy show {model} --stage production"), 0)["in_force"]["stage"].clone();
    let (acme, globex) = (rules("acme/fraud"), rules("globex/fraud"));
    assert_eq!((acme["valid_for"].as_u64(), globex["valid_for"].as_u64()), (Some(7 * 86_400), Some(30 * 86_400)));
    assert_eq!(acme["waivers"], serde_json::json!({ "acme-risk": ["ana@example.org"] }));
    assert_eq!(globex["waivers"], serde_json::json!({ "globex-risk": ["gil@example.org"] }));
    // Ana may excuse a rule for her own model only.
    project.write("model/weights.bin", "w1").write("metrics.json", "{\"auc\": 0.8}\n");
    for (model, code) in [("acme/fraud", 0), ("globex/fraud", 1)] {
        project.ok(&format!("snapshot {model}"));
        project.mlrun(&format!("certify {model}@v2")).exits(1);
        let mut waive = project.command(&[
            "waive",
            &format!("{model}@v2"),
            "--rule",
            "auc",
            "--reason",
            "known",
            "--expires",
            "2100-01-01",
        ]);
        waive
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "user.email")
            .env("GIT_CONFIG_VALUE_0", "ana@example.org");
        let waive = super::harness::shown(&mut waive);
        assert_eq!(waive.code, Some(code), "{waive}");
    }
}

const PREFIXES: &str = r#"schema = 1

[model."acme/fraud"]
files = ["model/"]
metrics = ["metrics.json"]

[model."acme/eu/fraud"]
files = ["model/"]
metrics = ["metrics.json"]

[model."acme/eu/churn"]
files = ["model/"]
metrics = ["metrics.json"]

[model."acme/eu/churn".stage.production]
valid_for = "3d"

[model."globex/fraud"]
files = ["model/"]
metrics = ["metrics.json"]
policy = "policy.toml"

[stage.production]
approvals = { risk = 1 }
signers = "policy/signers"

[roles]
risk = ["gil@example.org"]

[model."acme/*"]
policy = "policy.toml"

[model."acme/*".stage.production]
valid_for = "7d"
signers = "acme/signers"

[model."acme/*".stage.canary]
certificate = "none"
approvals = {}

[model."acme/*".roles]
risk = ["ana@acme.example"]

[model."acme/eu/*".roles]
risk = ["eva@acme.example"]
"#;

/// What holds for a prefix holds for every model below it; the longer prefix is over the shorter, and a model's own section over both.
#[test]
fn a_prefix_has_stages_signers_and_people_of_its_own() {
    let project = Project::tiny();
    project.write("mlrun.toml", PREFIXES);
    for (name, comment) in [("policy/signers", "# all\n"), ("acme/signers", "# acme\n")] {
        project.write(name, comment);
    }
    let models = ["acme/fraud", "acme/eu/fraud", "acme/eu/churn", "globex/fraud", "acme/new"];
    for model in &models[..4] {
        project.ok(&format!("snapshot {model}"));
    }
    // One that has no section at all is below its prefix, too.
    project.ok("snapshot acme/new --files model/ --metrics metrics.json");
    let stated = |model: &str| {
        let shown = project.json(&format!("policy show {model} --stage production"), 0);
        shown["stated"]["stage"].clone()
    };
    let days = |model: &str| stated(model)["valid_for"].as_u64().unwrap() / 86_400;
    assert_eq!(models.map(days), [7, 7, 3, 30, 7]);
    let person = |model: &str| stated(model)["people"]["risk"][0].as_str().unwrap().to_owned();
    let people = ["ana@acme.example", "eva@acme.example", "eva@acme.example", "gil@example.org", "ana@acme.example"];
    assert_eq!(models.map(person), people);
    let signers = |model: &str| stated(model)["signers"].as_str().unwrap().to_owned();
    let sha256 = |bytes: &str| mlrun::digest::Digest::of(bytes.as_bytes()).to_string();
    assert_eq!(
        models.map(signers)[..4],
        [sha256("# acme\n"), sha256("# acme\n"), sha256("# acme\n"), sha256("# all\n")]
    );
    // The policy comes from the prefix, the stage is there for its models only.
    project.ok("certify acme/fraud@v1 --first-release --reason begin");
    project.ok("promote acme/eu/fraud@v1 --to canary");
    project.fails("promote globex/fraud@v1 --to canary", &Bad { exit: 6, message: &["`canary`"], hint: &[] });
    let refused = project.json("promote acme/fraud@v1 --to production", 1);
    assert!(refused["reasons"][0]["message"].as_str().unwrap().contains("it takes ana@acme.example"), "{refused:#}");
    // A prefix is no model.
    project.fails(
        "snapshot acme",
        &Bad { exit: 2, message: &["`acme` is not in the configuration"], hint: &["acme/fraud"] },
    );
}

/// A model that only its prefix speaks of is not called out of it.
#[test]
fn a_rename_is_no_way_out_of_a_prefix() {
    let project = Project::tiny();
    project.write("mlrun.toml", PREFIXES).write("policy/signers", "# all\n").write("acme/signers", "# acme\n");
    project.ok("snapshot acme/new --files model/ --metrics metrics.json");
    project.ok("certify acme/new@v1 --first-release --reason begin");
    let stated = |model: &str| project.json(&format!("policy show {model} --stage production"), 0)["stated"].clone();
    let before = stated("acme/new");
    project.ok("rename acme/new other/new");
    assert_eq!(stated("other/new"), before);
    let refused = project.json("promote other/new@v1 --to production", 1);
    assert!(refused["reasons"][0]["message"].as_str().unwrap().contains("it takes ana@acme.example"), "{refused:#}");
}

#[test]
fn what_is_wrong_with_a_prefix_is_said_where_it_stands() {
    let project = Project::tiny();
    project.write("policy/signers", "").write("acme/signers", "");
    let fails = |old: &str, new: &str, message: &[&str], hint: &[&str]| {
        project.write("mlrun.toml", PREFIXES.replacen(old, new, 1));
        project.fails("status", &Bad { exit: 2, message, hint });
    };
    fails("valid_for = \"7d\"", "valid_fr = \"7d\"", &["mlrun.toml` line 3", "valid_fr"], &["valid_for"]);
    fails("[model.\"acme/*\"]\n", "[model.\"acme/*\"]\nfiles = [\"m\"]\n", &["line 31", "files", "policy"], &[]);
    fails("valid_for = \"7d\"", "valid_for = \"soon\"", &["model.acme/*.stage.production.valid_for", "line 3"], &[]);
    fails(
        "risk = [\"ana@acme.example\"]",
        "risk = []",
        &["model.acme/*.roles", "for `production`", "1 person too few"],
        &[],
    );
    fails("approvals = {}", "approvals = { rsk = 1 }", &["model.acme/*.stage.canary.approvals", "no role `rsk`"], &[]);
    fails("[model.\"acme/*\"]\n", "[model.\"ac*me\"]\n", &["`ac*me` is no prefix of names", "payments/*"], &[]);
    fails("[model.\"acme/*\"]\n", "[model.\"*\"]\n", &["`*` is no prefix"], &[]);
}

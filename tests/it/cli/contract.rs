//! What scripts rely on: the fields of every verb's JSON, and that everything may be repeated or rehearsed.

use std::fs;

use serde_json::{Value, json};

use super::harness::{Bad, Project};

/// Fails the test unless the object has this schema and all these fields.
#[track_caller]
fn has(object: &Value, schema: &str, fields: &str) {
    assert_eq!(object["schema"], format!("mlrun/{schema}/1"), "{object}");
    has_fields(object, fields);
}

#[track_caller]
fn has_fields(object: &Value, fields: &str) {
    let there = object.as_object().unwrap_or_else(|| panic!("no object: {object}"));
    for field in fields.split_whitespace() {
        assert!(there.contains_key(field), "no `{field}` in {object:#}");
    }
}

const VERSION: &str = "model version id unchanged same_as files params metrics data code environment seeds redactions";

#[test]
fn snapshot_and_show() {
    let project = Project::rated();
    project.write("data/train.csv", "a,b\n1,2\n3,4\n").write("uv.lock", "x");
    project.write("mlrun.toml", project.read("mlrun.toml") + "\n[model.fraud.data.train]\npath = \"data/train.csv\"\n");
    project.committed();
    project.write("train.py", "print('changed')\n").train(0.6);
    let taken = project.json("snapshot fraud -m notes", 0);
    has(&taken, "snapshot", VERSION);
    has_fields(&taken, "stored_bytes new_bytes");
    assert_eq!((taken["version"].as_str(), taken["unchanged"].as_bool()), (Some("v1"), Some(false)));
    assert!(taken["stored_bytes"].as_u64().unwrap() > 0 && taken["new_bytes"].as_u64().unwrap() > 0);
    has_fields(&taken["files"][0], "path sha256 size");
    has_fields(&taken["data"][0], "name path sha256 rows stored");
    has_fields(&taken["code"], "commit dirty patch_sha256 untracked left_out");
    assert_eq!(taken["code"]["dirty"], true);
    assert!(taken["code"]["patch_sha256"].is_string() && taken["code"]["commit"].is_string());
    has_fields(&taken["environment"], "runtimes");
    for runtime in taken["environment"]["runtimes"].as_array().unwrap() {
        has_fields(runtime, "language version packages");
    }
    assert_eq!(taken["seeds"]["seed"], 7);
    let mut shown = project.json("show fraud@v1", 0);
    has(&shown, "show", VERSION);
    // Beside what `snapshot` says of the data, all that is known of its columns.
    let profile = shown["data"][0].as_object_mut().unwrap().remove("profile").unwrap();
    assert_eq!(profile["logical"], shown["data"][0]["logical"]);
    assert_eq!(profile["columns"][0]["mean"], 2.0);
    has_fields(&shown, "new_bytes");
    let stored = shown["stored_bytes"].as_u64().unwrap();
    assert!(stored > 0 && stored < taken["stored_bytes"].as_u64().unwrap(), "records and trees are no files");
    has_fields(&shown, "created actor notes parent stages certificates approvals waivers evidence reproducibility");
    has_fields(&shown["reproducibility"], "reasons");
    has_fields(&shown["actor"], "name host");
    assert_eq!(shown["notes"], "notes");
    for part in ["files", "params", "metrics", "data", "code", "environment", "seeds", "id", "version"] {
        assert_eq!(shown[part], taken[part], "{part}");
    }
    let sets: Vec<_> = shown["evidence"].as_array().unwrap().iter().map(|e| e["set"].as_str().unwrap()).collect();
    assert_eq!(sets, ["test", "latency"]);
    // The id is the digest of the stored bytes.
    let id = taken["id"].as_str().unwrap();
    let raw = project.ok(&format!("show --raw {id}")).stdout;
    assert_eq!(mlrun::digest::Digest::of(raw.as_bytes()).to_string(), id);
    // A file's digest is what sha256sum says.
    let sums = super::harness::shown(project.other("sha256sum").arg("model/weights.bin"));
    assert!(sums.stdout.starts_with(taken["files"][0]["sha256"].as_str().unwrap()));
}

#[test]
fn list_log_and_at() {
    let project = Project::with_history();
    project.ok("rollback fraud --reason slow");
    let models = project.json("list", 0);
    has(&models, "list", "models");
    has_fields(&models["models"][0], "model latest id created stages");
    assert_eq!(models["models"][0]["stages"]["production"], "v2");
    let versions = project.json("list fraud --metrics auc --params skill --sort -auc -n 2", 0);
    has(&versions, "list", "model versions total");
    let lines = versions["versions"].as_array().unwrap();
    assert_eq!(lines.iter().map(|l| l["version"].as_str().unwrap()).collect::<Vec<_>>(), ["v3", "v2"]);
    assert_eq!((lines[0]["values"]["skill"].as_f64(), versions["total"].as_u64()), (Some(0.7), Some(3)));
    has_fields(&lines[0], "version id created stages verdict blocked values notes");

    let log = project.json("log", 0);
    has(&log, "log", "events");
    let events = log["events"].as_array().unwrap();
    let seqs: Vec<_> = events.iter().map(|e| e["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).rev().collect::<Vec<_>>(), "newest first, none missing");
    for pair in events.windows(2) {
        has_fields(&pair[0], "seq id prev time kind actor version stage reason");
        assert_eq!(pair[0]["prev"], pair[1]["id"]);
        assert!(pair[0]["time"].as_str() >= pair[1]["time"].as_str());
        assert!(
            pair[0]["time"].as_str().is_some_and(|t| t.len() == 24 && t.ends_with('Z')),
            "RFC 3339 with milliseconds"
        );
    }
    assert_eq!((events[0]["kind"].as_str(), events[0]["reason"].as_str()), (Some("rollback"), Some("slow")));
    assert_eq!(project.json("log --kind promote", 0)["events"].as_array().unwrap().len(), 3);
    assert_eq!(project.json("log --kind promote -n 1", 0)["events"][0]["version"], "v3");
    assert_eq!(project.json("log --stage production --after 8", 0)["events"].as_array().unwrap().len(), 3);
    assert_eq!(project.json("log --actor nobody", 0)["events"], Value::Array(Vec::new()));
    let lines = project.ok("log --json-lines -n 3").stdout;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);

    let at = project.json("at", 0);
    has(&at, "at", "time stages");
    has_fields(
        &at["stages"][0],
        "model stage version id since until actor event certificate approvals kind overruled observed",
    );
    assert_eq!((at["stages"][0]["version"].as_str(), at["stages"][0]["until"].is_null()), (Some("v2"), true));
    let timeline = project.json("at --since 2020-01-01 --until now", 0);
    let held: Vec<_> = timeline["stages"].as_array().unwrap().iter().map(|s| s["version"].as_str().unwrap()).collect();
    assert_eq!(held, ["v1", "v2", "v3", "v2"]);
    assert_eq!(timeline["stages"][0]["until"], timeline["stages"][1]["since"]);
}

#[test]
fn diff_in_all_its_parts() {
    let project = Project::tiny();
    project.write("model/gone.bin", "gone").write("model/same.bin", "same, and long enough to be told apart");
    project.write("data.csv", "a\n1\n");
    let snapshot = "snapshot fraud --data train=data.csv";
    project.ok(snapshot);
    project.remove("model/gone.bin").write("model/new.bin", "new").edit("model/weights.bin", "w0", "w1");
    fs::rename(project.path("model/same.bin"), project.path("model/moved.bin")).unwrap();
    project.edit("params.yaml", "lr: 0.1", "lr: 0.2\ndepth: 3").edit("metrics.json", "0.9", "0.91");
    project.write("data.csv", "a\n1\n2\n").write("train.py", "print('other')\n");
    project.ok(&format!("{snapshot} --seed numpy=4"));
    let diff = project.json("diff v1 v2", 0);
    has(&diff, "diff", "a b identical files tensors params metrics data code environment seeds");
    assert_eq!((diff["a"].as_str(), diff["b"].as_str()), (Some("fraud@v1"), Some("fraud@v2")));
    assert_eq!(diff["identical"], false);
    let change = |part: &str, name: &str| {
        let key = if part == "files" { "path" } else { "name" };
        let items = diff[part].as_array().unwrap();
        let item = items.iter().find(|i| i[key] == name).unwrap_or_else(|| panic!("no `{name}` in {items:?}"));
        has_fields(item, "change a b");
        item["change"].as_str().unwrap().to_owned()
    };
    assert_eq!(change("files", "model/gone.bin"), "removed");
    assert_eq!(change("files", "model/new.bin"), "added");
    assert_eq!(change("files", "model/weights.bin"), "changed");
    assert_eq!(change("files", "model/moved.bin"), "renamed");
    assert_eq!(change("params", "lr"), "changed");
    assert_eq!(change("params", "depth"), "added");
    assert_eq!(change("metrics", "auc"), "changed");
    assert_eq!(change("data", "train"), "changed");
    assert_eq!(change("seeds", "numpy"), "added");
    assert_eq!(diff["code"]["files"][0]["path"], "train.py");
    let same = project.json("diff v2 v2", 0);
    assert_eq!(same["identical"], true);
    project.ok("diff v2 v2 --exit-code");
    project.mlrun("diff v1 v2 --exit-code").exits(1).says(&["lr", "model/new.bin"]);
    assert_eq!(project.json("diff", 0)["b"], "workspace");
    assert_eq!(project.json("diff v1", 0)["a"], "fraud@v1");
    // Only what was asked for, and the exit code is of that.
    let chosen = project.json("diff v1 v2 --only params,seeds", 0);
    assert_eq!((chosen["params"].as_array().unwrap().len(), chosen.get("files")), (2, None));
    // Two versions are not the same because nobody looks where they differ.
    project.ok("diff v1 v2 --only notes,command --exit-code").says(&["nothing differs in command, notes; other"]);
    assert_eq!(project.json("diff v1 v2 --only notes,command", 0)["identical"], false);
    project.ok("diff v1 v2 --only notes --format markdown").says(&["Nothing differs in notes."]);
    project.ok("diff v2 v2 --only notes").says(&["are the same"]);
    project.mlrun("diff v1 v2 --only metrics --exit-code").exits(1).says(&["auc"]);
    project.mlrun("diff v1 v2 --only weights").exits(2).says(&["tensors"]);
}

#[test]
fn diff_tells_how_each_was_made() {
    let project = Project::tiny();
    project.ok("exec fraud -- true 0.1");
    project.edit("params.yaml", "lr: 0.1", "lr: 0.2").ok("exec fraud -- true 0.2");
    let command = &project.json("diff v1 v2 --only command", 0)["command"];
    assert_eq!((&command["a"]["argv"], &command["b"]["argv"]), (&json!(["true", "0.1"]), &json!(["true", "0.2"])));
    project.ok("diff v1 v2 --only command").says(&["true [-0.1-] {+0.2+}"]);
    // What the next run would record is not known yet.
    assert_eq!(project.json("diff v2", 0)["command"], json!(null));
}

#[test]
fn certify_promote_and_rollback() {
    let project = Project::rated();
    let first = project.version(0.60);
    let certified = project.json(&format!("certify {first} --first-release --reason begin"), 0);
    let fields = "verdict exit certificate candidate baseline policy_sha256 rules";
    has(&certified, "certify", fields);
    assert_eq!(certified["verdict"], "PASS");
    let verdicts: Vec<_> =
        certified["rules"].as_array().unwrap().iter().map(|r| r["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["NOT_APPLICABLE", "PASS", "NOT_APPLICABLE"]);
    let promoted = project.json("promote fraud@v1 --to production", 0);
    let moved = "verdict exit stage version id previous event certificate approvals skipped unchanged reasons";
    has(&promoted, "promote", moved);
    has_fields(&promoted, "model forced overruled reason hooks passed_over dry_run");
    assert_eq!((promoted["verdict"].as_str(), promoted["previous"].is_null()), (Some("PROMOTED"), true));
    assert_eq!(promoted["certificate"], certified["certificate"]);
    has_fields(&promoted["event"], "seq id");

    let worse = project.version(0.30);
    let failed = project.json(&format!("certify {worse}"), 1);
    has(&failed, "certify", fields);
    let rule = &failed["rules"][0];
    has_fields(rule, "id verdict metric set slice n candidate baseline delta lower upper margin method reason");
    assert_eq!(
        (rule["id"].as_str(), rule["verdict"].as_str(), rule["n"].as_u64()),
        (Some("auc"), Some("FAIL"), Some(1200))
    );
    assert!(rule["delta"].as_f64().unwrap() < -0.02 && rule["upper"].as_f64().unwrap() < -0.02);
    let refused = project.json(&format!("promote {worse} --to production"), 1);
    has(&refused, "promote", moved);
    assert_eq!(refused["verdict"], "REFUSED");
    has_fields(&refused["reasons"][0], "code message hint");
    assert_eq!(refused["reasons"][0]["code"], "verdict");

    let better = project.version(0.70);
    project.succeed(&better);
    let back = project.json("rollback fraud --reason slow", 0);
    has(&back, "rollback", moved);
    has_fields(&back, "model blocked looked_at hooks passed_over dry_run");
    assert_eq!((back["verdict"].as_str(), back["version"].as_str()), (Some("ROLLED_BACK"), Some("v1")));
    assert_eq!(back["previous"], "v3");
    let nothing = project.json("rollback fraud --from v1 --reason worse", 1);
    has(&nothing, "rollback", moved);
    assert_eq!(nothing["reasons"][0]["code"], "nothing-left");
    has_fields(&nothing["reasons"][0], "code message hint");

    // The last line names the verdict, for people.
    assert!(project.mlrun("certify v2").exits(1).last_line().starts_with("FAIL"));
    assert_eq!(project.mlrun("promote v3 --to production").exits(5).last_line(), "REFUSED");
    assert_eq!(project.mlrun("promote v1 --to production").exits(0).last_line(), "PROMOTED");
    assert_eq!(project.mlrun("rollback --from v3 --reason x").exits(0).last_line(), "ROLLED_BACK");
    assert_eq!(project.mlrun("rollback --reason x").exits(5).last_line(), "REFUSED");
}

#[test]
fn the_other_verbs() {
    let project = Project::with_history();
    has(&project.json("status", 0), "status", "store repository models");
    let model = project.json("status", 0)["models"][0].clone();
    has_fields(&model, "model latest workspace stages certificate next");
    has_fields(
        &model["stages"][0],
        "stage version id since kind rollback_to actor reason overruled open_hooks observed",
    );
    assert_eq!(model["stages"][0]["rollback_to"], "v2");
    let block = project.json("block v1 --reason leak", 0);
    has(&block, "block", "model version id stage blocked holds unchanged event");
    assert!(block["stage"].is_null(), "without --stage every one");
    has(&project.json("unblock v1", 0), "unblock", "model version id stage blocked holds unchanged event");
    let restored = project.json("restore v2 --to back", 0);
    assert_eq!((restored["model"].as_str(), restored["version"].as_str()), (Some("fraud"), Some("v2")));
    has(&restored, "restore", "version id to written kept overwritten bytes files missing");
    let bundle = project.json("bundle v2 -o case.tar.gz", 0);
    assert_eq!((bundle["model"].as_str(), bundle["version"].as_str()), (Some("fraud"), Some("v2")));
    has(&bundle, "bundle", "version id output size sha256 entries missing");
    assert_eq!(project.json("bundle --verify case.tar.gz", 0)["version"], "v2");
    let checked = project.json("bundle --verify case.tar.gz", 0);
    has(&checked, "bundle", "ok model version id entries bytes sha256 head not_checked");
    has_fields(&checked["head"], "seq id");
    let imported = project.json("import case.tar.gz --as other", 0);
    let fields = "model version id origin unchanged files bytes stored_bytes left_out erased not_checked event dry_run";
    has(&imported, "import", fields);
    has_fields(&imported["origin"], "repository model version");
    assert_eq!(project.json("show other@v1", 0)["origin"]["version"], "v2");
    for line in ["verify", "verify --full", "verify --journal", "verify v2"] {
        let verify = project.json(line, 0);
        has(&verify, "verify", "ok checked problems");
        has_fields(&verify["checked"], "objects bytes events");
        assert_eq!((verify["ok"].as_bool(), verify["problems"].as_array().map(Vec::len)), (Some(true), Some(0)));
    }
    has(&project.json("init", 0), "init", "store unchanged");
    has(&project.json("seed 42 numpy torch", 0), "seed", "root seeds");
    assert_eq!(project.ok("seed 42 numpy").stdout, "3014799124\n");
    assert_eq!(project.ok("seed 42 numpy torch").stdout, "numpy  3014799124\ntorch  3587361428\n");
    project.fails("seed 42 numpy numpy", &Bad { exit: 2, message: &["NAME `numpy`", "twice"], hint: &[] });
    project.fails("seed -1 numpy", &Bad { exit: 2, message: &[], hint: &[] });
    let purge = project.json("purge v1 --path out/latency.csv --reason old", 0);
    has(
        &purge,
        "purge",
        "exit model version id name sha256 versions unchanged objects bytes packs shared also_in events dry_run",
    );
    has_fields(&purge["versions"][0], "model version paths model_file stages");
    has_fields(&purge["events"][0], "model seq id time");
    let named = project.json("rename fraud risk", 0);
    has(&named, "rename", "model from first_name configured_as unchanged event dry_run");
    has(&project.json("rename risk fraud --dry-run", 0), "rename", "model unchanged");
    project.ok("rename risk fraud");
    let broken = project.json("bisect fraud --metric auc>0.98", 0);
    has(&broken, "bisect", "exit model good first_bad id suspects tested skipped good_again runs most_runs");
    has_fields(&broken["tested"][0], "version verdict exit milliseconds value");
    let clock = project.json("doctor --clock --reason test", 0);
    has(&clock, "doctor-clock", "now journals unchanged dry_run");
    has_fields(&project.json("show v1", 0), "life approvals");
    let held = "kind reason forced overruled retired hooks observed cut";
    has_fields(&project.json("at", 0)["stages"][0], held);
    has_fields(&project.json("show v1", 0)["erased"][0], "path sha256 size field time actor reason event");
    has_fields(&project.json("restore v1 --to rest --without-erased", 0), "erased missing");
    has_fields(&project.json("verify", 0)["erased"][0], "model versions path time reason");
}

#[test]
fn everything_may_be_repeated() {
    let project = Project::rated();
    let unchanged = |line: &str| {
        let before = project.fingerprint();
        let object = project.json(line, 0);
        assert_eq!(object["unchanged"], true, "{line}: {object}");
        assert_eq!(before, project.fingerprint(), "{line}");
        object
    };
    unchanged("init");
    let first = project.version(0.60);
    assert_eq!(unchanged("snapshot fraud")["version"], "v1");
    assert_eq!(unchanged("snapshot fraud -q")["version"], "v1");
    let certify = format!("certify {first} --first-release --reason begin");
    let certificate = project.json(&certify, 0)["certificate"].clone();
    assert_eq!(unchanged(&certify)["certificate"], certificate);
    project.ok("promote v1 --to production");
    assert_eq!(unchanged("promote v1 --to production")["verdict"], "PROMOTED");
    let second = project.version(0.70);
    project.succeed(&second);
    let again = unchanged(&format!("promote {second}"));
    assert_eq!(again["event"], Value::Null);
    project.ok("rollback --from v2 --reason slow");
    for _ in 0..2 {
        let back = unchanged("rollback --from v2 --reason slow");
        assert_eq!((back["verdict"].as_str(), back["version"].as_str()), (Some("ROLLED_BACK"), Some("v1")));
    }
    project.ok("block v2 --reason leak");
    unchanged("block v2 --reason leak");
    project.ok("unblock v2");
    unchanged("unblock v2");
    project.ok("purge v2 --path out/latency.csv --reason old");
    unchanged("purge v2 --path out/latency.csv --reason old");
    project.ok("purge v2 --field params.skill --reason old");
    unchanged("purge v2 --field params.skill --reason old");
    // The first rollback did not count twice, and production is where it was.
    assert_eq!(project.production(), "v1");
    // Restoring again leaves every file alone.
    project.ok("restore v2 --to back --without-erased");
    assert_eq!(project.json("restore v2 --to back --without-erased", 0)["written"], 0);
}

#[test]
fn the_same_evidence_gives_the_same_certificate() {
    let project = Project::with_history();
    let fourth = project.version(0.72);
    let certify = format!("certify {fourth}");
    let one = project.json(&certify, 0);
    let events = project.events().len();
    let two = project.json(&certify, 0);
    assert_eq!((&one["certificate"], &one["rules"]), (&two["certificate"], &two["rules"]));
    assert_eq!(project.events().len(), events, "no new event");
    let id = one["certificate"].as_str().unwrap();
    let raw = project.ok(&format!("show --raw {id}")).stdout;
    assert_eq!(mlrun::digest::Digest::of(raw.as_bytes()).to_string(), id);
    assert!(!raw.contains("2026-") && !raw.contains("ana@example.org"), "no time and no person in it");
}

#[test]
fn a_rehearsal_writes_nothing() {
    let project = Project::with_history();
    let fourth = project.version(0.72);
    let rehearse = |line: &str, code: i32| {
        let shown = project.leaves_alone(line, code);
        project.leaves_alone(&format!("{line} --json"), code).object();
        shown
    };
    rehearse(&format!("certify {fourth} --dry-run"), 0);
    rehearse("certify --check", 0);
    project.ok(&format!("certify {fourth}"));
    rehearse(&format!("promote {fourth} --to production --dry-run"), 0).says(&["nothing was written"]);
    rehearse("promote v1 --to production --dry-run", 5);
    rehearse(&format!("promote {fourth} --to production --force --reason x --dry-run"), 0);
    rehearse("rollback fraud --reason x --dry-run", 0).says(&["v2", "nothing was written"]);
    rehearse("block v1 --reason x --dry-run", 0);
    project.ok("block v1 --reason x");
    rehearse("unblock v1 --dry-run", 0);
    rehearse("purge v1 --path out/latency.csv --reason x --dry-run", 0).says(&["nothing was written"]);
    rehearse("purge v1 --field params.skill --reason x --dry-run", 0).says(&["nothing was written"]);
    rehearse("restore v2 --to back --dry-run", 0).says(&["would write"]);
    rehearse("bundle v2 -o case.tar.gz --dry-run", 0);
    rehearse("rename fraud risk --dry-run", 0).says(&["nothing was written"]);
    rehearse("doctor --clock --reason test --dry-run", 0);
    let bundle = project.beside("case.tar.gz").display().to_string();
    project.run(&["bundle", "v2", "-o", &bundle]).exits(0);
    rehearse("import ../case.tar.gz --as other --dry-run", 0);
    assert!(!project.path("back").exists() && !project.path("case.tar.gz").exists());
    project.write("params.yaml", "skill: 1\n");
    let taken = rehearse("snapshot fraud --dry-run", 0);
    assert_eq!(taken.stdout, "fraud@v5\n");
    assert!(taken.stderr.contains("rehearsal"), "{taken}");
    let object = project.json("snapshot fraud --dry-run", 0);
    // What it would be is what it becomes.
    assert_eq!(project.json("snapshot fraud", 0)["id"], object["id"]);

    let fresh = Project::empty();
    fresh.write("params.yaml", "a: 1\n");
    fresh.ok("init --dry-run").says(&["would write mlrun.toml"]);
    assert_eq!(fresh.json("init --dry-run", 0)["written"].as_array().unwrap().len(), 1);
    assert!(!fresh.path("mlrun.toml").exists() && !fresh.path(".mlrun").exists());
}

#[test]
fn reading_verbs_write_nothing() {
    let project = Project::with_history();
    let lines = [
        "status",
        "list",
        "list fraud",
        "log",
        "show latest",
        "diff",
        "diff v1 v2",
        "at",
        "at 2020-01-01 fraud",
        "at fraud",
        "bisect --metric auc>0.99",
        "verify",
        "verify --full",
        "doctor",
        "certify --check",
        "show production --print id",
    ];
    for line in lines {
        project.leaves_alone(line, 0);
    }
}

#[test]
fn approve_and_withdraw() {
    let project = Project::rated();
    let rules = "approvals = { risk = 1 }\n\n[roles]\nrisk = [\"ana@example.org\"]\n";
    project.write("mlrun.toml", project.read("mlrun.toml") + rules);
    project.committed();
    project.git("config user.email ben@example.org");
    project.version(0.6);
    project.ok("certify v1 --first-release --reason begin");
    project.git("config user.email ana@example.org");
    let statement = project.json("approve v1 --print-statement", 0);
    has(&statement, "approve", "statement text namespace");
    project.leaves_alone("approve v1 --dry-run", 0).says(&["nothing was written"]);
    let fields =
        "model version id rules stage role person certificate statement signature signed key unchanged event dry_run";
    let approved = project.json("approve v1", 0);
    has(&approved, "approve", fields);
    assert_eq!((&approved["statement"], approved["unchanged"].as_bool()), (&statement["statement"], Some(false)));
    has_fields(&approved["event"], "seq id time");
    assert_eq!(project.json("approve v1", 0)["unchanged"], true);
    let listed = &project.json("show v1", 0)["approvals"][0];
    has_fields(
        listed,
        "stage role person certificate statement signature signed event time text counts reason withdrawn",
    );
    project.leaves_alone("withdraw v1 --dry-run", 0).says(&["nothing was written"]);
    let withdrawn = project.json("withdraw v1", 0);
    has(&withdrawn, "withdraw", "model version id rules stage role person approvals unchanged event dry_run");
    assert_eq!(project.json("withdraw v1", 0)["unchanged"], true);
}

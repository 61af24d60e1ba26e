//! A version brought into another store: the same ids, the next number, and nothing of what was decided elsewhere in force.

use std::fs;

use serde_json::Value;

use super::harness::{Bad, Project, shown};

/// v3 of a history in production there, bundled; and a project of another history, with the same rules and one version of its own.
fn scene() -> (Project, Project) {
    let project = Project::with_history();
    project.write("model/deep/er/tokens.txt", "a\nb\n").write("model/run.sh", "#!/bin/sh\n");
    shown(project.other("chmod").args(["+x", "model/run.sh"])).exits(0);
    let version = project.version(0.75);
    project.succeed(&version);
    let other = Project::rated();
    other.version(0.5);
    let bundle = other.beside("case.tar.gz").display().to_string();
    project.run(&["bundle", "v4", "-o", &bundle]).exits(0);
    (project, other)
}

const IMPORT: &str = "import ../case.tar.gz";

/// The name it has there may be another name of a model here: then it is one of its versions, and is called so.
#[test]
fn a_name_that_is_another_name_here() {
    let (_, other) = scene();
    other.ok("rename fraud fraud-eu");
    other.leaves_alone(&format!("{IMPORT} --dry-run"), 0).says(&["fraud-eu@v2 would be imported"]);
    let imported = other.json(IMPORT, 0);
    assert_eq!((&imported["model"], &imported["version"]), (&"fraud-eu".into(), &"v2".into()));
    assert_eq!(imported["origin"]["model"], "fraud");
    let before = other.fingerprint();
    for name in ["fraud", "fraud-eu"] {
        let again = other.json(&format!("{IMPORT} --as {name}"), 0);
        assert_eq!((&again["model"], &again["unchanged"]), (&"fraud-eu".into(), &true.into()));
    }
    assert_eq!(before, other.fingerprint());
    assert_eq!(other.json("show fraud@v2", 0)["model"], "fraud-eu");
    // One that nothing is called begins a model.
    assert_eq!(other.json(&format!("{IMPORT} --as fraud-us"), 0)["version"], "v1");
    other.ok("verify --full");
    other.ok("verify --journal");
}

#[test]
fn a_version_keeps_its_id_and_gets_the_next_number() {
    let (project, other) = scene();
    let there = project.json("show v4", 0);
    other.leaves_alone(&format!("{IMPORT} --dry-run"), 0).says(&["would be imported", "fraud@v2"]);
    assert_eq!(other.json(&format!("{IMPORT} --dry-run"), 0)["version"], "v2");
    let imported = other.json(IMPORT, 0);
    assert_eq!(imported["schema"], "mlrun/import/1");
    assert_eq!((imported["version"].as_str(), imported["unchanged"].as_bool()), (Some("v2"), Some(false)));
    assert_eq!(imported["id"], there["id"]);
    assert_eq!(imported["origin"]["version"], "v4");
    let here = other.json("show v2", 0);
    for part in ["id", "files", "params", "metrics", "data", "code", "environment", "seeds", "notes"] {
        assert_eq!(here[part], there[part], "{part}");
    }
    // The files, too, to the last bit.
    other.ok("restore v2 --to ../back");
    project.ok("restore v4 --to ../back");
    let listing = |at: &Project| {
        let mut find = at.other("find");
        find.args([".", "-printf", "%P %m %y\n"]).current_dir(at.beside("back"));
        let mut lines: Vec<String> = shown(&mut find).exits(0).stdout.lines().map(str::to_owned).collect();
        lines.sort();
        (lines, super::harness::fingerprint(&at.beside("back")))
    };
    assert_eq!(listing(&other), listing(&project));
    let event = other.events_of("import").pop().unwrap();
    let bundle = fs::read(other.beside("case.tar.gz")).unwrap();
    assert_eq!(event["version"], "v2");
    let raw: Value =
        serde_json::from_str(fs::read_to_string(journal(&other, 3)).unwrap().lines().next().unwrap()).unwrap();
    assert_eq!(raw["origin"]["bundle"], crate::support::sha256sum(&bundle));
    assert_eq!(raw["origin"]["head"]["id"], project.events().last().unwrap()["id"]);
    assert_eq!(raw["parent"], other.json("show v1", 0)["id"]);
    for line in ["verify", "verify --full", "verify --journal", "verify v2"] {
        other.ok(line);
    }
    // Again: nothing new, not even in the store.
    let before = other.fingerprint();
    let again = other.json(IMPORT, 0);
    assert_eq!(
        (again["version"].as_str(), again["unchanged"].as_bool(), &again["event"]),
        (Some("v2"), Some(true), &Value::Null)
    );
    assert_eq!(before, other.fingerprint());
    // And where it was made it is what it was.
    let home = project.run(&["import", &other.beside("case.tar.gz").display().to_string(), "--json"]).exits(0).object();
    assert_eq!((home["version"].as_str(), home["unchanged"].as_bool()), (Some("v4"), Some(true)));
}

fn journal(project: &Project, seq: u64) -> std::path::PathBuf {
    project.store().join(format!("journal/fraud/{seq:016}"))
}

#[test]
fn nothing_of_elsewhere_is_in_force() {
    let (_, other) = scene();
    let imported = other.ok(IMPORT).says(&["count there, not here", "mlrun certify fraud@v2"]);
    assert!(imported.stdout.contains("fraud@v2 imported"), "{imported}");
    let version = other.json("show v2", 0);
    assert_eq!(
        (&version["certificates"], &version["approvals"], &version["stages"]),
        (&Value::Array(vec![]), &Value::Array(vec![]), &Value::Array(vec![]))
    );
    assert_eq!(other.production(), "");
    let refused = other.json("promote v2 --to production", 1);
    assert_eq!(refused["reasons"][0]["code"], "no-certificate", "{refused:#}");
    // It is judged like any other, by the rules here, on the evidence that it came with.
    other.ok("certify v2 --first-release --reason begin");
    other.ok("promote v2 --to production");
    assert_eq!(other.production(), "v2");
    // What was said elsewhere is still there to be read.
    let raw: Value =
        serde_json::from_str(fs::read_to_string(journal(&other, 3)).unwrap().lines().next().unwrap()).unwrap();
    let list = raw["origin"]["records"].as_str().unwrap();
    let kept: Value = serde_json::from_str(&other.ok(&format!("show --raw {list}")).stdout).unwrap();
    let certificate = kept["records"]["certificate.json"].as_str().unwrap();
    assert!(other.ok(&format!("show --raw {certificate}")).stdout.contains("\"verdict\":\"PASS\""));
    assert!(kept["records"].as_object().unwrap().keys().any(|name| name.starts_with("events/")));
    // A collection leaves all of it alone, a version that is dropped lets go of its files.
    other.ok("gc --now");
    other.ok("verify --full");
    other.ok(&format!("show --raw {certificate}"));
}

/// Whoever brings it in did not make it: nobody approves their own by a detour.
#[test]
fn who_made_it_elsewhere_does_not_approve_it_here() {
    let by = |project: &Project, who: &str, line: &str| {
        let mut command = project.command(&line.split(' ').collect::<Vec<_>>());
        command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "user.email");
        shown(command.env("GIT_CONFIG_VALUE_0", format!("{who}@example.org")))
    };
    let there = Project::rated();
    there.train(0.6);
    by(&there, "eve", "snapshot fraud").exits(0);
    let here = Project::rated();
    let roles =
        "approvals = { risk = 1 }\n[roles]\nrisk = [\"eve@example.org\", \"dan@example.org\", \"ben@example.org\"]\n";
    here.write("mlrun.toml", here.read("mlrun.toml") + roles);
    let bundle = here.beside("case.tar.gz").display().to_string();
    there.run(&["bundle", "v1", "-o", &bundle]).exits(0);
    by(&here, "dan", IMPORT).exits(0);
    let raw: Value =
        serde_json::from_str(fs::read_to_string(journal(&here, 2)).unwrap().lines().next().unwrap()).unwrap();
    assert_eq!(raw["origin"]["authors"][0]["email"], "eve@example.org");
    here.ok("certify v1 --first-release --reason begin");
    let line = "approve v1 --role risk --for production";
    for own in ["eve", "dan"] {
        by(&here, own, line).exits(1).says(&["nobody approves their own"]);
    }
    here.mlrun("promote v1 --to production").exits(1).says(&["it takes ben@example.org"]);
    by(&here, "ben", line).exits(0);
    here.ok("promote v1 --to production");
    // From store to store it is still hers.
    let third = Project::rated();
    third.write("mlrun.toml", third.read("mlrun.toml") + roles);
    here.run(&["bundle", "v1", "-o", &third.beside("case.tar.gz").display().to_string()]).exits(0);
    by(&third, "cyd", IMPORT).exits(0);
    third.ok("certify v1 --first-release --reason begin");
    by(&third, "eve", line).exits(1).says(&["nobody approves their own"]);
    by(&third, "ben", line).exits(0);
    // What was imported by a program that did not note it could be anybody's.
    let old = Project::rated();
    old.write("mlrun.toml", old.read("mlrun.toml") + roles);
    by(&old, "dan", &format!("import {bundle}")).exits(0);
    let path = journal(&old, 2);
    let line_of = fs::read_to_string(&path).unwrap().lines().next().unwrap().to_owned();
    let mut event: Value = serde_json::from_str(&line_of).unwrap();
    event["origin"].as_object_mut().unwrap().remove("authors");
    let text = format!("{event}\n");
    fs::write(&path, format!("{text}{}\n", crate::support::sha256sum(text.as_bytes()))).unwrap();
    fs::remove_dir_all(old.store().join("cache")).unwrap();
    old.ok("verify --journal");
    old.ok("certify v1 --first-release --reason begin");
    by(&old, "ben", line).exits(1).says(&["who took fraud@v1 is not known"]);
}

#[test]
fn what_is_no_bundle_is_called_so() {
    let project = Project::tiny();
    let folder = Bad { exit: 2, message: &["`", "is a folder, and no bundle of mlrun"], hint: &["mlrun bundle REV"] };
    for line in ["import .", "import model", "bundle --verify model"] {
        project.fails(line, &folder);
    }
    let junk = Bad { exit: 4, message: &["metrics.json` is no bundle of mlrun"], hint: &["mlrun bundle REV"] };
    project.fails("import metrics.json", &junk);
    project.fails("import none.tar.gz", &Bad { exit: 6, message: &["none.tar.gz"], hint: &[] });
}

#[test]
fn another_name_and_another_bundle_of_it() {
    let (project, other) = scene();
    let imported = other.json(&format!("{IMPORT} --as fraud-eu"), 0);
    assert_eq!((imported["model"].as_str(), imported["version"].as_str()), (Some("fraud-eu"), Some("v1")));
    assert_eq!(imported["id"], project.json("show v4", 0)["id"]);
    assert_eq!(other.json("diff fraud-eu@v1 v1", 0)["identical"], true);
    other.ok("bundle fraud-eu@v1 -o again.tar.gz");
    other.ok("bundle --verify again.tar.gz");
    // From there into a third store: still the same version.
    let third = Project::tiny();
    let bundle = other.path("again.tar.gz").display().to_string();
    let carried = third.run(&["import", &bundle, "--json"]).exits(0).object();
    assert_eq!((carried["model"].as_str(), &carried["id"]), (Some("fraud-eu"), &imported["id"]));
    third.ok("verify --full");
    other.fails(&format!("{IMPORT} --as Bad/Name/"), &Bad { exit: 2, message: &["Bad/Name/"], hint: &[] });
    other.fails("import gone.tar.gz", &Bad { exit: 6, message: &["gone.tar.gz"], hint: &[] });
}

#[test]
fn what_was_lost_comes_back_by_importing_it_again() {
    let (_, other) = scene();
    other.ok(IMPORT);
    // Every pack but those of the first version is lost.
    let packs = other.store().join("packs");
    let all = |folder: &std::path::Path| -> Vec<std::path::PathBuf> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let newest = all(&packs).into_iter().max_by_key(|path| fs::metadata(path).unwrap().modified().unwrap()).unwrap();
    fs::remove_file(&newest).unwrap();
    let _ = fs::remove_dir_all(other.store().join("index"));
    other.mlrun("verify --full").exits(4).says(&["record that came along is missing", "fraud@v2"]);
    let again = other.json(IMPORT, 0);
    assert_eq!((again["version"].as_str(), again["unchanged"].as_bool()), (Some("v2"), Some(true)));
    other.ok("verify --full");
    other.ok("restore v2 --to ../back");
}

#[test]
fn what_was_erased_there_is_a_tombstone_here() {
    let project = Project::rated();
    project.version(0.6);
    project.ok("purge v1 --path out/latency.csv --reason request-4711");
    project.ok("purge v1 --field params.skill --reason private");
    let other = Project::tiny();
    let bundle = other.beside("case.tar.gz").display().to_string();
    project.run(&["bundle", "v1", "-o", &bundle]).exits(0);
    let imported = other.ok(IMPORT);
    imported.says(&["out/latency.csv was erased there", "params.skill was erased there"]);
    for line in ["verify", "verify --full", "gc --now", "verify"] {
        other.ok(line);
    }
    let version = other.json("show fraud@v1", 0);
    assert_eq!(version["id"], project.json("show v1", 0)["id"]);
    let erased: Vec<_> =
        version["erased"].as_array().unwrap().iter().map(|one| one["reason"].as_str().unwrap()).collect();
    assert_eq!(erased, ["request-4711", "private"]);
    let again = other.json(IMPORT, 0);
    assert_eq!(again["unchanged"], true);
    other.ok("restore v1 --to ../back --without-erased");
    assert!(!other.beside("back/out/latency.csv").exists());
}

#[test]
fn what_was_erased_here_does_not_come_back_unasked() {
    let (_, other) = scene();
    other.ok(IMPORT);
    other.ok("purge v2 --path out/latency.csv --reason request-4711");
    // The version is here, without it.
    assert_eq!(other.json(IMPORT, 0)["unchanged"], true);
    other.ok("verify --full");
    let bad = Bad { exit: 1, message: &["out/latency.csv", "erased"], hint: &["--allow-erased"] };
    other.fails(&format!("{IMPORT} --as copy"), &bad);
    other.ok(&format!("{IMPORT} --as copy --allow-erased"));
    other.ok("restore copy@v1 --to ../back");
}

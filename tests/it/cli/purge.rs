//! `purge`: what was erased is nowhere in the store, everything says so, and nothing else is lost.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mlrun::digest::Digest;
use serde_json::Value;

use super::harness::{Bad, Project};
use crate::support::noise::noise;
use crate::support::project::contents;

/// Stands in what is to be erased, and is stored as it is: the bytes around it cannot be compressed.
const NEEDLE: &str = "jane.doe@example.org has a heart condition";

/// A table about people, and noise.
fn table(seed: u64) -> Vec<u8> {
    [NEEDLE.as_bytes(), &noise(seed, 400_000)].concat()
}

/// Files of the store that show the needle, or any piece of the noise after it.
fn shows(project: &Project, seed: u64) -> Vec<String> {
    let noise = noise(seed, 400_000);
    let pieces: std::collections::HashSet<&[u8]> = noise.chunks_exact(4096).map(|piece| &piece[..16]).collect();
    let holds = |bytes: &[u8]| bytes.windows(16).any(|window| pieces.contains(window));
    let needle = |bytes: &[u8]| bytes.windows(NEEDLE.len()).any(|window| window == NEEDLE.as_bytes());
    let files = contents(&project.store()).into_iter();
    files.filter(|(_, bytes)| holds(bytes) || needle(bytes)).map(|(name, _)| name).collect()
}

/// Two versions of a model with the same data, and a model of another name that has it as a result.
fn project() -> Project {
    let project = Project::tiny();
    project.write("data/people.csv", table(1)).write("data/prices.csv", "a\n1\n");
    project.ok("snapshot fraud --data train=data/");
    project.write("model/weights.bin", noise(5, 300_000));
    project.ok("snapshot fraud --data train=data/");
    project.ok("snapshot churn --files model/ --results data/people.csv");
    project
}

fn versions(report: &Value) -> Vec<String> {
    let name = |v: &Value| format!("{}@{}", v["model"].as_str().unwrap(), v["version"].as_str().unwrap());
    report["versions"].as_array().unwrap().iter().map(name).collect()
}

#[test]
fn a_file_is_erased_everywhere() {
    let project = project();
    assert!(!shows(&project, 1).is_empty());
    let purge = ["purge", "fraud@v1", "--path", "data/people.csv", "--reason", "request 4711"];
    let line = "purge fraud@v1 --path data/people.csv --reason 4711 --dry-run";
    project.leaves_alone(line, 0).says(&["fraud@v1", "fraud@v2", "churn@v1", "nothing was written"]);
    let planned = project.leaves_alone(&format!("{line} --json"), 0).object();
    assert_eq!(versions(&planned), ["churn@v1", "fraud@v1", "fraud@v2"]);
    assert_eq!(planned["schema"], "mlrun/purge/1");
    assert!(planned["bytes"].as_u64().unwrap() > 400_000 && planned["dry_run"] == true, "{planned}");
    let done = project.run(&[&purge[..], &["--json"]].concat()).exits(0).object();
    for field in ["versions", "bytes", "objects", "packs", "sha256"] {
        assert_eq!(done[field], planned[field], "{field}");
    }
    assert_eq!(shows(&project, 1), [""; 0]);
    // Each journal tells it.
    for model in ["fraud", "churn"] {
        let log = project.json(&format!("log {model} --kind purge"), 0)["events"].clone();
        assert_eq!(log.as_array().unwrap().len(), 1, "{log}");
        assert_eq!((log[0]["reason"].as_str(), log[0]["actor"]["name"].is_string()), (Some("request 4711"), true));
        let file = &log[0]["erased"]["file"];
        assert_eq!((file["path"].as_str(), file["size"].as_u64()), (Some("data/people.csv"), Some(400_042)));
        assert_eq!(file["sha256"], done["sha256"][0]);
    }
    project.ok("log fraud").says(&["purge", "data/people.csv from v1 and 1 more: request 4711"]);
    // Again: nothing happens.
    let before = project.fingerprint();
    let again = project.run(&[&purge[..], &["--json"]].concat()).exits(0).object();
    assert_eq!((again["unchanged"].as_bool(), again["events"].as_array().map(Vec::len)), (Some(true), Some(0)));
    project.run(&purge).exits(0).says(&["erased already"]);
    assert_eq!(before, project.fingerprint());
    everything_else_is_there(&project);
    for line in ["gc", "gc --now", "verify --full"] {
        project.ok(line);
        everything_else_is_there(&project);
    }
    assert_eq!(shows(&project, 1), [""; 0]);
}

/// What every verb says of the versions that lost the table, and of what they kept.
fn everything_else_is_there(project: &Project) {
    let verified = project.json("verify --full", 0);
    assert_eq!((verified["ok"].as_bool(), verified["erased"].as_array().map(Vec::len)), (Some(true), Some(2)));
    assert_eq!(verified["erased"][1]["path"], "data/people.csv");
    project.ok("verify").says(&["data/people.csv", "erased", "whole"]);
    project.ok("verify fraud@v2").says(&["erased", "request 4711"]);
    let gone = Bad { exit: 1, message: &["data/people.csv", "erased", "request 4711"], hint: &["--without-erased"] };
    for line in ["restore fraud@v2 --to all", "restore fraud@v2 --to all --only data"] {
        project.fails(line, &gone);
        project.fails(&format!("{line} --dry-run"), &gone);
    }
    assert!(!project.path("all").exists(), "what is not whole does not look whole");
    let kept = project.beside("kept");
    let kept = kept.to_str().unwrap();
    project.ok(&format!("restore fraud@v2 --to {kept}/model-only --only model"));
    let line = format!("restore fraud@v2 --to {kept}/rest --without-erased");
    project.ok(&line).says(&["warning: data/people.csv is not restored: erased"]);
    let rest = project.json(&line, 0);
    assert_eq!(rest["erased"][0]["path"], "data/people.csv");
    assert!(!rest.to_string().contains("\"path\":\"data/people.csv\",\"sha256\""), "{rest}");
    let read = |path: &str| fs::read(Path::new(kept).join(path)).unwrap();
    assert!(read("rest/model/weights.bin") == noise(5, 300_000) && read("rest/data/prices.csv") == b"a\n1\n");
    assert!(!Path::new(kept).join("rest/data/people.csv").exists());
    let shown = project.json("show fraud@v1", 0);
    assert_eq!(
        (shown["erased"][0]["path"].as_str(), shown["erased"][0]["reason"].as_str()),
        (Some("data/people.csv"), Some("request 4711"))
    );
    assert_eq!(shown["data"][0]["not_stored"], "1 of its 2 files were erased");
    project.ok("show fraud@v1").says(&["data/people.csv: erased", "request 4711", "-  `data/people.csv` was erased"]);
    assert_eq!(project.json("list fraud", 0)["versions"][0]["erased"], true);
    project.ok("list fraud").says(&["erased"]);
    project.ok("diff fraud@v1 fraud@v2").says(&["model/weights.bin", "fraud@v1 data/people.csv: erased"]);
    project.ok("status fraud");
}

/// It is the model itself, and it is in production.
#[test]
fn a_model_file_in_production() {
    let project = Project::rated();
    let first = project.version(0.60);
    project.release(&first);
    let second = project.version(0.65);
    project.succeed(&second);
    let third = project.version(0.70);
    project.succeed(&third);
    let secret = project.read("model/weights.bin");
    let done = project.mlrun("purge v3 --path model/weights.bin --reason leak").exits(0);
    done.clone().says(&[
        "in production",
        "warning: fraud@v3 holds production and lost a file of its model: it cannot be restored whole",
        "`mlrun rollback fraud --stage production --from v3 --reason …` brings production back",
    ]);
    let store = contents(&project.store());
    assert!(store.values().all(|bytes| !bytes.windows(secret.len()).any(|window| window == secret.as_bytes())));
    project.ok("status").says(&["erased; it lost model/weights.bin for good"]);
    assert_eq!(project.json("status", 0)["models"][0]["stages"][0]["erased"][0], "model/weights.bin");
    let files = project.json("show production", 0)["files"].clone();
    assert_eq!(files[0]["erased"]["reason"], "leak");
    // The way back is open, and does not lead there again.
    assert_eq!(project.json("rollback fraud --reason leak --no-block", 0)["version"], "v2");
    let refused = project.json("rollback fraud --from v2 --to v3 --reason slip", 1);
    assert_eq!(refused["reasons"][0]["code"], "erased", "{refused}");
    project.ok("certify v3");
    let refused = project.json("promote v3 --to production", 1);
    assert_eq!(refused["reasons"][0]["code"], "erased", "{refused}");
    project.mlrun("promote v3 --to production").exits(1).says(&["model/weights.bin", "leak"]);
    // v1 is passed over on the way down, and said to be.
    project.ok("purge v1 --path model/weights.bin --reason leak");
    let nothing = project.json("rollback fraud --from v2 --reason slow", 1);
    assert_eq!(nothing["reasons"][0]["code"], "nothing-left");
    assert!(nothing["skipped"].to_string().contains("erased: `model/weights.bin`"), "{nothing}");
    project.ok("verify --full");
    // What the certificate rested on is gone: it cannot be made again.
    project.ok("purge v2 --path out/predictions.csv --reason leak");
    project.fails("certify v2", &Bad { exit: 1, message: &["out/predictions.csv", "leak"], hint: &["mlrun show"] });
    project.ok("verify --full");
}

#[test]
fn it_does_not_come_back_by_itself() {
    let project = project();
    project.ok("purge fraud@v1 --path data/people.csv --reason 4711");
    let again = Bad { exit: 1, message: &["data/people.csv", "fraud@v1", "4711"], hint: &["--allow-erased"] };
    project.fails("snapshot fraud --data train=data/", &again);
    project.fails("snapshot other --files data/people.csv", &Bad { message: &["data/people.csv", "4711"], ..again });
    assert_eq!(shows(&project, 1), [""; 0]);
    // The same length is not the same file.
    project.write("data/people.csv", [&[b'x'; 42][..], &noise(2, 400_000)].concat());
    assert_eq!(project.ok("snapshot fraud --data train=data/").stdout, "fraud@v3\n");
    // Who means it has it again, in the new version: the old ones stay without.
    project.write("data/people.csv", table(1));
    let taken = project.ok("snapshot fraud --data train=data/ --allow-erased");
    assert_eq!(taken.stdout, "fraud@v4\n");
    taken.says(&["warning: `data/people.csv` is stored again, which was of `fraud@v1` and erased", "4711"]);
    project.ok("restore v4 --to four");
    assert!(fs::read(project.path("four/data/people.csv")).unwrap() == table(1));
    project.mlrun("restore v1 --to one").exits(1);
    project.ok("gc --now");
    project.ok("verify --full");
    assert!(!shows(&project, 1).is_empty(), "it is v4's");
    let done = project.json("purge v1 --path data/people.csv --reason again", 0);
    assert_eq!(versions(&done), ["fraud@v4"]);
    assert_eq!(shows(&project, 1), [""; 0]);
    project.ok("verify --full");
}

/// The newest version was erased from, and is what the workspace is: taken again it is another version.
#[test]
fn the_newest_version_taken_again() {
    let project = Project::tiny();
    project.write("model/weights.bin", noise(5, 300_000));
    project.ok("snapshot fraud");
    project.ok("purge v1 --path model/weights.bin --reason slip");
    project.mlrun("snapshot fraud").exits(1);
    assert_eq!(project.ok("snapshot fraud --allow-erased --new-version").stdout, "fraud@v2\n");
    project.ok("restore v2 --to two");
    project.ok("verify --full");
    assert_eq!(project.ok("snapshot fraud --allow-erased").stdout, "fraud@v2\n");
}

/// Dropped versions, and what lies in the trash.
#[test]
fn the_trash_too() {
    let project = Project::tiny();
    for seed in [1, 2] {
        let people = if seed == 1 { table(1) } else { noise(2, 400_000) };
        project.write("model/people.csv", people).write("model/weights.bin", noise(seed + 10, 300_000));
        project.ok("snapshot fraud");
    }
    project.ok("drop v1 --reason old");
    project.ok("gc");
    assert!(shows(&project, 1).iter().any(|name| name.starts_with("trash/")));
    let done = project.json("purge v1 --path model/people.csv --reason 4711", 0);
    assert_eq!(done["packs"]["in_trash"], 1);
    assert_eq!(shows(&project, 1), [""; 0].to_vec());
    // What lay in the trash beside it is still there to be taken back.
    let store = contents(&project.store());
    let piece = &noise(11, 300_000)[4096..4128];
    assert!(store.iter().any(|(name, b)| name.starts_with("trash/") && b.windows(32).any(|w| w == piece)));
    project.ok("purge v2 --path model/people.csv --reason 4711");
    project.ok("restore v2 --to two --without-erased");
    project.ok("verify --full");
}

/// The process died behind the tombstone: `verify` says so, and `gc` or the same command ends it.
#[test]
fn a_purge_that_was_cut_short() {
    for end in ["gc", "purge fraud@v1 --path data/people.csv --reason 4711"] {
        let project = project();
        let packs = |project: &Project| -> BTreeMap<String, Vec<u8>> {
            contents(&project.store()).into_iter().filter(|(name, _)| name.starts_with("packs/")).collect()
        };
        let before = packs(&project);
        project.ok("purge fraud@v1 --path data/people.csv --reason 4711");
        let events = project.json("log fraud", 0)["events"].as_array().unwrap().len();
        fs::remove_dir_all(project.store().join("packs")).unwrap();
        fs::remove_dir_all(project.store().join("index")).unwrap();
        fs::create_dir(project.store().join("packs")).unwrap();
        before.iter().for_each(|(name, bytes)| fs::write(project.store().join(name), bytes).unwrap());
        let found = project.json("verify", 4);
        assert_eq!(found["problems"][0]["kind"], "erased", "{found}");
        project.mlrun("verify --full").exits(4).says(&["still stored: the erasing was cut short"]);
        project.mlrun("restore fraud@v1 --to all").exits(1);
        project.ok(end);
        assert_eq!(shows(&project, 1), [""; 0], "{end}");
        assert_eq!(project.json("log fraud", 0)["events"].as_array().unwrap().len(), events, "no second tombstone");
        project.ok("verify --full");
        project.ok("restore fraud@v2 --to rest --without-erased");
    }
}

/// The same of a field: the copy and the tombstone are there, and the record still is.
#[test]
fn a_field_that_was_half_erased() {
    for end in ["gc", "purge v1 --field params.owner --reason 4711"] {
        let project = Project::tiny();
        project.write("params.yaml", "owner: jane.doe.of.accounting\nseed: 7\n");
        project.ok("snapshot fraud");
        let id = project.json("show v1", 0)["id"].as_str().unwrap().to_owned();
        let packs = contents(&project.store()).into_iter().filter(|(name, _)| name.starts_with("packs/"));
        let before: Vec<_> = packs.collect();
        project.ok("purge v1 --field params.owner --reason 4711");
        fs::remove_dir_all(project.store().join("index")).unwrap();
        before.iter().for_each(|(name, bytes)| fs::write(project.store().join(name), bytes).unwrap());
        assert!(!project.mlrun(&format!("show --raw {id}")).exits(0).stdout.is_empty());
        let found = project.json("verify --full", 4);
        assert_eq!(
            (found["problems"][0]["kind"].as_str(), found["problems"][0]["id"].as_str()),
            (Some("erased"), Some(&*id))
        );
        project.ok(end);
        project.mlrun(&format!("show --raw {id}")).exits(6);
        assert_eq!(project.json("show v1", 0)["params"]["owner"]["erased"], "for good");
        assert_eq!(project.events_of("purge").len(), 1);
        project.ok("verify --full");
    }
}

/// What cannot be read may hold it, or share what would go: nothing is begun, and the cure is named.
#[test]
fn a_pack_that_cannot_be_read() {
    let project = project();
    let packs = fs::read_dir(project.store().join("packs")).unwrap();
    let largest =
        packs.map(|entry| entry.unwrap().path()).max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap();
    let copy = project.store().join("packs").join(format!("{}.pack", "ab".repeat(32)));
    let bytes = fs::read(largest).unwrap();
    fs::write(&copy, &bytes[..bytes.len() - 1]).unwrap();
    let before = project.events_of("purge").len();
    for line in
        ["purge fraud@v1 --path data/people.csv --reason 4711", "purge fraud@v1 --field params.lr --reason 4711"]
    {
        project.mlrun(line).exits(4).says(&["abab", "cannot be read", "mlrun verify --full --repair"]);
    }
    assert_eq!(project.events_of("purge").len(), before);
    project.ok("restore fraud@v1 --to whole");
    fs::remove_file(copy).unwrap();
    project.ok("purge fraud@v1 --path data/people.csv --reason 4711");
    assert!(shows(&project, 1).is_empty());
    project.ok("verify --full");
}

#[test]
fn what_cannot_be_named() {
    let project = project();
    for path in ["/etc/hostname", "../people.csv"] {
        let outside = Bad { exit: 2, message: &["lies outside the project", path], hint: &["mlrun show", "outside/"] };
        project.fails(&format!("purge fraud@v1 --reason 4711 --path {path}"), &outside);
    }
    let folder = Bad { exit: 2, message: &["`data` is a folder"], hint: &[] };
    project.fails("purge fraud@v1 --reason 4711 --path ./data/", &folder);
    let steered = ["purge", "fraud@v1", "--path", "data/people.csv", "--reason", "x\u{1b}[2J"];
    project.run_fails(&steered, &Bad { exit: 2, message: &["line 1, character 2", "U+001B"], hint: &[] });
    project.leaves_alone("-C data purge fraud@v1 --reason 4711 --path ./people.csv --dry-run", 0);
    let line = "purge fraud@v1 --reason 4711 --path";
    let near = Bad {
        exit: 6,
        message: &["`fraud@v1` has no file `data/peple.csv`", "nearest: data/people.csv"],
        hint: &["mlrun restore"],
    };
    project.fails(&format!("{line} data/peple.csv"), &near);
    project.write("model/__init__.py", "");
    project.ok("snapshot fraud");
    project.fails("purge v3 --reason x --path model/__init__.py", &Bad { exit: 2, message: &["is empty"], hint: &[] });
    project.fails("purge v9 --reason x --path a", &Bad { exit: 6, message: &["v9"], hint: &[] });
    project.fails("purge v1 --reason x", &Bad { exit: 2, message: &["--path"], hint: &[] });
    project.fails("purge v1 --path a --field notes --reason x", &Bad { exit: 2, message: &["--field"], hint: &[] });
    project.fails("purge v1 --path a", &Bad { exit: 2, message: &["--reason"], hint: &[] });
    let secret = "ghp_abcdefghijklmnopqrstuvwxyz0123456789";
    let arguments = ["purge", "v1", "--path", "data/people.csv", "--reason", secret];
    project
        .run_fails(&arguments, &Bad { exit: 1, message: &["a secret in what would be recorded for ever"], hint: &[] });
}

/// The patch of uncommitted work shows lines of a file: it is said, and can be erased too.
#[test]
fn the_patch() {
    let project = Project::tiny_in_git();
    project.write("train.py", format!("print('train')\n# {NEEDLE}\n"));
    project.ok("snapshot fraud");
    let done = project.mlrun("purge v1 --path train.py --reason leak").exits(0);
    done.says(&["stand in `code.patch` of fraud@v1 too", "mlrun purge fraud@v1 --path code.patch"]);
    project.ok("purge v1 --path code.patch --reason leak");
    project.ok("verify --full");
    project.ok("bundle v1 -o case.tar.gz").says(&["code.patch is not in it: erased", "train.py is not in it: erased"]);
    project.ok("bundle --verify case.tar.gz");
    project.fails("snapshot fraud", &Bad { exit: 1, message: &["train.py", "leak"], hint: &["--allow-erased"] });
}

/// Every record of the store, decoded by nobody but zstd and this.
fn records(project: &Project, ids: &[&str]) -> String {
    ids.iter().map(|id| project.ok(&format!("show --raw {id}")).stdout).collect()
}

#[test]
fn a_field_is_erased_everywhere() {
    let project = Project::tiny();
    let parameters = |owner: &str, lr: &str| format!("lr: {lr}\nseed: 7\ndb:\n  owner: {owner}\n");
    let owner = "jane.doe.of.accounting";
    for (owner, lr) in [(owner, "0.1"), (owner, "0.2"), ("nobody", "0.3")] {
        project.write("params.yaml", parameters(owner, lr));
        project.ok("snapshot fraud -m notes");
    }
    project.ok("certify v1 --first-release --reason begin");
    project.ok("promote v1 --to production");
    let ids: Vec<Value> =
        ["v1", "v2", "v3"].iter().map(|v| project.json(&format!("show {v}"), 0)["id"].clone()).collect();
    let line = "purge v1 --field params.db.owner --reason 4711";
    let planned = project.leaves_alone(&format!("{line} --dry-run --json"), 0).object();
    assert_eq!(versions(&planned), ["fraud@v1", "fraud@v2"]);
    assert_eq!(planned["other_values"][0], "fraud@v3");
    assert_eq!(planned["also_in"], serde_json::json!(["params.yaml"]));
    let remaining: Vec<_> =
        planned["remaining"].as_array().unwrap().iter().map(|one| one["version"].as_str().unwrap()).collect();
    assert_eq!((remaining, &planned["not_searched"]), (vec!["v1", "v2"], &serde_json::json!([])));
    let done = project.mlrun(line).exits(0);
    // In each content of the file that has it, by the version that does.
    done.says(&[
        "params.db.owner is erased for good",
        "the same text stands in `params.yaml` of fraud@v1, which stays",
        "the same text stands in `params.yaml` of fraud@v2, which stays",
        "`mlrun purge fraud@v1 --path params.yaml --reason …` erases that too",
        "`mlrun purge fraud@v2 --path params.yaml --reason …` erases that too",
    ]);
    assert_eq!(project.json(line, 0)["unchanged"], true);
    for version in ["v1", "v2"] {
        project.ok(&format!("purge {version} --path params.yaml --reason 4711"));
    }
    for (number, old) in ids.iter().enumerate().take(2) {
        let version = format!("v{}", number + 1);
        // The version keeps its number and its id, by which it is found.
        let shown = project.json(&format!("show {version}"), 0);
        assert_eq!((&shown["id"], &shown["params"]["db.owner"]["erased"]), (old, &Value::from("for good")));
        assert_eq!(project.json(&format!("show {}", &old.as_str().unwrap()[..12]), 0)["version"], *version);
        assert_eq!(shown["erased"][0]["field"], "params.db.owner");
        project.ok(&format!("show {version}")).says(&["db.owner  erased", "params.db.owner: erased", "4711"]);
        let raw = project.mlrun(&format!("show --raw {}", old.as_str().unwrap())).exits(6);
        raw.says(&["erased", "4711", "hint: `mlrun show --raw"]);
    }
    // What is left is a record of its own, whose id anybody can compute.
    let event = &project.events_of("purge")[0]["erased"]["field"];
    let copy =
        event["copies"].as_array().unwrap().iter().find(|c| c["record"] == ids[0]).unwrap()["copy"].as_str().unwrap();
    let left = records(&project, &[copy]);
    assert_eq!(crate::support::sha256sum(left.as_bytes()), copy);
    let left: Value = serde_json::from_str(&left).unwrap();
    assert_eq!((left["of"].clone(), left["erased"][0].as_str()), (ids[0].clone(), Some("params.db.owner")));
    assert_eq!(left["record"]["notes"], "notes");
    // Nothing shows it; the records that held it, compressed, are in no pack.
    let gone: Vec<[u8; 32]> =
        ids[..2].iter().map(|id| *id.as_str().unwrap().parse::<Digest>().unwrap().as_bytes()).collect();
    for (name, bytes) in contents(&project.store()) {
        assert!(!bytes.windows(owner.len()).any(|window| window == owner.as_bytes()), "{name}");
        let holds = |id: &[u8; 32]| bytes.windows(32).any(|window| window == id);
        assert!(!name.ends_with(".pack") || !gone.iter().any(holds), "{name}");
    }
    project.ok("list fraud --params db.owner,lr").says(&["erased", "nobody"]);
    project.ok("diff v1 v3").says(&["db.owner", "erased", "nobody", "fraud@v1 params.db.owner: erased"]);
    // The certificate stays bound to the version, and the stage holds it.
    assert_eq!(project.production(), "v1");
    assert_eq!(project.json("show v1", 0)["certificates"][0]["verdict"], "PASS");
    assert_eq!(project.json("promote v1 --to production", 0)["unchanged"], true);
    project.ok("restore v1 --to one --only model,code,results");
    project.ok("verify --full").says(&["params.db.owner"]);
    project.ok("verify v1");
    project.ok("gc --now");
    project.ok("verify --full");
    let bundled = project.ok("bundle v1 -o case.tar.gz");
    bundled.says(&["params.db.owner is not in it: erased", "params.yaml is not in it: erased"]);
    project.ok("bundle --verify case.tar.gz");
    // Another field of the same version: the copy before it goes too.
    project.ok("purge v1 --field notes --reason 4712");
    assert_eq!(project.json("show v1", 0)["notes"], Value::Null);
    assert_eq!(project.json("show v1", 0)["params"]["db.owner"]["erased"], "for good");
    project.mlrun(&format!("show --raw {copy}")).exits(6);
    project.ok("verify --full");
    project.ok("bundle v1 -o case.tar.gz --force");
    project.ok("bundle --verify case.tar.gz");
    // It does not come back unsaid.
    project.write("params.yaml", parameters(owner, "0.4"));
    project.ok("snapshot fraud").says(&["fraud@v4"]);
    project.json("purge v4 --field params.db.owner --reason 4711", 0);
}

#[test]
fn what_surrounded_a_version() {
    let project = Project::tiny();
    project.write("data.csv", "a\n1\n");
    project.ok("snapshot fraud --data train=data.csv --seed numpy=4");
    let place = project.path("data.csv").display().to_string();
    let observed = |key: &str| project.json("show v1", 0)["observation"][key].clone();
    assert_eq!(observed("paths")["data.train"], place);
    project.ok("purge v1 --field data.train.path --reason moved");
    assert!(observed("paths").get("data.train").is_none() && observed("paths")["project"].is_string());
    assert_eq!(project.json("show v1", 0)["data"][0]["path"], "");
    assert!(observed("machine")["host"].is_string());
    project.ok("purge v1 --field observation.host --reason private");
    assert_eq!(observed("machine")["host"], Value::Null);
    project.ok("purge v1 --field seeds.seed --reason private");
    let shown = project.json("show v1", 0);
    assert_eq!(
        (&shown["seeds"]["seed"]["erased"], &shown["params"]["seed"]["erased"]),
        (&"for good".into(), &"for good".into())
    );
    assert_eq!(shown["seeds"]["numpy"], 4);
    project.ok("verify --full");
    project.ok("restore v1 --to one");
    let near = Bad { exit: 6, message: &["`params.lrr`", "nearest: params.lr"], hint: &["params.KEY"] };
    project.fails("purge v1 --field params.lrr --reason x", &near);
    for name in ["metrics.auc", "model", "code.commit"] {
        let never = Bad { exit: 2, message: &[name, "cannot be erased"], hint: &["params.KEY"] };
        project.fails(&format!("purge v1 --field {name} --reason x"), &never);
    }
    // The next version of the same place is taken as ever.
    project.write("model/weights.bin", "w1");
    project.ok("snapshot fraud --data train=data.csv --seed numpy=4");
    project.ok("verify --full");
}

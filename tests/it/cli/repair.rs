//! `verify`: the paths that suffer, going on with what was cut short, and `--repair`.

use std::fs;
use std::path::PathBuf;

use mlrun::format::checked::{self, CheckedPackRecord, CheckedRecord};
use serde_json::{Value, json};

use super::harness::{Bad, Project};
use crate::support::noise::noise;

/// A checkpoint of 300 kB.
fn train(project: &Project, seed: u64) {
    project.write("model/weights.bin", noise(seed, 300_000)).write("metrics.json", format!("{{\"loss\": 0.{seed}}}"));
    project.ok("snapshot fraud");
}

fn packs(project: &Project) -> Vec<PathBuf> {
    let mut packs: Vec<_> =
        fs::read_dir(project.store().join("packs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    packs.sort();
    packs
}

/// The pack that one version's weights are in.
fn pack_of(project: &Project, seed: u64) -> PathBuf {
    let part = &noise(seed, 300_000)[200_000..200_064];
    let holds = |path: &PathBuf| fs::read(path).unwrap().windows(part.len()).any(|window| window == part);
    packs(project).into_iter().find(holds).unwrap()
}

/// Flips a bit of those weights, where they are stored.
fn damage(project: &Project, seed: u64) -> PathBuf {
    let path = pack_of(project, seed);
    let mut bytes = fs::read(&path).unwrap();
    let part = &noise(seed, 300_000)[200_000..200_064];
    let at = bytes.windows(part.len()).position(|window| window == part).unwrap();
    bytes[at] ^= 4;
    fs::write(&path, bytes).unwrap();
    path
}

fn place(version: &str, path: &str) -> Value {
    json!({ "version": version, "path": path })
}

fn shown(path: &std::path::Path) -> String {
    format!("packs/{}", path.file_name().unwrap().to_str().unwrap())
}

#[test]
fn damaged_paths_are_named() {
    let project = Project::tiny();
    train(&project, 1);
    // The same weights in a version of its own.
    project.write("metrics.json", "{\"loss\": 0.7}").ok("snapshot fraud");
    train(&project, 2);
    let pack = shown(&damage(&project, 1));
    project.leaves_alone("verify --full", 4).says(&[
        "fraud@v1: model/weights.bin",
        "fraud@v2: model/weights.bin",
        "`mlrun verify --full --repair`",
    ]);
    let object = project.json("verify --full", 4);
    let both = [place("fraud@v1", "model/weights.bin"), place("fraud@v2", "model/weights.bin")];
    for kind in ["pack", "object", "file"] {
        let problem = object["problems"].as_array().unwrap().iter().find(|p| p["kind"] == kind).unwrap().clone();
        assert_eq!(problem["versions"], json!(["fraud@v1", "fraud@v2"]), "{problem}");
        assert_eq!(problem["paths"], json!(both), "{problem}");
        assert!(kind != "pack" || problem["path"] == pack, "{problem}");
    }
    let one = project.json("verify fraud@v2", 4);
    assert_eq!(one["problems"][0]["paths"], json!([place("fraud@v2", "model/weights.bin")]));
    project.ok("verify fraud@v3").says(&["fraud@v3 is whole: 4 files read, "]);
    project.mlrun("verify fraud@v2").exits(4).says(&["fraud@v2 has 1 problem: 3 files read, "]);
    let sound = project.json("verify fraud@v3", 0);
    assert_eq!((&sound["exit"], &sound["model"], &sound["version"]), (&json!(0), &json!("fraud"), &json!("v3")));
}

/// A person is shown a few, a program all.
#[test]
fn many_paths_are_counted() {
    let project = Project::tiny();
    for n in 0..20 {
        project.write(&format!("model/part-{n:02}.bin"), noise(n, 3000));
    }
    project.ok("snapshot fraud");
    let pack = packs(&project).remove(0);
    let saved = fs::read(&pack).unwrap();
    fs::write(&pack, &saved[..saved.len() - 10]).unwrap();
    // The records are in it, too: which files it had, nobody can say.
    project.mlrun("verify").exits(4).says(&["needed by fraud@v1"]);
    fs::write(&pack, &saved).unwrap();
    project.ok("verify --full");
    // As if they had been taken over from a store that lost them.
    for n in 0..20 {
        project.write(&format!("model/part-{n:02}.bin"), noise(100 + n, 3000));
    }
    project.write("params.yaml", "lr: 0.2\n").ok("snapshot fraud");
    let pack = packs(&project).into_iter().find(|p| fs::read(p).unwrap() != saved).unwrap();
    let mut bytes = fs::read(&pack).unwrap();
    // Every file of 3000 bytes, none of the records behind them.
    for n in 0..20 {
        let part = &noise(100 + n, 3000)[1000..1032];
        let at = bytes.windows(32).position(|window| window == part).unwrap();
        bytes[at] ^= 1;
    }
    fs::write(&pack, bytes).unwrap();
    project.mlrun("verify --full").exits(4).says(&["fraud@v2: model/part-00.bin", "and 15 more"]);
    let object = project.json("verify --full", 4);
    let problem = object["problems"].as_array().unwrap().iter().find(|p| p["kind"] == "pack").unwrap().clone();
    assert_eq!(problem["paths"].as_array().unwrap().len(), 20, "{problem}");
    // The workspace still has all of them.
    let object = project.json("verify --full --repair", 0);
    assert_eq!(object["repaired"].as_array().unwrap().iter().filter(|m| m["kind"] == "file").count(), 20);
    project.ok("verify --full");
}

#[test]
fn the_workspace_still_has_it() {
    let project = Project::tiny();
    train(&project, 1);
    train(&project, 2);
    let pack = damage(&project, 2);
    let good = fs::read(&pack).unwrap();
    project.leaves_alone("verify --full --repair --dry-run", 4).says(&["could be repaired", "from model/weights.bin"]);
    let planned = project.json("verify --full --repair --dry-run", 4);
    assert_eq!((planned["dry_run"].as_bool(), planned["ok"].as_bool()), (Some(true), Some(false)));
    assert_eq!(fs::read(&pack).unwrap(), good);
    // What is only seen from outside is not known to be damaged.
    project.leaves_alone("verify --repair", 0);
    let object = project.json("verify --full --repair", 0);
    assert_eq!((&object["ok"], &object["problems"]), (&json!(true), &json!([])));
    let repaired = object["repaired"].as_array().unwrap();
    let file = repaired.iter().find(|m| m["kind"] == "file").unwrap();
    assert_eq!((&file["from"], &file["versions"]), (&json!(["model/weights.bin"]), &json!(["fraud@v2"])), "{file}");
    assert_eq!(file["paths"], json!([place("fraud@v2", "model/weights.bin")]));
    assert_eq!(file["id"], crate::support::sha256sum(&noise(2, 300_000)));
    let gone = repaired.iter().find(|m| m["kind"] == "pack").unwrap();
    assert_eq!(gone["path"], shown(&pack));
    let trash = project.store().join(gone["gone_to"].as_str().unwrap());
    assert!(!pack.exists());
    assert_eq!(fs::read(trash).unwrap(), good, "as it was");
    project.ok("verify --full").says(&["whole"]);
    for (version, seed) in [("v1", 1), ("v2", 2)] {
        project.ok(&format!("restore {version} --to {version}"));
        assert_eq!(fs::read(project.path(&format!("{version}/model/weights.bin"))).unwrap(), noise(seed, 300_000));
    }
    project.leaves_alone("verify --full --repair", 0);
    project.ok("gc --now");
    project.ok("verify --full");
}

#[test]
fn another_folder_has_it() {
    let project = Project::tiny();
    train(&project, 1);
    train(&project, 2);
    damage(&project, 1);
    // The workspace has moved on.
    let before = project.fingerprint();
    let left = project.mlrun("verify --full --repair").exits(4);
    assert!(left.stderr.contains("hint: what is left was found nowhere"), "{left}");
    assert!(left.stderr.contains("`mlrun verify --full --repair --from DIR`"), "{left}");
    left.says(&["fraud@v1: model/weights.bin"]);
    assert_eq!(project.json("verify --full --repair", 4)["exit"], 4);
    assert_eq!(project.fingerprint(), before, "nothing was to be had");
    project.write("a-file", "");
    for (from, message) in [("no-such-folder", "there is no folder"), ("a-file", "is not a folder")] {
        let bad = Bad { exit: 2, message: &[from, message], hint: &["nothing was done"] };
        project.fails(&format!("verify --full --repair --from model --from {from}"), &bad);
    }
    project.remove("a-file");
    // The same name and size, other bytes: not taken.
    let backup = project.beside("backup");
    fs::create_dir_all(backup.join("model")).unwrap();
    fs::write(backup.join("model/weights.bin"), noise(3, 300_000)).unwrap();
    let line = format!("verify --full --repair --from {}", backup.display());
    project.mlrun(&line).exits(4);
    // Another name.
    fs::write(backup.join("last year.bin"), noise(1, 300_000)).unwrap();
    project.ok(&line).says(&["repaired", "last year.bin", "fraud@v1: model/weights.bin"]);
    project.ok("verify --full");
    project.ok("restore v1 --to one");
    assert_eq!(fs::read(project.path("one/model/weights.bin")).unwrap(), noise(1, 300_000));
}

/// Every pack of it is gone; the trash has one, the workspace the other, and the index remembers both.
#[test]
fn packs_that_are_gone() {
    let project = Project::tiny();
    train(&project, 1);
    train(&project, 2);
    let (first, second) = (pack_of(&project, 1), pack_of(&project, 2));
    let trash = project.store().join("trash/0000000000000001");
    fs::create_dir_all(&trash).unwrap();
    fs::copy(&first, trash.join(first.file_name().unwrap())).unwrap();
    fs::remove_file(&first).unwrap();
    let object = project.json("verify --repair", 0);
    assert!(object["repaired"].as_array().unwrap().iter().any(|m| m["kind"] == "file"), "{object:#}");
    project.ok("verify --full");
    // Records are in no workspace: what else the pack had comes back, and what is left is said.
    fs::remove_file(&second).unwrap();
    project.mlrun("verify --repair").exits(4).says(&["needed by fraud@v2"]);
    project.ok("verify fraud@v1");
    project.mlrun("verify fraud@v2").exits(4);
}

#[test]
fn a_trailer_that_is_lost() {
    let project = Project::tiny();
    train(&project, 1);
    let pack = pack_of(&project, 1);
    let good = fs::read(&pack).unwrap();
    for with_index in [true, false] {
        fs::write(&pack, &good[..good.len() - 30]).unwrap();
        if !with_index {
            fs::remove_dir_all(project.store().join("index")).unwrap();
        }
        project.write("model/weights.bin", "moved on");
        project.mlrun("verify").exits(4);
        project.ok("verify --repair");
        project.ok("verify --full");
        assert_eq!(fs::read(&pack).unwrap(), good, "all of it was sound: it is what its name says");
    }
}

#[test]
fn going_on_with_a_check_that_was_cut_short() {
    let project = Project::tiny();
    train(&project, 1);
    train(&project, 2);
    let note = project.store().join("cache/checked-packs");
    let pack = pack_of(&project, 1);
    let name = blake3_name(&pack);
    let length = fs::metadata(&pack).unwrap().len();
    // What a check leaves that was stopped behind its first pack, on the second of March 2026.
    let record = CheckedRecord { packs: vec![CheckedPackRecord { name, length, time: 1_772_452_800_000 }] };
    let cut_short = || fs::write(&note, checked::encode(&record).unwrap()).unwrap();
    fs::create_dir_all(note.parent().unwrap()).unwrap();
    cut_short();
    project.ok("verify --full --resume").says(&["not read again: 1 pack", "found sound on 2026-03-02"]);
    assert!(!note.exists(), "it came to its end");
    assert_eq!(project.json("verify --full --resume", 0)["not_read"], Value::Null);
    cut_short();
    damage(&project, 1);
    let object = project.json("verify --full --resume", 0);
    assert_eq!(
        object["not_read"],
        json!({
            "packs": 1, "bytes": length,
            "oldest": "2026-03-02T12:00:00.000Z", "newest": "2026-03-02T12:00:00.000Z",
        })
    );
    // What was noted counts only where one asks for it, and for a pack of that length.
    cut_short();
    project.mlrun("verify --full").exits(4).says(&["fraud@v1: model/weights.bin"]);
    let longer = CheckedRecord { packs: vec![CheckedPackRecord { length: length + 1, ..record.packs[0] }] };
    fs::write(&note, checked::encode(&longer).unwrap()).unwrap();
    project.mlrun("verify --full --resume").exits(4);
    fs::write(&note, "nonsense").unwrap();
    project.mlrun("verify --full --resume").exits(4);
    for line in [
        "verify --resume",
        "verify fraud@v1 --repair",
        "verify --dry-run",
        "verify --from x",
        "verify --journal --repair",
    ] {
        project.fails(line, &Bad { exit: 2, message: &[], hint: &[] });
    }
}

fn blake3_name(pack: &std::path::Path) -> [u8; 32] {
    mlrun::store::repair::pack_name(pack.file_name().unwrap().to_str().unwrap()).unwrap()
}

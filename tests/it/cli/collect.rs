//! `drop` and `gc`: space comes back, and nothing that is needed goes with it.

use std::fs;

use super::harness::{Bad, Project};
use crate::support::noise::noise;

/// Bytes of all packs, and of what lies in the trash.
fn space(project: &Project) -> (u64, u64) {
    let below = |folder: &str| -> u64 {
        let files = crate::support::project::contents(&project.store());
        files.iter().filter(|(name, _)| name.starts_with(folder)).map(|(_, bytes)| bytes.len() as u64).sum()
    };
    (below("packs/"), below("trash/"))
}

/// A checkpoint of 400 kB with its loss.
fn train(project: &Project, seed: u64, loss: f64) {
    project.write("model/weights.bin", noise(seed, 400_000)).write("metrics.json", format!("{{\"loss\": {loss}}}"));
    project.ok("snapshot fraud");
}

#[test]
fn a_version_is_let_go_of() {
    let project = Project::tiny();
    train(&project, 1, 0.5);
    train(&project, 2, 0.4);
    let (before, _) = space(&project);
    let dropped = project.json("drop v1 --reason diverged", 0);
    assert_eq!((dropped["version"].as_str(), dropped["unchanged"].as_bool()), (Some("v1"), Some(false)));
    assert_eq!(project.events().pop().unwrap()["kind"], "drop");
    assert_eq!(project.json("drop v1 --reason diverged", 0)["unchanged"], true);
    assert_eq!(project.events_of("drop").len(), 1);
    // Its files are refused at once, collected or not.
    let gone = Bad { exit: 6, message: &["`fraud@v1` was dropped 20", "Z by ana: diverged"], hint: &["mlrun show"] };
    for line in
        ["restore v1 --to out", "bundle v1 -o b.tar.gz", "verify v1", "promote v1 --to production", "certify v1"]
    {
        project.fails(line, &gone);
    }
    project.leaves_alone("gc --dry-run", 0).says(&["of fraud@v1, dropped", "would go; nothing was written"]);
    project.ok("gc").says(&["went into the trash until"]);
    let (after, trash) = space(&project);
    assert!(after < before - 390_000 && trash > 390_000, "{before} {after} {trash}");
    project.ok("show v1").says(&[
        "loss",
        "dropped 20",
        "Z by ana: diverged",
        "its files are not kept: a collection may have taken",
        "model/weights.bin  390.6 KiB  dropped",
    ]);
    let shown = project.json("show v1", 0);
    assert_eq!((shown["dropped"].as_str(), shown["dropped_by"].as_str()), (Some("diverged"), Some("ana")));
    assert_eq!(shown["dropped_at"], project.events_of("drop")[0]["time"]);
    project.ok("list fraud").says(&["v1", "v2", "dropped"]);
    assert_eq!(project.json("list fraud", 0)["versions"][1]["dropped"], true);
    project.ok("log fraud").says(&["drop", "v1: diverged"]);
    project.ok("verify --full");
    project.ok("restore v2 --to two");
    assert_eq!(fs::read(project.path("two/model/weights.bin")).unwrap(), noise(2, 400_000));
    project.ok("gc").says(&["nothing to free"]);
    project.ok("gc --now").says(&["removed", "for good"]);
    assert_eq!(space(&project).1, 0);
    // The same files again are a version again.
    train(&project, 1, 0.5);
    project.ok("restore v3 --to three");
    assert_eq!(fs::read(project.path("three/model/weights.bin")).unwrap(), noise(1, 400_000));
}

#[test]
fn what_the_workspace_still_is_may_be_dropped_and_taken_again() {
    let project = Project::tiny();
    train(&project, 1, 0.5);
    project.ok("drop v1 --reason slip");
    project.ok("gc --now");
    assert_eq!(project.ok("snapshot fraud").stdout, "fraud@v2\n");
    project.ok("verify --full");
    project.ok("restore v2 --to two");
}

#[test]
fn what_held_a_stage_stays() {
    let project = Project::with_history();
    for version in ["v1", "v2", "v3"] {
        let object = project.leaves_alone(&format!("drop {version} --reason old --json"), 1).object();
        assert_eq!(object["held"], "production", "{version}");
    }
    project.fails("drop v9 --reason old", &Bad { exit: 6, message: &["v9"], hint: &[] });
    project.fails("drop v1", &Bad { exit: 2, message: &["--reason"], hint: &[] });
    project.leaves_alone("gc --now", 0);
}

/// A checkpoint every hour on a disk that is nearly full: the last three stay, and the best.
#[test]
fn the_rules_of_the_configuration() {
    let project = Project::tiny();
    let config = project
        .read("mlrun.toml")
        .replace("[stage.production]", "[model.fraud.keep]\nlast = 3\nbest = \"loss:min:1\"\n\n[stage.production]");
    project.write("mlrun.toml", config);
    for (hour, loss) in [0.9, 0.2, 0.8, 0.7, 0.6, 0.5, 0.4].into_iter().enumerate() {
        train(&project, hour as u64, loss);
    }
    let planned = project.json("gc --dry-run", 0);
    let versions = |report: &serde_json::Value| -> Vec<String> {
        let dropped = report["dropped"].as_array().unwrap().iter();
        dropped.map(|d| d["version"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(versions(&planned), ["v1", "v3", "v4"]);
    assert!(project.events_of("drop").is_empty(), "a plan");
    let done = project.json("gc --now", 0);
    assert_eq!((versions(&done), &done["frees"]), (versions(&planned), &planned["frees"]));
    assert!(done["freed"].as_u64().unwrap() >= 3 * 400_000, "{done}");
    let reason = "of fraud@v3, by keep: last = 3, best = \"loss:min:1\"";
    let objects = |pack: &serde_json::Value| pack["objects"].as_array().unwrap().clone();
    let all: Vec<_> = done["packs"].as_array().unwrap().iter().flat_map(objects).collect();
    assert!(all.iter().any(|object| object["reason"] == reason), "{all:?}");
    let (packs, trash) = space(&project);
    assert!(packs < 5 * 400_000 && trash == 0, "{packs} {trash}");
    for version in ["v2", "v5", "v6", "v7"] {
        project.ok(&format!("restore {version} --to {version}"));
    }
    project.ok("verify --full");
    assert!(versions(&project.json("gc", 0)).is_empty());
    train(&project, 20, 0.1);
    assert_eq!(versions(&project.json("gc", 0)), ["v2", "v5"]);
    // A metric that nobody has would cost all of them.
    let config = project.read("mlrun.toml").replace("loss:min", "lost:min");
    project.write("mlrun.toml", &config);
    project.fails("gc", &Bad { exit: 2, message: &["`lost`", "nearest: `loss`"], hint: &[] });
    project.write("mlrun.toml", config.replace("lost:min:1", "loss:least:1"));
    project.fails("gc", &Bad { exit: 2, message: &["loss:least:1", "METRIC:min:N"], hint: &[] });
}

/// What is needed after all comes back: an older copy of the journal was put in place, say.
#[test]
fn the_trash_gives_back_what_is_needed() {
    let project = Project::tiny();
    train(&project, 1, 0.5);
    train(&project, 2, 0.4);
    project.ok("drop v1 --reason slip");
    project.ok("gc");
    let store = project.store();
    fs::remove_file(store.join("journal/fraud/0000000000000004")).unwrap();
    fs::remove_dir_all(store.join("cache")).unwrap();
    project.mlrun("verify").exits(4).says(&["fraud@v1"]);
    project.ok("gc").says(&["came back from the trash"]);
    project.ok("verify --full");
    project.ok("restore v1 --to one");
    assert_eq!(fs::read(project.path("one/model/weights.bin")).unwrap(), noise(1, 400_000));
}

#[test]
fn a_record_that_is_lost_stops_the_collection() {
    let project = Project::tiny();
    train(&project, 1, 0.5);
    train(&project, 2, 0.4);
    project.ok("drop v1 --reason old");
    let record = project.json("show v2", 0)["id"].as_str().unwrap().to_owned();
    let id = *record.parse::<mlrun::digest::Digest>().unwrap().as_bytes();
    for entry in fs::read_dir(project.store().join("packs")).unwrap() {
        let path = entry.unwrap().path();
        if fs::read(&path).unwrap().windows(32).any(|window| window == id) {
            fs::remove_file(path).unwrap();
        }
    }
    project.leaves_alone("gc", 4);
    project.leaves_alone("gc --now", 4);
}

//! What `gc` writes down, how long the trash keeps, and small packs that become few.

use std::fs;

use serde_json::json;

use super::harness::{Bad, Project};
use crate::support::noise::noise;

fn train(project: &Project, seed: u64) {
    project.write("model/weights.bin", noise(seed, 300_000)).write("metrics.json", format!("{{\"loss\": 0.{seed}}}"));
    project.ok("snapshot fraud");
}

#[test]
fn a_collection_is_an_event_of_the_store() {
    let project = Project::tiny();
    train(&project, 1);
    train(&project, 2);
    let before = project.json("verify", 0)["checked"]["events"].as_u64().unwrap();
    project.ok("log --of-store").says(&["no such events"]);
    project.leaves_alone("gc", 0);
    project.ok("drop v1 --reason old");
    project.leaves_alone("gc --dry-run", 0);
    let done = project.json("gc", 0);
    assert_eq!(done["event"]["seq"], 2);
    let events = project.json("log --of-store", 0)["events"].clone();
    let event = &events[0];
    assert_eq!((&event["kind"], &event["model"], &event["seq"]), (&json!("gc"), &json!(".store"), &json!(2)));
    assert_eq!((&event["freed"], &event["emptied"], &event["at_once"]), (&done["freed"], &json!(0), &json!(false)));
    assert_eq!((&event["packs"], &event["grace"]), (&json!(1), &json!(14 * 86_400)));
    let gone: usize = done["packs"].as_array().unwrap().iter().map(|p| p["objects"].as_array().unwrap().len()).sum();
    assert_eq!(event["objects"], gone);
    assert_eq!((events[1]["kind"].as_str(), events.as_array().unwrap().len()), (Some("create"), 2));
    // The file is what any event is: its second line is the digest of its first.
    let file = fs::read_to_string(project.store().join("journal/.store/0000000000000002")).unwrap();
    let (line, sum) = file.split_once('\n').unwrap();
    assert_eq!(sum.trim_end(), crate::support::sha256sum(format!("{line}\n").as_bytes()));
    // Safe to repeat: nothing to do is no event.
    project.leaves_alone("gc", 0);
    let emptied = project.json("gc --now", 0)["trash"]["emptied"].clone();
    project.ok("log --of-store").says(&["gc", "removed from the trash"]);
    let events = project.json("log --of-store", 0)["events"].clone();
    assert_eq!((&events[0]["emptied"], &events[0]["packs"]), (&emptied, &json!(0)));
    project.leaves_alone("gc --now", 0);
    // No verb takes it for a model.
    for line in ["list", "at", "at now", "status", "log", "doctor", "list fraud"] {
        let shown = project.ok(line);
        assert!(!shown.stdout.contains(".store"), "{shown}");
    }
    assert_eq!(project.json("list", 0)["models"].as_array().unwrap().len(), 1);
    assert!(project.events_of("gc").is_empty());
    project.fails("log .store", &Bad { exit: 2, message: &[".store"], hint: &[] });
    let checked = project.json("verify --journal", 0)["checked"]["events"].as_u64().unwrap();
    assert_eq!(checked, before + 1 + 3, "the drop, and the store's own");
}

#[test]
fn the_journal_of_the_store_is_a_chain_like_any_other() {
    let project = Project::tiny();
    train(&project, 1);
    train(&project, 2);
    project.ok("drop v1 --reason old");
    project.ok("gc");
    let path = project.store().join("journal/.store/0000000000000002");
    let good = fs::read_to_string(&path).unwrap();
    fs::write(&path, good.replacen("\"packs\":1", "\"packs\":2", 1)).unwrap();
    project.mlrun("verify --journal").exits(4).says(&["journal/.store/0000000000000002"]);
    // What could not be written down is not done.
    train(&project, 3);
    project.ok("drop v2 --reason old");
    project.leaves_alone("gc", 4);
    fs::remove_file(&path).unwrap();
    project.mlrun("verify").exits(4).says(&["journal/.store/0000000000000002", "missing"]);
    fs::remove_dir_all(project.store().join("journal/.store")).unwrap();
    project.mlrun("verify").exits(4).says(&["journal/.store/0000000000000001"]);
    fs::create_dir(project.store().join("journal/.store")).unwrap();
    project.ok("list").says(&["fraud"]);
}

/// An event of another kind of journal breaks the chain.
#[test]
fn no_model_collects() {
    let project = Project::tiny();
    train(&project, 1);
    train(&project, 2);
    project.ok("drop v1 --reason old");
    project.ok("gc");
    let store = project.store().join("journal");
    let gc = fs::read_to_string(store.join(".store/0000000000000002")).unwrap();
    let last = fs::read_to_string(store.join("fraud/0000000000000004")).unwrap();
    let mut event: serde_json::Value = serde_json::from_str(gc.lines().next().unwrap()).unwrap();
    event["model"] = "fraud".into();
    event["seq"] = 5.into();
    event["prev"] = last.lines().nth(1).unwrap().into();
    let line = format!("{event}\n");
    let sum = crate::support::sha256sum(line.as_bytes());
    fs::write(store.join("fraud/0000000000000005"), format!("{line}{sum}\n")).unwrap();
    project.mlrun("verify --journal").exits(4).says(&["journal/fraud/0000000000000005"]);
}

#[test]
fn the_trash_keeps_as_long_as_it_is_told() {
    let project = Project::tiny();
    train(&project, 1);
    train(&project, 2);
    project.ok("drop v1 --reason old");
    let config = project.read("mlrun.toml");
    let with = |trash: &str| project.write("mlrun.toml", format!("{config}\n[store]\n{trash}\n"));
    for (trash, words) in [
        ("trash = \"two weeks\"", ["store.trash", "`two weeks`"]),
        ("trash = \"1h\"", ["store.trash", "`1d` is the least"]),
        ("trash = \"0d\"", ["store.trash", "`1d` is the least"]),
        ("trahs = \"14d\"", ["trahs", "trash"]),
    ] {
        with(trash);
        project.fails("gc", &Bad { exit: 2, message: &words[..1], hint: &[] });
        project.mlrun("gc").exits(2).says(&words);
    }
    with("trash = \"30d\"");
    let planned = project.json("gc --dry-run", 0);
    assert_eq!(planned["trash"]["grace_seconds"], 30 * 86_400);
    project.ok("gc");
    assert_eq!(project.json("log --of-store", 0)["events"][0]["grace"], 30 * 86_400);
    // What went 20 days ago stays, and goes where two weeks are the rule.
    let trash = project.store().join("trash");
    let now = fs::read_dir(&trash).unwrap().next().unwrap().unwrap().path();
    let time: u64 = now.file_name().unwrap().to_str().unwrap().parse().unwrap();
    fs::rename(&now, trash.join(format!("{:016}", time - 20 * 86_400_000))).unwrap();
    project.leaves_alone("gc", 0);
    project.write("mlrun.toml", &config);
    assert!(project.json("gc", 0)["trash"]["emptied"].as_u64().unwrap() > 300_000);
}

/// Every snapshot leaves a small pack: from time to time they become one.
#[test]
fn small_packs_are_merged() {
    let project = Project::tiny();
    for n in 0..65 {
        project.write("model/weights.bin", format!("weights {n}"));
        project.ok("snapshot fraud");
    }
    let packs = || fs::read_dir(project.store().join("packs")).unwrap().count();
    assert!(packs() >= 65);
    project.leaves_alone("gc --dry-run", 0).says(&["small packs would be merged"]);
    let plan = project.json("gc --dry-run", 0);
    assert!(plan["packs"].as_array().unwrap().iter().all(|p| p["reason"] == "small packs: merged"), "{plan:#}");
    project.ok("gc --now").says(&["merged into larger ones"]);
    assert_eq!(packs(), 1);
    project.ok("verify --full");
    project.ok("restore v7 --to seven");
    assert_eq!(project.read("seven/model/weights.bin"), "weights 6");
    project.leaves_alone("gc", 0);
}

/// A pack that cannot be read may need what looks superfluous: nothing is removed for good before it was repaired.
#[test]
fn what_a_broken_pack_needs_is_not_lost() {
    let project = Project::tiny();
    let packs = || {
        let files = fs::read_dir(project.store().join("packs")).unwrap().map(|entry| entry.unwrap().path());
        files.collect::<std::collections::BTreeSet<_>>()
    };
    let mut weights = noise(1, 4 << 20);
    project.write("model/weights.bin", &weights).ok("snapshot fraud");
    let first = packs();
    let length = weights.len();
    weights[length - 300_000..].copy_from_slice(&noise(2, 300_000));
    project.write("model/weights.bin", &weights).ok("snapshot fraud");
    let second: Vec<_> = packs().difference(&first).cloned().collect();
    project.write("model/more.bin", noise(3, 1000)).ok("snapshot fraud");
    project.ok("drop v1 --reason old");
    project.ok("drop v2 --reason old");
    for pack in &second {
        let bytes = fs::read(pack).unwrap();
        fs::write(pack, &bytes[..bytes.len() - 5]).unwrap();
    }
    fs::remove_dir_all(project.store().join("index")).unwrap();
    project.mlrun("gc --now").exits(4).says(&["cannot be read", "mlrun verify --full --repair"]);
    project.ok("gc --dry-run").says(&["cannot be read"]);
    project.ok("gc").says(&["cannot be read", "the trash is not emptied"]);
    project.remove("model");
    project.ok("verify --full --repair");
    project.ok("restore v3 --to ../whole");
    assert!(fs::read(project.path("../whole/model/weights.bin")).unwrap() == weights);
    project.ok("gc --now");
    project.ok("verify --full");
}

//! Damage: named, with the versions that need it, and never taken for an empty history.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use mlrun::clock::SystemClock;
use mlrun::format::checkpoint;
use mlrun::name::ModelName;
use mlrun::repository::{OpenOptions, Repository};

use super::harness::{Bad, Project, shown};

/// The files in a folder of the store, largest first.
fn files(project: &Project, folder: &str) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(project.store().join(folder)).unwrap().map(|e| e.unwrap().path()).collect();
    found.sort_by_key(|path| std::cmp::Reverse(fs::metadata(path).unwrap().len()));
    found
}

/// The event file `seq`.
fn event(project: &Project, seq: u64) -> PathBuf {
    project.store().join(format!("journal/fraud/{seq:016}"))
}

/// A version of which nothing is known any more was not dropped by anybody.
#[test]
fn a_version_that_cannot_be_read_is_not_called_dropped() {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    project.write("model/weights.bin", "w1").ok("snapshot fraud");
    let clock = Arc::new(SystemClock);
    let repository = Repository::open(&OpenOptions { start: project.path(""), store: None, clock }).unwrap();
    let state = repository.registry().state(&ModelName::new("fraud").unwrap()).unwrap().unwrap();
    let mut record = state.to_checkpoint().unwrap();
    // No row is what its place says.
    record.versions.to_mut().swap(0, 1);
    let folder = project.store().join("cache/checkpoints");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("fraud"), checkpoint::encode(&record).unwrap()).unwrap();
    for line in [
        "show v1",
        "restore v1 --to ../back",
        "promote v1 --to production",
        "diff v1 v2",
        "attach v1 --set x metrics.json",
    ] {
        let unread = project.mlrun(line).exits(4);
        assert!(!unread.stderr.contains("dropped"), "{unread}");
        unread.says(&["v1 cannot be read", "mlrun verify --journal"]);
    }
    project.ok("list fraud").says(&["cannot be read"]);
    let listed = project.json("list fraud", 0);
    let text = listed.to_string();
    assert!(text.contains("\"unreadable\":true") && !text.contains("\"dropped\":true"), "{listed:#}");
    project.mlrun("verify --journal").exits(4).says(&["cache/checkpoints/fraud"]);
    fs::remove_file(folder.join("fraud")).unwrap();
    project.ok("show v1");
}

const WRITERS: [&str; 6] = [
    "snapshot fraud",
    "certify v1",
    "promote v1 --to production",
    "rollback --reason x",
    "block v1 --reason x",
    "unblock v1",
];
const READERS: [&str; 6] = ["list fraud", "log", "show latest", "at", "status", "restore v1 --to back"];

/// Every verb that folds the journal says 4 and leaves it alone; `verify` names the event.
#[track_caller]
fn journal_is_broken(project: &Project, seq: u64, words: &[&str]) {
    let name = format!("journal/fraud/{seq:016}");
    for line in ["verify", "verify --journal", "verify --full"] {
        project.leaves_alone(line, 4).says(&[&name]).says(words);
        let object = project.json(line, 4);
        assert_eq!(object["ok"], false);
        let problem = &object["problems"][0];
        assert_eq!((problem["kind"].as_str(), problem["path"].as_str()), (Some("event"), Some(name.as_str())));
        assert!(problem["expected"].is_string() && problem["found"].is_string(), "{problem}");
    }
    let place = format!("event {seq} of `fraud`");
    for line in WRITERS.iter().chain(&READERS) {
        project.fails(line, &Bad { exit: 4, message: &[&place], hint: &["mlrun verify --journal", "backup"] });
    }
}

#[test]
fn an_edited_event() {
    let project = Project::with_history();
    let path = event(&project, 4);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("production", "produktion", 1)).unwrap();
    journal_is_broken(&project, 4, &[]);
    // Edited with its checksum: the chain knows.
    let line = text.lines().next().unwrap().replacen("begin", "begun", 1).replacen("\"ana\"", "\"eve\"", 1) + "\n";
    fs::write(&path, format!("{line}{}\n", mlrun::digest::Digest::of(line.as_bytes()))).unwrap();
    journal_is_broken(&project, 5, &["another event as the one before it"]);
}

#[test]
fn an_event_that_is_missing() {
    for seq in [1, 2, 5] {
        let project = Project::with_history();
        fs::remove_file(event(&project, seq)).unwrap();
        journal_is_broken(&project, seq, &["it is missing"]);
    }
    let project = Project::with_history();
    for seq in 3..10 {
        fs::remove_file(event(&project, seq)).unwrap();
    }
    journal_is_broken(&project, 3, &["it is missing"]);
}

#[test]
fn an_event_that_is_missing_from_a_long_journal() {
    let project = Project::with_history();
    for _ in 0..35 {
        project.ok("block v1 --reason x -q");
        project.ok("unblock v1 -q");
    }
    assert!(project.store().join("cache").is_dir(), "there is a checkpoint");
    // Counted from outside: a look at them leaves another checkpoint.
    let last = fs::read_dir(event(&project, 1).parent().unwrap()).unwrap().count() as u64;
    // Behind the checkpoint, before it, and the newest one, which only the checkpoint remembers.
    let saved = fs::read(event(&project, last - 1)).unwrap();
    fs::remove_file(event(&project, last - 1)).unwrap();
    project.mlrun("list fraud").exits(4).says(&["it is missing"]);
    project.mlrun("block v1 --reason y").exits(4);
    fs::write(event(&project, last - 1), saved).unwrap();
    project.ok("list fraud");
    let saved = fs::read(event(&project, 20)).unwrap();
    fs::remove_file(event(&project, 20)).unwrap();
    project.mlrun("log").exits(4).says(&["event 20", "it is missing"]);
    project.mlrun("verify").exits(4).says(&["0000000000000020"]);
    fs::write(event(&project, 20), saved).unwrap();
    for seq in 40..=last {
        fs::remove_file(event(&project, seq)).unwrap();
    }
    project.mlrun("list fraud").exits(4).says(&["ends at event 39, but has had event"]);
    project.mlrun("verify").exits(4).says(&["it is missing"]);
}

#[test]
fn the_newest_event_is_missing() {
    let project = Project::with_history();
    let last = fs::read(event(&project, 10)).unwrap();
    fs::remove_file(event(&project, 10)).unwrap();
    let bad = Bad { exit: 4, message: &["ends at event 9, but has had event 10"], hint: &["mlrun verify --journal"] };
    for line in WRITERS.iter().chain(&READERS) {
        project.fails(line, &bad);
    }
    project.mlrun("verify").exits(4).says(&["journal/fraud/0000000000000010", "it is missing"]);
    fs::write(event(&project, 10), last).unwrap();
    project.ok("verify");
    assert_eq!(project.production(), "v3");
}

#[test]
fn every_event_is_missing() {
    let project = Project::with_history();
    let folder = project.store().join("journal/fraud");
    let away = project.beside("away");
    fs::rename(&folder, &away).unwrap();
    let bad = Bad { exit: 4, message: &["ends at event 0, but has had event 10"], hint: &["mlrun verify --journal"] };
    for line in ["at", "at now", "list", "status", "log", "rollback fraud --reason x"] {
        project.fails(line, &bad);
    }
    for line in ["verify", "verify --full", "verify --journal"] {
        project.mlrun(line).exits(4).says(&["journal/fraud/0000000000000001", "it is missing; event 10 has existed"]);
    }
    project.mlrun("doctor").exits(8).says(&["bad  journal"]);
    fs::rename(&away, &folder).unwrap();
    project.ok("verify");
}

#[test]
fn an_event_of_another_place() {
    let project = Project::with_history();
    fs::copy(event(&project, 4), event(&project, 11)).unwrap();
    journal_is_broken(&project, 11, &["its number is not its place"]);
    fs::write(event(&project, 11), "").unwrap();
    journal_is_broken(&project, 11, &[]);
}

#[test]
fn an_event_of_a_newer_program() {
    let project = Project::with_history();
    let last = fs::read_to_string(event(&project, 10)).unwrap();
    let mut value: serde_json::Value = serde_json::from_str(last.lines().next().unwrap()).unwrap();
    value["seq"] = 11.into();
    value["prev"] = last.lines().nth(1).unwrap().into();
    value["kind"] = "transfer".into();
    let line = format!("{value}\n");
    fs::write(event(&project, 11), format!("{line}{}\n", mlrun::digest::Digest::of(line.as_bytes()))).unwrap();
    // `log` shows it raw; every other verb refuses to guess.
    project.ok("log -n 1").says(&["transfer", "newer"]);
    assert_eq!(project.json("log", 0)["events"][0]["kind"], "transfer");
    for line in WRITERS.iter().chain(&["list fraud", "show latest", "at", "status"]) {
        project.fails(
            line,
            &Bad {
                exit: 4,
                message: &["event 11 of `fraud`", "transfer"],
                hint: &["a newer mlrun", "nothing is damaged"],
            },
        );
    }
}

#[test]
fn a_corrupted_pack() {
    let project = Project::with_history();
    // The pack with the first version's predictions: named by what needs it.
    let pack = files(&project, "packs").remove(0);
    let name = pack.file_name().unwrap().to_str().unwrap().to_owned();
    let good = fs::read(&pack).unwrap();
    let mut bytes = good.clone();
    let middle = bytes.len() / 3;
    bytes[middle] ^= 0x40;
    fs::write(&pack, &bytes).unwrap();
    let full = project.leaves_alone("verify --full", 4).says(&[&name, "BLAKE3"]);
    assert!(full.stdout.contains("needed by fraud@v"), "{full}");
    let object = project.json("verify --full", 4);
    let problems = object["problems"].as_array().unwrap();
    assert!(problems.iter().any(|p| p["kind"] == "pack" && p["path"] == format!("packs/{name}")), "{object:#}");
    let needs: std::collections::BTreeSet<_> = problems
        .iter()
        .flat_map(|p| p["versions"].as_array().unwrap())
        .map(|v| v.as_str().unwrap().to_owned())
        .collect();
    assert!(!needs.is_empty());
    for version in &needs {
        project.mlrun(&format!("verify {version}")).exits(4).says(&[version]);
        let back = format!("back-{}", &version[6..]);
        project.mlrun(&format!("restore {version} --to {back}")).exits(4).says(&[
            "nothing was restored",
            "damaged",
            "hint: `mlrun verify --full`",
        ]);
        assert!(!project.path(&back).exists(), "all of it or none");
        project.ok(&format!("restore {version} --to {back} --only code"));
        project.mlrun(&format!("bundle {version} -o {}.tar.gz", &version[6..])).exits(4);
    }
    // Looking at the journal needs no pack.
    project.ok("log");
    project.ok("at");
    fs::write(&pack, &good).unwrap();
    project.ok("verify --full");
}

#[test]
fn a_promotion_reads_every_byte() {
    let project = Project::with_history();
    let before = files(&project, "packs");
    let version = project.version(0.72);
    let pack = files(&project, "packs").into_iter().find(|p| !before.contains(p)).unwrap();
    project.ok(&format!("certify {version}"));
    let mut bytes = fs::read(&pack).unwrap();
    let middle = bytes.len() / 3;
    bytes[middle] ^= 1;
    fs::write(&pack, bytes).unwrap();
    // By force neither: nobody can serve what is not there. A rehearsal finds it, too.
    for more in ["", " --dry-run", " --force --reason hurry"] {
        let line = format!("promote {version} --to production{more}");
        project.leaves_alone(&line, 4).says(&["not whole", "damaged", "mlrun verify --full --repair", "REFUSED"]);
        let refused = project.json(&line, 4);
        assert_eq!(refused["reasons"][0]["code"], "damaged", "{refused}");
    }
    assert_eq!(project.production(), "v3");
}

/// Where enough speaks against it, what can be seen from outside is told with it.
#[test]
fn damage_is_one_of_the_reasons() {
    let project = Project::with_history();
    let before = files(&project, "packs");
    project.version(0.72);
    let pack = files(&project, "packs").into_iter().find(|pack| !before.contains(pack)).unwrap();
    fs::remove_file(pack).unwrap();
    for more in ["", " --dry-run", " --force --reason hurry"] {
        let refused = project.json(&format!("promote v4 --to production{more}"), 4);
        let codes: Vec<_> =
            refused["reasons"].as_array().unwrap().iter().map(|r| r["code"].as_str().unwrap()).collect();
        assert_eq!(codes, ["no-certificate", "damaged"], "{refused}");
    }
}

#[test]
fn a_truncated_and_a_missing_pack() {
    for truncate in [true, false] {
        let project = Project::with_history();
        let pack = files(&project, "packs").remove(0);
        let name = pack.file_name().unwrap().to_str().unwrap().to_owned();
        let good = fs::read(&pack).unwrap();
        if truncate {
            fs::write(&pack, &good[..good.len() - 20]).unwrap()
        } else {
            fs::remove_file(&pack).unwrap()
        }
        for line in ["verify", "verify --full"] {
            project.mlrun(line).exits(4).says(&[&name, "needed by fraud@v"]);
        }
        // Rollback passes over what cannot serve.
        let object = project.mlrun("rollback --reason x --json").object();
        assert!(
            object["skipped"].as_array().unwrap().iter().all(|s| s["reason"].as_str().unwrap().contains("damaged"))
        );
        fs::write(&pack, good).unwrap();
        project.ok("verify --full");
        // What is there again counts again.
        project.ok("restore v1 --to back");
    }
}

#[test]
fn a_damaged_index_is_a_cache() {
    let project = Project::with_history();
    let all = files(&project, "index");
    let cut = |bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec();
    let flip = |mut bytes: Vec<u8>| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        bytes
    };
    for damage in [&cut as &dyn Fn(Vec<u8>) -> Vec<u8>, &flip] {
        let path = files(&project, "index").remove(0);
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        fs::write(&path, damage(fs::read(&path).unwrap())).unwrap();
        // Everything works without it.
        project.ok("restore v1 --to back");
        project.ok("show v2");
        fs::write(&path, damage(fs::read(&path).unwrap_or_else(|_| vec![0; 64]))).unwrap();
        project.ok("verify").says(&["repaired index", &name, "from packs"]);
        project.ok("verify");
    }
    fs::remove_dir_all(project.store().join("index")).unwrap();
    project.ok("show v1");
    project.ok("verify --full");
    assert!(!all.is_empty());
    fs::remove_dir_all(project.store().join("index")).unwrap();
    project.version(0.9);
    project.ok("verify --full");
}

#[test]
fn a_damaged_checkpoint_is_a_cache() {
    let project = Project::with_history();
    for _ in 0..35 {
        project.ok("block v1 --reason x -q");
        project.ok("unblock v1 -q");
    }
    let folder = project.store().join("cache/checkpoints");
    let path = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let before = project.json("list fraud", 0);
    for bytes in [&b""[..], b"{}", b"\0\0\0\0"] {
        fs::write(&path, bytes).unwrap();
        assert_eq!(project.json("list fraud", 0), before);
        project.ok("verify");
    }
    fs::remove_dir_all(project.store().join("cache")).unwrap();
    assert_eq!(project.json("list fraud", 0), before);
}

#[test]
fn a_description_that_is_none() {
    let project = Project::with_history();
    let path = project.store().join("format.json");
    let good = fs::read_to_string(&path).unwrap();
    fs::write(&path, "{").unwrap();
    for line in WRITERS.iter().chain(&READERS).chain(&["verify"]) {
        project.fails(line, &Bad { exit: 4, message: &["format.json"], hint: &[] });
    }
    fs::write(&path, good.replace("mlrun/store/1", "mlrun/store/9")).unwrap();
    project.fails("list", &Bad { exit: 4, message: &["format.json", "9"], hint: &[] });
}

/// A journal rewritten whole, every hash and the store's own memory of it made anew: only a head kept elsewhere tells.
#[test]
fn a_head_written_down_elsewhere_is_held_against_the_journal() {
    let project = Project::rated();
    project.version(0.6);
    let told = project.json("verify --journal", 0);
    let head = &told["heads"][0];
    let (seq, id) = (head["seq"].as_u64().unwrap(), head["id"].as_str().unwrap().to_owned());
    let written = format!("fraud@{seq}:{id}");
    assert!(project.ok("verify --journal").stdout.contains(&written), "as it is given back");
    project.version(0.7);
    for head in [&written, &format!("{seq}:{id}")] {
        project.ok(&format!("verify --journal --head {head}"));
        project.ok(&format!("verify --head {head}"));
    }
    let other = format!("{seq}:{}", "0".repeat(64));
    let told = project.json(&format!("verify --journal --head {other}"), 4);
    assert_eq!(told["problems"][0]["kind"], "event");
    let ahead = format!("{}:{id}", seq + 100);
    assert!(project.mlrun(&format!("verify --journal --head {ahead}")).exits(4).stdout.contains("has existed"));
    for bad in ["12", "x:12", "12:zz", "Fraud@1:00"] {
        project.fails(&format!("verify --journal --head {bad}"), &Bad { exit: 2, message: &["--head"], hint: &[] });
    }
    project.fails(&format!("verify --journal --head spam@{seq}:{id}"), &Bad { exit: 6, message: &["spam"], hint: &[] });
}

/// What others were given they can hold against the journal: a certificate names the event that put its baseline there, a bundle the
/// newest one.
#[test]
fn what_others_were_given_is_held_against_the_journal() {
    let project = Project::with_history();
    project.ok("export statement v3 -o ../certificate.json");
    project.ok("bundle v3 -o ../case.tar.gz");
    for known in ["certificate.json", "case.tar.gz"] {
        project.ok(&format!("verify --journal --known ../{known}"));
    }
    // The whole journal is written anew, as somebody might who has learnt how; the store's own memory goes, too.
    let folder = project.store().join("journal/fraud");
    let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let mut prev = serde_json::Value::Null;
    for (at, path) in names.iter().enumerate() {
        let text = fs::read_to_string(path).unwrap();
        let mut event: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        event["prev"] = prev;
        if at == 1 {
            event["actor"]["host"] = "elsewhere".into();
        }
        let line = format!("{event}\n");
        let id = mlrun::digest::Digest::of(line.as_bytes()).to_string();
        fs::remove_file(path).unwrap();
        fs::write(path, format!("{line}{id}\n")).unwrap();
        prev = id.into();
    }
    fs::remove_dir_all(project.store().join("cache")).unwrap();
    project.ok("verify --journal");
    for known in ["certificate.json", "case.tar.gz"] {
        let told = project.json(&format!("verify --journal --known ../{known}"), 4);
        assert!(told["problems"][0]["found"].as_str().unwrap().contains("not the event that was there"), "{told:#}");
    }
    project.write("junk", "junk");
    project.fails("verify --journal --known junk", &Bad { exit: 4, message: &["junk"], hint: &[] });
    let none = Bad { exit: 6, message: &["none.json"], hint: &[] };
    project.fails("verify --journal --known none.json", &none);
    let other = Project::with_history();
    other.ok("bundle v3 -o ../case.tar.gz");
    let foreign = other.beside("case.tar.gz").display().to_string();
    let bad = Bad { exit: 2, message: &["is of another history"], hint: &[] };
    project.fails(&format!("verify --journal --known {foreign}"), &bad);
    other.ok("export statement v1 -o ../first.json");
    let bad = Bad { exit: 2, message: &["names no event"], hint: &[] };
    other.fails("verify --journal --known ../first.json", &bad);
}

/// What is no file is said at once: whoever opens a pipe waits for ever.
#[test]
fn what_is_no_file_where_the_next_event_should_be() {
    for make in ["mkdir", "mkfifo"] {
        let project = Project::with_history();
        let next = fs::read_dir(project.store().join("journal/fraud")).unwrap().count() as u64 + 1;
        shown(project.other(make).arg(event(&project, next))).exits(0);
        let name = format!("journal/fraud/{next:016}");
        for line in ["verify", "verify --full", "verify --journal"] {
            let told = project.json(line, 4);
            let problem = &told["problems"][0];
            assert_eq!(
                (problem["path"].as_str(), told["ok"].as_bool()),
                (Some(name.as_str()), Some(false)),
                "{told:#}"
            );
        }
        for line in WRITERS.iter().chain(&READERS) {
            project.mlrun(line).exits(4).says(&[&name, "is no file", "move it away"]);
        }
        fs::remove_dir(event(&project, next)).or_else(|_| fs::remove_file(event(&project, next))).unwrap();
        project.ok("verify --full");
    }
}

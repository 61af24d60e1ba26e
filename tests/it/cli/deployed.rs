//! `verify --deployed`: whether a server reads what the stage holds.

use std::fs;

use super::harness::{Bad, Project, fingerprint};

fn scene() -> Project {
    let project = Project::rated();
    project.write("model/deep/tokens.txt", "a\nb\n");
    let version = project.version(0.6);
    project.release(&version);
    project.ok("restore v1 --to ../srv --only model");
    project
}

#[test]
fn a_folder_that_is_what_the_stage_holds() {
    let project = scene();
    let before = fingerprint(&project.beside("srv"));
    for revision in ["", "fraud", "v1", "production"] {
        let told = project.json(&format!("verify {revision} --deployed ../srv"), 0);
        assert_eq!((&told["ok"], &told["version"]), (&true.into(), &"v1".into()), "{revision}: {told}");
        assert_eq!(told["checked"]["files"], fingerprint(&project.path("model")).len());
    }
    assert!(project.ok("verify --deployed ../srv").stdout.contains("held by production"));
    // A server's folder may be what is in `model/`, and may be reached through a link.
    let inside = project.json("verify --deployed ../srv/model", 0);
    assert_eq!((&inside["ok"], &inside["without"]), (&true.into(), &"model".into()));
    std::os::unix::fs::symlink(project.beside("srv/model"), project.beside("current")).unwrap();
    assert_eq!(project.json("verify --deployed ../current", 0)["ok"], true);
    // What else lies beside the model's folder is none of its business.
    fs::write(project.beside("srv/server.py"), "serve()\n").unwrap();
    assert_eq!(project.json("verify --deployed ../srv", 0)["ok"], true);
    assert_eq!(fingerprint(&project.beside("srv")).len(), before.len() + 1, "nothing was written");
}

#[test]
fn every_difference_is_named() {
    let project = scene();
    let weights = fs::read(project.beside("srv/model/weights.bin")).unwrap();
    let mut other = weights.clone();
    *other.last_mut().unwrap() ^= 1;
    fs::write(project.beside("srv/model/weights.bin"), &other).unwrap();
    fs::remove_file(project.beside("srv/model/deep/tokens.txt")).unwrap();
    fs::write(project.beside("srv/model/deep/extra.bin"), "new").unwrap();
    let told = project.json("verify --deployed ../srv", 4);
    let mut problems: Vec<(String, String)> = told["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["kind"].as_str().unwrap().to_owned(), p["path"].as_str().unwrap().to_owned()))
        .collect();
    problems.sort();
    let named = |kind: &str, path: &str| (kind.to_owned(), path.to_owned());
    assert_eq!(
        problems,
        [
            named("changed", "model/weights.bin"),
            named("extra", "model/deep/extra.bin"),
            named("missing", "model/deep/tokens.txt"),
        ]
    );
    let sum = project.other("sha256sum").arg(project.beside("srv/model/weights.bin")).output().unwrap().stdout;
    let sum = String::from_utf8(sum).unwrap();
    assert!(told.to_string().contains(&sum[..64]), "the digest that is served");
    fs::write(project.beside("srv/model/weights.bin"), &other[..10]).unwrap();
    assert!(project.mlrun("verify --deployed ../srv").exits(4).stdout.contains("found 10 bytes"));
}

/// A pipe nobody writes to would be read for ever.
#[test]
fn what_is_no_file_is_not_opened() {
    let project = scene();
    let weights = project.beside("srv/model/weights.bin");
    fs::remove_file(&weights).unwrap();
    for pipe in [&weights, &project.beside("srv/model/extra")] {
        assert!(project.other("mkfifo").arg(pipe).status().unwrap().success());
    }
    fs::remove_file(project.beside("srv/model/deep/tokens.txt")).unwrap();
    fs::create_dir(project.beside("srv/model/deep/tokens.txt")).unwrap();
    let told = project.json("verify --deployed ../srv", 4);
    let problems: Vec<_> = told["problems"].as_array().unwrap().iter().collect();
    let found = |path: &str| {
        let one = problems.iter().find(|one| one["path"] == path).unwrap();
        (one["kind"].as_str().unwrap(), one["found"].as_str().unwrap())
    };
    assert_eq!(found("model/weights.bin"), ("changed", "a pipe"));
    assert_eq!(found("model/extra"), ("extra", "a pipe"));
    assert_eq!(found("model/deep/tokens.txt"), ("changed", "a folder"));
}

#[test]
fn what_cannot_be_compared() {
    let project = scene();
    let bad = |exit, message| Bad { exit, message, hint: &[] };
    project.fails("verify --deployed ../nowhere", &bad(2, &["nowhere"]));
    project.fails("verify --deployed ../srv/model/weights.bin", &bad(2, &["weights.bin"]));
    project.fails("verify --deployed ../srv --stage nowhere", &bad(6, &["nowhere"]));
    project.fails("verify --deployed ../srv --full", &bad(2, &["--full"]));
    project.fails("verify --stage production", &bad(2, &["--deployed"]));
    fs::create_dir(project.beside("empty")).unwrap();
    let told = project.json("verify --deployed ../empty", 4);
    assert!(told["problems"].as_array().unwrap().iter().all(|p| p["kind"] == "missing"));
}

/// What a place serves is written down beside what the stage holds.
#[test]
fn what_was_found_is_on_record() {
    let project = scene();
    let record = "verify fraud --deployed ../srv --stage production --where web-1 --record";
    let told = project.json(record, 0);
    assert_eq!((&told["place"], &told["unchanged"], &told["holds"]), (&"web-1".into(), &false.into(), &"v1".into()));
    let event = project.events_of("observed").remove(0);
    assert_eq!((&event["version"], &event["expected"], &event["differences"]), (&"v1".into(), &"v1".into(), &0.into()));
    assert_eq!(told["event"]["seq"], event["seq"]);
    // The same again is no news for a day.
    assert_eq!(project.json(record, 0)["unchanged"], true);
    project.ok(record).says(&["the same is on record of web-1 already"]);
    assert_eq!(project.events_of("observed").len(), 1);
    project.ok("status").says(&["web-1 serves v1, seen"]);
    project.ok("at").says(&["web-1 serves v1, seen"]);
    let before_the_move = project.events_of("observed")[0]["time"].as_str().unwrap().to_owned();
    // The stage moves; nobody has looked since.
    project.version(0.7);
    project.succeed("fraud@v2");
    let standing = |object: &serde_json::Value| object["observed"][0]["standing"].as_str().unwrap().to_owned();
    let stage = || project.json("status", 0)["models"][0]["stages"][0].clone();
    assert_eq!(standing(&stage()), "before-the-move");
    project.ok("status").says(&["web-1 not looked at since the stage moved; it served v1"]);
    // Somebody has: it is an old version, whole.
    let told = project.json(record, 4);
    assert_eq!((&told["holds"], &told["version"], &told["unchanged"]), (&"v1".into(), &"v2".into(), &false.into()));
    project.mlrun(record).exits(4).says(&["it holds fraud@v1, whole"]);
    assert_eq!(standing(&stage()), "other");
    assert_eq!((&stage()["version"], &stage()["observed"][0]["version"]), (&"v2".into(), &"v1".into()));
    project.ok("status").says(&["web-1 DIFFERS: it serves v1"]);
    project.ok("at").says(&["web-1 DIFFERS: it serves v1"]);
    project.ok("log --kind observed").says(&["web-1 serves v1 for production, which held v2"]);
    // Another place, with what nobody knows.
    fs::write(project.beside("srv/model/extra.bin"), "?").unwrap();
    let other = "verify fraud --deployed ../srv --stage production --where web-2 --record";
    assert!(project.json(other, 4)["holds"].is_null());
    project.ok("status").says(&["web-2 DIFFERS: it serves no known version, 2 files differ", "web-1 DIFFERS"]);
    // Then it has what it should.
    fs::remove_dir_all(project.beside("srv")).unwrap();
    project.ok("restore v2 --to ../srv --only model");
    project.ok(record);
    assert_eq!(stage()["observed"].as_array().unwrap().iter().filter(|row| row["standing"] == "same").count(), 1);
    // The past is what was known of it then.
    let then = project.json(&format!("at {before_the_move}"), 0)["stages"][0].clone();
    assert_eq!(
        (&then["version"], standing(&then).as_str(), then["observed"].as_array().unwrap().len()),
        (&"v1".into(), "same", 1)
    );
    project.ok("verify --journal");
}

#[test]
fn what_cannot_be_recorded() {
    let project = scene();
    let bad = |message| Bad { exit: 2, message, hint: &[] };
    project.fails("verify --deployed ../srv --record", &bad(&["--where"]));
    project.fails("verify --deployed ../srv --where web-1", &bad(&["--record"]));
    project.fails("verify --where web-1 --record", &bad(&["--deployed"]));
    // A version is no stage, and the past is not what is served.
    project.fails("verify v1 --deployed ../srv --where web-1 --record", &bad(&["observed of a stage"]));
    project.fails(
        "verify fraud@production --at 2099-01-01 --deployed ../srv --where web-1 --record",
        &bad(&["as it is now"]),
    );
    project.run_fails(&["verify", "--deployed", "../srv", "--where", " ", "--record"], &bad(&["the place"]));
    project.ok("verify fraud@production --deployed ../srv --where web-1 --record");
}

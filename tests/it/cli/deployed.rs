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

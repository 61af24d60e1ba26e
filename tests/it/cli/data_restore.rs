//! Getting back data that no store holds: from where it lies, if it is what it was.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::harness::{Bad, Project, assert_same, fingerprint, shown};

const TABLE: &str = "x\n1\n2\n";

/// A version whose data `train`, declared as `path`, was captured by digest only; its bytes lie beside the project.
fn scene(declared: &str, files: &[&str]) -> Project {
    let project = Project::tiny();
    for file in files {
        let path = project.beside("lake").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{TABLE}{file}\n")).unwrap();
    }
    let path = project.beside("lake").join(declared).display().to_string();
    let section = format!("\n[model.fraud.data.train]\npath = {path:?}\nstore = \"hash\"\n");
    let config = project.read("mlrun.toml") + &section;
    project.write("mlrun.toml", config);
    project.ok("snapshot fraud");
    project
}

/// The only source of the newest version, restored.
#[track_caller]
fn restored(project: &Project, more: &str) -> Value {
    let object = project.json(&format!("restore v1 --to ../back --only data {more}"), 0);
    assert_eq!(object["missing"], json!([]), "{object}");
    object["data"][0].clone()
}

fn back(project: &Project, path: &str) -> Option<String> {
    fs::read_to_string(project.beside("back").join(path)).ok()
}

fn moved(project: &Project) -> PathBuf {
    let away = project.beside("moved");
    fs::rename(project.beside("lake"), &away).unwrap();
    away
}

#[test]
fn from_where_it_was_captured() {
    let project = scene("a.csv", &["a.csv"]);
    let dry = restored(&project, "--dry-run");
    let recorded = project.beside("lake/a.csv").display().to_string();
    let from = json!({ "name": "train", "from": "recorded", "path": recorded, "checked_by": "sha256" });
    assert_eq!(dry, from);
    assert_eq!(back(&project, "outside/a.csv"), None);
    assert_eq!(restored(&project, ""), from);
    assert_eq!(back(&project, "outside/a.csv").unwrap(), format!("{TABLE}a.csv\n"));
    // What is there already is left alone, even where its origin is gone.
    moved(&project);
    assert_eq!(restored(&project, "")["from"], json!("target"));
    project.ok("restore v1 --to ../back").says(&["data train from", "there already"]);
}

#[test]
fn a_file_that_is_gone_or_another() {
    let project = scene("a.csv", &["a.csv"]);
    let lake = project.beside("lake/a.csv");
    let length = fs::metadata(&lake).unwrap().len();
    fs::write(&lake, "y".repeat(length as usize)).unwrap();
    let object = project.json("restore v1 --to ../back", 0);
    let missing = object["missing"][0].clone();
    let digest = project.json("show v1", 0)["data"][0]["sha256"].as_str().unwrap().to_owned();
    let reason = missing["reason"].as_str().unwrap();
    assert!(reason.contains("is not it: sha256:") && reason.contains(&format!("not sha256:{digest}")), "{reason}");
    assert_eq!((&missing["part"], back(&project, "outside/a.csv")), (&json!("data.train"), None));
    fs::write(&lake, "longer than that it was").unwrap();
    project.ok("restore v1 --to ../back").says(&["it has 23 bytes, not", "`--data train=PATH`"]);
    fs::remove_file(&lake).unwrap();
    project.ok("restore v1 --to ../back").says(&["data.train is not restored", "it is not at", "any more"]);
    // A folder, or a pipe that nobody writes to, is not waited for.
    fs::create_dir(&lake).unwrap();
    project.ok("restore v1 --to ../back").says(&["neither a file nor a folder"]);
    fs::remove_dir(&lake).unwrap();
    shown(project.other("mkfifo").arg(&lake)).exits(0);
    project.ok("restore v1 --to ../back").says(&["neither a file nor a folder"]);
    assert_eq!(back(&project, "outside/a.csv"), None);
}

#[test]
fn from_where_somebody_says() {
    let project = scene("a.csv", &["a.csv"]);
    let away = moved(&project).join("a.csv");
    fs::write(project.beside("wrong.csv"), "x\n9\n").unwrap();
    let wrong = Bad {
        exit: 4,
        message: &["wrong.csv", "is not the data `train`", "sha256:", "is recorded", "nothing was written"],
        hint: &["--data train=PATH"],
    };
    project.fails("restore v1 --to ../back --data train=../wrong.csv", &wrong);
    let gone = Bad { exit: 6, message: &["data.train", "gone.csv"], hint: &["on the command line"] };
    project.fails("restore v1 --to ../back --data train=../gone.csv", &gone);
    let unknown = Bad { exit: 2, message: &["no data `test`", "it has train"], hint: &[] };
    project.fails("restore v1 --to ../back --data test=../wrong.csv", &unknown);
    let other = Bad { exit: 2, message: &["not among the parts"], hint: &[] };
    project.fails("restore v1 --to ../back --only model --data train=../wrong.csv", &other);
    assert!(!project.beside("back").exists());
    let given = restored(&project, "--data train=../moved/a.csv");
    assert_eq!((&given["from"], &given["path"]), (&json!("given"), &json!(away.display().to_string())));
    assert_eq!(back(&project, "outside/a.csv").unwrap(), format!("{TABLE}a.csv\n"));
    // A wrong place is refused even where the right file is there already.
    let before = fingerprint(&project.beside("back"));
    let refused = project.mlrun("restore v1 --to ../back --data train=../wrong.csv").exits(4);
    assert_same(&before, &fingerprint(&project.beside("back")), &refused);
}

#[test]
fn a_folder_is_its_files() {
    let files = ["f/a.csv", "f/sub/b.csv", "f/.DS_Store"];
    let project = scene("f", &files);
    fs::write(project.path(".mlrunignore"), "*.tmp\n").unwrap();
    moved(&project);
    // What was passed over when it was captured is passed over now.
    fs::write(project.beside("moved/f/.DS_Store"), "another").unwrap();
    restored(&project, "--data train=../moved/f");
    assert_eq!(back(&project, "outside/f/sub/b.csv").unwrap(), format!("{TABLE}f/sub/b.csv\n"));
    assert_eq!(back(&project, "outside/f/.DS_Store"), None);
    let wrong = Bad { exit: 4, message: &["is not the data `train`"], hint: &[] };
    for change in ["moved/f/sub/b.csv", "moved/f/new.csv"] {
        fs::write(project.beside(change), "x").unwrap();
        project.fails("restore v1 --to ../new --data train=../moved/f", &wrong);
    }
    project.fails(
        "restore v1 --to ../new --data train=../moved/f/a.csv",
        &Bad { exit: 4, message: &["train"], hint: &[] },
    );
    assert!(!project.beside("new").exists());
}

#[test]
fn a_glob_by_itself_or_by_its_folder() {
    let files = ["f/a.csv", "f/sub/b.csv", "f/c.txt"];
    let project = scene("f/**/*.csv", &files);
    assert_eq!(restored(&project, "")["from"], json!("recorded"));
    fs::remove_dir_all(project.beside("back")).unwrap();
    moved(&project);
    restored(&project, "--data train=../moved/f");
    let there: Vec<_> = fingerprint(&project.beside("back")).into_keys().collect();
    fs::remove_dir_all(project.beside("back")).unwrap();
    restored(&project, "--data train=../moved/f/**/*.csv");
    assert_eq!(there, fingerprint(&project.beside("back")).into_keys().collect::<Vec<_>>());
    assert_eq!(there.len(), 2);
}

#[test]
fn from_the_project_and_its_other_files() {
    let project = Project::tiny();
    let section = "\n[model.fraud.data.train]\npath = \"data/a.csv\"\nstore = \"hash\"\n";
    let config = project.read("mlrun.toml") + section;
    project.write("mlrun.toml", &config).write("data/a.csv", TABLE);
    project.ok("snapshot fraud");
    // The same bytes, captured under another name meanwhile.
    project
        .write("mlrun.toml", config.replace("data/a.csv", "data/b.csv"))
        .write("data/b.csv", TABLE)
        .remove("data/a.csv");
    project.ok("snapshot fraud");
    let found = restored(&project, "");
    assert_eq!(
        (&found["from"], &found["path"]),
        (&json!("workspace"), &json!(project.path("data/b.csv").display().to_string()))
    );
    assert_eq!(back(&project, "data/a.csv").unwrap(), TABLE);
    // Into the project itself: what is there is kept, what is not comes back.
    project.ok("restore v1 --to . --only data");
    assert_eq!(project.read("data/a.csv"), TABLE);
    assert_eq!(project.json("restore v1 --to . --only data", 0)["written"], json!(0));
}

#[test]
fn a_moved_project_has_its_data_in_its_own_place() {
    let project = Project::tiny();
    let config = project.read("mlrun.toml") + "\n[model.fraud.data.train]\npath = \"a.csv\"\nstore = \"hash\"\n";
    project.write("mlrun.toml", config).write("a.csv", TABLE);
    project.ok("snapshot fraud");
    fs::rename(project.path(""), project.beside("elsewhere")).unwrap();
    fs::create_dir(project.path("")).unwrap();
    let shown =
        shown(&mut project.command(&["-C", "../elsewhere", "restore", "v1", "--to", "../back", "--json"])).exits(0);
    assert_eq!(shown.object()["data"][0]["from"], json!("project"));
}

#[test]
fn below_the_root_of_a_repository() {
    let project = Project::empty();
    project.write("sub/model/w", "w").write("sub/train.py", "print()\n").write("sub/a.csv", TABLE);
    project.git("init --quiet");
    project.ok("-C sub init --model fraud");
    project.edit("sub/mlrun.toml", "[stage", "[model.fraud.data.train]\npath = \"a.csv\"\nstore = \"hash\"\n\n[stage");
    project.ok("-C sub snapshot fraud");
    project.ok("-C sub restore v1 --to ../../back");
    assert_eq!(back(&project, "sub/a.csv").unwrap(), TABLE);
    project.ok("-C sub restore v1 --to ../../back");
}

#[test]
fn a_uri_by_what_its_server_says() {
    let digest = mlrun::digest::Digest::of(TABLE.as_bytes());
    let project = Project::tiny();
    let section = format!(
        "\n[model.fraud.data.train]\nuri = \"s3://bucket/t.csv?versionId=1\"\nchecksum = \"sha256:{digest}\"\n"
    );
    let config = project.read("mlrun.toml") + &section;
    project.write("mlrun.toml", &config);
    project.ok("snapshot fraud");
    project.ok("restore v1 --to ../back").says(&["recorded as declared", "--data train=PATH"]);
    fs::write(project.beside("fetched"), TABLE).unwrap();
    assert_eq!(restored(&project, "--data train=../fetched")["from"], json!("given"));
    assert_eq!(back(&project, "outside/t.csv").unwrap(), TABLE);
    // An MD5 is better than nothing, and said; an ETag says nothing about bytes.
    let md5 = shown(project.other("md5sum").arg(project.beside("fetched"))).exits(0).stdout[..32].to_owned();
    project.write("mlrun.toml", config.replace(&format!("sha256:{digest}"), &format!("md5:{md5}")));
    project.ok("snapshot fraud");
    let object = project.json("restore v2 --to ../by-md5 --data train=../fetched", 0);
    assert_eq!(object["data"][0]["checked_by"], json!("md5"));
    project.write("mlrun.toml", config.replace(&format!("sha256:{digest}"), "etag:1"));
    project.ok("snapshot fraud");
    project
        .ok("restore v3 --to ../none --data train=../fetched")
        .says(&["nothing is recorded that it could be checked by"]);
}

#[test]
fn from_dvcs_cache() {
    let project = Project::tiny();
    let md5 =
        shown(project.other("sh").args(["-c", "printf 'x\\n1\\n2\\n' | md5sum"])).exits(0).stdout[..32].to_owned();
    let dvc = format!("outs:\n- md5: {md5}\n  size: 6\n  hash: md5\n  path: a.csv\n");
    let config = project.read("mlrun.toml") + "\n[model.fraud.data.train]\ndvc = \"a.csv.dvc\"\nstore = \"hash\"\n";
    project.write("mlrun.toml", config).write("a.csv.dvc", dvc).write(".dvc/config", "");
    // Before it was pulled, and after.
    project.ok("snapshot fraud");
    project.write("a.csv", TABLE);
    project.ok("snapshot fraud").says(&["in DVC's cache"]);
    project.remove("a.csv");
    let object = format!(".dvc/cache/files/md5/{}/{}", &md5[..2], &md5[2..]);
    project.write(&object, TABLE);
    for (version, by) in [("v1", "md5"), ("v2", "sha256")] {
        let to = format!("../back-{version}");
        let data = project.json(&format!("restore {version} --to {to} --only data"), 0)["data"][0].clone();
        assert_eq!((&data["from"], &data["checked_by"]), (&json!("dvc-cache"), &json!(by)));
        assert_eq!(fs::read_to_string(project.path(&to).join("a.csv")).unwrap(), TABLE);
    }
    project.write(&object, "x\n1\n3\n");
    for version in ["v1", "v2"] {
        project
            .ok(&format!("restore {version} --to ../back --only data"))
            .says(&["data.train is not restored", "DVC's cache of"]);
    }
    assert!(!project.beside("back").exists());
}

/// What a pointer of DVC calls a folder may have been an empty file when it was captured.
#[test]
fn an_empty_folder_of_dvcs_cache_is_no_file() {
    let project = Project::tiny();
    // The MD5 of `[]`, which is how DVC writes a folder of no files.
    let dvc =
        "outs:\n- md5: d751713988987e9331980363e24189ce.dir\n  size: 0\n  nfiles: 0\n  hash: md5\n  path: a.csv\n";
    let config = project.read("mlrun.toml") + "\n[model.fraud.data.train]\ndvc = \"a.csv.dvc\"\nstore = \"hash\"\n";
    project.write("mlrun.toml", config).write("a.csv.dvc", dvc).write(".dvc/config", "").write("a.csv", "");
    project.ok("snapshot fraud");
    project.remove("a.csv");
    project.write(".dvc/cache/files/md5/d7/51713988987e9331980363e24189ce.dir", "[]");
    project.ok("restore v1 --to ../back --only data").says(&["data.train is not restored", "there is no file in it"]);
}

/// Nothing is written through a link, and nothing is half-written.
#[test]
fn into_a_folder_with_a_link_in_the_way() {
    let project = scene("f", &["f/a.csv"]);
    fs::create_dir_all(project.beside("back")).unwrap();
    std::os::unix::fs::symlink(project.beside("victim"), project.beside("back/outside")).unwrap();
    fs::create_dir(project.beside("victim")).unwrap();
    project.mlrun("restore v1 --to ../back --only data").exits(1);
    assert_eq!(fs::read_dir(project.beside("victim")).unwrap().count(), 0);
}

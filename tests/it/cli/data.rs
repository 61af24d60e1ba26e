//! Training data in every form it is declared in.

use std::fs;
use std::os::unix::fs::symlink;

use mlrun::digest::Digest;
use serde_json::{Value, json};

use super::harness::{Bad, Project, error_object, shown};

/// A project whose only data is declared so.
fn declaring(section: &str) -> Project {
    let project = Project::tiny();
    declare(&project, section);
    project
}

fn declare(project: &Project, section: &str) {
    let config = project.read("mlrun.toml");
    let config = config.split("\n[model.fraud.data").next().unwrap().trim_end().to_owned();
    project.write("mlrun.toml", format!("{config}\n\n[model.fraud.data.train]\n{section}\n"));
}

/// What the newest version says of its data.
#[track_caller]
fn captured(project: &Project) -> Value {
    project.json("snapshot fraud", 0)["data"][0].clone()
}

fn sha256(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()
}

/// A folder's digest: the SHA-256 of what `sha256sum` prints, sorted by bytes.
#[track_caller]
fn sha256sum(project: &Project, folder: &str) -> String {
    let script = format!(
        "cd '{folder}' && find -L . -type f -printf '%P\\0' | xargs -0 sha256sum | LC_ALL=C sort | sha256sum | cut -c -64"
    );
    shown(project.other("sh").args(["-c", &script])).exits(0).stdout.trim().to_owned()
}

#[test]
fn a_file_a_folder_and_a_glob() {
    let project = declaring("path = \"data/train.csv\"");
    project.write("data/train.csv", "x\n1\n").write("data/more/b.csv", "x\n2\n").write("data/note.txt", "n");
    let file = captured(&project);
    assert_eq!((&file["path"], &file["sha256"]), (&json!("data/train.csv"), &json!(sha256(b"x\n1\n"))));
    declare(&project, "path = \"data/\"");
    let folder = captured(&project);
    assert_eq!((&folder["path"], &folder["files"]), (&json!("data"), &json!(3)));
    assert_eq!(folder["sha256"], json!(sha256sum(&project, "data")));
    declare(&project, "path = \"data/**/*.csv\"");
    let glob = captured(&project);
    assert_eq!((&glob["files"], &glob["rows"]), (&json!(2), &json!(2)));
    declare(&project, "path = \"data/*.parquet\"");
    project.fails("snapshot fraud", &Bad { exit: 6, message: &["data.train", "no files"], hint: &[] });
    declare(&project, "path = \"data/gone.csv\"");
    project.fails("snapshot fraud", &Bad { exit: 6, message: &["data.train", "gone.csv"], hint: &["check the path"] });
}

#[test]
fn outside_the_project() {
    let project = Project::tiny();
    let outside = project.beside("lake");
    fs::create_dir_all(outside.join("deep")).unwrap();
    fs::write(outside.join("deep/a.csv"), "x\n1\n").unwrap();
    declare(&project, &format!("path = {:?}", outside.join("deep/a.csv").display().to_string()));
    let data = captured(&project);
    assert_eq!((&data["path"], &data["stored"]), (&json!("outside/a.csv"), &json!(true)));
    declare(&project, "path = \"../lake\"");
    let data = captured(&project);
    assert_eq!((&data["path"], &data["files"]), (&json!("outside/lake"), &json!(1)));
    assert_eq!(
        project.json("show latest", 0)["observation"]["paths"]["data.train"],
        json!(outside.display().to_string())
    );
    assert_eq!(fs::read_to_string(outside.join("deep/a.csv")).unwrap(), "x\n1\n");
}

#[test]
fn variables_in_paths() {
    let project = declaring("path = \"${LAKE}/train.csv\"");
    let lake = project.beside("lake");
    fs::create_dir_all(&lake).unwrap();
    fs::write(lake.join("train.csv"), "x\n1\n").unwrap();
    let run = |value: Option<&str>| {
        let mut command = project.command(&["snapshot", "fraud", "--json"]);
        value.map(|value| command.env("LAKE", value));
        shown(&mut command)
    };
    let data = run(Some(&lake.display().to_string())).exits(0).object()["data"][0].clone();
    assert_eq!(data["sha256"], json!(sha256(b"x\n1\n")));
    for (value, word) in [(None, "is not set"), (Some(""), "is empty")] {
        let bad = Bad { exit: 2, message: &["`LAKE`", word], hint: &[] };
        error_object(&run(value).exits(2), &bad);
    }
    declare(&project, "path = \"${LAKE/train.csv\"");
    project.fails("snapshot fraud", &Bad { exit: 2, message: &["has no `}`"], hint: &[] });
    for (written, name) in [("a$b.csv", "a$b.csv"), ("$LAKE.csv", "$LAKE.csv"), ("a$${b}.csv", "a${b}.csv")] {
        project.write(name, "x\n3\n");
        declare(&project, &format!("path = \"{written}\""));
        assert_eq!(captured(&project)["path"], json!(name));
    }
}

#[test]
fn a_local_file_says_where_data_lies_on_this_machine() {
    let project = declaring("path = \"data/train.csv\"");
    let lake = project.beside("lake.csv");
    fs::write(&lake, "x\n7\n").unwrap();
    project.write("mlrun.local.toml", format!("[model.fraud.data.train]\npath = \"{}\"\n", lake.display()));
    assert_eq!(captured(&project)["sha256"], json!(sha256(b"x\n7\n")));
    // Of another form, too.
    declare(&project, "uri = \"s3://b/k\"\nchecksum = \"etag:1\"");
    assert_eq!(captured(&project)["sha256"], json!(sha256(b"x\n7\n")));
    let says = |project: &Project, text: &str, words: &[&str]| {
        project.write("mlrun.local.toml", text);
        project.fails("snapshot fraud", &Bad { exit: 2, message: words, hint: &[] });
    };
    says(&project, "\n\n[model.fraud.data.train]\npth = \"x\"\n", &["mlrun.local.toml` line 4", "pth"]);
    says(&project, "[model.fraud.data.train]\n\nstore = 3\n", &["mlrun.local.toml` line 3"]);
    says(&project, "[code]\n\nuntracked_limit = \"big\"\n", &["mlrun.local.toml` line 3", "untracked_limit"]);
    let both = "[model.fraud.data.train]\npath = \"a\"\nuri = \"s3://b/k\"\n";
    says(&project, both, &["mlrun.local.toml` line 3", "one of `path`"]);
    says(&project, "[model\n", &["mlrun.local.toml` line 1"]);
    // What the shared file gets wrong is told as its own.
    project.write("mlrun.local.toml", "[code]\nrequire_clean = true\n");
    project.edit("mlrun.toml", "[stage.production]", "[stage.production]\nvalid_for = \"soon\"");
    project.fails("snapshot fraud", &Bad { exit: 2, message: &["mlrun.toml` line 12", "valid_for"], hint: &[] });
}

#[test]
fn a_local_file_is_kept_out_of_git_and_of_the_code() {
    for git in [false, true] {
        let project = Project::empty();
        project.write("model/w", "w").write("train.py", "print()\n").write("mlrun.local.toml", "[code]\n");
        if git {
            project.git("init --quiet");
            project.write(".gitignore", "out/");
        }
        let written = project.json("init --model fraud", 0)["written"].to_string();
        assert_eq!(written.contains(".gitignore"), git, "{written}");
        if git {
            assert_eq!(project.read(".gitignore"), "out/\n/mlrun.local.toml\n");
            assert!(!project.git("status --porcelain").stdout.contains("local"));
            project.git("add --force mlrun.local.toml");
        }
        let id = project.json("snapshot fraud", 0)["version"].as_str().unwrap().to_owned();
        let listed = project.json(&format!("restore {id} --to ../back --only code --dry-run"), 0).to_string();
        assert!(listed.contains("train.py") && !listed.contains("mlrun.local.toml"), "{listed}");
        assert_eq!(project.json("init", 0)["unchanged"], json!(true));
    }
}

#[test]
fn links_are_content_and_marked() {
    let project = declaring("path = \"data/\"");
    project.write("blobs/one", "1\n").write("blobs/folder/two", "2\n").write("data/plain", "p\n");
    let at = |path: &str| project.path(path);
    symlink("../blobs/one", at("data/file")).unwrap();
    symlink("file", at("data/chain")).unwrap();
    symlink("../blobs/folder", at("data/folder")).unwrap();
    let outside = project.beside("outside.txt");
    fs::write(&outside, "3\n").unwrap();
    symlink(&outside, at("data/away")).unwrap();
    fs::hard_link(at("blobs/one"), at("data/hard")).unwrap();
    let data = captured(&project);
    assert_eq!((&data["files"], &data["sha256"]), (&json!(6), &json!(sha256sum(&project, "data"))));
    let linked = project.json("show latest", 0)["observation"]["linked"].clone();
    let paths = json!(["data/away", "data/chain", "data/file", "data/folder/two"]);
    assert_eq!(linked, json!({ "count": 4, "paths": paths }));
    project.ok("show latest").says(&["through links: data/away"]);
    project.ok("restore latest --to ../back --only data");
    assert_eq!(fs::read_to_string(project.beside("back/data/folder/two")).unwrap(), "2\n");
    assert!(fs::symlink_metadata(project.beside("back/data/chain")).unwrap().is_file());
    // The same bytes in a link's place are the same version.
    for (path, bytes) in [("data/file", "1\n"), ("data/chain", "1\n"), ("data/away", "3\n")] {
        project.remove(path).write(path, bytes);
    }
    fs::remove_file(at("data/folder")).unwrap();
    project.write("data/folder/two", "2\n");
    assert_eq!(project.json("snapshot fraud", 0)["unchanged"], json!(true));
    assert_eq!(project.json("diff", 0)["identical"], json!(true));
}

#[test]
fn links_that_lead_nowhere_or_round() {
    let project = declaring("path = \"data/\"");
    project.write("data/plain", "p\n");
    let link = project.path("data/link");
    symlink("gone", &link).unwrap();
    project.fails(
        "snapshot fraud",
        &Bad { exit: 2, message: &["data/link", "leads nowhere"], hint: &["remove the link"] },
    );
    fs::remove_file(&link).unwrap();
    symlink("..", &link).unwrap();
    project.fails("snapshot fraud", &Bad { exit: 2, message: &["data/link", "in a circle"], hint: &[] });
    fs::remove_file(&link).unwrap();
    // Two links that name each other.
    symlink("link", project.path("data/other")).unwrap();
    symlink("other", &link).unwrap();
    assert_eq!(project.mlrun("snapshot fraud").code.unwrap_or(70) % 70, 2);
    declare(&project, "path = \"data/gone.csv\"");
    symlink("nothing", project.path("data/gone.csv")).unwrap();
    project.fails("snapshot fraud", &Bad { exit: 2, message: &["gone.csv", "leads nowhere"], hint: &[] });
}

#[test]
fn a_cache_of_hugging_face() {
    let project = Project::tiny();
    let hub = "hub/models--acme--tiny";
    let weights = b"weights of acme";
    let blob = format!("{hub}/blobs/{}", sha256(weights));
    project.write(&blob, weights).write(&format!("{hub}/blobs/0ab1"), "{}");
    let snapshot = format!("{hub}/snapshots/5fa1c");
    fs::create_dir_all(project.path(&snapshot)).unwrap();
    symlink(format!("../../blobs/{}", sha256(weights)), project.path(&format!("{snapshot}/model.safetensors")))
        .unwrap();
    symlink("../../blobs/0ab1", project.path(&format!("{snapshot}/config.json"))).unwrap();
    let files = project.json(&format!("snapshot fraud --files {snapshot}/=model/"), 0)["files"].clone();
    assert_eq!((&files[1]["path"], &files[1]["sha256"]), (&json!("model/model.safetensors"), &json!(sha256(weights))));
    assert_eq!(files.as_array().unwrap().len(), 2);
    assert_eq!(project.json("show latest", 0)["observation"]["linked"]["count"], json!(2));
}

#[test]
fn uris_and_what_their_servers_say() {
    let digest = sha256(b"far away");
    let project = declaring(&format!(
        "uri = \"s3://user:pass@bucket/x.csv?versionId=3&sig=abc\"\nchecksum = \"sha256:{digest}\""
    ));
    let shown = project.ok("snapshot fraud").says(&["mlrun cannot restore the data `train`", "--data NAME=PATH"]);
    assert!(!shown.to_string().contains("pass"), "{shown}");
    let data = project.json("show latest", 0)["data"][0].clone();
    assert_eq!(data["path"], json!("s3://bucket/x.csv?versionId=3&sig=<redacted:uri-query>"));
    assert_eq!((&data["sha256"], &data["stored"]), (&json!(digest), &json!(false)));
    assert_eq!(data["declared"], json!({ "checksum": format!("sha256:{digest}") }));
    for uri in ["hf://datasets/acme/rows", "gs://bucket/rows/", "https://example.org/rows.csv"] {
        for checksum in ["md5:0123456789abcdef0123456789abcdef", "etag:\\\"5d8c-3\\\""] {
            declare(&project, &format!("uri = \"{uri}\"\nchecksum = \"{checksum}\""));
            let data = captured(&project);
            assert_eq!((&data["path"], &data["sha256"]), (&json!(uri), &Value::Null));
            assert_eq!(data["declared"]["checksum"], json!(checksum.replace('\\', "")));
        }
    }
    // Another checksum is another version, and it is seen.
    declare(&project, "uri = \"https://example.org/rows.csv\"\nchecksum = \"etag:new\"");
    let diff = project.json("diff", 0)["data"][0].clone();
    assert_eq!((&diff["a"]["checksum"], &diff["b"]["checksum"]), (&json!("etag:\"5d8c-3\""), &json!("etag:new")));
    declare(&project, "uri = \"https://example.org/rows.csv\"\nchecksum = \"crc32:12\"");
    project.fails("snapshot fraud", &Bad { exit: 2, message: &["line 15", "crc32:12", "`sha256:`"], hint: &[] });
    declare(&project, "path = \"train.py\"\nchecksum = \"etag:1\"");
    project.fails("snapshot fraud", &Bad { exit: 2, message: &["line 15", "checksum", "`uri`"], hint: &[] });
}

#[test]
fn how_much_is_kept() {
    let project = declaring("path = \"train.csv\"\nstore = \"hash\"");
    project.write("train.csv", "x\n1\n");
    let data = captured(&project);
    assert_eq!((&data["stored"], &data["sha256"]), (&json!(false), &json!(sha256(b"x\n1\n"))));
    declare(&project, "path = \"train.csv\"\nstore = \"copy\"");
    assert_eq!(captured(&project)["stored"], json!(true));
    // A byte beyond 256 MiB, which takes no room.
    declare(&project, "path = \"rows.bin\"");
    fs::File::create(project.path("rows.bin")).unwrap().set_len((256 << 20) + 1).unwrap();
    let said = project.ok("snapshot fraud").says(&["larger than 256 MiB", "mlrun cannot restore the data `train`"]);
    assert!(said.stderr.contains("where it lies now"), "{said}");
    assert_eq!(project.json("show latest", 0)["data"][0]["stored"], json!(false));
    project.ok("show latest").says(&["by digest only: mlrun cannot restore it"]);
}

#[test]
fn what_is_given_by_hand_is_saved_as_what_it_is() {
    let project = Project::tiny();
    let dvc = "outs:\n- md5: b026324c6904b2a9cb4b88d6d61c81d1\n  size: 2\n  hash: md5\n  path: train.csv\n";
    project.write("data/train.csv", "1\n").write("data/train.csv.dvc", dvc);
    project.ok("snapshot other --files model/ --data train=data/train.csv.dvc --data far=s3://b/k --save");
    let config = project.read("mlrun.toml");
    assert!(config.contains("dvc = \"data/train.csv.dvc\"") && config.contains("uri = \"s3://b/k\""), "{config}");
    let data = project.json("snapshot other", 0);
    assert_eq!((&data["unchanged"], &data["data"][1]["path"]), (&json!(true), &json!("data/train.csv")));
}

#[test]
fn init_finds_what_dvc_keeps() {
    let project = Project::empty();
    project.write("model/w", "w").write("data/train.csv", "1\n").write("dvc.yaml", "stages: {}\n");
    let dvc = "outs:\n- md5: b026324c6904b2a9cb4b88d6d61c81d1\n  size: 2\n  hash: md5\n  path: train.csv\n";
    project.write("data/train.csv.dvc", dvc);
    project.ok("init --model fraud");
    let config = project.read("mlrun.toml");
    assert!(config.contains("\ndvc = \"data/train.csv.dvc\"\n") && config.contains("# dvc.yaml"), "{config}");
    let data = captured(&project);
    assert_eq!(data["declared"]["checksum"], json!("md5:b026324c6904b2a9cb4b88d6d61c81d1"));
}

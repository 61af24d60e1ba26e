//! Data that DVC keeps. What DVC itself writes is in `fixtures/dvc`, made by `generate.sh` there.

use std::fs;
use std::os::unix::fs::symlink;

use mlrun::digest::Digest;
use serde_json::{Value, json};

use super::harness::{Bad, Project};

const TRAIN: &[u8] = b"x,y\r\n1,2\r\n3,4\r\n";
/// The folder `raw`.
const RAW: [(&str, &[u8]); 3] = [("a.txt", b"a\r\nb\n"), ("sub/é \"q\".txt", "é".as_bytes()), ("b.bin", b"\0\x01\r\n")];

/// What a version of DVC wrote.
struct Made {
    train: &'static str,
    raw: &'static str,
    listing: &'static str,
    /// Before the first two digits of an MD5.
    cache: &'static str,
    /// MD5 of the files of `raw`, as in the listing.
    md5: [&'static str; 3],
    algorithm: &'static str,
}

macro_rules! made {
    ($version:literal, $cache:literal, $algorithm:literal, $md5:expr) => {
        Made {
            train: include_str!(concat!("fixtures/dvc/", $version, "/train.csv.dvc")),
            raw: include_str!(concat!("fixtures/dvc/", $version, "/raw.dvc")),
            listing: include_str!(concat!("fixtures/dvc/", $version, "/raw.json")),
            cache: $cache,
            md5: $md5,
            algorithm: $algorithm,
        }
    };
}

fn versions() -> [Made; 2] {
    let (q, b) = ("66ddcd97cfdeabb2f6fb8a999b4bc76f", "de79580366c44d8144a349a3df1efa78");
    [
        made!("3", ".dvc/cache/files/md5", "md5", ["d644a230f3ef20b00879aaceb61790af", q, b]),
        made!("2", ".dvc/cache", "md5-dos2unix", ["dd8c6a395b5dd36c56d23275028f526c", q, b]),
    ]
}

impl Made {
    /// `md5` of a `.dvc` file.
    fn md5_of(text: &str) -> &str {
        text.lines().find_map(|line| line.strip_prefix("- md5: ")).unwrap()
    }

    fn place(&self, cache: &str, md5: &str) -> String {
        format!("{cache}/{}/{}", &md5[..2], &md5[2..])
    }

    /// What is in DVC's cache after `dvc add`.
    fn fill(&self, project: &Project, cache: &str) {
        project.write(&self.place(cache, Self::md5_of(self.train)), TRAIN);
        project.write(&self.place(cache, Self::md5_of(self.raw)), self.listing);
        for ((_, bytes), md5) in RAW.iter().zip(self.md5) {
            project.write(&self.place(cache, md5), bytes);
        }
    }
}

fn scene(made: &Made) -> Project {
    let project = Project::tiny();
    project.write(".dvc/config", "").write("data/train.csv.dvc", made.train).write("raw.dvc", made.raw);
    let data =
        "\n[model.fraud.data.train]\ndvc = \"data/train.csv.dvc\"\n\n[model.fraud.data.raw]\ndvc = \"raw.dvc\"\n";
    let config = project.read("mlrun.toml") + data;
    project.write("mlrun.toml", config);
    project
}

fn put(project: &Project) {
    project.write("data/train.csv", TRAIN);
    for (path, bytes) in RAW {
        project.write(&format!("raw/{path}"), bytes);
    }
}

/// The sources `raw` and `train`.
#[track_caller]
fn sources(project: &Project) -> (Value, Value) {
    let data = project.json("snapshot fraud", 0)["data"].clone();
    (data[0].clone(), data[1].clone())
}

fn sha256(bytes: &[u8]) -> Value {
    json!(Digest::of(bytes).to_string())
}

#[test]
fn in_the_workspace() {
    for made in versions() {
        let project = scene(&made);
        put(&project);
        let shown = project.ok("snapshot fraud --strict");
        assert!(!shown.stderr.contains(".dvc` file names"), "{shown}");
        let data = project.json("show latest", 0)["data"].clone();
        let (raw, train) = (&data[0], &data[1]);
        assert_eq!((&train["path"], &train["sha256"]), (&json!("data/train.csv"), &sha256(TRAIN)));
        assert_eq!((&train["rows"], &train["stored"]), (&json!(2), &json!(true)));
        let checksum = format!("{}:{}", made.algorithm, Made::md5_of(made.train));
        assert_eq!(train["declared"], json!({ "dvc": "data/train.csv.dvc", "checksum": checksum, "size": 15 }));
        let checksum = format!("{}:{}", made.algorithm, Made::md5_of(made.raw));
        assert_eq!(raw["declared"], json!({ "dvc": "raw.dvc", "checksum": checksum, "size": 11, "files": 3 }));
        assert_eq!((&raw["files"], &raw["path"]), (&json!(3), &json!("raw")));
        assert_eq!(project.json("snapshot fraud", 0)["unchanged"], json!(true));
        assert_eq!(project.json("diff", 0)["identical"], json!(true));
        project.ok("status");
    }
}

#[test]
fn another_file_than_the_pointer_names() {
    for made in versions() {
        let project = scene(&made);
        put(&project);
        project.ok("snapshot fraud");
        project.write("data/train.csv", "x,y\n1,3\n").write("raw/new", "n");
        project.ok("snapshot fraud").says(&["data.train.dvc", "it is not what the `.dvc` file names", "data.raw.dvc"]);
        let record = project.json("show latest", 0);
        assert_eq!(record["data"][1]["sha256"], sha256(b"x,y\n1,3\n"));
        assert_eq!(record["not_captured"][1]["part"], json!("data.train.dvc"));
        project.fails("snapshot fraud --strict", &Bad { exit: 1, message: &["data.raw.dvc"], hint: &["--strict"] });
    }
}

/// What DVC 2 took for text it read without the carriage returns, but for one on the edge of two pieces.
#[test]
fn old_digests_of_long_files() {
    let project = scene(&versions()[1]);
    put(&project);
    let mut long = vec![b'a'; (1 << 20) - 1];
    long.extend(b"\r\nb\r\n");
    // `dvc add` of DVC 2.58.2.
    let dvc = "outs:\n- md5: LONG\n  size: 1048580\n  path: train.csv\n".replace("LONG", LONG_MD5);
    project.write("data/train.csv.dvc", dvc).write("data/train.csv", long);
    let shown = project.ok("snapshot fraud");
    assert!(!shown.stderr.contains("data.train.dvc"), "{shown}");
}
const LONG_MD5: &str = "deb8178cc400550795d42d701b97846d";

#[test]
fn in_the_cache_alone() {
    for made in versions() {
        let project = scene(&made);
        made.fill(&project, made.cache);
        let (raw, train) = sources(&project);
        assert_eq!((&train["sha256"], &train["stored"], &train["rows"]), (&sha256(TRAIN), &json!(true), &json!(2)));
        assert_eq!((&raw["files"], &raw["stored"]), (&json!(3), &json!(true)));
        // Where it lay is no part of it.
        put(&project);
        assert_eq!(project.json("snapshot fraud", 0)["unchanged"], json!(true));
        project.ok("restore latest --to ../back --only data");
        for (path, bytes) in RAW {
            assert_eq!(fs::read(project.beside("back/raw").join(path)).unwrap(), bytes);
        }
    }
}

#[test]
fn a_cache_elsewhere() {
    let made = &versions()[0];
    for (config, text) in [
        ("config", "[core]\n    dir = no\n['cache']\n    dir = ../lake\n"),
        ("config.local", "[cache]\ndir = ../lake\n"),
    ] {
        let project = scene(made);
        project.write(&format!(".dvc/{config}"), text);
        made.fill(&project, "lake/files/md5");
        assert_eq!(sources(&project).1["stored"], json!(true));
    }
}

#[test]
fn links_into_the_cache() {
    let made = &versions()[0];
    let project = scene(made);
    made.fill(&project, made.cache);
    let place = made.place(made.cache, Made::md5_of(made.train));
    symlink(format!("../{place}"), project.path("data/train.csv")).unwrap();
    assert_eq!(sources(&project).1["sha256"], sha256(TRAIN));
    assert_eq!(project.json("show latest", 0)["observation"]["linked"]["paths"], json!(["data/train.csv"]));
    project.remove(&place);
    project.fails("snapshot fraud", &Bad { exit: 2, message: &["train.csv", "leads nowhere"], hint: &[] });
}

#[test]
fn nowhere() {
    let made = &versions()[0];
    let project = scene(made);
    let (raw, train) = sources(&project);
    assert_eq!((&train["sha256"], &train["size"], &train["files"]), (&Value::Null, &json!(15), &json!(1)));
    assert_eq!((&raw["stored"], &raw["size"], &raw["files"]), (&json!(false), &json!(11), &json!(3)));
    assert!(train["not_stored"].as_str().unwrap().contains("not in DVC's cache"), "{train}");
    assert!(raw["not_stored"].as_str().unwrap().contains("its listing is not in DVC's cache"), "{raw}");
    project.ok("status");
    // Another pointer is another version.
    project.edit("data/train.csv.dvc", "c90135599344113561a910f6c638137f", "c90135599344113561a910f6c6381370");
    assert_eq!(project.json("diff", 0)["data"][0]["name"], json!("train"));
    assert_eq!(project.json("snapshot fraud", 0)["changed"], json!(["data"]));
}

#[test]
fn a_damaged_cache() {
    let made = &versions()[0];
    let project = scene(made);
    made.fill(&project, made.cache);
    project.write(&made.place(made.cache, Made::md5_of(made.train)), "x,y\r\n1,2\r\n3,5\r\n");
    project.remove(&made.place(made.cache, made.md5[0]));
    let (raw, train) = sources(&project);
    assert!(train["not_stored"].as_str().unwrap().contains("is damaged"), "{train}");
    assert!(raw["not_stored"].as_str().unwrap().contains("1 of its 3 files are not in DVC's cache"), "{raw}");
    // A listing that names what lies elsewhere is never followed.
    let listing = "[{\"md5\": \"d644a230f3ef20b00879aaceb61790af\", \"relpath\": \"../../escape\"}]";
    let md5 = "2435c4322c4d4d200c467898568f60cd";
    project.write(&made.place(made.cache, &format!("{md5}.dir")), listing);
    project.write("raw.dvc", made.raw.replace("2bbdee8e0fa1a946718bdbee5f20816c", md5));
    assert!(sources(&project).0["not_stored"].as_str().unwrap().contains("escape"));
}

#[test]
fn files_that_are_no_pointer() {
    let made = &versions()[0];
    let project = scene(made);
    put(&project);
    for (text, word) in [
        ("stages: {}\n", "no output"),
        ("outs:\n- md5: c90135599344113561a910f6c638137f\n  path: a\n- path: b\n", "several outputs"),
        ("outs:\n- md5: short\n  path: train.csv\n", "its `md5` is none"),
        ("outs: [\n", "line"),
        ("- a\n", "expected a map"),
    ] {
        project.write("data/train.csv.dvc", text);
        project.fails("snapshot fraud", &Bad { exit: 2, message: &["data.train", "train.csv.dvc", word], hint: &[] });
    }
    project.remove("data/train.csv.dvc");
    project.fails("snapshot fraud", &Bad { exit: 6, message: &["train.csv.dvc", "does not exist"], hint: &[] });
    // `wdir`, and an output that lies on a server.
    project.write("data/train.csv.dvc", made.train.replace("outs:", "wdir: ../elsewhere\nouts:"));
    project.write("elsewhere/train.csv", TRAIN);
    assert_eq!(sources(&project).1["path"], json!("elsewhere/train.csv"));
    project.write("data/train.csv.dvc", "outs:\n- etag: 5d8c-3\n  path: s3://me:pw@bucket/x\n  size: 7\n");
    let train = sources(&project).1;
    assert_eq!((&train["path"], &train["declared"]["checksum"]), (&json!("s3://bucket/x"), &json!("etag:5d8c-3")));
}

#[test]
fn the_path_of_a_pointer_is_erased_with_the_datas() {
    let project = scene(&versions()[0]);
    project.ok("snapshot fraud");
    project.ok("purge fraud@v1 --field data.train.path --reason leaked");
    let shown = project.json("show v1", 0).to_string();
    assert!(!shown.contains("train.csv"), "{shown}");
}

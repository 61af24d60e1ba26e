//! Getting files back.

use std::fs;

use super::harness::{Bad, Project, assert_same, fingerprint, shown};

fn scene() -> Project {
    let project = Project::rated();
    project.write("model/deep/er/tokens.txt", "a\nb\n").write("model/run.sh", "#!/bin/sh\n").write("model/empty", "");
    shown(project.other("chmod").args(["+x", "model/run.sh"])).exits(0);
    project.version(0.6);
    project
}

#[test]
fn the_files_come_back_bit_for_bit() {
    use std::os::unix::fs::PermissionsExt;
    let project = scene();
    let files = [
        "model/weights.bin",
        "model/deep/er/tokens.txt",
        "model/run.sh",
        "model/empty",
        "params.yaml",
        "metrics.json",
        "out/predictions.csv",
        "out/latency.csv",
        "train.py",
    ];
    let sums = shown(project.other("sha256sum").args(files)).exits(0).stdout;
    project.write("model/weights.bin", "something else");
    project.ok("restore v1 --to ../back");
    fs::write(project.beside("back/SUMS"), sums).unwrap();
    shown(project.other("sha256sum").args(["-c", "--quiet", "SUMS"]).current_dir(project.beside("back"))).exits(0);
    assert_eq!(fs::metadata(project.beside("back/model/run.sh")).unwrap().permissions().mode() & 0o111, 0o111);
    assert_eq!(fs::metadata(project.beside("back/train.py")).unwrap().permissions().mode() & 0o111, 0);
    assert_eq!(fingerprint(&project.beside("back")).len(), files.len() + 1, "and nothing else");
}

#[test]
fn one_part_at_a_time() {
    let project = scene();
    let parts = [
        ("model", "model/weights.bin", 4),
        ("params", "params.yaml", 1),
        ("results", "out/predictions.csv", 3),
        ("code", "train.py", 1),
        ("environment", "environment.json", 1),
    ];
    for (part, file, count) in parts {
        project.ok(&format!("restore v1 --to ../{part} --only {part}"));
        let there = fingerprint(&project.beside(part));
        assert!(there.contains_key(file) && there.len() == count, "{part}: {there:?}");
    }
    project.ok("restore v1 --to ../two --only model,params");
    assert_eq!(fingerprint(&project.beside("two")).len(), 5);
    project.fails("restore v1 --to x --only everything", &Bad { exit: 2, message: &["everything"], hint: &[] });
}

#[test]
fn what_is_there_is_not_overwritten() {
    let project = scene();
    project.write("back/model/weights.bin", "mine").write("back/params.yaml", project.read("params.yaml"));
    project.write("back/other.txt", "mine too");
    let here = fingerprint(&project.path("back"));
    let bad = Bad {
        exit: 1,
        message: &["1 file is there already", "nothing was written"],
        hint: &["--force", "weights.bin"],
    };
    project.fails("restore v1 --to back", &bad);
    assert_eq!(here, fingerprint(&project.path("back")));
    // A rehearsal foresees it.
    project.fails("restore v1 --to back --dry-run", &bad);
    let plan = project.json("restore v1 --to back --dry-run --force", 0);
    assert_eq!((plan["kept"].as_u64(), plan["overwritten"].as_array().map(Vec::len)), (Some(1), Some(1)));
    let done = project.json("restore v1 --to back --force", 0);
    assert_eq!((done["kept"].as_u64(), done["overwritten"].as_array().map(Vec::len)), (Some(1), Some(1)));
    assert_eq!(project.read("back/model/weights.bin"), "weights of 0.6\n");
    assert_eq!(project.read("back/other.txt"), "mine too");
    // Identical files are left alone, without being asked.
    let before = fs::metadata(project.path("back/model/weights.bin")).unwrap().modified().unwrap();
    let again = project.json("restore v1 --to back", 0);
    assert_eq!((again["written"].as_u64(), again["kept"].as_u64()), (Some(0), Some(9)));
    assert_eq!(fs::metadata(project.path("back/model/weights.bin")).unwrap().modified().unwrap(), before);
    // Nothing half-written stays.
    assert!(fingerprint(&project.path("back")).keys().all(|name| !name.contains(".restoring")));
}

#[test]
fn several_files_in_the_way_are_named() {
    let project = scene();
    project.ok("restore v1 --to back");
    let there: Vec<_> = fingerprint(&project.path("back")).into_keys().collect();
    for name in &there {
        project.write(&format!("back/{name}"), "mine");
    }
    let (all, more) = (format!("{} files are there", there.len()), format!("and {} more", there.len() - 5));
    let bad = Bad { exit: 1, message: &[&all], hint: &["back/metrics.json, ", "back/model/weights.bin", &more] };
    project.fails("restore v1 --to back", &bad);
    // What is not kept as a file has a size too.
    let bytes = project.json("restore v1 --to env --only environment", 0)["bytes"].as_u64();
    assert_eq!(bytes, Some(project.read("env/environment.json").len() as u64));
}

/// Nothing is put in the place of a folder, whatever is asked for.
#[test]
fn a_folder_in_a_files_place() {
    let project = scene();
    project.write("back/model/weights.bin/kept", "kept");
    for line in ["restore v1 --to back --force", "restore v1 --to back", "restore v1 --to back --force --dry-run"] {
        let bad = Bad {
            exit: 1,
            message: &["back/model/weights.bin` is a folder where a file must be", "nothing was written"],
            hint: &["choose an empty folder", "move away", "--force"],
        };
        project.fails(line, &bad);
    }
}

#[test]
fn a_target_that_is_no_folder() {
    let project = scene();
    project
        .fails("restore v1 --to params.yaml", &Bad { exit: 2, message: &["params.yaml", "not a folder"], hint: &[] });
    project.write("back/model", "a file where a folder must be");
    let file = Bad { exit: 1, message: &["back/model` is a file"], hint: &["back/model away"] };
    project.fails("restore v1 --to back", &file);
    project.fails("restore v1 --to back --dry-run", &file);
    assert_eq!(project.read("back/model"), "a file where a folder must be");
    // Never through a link out of the target.
    fs::create_dir(project.beside("outside")).unwrap();
    project.remove("back");
    fs::create_dir(project.path("back")).unwrap();
    std::os::unix::fs::symlink(project.beside("outside"), project.path("back/model")).unwrap();
    let link = Bad { exit: 1, message: &["back/model` is a link", "nothing was written"], hint: &["back/model away"] };
    project.fails("restore v1 --to back --force", &link);
    assert!(fingerprint(&project.beside("outside")).is_empty());
}

#[test]
fn data_that_was_not_kept_is_said() {
    let project = scene();
    project.write("data.csv", "a\n1\n");
    let taken = project.ok("snapshot fraud --data train=data.csv --data-store hash");
    assert!(taken.stderr.contains("mlrun cannot restore the data `train`"), "{taken}");
    let version = project.json("show latest", 0);
    assert_eq!((version["data"][0]["stored"].as_bool(), version["data"][0]["rows"].as_u64()), (Some(false), Some(1)));
    project
        .remove("data.csv")
        .ok("restore latest --to back")
        .says(&["data.train is not restored", version["data"][0]["sha256"].as_str().unwrap()]);
    assert_eq!(project.json("restore latest --to back", 0)["missing"][0]["part"], "data.train");
    project.ok("bundle latest -o case.tar.gz").says(&["data.train is not in it"]);
}

#[test]
fn a_restore_that_is_repeated_in_the_project_changes_nothing() {
    let project = scene();
    let before = fingerprint(&project.path(""));
    let again = project.ok("restore v1 --to .");
    assert_same(&before, &fingerprint(&project.path("")), &again);
}

//! Rebuilding files: what is there and right is left alone, what is there and other is not touched unless that was asked for.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mlrun::progress::Silent;
use mlrun::snapshot::TreeFile;
use mlrun::snapshot::restore::{RestoreError, Twins, apply, plan};
use mlrun::store::memory::Memory;
use mlrun::store::{Backend, Store};

use super::{executable, file, link, planned, restore};
use crate::support::memory_store;
use crate::support::noise::noise;
use crate::support::project::contents;
use crate::support::says;

#[test]
fn into_a_new_folder() {
    let (_, store) = memory_store();
    let temp = tempfile::tempdir().unwrap();
    let target = temp.path().join("not/yet/there");
    let large = noise(1, 3 << 20);
    let files = [
        file(&store, "model.bin", &large),
        file(&store, "a/b/c/deep.txt", b"deep"),
        file(&store, "a/empty", b""),
        file(&store, "a/spaces and ünïcode \u{1f600}", b"name"),
    ];
    let plan = restore(&store, &target, &files, false).unwrap();
    assert_eq!((plan.write.len(), plan.kept, plan.overwrite.len()), (4, 0, 0));
    assert_eq!(plan.bytes, large.len() as u64 + 8);
    let found = contents(&target);
    assert_eq!(found.len(), 4, "no temp file is left: {:?}", found.keys());
    assert!(found["model.bin"] == large);
    assert_eq!(found["a/spaces and ünïcode \u{1f600}"], b"name");
    // As anybody can check it.
    let sums: String = files.iter().map(|f| format!("{}  {}\n", f.id.unwrap(), f.path)).collect();
    fs::write(temp.path().join("SUMS"), sums).unwrap();
    says("sha256sum", &["-c", "--strict", "../../../SUMS"], &target);
}

/// A plan writes nothing.
#[test]
fn a_plan_is_only_a_plan() {
    let (_, store) = memory_store();
    let temp = tempfile::tempdir().unwrap();
    planned(&temp.path().join("x"), &[file(&store, "a", b"x")]).unwrap();
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0);
}

#[test]
fn what_is_in_the_way_is_listed_and_nothing_is_written() {
    let (_, store) = memory_store();
    let temp = tempfile::tempdir().unwrap();
    let target = temp.path();
    fs::create_dir(target.join("d")).unwrap();
    fs::write(target.join("d/other"), b"mine, and longer").unwrap();
    fs::write(target.join("same length"), b"abc").unwrap();
    fs::write(target.join("equal"), b"equal").unwrap();
    fs::write(target.join("unrelated"), b"stays").unwrap();
    let before = contents(target);
    let files = [
        file(&store, "d/other", b"stored"),
        file(&store, "equal", b"equal"),
        file(&store, "new/file", b"new"),
        file(&store, "same length", b"xyz"),
    ];
    let Err(RestoreError::InTheWay { paths }) = restore(&store, target, &files, false) else { panic!("it wrote") };
    assert_eq!(paths, [target.join("d/other"), target.join("same length")]);
    assert_eq!(contents(target), before);
    assert!(!target.join("new").exists());

    let plan = restore(&store, target, &files, true).unwrap();
    assert_eq!(plan.kept, 1);
    assert!(plan.to_write().all(|file| file.path != "equal"));
    assert_eq!(plan.overwrite.len(), 2);
    let after = contents(target);
    assert_eq!(after["d/other"], b"stored");
    assert_eq!(after["same length"], b"xyz");
    assert_eq!(after["new/file"], b"new");
    assert_eq!(after["unrelated"], b"stays");
    assert_eq!(after.len(), 5);
}

/// What lies there with the right bytes keeps its time: nothing that watches files is woken.
#[test]
fn what_is_right_is_left_alone() {
    let (_, store) = memory_store();
    let temp = tempfile::tempdir().unwrap();
    let files = [file(&store, "a", b"first"), file(&store, "d/b", &noise(1, 400_000)), file(&store, "empty", b"")];
    restore(&store, temp.path(), &files, false).unwrap();
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for name in ["a", "d/b", "empty"] {
        fs::File::options().write(true).open(temp.path().join(name)).unwrap().set_modified(old).unwrap();
    }
    for force in [false, true] {
        let plan = restore(&store, temp.path(), &files, force).unwrap();
        assert_eq!((plan.write.len(), plan.kept, plan.bytes), (0, 3, 0));
        for name in ["a", "d/b", "empty"] {
            assert_eq!(fs::metadata(temp.path().join(name)).unwrap().modified().unwrap(), old, "{name}");
        }
    }
}

#[cfg(unix)]
#[test]
fn the_executable_bit() {
    use std::os::unix::fs::PermissionsExt;
    let (_, store) = memory_store();
    let temp = tempfile::tempdir().unwrap();
    restore(&store, temp.path(), &[executable(&store, "run.sh", b"#!/bin/sh\n"), file(&store, "plain", b"x")], false)
        .unwrap();
    let mode = |name: &str| fs::metadata(temp.path().join(name)).unwrap().permissions().mode();
    // Whoever may read it may run it, as the umask lets.
    assert_eq!(mode("run.sh") & 0o111, (mode("run.sh") & 0o444) >> 2);
    assert_ne!(mode("run.sh") & 0o100, 0);
    assert_eq!(mode("plain") & 0o111, 0);
}

/// The right bytes with the wrong bit: only the bit is set, whether or not others may be overwritten.
#[cfg(unix)]
#[test]
fn a_wrong_executable_bit_is_set_right() {
    use std::os::unix::fs::PermissionsExt;
    let (_, store) = memory_store();
    let temp = tempfile::tempdir().unwrap();
    let files = [executable(&store, "run.sh", b"#!/bin/sh\n"), file(&store, "plain", b"x"), followed(&store, "data")];
    restore(&store, temp.path(), &files, false).unwrap();
    let set = |name: &str, mode: u32| {
        let path = temp.path().join(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        fs::File::open(path).unwrap().set_modified(old).unwrap();
        old
    };
    let old = set("run.sh", 0o640).max(set("plain", 0o755)).max(set("data", 0o755));
    let plan = restore(&store, temp.path(), &files, false).unwrap();
    assert_eq!((plan.write.len(), plan.kept, plan.overwrite.len()), (0, 3, 0));
    assert_eq!(plan.modes, [(temp.path().join("plain"), false), (temp.path().join("run.sh"), true)]);
    let now = |name: &str| fs::metadata(temp.path().join(name)).unwrap();
    // What was reached through a link has no recorded bit: it keeps what it has.
    for (name, mode) in [("run.sh", 0o750), ("plain", 0o644), ("data", 0o755)] {
        assert_eq!(now(name).permissions().mode() & 0o777, mode, "{name}");
        assert_eq!(now(name).modified().unwrap(), old, "{name} was not written again");
    }
    assert_eq!(restore(&store, temp.path(), &files, false).unwrap().modes, []);
}

#[cfg(unix)]
fn followed(store: &Store, path: &str) -> TreeFile {
    TreeFile { kind: mlrun::format::tree::EntryKind::Followed, ..file(store, path, b"behind a link") }
}

/// Links come last, so that no file is ever written through one; they are kept as their text, dangling ones too.
#[cfg(unix)]
#[test]
fn links() {
    let (_, store) = memory_store();
    let temp = tempfile::tempdir().unwrap();
    let target = temp.path();
    let files = [
        link("a-link", "z/file"),
        link("dangling", "nowhere"),
        link("z/up", "../a-link"),
        file(&store, "z/file", b"content"),
    ];
    restore(&store, target, &files, false).unwrap();
    assert_eq!(fs::read_link(target.join("a-link")).unwrap(), PathBuf::from("z/file"));
    assert_eq!(fs::read(target.join("z/up")).unwrap(), b"content");
    assert!(!target.join("dangling").exists() && fs::read_link(target.join("dangling")).is_ok());
    // Again: all of it is there already.
    let plan = restore(&store, target, &files, false).unwrap();
    assert_eq!((plan.write.len(), plan.kept), (0, 4));
    // A link that leads elsewhere is other content.
    let moved = [link("a-link", "z/up")];
    assert!(matches!(restore(&store, target, &moved, false), Err(RestoreError::InTheWay { .. })));
    restore(&store, target, &moved, true).unwrap();
    assert_eq!(fs::read_link(target.join("a-link")).unwrap(), PathBuf::from("z/up"));
    assert_eq!(fs::read(target.join("z/file")).unwrap(), b"content");
}

/// Five files whose store has one of their packs' bytes flipped.
fn damaged() -> (Store, Vec<TreeFile>) {
    let (memory, store) = memory_store();
    let files: Vec<_> = (0..5).map(|n| file(&store, &format!("d/f{n}"), &noise(n, 2000))).collect();
    let mut contents_now = memory.contents();
    let pack = contents_now.keys().find(|n| n.starts_with("packs/")).unwrap().clone();
    contents_now.get_mut(&pack).unwrap()[300] ^= 1;
    (Store::open(Arc::new(Memory::with_contents(contents_now)) as Arc<dyn Backend>).unwrap(), files)
}

/// Bytes that are not what their name says never reach the target, nor does anything else of that version.
#[test]
fn a_damaged_version_is_restored_not_at_all() {
    let (store, files) = damaged();
    let whole = files.iter().filter(|f| restores(&store, f)).count();
    assert!((1..5).contains(&whole), "{whole} of 5 are whole");
    let temp = tempfile::tempdir().unwrap();
    let tried = restore(&store, &temp.path().join("to"), &files, false);
    let Err(RestoreError::Stopped { left, source }) = tried else { panic!("{tried:?}") };
    assert!(left.is_empty() && matches!(*source, RestoreError::Store(_)), "{left:?} {source:?}");
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0, "not even a folder");
}

fn restores(store: &Store, file: &TreeFile) -> bool {
    let temp = tempfile::tempdir().unwrap();
    restore(store, temp.path(), std::slice::from_ref(file), false).is_ok()
}

/// Nor does it take the place of what is there: a model of two versions at once would be the worst of all.
#[test]
fn a_damaged_version_replaces_nothing() {
    let (store, files) = damaged();
    let temp = tempfile::tempdir().unwrap();
    fs::create_dir(temp.path().join("d")).unwrap();
    for n in [0, 1, 3] {
        fs::write(temp.path().join(format!("d/f{n}")), "mine").unwrap();
    }
    let before = contents(temp.path());
    let tried = restore(&store, temp.path(), &files, true);
    assert!(matches!(&tried, Err(RestoreError::Stopped { left, .. }) if left.is_empty()), "{tried:?}");
    assert_eq!(contents(temp.path()), before);
}

/// A folder that stands where a file belongs is found after others were written.
#[test]
fn what_was_written_before_a_failure_is_taken_back() {
    let (_, store) = memory_store();
    let temp = tempfile::tempdir().unwrap();
    let mut files: Vec<_> = (0..20).map(|n| file(&store, &format!("new/{n}"), b"x")).collect();
    files.push(file(&store, "other", b"stored"));
    files.push(link("z-link", "other"));
    fs::write(temp.path().join("other"), "mine").unwrap();
    let plan = planned(temp.path(), &files).unwrap();
    fs::create_dir(temp.path().join("z-link")).unwrap();
    let tried = apply(&store, &plan, &Twins::default(), true, &Silent);
    assert!(matches!(&tried, Err(RestoreError::Stopped { left, .. }) if left.is_empty()), "{tried:?}");
    assert_eq!(contents(temp.path()).into_iter().collect::<Vec<_>>(), [("other".to_owned(), b"mine".to_vec())]);
    assert!(!temp.path().join("new").exists());
}

/// Long runs of zeros, at the end too, are restored byte for byte and take no room.
#[cfg(unix)]
#[test]
fn zeros_become_holes() {
    use std::os::unix::fs::MetadataExt;
    let (_, store) = memory_store();
    let mut bytes = vec![0; 24 << 20];
    bytes[9 << 20..10 << 20].copy_from_slice(&noise(3, 1 << 20));
    let sparse = file(&store, "sparse", &bytes);
    let zeros = file(&store, "zeros", &bytes[..4 << 20]);
    bytes.extend_from_slice(b"end");
    let ends = file(&store, "ends", &bytes);
    let temp = tempfile::tempdir().unwrap();
    restore(&store, temp.path(), &[sparse, zeros, ends], false).unwrap();
    for (name, expected) in [("sparse", &bytes[..24 << 20]), ("zeros", &bytes[..4 << 20]), ("ends", &bytes)] {
        let path = temp.path().join(name);
        assert!(fs::read(&path).unwrap() == expected, "{name}");
        let room = fs::metadata(&path).unwrap().blocks() * 512;
        assert!(room < 6 << 20, "{name} takes {room} bytes");
    }
}

/// What a record says about itself can be written beside the files.
#[test]
fn generated_files() {
    let (_, store) = memory_store();
    let temp = tempfile::tempdir().unwrap();
    let generated = || vec![("environment.json".to_owned(), b"{}".to_vec())];
    let first = plan(temp.path(), Vec::new(), generated()).unwrap();
    apply(&store, &first, &Twins::default(), false, &Silent).unwrap();
    assert_eq!(fs::read(temp.path().join("environment.json")).unwrap(), b"{}");
    assert_eq!(plan(temp.path(), Vec::new(), generated()).unwrap().kept, 1);
    fs::write(temp.path().join("environment.json"), b"other").unwrap();
    let other = plan(temp.path(), Vec::new(), generated()).unwrap();
    assert!(matches!(apply(&store, &other, &Twins::default(), false, &Silent), Err(RestoreError::InTheWay { .. })));
    apply(&store, &other, &Twins::default(), true, &Silent).unwrap();
    assert_eq!(fs::read(temp.path().join("environment.json")).unwrap(), b"{}");
}

/// The message counts, because a list of a thousand paths helps nobody.
#[test]
fn what_it_says() {
    let one = RestoreError::InTheWay { paths: vec![PathBuf::from("a")] }.to_string();
    assert_eq!(one, "1 file is there already, with other content; nothing was written");
    let two = RestoreError::InTheWay { paths: vec![PathBuf::from("a"), PathBuf::from("b")] }.to_string();
    assert_eq!(two, "2 files are there already, with other content; nothing was written");
    let stopped = |left: &[&str]| {
        let source = Box::new(RestoreError::InTheWay { paths: Vec::new() });
        RestoreError::Stopped { left: left.iter().map(PathBuf::from).collect(), source }.to_string()
    };
    assert_eq!(stopped(&[]), "nothing was restored");
    assert_eq!(stopped(&["a"]), "the restore stopped half-way; only these were restored: `a`");
    assert!(stopped(&["a", "b", "c", "d", "e", "f", "g"]).ends_with("`d`, `e` and 2 more"));
}

//! Rebuilding files: what is there and right is left alone, what is there and other is not touched unless that was asked for.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mlrun::progress::Silent;
use mlrun::snapshot::restore::{RestoreError, apply, plan};
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
    assert_eq!((plan.write.len(), plan.keep.len(), plan.overwrite.len()), (4, 0, 0));
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
    assert_eq!(plan.keep, [target.join("equal")]);
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
        assert_eq!((plan.write.len(), plan.keep.len(), plan.bytes), (0, 3, 0));
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
    assert_eq!((plan.write.len(), plan.keep.len()), (0, 4));
    // A link that leads elsewhere is other content.
    let moved = [link("a-link", "z/up")];
    assert!(matches!(restore(&store, target, &moved, false), Err(RestoreError::InTheWay { .. })));
    restore(&store, target, &moved, true).unwrap();
    assert_eq!(fs::read_link(target.join("a-link")).unwrap(), PathBuf::from("z/up"));
    assert_eq!(fs::read(target.join("z/file")).unwrap(), b"content");
}

/// Bytes that are not what their name says never reach the target.
#[test]
fn damaged_bytes_are_not_restored() {
    let (memory, store) = memory_store();
    let files: Vec<_> = (0..5).map(|n| file(&store, &format!("f{n}"), &noise(n, 2000))).collect();
    let mut contents_now = memory.contents();
    let pack = contents_now.keys().find(|n| n.starts_with("packs/")).unwrap().clone();
    contents_now.get_mut(&pack).unwrap()[300] ^= 1;
    let store = Store::open(Arc::new(Memory::with_contents(contents_now)) as Arc<dyn Backend>).unwrap();
    let temp = tempfile::tempdir().unwrap();
    let tried = restore(&store, temp.path(), &files, false);
    assert!(matches!(tried, Err(RestoreError::Store(_))), "{tried:?}");
    // What was written is right, and nothing half is left.
    for (name, bytes) in contents(temp.path()) {
        let n: u64 = name[1..].parse().unwrap_or_else(|_| panic!("{name} was left behind"));
        assert!(bytes == noise(n, 2000), "{name}");
    }
}

/// What a record says about itself can be written beside the files.
#[test]
fn generated_files() {
    let (_, store) = memory_store();
    let temp = tempfile::tempdir().unwrap();
    let generated = || vec![("environment.json".to_owned(), b"{}".to_vec())];
    let first = plan(temp.path(), &[], generated()).unwrap();
    apply(&store, &first, false, &Silent).unwrap();
    assert_eq!(fs::read(temp.path().join("environment.json")).unwrap(), b"{}");
    assert_eq!(plan(temp.path(), &[], generated()).unwrap().keep.len(), 1);
    fs::write(temp.path().join("environment.json"), b"other").unwrap();
    let other = plan(temp.path(), &[], generated()).unwrap();
    assert!(matches!(apply(&store, &other, false, &Silent), Err(RestoreError::InTheWay { .. })));
    apply(&store, &other, true, &Silent).unwrap();
    assert_eq!(fs::read(temp.path().join("environment.json")).unwrap(), b"{}");
}

/// The message counts, because a list of a thousand paths helps nobody.
#[test]
fn what_it_says() {
    let one = RestoreError::InTheWay { paths: vec![PathBuf::from("a")] }.to_string();
    assert_eq!(one, "1 file is there already, with other content; nothing was written");
    let two = RestoreError::InTheWay { paths: vec![PathBuf::from("a"), PathBuf::from("b")] }.to_string();
    assert_eq!(two, "2 files are there already, with other content; nothing was written");
}

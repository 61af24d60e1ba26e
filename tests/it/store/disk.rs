//! What only a disk can do wrong.

use std::fs;
use std::sync::Arc;

use mlrun::store::disk::Disk;
use mlrun::store::{Backend, Store};

use super::{get, problems, put};
use crate::support::REPOSITORY;
use crate::support::noise::noise;
use crate::support::project::contents;

fn store_in(folder: &std::path::Path) -> Store {
    Store::create(Arc::new(Disk::new(folder.to_path_buf())), REPOSITORY).unwrap()
}

/// Temp files of a process that died are removed by the next writer; those of one that lives are not.
#[test]
fn what_a_dead_process_left_is_swept() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().join("store");
    let store = store_in(&root);
    for owner in ["dead", "alive"] {
        fs::create_dir_all(root.join("tmp").join(owner)).unwrap();
        fs::write(root.join("tmp").join(owner).join("0"), noise(1, 1000)).unwrap();
    }
    fs::write(root.join("tmp/dead/lock"), b"").unwrap();
    let held = fs::File::create(root.join("tmp/alive/lock")).unwrap();
    held.lock().unwrap();
    // Another process begins to write.
    let other = Store::open(Arc::new(Disk::new(root.clone()))).unwrap();
    let (stored, _) = put(&other, &[noise(2, 1000)]);
    assert!(!root.join("tmp/dead").exists());
    assert!(root.join("tmp/alive/0").exists());
    drop(held);
    assert_eq!(get(&store, stored[0].id).unwrap(), noise(2, 1000));
    assert_eq!(problems(&store), []);
}

/// While one writer's temp files are in use, another process's sweep leaves them alone.
#[test]
fn two_writers_at_once() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().join("store");
    let (one, two) = (store_in(&root), store_in(&root));
    let mut first = one.writer();
    let a = first.put_bytes(&noise(1, 2 << 20), &mlrun::progress::Silent).unwrap();
    let (b, _) = put(&two, &[noise(2, 2 << 20)]);
    first.finish().unwrap();
    for store in [&one, &two] {
        assert!(get(store, a.id).unwrap() == noise(1, 2 << 20));
        assert!(get(store, b[0].id).unwrap() == noise(2, 2 << 20));
    }
    drop((one, two));
    assert!(!root.join("tmp").exists());
}

/// Reading a store on a read-only file system changes nothing in it, even where its index is gone.
#[test]
fn opening_and_reading_write_nothing_that_matters() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().join("store");
    let (stored, _) = put(&store_in(&root), &[noise(1, 500_000)]);
    let before = contents(&root);
    let store = Store::open(Arc::new(Disk::new(root.clone()))).unwrap();
    assert!(get(&store, stored[0].id).unwrap() == noise(1, 500_000));
    drop(store);
    assert_eq!(contents(&root), before);
}

#[cfg(unix)]
#[test]
fn a_folder_in_the_place_of_a_pack_is_no_pack() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().join("store");
    let (stored, _) = put(&store_in(&root), &[noise(1, 1000)]);
    let pack = fs::read_dir(root.join("packs")).unwrap().next().unwrap().unwrap().path();
    fs::remove_file(&pack).unwrap();
    fs::create_dir(&pack).unwrap();
    let store = Store::open(Arc::new(Disk::new(root))).unwrap();
    assert!(matches!(get(&store, stored[0].id), Err(mlrun::store::StoreError::Damaged { .. })));
    assert!(!problems(&store).is_empty());
}

#[test]
fn a_backend_says_where_it_is() {
    let temp = tempfile::tempdir().unwrap();
    let disk = Disk::new(temp.path().join("here"));
    assert!(disk.place().ends_with("here"));
    let said = disk.read("packs/x", 1).unwrap_err().to_string();
    assert!(said.ends_with("here/packs/x does not exist"), "{said}");
    assert!(disk.free().is_none_or(|bytes| bytes > 0) || !temp.path().join("here").exists());
}

/// What lies behind a link is somebody's, however old the link is.
#[cfg(unix)]
#[test]
fn a_link_among_the_temporary_folders() {
    let temp = tempfile::tempdir().unwrap();
    let (store, precious) = (temp.path().join("store"), temp.path().join("precious"));
    fs::create_dir_all(store.join("tmp")).unwrap();
    fs::create_dir(&precious).unwrap();
    fs::write(precious.join("thesis"), "x").unwrap();
    std::os::unix::fs::symlink(&precious, store.join("tmp/old")).unwrap();
    crate::support::says("touch", &["-h", "-d", "3 hours ago", "store/tmp/old"], temp.path());
    drop(Disk::new(store).stage().unwrap());
    assert_eq!(fs::read(precious.join("thesis")).unwrap(), b"x");
}

/// Longer than what is written at a time, in pieces of any length: past the page cache and at its end, the same bytes.
#[test]
fn long_files_in_pieces_of_any_length() {
    let temp = tempfile::tempdir().unwrap();
    let disk = Disk::new(temp.path().to_owned());
    let bytes = noise(7, (17 << 20) + 4097);
    for (name, piece) in
        [("a", 1 << 20), ("b", (8 << 20) - 1), ("c", 8 << 20), ("d", (9 << 20) + 13), ("e", bytes.len())]
    {
        let mut staged = disk.stage().unwrap();
        bytes.chunks(piece).for_each(|part| staged.append(part).unwrap());
        disk.publish(staged, name).unwrap();
        assert!(fs::read(temp.path().join(name)).unwrap() == bytes, "{piece}");
    }
    for length in [0, 1, 4095, 1 << 20, (8 << 20) - 1, 8 << 20, (8 << 20) + 1] {
        let mut staged = disk.stage().unwrap();
        bytes[..length].chunks(333_333).for_each(|part| staged.append(part).unwrap());
        disk.publish(staged, "f").unwrap();
        assert!(fs::read(temp.path().join("f")).unwrap() == bytes[..length], "{length}");
    }
    // One that is given up leaves nothing.
    let mut staged = disk.stage().unwrap();
    staged.append(&bytes).unwrap();
    drop(staged);
    drop(disk);
    assert!(!temp.path().join("tmp").exists());
}

/// More than a pack holds: the first is made durable while the second is filled.
#[test]
fn more_than_one_pack() {
    let temp = tempfile::tempdir().unwrap();
    let store = store_in(temp.path());
    let files = [noise(1, 150 << 20), noise(2, 130 << 20)];
    let (stored, written) = put(&store, &files);
    assert!(written.stored > 280 << 20, "{written:?}");
    let packs = fs::read_dir(temp.path().join("packs")).unwrap().count();
    assert_eq!(packs, 2);
    let store = store_in(temp.path());
    assert!(get(&store, stored[0].id).unwrap() == files[0]);
    let mut copied = Vec::new();
    store.copy_file(stored[1].id, &mut copied, &mlrun::progress::Silent).unwrap();
    assert!(copied == files[1]);
    assert_eq!(store.check(mlrun::store::Depth::Structure, &mlrun::progress::Silent).unwrap().problems, []);
}

/// A file that claims a terabyte, and has nothing in it: it is no pack, and nobody makes room for it.
#[test]
fn a_pack_of_a_terabyte() {
    let temp = tempfile::tempdir().unwrap();
    let store = store_in(temp.path());
    let (stored, _) = put(&store, &[noise(1, 5000)]);
    for name in [format!("packs/{}.pack", "ab".repeat(32)), format!("index/{}.idx", "cd".repeat(16))] {
        fs::File::create(temp.path().join(name)).unwrap().set_len(1 << 40).unwrap();
    }
    let store = store_in(temp.path());
    assert!(get(&store, stored[0].id).unwrap() == noise(1, 5000));
    let found = problems(&store);
    assert!(found.iter().any(|problem| problem.found.contains("more than any pack")), "{found:?}");
}

/// What could be written and never be read is refused before it is.
#[test]
fn a_record_longer_than_any() {
    let temp = tempfile::tempdir().unwrap();
    let store = store_in(temp.path());
    let mut writer = store.writer();
    let error = writer.put_record(&vec![b' '; (64 << 20) + 1]).unwrap_err();
    assert!(error.to_string().contains("67108864 are the most"), "{error}");
    assert!(fs::read_dir(temp.path()).unwrap().all(|entry| entry.unwrap().file_name() != "packs"));
}

/// A part that was not written is not written later either: the rest alone is not what was promised.
#[cfg(target_os = "linux")]
#[test]
fn what_failed_once_is_not_published() {
    use mlrun::digest::Digest;
    use std::process::Command;

    let temp = tempfile::tempdir().unwrap();
    let mount = ["-t", "tmpfs", "-o", "size=40m", "none"];
    if !Command::new("mount").args(mount).arg(temp.path()).status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: no file system may be mounted here, so no disk can be filled");
        return;
    }
    let disk = Disk::new(temp.path().join("store"));
    fs::create_dir(temp.path().join("store")).unwrap();
    // Room for half of the first part.
    fs::write(temp.path().join("filler"), vec![0; 36 << 20]).unwrap();
    let mut staged = disk.stage().unwrap();
    let part = noise(1, 8 << 20);
    let failed = (0..3).find_map(|_| staged.append(&part).err());
    assert_eq!(failed.unwrap().io_kind(), Some(std::io::ErrorKind::StorageFull));
    fs::remove_file(temp.path().join("filler")).unwrap();
    let again = staged.append(&part).is_err();
    let name = format!("packs/{}.pack", Digest::of(&part));
    let published = disk.publish(staged, &name);
    let length = disk.length(&name).unwrap();
    drop(disk);
    assert!(Command::new("umount").arg(temp.path()).status().unwrap().success());
    assert!(again && published.is_err() && length.is_none(), "{published:?} {length:?}");
}

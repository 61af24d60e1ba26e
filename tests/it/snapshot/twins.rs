//! Restored files share the bytes of a file that is known to be the same, where the file system can.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mlrun::progress::Silent;
use mlrun::snapshot::restore::{Twins, apply};

use super::{file, planned};
use crate::support::memory_store;
use crate::support::noise::noise;

const SIZE: usize = 16 << 20;

/// A small XFS of its own, where one may be made and mounted; it can share bytes.
struct Xfs(tempfile::TempDir);

impl Xfs {
    fn mount() -> Option<Self> {
        let temp = tempfile::tempdir().unwrap();
        let run = |program: &str, arguments: &[&str]| {
            let run = Command::new(program).args(arguments).current_dir(temp.path()).output();
            run.is_ok_and(|output| output.status.success())
        };
        fs::create_dir(temp.path().join("disk")).unwrap();
        fs::File::create(temp.path().join("image")).unwrap().set_len(400 << 20).unwrap();
        let made = run("mkfs.xfs", &["-q", "image"]) && run("mount", &["-o", "loop", "image", "disk"]);
        made.then_some(Self(temp))
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("disk")
    }

    fn remount(&self) {
        let run = |program: &str, arguments: &[&str]| {
            let output = Command::new(program).args(arguments).current_dir(self.0.path()).output().unwrap();
            assert!(output.status.success(), "{output:?}");
        };
        run("umount", &["disk"]);
        run("mount", &["-o", "loop", "image", "disk"]);
    }

    fn used(&self) -> u64 {
        let output = Command::new("df").args(["-B1", "--output=used"]).arg(self.path()).output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().last().unwrap().trim().parse().unwrap()
    }
}

impl Drop for Xfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).output();
    }
}

/// Restores a file whose twin holds `twin`.
fn restored(folder: &Path, bytes: &[u8], twin: &[u8]) -> Vec<u8> {
    let (_, store) = memory_store();
    let stored = file(&store, "weights.bin", bytes);
    fs::write(folder.join("twin"), twin).unwrap();
    let target = folder.join("target");
    let plan = planned(&target, std::slice::from_ref(&stored)).unwrap();
    let twins = Twins::new([(stored.id.unwrap(), folder.join("twin"))]);
    apply(&store, &plan, &twins, false, &Silent).unwrap();
    let found = fs::read(target.join("weights.bin")).unwrap();
    assert_eq!(fs::read_dir(&target).unwrap().count(), 1, "nothing else is left there");
    found
}

#[test]
fn bytes_are_shared() {
    let Some(disk) = Xfs::mount() else {
        println!("no XFS can be mounted here: not tried");
        return;
    };
    let bytes = noise(1, SIZE);
    fs::write(disk.path().join("twin"), &bytes).unwrap();
    Command::new("sync").status().unwrap();
    let before = disk.used();
    assert!(restored(&disk.path(), &bytes, &bytes) == bytes);
    // What a rewritten file no longer needs XFS lets go of in its own time, and at the latest here.
    disk.remount();
    let grown = disk.used().saturating_sub(before);
    assert!(grown < (SIZE / 4) as u64, "{grown} more bytes are in use");
}

/// What is in the twin's place now is another file, of the same length or not: the store's bytes are restored.
#[test]
fn a_twin_that_changed() {
    let bytes = noise(2, SIZE);
    let folder = || tempfile::tempdir().unwrap();
    let mut changed = bytes.clone();
    changed[SIZE / 2] ^= 1;
    for twin in [&changed[..], &bytes[..SIZE - 1], b""] {
        assert!(restored(folder().path(), &bytes, twin) == bytes);
        if let Some(disk) = Xfs::mount() {
            assert!(restored(&disk.path(), &bytes, twin) == bytes);
        }
    }
}

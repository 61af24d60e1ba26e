//! A disk so small that it can be filled.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use mlrun::store::{Backend, disk::Disk};

use super::harness::{Project, fingerprint};

/// What takes all the room that is left.
const FILLER: &str = "filler";

/// A small disk of its own; gone with the test.
pub struct SmallDisk<'a> {
    project: &'a Project,
    /// Where it is.
    pub place: PathBuf,
}

impl<'a> SmallDisk<'a> {
    /// None where this process may not mount.
    pub fn mount(project: &'a Project, size: &str) -> Option<Self> {
        let place = project.beside("small");
        fs::create_dir(&place).unwrap();
        let arguments = ["-t", "tmpfs", "-o", &format!("size={size}"), "none", place.to_str().unwrap()];
        let mounted = project.other("mount").args(arguments).output();
        if mounted.is_ok_and(|done| done.status.success()) {
            return Some(Self { project, place });
        }
        eprintln!("skipped: no file system may be mounted here, so no disk can be filled");
        None
    }

    /// A store for the project on it.
    #[track_caller]
    pub fn store(&self) -> PathBuf {
        let store = self.place.join("store");
        self.project.run(&["init", "--model", "fraud", "--store", store.to_str().unwrap()]).exits(0);
        store
    }

    /// Bytes that can be written to it.
    pub fn free(&self) -> u64 {
        Disk::new(self.place.clone()).free().unwrap()
    }

    /// Writes until nothing more can be written.
    pub fn fill(&self) {
        fill(&self.place);
    }

    /// Takes that back.
    pub fn make_room(&self) {
        fs::remove_file(self.place.join(FILLER)).unwrap();
    }
}

/// Writes onto the disk of `folder` until nothing more can be written.
pub fn fill(folder: &Path) {
    let mut filler = fs::File::options().create(true).append(true).open(folder.join(FILLER)).unwrap();
    while filler.write_all(&[0; 4096]).is_ok() {}
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = self.project.other("umount").arg(&self.place).output();
    }
}

/// Every file of a store that is no cache.
pub fn durable(store: &Path) -> BTreeMap<String, String> {
    let mut all = fingerprint(store);
    all.retain(|name, _| name != "lock" && !["index/", "cache/"].iter().any(|folder| name.starts_with(folder)));
    all
}

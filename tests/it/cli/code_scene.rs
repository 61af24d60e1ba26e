//! Working trees, and all there is to know of one.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use mlrun::digest::Digest;
use serde_json::Value;

use super::harness::{Project, Shown, shown};

/// The configuration of projects whose model lies beside them: then the code is the whole working tree.
pub const CONFIG: &str = "schema = 1\n\n[model.fraud]\nfiles = [\"../model/\"]\n\n[stage.production]\n";

/// What a restore must bring back of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    File { executable: bool, bytes: Vec<u8> },
    Link { target: PathBuf },
}

/// Every file and link below `folder`, read by nobody's code but the standard library's. git's own files are left out.
pub fn tree(folder: &Path) -> BTreeMap<String, Entry> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let data = fs::symlink_metadata(&path).unwrap();
            if [".git", ".mlrun"].iter().any(|name| path.ends_with(name)) {
                continue;
            }
            let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
            if data.is_dir() {
                open.push(path);
            } else if data.is_symlink() {
                found.insert(name, Entry::Link { target: fs::read_link(&path).unwrap() });
            } else {
                let executable = data.permissions().mode() & 0o111 != 0;
                found.insert(name, Entry::File { executable, bytes: fs::read(&path).unwrap() });
            }
        }
    }
    found
}

/// Everything of a folder that a program could have changed: kinds, modes, inodes, both times and bytes of every file, link
/// and folder, git's own included. Only the store is left out, and the times of the folder it is in.
pub fn state(folder: &Path, store: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(path) = open.pop() {
        if path == store {
            continue;
        }
        let data = fs::symlink_metadata(&path).unwrap();
        let bytes = if data.is_symlink() {
            fs::read_link(&path).unwrap().display().to_string()
        } else if data.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            String::new()
        } else {
            Digest::of(&fs::read(&path).unwrap()).to_string()
        };
        let times = (data.mtime(), data.mtime_nsec(), data.ctime(), data.ctime_nsec());
        let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
        found.insert(name, format!("{:o} {} {times:?} {bytes}", data.mode(), data.ino()));
    }
    found
}

impl Project {
    /// A git repository with one commit of `files`, and a model beside it; the project is its root.
    #[track_caller]
    pub fn code(files: &[(&str, &str)]) -> Self {
        let project = Self::empty();
        for (path, text) in files {
            project.write(path, text);
        }
        project.committed();
        project.with_model()
    }

    /// Makes the configuration and the store.
    #[track_caller]
    pub fn with_model(self) -> Self {
        self.write("../model/w", "w").write("mlrun.toml", CONFIG);
        self.ok("init");
        self
    }

    /// Runs git with arguments that may hold blanks, in a folder of the project; it must succeed.
    #[track_caller]
    pub fn git_in(&self, folder: &str, arguments: &[&str]) -> Shown {
        let mut command = self.other("git");
        command.current_dir(self.path(folder)).args(["-c", "protocol.file.allow=always"]).args(arguments);
        shown(&mut command).exits(0)
    }

    /// Makes a link in the project.
    #[track_caller]
    pub fn link(&self, path: &str, target: &str) -> &Self {
        symlink(target, self.path(path)).unwrap();
        self
    }

    #[track_caller]
    pub fn executable(&self, path: &str, is: bool) -> &Self {
        let mode = if is { 0o755 } else { 0o644 };
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    /// Takes a snapshot: what it says of the code.
    #[track_caller]
    pub fn taken(&self) -> Value {
        self.json("snapshot fraud", 0)["code"].clone()
    }

    /// Restores the code of the newest version, which must be `expected` to the last byte, mode and link.
    #[track_caller]
    pub fn gives_back(&self, expected: &BTreeMap<String, Entry>) {
        let temp = tempfile::tempdir().unwrap();
        let to = temp.path().join("back");
        self.run(&["restore", "latest", "--only", "code", "--to", to.to_str().unwrap()]).exits(0);
        let back = tree(&to);
        let names: std::collections::BTreeSet<_> = expected.keys().chain(back.keys()).collect();
        let differ: Vec<_> = names.into_iter().filter(|name| expected.get(*name) != back.get(*name)).collect();
        assert!(differ.is_empty(), "not the same: {differ:?}");
    }

    /// The working tree, without some paths.
    #[track_caller]
    pub fn tree_without(&self, gone: &[&str]) -> BTreeMap<String, Entry> {
        let mut all = tree(&self.path(""));
        for path in gone {
            let before = all.len();
            let inside = format!("{path}/");
            all.retain(|name, _| name != path && !name.starts_with(&inside));
            assert!(all.len() < before, "there is no `{path}`");
        }
        all
    }

    /// The patch of a version, from its bundle.
    #[track_caller]
    pub fn patch(&self, version: &str) -> String {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("bundle.tar.gz");
        self.run(&["bundle", version, "-o", file.to_str().unwrap()]).exits(0);
        shown(self.other("tar").args(["xzf", file.to_str().unwrap(), "-C", temp.path().to_str().unwrap()])).exits(0);
        fs::read_to_string(temp.path().join("code.patch")).unwrap()
    }
}

/// The texts of a JSON list, or of one field of the objects in it.
pub fn texts(list: &Value, field: &str) -> Vec<String> {
    let text = |item: &Value| if field.is_empty() { item.clone() } else { item[field].clone() };
    list.as_array().unwrap().iter().map(|item| text(item).as_str().unwrap().to_owned()).collect()
}

//! What is different inside the code of two versions: reads the files that differ, and hands them to [`compare`].
//!
//! A version's files are in the store, with uncommitted work; what is not there any more is looked for in git, at the commit the
//! version was taken at, and counts only if it has the recorded SHA-256. A workspace was looked through for secrets when it was
//! captured; what has changed since is not read.

use std::cell::{Cell, OnceCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use crate::capture::git::Git;
use crate::capture::secrets::Scanner;
use crate::capture::source_file::SourceFile;
use crate::compare::{
    self, Change, CodeDiff, FileFacts, Inside, Item, LARGEST, LARGEST_NOTEBOOK, Mode, PatchFile, Side, is_notebook,
};
use crate::digest::Digest;
use crate::format::tree::EntryKind;
use crate::id::FileId;
use crate::repository::Repository;
use crate::snapshot::TreeFile;

/// Bytes that are read to show what is different: 128 MiB.
const MOST_TO_SHOW: u64 = 128 << 20;
/// Bytes that are read to make a patch, which is held in memory: 512 MiB.
const MOST_TO_PATCH: u64 = 512 << 20;

/// Where the files of a side's code are read from.
pub(in crate::ops) enum CodeFiles {
    /// From the store, or from git.
    Stored {
        /// Those that were erased, and are not to come back from anywhere.
        erased: HashSet<FileId>,
    },
    /// From the disk.
    Workspace {
        /// By their names in the code's tree.
        files: HashMap<String, SourceFile>,
        /// With what the project allows.
        scanner: Scanner,
    },
}

/// A side, and where its code is read from.
#[derive(Clone, Copy)]
pub(in crate::ops) struct CodeSide<'s> {
    /// What is known of it.
    pub side: &'s Side,
    /// Where its files are.
    pub files: &'s CodeFiles,
}

/// Files of a side, and where they are read from.
#[derive(Clone, Copy)]
pub(super) struct Listed<'s> {
    /// What is known of it.
    pub side: &'s Side,
    /// Which files.
    pub list: &'s [TreeFile],
    /// Where they are.
    pub files: &'s CodeFiles,
}

impl<'s> From<CodeSide<'s>> for Listed<'s> {
    fn from(code: CodeSide<'s>) -> Self {
        Self { side: code.side, list: &code.side.code_files, files: code.files }
    }
}

/// The patch from one side's code to the other's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodePatch {
    /// In git's form; paths are relative to the root of the repository, or to the project where there is none.
    pub bytes: Vec<u8>,
    /// Files that are not in it, and why: without them it does not make the one code out of the other.
    pub missing: Vec<(String, String)>,
}

/// Reads files, up to a number of bytes.
struct Reader<'r> {
    repository: &'r Repository,
    git: OnceCell<Option<Git>>,
    room: Cell<u64>,
}

/// Looks into the files that differ.
pub(in crate::ops) fn look_inside(repository: &Repository, a: CodeSide<'_>, b: CodeSide<'_>, diff: &mut CodeDiff) {
    let limit = |path: &str| if is_notebook(path) { LARGEST_NOTEBOOK } else { LARGEST };
    diff.inside = insides(repository, (a.into(), b.into()), &diff.files, limit);
}

/// What is inside those files that have another content, each of at most so many bytes.
pub(super) fn insides(
    repository: &Repository,
    (a, b): (Listed<'_>, Listed<'_>),
    items: &[Item<FileFacts>],
    limit: impl Fn(&str) -> u64,
) -> BTreeMap<String, Inside> {
    let reader = Reader { repository, git: OnceCell::new(), room: Cell::new(MOST_TO_SHOW) };
    let found = Found::of(a, b, items);
    let mut all = BTreeMap::new();
    for item in items.iter().filter(|item| has_other_content(item)) {
        let limit = limit(&item.name);
        let (old, new) = found.of_item(item);
        let read = |side, file: Option<&TreeFile>| file.map(|file| reader.read(side, file, limit)).transpose();
        let inside = match (read(a, old), read(b, new)) {
            (Ok(old), Ok(new)) => compare::look_inside(&item.name, old.as_deref(), new.as_deref()),
            (Err(why), _) | (_, Err(why)) => Inside::Opaque(why),
        };
        all.insert(item.name.clone(), inside);
    }
    all
}

/// Makes the patch.
pub(super) fn patch(repository: &Repository, a: CodeSide<'_>, b: CodeSide<'_>) -> CodePatch {
    let reader = Reader { repository, git: OnceCell::new(), room: Cell::new(MOST_TO_PATCH) };
    let items = compare::differing_files(a.side, b.side);
    let (a, b) = (Listed::from(a), Listed::from(b));
    let found = Found::of(a, b, &items);
    let mut patch = CodePatch::default();
    for item in &items {
        let (old, new) = found.of_item(item);
        let read = |side, file: Option<&TreeFile>| {
            file.map(|file| Ok((file.path.clone(), mode(file.kind), reader.read(side, file, MOST_TO_PATCH)?)))
                .transpose()
        };
        match (read(a, old), read(b, new)) {
            (Ok(old), Ok(new)) => {
                let [old, new] = [&old, &new].map(|file: &Option<(String, Mode, Vec<u8>)>| {
                    file.as_ref().map(|(path, mode, bytes)| PatchFile { path, mode: *mode, bytes })
                });
                compare::write_patch(&mut patch.bytes, old, new);
            }
            (Err(why), _) | (_, Err(why)) => patch.missing.push((item.name.clone(), why)),
        }
    }
    patch
}

const fn mode(kind: EntryKind) -> Mode {
    match kind {
        EntryKind::Executable => Mode::Executable,
        EntryKind::Symlink => Mode::Link,
        EntryKind::File | EntryKind::Folder | EntryKind::Followed => Mode::File,
    }
}

fn has_other_content(item: &Item<FileFacts>) -> bool {
    let content = |facts: &Option<FileFacts>| facts.as_ref().map(|facts| facts.content.clone());
    content(&item.a) != content(&item.b)
}

/// The files of both sides that some items are about, by path.
struct Found<'s> {
    a: HashMap<&'s str, &'s TreeFile>,
    b: HashMap<&'s str, &'s TreeFile>,
}

impl<'s> Found<'s> {
    fn of(a: Listed<'s>, b: Listed<'s>, items: &[Item<FileFacts>]) -> Self {
        let wanted: HashSet<&str> = items.iter().flat_map(|item| [before(item), item.name.as_str()]).collect();
        let files = |list: &'s [TreeFile]| {
            let named = list.iter().filter(|file| wanted.contains(file.path.as_str()));
            named.map(|file| (file.path.as_str(), file)).collect()
        };
        Self { a: files(a.list), b: files(b.list) }
    }

    fn of_item(&self, item: &Item<FileFacts>) -> (Option<&'s TreeFile>, Option<&'s TreeFile>) {
        let old = item.a.as_ref().and_then(|_| self.a.get(before(item)));
        let new = item.b.as_ref().and_then(|_| self.b.get(item.name.as_str()));
        (old.copied(), new.copied())
    }
}

/// What a file was called on the first side.
fn before(item: &Item<FileFacts>) -> &str {
    match &item.change {
        Change::Renamed(from) => from,
        _ => &item.name,
    }
}

impl Reader<'_> {
    /// The bytes of a file; else why they cannot be shown.
    fn read(&self, from: Listed<'_>, file: &TreeFile, limit: u64) -> Result<Vec<u8>, String> {
        let Some(id) = file.id else { return Ok(file.target.clone().unwrap_or_default().into_bytes()) };
        if file.size > limit {
            return Err("too large to show".to_owned());
        }
        let Some(left) = self.room.get().checked_sub(file.size) else {
            return Err("not looked into: too much differs".to_owned());
        };
        self.room.set(left);
        match from.files {
            CodeFiles::Workspace { files, scanner } => {
                let source = files.get(&file.path).ok_or_else(|| "not here any more".to_owned())?;
                let bytes = source.read(limit).map_err(|error| crate::ops::chain(&error))?;
                match scanner.scan(&file.path, &bytes).first() {
                    Some(finding) => Err(format!("not shown: it holds what looks like a secret ({})", finding.rule)),
                    None => Ok(bytes),
                }
            }
            CodeFiles::Stored { erased } if erased.contains(&id) => Err("not here any more: it was erased".to_owned()),
            CodeFiles::Stored { .. } => match self.repository.store().file(id, limit) {
                Ok(bytes) => Ok(bytes),
                Err(error) => self.committed(from.side, file, id).ok_or_else(|| {
                    let commit = from.side.record.code.commit.as_deref().and_then(|commit| commit.get(..9));
                    let commit = commit.map_or_else(String::new, |commit| format!(", nor in commit {commit} here"));
                    format!("not in the store{commit}: {}", crate::ops::chain(&error))
                }),
            },
        }
    }

    /// A file as it was committed, if that is what was recorded.
    fn committed(&self, side: &Side, file: &TreeFile, id: FileId) -> Option<Vec<u8>> {
        let find = || Git::find(self.repository.project().unwrap_or_else(|| Path::new("."))).ok().flatten();
        let git = self.git.get_or_init(find).as_ref()?;
        let bytes = git.committed(side.record.code.commit.as_deref()?, &file.path, file.size)?;
        (Digest::of(&bytes) == id.digest()).then_some(bytes)
    }
}

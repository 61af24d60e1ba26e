//! Checking a store against itself: what is stored is what its names say.

use std::collections::{BTreeMap, HashSet};
use std::io;

use super::index::{Location, TrailerError, read_trailer};
use super::pack_writer::pack_path;
use super::{Checked, CopyError, INDEX, PACKS, Store, StoreError};
use crate::digest::Digest;
use crate::format::pack::{ObjectKind, Trailer};
use crate::id::FileId;
use crate::progress::{Progress, Silent, Unit};

/// How closely to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Lengths, trailers, index.
    Structure,
    /// Every byte: packs hashed, objects decoded and hashed, files put together.
    Full,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `pack`, `index`, `object`, `file`, `event` …
    pub kind: &'static str,
    /// Which: a path in the store, or an id.
    pub name: String,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub found: String,
    /// Which versions need it.
    pub versions: Vec<String>,
    /// Which paths in them.
    pub paths: Vec<Place>,
}

/// A path in a version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// `fraud@v3`.
    pub version: String,
    /// `/`-separated; a folder's ends with `/`.
    pub path: String,
}

impl Problem {
    /// A problem no version is known to suffer from, so far.
    pub fn new(kind: &'static str, name: String, expected: &str, found: String) -> Self {
        Self { kind, name, expected: expected.to_owned(), found, versions: Vec::new(), paths: Vec::new() }
    }

    /// A version suffers from it, at `path` if it is one file or folder of it. Said once of each.
    pub fn touches(&mut self, version: &str, path: Option<&str>) {
        if !self.versions.iter().any(|known| known == version) {
            self.versions.push(version.to_owned());
        }
        if let Some(path) = path {
            self.paths.push(Place { version: version.to_owned(), path: path.to_owned() });
        }
    }
}

/// Packs whose bytes were not read again, because the check that is gone on with had read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotRead {
    /// How many.
    pub packs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the first of them was read, in milliseconds since 1970.
    pub oldest: i64,
    /// When the last of them was.
    pub newest: i64,
}

/// What a check of the store found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreCheck {
    /// Objects looked at.
    pub objects: u64,
    /// Bytes of packs looked at.
    pub bytes: u64,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// Whether the index was wrong and has been written anew: its problems are none any more.
    pub index_rebuilt: bool,
    /// What was not read again.
    pub not_read: Option<NotRead>,
}

/// What became of the files that were put together so far.
#[derive(Default)]
struct Files {
    right: HashSet<[u8; 32]>,
    wrong: BTreeMap<[u8; 32], Problem>,
}

impl Store {
    /// Checks packs and index. An index that is found wrong is written anew from the packs, and still reported.
    pub fn check(&self, depth: Depth, progress: &dyn Progress) -> Result<StoreCheck, StoreError> {
        self.check_on(depth, &mut Checked::unkept(), progress)
    }

    /// The same; packs that `checked` knows are not read, and those that are found sound are added to it.
    pub fn check_on(
        &self,
        depth: Depth,
        checked: &mut Checked<'_>,
        progress: &dyn Progress,
    ) -> Result<StoreCheck, StoreError> {
        let check = self.check_everything(depth, checked, progress);
        if check.is_err() {
            checked.write();
        }
        check
    }

    fn check_everything(
        &self,
        depth: Depth,
        checked: &mut Checked<'_>,
        progress: &dyn Progress,
    ) -> Result<StoreCheck, StoreError> {
        let mut check = StoreCheck::default();
        for defect in self.index.defects()? {
            if defect.name.starts_with(INDEX) {
                let found = format!("{}; it was rebuilt from the packs", defect.reason);
                check.problems.push(Problem::new("index", defect.name, "an index segment", found));
            }
        }
        let mut wrong_index = !check.problems.is_empty();
        let mut files = Files::default();
        progress.begin("checking packs", 0, Unit::Bytes);
        for entry in self.backend.list(PACKS)? {
            let path = format!("{PACKS}/{}", entry.name);
            let Some(name) = entry.name.strip_suffix(".pack").and_then(|hex| blake3::Hash::from_hex(hex).ok()) else {
                continue;
            };
            match read_trailer(&*self.backend, name.as_bytes()) {
                Err(TrailerError::Backend(error)) => return Err(error.into()),
                Err(TrailerError::Format(error)) => {
                    check.problems.push(Problem::new("pack", path, "a whole pack", error.to_string()));
                }
                Ok((length, trailer)) => {
                    if !self.index.agrees(name.as_bytes(), length, &trailer)? {
                        wrong_index = true;
                        let found = "another; it was rebuilt from the packs".to_owned();
                        check.problems.push(Problem::new(
                            "index",
                            INDEX.to_owned(),
                            &format!("what {path} holds"),
                            found,
                        ));
                    }
                    check.bytes += length;
                    check.objects += trailer.objects.len() as u64;
                    if let (Depth::Full, Some(time)) = (depth, checked.when(name.as_bytes(), length)) {
                        check.leave_out(length, time);
                    } else if depth == Depth::Full {
                        let whole = self.check_pack(name, length, &trailer, &mut check.problems)?;
                        // Packs can be whole and a recipe still wrong about its file.
                        if self.check_files(&trailer, &mut files)? && whole {
                            checked.add(*name.as_bytes(), length);
                        }
                    }
                    progress.advance(length);
                }
            }
        }
        progress.end();
        for pack in self.index.packs()? {
            let path = pack_path(&pack.name);
            let known = check.problems.iter().any(|p| p.name == path);
            match self.backend.length(&path)? {
                Some(length) if length == pack.length || known => {}
                Some(length) => {
                    let expected = format!("{} bytes", pack.length);
                    check.problems.push(Problem::new("pack", path, &expected, format!("{length} bytes")));
                }
                // A collection that was cut short: the index has not heard of it yet.
                None if self.is_in_trash(&pack.name)? => wrong_index = true,
                None => check.problems.push(Problem::new("pack", path, "a pack", "nothing".to_owned())),
            }
        }
        check.problems.extend(files.wrong.into_values());
        check.index_rebuilt = wrong_index && self.index.rebuild().is_ok();
        if wrong_index && !check.index_rebuilt {
            // On a read-only store it stays as it is; it is a cache.
            for problem in check.problems.iter_mut().filter(|p| p.kind == "index") {
                problem.found = problem.found.replace("it was rebuilt from the packs", "it cannot be rebuilt here");
            }
        }
        Ok(check)
    }

    fn check_pack(
        &self,
        name: blake3::Hash,
        length: u64,
        trailer: &Trailer,
        problems: &mut Vec<Problem>,
    ) -> Result<bool, StoreError> {
        let path = pack_path(name.as_bytes());
        let mut hasher = blake3::Hasher::new();
        let mut offset = 0;
        let mut buffer = vec![0; 4 << 20];
        while offset < length {
            let part = buffer.len().min((length - offset) as usize);
            // Where the disk cannot read is found out object by object.
            if self.backend.read_at(&path, offset, &mut buffer[..part]).is_err() {
                break;
            }
            hasher.update(&buffer[..part]);
            offset += part as u64;
        }
        let found = hasher.finalize();
        let before = problems.len();
        if found != name {
            problems.push(Problem::new("pack", path, &format!("BLAKE3 {name}"), format!("BLAKE3 {found}")));
        }
        // What was damaged when it was copied makes a pack that is whole. Files are put together anyway.
        let suspect = |kind| found != name || matches!(kind, ObjectKind::Record | ObjectKind::Tree);
        let mut plain = Vec::new();
        for (offset, header) in trailer.objects.iter().filter(|(_, header)| suspect(header.kind)) {
            match self.object_at(&Location { pack: *name.as_bytes(), offset: *offset, header: *header }, &mut plain) {
                Ok(_) => {}
                Err(StoreError::Damaged { kind, id, reason, .. }) => {
                    problems.push(Problem::new("object", id.to_string(), &format!("a whole {kind}"), reason));
                }
                Err(other) => {
                    let id = Digest::from_bytes(header.id).to_string();
                    problems.push(Problem::new("object", id, "something that can be read", other.to_string()));
                }
            }
        }
        Ok(problems.len() == before)
    }

    /// Puts the files together that a pack holds or has the recipe of; whether all of them are right.
    fn check_files(&self, trailer: &Trailer, files: &mut Files) -> Result<bool, StoreError> {
        let is_file = |kind| matches!(kind, ObjectKind::Recipe | ObjectKind::File);
        let ids: HashSet<[u8; 32]> = trailer.objects.iter().filter(|o| is_file(o.1.kind)).map(|o| o.1.id).collect();
        let mut right = true;
        for id in ids {
            if files.right.contains(&id) {
                continue;
            }
            let known = files.wrong.get(&id).cloned();
            let found = if known.is_some() { known } else { self.check_file(FileId::new(Digest::from_bytes(id)))? };
            match found {
                None => drop(files.right.insert(id)),
                Some(problem) => {
                    files.wrong.insert(id, problem);
                    right = false;
                }
            }
        }
        Ok(right)
    }

    fn check_file(&self, id: FileId) -> Result<Option<Problem>, StoreError> {
        match self.copy_file(id, &mut io::sink(), &Silent) {
            Err(CopyError::Store(error @ (StoreError::Damaged { .. } | StoreError::Missing { .. }))) => {
                Ok(Some(Problem::new("file", id.to_string(), "bytes with this SHA-256", error.to_string())))
            }
            Err(CopyError::Store(error)) => Err(error),
            // A sink takes everything.
            Err(CopyError::Write(_)) | Ok(_) => Ok(None),
        }
    }
}

impl StoreCheck {
    fn leave_out(&mut self, length: u64, time: i64) {
        let first = NotRead { packs: 0, bytes: 0, oldest: time, newest: time };
        let left = self.not_read.get_or_insert(first);
        left.packs += 1;
        left.bytes += length;
        left.oldest = left.oldest.min(time);
        left.newest = left.newest.max(time);
    }
}

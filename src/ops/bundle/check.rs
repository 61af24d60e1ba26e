//! Checking a bundle without a store: every entry against `SHA256SUMS`, the records against their ids and the journal, the files
//! against their folders, the pages against all of that.
//!
//! Nothing is unpacked. Whatever a hostile archive could do with paths, links, sizes or repeated names ends it at once; what is merely
//! wrong is listed, all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead as _, Read};
use std::path::Path;

use super::archive::{Archive, Entry, Refusal};
use super::consistency::{
    ABOUT, About, DIFF, Entries, Expected, FORMAT, PAGE, Problems, README, Records, SUMS, is_file, is_known,
};
use super::contents::MOST_RECORDS;
use super::page::Pages;
use crate::certify::wording::count;
use crate::digest::{Digest, Hasher};
use crate::format::canonical;
use crate::format::event::EventRef;
use crate::name::ModelName;
use crate::ops::TOOL;
pub use crate::ops::error::BundleError;

/// What a file begins with that was compressed with gzip.
pub(in crate::ops) const GZIP: [u8; 2] = [0x1f, 0x8b];
/// More entries than this are no bundle.
const MOST_ENTRIES: usize = 2_000_000;

/// What a sound bundle holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleCheck {
    /// The model.
    pub model: String,
    /// Its version, as the bundle says.
    pub version: String,
    /// The snapshot's id, which its record hashes to.
    pub snapshot: String,
    /// The SHA-256 of the bundle.
    pub sha256: Digest,
    /// The newest event of the journal: its place and id.
    pub head: (u64, String),
    /// Entries hashed.
    pub entries: usize,
    /// Their bytes.
    pub bytes: u64,
    /// What nothing in it proves, and what would.
    pub not_checked: Vec<String>,
}

/// A bundle, read to its end: everything but the files is in memory.
#[derive(Debug)]
pub(in crate::ops) struct Opened {
    pub(in crate::ops) about: About,
    pub(in crate::ops) sums: BTreeMap<String, Digest>,
    pub(in crate::ops) records: Entries,
    pub(in crate::ops) sha256: Digest,
    entries: usize,
    bytes: u64,
    problems: Problems,
}

/// Reads a bundle to its end.
pub fn verify_bundle(path: &Path) -> Result<BundleCheck, BundleError> {
    let opened = Opened::read(path)?;
    opened.check(path).map(|(_, _, check)| check)
}

/// Reads a bundle to its end: the history it is from, its model by the first name, and the newest event of its journal.
pub(in crate::ops) fn verify_bundle_of(path: &Path) -> Result<(String, ModelName, EventRef), BundleError> {
    let (checked, ..) = Opened::read(path)?.check(path)?;
    Ok((checked.about.repository, checked.about.model, checked.about.head))
}

impl Opened {
    /// Reads and hashes all of it. What could do harm ends it here; wrong digests are noted.
    pub(in crate::ops) fn read(path: &Path) -> Result<Self, BundleError> {
        if path.is_dir() {
            return Err(BundleError::Folder { path: path.to_path_buf() });
        }
        Self::from_file(path).map_err(|refusal| refused(path, refusal))
    }

    fn from_file(path: &Path) -> Result<Self, Refusal> {
        let hashed = Hashed { file: File::open(path)?, hasher: Hasher::default() };
        let mut compressed = io::BufReader::with_capacity(64 << 10, hashed);
        // A file of nothing is none of ours; said here, since nothing is what any stream ends with.
        if compressed.fill_buf()?.is_empty() {
            return Err("it is empty".to_owned().into());
        }
        if !compressed.fill_buf()?.starts_with(&GZIP) {
            return Err(Refusal::Foreign("it is not compressed with gzip"));
        }
        let mut archive = Archive::new(&mut compressed);
        let first = archive.next_entry().map_err(|refusal| match refusal {
            Refusal::Read(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Refusal::Foreign("what is compressed in it is no archive, or only the beginning of one")
            }
            other => other,
        })?;
        let first = first.ok_or_else(|| "it is empty".to_owned())?;
        if first.name != SUMS {
            return Err(format!("its first entry is `{}`, not `{SUMS}`", first.name).into());
        }
        let mut kept = 0;
        let (_, bytes) = record(&mut archive, &first, &mut kept)?;
        let sums = parse_sums(&bytes)?;
        let second = archive.next_entry()?.filter(|entry| entry.name == ABOUT);
        let second = second.ok_or_else(|| format!("its second entry is not `{ABOUT}`"))?;
        let (digest, bytes) = record(&mut archive, &second, &mut kept)?;
        let about: About = canonical::decode(FORMAT, &bytes).map_err(|e| format!("`{ABOUT}`: {e}"))?;
        let mut opened = Self {
            entries: 2,
            bytes: bytes.len() as u64,
            records: Entries::from([(ABOUT.to_owned(), bytes)]),
            sums,
            about,
            sha256: Digest::of(b""),
            problems: Problems::default(),
        };
        opened.compare(ABOUT, digest);
        opened.rest(&mut archive, kept)?;
        drop(archive);
        opened.sha256 = compressed.into_inner().hasher.finish();
        Ok(opened)
    }

    fn compare(&mut self, name: &str, digest: Digest) {
        if self.sums.get(name) != Some(&digest) {
            self.problems.add(format!("`{name}` does not match `{SUMS}`"));
        }
    }

    fn rest(&mut self, archive: &mut Archive<impl io::BufRead>, mut kept: u64) -> Result<(), Refusal> {
        let mut left = (self.about.entries, self.about.bytes);
        let mut seen: BTreeSet<String> = [SUMS, ABOUT].map(str::to_owned).into();
        while let Some(entry) = archive.next_entry()? {
            let name = &entry.name;
            if !is_known(name) {
                return Err(format!("`{name}` is nothing a bundle holds").into());
            }
            if !self.sums.contains_key(name) {
                return Err(format!("`{name}` is not listed in `{SUMS}`").into());
            }
            // What is to come was said before it came: nobody is made to read for ever.
            let (Some(entries), Some(bytes)) = (left.0.checked_sub(1), left.1.checked_sub(entry.size)) else {
                return Err(format!("with `{name}` it has more than `{ABOUT}` says").into());
            };
            left = (entries, bytes);
            let digest = if is_file(name) {
                archive.digest(false)?.0
            } else {
                let (digest, bytes) = record(archive, &entry, &mut kept)?;
                self.records.insert(name.clone(), bytes);
                digest
            };
            self.compare(name, digest);
            self.entries += 1;
            self.bytes += entry.size;
            seen.insert(entry.name);
        }
        for name in self.sums.keys().filter(|name| !seen.contains(*name)) {
            self.problems.add(format!("`{name}` is missing"));
        }
        if left != (0, 0) && self.sums.keys().all(|name| seen.contains(name)) {
            self.problems.add(format!("it has less than `{ABOUT}` says"));
        }
        Ok(())
    }

    /// What it holds, if all of it belongs together: the records, the files that must be in it, and what a person is told.
    pub(in crate::ops) fn check(
        mut self,
        path: &Path,
    ) -> Result<(Checked, BTreeMap<String, Expected>, BundleCheck), BundleError> {
        let mut problems = std::mem::take(&mut self.problems);
        let mut not_checked = Vec::new();
        let mut files = BTreeMap::new();
        match Records::read(&self.about, &self.records) {
            Err(problem) => problems.add(problem),
            Ok(records) => {
                records.check(&mut problems);
                files = records.files(&mut problems);
                records.check_files(&files, &self.sums, &mut problems);
                self.check_pages(&records, &mut problems, &mut not_checked);
                not_checked.extend(unproven(&records));
            }
        }
        let problems = problems.into_vec();
        if !problems.is_empty() {
            return Err(BundleError::Unsound { path: path.to_path_buf(), problems });
        }
        let check = BundleCheck {
            model: self.about.model.to_string(),
            version: self.about.version.to_string(),
            snapshot: self.about.snapshot.to_string(),
            sha256: self.sha256,
            head: (self.about.head.seq, self.about.head.id.to_string()),
            entries: self.entries,
            bytes: self.bytes,
            not_checked,
        };
        Ok((Checked { about: self.about, sums: self.sums, records: self.records, sha256: self.sha256 }, files, check))
    }

    /// The pages are what this program makes of the rest. Another version may word them otherwise.
    fn check_pages(&self, records: &Records<'_>, problems: &mut Problems, not_checked: &mut Vec<String>) {
        if self.about.tool != TOOL {
            not_checked.push(format!(
                "`{PAGE}` and `{README}` were written by mlrun {}; this is {TOOL}: whether they say what the records say was not looked at",
                self.about.tool
            ));
            return;
        }
        let pages = Pages::of(records, &self.sums);
        for (name, page) in [(PAGE, pages.index), (README, pages.readme)] {
            if self.records.get(name).map(Vec::as_slice) != Some(page.as_bytes()) {
                problems.add(format!("`{name}` does not say what the records say"));
            }
        }
    }
}

/// A sound bundle.
#[derive(Debug)]
pub(in crate::ops) struct Checked {
    pub(in crate::ops) about: About,
    pub(in crate::ops) sums: BTreeMap<String, Digest>,
    pub(in crate::ops) records: Entries,
    pub(in crate::ops) sha256: Digest,
}

/// What no check of the bundle alone can show.
fn unproven(records: &Records<'_>) -> Vec<String> {
    let about = records.about;
    let mut open = vec![format!(
        "that this is the whole history: compare its head, {}:{}, with one that is known from elsewhere",
        about.head.seq, about.head.id
    )];
    if records.by_name.contains_key(DIFF) {
        open.push(format!("`{DIFF}`: the version before is not in it"));
    }
    for name in records.by_name.keys().filter(|name| name.starts_with("ssh/")) {
        open.push(format!(
            "whose key made `{name}`: it holds; `ssh-keygen -Y verify` tells, with a list of who has which key"
        ));
    }
    let signed = records.by_name.keys().filter(|name| name.starts_with("signatures/")).count();
    if signed > 0 {
        let signatures = count(signed as u64, "signature");
        open.push(format!(
            "whose keys made {signatures} of the certificate: what is signed holds, the owners are not known"
        ));
    }
    let erased = records.journal.state.erased_from(about.version).count();
    if erased > 0 {
        open.push(format!("what was erased, in {}: only its digests are left", count(erased as u64, "part")));
    }
    open
}

/// A record: its digest and bytes. All of them together are bounded.
fn record(
    archive: &mut Archive<impl io::BufRead>,
    entry: &Entry,
    kept: &mut u64,
) -> Result<(Digest, Vec<u8>), Refusal> {
    *kept = kept.saturating_add(entry.size);
    if *kept > MOST_RECORDS {
        return Err(format!("`{}` has {} bytes", entry.name, entry.size).into());
    }
    archive.digest(true)
}

fn refused(path: &Path, refusal: Refusal) -> BundleError {
    let path = path.to_path_buf();
    match refusal {
        Refusal::Read(source) if source.kind() == io::ErrorKind::UnexpectedEof => {
            let source = io::Error::new(source.kind(), "it ends too early: it was not copied to its end");
            BundleError::Read { path, source }
        }
        Refusal::Read(source) => BundleError::Read { path, source },
        Refusal::Foreign(reason) => BundleError::Foreign { path, reason },
        Refusal::Unsound(problem) => BundleError::Unsound { path, problems: vec![problem] },
    }
}

fn parse_sums(content: &[u8]) -> Result<BTreeMap<String, Digest>, String> {
    let text = std::str::from_utf8(content).map_err(|_| format!("`{SUMS}` is not UTF-8"))?;
    let mut sums = BTreeMap::new();
    for line in text.lines() {
        let (digest, name) = line.split_once("  ").ok_or_else(|| format!("`{SUMS}` has a line that is none"))?;
        let digest = digest.parse().map_err(|e| format!("`{SUMS}`: {e}"))?;
        if sums.insert(name.to_owned(), digest).is_some() {
            return Err(format!("`{SUMS}` names `{name}` twice"));
        }
        if sums.len() > MOST_ENTRIES {
            return Err(format!("`{SUMS}` has more than {MOST_ENTRIES} lines"));
        }
    }
    Ok(sums)
}

/// Gives the files of a bundle that was found sound, one by one, to whoever wants them: the name, and its bytes. They are hashed by
/// whoever takes them.
pub(in crate::ops) fn each_file<E: From<BundleError>>(
    path: &Path,
    mut take: impl FnMut(&str, u64, &mut dyn Read) -> Result<(), E>,
) -> Result<(), E> {
    let refused = |refusal: Refusal| E::from(refused(path, refusal));
    let file = File::open(path).map_err(|error| refused(error.into()))?;
    let mut archive = Archive::new(io::BufReader::with_capacity(64 << 10, file));
    while let Some(entry) = archive.next_entry().map_err(refused)? {
        if is_file(&entry.name) {
            take(&entry.name, entry.size, &mut archive)?;
        }
    }
    Ok(())
}

/// A file, hashed as it is read.
struct Hashed {
    file: File,
    hasher: Hasher,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}

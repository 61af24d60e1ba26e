//! `bundle`: one file for an auditor, who needs `tar`, `sha256sum` and `jq`, and no trust in this program.
//!
//! ```text
//! SHA256SUMS                 of everything below, as `sha256sum -c` reads it
//! bundle.json                what this is about, how much there is, what is not in it
//! README.txt, index.html     what is what; everything as a page that needs no network. Both follow from the rest
//! snapshot.json              the snapshot record; its SHA-256 is the snapshot's id, unless something was erased from it:
//!                            then what is left, whose SHA-256 stands beside the id in the event that says so
//! observation.json           what surrounded it
//! profiles/<id>.json         the profiles of the data that the observation names; a file's name is its SHA-256
//! certificate.json           the newest certificate, if there is one; policy.json the rules it names, policy.toml
//!                            the file they were written in; certificate.dsse.json the same with its signatures
//! signatures/<id>.json       those; a file's name is its SHA-256, which the event that made it names
//! measurement.json           what the certificate's models did while they were run, if they were; measured/<model>/<file> what
//!                            they predicted, but for what was erased
//! cases/<id>.json            the lists of regression cases that the certificate names; a file's name is its SHA-256
//! journal.jsonl              every event of the model, a line each: the SHA-256 of a line with its end is the event's id
//! events/<seq>               those that concern the version, as they lie in the journal
//! records/<id>.json, .txt    records that these name: statements, other certificates, rules; by their SHA-256
//! ssh/<seq>.sig              signatures among them, as `ssh-keygen` takes them
//! diff.json                  what changed since the version before
//! trees/<id>.json            every folder listing; a file's name is its SHA-256
//! files/…                    the files, where they lay in the project, but for those that were erased; evidence that was
//!                            attached later lies in files/attached; apart/<id> those whose names some systems cannot keep apart
//! ```
//! The bytes depend on nothing but the content: no times, no owners, entries in order, one compression level. There are no links in
//! it: nothing that is unpacked leads anywhere.

mod archive;
pub mod check;
pub(super) mod consistency;
mod contents;
mod gzip;
mod journal;
mod page;
mod statements;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use self::consistency::{ABOUT, SUMS};
use self::contents::Contents;
use self::gzip::Gzip;
use super::error::BundleError;
use super::resolve;
use super::{VerbError, attached};
use crate::digest::{Digest, Hasher};
use crate::format::tree::EntryKind;
use crate::id::SnapshotId;
use crate::name::{ModelName, Version};
use crate::progress::{Progress, Unit};
use crate::repository::Repository;
use crate::snapshot::TreeFile;
use crate::store::{CopyError, Lock, Store};

/// What an unfinished bundle is called, beside the place it is for: a name of its own between a dot and this.
const UNFINISHED: &str = ".bundling";

/// What to bundle.
#[derive(Debug, Clone, Default)]
pub struct BundleOptions {
    /// The version.
    pub revision: String,
    /// The time to see it at.
    pub at: Option<String>,
    /// The file to write.
    pub output: PathBuf,
    /// Whether a file that is there is replaced.
    pub force: bool,
    /// Finds out, writes nothing.
    pub dry_run: bool,
}

/// What was bundled.
#[derive(Debug, Clone)]
pub struct BundleReport {
    /// The model.
    pub model: ModelName,
    /// Its version.
    pub version: Version,
    /// Its record.
    pub id: SnapshotId,
    /// The file.
    pub output: PathBuf,
    /// Its size; none in a dry run.
    pub size: Option<u64>,
    /// Its SHA-256; none in a dry run.
    pub sha256: Option<Digest>,
    /// Entries in it.
    pub entries: usize,
    /// What is not kept and therefore not in it.
    pub missing: Vec<(String, String)>,
}

/// Writes a bundle to a file: all of it, or nothing.
pub fn bundle(
    repository: &Repository,
    options: &BundleOptions,
    progress: &dyn Progress,
) -> Result<BundleReport, VerbError> {
    check_place(repository, &options.output, options.force)?;
    // Opened before anything is gathered: a place that cannot be written to is found out at once.
    let unfinished = if options.dry_run { None } else { Some(Unfinished::beside(&options.output)?) };
    let store = repository.store();
    let _held = store.hold(Lock::Shared, progress)?;
    let (contents, mut report) = gather(repository, options)?;
    if let Some(unfinished) = unfinished {
        let (size, sha256) = write(store, &unfinished.file, &options.output, &contents, progress)?;
        unfinished.finish(&options.output, options.force)?;
        report.size = Some(size);
        report.sha256 = Some(sha256);
    }
    Ok(report)
}

/// Writes a bundle to a stream, from which nothing can be taken back.
pub fn stream(
    repository: &Repository,
    options: &BundleOptions,
    out: impl Write,
    progress: &dyn Progress,
) -> Result<BundleReport, VerbError> {
    let store = repository.store();
    let _held = store.hold(Lock::Shared, progress)?;
    let (contents, mut report) = gather(repository, options)?;
    if !options.dry_run {
        let (size, sha256) = write(store, out, &options.output, &contents, progress)?;
        report.size = Some(size);
        report.sha256 = Some(sha256);
    }
    Ok(report)
}

fn gather(repository: &Repository, options: &BundleOptions) -> Result<(Contents, BundleReport), VerbError> {
    let found = resolve::revision(repository, &options.revision, options.at.as_deref())?;
    resolve::kept(repository, &found)?;
    let record = attached::kept(repository, &found.state, &found.row)?;
    let contents = contents::gather(repository, &found, &record)?;
    let report = BundleReport {
        model: found.state.model.clone(),
        version: found.row.version,
        id: found.snapshot(),
        output: options.output.clone(),
        size: None,
        sha256: None,
        entries: contents.records.len() + contents.files.len() + 1,
        missing: contents.about.missing.clone(),
    };
    Ok((contents, report))
}

/// Refuses a place that a bundle cannot take.
fn check_place(repository: &Repository, output: &Path, force: bool) -> Result<(), VerbError> {
    let refused = |source| VerbError::Io { action: "write", path: output.to_path_buf(), source };
    let place = |path: &Path| path.canonicalize().ok();
    if let (Some(folder), Some(store)) = (place(folder_of(output)), place(repository.store_path()))
        && folder.starts_with(&store)
    {
        return Err(BundleError::InStore { path: output.to_path_buf() }.into());
    }
    match fs::metadata(output) {
        Ok(data) if data.is_dir() => Err(refused(io::ErrorKind::IsADirectory.into())),
        Ok(data) if !data.is_file() => Err(refused(io::Error::other("it is neither a file nor a free name"))),
        Ok(_) if !force => Err(BundleError::Exists { path: output.to_path_buf() }.into()),
        Ok(_) => Ok(()),
        Err(_) => match fs::metadata(folder_of(output)).map_err(refused)?.is_dir() {
            true => Ok(()),
            false => Err(refused(io::ErrorKind::NotADirectory.into())),
        },
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The file beside its place that becomes the bundle; taken away if it does not.
struct Unfinished {
    temp: PathBuf,
    file: File,
}

impl Unfinished {
    fn beside(output: &Path) -> Result<Self, VerbError> {
        let folder = folder_of(output);
        remove_abandoned(folder);
        let temp = folder.join(format!(".{}{UNFINISHED}", uuid::Uuid::new_v4().simple()));
        match File::options().write(true).create_new(true).open(&temp) {
            Ok(file) => {
                // Held as long as it is written to. Where locks are not to be had, what is abandoned stays.
                let _ = file.try_lock();
                Ok(Self { temp, file })
            }
            Err(source) => Err(VerbError::Io { action: "write", path: output.to_path_buf(), source }),
        }
    }

    /// Gives it its name, once its bytes are safe.
    fn finish(self, output: &Path, force: bool) -> Result<(), VerbError> {
        let failed = |source| VerbError::Io { action: "write", path: output.to_path_buf(), source };
        self.file.sync_all().map_err(failed)?;
        if !force {
            match link(&self.temp, output) {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    return Err(BundleError::Exists { path: output.to_path_buf() }.into());
                }
                // Not every file system has links: what was free at the beginning is taken to be so still.
                Err(_) => {}
            }
        }
        rename(&self.temp, output).map_err(failed)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Once it has its name, there is nothing to remove but another one.
        let _ = remove(&self.temp);
    }
}

/// Removes what a killed process left in `folder`: nobody holds it.
fn remove_abandoned(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(stem) = name.to_str().and_then(|n| n.strip_prefix('.')?.strip_suffix(UNFINISHED)) else { continue };
        let is_ours = stem.len() == 32 && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_ours
            && entry.file_type().is_ok_and(|kind| kind.is_file())
            && let Ok(file) = File::options().write(true).open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = remove(&entry.path());
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the bundle is written where the person said, not into the store")]
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a second name, which fails where one is taken; the first is removed at once"
)]
fn link(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to)
}

#[expect(clippy::disallowed_methods, reason = "only temporary files that were made here are removed")]
fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
}

/// Writes all of it; its size and digest.
fn write(
    store: &Store,
    out: impl Write,
    output: &Path,
    contents: &Contents,
    progress: &dyn Progress,
) -> Result<(u64, Digest), VerbError> {
    let failed = |source| VerbError::Io { action: "write", path: output.to_path_buf(), source };
    let hashed = Hashed { out, hasher: Hasher::default(), size: 0 };
    let mut archive = Gzip::new(io::BufWriter::with_capacity(1 << 20, hashed));
    let sums = sums(contents);
    let about = contents.records.get(ABOUT).map(Vec::as_slice).unwrap_or_default();
    append(&mut archive, SUMS, sums.as_bytes()).map_err(failed)?;
    append(&mut archive, ABOUT, about).map_err(failed)?;
    progress.begin("bundling", contents.files.values().map(|file| file.size).sum(), Unit::Bytes);
    let mut names: Vec<&String> = contents.records.keys().chain(contents.files.keys()).collect();
    names.sort();
    for name in names.into_iter().filter(|name| *name != ABOUT) {
        match (contents.records.get(name), contents.files.get(name)) {
            (Some(bytes), _) => append(&mut archive, name, bytes).map_err(failed)?,
            (None, Some(file)) => append_file(store, &mut archive, name, file, output, progress)?,
            (None, None) => {}
        }
    }
    progress.end();
    // Two blocks of zeros end an archive.
    archive.write_all(&[0; 1024]).map_err(failed)?;
    let hashed = archive.finish().and_then(|out| out.into_inner().map_err(io::IntoInnerError::into_error));
    let hashed = hashed.map_err(failed)?;
    Ok((hashed.size, hashed.hasher.finish()))
}

/// What is written, hashed and counted.
struct Hashed<W> {
    out: W,
    hasher: Hasher,
    size: u64,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn sums(contents: &Contents) -> String {
    let records = contents.records.iter().map(|(name, bytes)| (name, Digest::of(bytes)));
    let files = contents.files.iter().filter_map(|(name, file)| Some((name, file.id?.digest())));
    let mut all: Vec<(&String, Digest)> = records.chain(files).collect();
    all.sort();
    all.iter().map(|(name, digest)| format!("{digest}  {name}\n")).collect()
}

/// The header of an entry, behind one of its name where that is long. Nothing in it depends on time, place or person.
fn begin(out: &mut impl Write, name: &str, size: u64, executable: bool) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(if executable { 0o755 } else { 0o644 });
    header.set_mtime(0);
    if header.set_path(name).is_err() {
        let mut long = tar::Header::new_gnu();
        long.set_path("././@LongLink")?;
        long.set_entry_type(tar::EntryType::GNULongName);
        long.set_mode(0o644);
        long.set_mtime(0);
        long.set_size(name.len() as u64 + 1);
        long.set_cksum();
        out.write_all(long.as_bytes())?;
        out.write_all(name.as_bytes())?;
        out.write_all(&[0])?;
        pad(out, name.len() as u64 + 1)?;
        // What programs show that do not know long names.
        let mut end = 99;
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        header.set_path(name[..end].trim_end_matches('/'))?;
    }
    header.set_size(size);
    header.set_cksum();
    out.write_all(header.as_bytes())
}

/// Zeros to the end of the block.
fn pad(out: &mut impl Write, size: u64) -> io::Result<()> {
    let rest = (size.next_multiple_of(512) - size) as usize;
    out.write_all(&[0; 512][..rest])
}

fn append(out: &mut impl Write, name: &str, bytes: &[u8]) -> io::Result<()> {
    begin(out, name, bytes.len() as u64, false)?;
    out.write_all(bytes)?;
    pad(out, bytes.len() as u64)
}

fn append_file(
    store: &Store,
    out: &mut impl Write,
    name: &str,
    file: &TreeFile,
    output: &Path,
    progress: &dyn Progress,
) -> Result<(), VerbError> {
    let failed = |source| VerbError::Io { action: "write", path: output.to_path_buf(), source };
    let Some(id) = file.id else { return Ok(()) };
    begin(out, name, file.size, file.kind == EntryKind::Executable).map_err(failed)?;
    let copied = store.copy_file(id, out, progress).map_err(|error| match error {
        CopyError::Store(error) => error.into(),
        CopyError::Write(source) => failed(source),
    })?;
    if copied != file.size {
        let reason = format!("`{name}` has {copied} bytes, and its folder says {}", file.size);
        return Err(BundleError::Inconsistent { reason }.into());
    }
    pad(out, copied).map_err(failed)
}

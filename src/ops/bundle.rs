//! `bundle`: one file for an auditor, who needs `tar`, `sha256sum` and `jq`, and no trust in this program.
//!
//! ```text
//! SHA256SUMS                 of everything below, as `sha256sum -c` reads it
//! bundle.json                what this is about
//! snapshot.json              the snapshot record; its SHA-256 is the snapshot's id, unless something was erased from it:
//!                            then what is left, whose SHA-256 stands beside the id in the event that says so
//! observation.json           what surrounded it
//! profiles/<id>.json         the profiles of the data that the observation names; a file's name is its SHA-256
//! certificate.json           the newest certificate, if there is one; policy.json the rules it names, policy.toml
//!                            the file they were written in
//! signatures/<id>.json       its signatures; a file's name is its SHA-256, which the event that made it names
//! measurement.json           what the certificate's models did while they were run, if they were; measured/<model>/<file> what
//!                            they predicted, but for what was erased
//! sign-offs/<id>.json        what was signed off of the version, approvals and signed waivers, and sign-offs/<id>.sig the
//!                            signatures, as `ssh-keygen -Y verify` reads them; sign-offs/<id>.signers whose keys count by the rules
//!                            in force. A file's name is its SHA-256, which an event names
//! cases/<id>.json            the lists of regression cases that the certificate names; a file's name is its SHA-256
//! events/<seq>               every event of the model that names the snapshot, erased something from the version, changed the
//!                            cases or the rules, or is a word for or against it, as it lies in the journal
//! trees/<id>.json            every folder listing; a file's name is its SHA-256
//! files/…                    the files, where they lay in the project, but for those that were erased; evidence that was
//!                            attached later lies in files/attached
//! ```
//! The bytes depend on nothing but the content: no times, no owners, entries in order, one compression level.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};
use serde_json::json;

use super::bundle_check::BundleError;
use super::bundle_records::{FORMAT, SUMS};
use super::resolve::{self, Found};
use super::restore::{NotKept, Part, files_of};
use super::{VerbError, attached, erasures, measured, policy_files, records, signoffs};
use crate::digest::Digest;
use crate::format::canonical;
use crate::format::certificate::StatementRecord;
use crate::format::checkpoint::VersionRow;
use crate::format::event::{self, EventBody, SubjectRecord};
use crate::format::snapshot::SnapshotRecord;
use crate::format::tree::EntryKind;
use crate::id::{SnapshotId, TreeId};
use crate::name::{ModelName, Version};
use crate::progress::{Progress, Unit};
use crate::registry::State;
use crate::repository::Repository;
use crate::snapshot::TreeFile;
use crate::store::{Lock, Store, StoreError};

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

/// What an entry holds.
enum Content {
    Bytes(Vec<u8>),
    File(TreeFile),
}

/// Writes a bundle.
pub fn bundle(
    repository: &Repository,
    options: &BundleOptions,
    progress: &dyn Progress,
) -> Result<BundleReport, VerbError> {
    check_place(&options.output, options.force)?;
    let store = repository.store();
    let _held = store.hold(Lock::Shared, progress)?;
    let found = resolve::revision(repository, &options.revision, options.at.as_deref())?;
    resolve::kept(repository, &found)?;
    // Opened before anything is gathered: a place that cannot be written to is found out at once.
    let unfinished = if options.dry_run { None } else { Some(Unfinished::beside(&options.output)?) };
    let record = attached::kept(repository, &found.state, &found.row)?;
    let (entries, missing) = contents(repository, &found, &record)?;
    let mut report = BundleReport {
        model: found.state.model.clone(),
        version: found.row.version,
        id: found.snapshot(),
        output: options.output.clone(),
        size: None,
        sha256: None,
        entries: entries.len() + 1,
        missing,
    };
    if let Some(unfinished) = unfinished {
        let (size, sha256) = write(store, &unfinished, &options.output, &entries, progress)?;
        report.size = Some(size);
        report.sha256 = Some(sha256);
    }
    Ok(report)
}

/// Refuses a place that a bundle cannot take.
fn check_place(output: &Path, force: bool) -> Result<(), VerbError> {
    let refused = |source| VerbError::Io { action: "write", path: output.to_path_buf(), source };
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
        let temp = folder_of(output).join(format!(".{}.bundling", uuid::Uuid::new_v4().simple()));
        match File::options().write(true).create_new(true).open(&temp) {
            Ok(file) => Ok(Self { temp, file }),
            Err(source) => Err(VerbError::Io { action: "write", path: output.to_path_buf(), source }),
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Once it has its name, there is nothing to remove.
        let _ = remove(&self.temp);
    }
}

fn contents(
    repository: &Repository,
    found: &Found,
    record: &SnapshotRecord,
) -> Result<(BTreeMap<String, Content>, Vec<NotKept>), VerbError> {
    let store = repository.store();
    let mut entries = BTreeMap::new();
    let mut add = |name: String, bytes: Vec<u8>| entries.insert(name, Content::Bytes(bytes));
    add("snapshot.json".to_owned(), records::bytes(repository, found.snapshot().digest())?);
    add("observation.json".to_owned(), records::bytes(repository, found.row.observation.digest())?);
    let observation = records::observation(repository, found.row.observation)?;
    for id in observation.profiles.values().filter_map(|profile| profile.id) {
        add(format!("profiles/{id}.json"), records::bytes(repository, id.digest())?);
    }
    let certificate = found.state.certificates.get(&found.snapshot());
    if let Some(row) = certificate {
        let bytes = store.record(row.certificate.digest())?;
        let unreadable = |source| VerbError::Record { kind: "certificate", id: row.certificate.to_string(), source };
        let statement = StatementRecord::decode(&bytes).map_err(unreadable)?;
        if let Some(file) = policy_files::named(&statement) {
            add("policy.toml".to_owned(), store.record(file)?);
        }
        let lists = statement.predicate.cases.map(|cases| cases.lists);
        for list in lists.unwrap_or_default() {
            add(format!("cases/{list}.json"), store.record(list)?);
        }
        add("certificate.json".to_owned(), bytes);
        add("policy.json".to_owned(), store.record(row.policy)?);
        for signature in &row.signatures {
            add(format!("signatures/{}.json", signature.record), store.record(signature.record)?);
        }
    }
    for (record, what, about) in signoffs::records(repository, &found.state)? {
        let ending = match (what, about) {
            ("statement", Some(snapshot)) if snapshot == found.snapshot() => "json",
            ("signature", Some(snapshot)) if snapshot == found.snapshot() => "sig",
            (_, Some(_)) | ("statement" | "signature", None) => continue,
            _ => "signers",
        };
        add(format!("sign-offs/{record}.{ending}"), store.record(record)?);
    }
    let made = measured::of_snapshot(store, &found.state, found.snapshot())?;
    if let Some(made) = &made {
        add("measurement.json".to_owned(), store.record(made.record)?);
    }
    let id = found.snapshot().to_string();
    let mut events = serde_json::Map::new();
    for seq in 1..=found.state.seq() {
        let Some(file) = repository.registry().event(&found.state.model, seq)? else { break };
        let names_it = ["snapshot", "replaces", "baseline"].iter().any(|k| file.value[*k].as_str() == Some(&id))
            || matches!(&file.event, Ok(event) if is_about(&event.body, &found.state, &found.row));
        if seq == 1 || names_it {
            let unreadable = |source| VerbError::Record { kind: "event", id: seq.to_string(), source };
            let line = canonical::encode("event", &file.value).map_err(unreadable)?;
            let name = event::file_name(seq);
            add(format!("events/{name}"), [&*line, format!("\n{}\n", file.id).as_bytes()].concat());
            events.insert(name, file.id.to_string().into());
        }
    }
    for tree in every_tree(store, record)? {
        add(format!("trees/{tree}.json"), store.raw(tree.digest())?);
    }
    let about = json!({
        "certificate": certificate.map(|row| row.certificate.to_string()),
        "events": events,
        "format": FORMAT,
        "model": found.state.first_name.as_str(),
        "repository": store.repository(),
        "snapshot": id,
        "version": found.row.version.to_string(),
    });
    let unreadable = |source| VerbError::Record { kind: "bundle", id: id.clone(), source };
    add("bundle.json".to_owned(), canonical::encode("bundle", &about).map_err(unreadable)?);
    let patch = record.code.patch.filter(|id| found.state.erased_file(found.row.version, *id).is_none());
    if let Some(patch) = patch {
        add("code.patch".to_owned(), store.file(patch, 1 << 30)?);
    }
    let (files, mut missing) = files_of(store, record, &Part::ALL)?;
    let (files, _) = erasures::split(&found.state, found.row.version, files);
    let erased = found.state.erased_from(found.row.version);
    missing.extend(erased.map(|row| (row.what.name().to_owned(), erasures::why(row))));
    for file in files {
        entries.insert(format!("files/{}", file.path), Content::File(file));
    }
    for file in made.iter().flat_map(|made| made.tree_files()) {
        entries.insert(file.path.clone(), Content::File(file));
    }
    Ok((entries, missing))
}

/// Whether an event that does not name the snapshot is about the version: the tombstone of something that it had, or cases that it
/// is judged by; that somebody approved it, or does not any more; that other rules are in force.
fn is_about(body: &EventBody, state: &State, row: &VersionRow) -> bool {
    let is_of = |subject: &SubjectRecord| match subject {
        SubjectRecord::Version { snapshot, .. } => *snapshot == row.snapshot,
        SubjectRecord::Rules(_) => false,
    };
    match body {
        EventBody::Purge { versions, .. } => versions.contains(&row.version),
        EventBody::Approve { subject, .. } => is_of(subject),
        EventBody::Withdraw { approval, .. } => state.approval(*approval).is_some_and(|given| is_of(&given.subject)),
        EventBody::Case { .. } | EventBody::Adopt { .. } | EventBody::Promote { adopts: Some(_), .. } => true,
        _ => false,
    }
}

/// Every folder listing a snapshot names, and those below them.
fn every_tree(store: &Store, record: &SnapshotRecord) -> Result<BTreeSet<TreeId>, StoreError> {
    let optional = [&record.params_files, &record.metrics_files, &record.results, &record.code.tree];
    let mut open: Vec<TreeId> = optional.into_iter().flatten().map(|t| t.tree).collect();
    open.push(record.model_files.tree);
    open.extend(record.data.iter().filter_map(|d| d.stored));
    let mut all = BTreeSet::new();
    while let Some(id) = open.pop() {
        if all.insert(id) {
            let below = store.tree(id)?.entries.into_iter().filter(|e| e.kind == EntryKind::Folder);
            open.extend(below.filter_map(|e| e.id).map(TreeId::new));
        }
    }
    Ok(all)
}

fn write(
    store: &Store,
    unfinished: &Unfinished,
    output: &Path,
    entries: &BTreeMap<String, Content>,
    progress: &dyn Progress,
) -> Result<(u64, Digest), VerbError> {
    let failed = |source| VerbError::Io { action: "write", path: output.to_path_buf(), source };
    let file = io::BufWriter::new(&unfinished.file);
    let gzip = GzBuilder::new().mtime(0).operating_system(255).write(file, Compression::new(6));
    let mut archive = tar::Builder::new(gzip);
    archive.mode(tar::HeaderMode::Deterministic);
    append(&mut archive, SUMS, sums(entries).as_bytes(), false).map_err(failed)?;
    let total = entries.values().map(|c| if let Content::File(f) = c { f.size } else { 0 }).sum();
    progress.begin("bundling", total, Unit::Bytes);
    for (name, content) in entries {
        match content {
            Content::Bytes(bytes) => append(&mut archive, name, bytes, false).map_err(failed)?,
            Content::File(file) => append_file(store, &mut archive, name, file, progress, output)?,
        }
    }
    progress.end();
    let mut out = archive.into_inner().and_then(flate2::write::GzEncoder::finish).map_err(failed)?;
    out.flush().and_then(|()| out.get_ref().sync_all()).map_err(failed)?;
    let (digest, size) = File::open(&unfinished.temp).and_then(Digest::of_reader).map_err(failed)?;
    rename(&unfinished.temp, output).map_err(failed)?;
    Ok((size, digest))
}

#[expect(clippy::disallowed_methods, reason = "the bundle is written where the person said, not into the store")]
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

#[expect(clippy::disallowed_methods, reason = "only the temporary file made here is removed")]
fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
}

fn sums(entries: &BTreeMap<String, Content>) -> String {
    let line = |(name, content): (&String, &Content)| {
        let digest = match content {
            Content::Bytes(bytes) => Digest::of(bytes),
            Content::File(file) => match file.id {
                Some(id) => id.digest(),
                // A link is no file to sha256sum; its target stands in its tree.
                None => return None,
            },
        };
        Some(format!("{digest}  {name}\n"))
    };
    entries.iter().filter_map(line).collect()
}

fn header(size: u64, executable: bool) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(if executable { 0o755 } else { 0o644 });
    header.set_mtime(0);
    header
}

fn append<W: Write>(archive: &mut tar::Builder<W>, name: &str, bytes: &[u8], executable: bool) -> io::Result<()> {
    archive.append_data(&mut header(bytes.len() as u64, executable), name, bytes)
}

fn append_file<W: Write>(
    store: &Store,
    archive: &mut tar::Builder<W>,
    name: &str,
    file: &TreeFile,
    progress: &dyn Progress,
    output: &Path,
) -> Result<(), VerbError> {
    let failed = |source| VerbError::Io { action: "write", path: output.to_path_buf(), source };
    let Some(id) = file.id else {
        let mut header = header(0, false);
        header.set_entry_type(tar::EntryType::Symlink);
        return archive.append_link(&mut header, name, file.target.as_deref().unwrap_or_default()).map_err(failed);
    };
    let mut header = header(file.size, file.kind == EntryKind::Executable);
    let mut content = store.open_file(id)?;
    let appended = archive.append_data(&mut header, name, &mut content);
    progress.advance(file.size);
    match content.into_failure() {
        Some(error) => Err(error.into()),
        None => appended.map_err(failed),
    }
}

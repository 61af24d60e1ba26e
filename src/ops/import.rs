//! `import`: a version out of a bundle, into another store.
//!
//! The bundle is checked to its end before anything is written. The version keeps its id and its files theirs; here it gets the next
//! number. Certificates, approvals and events come along as what was said elsewhere: nothing that is asked for here is satisfied by them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::PathBuf;

use super::bundle;
use super::bundle::check::{BundleCheck, Checked, Opened, each_file};
use super::bundle::consistency::{Expected, Records};
use super::error::BundleError;
use super::snapshot::RESERVE;
use super::{Asked, MadeEvent, VerbError, check_text, erasures, imported, resolve};
use crate::digest::Digest;
use crate::format::checkpoint::{ErasedRow, VersionRow};
use crate::format::event::{ActorRecord, CopyRecord, ErasedFieldRecord, ErasedRecord, EventBody, OriginRecord};
use crate::format::origin::{FORMAT, KeptRecord};
use crate::format::tree::TreeRecord;
use crate::id::{FileId, SnapshotId, TreeId};
use crate::name::{ModelName, Version};
use crate::progress::{Progress, Unit};
use crate::registry::{Decision, State};
use crate::repository::Repository;
use crate::snapshot::Received;
use crate::store::{Lock, Source, StoreError, Writer, Written};

/// Small files that are stored together.
const BATCH: usize = 256;

/// What to import.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// The bundle.
    pub bundle: PathBuf,
    /// The model it becomes a version of; none: the one of that name.
    pub model: Option<ModelName>,
    /// Whether what was erased here is stored again.
    pub allow_erased: bool,
    /// Finds out, writes nothing.
    pub dry_run: bool,
}

/// What was imported.
#[derive(Debug, Clone)]
pub struct ImportReport {
    /// The model here.
    pub model: ModelName,
    /// The version's number here.
    pub version: Version,
    /// The record: the same as there.
    pub id: SnapshotId,
    /// The history it comes from.
    pub repository: String,
    /// The model and the version's number there.
    pub origin: (ModelName, Version),
    /// Whether it was here already.
    pub unchanged: bool,
    /// Its files.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// What the store grew by.
    pub written: Written,
    /// What is in the bundle and no part of the version.
    pub left_out: Vec<String>,
    /// What was erased there, and is missing here for the same reason.
    pub erased: Vec<String>,
    /// What the bundle does not prove.
    pub not_checked: Vec<String>,
    /// The event.
    pub event: Option<MadeEvent>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// Imports.
pub fn import(
    repository: &Repository,
    options: &ImportOptions,
    progress: &dyn Progress,
) -> Result<ImportReport, VerbError> {
    let opened = Opened::read(&options.bundle)?;
    let (checked, files, check) = opened.check(&options.bundle)?;
    let unsound = |problem| BundleError::Unsound { path: options.bundle.clone(), problems: vec![problem] };
    let records = Records::read(&checked.about, &checked.records).map_err(unsound)?;
    let asked = Asked::begin(repository);
    let _held = repository.store().hold(Lock::Shared, progress)?;
    let model = options.model.clone().unwrap_or_else(|| records.journal.state.model.clone());
    // Where that is another name of a model, it is one of its versions.
    let model = resolve::current(repository, &model);
    let import = Import { repository, options, checked: &checked, records: &records, files: &files, model };
    import.refuse()?;
    let state = repository.registry().state(&import.model)?;
    let before = state.as_ref().and_then(|state| import.version_in(state));
    let wanted = import.wanted(state.as_ref(), before.as_ref())?;
    let mut report = import.report(check, before.as_ref(), state.as_ref());
    if options.dry_run {
        return Ok(report);
    }
    let kept = import.store(&wanted, (state.as_ref(), before.as_ref()), &mut report, progress)?;
    import.record(&asked.answer(), kept, &mut report)?;
    Ok(report)
}

struct Import<'i> {
    repository: &'i Repository,
    options: &'i ImportOptions,
    checked: &'i Checked,
    records: &'i Records<'i>,
    files: &'i BTreeMap<String, Expected>,
    model: ModelName,
}

impl Import<'_> {
    /// What comes from elsewhere and would stand in a journal here for ever is as harmless as what is typed here.
    fn refuse(&self) -> Result<(), VerbError> {
        let about = &self.checked.about;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if about.repository.len() > 64 || !about.repository.chars().all(is_plain) {
            let problem = "its history has a name that no history has".to_owned();
            return Err(BundleError::Unsound { path: self.options.bundle.clone(), problems: vec![problem] }.into());
        }
        for author in self.authors() {
            check_text("the name of who took it", author.name.as_deref())?;
            check_text("the address of who took it", author.email.as_deref())?;
        }
        for row in self.erased_there() {
            check_text("the reason of what was erased", Some(&row.reason))?;
            check_text("the name of what was erased", Some(row.what.name()))?;
        }
        if self.options.allow_erased {
            return Ok(());
        }
        for id in [about.snapshot.digest(), self.records.row.observation.digest()] {
            if let Some(again) = erasures::record_again(self.repository, id)?.filter(|_| !self.is_here(about.snapshot))
            {
                return Err(again.into());
            }
        }
        Ok(())
    }

    /// Whether a version of the model has the record, and may be repeated.
    fn is_here(&self, snapshot: SnapshotId) -> bool {
        let state = self.repository.registry().state(&self.model).ok().flatten();
        state.is_some_and(|state| state.version_of(snapshot).is_some())
    }

    fn erased_there(&self) -> impl Iterator<Item = &ErasedRow> {
        self.records.journal.state.erased_from(self.checked.about.version)
    }

    /// The version here that is this one.
    fn version_in(&self, state: &State) -> Option<VersionRow> {
        let own = |row: &&VersionRow| row.snapshot == self.checked.about.snapshot && row.dropped.is_none();
        state.versions.iter().rev().find(own).copied()
    }

    /// The version's own files that are not stored yet, and where they are in the bundle: those that were erased neither there nor here.
    fn wanted(
        &self,
        state: Option<&State>,
        before: Option<&VersionRow>,
    ) -> Result<BTreeMap<String, Expected>, VerbError> {
        let (store, about) = (self.repository.store(), &self.checked.about);
        let there = &self.records.journal.state;
        let mut wanted = BTreeMap::new();
        let mut lacking = Vec::new();
        for (name, expected) in self.files.iter().filter(|(_, expected)| expected.is_own) {
            let id = FileId::new(expected.digest);
            let erased_here = || Some(state?.erased_file(before?.version, id).is_some());
            if there.erased_file(about.version, id).is_some() || erased_here() == Some(true) {
                continue;
            }
            match bundle::consistency::entry_of(name, expected.digest, &self.checked.sums) {
                _ if store.has_file(id)? => {}
                Some(place) => drop(wanted.insert(place, *expected)),
                None => lacking.push(name.clone()),
            }
        }
        if !lacking.is_empty() {
            return Err(BundleError::Lacking { path: self.options.bundle.clone(), names: lacking }.into());
        }
        if !self.options.allow_erased {
            let erased = erasures::erased_files(self.repository)?;
            let files = wanted.values().map(|expected| FileId::new(expected.digest)).chain(self.patch(state, before));
            for id in files.filter(|id| erased.contains_key(id)) {
                if let Some(again) = erasures::file_again(self.repository, id)? {
                    return Err(again.into());
                }
            }
        }
        let (all, largest) = wanted
            .values()
            .fold((0, 0), |(all, largest): (u64, u64), one| (all.saturating_add(one.size), largest.max(one.size)));
        // The largest lies beside the packs for a while.
        let needed = all.saturating_add(largest).saturating_add(RESERVE);
        match store.backend().free() {
            Some(free) if needed > free => Err(StoreError::NoSpace { needed, free }.into()),
            _ => Ok(wanted),
        }
    }

    /// The patch, where it is in the bundle and was not erased from the version here.
    fn patch(&self, state: Option<&State>, before: Option<&VersionRow>) -> Option<FileId> {
        let id = self.records.snapshot.code.patch.filter(|_| self.checked.records.contains_key("code.patch"))?;
        let erased = state.zip(before).is_some_and(|(state, row)| state.erased_file(row.version, id).is_some());
        (!erased).then_some(id)
    }

    fn report(&self, check: BundleCheck, before: Option<&VersionRow>, state: Option<&State>) -> ImportReport {
        let about = &self.checked.about;
        let own = || self.files.values().filter(|expected| expected.is_own);
        let others = self.files.iter().filter(|(_, expected)| !expected.is_own);
        let next = Version(state.map_or(0, |state| state.versions.len() as u32) + 1);
        ImportReport {
            model: self.model.clone(),
            version: before.map_or(next, |row| row.version),
            id: about.snapshot,
            repository: about.repository.clone(),
            origin: (about.model.clone(), about.version),
            unchanged: before.is_some(),
            files: own().count(),
            bytes: own().map(|expected| expected.size).sum(),
            written: Written::default(),
            left_out: others.map(|(name, _)| name.clone()).collect(),
            erased: self.erased_there().map(|row| row.what.name().to_owned()).collect(),
            not_checked: check.not_checked,
            event: None,
            dry_run: self.options.dry_run,
        }
    }

    /// Everything durable, before an event names it; the record of what came along. Of a version that is here it stores again what was
    /// lost of it.
    fn store(
        &self,
        wanted: &BTreeMap<String, Expected>,
        (state, before): (Option<&State>, Option<&VersionRow>),
        report: &mut ImportReport,
        progress: &dyn Progress,
    ) -> Result<Option<Digest>, VerbError> {
        let mut writer = self.repository.store().writer();
        progress.begin("importing", wanted.values().map(|expected| expected.size).sum(), Unit::Bytes);
        let mut open: BTreeSet<&String> = wanted.keys().collect();
        let mut batch: Vec<(String, Received)> = Vec::new();
        each_file::<VerbError>(&self.options.bundle, |name, size, bytes| {
            let Some(expected) = wanted.get(name) else { return Ok(()) };
            if size != expected.size {
                return Err(self.changed(name));
            }
            batch.push((name.to_owned(), self.receive(bytes, size)?));
            if batch.len() == BATCH || batch.iter().any(|(_, received)| !received.is_held()) {
                self.put(&mut writer, std::mem::take(&mut batch), wanted, progress)?;
            }
            open.remove(&name.to_owned());
            Ok(())
        })?;
        self.put(&mut writer, batch, wanted, progress)?;
        if let Some(name) = open.first() {
            return Err(self.changed(name));
        }
        for (name, bytes) in &self.checked.records {
            if let Some(id) = name.strip_prefix("trees/").and_then(|rest| rest.strip_suffix(".json")) {
                let unreadable = |source| VerbError::Record { kind: "folder", id: id.to_owned(), source };
                let tree = TreeRecord::decode(bytes).map_err(unreadable)?;
                let stored = writer.put_tree(&tree)?;
                if id.parse().map(TreeId::new) != Ok(stored) {
                    return Err(self.changed(name));
                }
            }
        }
        if let Some(patch) = self.checked.records.get("code.patch").filter(|_| self.patch(state, before).is_some()) {
            writer.put_bytes(patch, progress)?;
        }
        let own = |name: &str| name == "snapshot.json" || name == "observation.json" || name.starts_with("profiles/");
        let comes_along = match state.zip(before) {
            None => true,
            Some((state, row)) => {
                let origin = imported::origin(self.repository, state, row)?;
                origin.is_some_and(|origin| origin.bundle == self.checked.sha256)
            }
        };
        let mut kept = KeptRecord { format: FORMAT.to_owned(), records: BTreeMap::new() };
        for (name, bytes) in &self.checked.records {
            let is_erased = || before.is_some() && state.is_some_and(|s| s.copy_of(Digest::of(bytes)).is_some());
            if own(name) && !is_erased() {
                writer.put_record(bytes)?;
            } else if comes_along && is_said_elsewhere(name, bytes) {
                kept.records.insert(name.clone(), writer.put_record(bytes)?);
            }
        }
        let unwritten = |source| VerbError::Record { kind: "origin", id: self.checked.sha256.short(), source };
        let kept = if comes_along { Some(writer.put_record(&kept.encode().map_err(unwritten)?)?) } else { None };
        report.written = writer.finish()?;
        progress.end();
        Ok(kept)
    }

    fn receive(&self, bytes: &mut dyn Read, size: u64) -> Result<Received, VerbError> {
        let failed = |source| VerbError::Io { action: "read", path: self.options.bundle.clone(), source };
        Received::read(self.repository.store(), bytes, size).map_err(failed)
    }

    /// Nothing counts that does not hash to what the version names.
    fn put(
        &self,
        writer: &mut Writer<'_>,
        batch: Vec<(String, Received)>,
        wanted: &BTreeMap<String, Expected>,
        progress: &dyn Progress,
    ) -> Result<(), VerbError> {
        let sources: Vec<&dyn Source> = batch.iter().map(|(_, received)| received as &dyn Source).collect();
        let stored = writer.put_files(&sources, progress)?;
        for ((name, _), stored) in batch.iter().zip(stored) {
            if wanted.get(name).is_none_or(|expected| expected.digest != stored.id.digest()) {
                return Err(self.changed(name));
            }
        }
        Ok(())
    }

    /// It is not what was checked a moment ago.
    fn changed(&self, name: &str) -> VerbError {
        let problems = vec![format!("`{name}` changed while it was read")];
        BundleError::Unsound { path: self.options.bundle.clone(), problems }.into()
    }

    /// The event, and the tombstones of what was erased there. Repeated, it adds what an interrupted one left out.
    fn record(
        &self,
        actor: &crate::format::event::ActorRecord,
        kept: Option<Digest>,
        report: &mut ImportReport,
    ) -> Result<(), VerbError> {
        let about = &self.checked.about;
        let registry = self.repository.registry();
        let authors = self.authors();
        let committed = registry.commit::<Version, VerbError>(&self.model, actor, |state| {
            if let Some(row) = self.version_in(state) {
                return Ok(Decision::Keep(row.version));
            }
            let version = Version(state.versions.len() as u32 + 1);
            let body = EventBody::Import {
                version,
                snapshot: about.snapshot,
                parent: state.latest().map(|row| row.snapshot),
                observation: self.records.row.observation,
                model_tree: self.records.snapshot.model_files.tree,
                origin: OriginRecord {
                    repository: about.repository.clone(),
                    model: about.model.clone(),
                    version: about.version,
                    head: about.head,
                    bundle: self.checked.sha256,
                    records: kept,
                    authors: authors.clone(),
                },
            };
            Ok(Decision::Append(body, version))
        })?;
        report.version = committed.outcome;
        report.unchanged = committed.event.is_none();
        report.event = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
        for row in self.erased_there() {
            let erased = self.erased_here(row);
            let version = report.version;
            let committed = registry.commit::<(), VerbError>(&self.model, actor, |state| {
                let is_there = state.erased_from(version).any(|known| known.what.name() == erased.name());
                Ok(if is_there {
                    Decision::Keep(())
                } else {
                    let (erased, reason) = (erased.clone(), row.reason.clone());
                    Decision::Append(EventBody::Purge { version, versions: vec![version], erased, reason }, ())
                })
            })?;
            report.unchanged &= committed.event.is_none();
        }
        Ok(())
    }

    /// Who took it, under any number it has there; of what that store imported itself, whoever that says. None where it does not say of all
    /// of them: nobody can show then that it was not them.
    fn authors(&self) -> Vec<ActorRecord> {
        let journal = &self.records.journal;
        let mut authors: Vec<ActorRecord> = Vec::new();
        for row in journal.state.versions.iter().filter(|row| row.snapshot == self.checked.about.snapshot) {
            let Some((event, _)) = journal.event(row.seq) else { return Vec::new() };
            let made = match event.body {
                EventBody::Import { origin, .. } if origin.authors.is_empty() => return Vec::new(),
                EventBody::Import { origin, .. } => origin.authors,
                _ => Vec::new(),
            };
            for author in made.into_iter().chain([event.actor]) {
                let ActorRecord { name, email, .. } = author;
                if name.is_none() && email.is_none() {
                    return Vec::new();
                }
                let known = ActorRecord { name, email, ..ActorRecord::default() };
                if !authors.contains(&known) {
                    authors.push(known);
                }
            }
        }
        authors
    }

    /// What was erased there, of this version alone.
    fn erased_here(&self, row: &ErasedRow) -> ErasedRecord {
        match &row.what {
            ErasedRecord::File(file) => ErasedRecord::File(file.clone()),
            ErasedRecord::Field(field) => {
                let profiles = self.records.observation.profiles.values().filter_map(|known| Some(known.id?.digest()));
                let mut own: BTreeSet<Digest> = profiles.collect();
                own.extend([self.checked.about.snapshot.digest(), self.records.row.observation.digest()]);
                let copies: Vec<CopyRecord> =
                    field.copies.iter().filter(|c| own.contains(&c.record)).copied().collect();
                ErasedRecord::Field(ErasedFieldRecord { name: field.name.clone(), copies })
            }
        }
    }
}

/// Whether a record is kept as what was said elsewhere: not the pages, the folders and what describes other versions, which may hold what
/// must be erased one day.
fn is_said_elsewhere(name: &str, bytes: &[u8]) -> bool {
    const SINGLE: [&str; 5] =
        ["certificate.dsse.json", "certificate.json", "measurement.json", "policy.json", "policy.toml"];
    let describes = ["snapshot", "observation", "profile", "redacted"];
    let is_description = || {
        let of = |kind: &&str| {
            let format = format!("\"format\":\"mlrun/{kind}/");
            bytes.windows(format.len()).any(|part| part == format.as_bytes())
        };
        describes.iter().any(of)
    };
    SINGLE.contains(&name)
        || ["cases/", "events/", "signatures/"].iter().any(|folder| name.starts_with(folder))
        || name.starts_with("records/") && !is_description()
}

//! What goes into a bundle: records as they are stored, the journal, files where they lay, and the pages made from them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::{Value, json};

use super::archive::Names;
use super::consistency;
use super::consistency::{ABOUT, APART, About, DIFF, Entries, FORMAT, JOURNAL, PAGE, README, Records, record_name};
use super::journal;
use super::page::Pages;
use super::statements;
use crate::compare;
use crate::digest::Digest;
use crate::format::FormatError;
use crate::format::canonical;
use crate::format::certificate::StatementRecord;
use crate::format::event;
use crate::format::signature::SignatureRecord;
use crate::format::snapshot::SnapshotRecord;
use crate::format::tree::EntryKind;
use crate::id::TreeId;
use crate::name::Version;
use crate::ops::changed;
use crate::ops::changed::Changed;
use crate::ops::error::BundleError;
use crate::ops::resolve::Found;
use crate::ops::restore::{NotKept, Part, files_of};
use crate::ops::workspace::stored_side;
use crate::ops::{TOOL, VerbError, erasures, judging, records, rules};
use crate::registry::JournalError;
use crate::repository::Repository;
use crate::snapshot::TreeFile;
use crate::store::{Store, StoreError};

/// All records of a bundle together, so that whoever checks it can hold them: 512 MiB.
pub(super) const MOST_RECORDS: u64 = 512 << 20;

/// What a bundle is made of.
pub(super) struct Contents {
    /// What it is about.
    pub(super) about: About,
    /// Everything that is in memory, by name.
    pub(super) records: Entries,
    /// Everything that is read from the store as it is written.
    pub(super) files: BTreeMap<String, TreeFile>,
}

/// Gathers it; `record` is the version's own with all that was attached to it.
pub(super) fn gather(repository: &Repository, found: &Found, record: &SnapshotRecord) -> Result<Contents, VerbError> {
    let mut gathering =
        Gathering { repository, found, records: Entries::new(), known: HashSet::new(), missing: Vec::new() };
    gathering.own()?;
    gathering.certificate()?;
    gathering.journal()?;
    gathering.difference()?;
    for tree in every_tree(repository.store(), record)? {
        gathering.add(format!("trees/{tree}.json"), repository.store().raw(tree.digest())?);
    }
    let files = gathering.files(record)?;
    gathering.finish(files)
}

struct Gathering<'r> {
    repository: &'r Repository,
    found: &'r Found,
    records: Entries,
    known: HashSet<Digest>,
    missing: Vec<NotKept>,
}

impl Gathering<'_> {
    fn add(&mut self, name: impl Into<String>, bytes: Vec<u8>) {
        self.known.insert(Digest::of(&bytes));
        self.records.insert(name.into(), bytes);
    }

    /// What the version is, and what surrounded it.
    fn own(&mut self) -> Result<(), VerbError> {
        let (repository, found) = (self.repository, self.found);
        self.add("snapshot.json", records::bytes(repository, found.snapshot().digest())?);
        self.add("observation.json", records::bytes(repository, found.row.observation.digest())?);
        let observation = records::observation(repository, found.row.observation)?;
        for id in observation.profiles.values().filter_map(|profile| profile.id) {
            self.add(format!("profiles/{id}.json"), records::bytes(repository, id.digest())?);
        }
        Ok(())
    }

    /// The newest certificate, and what it rests on.
    fn certificate(&mut self) -> Result<(), VerbError> {
        let (store, state) = (self.repository.store(), &self.found.state);
        let Some(row) = state.certificates.get(&self.found.snapshot()) else { return Ok(()) };
        let unreadable = |kind, id: String| move |source: FormatError| VerbError::Record { kind, id, source };
        let bytes = store.record(row.certificate.digest())?;
        let statement = StatementRecord::decode(&bytes);
        let statement = statement.map_err(unreadable("certificate", row.certificate.to_string()))?;
        if let Some(file) = rules::policy_files::named(&statement) {
            self.add("policy.toml", store.record(file)?);
        }
        for list in statement.predicate.cases.map(|cases| cases.lists).unwrap_or_default() {
            self.add(format!("cases/{list}.json"), store.record(list)?);
        }
        let mut signatures = Vec::new();
        for signature in &row.signatures {
            let bytes = store.record(signature.record)?;
            let decoded = SignatureRecord::decode(&bytes);
            signatures.push(decoded.map_err(unreadable("signature", signature.record.to_string()))?);
            self.add(format!("signatures/{}.json", signature.record), bytes);
        }
        if let Some(envelope) = consistency::envelope(&bytes, &signatures) {
            self.add("certificate.dsse.json", envelope);
        }
        self.add("certificate.json", bytes);
        self.add("policy.json", store.record(row.policy)?);
        if let Some(made) = judging::measured::of_snapshot(store, state, self.found.snapshot())? {
            self.add("measurement.json", store.record(made.record)?);
        }
        Ok(())
    }

    /// Every event; those that concern the version by themselves, too, and the records that they name.
    fn journal(&mut self) -> Result<(), VerbError> {
        let model = &self.found.state.first_name;
        let mut journal = Vec::new();
        for seq in 1..=self.found.state.seq() {
            let file =
                self.repository.registry().event(model, seq)?.ok_or_else(|| JournalError::missing(model, seq))?;
            let unreadable = |source| VerbError::Record { kind: "event", id: seq.to_string(), source };
            journal.extend(canonical::encode("event", &file.value).map_err(unreadable)?);
            journal.push(b'\n');
            if journal.len() as u64 > MOST_RECORDS {
                return Err(BundleError::TooMuch { limit: MOST_RECORDS }.into());
            }
        }
        let folded = journal::Journal::fold(&journal, model, self.found.row.version, self.found.snapshot())
            .map_err(|reason| BundleError::Inconsistent { reason })?;
        self.add(JOURNAL, journal);
        for seq in folded.concerning.iter().copied() {
            let line = folded.line(seq).unwrap_or_default();
            self.add(format!("events/{}", event::file_name(seq)), journal::file(line));
            for id in journal::named(line) {
                self.record(id)?;
            }
            let event = folded.event(seq).map(|(event, _)| event);
            let waiver = event.as_ref().and_then(|event| statements::waiver(event, &self.found.state.repository));
            if let Some(statement) = waiver {
                self.record(Digest::of(&statement))?;
            }
            let signature = event.and_then(|event| journal::signature_of(&event.body));
            let record = signature.map(|id| self.repository.store().record(id)).transpose()?;
            if let Some(armoured) = record.as_deref().and_then(journal::armoured) {
                self.add(format!("ssh/{seq}.sig"), armoured.into_bytes());
            }
        }
        Ok(())
    }

    /// A record that an event names, if it is one and is not there under another name.
    fn record(&mut self, id: Digest) -> Result<(), VerbError> {
        let bytes = match self.repository.store().record(id) {
            Ok(bytes) => bytes,
            // An event's digest, a folder's, a file's; or a record of which a copy is left.
            Err(StoreError::Missing { .. }) => return Ok(()),
            Err(other) => return Err(other.into()),
        };
        if !self.known.contains(&id) {
            self.add(record_name(id, &bytes), bytes);
        }
        Ok(())
    }

    /// What is different from the version before.
    fn difference(&mut self) -> Result<(), VerbError> {
        let Found { state, row } = self.found;
        let before = row.version.0.checked_sub(1).and_then(|before| state.version(Version(before)).copied());
        let Some(before) = before else { return Ok(()) };
        let before = Found { state: state.clone(), row: before };
        let (a, b) = match (stored_side(self.repository, &before), stored_side(self.repository, self.found)) {
            (Ok(a), Ok(b)) => (a, b),
            (Err(error), _) | (_, Err(error)) => {
                self.missing.push((DIFF.to_owned(), crate::ops::chain(&error)));
                return Ok(());
            }
        };
        let diff = compare::compare(&a, &b);
        let item =
            |one: Changed| json!({ "a": one.a, "b": one.b, "change": one.change, "name": one.name, "part": one.part });
        let items: Vec<Value> = changed::items(&diff).into_iter().map(item).collect();
        let difference = json!({ "before": before.label(), "format": "mlrun/difference/1", "items": items });
        let bytes = canonical::encode("difference", &difference);
        let bytes = bytes.map_err(|source| VerbError::Record { kind: "difference", id: before.label(), source })?;
        self.add(DIFF, bytes);
        Ok(())
    }

    /// Where each file goes. One whose name could not be kept apart from another's everywhere is called by its digest.
    fn files(&mut self, record: &SnapshotRecord) -> Result<BTreeMap<String, TreeFile>, VerbError> {
        let (store, state, version) = (self.repository.store(), &self.found.state, self.found.row.version);
        let patch = record.code.patch.filter(|id| state.erased_file(version, *id).is_none());
        if let Some(patch) = patch {
            let bytes = store.file(patch, MOST_RECORDS)?;
            self.add("code.patch", bytes);
        }
        let (files, missing) = files_of(store, record, &Part::ALL)?;
        self.missing.extend(missing);
        let (files, _) = erasures::split(state, version, files);
        let erased = state.erased_from(version);
        self.missing.extend(erased.map(|row| (row.what.name().to_owned(), erasures::why(row))));
        let mut names = Names::default();
        let mut entries = BTreeMap::new();
        let links: Vec<String> = files.iter().filter(|f| f.id.is_none()).map(|f| f.path.clone()).collect();
        if let Some(first) = links.first() {
            let what = if links.len() == 1 { first.clone() } else { format!("{first} and {} more", links.len() - 1) };
            self.missing.push((what, "a link is named in its folder's listing only".to_owned()));
        }
        for file in files {
            let Some(id) = file.id else { continue };
            let name = format!("files/{}", file.path);
            let name = if names.add(&name).is_ok() { name } else { format!("{APART}{id}") };
            entries.insert(name, file);
        }
        let made = judging::measured::of_snapshot(store, state, self.found.snapshot())?;
        entries.extend(made.iter().flat_map(|made| made.tree_files()).map(|file| (file.path.clone(), file)));
        Ok(entries)
    }

    fn finish(mut self, files: BTreeMap<String, TreeFile>) -> Result<Contents, VerbError> {
        let state = &self.found.state;
        let head = state.head.ok_or_else(|| JournalError::missing(&state.model, 1))?;
        self.missing.sort();
        let mut about = About {
            format: FORMAT.to_owned(),
            tool: TOOL.to_owned(),
            repository: state.repository.clone(),
            model: state.first_name.clone(),
            version: self.found.row.version,
            snapshot: self.found.snapshot(),
            certificate: state.certificates.get(&self.found.snapshot()).map(|row| row.certificate),
            head,
            entries: 0,
            bytes: 0,
            missing: self.missing,
        };
        let mut records = self.records;
        let pages = {
            let known = Records::read(&about, &records).map_err(|reason| BundleError::Inconsistent { reason })?;
            let sums = files.iter().filter_map(|(name, file)| Some((name.clone(), file.id?.digest()))).collect();
            Pages::of(&known, &sums)
        };
        records.insert(PAGE.to_owned(), pages.index.into_bytes());
        records.insert(README.to_owned(), pages.readme.into_bytes());
        let bytes: u64 = records.values().map(|bytes| bytes.len() as u64).sum();
        if bytes > MOST_RECORDS {
            return Err(BundleError::TooMuch { limit: MOST_RECORDS }.into());
        }
        about.entries = (records.len() + files.len()) as u64;
        about.bytes = bytes + files.values().map(|file| file.size).sum::<u64>();
        let unreadable = |source| VerbError::Record { kind: "bundle", id: about.snapshot.to_string(), source };
        records.insert(ABOUT.to_owned(), canonical::encode("bundle", &about).map_err(unreadable)?);
        Ok(Contents { about, records, files })
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

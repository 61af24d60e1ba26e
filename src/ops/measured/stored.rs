//! Measurements that certificates in force rest on: what they keep in the store, and when they are taken again.

use std::collections::{BTreeSet, HashMap};

use super::{Measured, Wanted};
use crate::digest::Digest;
use crate::format::canonical;
use crate::format::certificate::{MEASUREMENT, StatementRecord};
use crate::format::checkpoint::CertificateRow;
use crate::format::measurement::{self, FreshRecord, MeasurementRecord};
use crate::format::tree::EntryKind;
use crate::id::{FileId, SnapshotId};
use crate::ops::{VerbError, attached};
use crate::registry::State;
use crate::repository::Repository;
use crate::snapshot::TreeFile;
use crate::store::{Store, StoreError};

/// What a certificate in force keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ops) struct Stored {
    /// The candidate it is about.
    pub snapshot: SnapshotId,
    /// The measurement.
    pub record: Digest,
    /// The predictions that were made, but for those that were erased.
    pub files: Vec<FreshRecord>,
}

/// What the certificate of one snapshot keeps.
pub(in crate::ops) fn of_snapshot(
    store: &Store,
    state: &State,
    snapshot: SnapshotId,
) -> Result<Option<Stored>, StoreError> {
    state.certificates.get(&snapshot).map_or(Ok(None), |row| of(store, state, row))
}

/// Every measurement that a certificate in force rests on. One that cannot be read is as lost as its record.
pub(in crate::ops) fn all(store: &Store, state: &State) -> Result<Vec<Stored>, StoreError> {
    let mut found = Vec::new();
    for row in state.certificates.values() {
        found.extend(of(store, state, row)?);
    }
    found.sort_by_key(|stored| stored.record);
    Ok(found)
}

fn of(store: &Store, state: &State, row: &CertificateRow) -> Result<Option<Stored>, StoreError> {
    let Some(bytes) = bytes(store, row.certificate.digest())? else { return Ok(None) };
    let Ok(statement) = StatementRecord::decode(&bytes) else { return Ok(None) };
    let Some(record) = named(&statement) else { return Ok(None) };
    let files = match bytes_of(store, record)? {
        Some((_, measurement)) => measurement.sides.into_values().filter_map(|side| side.predictions).collect(),
        None => Vec::new(),
    };
    let erased: BTreeSet<FileId> = state.erased.iter().filter_map(|row| Some(row.file()?.sha256)).collect();
    let files: Vec<FreshRecord> = files;
    let files = files.into_iter().filter(|made| !erased.contains(&made.file)).collect();
    Ok(Some(Stored { snapshot: row.snapshot, record, files }))
}

/// The measurement that a certificate names.
fn named(statement: &StatementRecord) -> Option<Digest> {
    let evidence = &statement.predicate.evidence;
    evidence.iter().find(|known| known.kind == MEASUREMENT).map(|known| known.sha256)
}

fn bytes(store: &Store, id: Digest) -> Result<Option<Vec<u8>>, StoreError> {
    match store.record(id) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error @ StoreError::Backend(_)) => Err(error),
        Err(_) => Ok(None),
    }
}

fn bytes_of(store: &Store, id: Digest) -> Result<Option<(Vec<u8>, MeasurementRecord)>, StoreError> {
    let Some(bytes) = bytes(store, id)? else { return Ok(None) };
    Ok(canonical::decode(measurement::FORMAT, &bytes).ok().map(|record| (bytes, record)))
}

/// What the certificate in force rests on, if it is about the same candidate, baseline and rules, still counts, and rests on
/// models that ran to a good end.
pub(super) fn in_force(wanted: &Wanted<'_>) -> Result<Option<Measured>, VerbError> {
    let Some(state) = wanted.state else { return Ok(None) };
    let store = wanted.repository.store();
    let baseline = wanted.baseline.map(|side| side.id);
    let now = wanted.repository.registry().now();
    let row = state.certificates.get(&wanted.candidate.id);
    let row = row.filter(|row| row.baseline == baseline && row.policy == wanted.policy_sha256 && row.expires > now);
    let Some(row) = row else { return Ok(None) };
    if attached_since(wanted.repository, state, row)? {
        return Ok(None);
    }
    let Some(stored) = of(store, state, row)? else { return Ok(None) };
    let Some((bytes, record)) = bytes_of(store, stored.record)? else { return Ok(None) };
    let is_it = record.candidate == wanted.candidate.id
        && record.baseline == baseline
        && record.policy == wanted.policy_sha256
        && record.is_whole();
    let made = record.sides.values().filter(|side| side.predictions.is_some()).count();
    if !is_it || made != stored.files.len() {
        return Ok(None);
    }
    for file in &stored.files {
        if !store.has_file(file.file)? {
            return Ok(None);
        }
    }
    let digest = Some(Digest::of(&bytes));
    Ok(Some(Measured { record: Some(record), digest, bytes, fresh: HashMap::new(), scratch: None, ran: None }))
}

/// Whether evidence was attached to either version since: commands that were given the former may say something else now.
fn attached_since(repository: &Repository, state: &State, row: &CertificateRow) -> Result<bool, VerbError> {
    let versions = [Some(row.snapshot), row.baseline].into_iter().flatten().filter_map(|id| state.version_of(id));
    for attached in versions.flat_map(|known| state.attached_to(known.version)) {
        if attached::event(repository, state, attached)?.0.time >= row.issued {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Stored {
    /// Its files, as those of a version are listed.
    pub(in crate::ops) fn tree_files(&self) -> impl Iterator<Item = TreeFile> {
        self.files.iter().map(|file| TreeFile {
            path: file.path.clone(),
            kind: EntryKind::File,
            id: Some(file.file),
            size: file.size,
            target: None,
        })
    }

    /// The ids of its files.
    pub(in crate::ops) fn ids(&self) -> impl Iterator<Item = FileId> {
        self.files.iter().map(|file| file.file)
    }
}

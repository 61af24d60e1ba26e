//! Measurements that certificates in force rest on: what they keep in the store, and when they are taken again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::values::set_given;
use super::{Measured, Side, Wanted};
use crate::digest::Digest;
use crate::format::canonical;
use crate::format::certificate::{MEASUREMENT, StatementRecord};
use crate::format::checkpoint::CertificateRow;
use crate::format::event::EventBody;
use crate::format::measurement::{self, FreshRecord, MeasurementRecord};
use crate::format::policy::{MeasureRecord, PolicyRecord, RuleRecord};
use crate::format::tree::EntryKind;
use crate::id::{CertificateId, FileId, SnapshotId};
use crate::ops::VerbError;
use crate::registry::State;
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

/// What the first certificate rests on that is about the same candidate, baseline and commands, still counts, and rests on models
/// that ran to a good end; for a second look the newest one, whether it still counts or not.
///
/// All certificates that were ever issued are looked through: whoever tries other rules, or moves the stage there and back, does not
/// get another measurement by it.
pub(super) fn known(wanted: &Wanted<'_>, runs: bool) -> Result<Option<Measured>, VerbError> {
    let Some(state) = wanted.state else { return Ok(None) };
    let registry = wanted.repository.registry();
    let now = registry.now_in(state);
    let order: Box<dyn Iterator<Item = u64>> =
        if runs { Box::new(1..=state.seq()) } else { Box::new((1..=state.seq()).rev()) };
    for seq in order {
        // What cannot be read is no certificate to rest on; `verify` says so.
        let Some(Ok(event)) = registry.event(&state.model, seq)?.map(|file| file.event) else { continue };
        let EventBody::Certify { snapshot, certificate, baseline, expires, .. } = event.body else { continue };
        let is_about = snapshot == wanted.candidate.id && baseline == wanted.baseline.map(|side| side.id);
        if is_about
            && (!runs || expires > now)
            && let Some(found) = measured_for(wanted, certificate)?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The measurement of a certificate, if it is what the rules ask for.
fn measured_for(wanted: &Wanted<'_>, certificate: CertificateId) -> Result<Option<Measured>, VerbError> {
    let store = wanted.repository.store();
    let Some(bytes) = bytes(store, certificate.digest())? else { return Ok(None) };
    let Ok(statement) = StatementRecord::decode(&bytes) else { return Ok(None) };
    if !same_commands(&statement.predicate.policy, wanted.policy) {
        return Ok(None);
    }
    let Some(record) = named(&statement) else { return Ok(None) };
    let Some((bytes, record)) = bytes_of(store, record)? else { return Ok(None) };
    let is_it = record.candidate == wanted.candidate.id
        && record.baseline == wanted.baseline.map(|side| side.id)
        && record.is_whole();
    if !is_it || !reads_the_same(wanted, &record) {
        return Ok(None);
    }
    for made in record.sides.values() {
        let Some(file) = &made.predictions else { return Ok(None) };
        let erased =
            |state: &State| state.erased.iter().any(|row| row.file().is_some_and(|erased| erased.sha256 == file.file));
        if wanted.state.is_some_and(erased) || !store.has_file(file.file)? {
            return Ok(None);
        }
    }
    let digest = Some(Digest::of(&bytes));
    Ok(Some(Measured { record: Some(record), digest, bytes, fresh: HashMap::new(), scratch: None, ran: None }))
}

/// Whether two policies run the same: what predicts, what the rules run themselves, and the quantiles that are read off calls.
fn same_commands(ours: &PolicyRecord, theirs: &PolicyRecord) -> bool {
    let commands = |policy: &PolicyRecord| -> BTreeMap<String, MeasureRecord> {
        let rules = policy.rules.iter().filter(|rule| matches!(rule.measure, MeasureRecord::Command { .. }));
        rules.map(|rule| (rule.id.clone(), rule.measure.clone())).collect()
    };
    let quantiles = |policy: &PolicyRecord| -> BTreeSet<u64> {
        let of = |rule: &RuleRecord| match rule.measure {
            MeasureRecord::Measured { quantile, .. } => quantile.map(f64::to_bits),
            _ => None,
        };
        policy.rules.iter().filter_map(of).collect()
    };
    ours.predict == theirs.predict && commands(ours) == commands(theirs) && quantiles(ours) == quantiles(theirs)
}

/// Whether the commands that were given recorded predictions would be given the same: other ones may have been attached since.
fn reads_the_same(wanted: &Wanted<'_>, record: &MeasurementRecord) -> bool {
    let given = |rule: &RuleRecord, side: &Side<'_>| -> Option<FileId> {
        let MeasureRecord::Command { command, set, .. } = &rule.measure else { return None };
        let set = set_given(wanted, set.as_ref(), record.set.as_ref()).filter(|_| command.contains("{predictions}"))?;
        side.record.predictions_of(set).filter(|_| record.set.as_ref() != Some(set)).map(|known| known.file)
    };
    wanted.policy.rules.iter().all(|rule| {
        [Some(wanted.candidate), wanted.baseline].into_iter().flatten().all(|side| {
            let made = record.commands.get(&rule.id).and_then(|made| made.get(&side.role));
            made.is_none_or(|made| made.read == given(rule, side))
        })
    })
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

//! The profiles of a version's data, for the verbs that store and show them.

use std::collections::{BTreeMap, HashMap};

use super::{VerbError, erasures, records};
use crate::capture::CaptureError;
use crate::capture::profile::Tables;
use crate::capture::redacted::Redacted;
use crate::digest::Digest;
use crate::format::event::ErasedRecord;
use crate::format::observation::ObservationRecord;
use crate::format::profile::{self, ProfileRecord};
use crate::format::redacted::RedactedRecord;
use crate::format::snapshot::{DataRecord, SnapshotRecord};
use crate::name::SetName;
use crate::progress::Progress;
use crate::repository::Repository;
use crate::snapshot::profiles::{self, Before};
use crate::snapshot::{self, Built};
use crate::store::Writer;

/// How profiles are to be made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// Whether one that fails stops everything.
    pub strict: bool,
    /// Whether one that was erased may be stored again.
    pub allow_erased: bool,
}

/// Profiles what was captured, and notes it in the observation. Those of unchanged data are those of the version `before`.
pub(super) fn put(
    repository: &Repository,
    writer: &mut Writer<'_>,
    (tables, built): (&[Tables], &mut Built),
    (data, before): (&[DataRecord], Option<&ObservationRecord>),
    terms: Terms,
    redacted: &mut Redacted,
    progress: &dyn Progress,
) -> Result<(), VerbError> {
    if tables.is_empty() {
        return Ok(());
    }
    let erased = if terms.allow_erased { HashMap::new() } else { erased(repository)? };
    let profiles = before.map(|before| before.profiles.clone()).unwrap_or_default();
    let before = Before { data, profiles, erased };
    let what = (tables, built.record.data.as_slice());
    let found = profiles::put(repository.store(), writer, what, &before, redacted, progress)?;
    let failed = found.iter().find_map(|(name, profile)| Some((name, profile.failed.clone()?)));
    if let (Some((name, reason)), true) = (failed, terms.strict) {
        return Err(CaptureError::Discovered { part: format!("data.{name}.profile"), reason }.into());
    }
    built.observation.profiles = found;
    Ok(())
}

/// The data of which a profile was erased from any version: its digest, and why there is none.
fn erased(repository: &Repository) -> Result<HashMap<Digest, String>, VerbError> {
    let mut found = HashMap::new();
    for model in repository.registry().erasing()? {
        let Some(state) = repository.registry().state(&model)? else { continue };
        for row in &state.erased {
            let ErasedRecord::Field(field) = &row.what else { continue };
            if !snapshot::fields::is_profile(&field.name) {
                continue;
            }
            for copy in &field.copies {
                let left = repository.store().record(copy.copy).ok();
                let left = left.and_then(|bytes| RedactedRecord::<ProfileRecord>::decode(&bytes, copy.record).ok());
                if let Some(left) = left.filter(|left| left.record.format == profile::FORMAT) {
                    let why = format!("that of an earlier version was {}", erasures::why(row));
                    found.insert(left.record.sha256, why);
                }
            }
        }
    }
    Ok(found)
}

/// The profiles of a version that can be read.
pub(super) fn of_version(
    repository: &Repository,
    record: &SnapshotRecord,
    observation: &ObservationRecord,
) -> BTreeMap<SetName, ProfileRecord> {
    let of = |data: &DataRecord| {
        let id = observation.profiles.get(&data.name)?.id?;
        Some((data.name.clone(), records::profile(repository, id).ok()?))
    };
    record.data.iter().filter_map(of).collect()
}

/// The profiles of a version's data, or why it has none.
pub(super) fn or_why(
    repository: &Repository,
    record: &SnapshotRecord,
    observation: &ObservationRecord,
) -> BTreeMap<SetName, Result<ProfileRecord, String>> {
    let of = |data: &DataRecord| {
        let found = match observation.profiles.get(&data.name) {
            None => Err("it was not profiled".to_owned()),
            Some(named) => match (named.id, &named.failed) {
                (Some(id), _) => records::profile(repository, id).map_err(|error| error.to_string()),
                (None, Some(reason)) => Err(reason.clone()),
                (None, None) => Err("it was erased".to_owned()),
            },
        };
        (data.name.clone(), found)
    };
    record.data.iter().map(of).collect()
}

/// The profiles of data that is no version's yet: those of the same data in the version `before`, else found out now.
/// Nothing is stored.
pub(super) fn of_workspace(
    repository: &Repository,
    (tables, record): (&[Tables], &SnapshotRecord),
    before: Option<(&SnapshotRecord, &ObservationRecord)>,
    wanted: &[&SetName],
    progress: &dyn Progress,
) -> BTreeMap<SetName, Result<ProfileRecord, String>> {
    let backend = repository.store().backend();
    let scratch = || backend.scratch();
    let mut found = BTreeMap::new();
    for tables in tables.iter().filter(|tables| wanted.contains(&&tables.name)) {
        let Some(source) = record.data.iter().find(|data| data.name == tables.name) else { continue };
        let Some(sha256) = source.sha256 else { continue };
        let known = before.and_then(|(record, observation)| {
            record
                .data
                .iter()
                .find(|data| data.name == source.name && data.sha256 == source.sha256 && data.path == source.path)?;
            records::profile(repository, observation.profiles.get(&source.name)?.id?).ok()
        });
        let profile = match known {
            Some(known) => Ok(known),
            None => crate::capture::profile::profile(tables, sha256, &scratch, progress),
        };
        found.insert(tables.name.clone(), profile);
    }
    found
}

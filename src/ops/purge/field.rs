//! Erasing a field: from every version in which it has the same value, by a redacted copy of each record.

use std::collections::BTreeMap;

use super::profile;
use super::remaining::Wanted;
use super::version::{Version, redacted};
use super::{Deed, PurgeError, PurgeReport, Touched, harmless, stages};
use crate::digest::Digest;
use crate::format::event::{CopyRecord, ErasedFieldRecord, ErasedRecord};
use crate::nearest::nearest;
use crate::ops::{VerbError, resolve};
use crate::registry::State;
use crate::repository::Repository;
use crate::snapshot::fields;
use crate::store::erase::Erasure;

/// Which records are redacted. Their copies are stored, so that a tombstone may name them, unless this is a rehearsal.
pub(super) fn field(
    repository: &Repository,
    found: &resolve::Found,
    states: &[State],
    name: &str,
    dry_run: bool,
) -> Result<Deed, VerbError> {
    let mut report = PurgeReport::of(found, name.to_owned(), dry_run);
    let version = Version::read(repository, &found.state, &found.row)?;
    let Some(value) = version.value(name) else {
        let gone = |erased: &[String]| erased.iter().any(|field| *field == harmless(name));
        if gone(&version.snapshot.erased) || gone(&version.observation.erased) {
            let erasure = crate::ops::erasures::due(repository, states)?;
            return Ok(Deed { report, tombstones: Vec::new(), erasure, wanted: None });
        }
        return Err(no_field(found, name, &version).into());
    };
    let mut made: BTreeMap<Digest, Digest> = BTreeMap::new();
    let mut erasure = Erasure::default();
    let mut writer = if dry_run { repository.store().rehearsal() } else { repository.store().writer() };
    let mut tombstones = Vec::new();
    for state in states {
        let (mut versions, mut copies) = (Vec::new(), BTreeMap::new());
        for row in &state.versions {
            let label = || format!("{}@{}", state.model, row.version);
            let Ok(mut here) = Version::read(repository, state, row) else {
                report.unknown.push(label());
                continue;
            };
            match here.value(name) {
                Some(other) if other == value => {}
                Some(_) if state.model == found.state.model => {
                    report.other_values.push(label());
                    continue;
                }
                _ => continue,
            }
            let mut copy = |of: Digest, bytes: Vec<u8>| -> Result<(), VerbError> {
                let id = writer.put_record(&bytes)?;
                // The copy before this one holds the value still.
                erasure.records.extend([Some(of), state.copy_of(of)].into_iter().flatten());
                made.insert(of, id);
                copies.insert(of, id);
                Ok(())
            };
            let profile = here.observation.record.profiles.iter().find(|(data, _)| fields::profile_of(data) == name);
            if let Some(id) = profile.and_then(|(_, profile)| profile.id)
                && let Some(left) = profile::left_of(repository, id, name)?
            {
                copy(id.digest(), left)?;
            }
            if fields::erase(&mut here.snapshot.record, name) {
                copy(row.snapshot.digest(), redacted(row.snapshot.digest(), &here.snapshot, &[name.to_owned()])?)?;
            }
            if fields::erase_observed(&mut here.observation.record, name) {
                copy(
                    row.observation.digest(),
                    redacted(row.observation.digest(), &here.observation, &[name.to_owned()])?,
                )?;
            }
            versions.push(row.version);
            report.touched.push(Touched {
                model: state.model.clone(),
                version: row.version,
                paths: Vec::new(),
                model_file: false,
                stages: stages(state, row.version),
            });
        }
        let Some(newest) = versions.last().copied() else { continue };
        let here = state.model == found.state.model && versions.contains(&found.row.version);
        let copies = copies.into_iter().map(|(record, copy)| CopyRecord { record, copy }).collect();
        let erased = ErasedRecord::Field(ErasedFieldRecord { name: harmless(name), copies });
        tombstones.push((state.model.clone(), if here { found.row.version } else { newest }, versions, erased));
    }
    // What is left of a record is never what goes.
    for copy in made.values() {
        erasure.records.remove(copy);
    }
    writer.finish()?;
    let models =
        report.touched.iter().map(|touched| touched.model.clone()).chain([found.state.model.clone()]).collect();
    // A digest stands nowhere else.
    let wanted = Wanted { field: name.to_owned(), value, models };
    let wanted = (!fields::is_profile(name)).then_some(wanted);
    Ok(Deed { report, tombstones, erasure, wanted })
}

fn no_field(found: &resolve::Found, name: &str, version: &Version) -> PurgeError {
    let first = |text: &str| text.split('.').next().unwrap_or_default().to_owned();
    if fields::FORMS.iter().all(|form| first(form) != first(name)) {
        return PurgeError::NotErasable { name: name.to_owned() };
    }
    let known = fields::fields(&version.snapshot.record, &version.observation.record);
    let nearest = nearest(name, known.iter().map(|(known, _)| known.as_str()));
    PurgeError::NoField { label: found.label(), name: name.to_owned(), nearest }
}

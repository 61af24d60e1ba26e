//! Erasing profiles of data: what they tell of it goes with its bytes, from every version that has them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::version::{Version, redacted};
use crate::digest::Digest;
use crate::format::event::{CopyRecord, ErasedFieldRecord, ErasedRecord};
use crate::format::redacted::RedactedRecord;
use crate::format::snapshot::DataRecord;
use crate::id::{FileId, ProfileId, TreeId};
use crate::name::{ModelName, SetName, Version as Number};
use crate::ops::{VerbError, records};
use crate::registry::State;
use crate::repository::Repository;
use crate::snapshot::{self, fields};
use crate::store::Writer;

/// What is left of a profile, to be stored; none if there is nothing to read.
pub(super) fn left_of(repository: &Repository, id: ProfileId, name: &str) -> Result<Option<Vec<u8>>, VerbError> {
    let Ok(mut record) = records::profile(repository, id) else { return Ok(None) };
    fields::erase_profile(&mut record);
    let copy = RedactedRecord::new(id.digest(), vec![name.to_owned()], record);
    let unwritten = |source| VerbError::Record { kind: "redacted copy", id: id.to_string(), source };
    copy.encode().map(Some).map_err(unwritten)
}

/// The profiles that tell of some files.
#[derive(Default)]
pub(super) struct Profiles {
    /// For each model that has one: its tombstone, by the name of the data.
    pub tombstones: Vec<(ModelName, Vec<Number>, ErasedRecord)>,
    /// Records that go.
    pub records: HashSet<Digest>,
    /// Those that take their place.
    pub copies: HashSet<Digest>,
    /// What they are called: `fraud@v1 data.train.profile`.
    pub names: Vec<String>,
}

/// Finds the profiles of data that `wanted` are files of. What is left of the records is handed to `writer`.
pub(super) fn of_files(
    repository: &Repository,
    states: &[State],
    wanted: &HashSet<FileId>,
    writer: &mut Writer<'_>,
) -> Result<Profiles, VerbError> {
    let mut found = Profiles::default();
    let ids = ids(repository, states, wanted);
    if ids.is_empty() {
        return Ok(found);
    }
    for state in states {
        let mut by_name: BTreeMap<SetName, (Vec<Number>, BTreeMap<Digest, Digest>)> = BTreeMap::new();
        for row in &state.versions {
            let Ok(mut here) = Version::read(repository, state, row) else { continue };
            let profiles = here.observation.record.profiles.iter();
            let named: Vec<(SetName, ProfileId)> =
                profiles.filter_map(|(name, p)| Some((name.clone(), p.id.filter(|id| ids.contains(id))?))).collect();
            if named.is_empty() {
                continue;
            }
            for (name, _) in &named {
                fields::erase_observed(&mut here.observation.record, &fields::profile_of(name));
            }
            let of = row.observation.digest();
            let names: Vec<String> = named.iter().map(|(name, _)| fields::profile_of(name)).collect();
            let copy = writer.put_record(&redacted(of, &here.observation, &names)?)?;
            found.records.extend([Some(of), state.copy_of(of)].into_iter().flatten());
            found.copies.insert(copy);
            for (name, id) in named {
                let (versions, copies) = by_name.entry(name.clone()).or_default();
                versions.push(row.version);
                copies.insert(of, copy);
                let field = fields::profile_of(&name);
                found.names.push(format!("{}@{} {field}", state.model, row.version));
                if let Some(left) = left_of(repository, id, &field)? {
                    let left = writer.put_record(&left)?;
                    copies.insert(id.digest(), left);
                    found.copies.insert(left);
                }
                found.records.insert(id.digest());
            }
        }
        for (name, (versions, copies)) in by_name {
            let copies = copies.into_iter().map(|(record, copy)| CopyRecord { record, copy }).collect();
            let erased = ErasedRecord::Field(ErasedFieldRecord { name: fields::profile_of(&name), copies });
            found.tombstones.push((state.model.clone(), versions, erased));
        }
    }
    found.records.retain(|record| !found.copies.contains(record));
    Ok(found)
}

/// Every profile of data with one of these files. A version that cannot be read is told by whoever looks for the files.
fn ids(repository: &Repository, states: &[State], wanted: &HashSet<FileId>) -> BTreeSet<ProfileId> {
    let mut has: HashMap<TreeId, bool> = HashMap::new();
    let mut holds = |tree: TreeId| {
        *has.entry(tree).or_insert_with(|| {
            let files = snapshot::files_of(repository.store(), tree).unwrap_or_default();
            files.iter().any(|file| file.id.is_some_and(|id| wanted.contains(&id)))
        })
    };
    let mut ids = BTreeSet::new();
    for (state, row) in states.iter().flat_map(|state| state.versions.iter().map(move |row| (state, row))) {
        let Ok(here) = Version::read(repository, state, row) else { continue };
        let mut is_of = |data: &&DataRecord| {
            let whole = data.sha256.is_some_and(|sha256| wanted.contains(&FileId::new(sha256)));
            whole || data.stored.is_some_and(&mut holds)
        };
        let profiles = &here.observation.record.profiles;
        for data in here.snapshot.record.data.iter().filter(|data| profiles.contains_key(&data.name)) {
            if is_of(&data) {
                ids.extend(profiles.get(&data.name).and_then(|profile| profile.id));
            }
        }
    }
    ids
}

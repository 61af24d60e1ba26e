//! The profiles of a version's data: taken from the version before where the data is what it was, else found out and stored.

use std::collections::{BTreeMap, HashMap};

use super::SnapshotError;
use crate::capture::profile::{self, Scratch, Tables};
use crate::capture::redacted::Redacted;
use crate::digest::Digest;
use crate::format::canonical;
use crate::format::observation::ProfileRef;
use crate::format::pack::MAX_OBJECT;
use crate::format::profile::{FORMAT, ProfileRecord};
use crate::format::snapshot::{DataKind, DataRecord};
use crate::id::ProfileId;
use crate::name::SetName;
use crate::progress::Progress;
use crate::store::{Store, Writer};

/// What there is to begin with.
#[derive(Debug, Default)]
pub struct Before<'b> {
    /// The data of the version before.
    pub data: &'b [DataRecord],
    /// Its profiles.
    pub profiles: BTreeMap<SetName, ProfileRef>,
    /// Data whose profile was erased, by its digest, and why: it is not profiled again.
    pub erased: HashMap<Digest, String>,
}

/// The profiles of `data`, in which `tables` are what was captured. New ones are handed to `writer`; why there is none may
/// quote the data, and passes `redacted`.
pub fn put(
    store: &Store,
    writer: &mut Writer<'_>,
    (tables, data): (&[Tables], &[DataRecord]),
    before: &Before<'_>,
    redacted: &mut Redacted,
    progress: &dyn Progress,
) -> Result<BTreeMap<SetName, ProfileRef>, SnapshotError> {
    let scratch: &Scratch<'_> = &|| store.backend().scratch();
    let mut profiles = BTreeMap::new();
    for tables in tables {
        let Some((record, sha256)) =
            data.iter().find(|record| record.name == tables.name).and_then(|record| Some((record, record.sha256?)))
        else {
            continue;
        };
        let none = |failed: &str, redacted: &mut Redacted| {
            let failed = Some(redacted.text(&profile::field(&tables.name), failed));
            ProfileRef { sha256, id: None, logical: None, failed }
        };
        let found = match (before.erased.get(&sha256), known(store, record, before)) {
            (Some(why), _) => Err(why.clone()),
            (None, Some(known)) => Ok(ProfileRecord { data: tables.name.clone(), ..known }),
            (None, None) => profile::profile(tables, sha256, scratch, progress),
        };
        let found = match found {
            Ok(found) => found,
            Err(why) => {
                profiles.insert(tables.name.clone(), none(&why, redacted));
                continue;
            }
        };
        let bytes = canonical::encode(FORMAT, &found).map_err(|source| SnapshotError::Encode { source })?;
        let profile = if bytes.len() > MAX_OBJECT as usize {
            none(&format!("it would take {} bytes, and {MAX_OBJECT} is the most", bytes.len()), redacted)
        } else {
            let id = ProfileId::new(writer.put_record(&bytes)?);
            ProfileRef { sha256, id: Some(id), logical: found.logical, failed: None }
        };
        profiles.insert(tables.name.clone(), profile);
    }
    Ok(profiles)
}

/// The profile of the same data in the version before. A file is the same data only if it is read the same way: by the end of
/// its name; in a folder the names are part of the digest.
fn known(store: &Store, record: &DataRecord, before: &Before<'_>) -> Option<ProfileRecord> {
    let extension = |record: &DataRecord| match record.kind {
        DataKind::File => record.path.rsplit('.').next().map(str::to_ascii_lowercase),
        DataKind::Folder | DataKind::Uri => None,
    };
    let same = |other: &&DataRecord| other.sha256 == record.sha256 && extension(other) == extension(record);
    let id = before.data.iter().filter(same).find_map(|other| before.profiles.get(&other.name)?.id)?;
    canonical::decode(FORMAT, &store.record(id.digest()).ok()?).ok()
}

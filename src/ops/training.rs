//! The bytes of training data: from the store, or where it was found, if it still is what it was; and what tells its rows apart.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use super::VerbError;
use crate::capture::profile::Tables;
use crate::digest::Digest;
use crate::format::observation::ObservationRecord;
use crate::format::policy::{DataCheck, MeasureRecord, PolicyRecord};
use crate::format::snapshot::{DataKind, DataRecord};
use crate::id::FileId;
use crate::name::{ModelName, SetName};
use crate::repository::Repository;
use crate::snapshot;
use crate::store::{Store, StoreError};

/// No file of training data is read into memory beyond this: 4 GiB. Reports and profiles go further.
const MOST: u64 = 4 << 30;

/// One file of a source.
enum Place {
    Stored(FileId, u64),
    /// What is there must have this digest.
    Disk(PathBuf, Digest),
    /// Whatever is there.
    Workspace(PathBuf),
}

/// The files of one source, one after the other.
pub(super) struct TrainingFiles<'a> {
    store: &'a Store,
    name: String,
    files: Vec<(String, Place)>,
}

impl<'a> TrainingFiles<'a> {
    /// Where the bytes of `data` are; why they are nowhere is for people.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub(super) fn find(
        store: &'a Store,
        data: &DataRecord,
        observation: &ObservationRecord,
    ) -> Result<Result<Self, String>, VerbError> {
        let name = data.name.to_string();
        if let Some(files) = stored(store, data)? {
            return Ok(Ok(Self { store, name, files }));
        }
        let place = observation.paths.get(&format!("data.{name}"));
        Ok(match (data.kind, data.sha256, place) {
            (DataKind::File, Some(sha256), Some(place)) => {
                let files = vec![(data.path.clone(), Place::Disk(PathBuf::from(place), sha256))];
                Ok(Self { store, name, files })
            }
            (DataKind::Uri, ..) => Err(format!("the data `{name}` is recorded as declared, and not kept")),
            _ => Err(format!("the bytes of the data `{name}` are not in the store")),
        })
    }

    /// The tables of a workspace, as they are now.
    pub(super) fn of_workspace(store: &'a Store, tables: &Tables) -> Self {
        let files = tables.places().map(|(path, disk)| (path.to_owned(), Place::Workspace(disk))).collect();
        Self { store, name: tables.name.to_string(), files }
    }

    /// Hands each file and its name to `read`, whose reason ends it.
    ///
    /// # Errors
    /// A damaged store, or one that cannot be read.
    pub(super) fn each(
        &self,
        mut read: impl FnMut(&[u8], &str) -> Result<(), String>,
    ) -> Result<Result<(), String>, VerbError> {
        for (path, place) in &self.files {
            let bytes = match place {
                Place::Stored(_, size) if *size > MOST => return Ok(Err(self.too_large(path))),
                Place::Stored(id, _) => match self.store.file(*id, MOST) {
                    Ok(bytes) => bytes,
                    Err(StoreError::Missing { .. }) => {
                        return Ok(Err(format!("the bytes of the data `{}` are not in the store any more", self.name)));
                    }
                    Err(other) => return Err(other.into()),
                },
                Place::Disk(disk, sha256) => match self.read_disk(path, disk, Some(*sha256)) {
                    Ok(bytes) => bytes,
                    Err(reason) => return Ok(Err(reason)),
                },
                Place::Workspace(disk) => match self.read_disk(path, disk, None) {
                    Ok(bytes) => bytes,
                    Err(reason) => return Ok(Err(reason)),
                },
            };
            if let Err(reason) = read(&bytes, path) {
                return Ok(Err(reason));
            }
        }
        Ok(Ok(()))
    }

    fn read_disk(&self, path: &str, disk: &PathBuf, sha256: Option<Digest>) -> Result<Vec<u8>, String> {
        let gone = || format!("the data `{}` is not in the store, and not where it was", self.name);
        let file = File::open(disk).map_err(|_| gone())?;
        let size = file.metadata().map_err(|_| gone())?.len();
        if size > MOST {
            return Err(self.too_large(path));
        }
        let mut bytes = Vec::new();
        file.take(MOST).read_to_end(&mut bytes).map_err(|_| gone())?;
        if sha256.is_none_or(|sha256| Digest::of(&bytes) == sha256) {
            Ok(bytes)
        } else {
            Err(format!("the data `{}` is not in the store, and where it was is another file", self.name))
        }
    }

    fn too_large(&self, path: &str) -> String {
        format!("`{path}` of the data `{}` has more than {MOST} bytes, too many to read at once", self.name)
    }
}

/// The files in the store, if all of them are.
fn stored(store: &Store, data: &DataRecord) -> Result<Option<Vec<(String, Place)>>, VerbError> {
    let Some(tree) = data.stored else { return Ok(None) };
    let files = match snapshot::files_of(store, tree) {
        Ok(files) => files,
        Err(StoreError::Missing { .. }) => return Ok(None),
        Err(other) => return Err(other.into()),
    };
    let mut found = Vec::new();
    for file in files {
        let Some(id) = file.id else { return Ok(None) };
        if !store.has_file(id)? {
            return Ok(None);
        }
        found.push((file.path, Place::Stored(id, file.size)));
    }
    Ok(Some(found))
}

/// The columns that tell the rows of a table apart: as the configuration says, or a rule that asks for them to be unique.
pub(super) fn row_key(
    repository: &Repository,
    model: &ModelName,
    policy: Option<&PolicyRecord>,
    name: &SetName,
) -> Vec<String> {
    let section = repository.section(model);
    let named = section.and_then(|section| section.data.get(name)).map(|data| data.key.clone());
    let unique = || {
        let rules = policy.iter().flat_map(|policy| &policy.rules);
        let mut keys = rules.filter_map(|rule| match &rule.measure {
            MeasureRecord::Data(record) if record.data == DataCheck::Unique && record.of == *name => {
                Some(record.columns.clone())
            }
            _ => None,
        });
        keys.next()
    };
    named.filter(|key| !key.is_empty()).or_else(unique).unwrap_or_default()
}

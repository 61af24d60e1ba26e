//! Whose SSH keys count: the `allowed_signers` files that the project names, and those that rules in force keep.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::clock::Time;
use crate::digest::Digest;
use crate::format::FormatError;
use crate::format::allowed_signers::{AllowedSigners, KIND, LONGEST, SignerFlaw};
use crate::format::pack::ObjectKind;
use crate::format::signoff::NAMESPACE;
use crate::name::{ModelName, StageName};
use crate::ops::{ApprovalError, VerbError};
use crate::repository::Repository;
use crate::signature::ssh::SshKey;

/// A file, read.
#[derive(Debug, Clone)]
pub(in crate::ops) struct SignersFile {
    /// The SHA-256 of its bytes: what rules name it by.
    pub sha256: Digest,
    /// As it stands.
    pub bytes: Vec<u8>,
    list: AllowedSigners,
}

impl SignersFile {
    fn read(bytes: Vec<u8>) -> Result<Self, FormatError> {
        let list = AllowedSigners::read(&bytes)?;
        for signer in &list.signers {
            let malformed = |why: &dyn std::fmt::Display| FormatError::Malformed {
                kind: KIND,
                reason: format!("line {}: {why}", signer.line),
            };
            let key = SshKey::from_blob(&signer.key).map_err(|error| malformed(&error))?;
            if key.name() != signer.key_type {
                return Err(malformed(&"it says another type than its key"));
            }
        }
        Ok(Self { sha256: Digest::of(&bytes), bytes, list })
    }

    /// Whether a person may sign off with this key at `time`.
    pub(in crate::ops) fn allows(&self, person: &str, key: &SshKey, time: Time) -> Result<(), SignerFlaw> {
        self.list.allows(person, key.blob(), NAMESPACE, time)
    }
}

/// The file that the project names for a stage; none where it names none.
pub(in crate::ops) fn stated(
    repository: &Repository,
    model: &ModelName,
    stage: &StageName,
) -> Result<Option<SignersFile>, VerbError> {
    let named = repository.stage(model, stage).and_then(|file| file.signers);
    let Some((project, named)) = repository.project().zip(named) else { return Ok(None) };
    read(&project.join(named)).map(Some)
}

fn read(path: &Path) -> Result<SignersFile, VerbError> {
    let failed = |source| VerbError::Io { action: "read the allowed signers", path: path.to_path_buf(), source };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(LONGEST as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    SignersFile::read(bytes).map_err(|source| ApprovalError::Signers { path: PathBuf::from(path), source }.into())
}

/// The file that rules name by its digest: from the store, or as the project names it where no event has put the rules in force.
pub(in crate::ops) fn of_rules(
    repository: &Repository,
    (model, stage): (&ModelName, &StageName),
    sha256: Digest,
) -> Result<SignersFile, VerbError> {
    if !repository.store().contains(ObjectKind::Record, sha256.as_bytes())?
        && let Some(file) = stated(repository, model, stage)?.filter(|file| file.sha256 == sha256)
    {
        return Ok(file);
    }
    let unreadable = |source| VerbError::Record { kind: KIND, id: sha256.to_string(), source };
    SignersFile::read(repository.store().record(sha256)?).map_err(unreadable)
}

/// Stores the file that rules name, which an event is about to put in force.
pub(in crate::ops) fn keep(
    repository: &Repository,
    whose: (&ModelName, &StageName),
    sha256: Option<Digest>,
) -> Result<(), VerbError> {
    let Some(sha256) = sha256 else { return Ok(()) };
    let file = of_rules(repository, whose, sha256)?;
    let mut writer = repository.store().writer();
    writer.put_record(&file.bytes)?;
    writer.finish()?;
    Ok(())
}

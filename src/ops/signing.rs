//! Signatures of certificates: made with a key from a file, kept in the store, checked wherever a certificate is.

use std::path::{Path, PathBuf};

use super::{Asked, MadeEvent, VerbError};
use crate::bounded;
use crate::format::FormatError;
use crate::format::checkpoint::{CertificateRow, SignatureRow};
use crate::format::dsse::{self, PAYLOAD_TYPE};
use crate::format::event::EventBody;
use crate::format::signature::{FORMAT, SignatureRecord};
use crate::id::{CertificateId, SnapshotId};
use crate::name::ModelName;
use crate::registry::Decision;
use crate::repository::Repository;
use crate::signature::{ALGORITHM, KeyError, PrivateKey, PublicKey};

/// A key is a few lines.
const LONGEST_KEY: u64 = 64 << 10;

/// A key to sign with, from a file.
#[derive(Debug)]
pub struct Signer {
    key: PrivateKey,
    path: PathBuf,
    /// Whether others on this machine may read the file.
    pub exposed: bool,
}

impl Signer {
    /// Reads a private key.
    pub fn open(path: &Path) -> Result<Self, VerbError> {
        let text = read(path)?;
        let key = PrivateKey::from_pem(&text).map_err(|source| refused(path, source))?;
        Ok(Self { key, path: path.to_path_buf(), exposed: readable_by_others(path) })
    }

    /// The record of this key's signature of a certificate's bytes.
    pub(super) fn sign(&self, certificate: CertificateId, bytes: &[u8]) -> Result<SignatureRecord, VerbError> {
        self.signed(certificate, bytes).map_err(|source| refused(&self.path, source))
    }

    fn signed(&self, certificate: CertificateId, bytes: &[u8]) -> Result<SignatureRecord, KeyError> {
        let public = self.key.public();
        let signature = self.key.sign(&dsse::pae(PAYLOAD_TYPE, bytes));
        Ok(SignatureRecord {
            format: FORMAT.to_owned(),
            certificate,
            payload_type: PAYLOAD_TYPE.to_owned(),
            algorithm: ALGORITHM.to_owned(),
            keyid: public.id()?,
            public_key: public.to_pem()?,
            signature: dsse::encode_base64(&signature),
        })
    }
}

/// Reads a public key.
pub fn public_key(path: &Path) -> Result<PublicKey, VerbError> {
    PublicKey::from_pem(&read(path)?).map_err(|source| refused(path, source))
}

fn refused(path: &Path, source: KeyError) -> VerbError {
    VerbError::Key { path: PathBuf::from(path), source }
}

fn read(path: &Path) -> Result<String, VerbError> {
    let failed = |source| VerbError::Io { action: "read the key", path: path.to_path_buf(), source };
    let bytes = bounded::read_named(path, LONGEST_KEY).map_err(failed)?;
    String::from_utf8(bytes).map_err(|_| refused(path, KeyError::NotPem))
}

#[cfg(unix)]
fn readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn readable_by_others(_: &Path) -> bool {
    false
}

/// Whether a record is a signature of these bytes by the key it names.
pub(super) fn holds(record: &SignatureRecord, certificate: &[u8]) -> bool {
    let Ok(key) = PublicKey::from_pem(&record.public_key) else { return false };
    let signature = record.bytes().unwrap_or_default();
    key.id() == Ok(record.keyid)
        && record.algorithm == ALGORITHM
        && record.payload_type == PAYLOAD_TYPE
        && record.certificate == CertificateId::new(crate::digest::Digest::of(certificate))
        && key.verifies(&dsse::pae(PAYLOAD_TYPE, certificate), &signature)
}

/// Stores a signature and says so in the journal, unless this key has signed the certificate already.
pub(super) fn add(
    repository: &Repository,
    model: &ModelName,
    snapshot: SnapshotId,
    record: &SignatureRecord,
) -> Result<Option<MadeEvent>, VerbError> {
    let unreadable = |source| VerbError::Record { kind: "signature", id: record.keyid.short(), source };
    let bytes = record.encode().map_err(unreadable)?;
    let mut writer = repository.store().writer();
    let signature = writer.put_record(&bytes)?;
    writer.finish()?;
    let actor = Asked::begin(repository).answer();
    let certificate = record.certificate;
    let committed = repository.registry().commit::<(), VerbError>(model, &actor, |state| {
        let row = state.certificate(snapshot, certificate);
        let signed = |row: &CertificateRow| row.signatures.iter().any(|s| s.keyid == record.keyid);
        // Where somebody issued another one meanwhile there is nothing left to sign.
        if row.is_none_or(signed) {
            return Ok(Decision::Keep(()));
        }
        Ok(Decision::Append(EventBody::Sign { snapshot, certificate, keyid: record.keyid, signature }, ()))
    })?;
    Ok(committed.event.map(|(event, record)| MadeEvent { event, time: record.time }))
}

/// The signatures of a certificate in force.
pub(super) fn stored(repository: &Repository, rows: &[SignatureRow]) -> Result<Vec<SignatureRecord>, VerbError> {
    let read = |row: &SignatureRow| {
        let bytes = repository.store().record(row.record)?;
        let unreadable =
            |source: FormatError| VerbError::Record { kind: "signature", id: row.record.to_string(), source };
        SignatureRecord::decode(&bytes).map_err(unreadable)
    };
    rows.iter().map(read).collect()
}

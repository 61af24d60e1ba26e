//! The policy files that certificates in force were made by, as they were written: stored beside the resolved rules.

use crate::digest::Digest;
use crate::format::certificate::StatementRecord;
use crate::format::checkpoint::CertificateRow;
use crate::store::{Store, StoreError};

/// The file of a certificate; none where it came from no file, was not stored yet, or the certificate cannot be read.
pub(in crate::ops) fn of(store: &Store, row: &CertificateRow) -> Result<Option<Digest>, StoreError> {
    let bytes = match store.record(row.certificate.digest()) {
        Ok(bytes) => bytes,
        Err(error @ StoreError::Backend(_)) => return Err(error),
        Err(_) => return Ok(None),
    };
    let statement = StatementRecord::decode(&bytes).ok();
    Ok(statement.and_then(|statement| named(&statement)))
}

/// The file that a statement names, if it is stored.
pub(in crate::ops) fn named(statement: &StatementRecord) -> Option<Digest> {
    let predicate = &statement.predicate;
    predicate.policy_file_kept.then_some(predicate.policy_file_sha256)
}

//! `export`: a certificate in the forms that other programs take.

use super::resolve::{self, Found};
use super::{VerbError, signing};
use crate::digest::Digest;
use crate::format::FormatError;
use crate::format::certificate::StatementRecord;
use crate::format::checkpoint::CertificateRow;
use crate::format::signature;
use crate::id::CertificateId;
use crate::repository::Repository;

/// What to export.
#[derive(Debug, Clone)]
pub struct ExportOptions {
    /// The version whose newest certificate is meant.
    pub revision: String,
    /// The time to see the revision at.
    pub at: Option<String>,
    /// In which form.
    pub form: Form,
}

/// A form of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The in-toto statement, byte for byte as it is stored.
    Statement,
    /// The statement in a DSSE envelope, with its signatures.
    Dsse,
}

/// What was exported.
#[derive(Debug, Clone)]
pub struct ExportReport {
    /// `fraud@v8`.
    pub label: String,
    /// The certificate.
    pub certificate: CertificateId,
    /// Keys whose signatures are in it.
    pub signed_by: Vec<Digest>,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Exports.
pub fn export(repository: &Repository, options: &ExportOptions) -> Result<ExportReport, VerbError> {
    let found = resolve::revision(repository, &options.revision, options.at.as_deref())?;
    let row = newest(&found)?;
    let bytes = repository.store().record(row.certificate.digest())?;
    let unreadable =
        |source: FormatError| VerbError::Record { kind: "certificate", id: row.certificate.to_string(), source };
    StatementRecord::decode(&bytes).map_err(unreadable)?;
    let (bytes, signed_by) = match options.form {
        Form::Statement => (bytes, Vec::new()),
        Form::Dsse if row.signatures.is_empty() => return Err(VerbError::NotSigned { label: found.label() }),
        Form::Dsse => {
            let records = signing::stored(repository, &row.signatures)?;
            let envelope = signature::envelope(&bytes, &records).and_then(|envelope| envelope.encode());
            (envelope.map_err(unreadable)?, row.signatures.iter().map(|s| s.keyid).collect())
        }
    };
    Ok(ExportReport { label: found.label(), certificate: row.certificate, signed_by, bytes })
}

/// The newest certificate of a version.
pub(super) fn newest(found: &Found) -> Result<&CertificateRow, VerbError> {
    let row = found.state.certificates.get(&found.snapshot());
    row.ok_or_else(|| VerbError::NoCertificate { label: found.label() })
}

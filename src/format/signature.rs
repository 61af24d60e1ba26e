//! A signature of a certificate, stored beside it: one record for each key that signed.
//!
//! ```json
//! {"algorithm":"ecdsa-p256-sha256","certificate":"…","format":"mlrun/signature/1","keyid":"…",
//!  "payload_type":"application/vnd.in-toto+json","public_key":"-----BEGIN PUBLIC KEY-----\n…","signature":"<base64>"}
//! ```
//! Signed is the [DSSE](super::dsse) encoding of the certificate's stored bytes. The public key stands here so that anybody can
//! check the arithmetic; whose key it is, it cannot say.

use serde::{Deserialize, Serialize};

use super::dsse::{self, Envelope, EnvelopeSignature};
use super::{FormatError, canonical};
use crate::digest::Digest;
use crate::id::CertificateId;

/// Name and version of the record. 1: first form.
pub const FORMAT: &str = "mlrun/signature/1";

/// The record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureRecord {
    /// [`FORMAT`].
    pub format: String,
    /// The certificate that is signed.
    pub certificate: CertificateId,
    /// What its bytes are: [`dsse::PAYLOAD_TYPE`].
    pub payload_type: String,
    /// `ecdsa-p256-sha256`.
    pub algorithm: String,
    /// The SHA-256 of the key's SubjectPublicKeyInfo.
    pub keyid: Digest,
    /// The key to check it with, as PEM.
    pub public_key: String,
    /// Base64 of the signature in ASN.1 DER.
    pub signature: String,
}

impl SignatureRecord {
    /// The bytes to store.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        canonical::encode(FORMAT, self)
    }

    /// Reads a record.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let record: Self = canonical::decode(FORMAT, bytes)?;
        record.bytes()?;
        Ok(record)
    }

    /// The signature itself.
    pub fn bytes(&self) -> Result<Vec<u8>, FormatError> {
        dsse::decode_base64(&self.signature)
            .ok_or_else(|| FormatError::Malformed { kind: FORMAT, reason: "its signature is not base64".to_owned() })
    }
}

/// The envelope of a certificate with these signatures.
pub fn envelope(certificate: &[u8], records: &[SignatureRecord]) -> Result<Envelope, FormatError> {
    let signatures = records
        .iter()
        .map(|record| Ok(EnvelopeSignature { keyid: record.keyid.to_string(), signature: record.bytes()? }));
    Ok(Envelope {
        payload_type: dsse::PAYLOAD_TYPE.to_owned(),
        payload: certificate.to_vec(),
        signatures: signatures.collect::<Result<_, FormatError>>()?,
    })
}

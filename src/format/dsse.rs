//! DSSE, the envelope in which signed statements travel: the exact payload, its type, and signatures over both.
//!
//! ```json
//! {"payload":"<base64>","payloadType":"application/vnd.in-toto+json","signatures":[{"keyid":"<hex>","sig":"<base64>"}]}
//! ```
//! <https://github.com/secure-systems-lab/dsse/blob/master/envelope.md>. Signed is not the JSON but [`pae`].

use base64ct::{Base64, Base64Unpadded, Base64Url, Base64UrlUnpadded, Encoding as _};
use serde::{Deserialize, Serialize};

use super::{FormatError, canonical};

/// The type of a payload that is an in-toto statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

const KIND: &str = "DSSE envelope";
/// More signatures than anybody collects.
const MOST_SIGNATURES: usize = 1000;

/// An envelope, opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// What `payload` is.
    pub payload_type: String,
    /// The signed bytes.
    pub payload: Vec<u8>,
    /// Who signed them.
    pub signatures: Vec<EnvelopeSignature>,
}

/// One signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeSignature {
    /// What its maker called the key: a hint, nothing is proven by it.
    pub keyid: String,
    /// The signature's bytes.
    pub signature: Vec<u8>,
}

/// As written.
#[derive(Serialize, Deserialize)]
struct EnvelopeFile {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<SignatureFile>,
}

#[derive(Serialize, Deserialize)]
struct SignatureFile {
    #[serde(default)]
    keyid: String,
    sig: String,
}

/// The bytes that are signed: `DSSEv1 LEN(type) type LEN(payload) payload`, lengths in decimal ASCII.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

impl Envelope {
    /// The envelope's JSON.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        let signatures = self.signatures.iter().map(|signature| SignatureFile {
            keyid: signature.keyid.clone(),
            sig: encode_base64(&signature.signature),
        });
        canonical::encode(
            KIND,
            &EnvelopeFile {
                payload: encode_base64(&self.payload),
                payload_type: self.payload_type.clone(),
                signatures: signatures.collect(),
            },
        )
    }

    /// Reads an envelope, whoever made it: unknown fields are ignored, as the specification asks.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let malformed = |reason: String| FormatError::Malformed { kind: KIND, reason };
        let file: EnvelopeFile = serde_json::from_slice(bytes).map_err(|e| malformed(e.to_string()))?;
        if file.signatures.len() > MOST_SIGNATURES {
            return Err(malformed(format!("it has {} signatures", file.signatures.len())));
        }
        let read =
            |what: &str, text: &str| decode_base64(text).ok_or_else(|| malformed(format!("its {what} is not base64")));
        let signatures = file.signatures.iter().map(|signature| {
            Ok(EnvelopeSignature { keyid: signature.keyid.clone(), signature: read("signature", &signature.sig)? })
        });
        Ok(Self {
            payload: read("payload", &file.payload)?,
            payload_type: file.payload_type,
            signatures: signatures.collect::<Result<_, FormatError>>()?,
        })
    }
}

/// Base64 with padding.
pub fn encode_base64(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// Either alphabet, padded or not: a reader of DSSE must take both.
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(text)
        .or_else(|_| Base64Url::decode_vec(text))
        .or_else(|_| Base64Unpadded::decode_vec(text))
        .or_else(|_| Base64UrlUnpadded::decode_vec(text))
        .ok()
}

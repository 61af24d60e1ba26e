//! Signatures: ECDSA on the curve P-256 over SHA-256, with keys in PEM as `openssl` writes and reads them; and, to verify only, those
//! of [SSH keys](ssh).
//!
//! The only place that names the implementations of curves and of RSA. The same P-256 key signs the same bytes the same way
//! (RFC 6979), so a signature depends on no random numbers.

pub mod ssh;
pub mod sshsig;
mod strings;

use std::fmt;

use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{DerSignature, SigningKey, VerifyingKey};
use p256::pkcs8::der::pem;
use p256::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePublicKey as _, LineEnding};
use p256::{PublicKey as PublicKeyPoint, SecretKey};

use crate::digest::Digest;

/// What algorithm a signature is of, as recorded.
pub const ALGORITHM: &str = "ecdsa-p256-sha256";

/// Why a text is not the key it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// No block between `-----BEGIN …-----` and `-----END …-----`.
    #[error("it is not PEM")]
    NotPem,
    /// A password would be needed.
    #[error("it is encrypted; only keys without a password can be used")]
    Encrypted,
    /// The other half of a pair, or something else altogether.
    #[error("it holds a `{found}`, not a {wanted} key")]
    OtherBlock {
        /// The block's label.
        found: String,
        /// `private`, `public`.
        wanted: &'static str,
    },
    /// A key of another algorithm or on another curve.
    #[error("it is a key for {found}, not for EC P-256")]
    OtherAlgorithm {
        /// Which.
        found: &'static str,
    },
    /// A block with the right label whose contents are no key.
    #[error("its contents are not an EC P-256 key")]
    Malformed,
}

/// A key to sign with.
pub struct PrivateKey(SigningKey);

/// A key to check signatures with.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// Object identifiers in DER, and what keys that hold them are for.
const OTHERS: [(&[u8], &str); 7] = [
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01], "RSA"),
    (&[0x2b, 0x65, 0x70], "Ed25519"),
    (&[0x2b, 0x65, 0x71], "Ed448"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x22], "EC P-384"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x23], "EC P-521"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x0a], "EC secp256k1"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01], "DSA"),
];

impl PrivateKey {
    /// Reads PKCS#8 (`BEGIN PRIVATE KEY`) or SEC1 (`BEGIN EC PRIVATE KEY`), without a password.
    ///
    /// # Errors
    /// Anything but an EC P-256 private key.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let block = block(text, &["PRIVATE KEY", "EC PRIVATE KEY"], "private")?;
        let key = match block.label {
            "PRIVATE KEY" => SecretKey::from_pkcs8_pem(block.text).ok(),
            _ => SecretKey::from_sec1_pem(block.text).ok(),
        };
        key.map(|key| Self(key.into())).ok_or_else(|| block.refusal())
    }

    /// The signature of `message`, in ASN.1 DER.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: DerSignature = self.0.sign(message);
        signature.as_bytes().to_vec()
    }

    /// Its other half.
    pub fn public(&self) -> PublicKey {
        PublicKey(*self.0.verifying_key())
    }
}

impl PublicKey {
    /// Reads `BEGIN PUBLIC KEY`.
    ///
    /// # Errors
    /// Anything but an EC P-256 public key.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let block = block(text, &["PUBLIC KEY"], "public")?;
        VerifyingKey::from_public_key_pem(block.text).map(Self).map_err(|_| block.refusal())
    }

    /// As PEM, with a line feed after every line.
    ///
    /// # Errors
    /// Only on a defect in the encoder.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        PublicKeyPoint::from(&self.0).to_public_key_pem(LineEnding::LF).map_err(|_| KeyError::Malformed)
    }

    /// What names it: the SHA-256 of its SubjectPublicKeyInfo, which is what `openssl pkey -pubin -outform DER` prints.
    ///
    /// # Errors
    /// Only on a defect in the encoder.
    pub fn id(&self) -> Result<Digest, KeyError> {
        PublicKeyPoint::from(&self.0)
            .to_public_key_der()
            .map(|der| Digest::of(der.as_bytes()))
            .map_err(|_| KeyError::Malformed)
    }

    /// Whether `signature`, in ASN.1 DER, is one of `message` by this key.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        DerSignature::from_bytes(signature).is_ok_and(|signature| self.0.verify(message, &signature).is_ok())
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?})", self.id())
    }
}

/// One block of a PEM file.
struct Block<'a> {
    label: &'a str,
    /// From its first line to its last.
    text: &'a str,
}

impl Block<'_> {
    /// Why the block is no key of ours.
    fn refusal(&self) -> KeyError {
        let der = pem::decode_vec(self.text.as_bytes()).map(|(_, der)| der).unwrap_or_default();
        let holds = |identifier: &[u8]| der.windows(identifier.len()).any(|window| window == identifier);
        match OTHERS.iter().find(|(identifier, _)| holds(identifier)) {
            Some((_, found)) => KeyError::OtherAlgorithm { found },
            None => KeyError::Malformed,
        }
    }
}

/// The first block with one of these labels. `openssl ecparam -genkey` writes the curve's name in a block of its own before
/// the key.
fn block<'a>(text: &'a str, wanted: &[&str], kind: &'static str) -> Result<Block<'a>, KeyError> {
    const BEGIN: &str = "-----BEGIN ";
    let mut first = None;
    for (at, _) in text.match_indices(BEGIN) {
        let rest = &text[at + BEGIN.len()..];
        let Some(label) = rest.split("-----").next().filter(|label| label.len() <= 64 && !label.contains('\n')) else {
            continue;
        };
        let end = format!("-----END {label}-----");
        let Some(length) = text[at..].find(&end) else { continue };
        let block = &text[at..at + length + end.len()];
        if label == "ENCRYPTED PRIVATE KEY" || block.contains("Proc-Type: 4,ENCRYPTED") {
            return Err(KeyError::Encrypted);
        }
        if wanted.contains(&label) {
            return Ok(Block { label, text: block });
        }
        first.get_or_insert(label);
    }
    match first {
        None => Err(KeyError::NotPem),
        Some("RSA PRIVATE KEY" | "RSA PUBLIC KEY") => Err(KeyError::OtherAlgorithm { found: "RSA" }),
        Some(found) => {
            Err(KeyError::OtherBlock { found: found.chars().filter(|c| !c.is_control()).collect(), wanted: kind })
        }
    }
}

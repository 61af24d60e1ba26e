//! Public keys of SSH, and what they signed: RFC 4253 §6.6, RFC 5656 (ECDSA), RFC 8332 (RSA with SHA-2), RFC 8709 (Ed25519), and
//! OpenSSH's `PROTOCOL.u2f` for keys that live in a security key.

use std::fmt;

use base64ct::{Base64, Base64Unpadded, Encoding as _};
use p256::ecdsa::signature::Verifier as _;
use rsa::{BoxedUint, Pkcs1v15Sign, RsaPublicKey, traits::PublicKeyParts as _};
use sha2::{Digest as _, Sha256, Sha512};

use super::strings::{Strings, padded, printable};
use crate::digest::Digest;

/// Shorter RSA keys are not believed: NIST SP 800-131A. `ssh-keygen` takes them from 1024 bits.
pub const SHORTEST_RSA: u32 = 2048;
/// OpenSSH makes none that are longer.
const LONGEST_RSA: usize = 16_384;
/// The longest key there is takes a little more than its 16,384 bits.
const LONGEST_BLOB: usize = 8 << 10;

/// Why bytes are no key that could be verified with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SshKeyError {
    /// Not as the type says that keys look.
    #[error("it is not a public key as SSH writes them")]
    Malformed,
    /// A type that nothing here verifies.
    #[error("keys of the type `{found}` are not known here")]
    Type {
        /// As it says.
        found: String,
    },
    /// What comes before the key says something else than the key.
    #[error("it is called `{said}` and is of the type `{found}`")]
    OtherType {
        /// What comes before.
        said: String,
        /// What it is.
        found: String,
    },
    /// An RSA key that is too short to be believed.
    #[error("it is an RSA key of {bits} bits; {SHORTEST_RSA} are the least")]
    Short {
        /// How many bits.
        bits: u32,
    },
}

#[derive(Clone)]
enum Key {
    Ed25519(ed25519_dalek::VerifyingKey),
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(p521::ecdsa::VerifyingKey),
    Rsa(RsaPublicKey),
    /// In a security key, for the application that is named.
    SkEd25519(ed25519_dalek::VerifyingKey, Vec<u8>),
    SkP256(p256::ecdsa::VerifyingKey, Vec<u8>),
}

/// A public key.
#[derive(Clone)]
pub struct SshKey {
    key: Key,
    name: &'static str,
    blob: Vec<u8>,
}

impl PartialEq for SshKey {
    fn eq(&self, other: &Self) -> bool {
        self.blob == other.blob
    }
}

impl Eq for SshKey {}

impl fmt::Debug for SshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SshKey({} {})", self.name, self.fingerprint())
    }
}

const ED25519: &str = "ssh-ed25519";
const P256: &str = "ecdsa-sha2-nistp256";
const P384: &str = "ecdsa-sha2-nistp384";
const P521: &str = "ecdsa-sha2-nistp521";
const RSA: &str = "ssh-rsa";
const SK_ED25519: &str = "sk-ssh-ed25519@openssh.com";
const SK_P256: &str = "sk-ecdsa-sha2-nistp256@openssh.com";

impl SshKey {
    /// Reads a key's own bytes: its type as a string, then what the type says.
    ///
    /// # Errors
    /// A [`SshKeyError`] for anything but one whole key of a known type.
    pub fn from_blob(blob: &[u8]) -> Result<Self, SshKeyError> {
        let mut strings = Strings(blob);
        let name = strings.text().filter(|_| blob.len() <= LONGEST_BLOB).ok_or(SshKeyError::Malformed)?;
        let (key, name) = match name {
            ED25519 => (ed25519(&mut strings).map(Key::Ed25519), ED25519),
            P256 => {
                (point(&mut strings, "nistp256", 65, p256::ecdsa::VerifyingKey::from_sec1_bytes).map(Key::P256), P256)
            }
            P384 => {
                (point(&mut strings, "nistp384", 97, p384::ecdsa::VerifyingKey::from_sec1_bytes).map(Key::P384), P384)
            }
            P521 => {
                (point(&mut strings, "nistp521", 133, p521::ecdsa::VerifyingKey::from_sec1_bytes).map(Key::P521), P521)
            }
            RSA => (Some(Key::Rsa(rsa(&mut strings)?)), RSA),
            SK_ED25519 => {
                let key = ed25519(&mut strings);
                (key.zip(strings.string()).map(|(key, of)| Key::SkEd25519(key, of.to_vec())), SK_ED25519)
            }
            SK_P256 => {
                let key = point(&mut strings, "nistp256", 65, p256::ecdsa::VerifyingKey::from_sec1_bytes);
                (key.zip(strings.string()).map(|(key, of)| Key::SkP256(key, of.to_vec())), SK_P256)
            }
            other => {
                return Err(SshKeyError::Type { found: printable(other) });
            }
        };
        let key = key.zip(strings.end()).ok_or(SshKeyError::Malformed)?.0;
        Ok(Self { key, name, blob: blob.to_vec() })
    }

    /// Reads a key as it stands in a `.pub` file or a list of signers: its type, and its bytes in base64.
    ///
    /// # Errors
    /// A [`SshKeyError`] for anything but one whole key of a known type, and where the type is another one.
    pub fn from_text(name: &str, base64: &str) -> Result<Self, SshKeyError> {
        let blob = Base64::decode_vec(base64).map_err(|_| SshKeyError::Malformed)?;
        let key = Self::from_blob(&blob)?;
        if key.name != name {
            return Err(SshKeyError::OtherType { said: printable(name), found: key.name.to_owned() });
        }
        Ok(key)
    }

    /// Its type: `ssh-ed25519`.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its bytes.
    pub fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// What people compare: `SHA256:` and the digest of its bytes, as `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", Base64Unpadded::encode_string(Digest::of(&self.blob).as_bytes()))
    }

    /// Whether `signature`, its type as a string and then what the type says, is one of `message` by this key.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verified(message, signature).is_some()
    }

    fn verified(&self, message: &[u8], signature: &[u8]) -> Option<()> {
        let mut strings = Strings(signature);
        let (name, bytes) = (strings.text()?, strings.string()?);
        // In a security key one more thing is signed: that somebody touched it, and how often it has signed.
        let touched = match &self.key {
            Key::SkEd25519(..) | Key::SkP256(..) => strings.bytes(5)?,
            _ => &[],
        };
        strings.end()?;
        let in_security_key = |application: &[u8]| {
            let (application, message) = (Digest::of(application), Digest::of(message));
            [application.as_bytes().as_slice(), touched, message.as_bytes()].concat()
        };
        if let Key::Rsa(key) = &self.key {
            return rsa_verified(key, name, message, bytes);
        }
        if name != self.name {
            return None;
        }
        match &self.key {
            Key::Ed25519(key) => ed25519_verified(key, message, bytes),
            Key::SkEd25519(key, application) => ed25519_verified(key, &in_security_key(application), bytes),
            Key::P256(key) => p256_verified(key, message, bytes),
            Key::SkP256(key, application) => p256_verified(key, &in_security_key(application), bytes),
            Key::P384(key) => {
                let (r, s) = scalars::<48>(bytes)?;
                key.verify(message, &p384::ecdsa::Signature::from_scalars(r, s).ok()?).ok()
            }
            Key::P521(key) => {
                let (r, s) = scalars::<66>(bytes)?;
                key.verify(message, &p521::ecdsa::Signature::from_scalars(r, s).ok()?).ok()
            }
            Key::Rsa(_) => None,
        }
    }
}

fn ed25519(strings: &mut Strings<'_>) -> Option<ed25519_dalek::VerifyingKey> {
    ed25519_dalek::VerifyingKey::from_bytes(strings.string()?.try_into().ok()?).ok()
}

/// A point of a curve, in full: OpenSSH writes none that are compressed.
fn point<K, E>(
    strings: &mut Strings<'_>,
    curve: &str,
    length: usize,
    read: impl Fn(&[u8]) -> Result<K, E>,
) -> Option<K> {
    let named = strings.text()?;
    let point = strings.string()?;
    (named == curve && point.len() == length && point[0] == 4).then(|| read(point).ok())?
}

fn rsa(strings: &mut Strings<'_>) -> Result<RsaPublicKey, SshKeyError> {
    let (e, n) = (strings.positive(), strings.positive());
    let (e, n) = e.zip(n).ok_or(SshKeyError::Malformed)?;
    // Of at most 8 KiB of a key, whose first byte is not zero.
    let bits = |number: &[u8]| {
        let whole = u32::try_from(8 * number.len()).unwrap_or(u32::MAX);
        whole.saturating_sub(number.first().map_or(0, |first| first.leading_zeros()))
    };
    if bits(n) < SHORTEST_RSA {
        return Err(SshKeyError::Short { bits: bits(n) });
    }
    let number = |bytes: &[u8]| BoxedUint::from_be_slice_vartime(bytes);
    let lengths = SHORTEST_RSA as usize..=LONGEST_RSA;
    RsaPublicKey::new_with_size_limits(number(n), number(e), lengths).map_err(|_| SshKeyError::Malformed)
}

fn ed25519_verified(key: &ed25519_dalek::VerifyingKey, message: &[u8], bytes: &[u8]) -> Option<()> {
    key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(bytes.try_into().ok()?)).ok()
}

fn p256_verified(key: &p256::ecdsa::VerifyingKey, message: &[u8], bytes: &[u8]) -> Option<()> {
    let (r, s) = scalars::<32>(bytes)?;
    key.verify(message, &p256::ecdsa::Signature::from_scalars(r, s).ok()?).ok()
}

/// The two numbers that an ECDSA signature is.
fn scalars<const N: usize>(bytes: &[u8]) -> Option<([u8; N], [u8; N])> {
    let mut strings = Strings(bytes);
    let (r, s) = (padded(strings.positive()?)?, padded(strings.positive()?)?);
    strings.end()?;
    Some((r, s))
}

/// With SHA-2 only: a signature of the type `ssh-rsa` is over SHA-1.
fn rsa_verified(key: &RsaPublicKey, name: &str, message: &[u8], bytes: &[u8]) -> Option<()> {
    // A signature may have been written without the zeros it begins with.
    let missing = key.size().checked_sub(bytes.len())?;
    let padded = [vec![0; missing].as_slice(), bytes].concat();
    match name {
        "rsa-sha2-256" => key.verify(Pkcs1v15Sign::new::<Sha256>(), Digest::of(message).as_bytes(), &padded).ok(),
        "rsa-sha2-512" => key.verify(Pkcs1v15Sign::new::<Sha512>(), &Sha512::digest(message), &padded).ok(),
        _ => None,
    }
}

//! Signatures as `ssh-keygen -Y sign` makes them and `ssh-keygen -Y verify` checks them.
//!
//! ```text
//! -----BEGIN SSH SIGNATURE-----   and, in base64:
//! byte[6]  "SSHSIG"
//! uint32   1                      the version
//! string   public key             its type, then its numbers
//! string   namespace              what it was made for; for anything else it is worth nothing
//! string   reserved               not looked at
//! string   hash                   `sha256` or `sha512`: what the message is hashed with
//! string   signature              its type, then its bytes
//! -----END SSH SIGNATURE-----
//! ```
//! Signed is `"SSHSIG" ‖ namespace ‖ "" ‖ hash ‖ H(message)`, each but the first as a string:
//! <https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig>.

use base64ct::{Base64, Encoding as _};
use sha2::{Digest as _, Sha512};

use super::ssh::{SshKey, SshKeyError};
use super::strings::{Strings, printable, put};
use crate::digest::Digest;

const MAGIC: &[u8] = b"SSHSIG";
const VERSION: u32 = 1;
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
/// Bytes of base64 in a line, as OpenSSH writes them.
const LINE: usize = 70;
/// The longest signature there is, by an RSA key of 16,384 bits, has less than 8 KiB.
pub const LONGEST: usize = 64 << 10;

/// Why a signature is none, or not the one that is needed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SshSigError {
    /// Not between the lines that say so.
    #[error("it is not an SSH signature: it does not stand between `{BEGIN}` and `{END}`")]
    Armour,
    /// Not as signatures look.
    #[error("it is not whole, or not an SSH signature")]
    Malformed,
    /// Of a version nobody knows.
    #[error("it is an SSH signature of the version {found}; {VERSION} is known here")]
    Version {
        /// Which.
        found: u32,
    },
    /// Hashed with something else than `sha256` or `sha512`.
    #[error("it hashes what is signed with `{found}`; `sha256` and `sha512` are known here")]
    Hash {
        /// As it says.
        found: String,
    },
    /// Made with a key that is not used here.
    #[error("the key it was made with cannot be used")]
    Key(#[from] SshKeyError),
    /// Made for something else.
    #[error("it was made for `{found}`, not for `{wanted}`")]
    Namespace {
        /// What it was made for.
        found: String,
        /// What is asked for.
        wanted: String,
    },
    /// Of something else, or altered.
    #[error("it is not a signature of this statement by the key it names")]
    Wrong,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha256,
    Sha512,
}

/// A signature, with the key it says it was made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshSignature {
    blob: Vec<u8>,
    key: SshKey,
    namespace: String,
    hash: Hash,
    signature: Vec<u8>,
}

impl SshSignature {
    /// Reads what `ssh-keygen -Y sign` wrote; lines may end with a carriage return.
    ///
    /// # Errors
    /// A [`SshSigError`] for anything but one whole signature. Whether it is right says [`check`](Self::check).
    pub fn read(text: &[u8]) -> Result<Self, SshSigError> {
        let text = std::str::from_utf8(text).ok().filter(|text| text.len() <= LONGEST).ok_or(SshSigError::Armour)?;
        let inside =
            text.strip_prefix(BEGIN).filter(|rest| rest.starts_with(['\r', '\n'])).ok_or(SshSigError::Armour)?;
        let end = inside.find(&format!("\n{END}")).ok_or(SshSigError::Armour)?;
        let base64: String = inside[..end].chars().filter(|c| !c.is_ascii_whitespace()).collect();
        Self::of_blob(Base64::decode_vec(&base64).map_err(|_| SshSigError::Malformed)?)
    }

    fn of_blob(blob: Vec<u8>) -> Result<Self, SshSigError> {
        let mut strings = Strings(&blob);
        let malformed = || SshSigError::Malformed;
        strings.bytes(MAGIC.len()).filter(|magic| *magic == MAGIC).ok_or_else(malformed)?;
        let version = strings.number().ok_or_else(malformed)?;
        if version > VERSION {
            return Err(SshSigError::Version { found: version });
        }
        let key = SshKey::from_blob(strings.string().ok_or_else(malformed)?)?;
        let namespace = strings.text().filter(|name| !name.is_empty()).ok_or_else(malformed)?.to_owned();
        strings.string().ok_or_else(malformed)?;
        let hash = match strings.text().ok_or_else(malformed)? {
            "sha256" => Hash::Sha256,
            "sha512" => Hash::Sha512,
            other => return Err(SshSigError::Hash { found: printable(other) }),
        };
        let signature = strings.string().ok_or_else(malformed)?.to_vec();
        strings.end().ok_or_else(malformed)?;
        Ok(Self { key, namespace, hash, signature, blob })
    }

    /// The key it says it was made with.
    pub const fn key(&self) -> &SshKey {
        &self.key
    }

    /// Whether it is a signature of `message`, made for `namespace`, by the key it names. Whose key that is, it cannot say.
    ///
    /// # Errors
    /// A [`SshSigError`] that says what it is instead.
    pub fn check(&self, namespace: &str, message: &[u8]) -> Result<(), SshSigError> {
        if self.namespace != namespace {
            let (found, wanted) = (printable(&self.namespace), namespace.to_owned());
            return Err(SshSigError::Namespace { found, wanted });
        }
        let (name, hashed) = match self.hash {
            Hash::Sha256 => ("sha256", Digest::of(message).as_bytes().to_vec()),
            Hash::Sha512 => ("sha512", Sha512::digest(message).to_vec()),
        };
        let mut signed = MAGIC.to_vec();
        for string in [namespace.as_bytes(), b"", name.as_bytes(), &hashed] {
            put(&mut signed, string);
        }
        if self.key.verifies(&signed, &self.signature) { Ok(()) } else { Err(SshSigError::Wrong) }
    }

    /// As `ssh-keygen` writes it.
    pub fn armoured(&self) -> String {
        let base64 = Base64::encode_string(&self.blob);
        let mut text = format!("{BEGIN}\n");
        let mut rest = base64.as_str();
        while !rest.is_empty() {
            let (line, more) = rest.split_at(rest.len().min(LINE));
            text += line;
            text.push('\n');
            rest = more;
        }
        text + END + "\n"
    }
}

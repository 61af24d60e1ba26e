//! A checksum as somebody else states it: the server of a URI, a `.dvc` file. Only SHA-256 is an identity of ours.
//!
//! | text | what it is |
//! |---|---|
//! | `sha256:HEX` | 64 lower-case hex digits |
//! | `md5:HEX` | 32 lower-case hex digits; behind those of a folder of DVC's stands `.dir` |
//! | `md5-dos2unix:HEX` | the same of DVC 2: of text files after each CRLF became LF |
//! | `etag:TEXT` | a server's own word, without control characters |

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::Digest;

/// No server's word for a version is longer.
const MAX_ETAG: usize = 1024;

/// By what a checksum was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-256.
    Sha256,
    /// MD5 of the bytes.
    Md5,
    /// MD5 of the bytes, of text files with LF for CRLF.
    Md5Dos2Unix,
    /// Known to the server alone.
    Etag,
}

impl Algorithm {
    const ALL: [Self; 4] = [Self::Sha256, Self::Md5, Self::Md5Dos2Unix, Self::Etag];

    /// Its name before the colon.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Md5 => "md5",
            Self::Md5Dos2Unix => "md5-dos2unix",
            Self::Etag => "etag",
        }
    }
}

/// A checksum, as stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    algorithm: Algorithm,
    value: String,
}

/// Text that is no checksum.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a checksum: `sha256:` and 64 hex digits, `md5:` and 32, or `etag:` and what the server says")]
pub struct ChecksumError {
    /// What was given, cut to 80 characters.
    pub text: String,
}

impl Checksum {
    /// A checksum of `value`; none if that cannot be.
    pub fn new(algorithm: Algorithm, value: &str) -> Option<Self> {
        let hex = |text: &str, digits: usize| {
            text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        let fits = match algorithm {
            Algorithm::Sha256 => hex(value, 64),
            Algorithm::Md5 | Algorithm::Md5Dos2Unix => hex(value.strip_suffix(".dir").unwrap_or(value), 32),
            Algorithm::Etag => !value.is_empty() && value.len() <= MAX_ETAG && !value.contains(char::is_control),
        };
        fits.then(|| Self { algorithm, value: value.to_owned() })
    }

    /// By what it was made.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// What stands behind the colon.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The digest it is, if it is one of ours.
    pub fn sha256(&self) -> Option<Digest> {
        (self.algorithm == Algorithm::Sha256).then(|| self.value.parse().ok()).flatten()
    }

    /// The MD5, of whatever kind.
    pub fn md5(&self) -> Option<&str> {
        matches!(self.algorithm, Algorithm::Md5 | Algorithm::Md5Dos2Unix).then_some(self.value.as_str())
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.value)
    }
}

impl FromStr for Checksum {
    type Err = ChecksumError;

    fn from_str(text: &str) -> Result<Self, ChecksumError> {
        let read = || {
            let (name, value) = text.split_once(':')?;
            Self::new(Algorithm::ALL.into_iter().find(|a| a.name() == name)?, value)
        };
        read().ok_or_else(|| ChecksumError { text: text.chars().take(80).collect() })
    }
}

impl Serialize for Checksum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Checksum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

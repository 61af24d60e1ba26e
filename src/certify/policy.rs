//! The policy: read as people write it, checked, and resolved to the record it is judged by.
//!
//! | key | goes with |
//! |---|---|
//! | `set`, `where`, `each` | a metric computed from rows |
//! | `threshold` | a metric that counts predicted classes, of a binary task |
//! | `min_rows` | `each`; 100 unless said |
//! | `prove` (`margin`, `gain`) | a metric computed from rows |
//! | `max_drop` | a reported number |
//! | `max_ratio` | a quantile of samples |
//! | `min` (`on`) | anything but a check of the provenance |
//! | `max` (`on`) | anything; of a check it is 0 unless said, and has no `on` |
//!
//! A rule asks exactly one thing. `margin` alone means `prove = "non_inferior"`. `min` is held against the lower bound and
//! `max` against the upper one unless `on` says otherwise, whichever direction is better: what must be shown is that the
//! limit is kept.

mod demand;
mod error;
mod keys;
mod measure;
mod refuse;
mod resolve;

pub use error::PolicyError;
pub use resolve::resolve;

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::format::policy::{FORMAT, PolicyFile, PolicyRecord};
use crate::format::{FormatError, canonical};

/// Reads a policy file.
///
/// # Errors
/// What is not TOML, a key nobody knows, or a value of the wrong kind; each with its line.
pub fn parse(text: &str) -> Result<PolicyFile, PolicyError> {
    keys::check(text)?;
    toml::from_str(text).map_err(|error| keys::malformed(text, &error))
}

/// The line of each rule in a policy file, by its id.
pub fn lines(text: &str) -> BTreeMap<String, usize> {
    keys::lines(text)
}

/// A resolved policy's bytes and their SHA-256: two policies are the same rules when these are the same.
///
/// # Errors
/// Only on a defect in the record's definition.
pub fn digest(record: &PolicyRecord) -> Result<(Vec<u8>, Digest), FormatError> {
    let bytes = canonical::encode(FORMAT, record)?;
    let digest = Digest::of(&bytes);
    Ok((bytes, digest))
}

//! Bytes ⇄ plain records: one file for each kind that is stored. Pure: no disk, no clock, no policy.
//!
//! | kind | file | encoding | named by |
//! |---|---|---|---|
//! | snapshot, observation, certificate, policy | [`snapshot`], [`observation`], [`certificate`], [`policy`] | canonical JSON | SHA-256 of its bytes |
//! | signature of a certificate | [`signature`]; [`dsse`] where it leaves the store | canonical JSON | SHA-256 of its bytes |
//! | profile, measurement | [`profile`], [`measurement`] | canonical JSON | SHA-256 of its bytes |
//! | regression cases | [`cases`] | canonical JSON | SHA-256 of its bytes |
//! | a record without what was erased from it | [`redacted`] | canonical JSON | SHA-256 of its bytes |
//! | tree | [`tree`] | canonical JSON | SHA-256 of its bytes |
//! | event | [`event`] | a line of canonical JSON and a line with its SHA-256 | model and sequence number |
//! | recipe | [`recipe`] | binary | SHA-256 of the file it rebuilds |
//! | pack | [`pack`] | binary | BLAKE3 of its bytes |
//! | index segment, checkpoint, head, known files, checked packs, collection under way | [`index`], [`checkpoint`], [`head`], [`known`], [`checked`], [`collection`] | caches: disposable, rebuilt | – |
//! | store description | [`store`] | JSON | `format.json` |
//! | report of another tool | [`reports`] | that tool's JSON, read only | – |
//! | configuration | [`config`] | TOML, written by people | – |
//! | notebook | [`notebook`] | Jupyter's JSON, read only | – |
//! | the number a metric's command makes | [`answer`] | JSON, written by that command | – |
//!
//! How formats change. A record carries its kind and version (`mlrun/snapshot/1`). What is stored is never
//! rewritten; a record newer than this program is refused with the version it needs, and never half
//! understood: after decoding, the record must encode to the very bytes it came from, so an unknown field
//! cannot be dropped silently. Golden bytes in `tests/it/format` are added to, never regenerated.

pub mod allowed_signers;
pub mod answer;
mod cached;
pub mod canonical;
pub mod cases;
pub mod certificate;
pub mod checked;
pub mod checkpoint;
pub mod checksum;
pub mod collection;
pub mod config;
pub mod differences;
pub mod dsse;
pub mod event;
pub mod found;
pub mod head;
pub mod index;
pub mod known;
pub mod measurement;
pub mod notebook;
pub mod observation;
pub mod origin;
pub mod pack;
pub mod planes;
pub mod policy;
pub mod profile;
pub mod python_version;
pub mod recipe;
pub mod redacted;
pub mod reports;
pub mod rows;
pub mod scalar;
pub mod signature;
pub mod signoff;
pub mod snapshot;
pub mod store;
pub mod tensors;
mod text;
pub mod tree;
mod verdict;
pub mod words;

/// Why bytes are not the record they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// Written by a newer program.
    #[error("{kind} version {found} is newer than version {known}, the newest this program reads")]
    Newer {
        /// What it is.
        kind: String,
        /// Its version.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// Something else than asked for.
    #[error("expected {expected}, found {found}")]
    Kind {
        /// What was asked for.
        expected: &'static str,
        /// What the bytes say they are.
        found: String,
    },
    /// Not well-formed.
    #[error("{kind} is malformed: {reason}")]
    Malformed {
        /// What it should be.
        kind: &'static str,
        /// Where it fails.
        reason: String,
    },
    /// Shorter than it says.
    #[error("{kind} is truncated: {found} of {expected} bytes")]
    Truncated {
        /// What it should be.
        kind: &'static str,
        /// Bytes it needs.
        expected: u64,
        /// Bytes there are.
        found: u64,
    },
    /// Changed since it was written.
    #[error("{kind} does not match its checksum")]
    Checksum {
        /// What it is.
        kind: &'static str,
    },
}

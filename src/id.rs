//! Identities that cannot be mixed up: a certificate's id is not accepted where a snapshot's is asked for.
//!
//! Every id is the SHA-256 of the stored bytes it names.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use crate::digest::{Digest, DigestError};

/// The digest of a stored thing of kind `Kind`.
pub struct Id<Kind> {
    digest: Digest,
    kind: PhantomData<fn() -> Kind>,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $marker:ident => $alias:ident;)*) => {$(
        #[doc = concat!("Marks an [`", stringify!($alias), "`].")]
        #[derive(Debug, Clone, Copy)]
        pub enum $marker {}
        $(#[$doc])*
        pub type $alias = Id<$marker>;
    )*};
}

kinds! {
    /// A snapshot record.
    Snapshot => SnapshotId;
    /// A certificate: an in-toto statement.
    Certificate => CertificateId;
    /// An observation record: what surrounded a snapshot.
    Observation => ObservationId;
    /// A profile record: what a table of training data holds.
    Profile => ProfileId;
    /// A journal event: the SHA-256 of its line.
    Event => EventId;
    /// A folder listing.
    Tree => TreeId;
    /// A file's plain bytes.
    File => FileId;
}

impl<Kind> Id<Kind> {
    /// Names the thing whose stored bytes have this digest.
    pub const fn new(digest: Digest) -> Self {
        Self { digest, kind: PhantomData }
    }

    /// The digest itself.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The first 12 hex digits, for people.
    pub fn short(&self) -> String {
        self.digest.short()
    }
}

impl<Kind> Clone for Id<Kind> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<Kind> Copy for Id<Kind> {}
impl<Kind> PartialEq for Id<Kind> {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}
impl<Kind> Eq for Id<Kind> {}
impl<Kind> PartialOrd for Id<Kind> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<Kind> Ord for Id<Kind> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.digest.cmp(&other.digest)
    }
}
impl<Kind> Hash for Id<Kind> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest.hash(state);
    }
}
impl<Kind> fmt::Display for Id<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.digest.fmt(f)
    }
}
impl<Kind> fmt::Debug for Id<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.digest, f)
    }
}
impl<Kind> From<Digest> for Id<Kind> {
    fn from(digest: Digest) -> Self {
        Self::new(digest)
    }
}
impl<Kind> FromStr for Id<Kind> {
    type Err = DigestError;
    fn from_str(text: &str) -> Result<Self, DigestError> {
        text.parse().map(Self::new)
    }
}

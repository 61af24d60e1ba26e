//! Content-addressed bytes, in packs. Knows no word of machine learning.
//!
//! A small file is one object. A larger one goes in as a [stream of chunks](chunks): its SHA-256 is taken while it is
//! [cut](cut) into blocks, at its tensors or columns where it has any; a block whose BLAKE3 is known already costs nothing
//! more; the others are [encoded](codec), perhaps as the difference to [the version before](parents), decoded once to be
//! sure, and appended to a [pack](packs). A [recipe](crate::format::recipe) names the blocks, a
//! [tree](crate::format::tree) the files of a folder. Packs become durable in [`Writer::finish`], before any journal event
//! may name what is in them.
//!
//! What is not needed is [let go of](collect), what must not be kept is [erased](erase): other objects are copied out of its
//! packs first.
//!
//! [Letting go](collect) and [repairing](repair) write new packs and move old ones into the trash; nothing is changed in place.
//!
//! Everything durable goes through two functions of the [`Backend`]: `publish` for content-named packs and
//! `publish_new` for journal events, whose creation is the compare-and-swap. The [index](index) is a cache.

pub mod access;
mod anywhere;
pub mod backend;
mod begun;
mod checked;
mod chunks;
pub mod codec;
pub mod collect;
mod copy;
pub mod cut;
pub mod disk;
pub mod erase;
mod error;
mod held;
pub mod index;
pub mod memory;
mod objects;
mod pack_writer;
mod packs;
mod parents;
pub mod reader;
pub mod repair;
mod reuse;
mod segments;
mod source;
mod staged;
mod verify;
mod writer;

use std::sync::Arc;

pub use self::anywhere::{AtHand, BlockPart, StoredBytes, StoredReader};
pub use self::backend::{Backend, BackendError, Lock, Opened, Published};
pub use self::begun::Came;
pub use self::checked::Checked;
pub use self::error::{CopyError, StoreError};
pub use self::held::Held;
pub use self::source::Source;
pub use self::verify::{Depth, NotRead, Place, Problem, StoreCheck};
pub use self::writer::{StoredFile, Writer, Written};

use self::index::Index;
use self::reuse::Reuse;
use crate::format::pack::ObjectKind;
use crate::format::store::{self as description, Access, CutterRecord, StoreRecord};
use crate::format::{FormatError, canonical};

/// An object's kind and id.
pub type Key = (ObjectKind, [u8; 32]);

/// The file that says what a store is.
pub const DESCRIPTION: &str = "format.json";
/// Where packs are.
pub const PACKS: &str = "packs";
/// Where index segments are.
pub const INDEX: &str = "index";
/// Where the journals are; the store only keeps their names from clashing with its own.
pub const JOURNAL: &str = "journal";
/// The folder of packs that were let go of, by the time they were.
pub const TRASH: &str = "trash";
/// In the trash, what collections are about to do; it is never emptied with the rest.
const BEGUN: &str = "begun";
/// Where caches are that may be deleted at any time.
pub const CACHE: &str = "cache";
/// Where files are on their way, before they have their names.
const TMP: &str = "tmp";

/// What a store of this program is.
fn described(repository: &str, access: Option<Access>) -> StoreRecord {
    StoreRecord {
        format: description::FORMAT.to_owned(),
        repository: repository.to_owned(),
        access,
        hash: "sha256+blake3".to_owned(),
        cutter: CutterRecord {
            algorithm: "fastcdc-2020".to_owned(),
            whole: cut::WHOLE as u32,
            minimum: cut::MINIMUM as u32,
            average: cut::AVERAGE as u32,
            maximum: cut::MAXIMUM as u32,
        },
    }
}

/// An open store.
pub struct Store {
    backend: Arc<dyn Backend>,
    repository: String,
    access: Option<Access>,
    index: Index,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("repository", &self.repository).finish_non_exhaustive()
    }
}

impl Store {
    /// Makes a store for the history `repository`, or opens the one that is there already.
    pub fn create(backend: Arc<dyn Backend>, repository: &str) -> Result<Self, StoreError> {
        Self::create_for(backend, repository, None)
    }

    /// The same, for those whom `access` names.
    pub fn create_for(backend: Arc<dyn Backend>, repository: &str, access: Option<Access>) -> Result<Self, StoreError> {
        let bytes = canonical::encode(description::FORMAT, &described(repository, access))
            .map_err(|source| StoreError::Description { source })?;
        backend.keep_to(access);
        match backend.publish_new(DESCRIPTION, &bytes)? {
            Published::Created | Published::Exists => Self::open(backend),
        }
    }

    /// Opens the store in `backend`. Writes nothing.
    pub fn open(backend: Arc<dyn Backend>) -> Result<Self, StoreError> {
        let bytes = match backend.read(DESCRIPTION, 1 << 20) {
            Err(BackendError::NotFound { .. }) => return Err(StoreError::NotAStore { place: backend.place() }),
            other => other?,
        };
        let record: StoreRecord =
            canonical::decode(description::FORMAT, &bytes).map_err(|source| StoreError::Description { source })?;
        // What was cut or hashed in another way would be found nowhere again.
        if record != described(&record.repository, record.access) {
            let reason = "it names another hash or another cutter than this program has".to_owned();
            let source = FormatError::Malformed { kind: description::FORMAT, reason };
            return Err(StoreError::Description { source });
        }
        backend.keep_to(record.access);
        let index = Index::new(Arc::clone(&backend));
        Ok(Self { index, backend, repository: record.repository, access: record.access })
    }

    /// Who may read and write it; none: as the umask of whoever writes.
    pub const fn access(&self) -> Option<Access> {
        self.access
    }

    /// The history kept here.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// What the store is kept in.
    pub fn backend(&self) -> &Arc<dyn Backend> {
        &self.backend
    }

    /// Whether an object is stored, in a pack that is whole.
    pub fn contains(&self, kind: ObjectKind, id: &[u8; 32]) -> Result<bool, StoreError> {
        Ok(self.index.locate(kind, id)?.is_some())
    }

    /// The ids of stored objects of `kinds` that begin with the bits of `prefix`, at most `limit` of them.
    pub fn with_prefix(
        &self,
        kinds: &[ObjectKind],
        prefix: &index::Prefix,
        limit: usize,
    ) -> Result<Vec<(ObjectKind, [u8; 32])>, StoreError> {
        self.index.with_prefix(kinds, prefix, limit)
    }

    /// Begins to write.
    pub fn writer(&self) -> Writer<'_> {
        Writer::new(self, false, Reuse::Named)
    }

    /// Goes through the motions of writing, to learn what it would add. Nothing reaches the backend.
    pub fn rehearsal(&self) -> Writer<'_> {
        Writer::new(self, true, Reuse::Named)
    }
}

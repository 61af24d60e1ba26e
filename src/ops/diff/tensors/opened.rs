//! A file of either side: stored, or on the disk. Every failure is its reason, in words.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::capture::source_file::SourceFile;
use crate::capture::weights::{self, Place, Weight, Weights};
use crate::compare::tensors::TensorFacts;
use crate::compare::tensors::element::Element;
use crate::compare::tensors::pairs::set_of;
use crate::compare::tensors::strided::bytes_of;
use crate::snapshot::TreeFile;
use crate::store::{AtHand, BlockPart, Source, Store, StoredBytes};

/// A file, to be read from any place.
pub(super) struct Opened<'s> {
    path: String,
    bytes: Bytes<'s>,
    unpacked: Unpacked,
    /// Why it cannot be unpacked, once that was tried.
    broken: OnceLock<String>,
}

/// What the file of a side that was asked for last unpacks to: the tensors of one file are read together.
pub(super) type Unpacked = Arc<Mutex<Option<(String, Arc<Vec<u8>>)>>>;

enum Bytes<'s> {
    Stored(StoredBytes<'s>),
    Disk(SourceFile),
}

impl<'s> Opened<'s> {
    /// Begins to read `file`, from `disk` if that is where its side lies.
    pub(super) fn open(
        store: &'s Store,
        file: &TreeFile,
        disk: Option<&[SourceFile]>,
        unpacked: &Unpacked,
    ) -> Result<Self, String> {
        let bytes = match (disk, file.id) {
            (Some(disk), _) => {
                let found = disk.iter().find(|other| other.path() == file.path);
                Bytes::Disk(found.cloned().ok_or("it is one of too many files")?)
            }
            (None, Some(id)) => Bytes::Stored(store.open_anywhere(id).map_err(|error| error.to_string())?),
            (None, None) => return Err("it is a link".to_owned()),
        };
        Ok(Self { path: file.path.clone(), bytes, unpacked: Arc::clone(unpacked), broken: OnceLock::new() })
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// What is in it.
    pub(super) fn look(&self) -> Result<Weights, String> {
        let looked = match &self.bytes {
            Bytes::Stored(stored) => weights::of(&mut stored.reader(), stored.size(), &self.path),
            Bytes::Disk(file) => File::open(file.disk()).and_then(|mut f| weights::of(&mut f, file.size(), &self.path)),
        };
        looked.map_err(|error| error.to_string())
    }

    /// Why what was read of it cannot be trusted, if so.
    pub(super) fn changed(&self) -> Option<String> {
        match &self.bytes {
            Bytes::Stored(_) => None,
            Bytes::Disk(file) => file.finished(file.size()).err().map(|error| error.to_string()),
        }
    }

    /// What a place is made of in the store; equal lists are equal bytes.
    pub(super) fn parts(&self, place: &Place) -> Option<Vec<BlockPart>> {
        match (&self.bytes, place) {
            (Bytes::Stored(stored), Place::File { start, length }) => stored.parts(*start, *length),
            _ => None,
        }
    }

    /// The id of the block that is exactly these bytes.
    pub(super) fn block_at(&self, start: u64, length: u64) -> Option<[u8; 32]> {
        match &self.bytes {
            Bytes::Stored(stored) => stored.block_at(start, length),
            Bytes::Disk(_) => None,
        }
    }

    /// Whether the block of these bytes is stored as a difference to the block `id`.
    pub(super) fn rests_on(&self, start: u64, length: u64, id: &[u8; 32]) -> bool {
        match &self.bytes {
            Bytes::Stored(stored) => stored.rests_on(start, length).is_ok_and(|bases| bases.contains(id)),
            Bytes::Disk(_) => false,
        }
    }

    /// The `length` bytes at `start`, instead of those in `plain`; `near` may be what they are a difference to.
    pub(super) fn read(
        &self,
        start: u64,
        length: usize,
        near: Option<AtHand<'_>>,
        plain: &mut Vec<u8>,
    ) -> Result<(), String> {
        match &self.bytes {
            Bytes::Stored(stored) => stored.read(start, length, near, plain).map_err(|error| error.to_string()),
            Bytes::Disk(file) => {
                plain.resize(length, 0);
                let read = File::open(file.disk()).and_then(|mut file| {
                    file.seek(SeekFrom::Start(start))?;
                    file.read_exact(plain)
                });
                read.map_err(|error| error.to_string())
            }
        }
    }

    /// What it unpacks to.
    pub(super) fn unpacked(&self) -> Result<Arc<Vec<u8>>, String> {
        if let Some(reason) = self.broken.get() {
            return Err(reason.clone());
        }
        let mut kept = self.unpacked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((path, bytes)) = &*kept
            && *path == self.path
        {
            return Ok(Arc::clone(bytes));
        }
        *kept = None;
        let unpacked = match &self.bytes {
            Bytes::Stored(stored) => weights::unpacked(&mut stored.reader(), stored.size()),
            Bytes::Disk(file) => File::open(file.disk()).and_then(|mut f| weights::unpacked(&mut f, file.size())),
        };
        let bytes = unpacked.map_err(|error| self.broken.get_or_init(|| error.to_string()).clone())?;
        let bytes = Arc::new(bytes);
        *kept = Some((self.path.clone(), Arc::clone(&bytes)));
        Ok(bytes)
    }

    /// A compressed member's tensor.
    pub(super) fn member(&self, place: &Place) -> Result<Vec<u8>, String> {
        let Place::Member(packed) = place else { return Err("it is no member of an archive".to_owned()) };
        let bytes = match &self.bytes {
            Bytes::Stored(stored) => weights::member(&mut stored.reader(), packed),
            Bytes::Disk(file) => File::open(file.disk()).and_then(|mut file| weights::member(&mut file, packed)),
        };
        bytes.map_err(|error| error.to_string())
    }
}

/// What is known of a tensor before it is read. Bytes behind the last element are none of it.
pub(super) fn facts(file: &str, weight: &Weight) -> TensorFacts {
    let element = Element::parse(&weight.dtype);
    let span = weight.place.length();
    let whole = bytes_of(&weight.shape, element.width()).filter(|_| element.number().is_some());
    let length = match whole {
        Some(whole) if weight.strides.is_some() => whole,
        Some(whole) => whole.min(span),
        None => span,
    };
    TensorFacts {
        file: file.to_owned(),
        set: set_of(file),
        name: weight.name.clone(),
        dtype: weight.dtype.clone(),
        shape: weight.shape.clone(),
        element,
        length,
        value: weight.value(),
    }
}

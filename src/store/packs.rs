//! The packs that one writer fills, one after the other: while one is filled, the one before is made durable.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use super::backend::BackendError;
use super::pack_writer::{Encoded, PackWriter};
use super::{Key, PACKS, Store, StoreError};
use crate::format::pack::{ObjectHeader, ObjectKind, Trailer};

/// Objects known to be in the store, or on their way into it.
pub(super) type Session = HashSet<Key>;
/// Objects in packs that the index is told of before a writer has finished.
const MANY: usize = 1 << 17;
/// A pack's name, its length, and what is in it.
pub(super) type PublishedPack = ([u8; 32], u64, Trailer);

/// Appends objects; nothing is durable before [`finish`](Self::finish).
pub(super) struct Packs<'s> {
    store: &'s Store,
    open: Option<PackWriter>,
    publishing: Option<JoinHandle<Result<PublishedPack, BackendError>>>,
    published: Vec<PublishedPack>,
    /// The names of those that the index knows already.
    indexed: Vec<[u8; 32]>,
    new: u64,
    stored: u64,
    /// Objects that are no records.
    contents: u64,
    rehearse: bool,
}

impl<'s> Packs<'s> {
    /// Packs for `store`, or only their size.
    pub(super) fn new(store: &'s Store, rehearse: bool) -> Self {
        Self {
            store,
            open: None,
            publishing: None,
            published: Vec::new(),
            indexed: Vec::new(),
            new: 0,
            stored: 0,
            contents: 0,
            rehearse,
        }
    }

    /// Bytes of the blocks and small files that were added, before encoding.
    pub(super) const fn new_bytes(&self) -> u64 {
        self.new
    }

    /// Bytes of the packs that are durable; in a rehearsal, of all that was added.
    pub(super) const fn stored_bytes(&self) -> u64 {
        self.stored
    }

    /// Whether anything but records was added.
    pub(super) const fn has_contents(&self) -> bool {
        self.contents > 0
    }

    /// Adds an object that is encoded.
    pub(super) fn add(&mut self, object: &Encoded) -> Result<(), StoreError> {
        self.append(object.header(), object.bytes())
    }

    /// Adds the object that `header` announces and `bytes` are.
    pub(super) fn append(&mut self, header: &ObjectHeader, bytes: &[u8]) -> Result<(), StoreError> {
        if header.kind != ObjectKind::Record {
            self.contents += 1;
        }
        if matches!(header.kind, ObjectKind::Block | ObjectKind::File) {
            self.new += u64::from(header.plain_length);
        }
        if self.rehearse {
            self.stored += PackWriter::room(header);
            return Ok(());
        }
        if self.open.as_ref().is_some_and(|pack| !pack.has_room_for(header)) {
            self.close()?;
        }
        let pack = match &mut self.open {
            Some(pack) => pack,
            None => self.open.insert(PackWriter::begin(&**self.store.backend())?),
        };
        Ok(pack.add(header, bytes)?)
    }

    /// Waits until everything is durable, and tells the index; the names of the packs.
    pub(super) fn finish(&mut self) -> Result<Vec<[u8; 32]>, StoreError> {
        self.close()?;
        self.join()?;
        if !self.published.is_empty() {
            self.index()?;
        } else if self.indexed.is_empty() && !self.rehearse {
            // Everything was found in packs, which a process may have left that died before their names were durable.
            self.store.backend().settle(PACKS)?;
        }
        Ok(std::mem::take(&mut self.indexed))
    }

    /// Tells the index of packs that are durable, once they hold many objects: a session that remembers each would take as
    /// much memory as there are.
    pub(super) fn index_many(&mut self, session: &mut Session) -> Result<(), StoreError> {
        if self.published.iter().map(|(.., trailer)| trailer.objects.len()).sum::<usize>() < MANY {
            return Ok(());
        }
        for (_, header) in self.published.iter().flat_map(|(.., trailer)| &trailer.objects) {
            session.remove(&(header.kind, header.id));
        }
        self.index()
    }

    fn index(&mut self) -> Result<(), StoreError> {
        self.indexed.extend(self.published.iter().map(|(name, ..)| *name));
        self.store.index.add(std::mem::take(&mut self.published))
    }

    fn failed(&self) -> impl Fn(io::Error) -> BackendError + use<> {
        let place = self.store.backend().place();
        move |source| BackendError::Io { action: "publish", place: place.clone(), name: "a pack".to_owned(), source }
    }

    fn close(&mut self) -> Result<(), StoreError> {
        let Some(pack) = self.open.take() else { return Ok(()) };
        let closed = pack.close()?;
        self.join()?;
        let backend = Arc::clone(self.store.backend());
        let failed = self.failed();
        let publishing = std::thread::Builder::new().spawn(move || closed.publish(&*backend));
        self.publishing = Some(publishing.map_err(failed)?);
        Ok(())
    }

    fn join(&mut self) -> Result<(), StoreError> {
        if let Some(publishing) = self.publishing.take() {
            let failed = self.failed();
            let stopped = |_| failed(io::Error::other("the thread that writes packs failed"));
            let published = publishing.join().map_err(stopped)??;
            self.stored += published.1;
            self.published.push(published);
        }
        Ok(())
    }
}

impl Drop for Packs<'_> {
    /// A pack on its way is waited for: whoever holds the store must not let go of it before.
    fn drop(&mut self) {
        let _ = self.join();
    }
}

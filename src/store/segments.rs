//! Open index segments: of each the head is in memory, of all together a bounded number of pages.

use std::collections::VecDeque;
use std::sync::Arc;

use super::backend::{Backend, BackendError};
use crate::format::FormatError;
use crate::format::index::{Head, IndexEntry, IndexedPack, Segment};
use crate::format::pack::ObjectKind;

/// No head is longer: 64 MiB are enough for half a billion entries.
const MAX_HEAD: usize = 64 << 20;
/// Pages kept in memory: 1.3 million entries, 85 MiB.
const MAX_PAGES: usize = 1280;

type Page = Arc<[IndexEntry]>;

/// Why a segment is of no use.
pub(super) enum SegmentError {
    /// It was merged into another since it was listed.
    Gone,
    /// What is there is no segment.
    Broken(String),
}

impl SegmentError {
    fn of(error: BackendError) -> Self {
        match error {
            BackendError::NotFound { .. } => Self::Gone,
            other => Self::Broken(other.to_string()),
        }
    }

    fn malformed(error: FormatError) -> Self {
        Self::Broken(error.to_string())
    }
}

/// A segment of which a part is in memory.
pub(super) struct OpenSegment {
    /// Its file.
    pub(super) path: String,
    head: Head,
    pages: Vec<Option<Page>>,
    /// Of each pack, whether it is sound, once that was looked at.
    pub(super) sound: Vec<Option<bool>>,
    /// Of each pack, how many entries there are, once they were counted.
    counts: Option<Vec<usize>>,
}

impl OpenSegment {
    /// Opens the segment in the file at `path`.
    pub(super) fn open(backend: &dyn Backend, path: String) -> Result<Self, SegmentError> {
        let length = backend.length(&path).map_err(SegmentError::of)?.ok_or(SegmentError::Gone)?;
        let mut prefix = [0; Head::PREFIX];
        if length < prefix.len() as u64 {
            return Err(SegmentError::Broken(format!("it ends after {length} bytes")));
        }
        backend.read_at(&path, 0, &mut prefix).map_err(SegmentError::of)?;
        let head_length = Head::length(&prefix, length).map_err(SegmentError::malformed)?;
        if head_length > MAX_HEAD {
            return Err(SegmentError::Broken(format!("its head has {head_length} bytes")));
        }
        let mut head = vec![0; head_length];
        backend.read_at(&path, 0, &mut head).map_err(SegmentError::of)?;
        let head = Head::decode(&head).map_err(SegmentError::malformed)?;
        Ok(Self::with(path, head))
    }

    /// A segment that could not be written: it is in memory as long as it is in use.
    pub(super) fn in_memory(path: String, bytes: &[u8]) -> Result<Self, FormatError> {
        let prefix = bytes.get(..Head::PREFIX).unwrap_or_default();
        let head = Head::decode(&bytes[..Head::length(prefix, bytes.len() as u64)?])?;
        let mut segment = Self::with(path, head);
        for page in 0..segment.head.pages() {
            let (start, length) = segment.head.place(page);
            let entries = segment.head.decode_page(page, &bytes[start as usize..start as usize + length])?;
            segment.pages[page] = Some(entries.into());
        }
        Ok(segment)
    }

    fn with(path: String, head: Head) -> Self {
        let (pages, sound) = (vec![None; head.pages()], vec![None; head.packs.len()]);
        Self { path, head, pages, sound, counts: None }
    }

    /// The packs it covers.
    pub(super) fn packs(&self) -> &[IndexedPack] {
        &self.head.packs
    }

    fn read_page(&self, backend: &dyn Backend, page: usize) -> Result<Vec<IndexEntry>, SegmentError> {
        let (start, length) = self.head.place(page);
        let mut bytes = vec![0; length];
        backend.read_at(&self.path, start, &mut bytes).map_err(SegmentError::of)?;
        self.head.decode_page(page, &bytes).map_err(SegmentError::malformed)
    }

    /// All of it.
    pub(super) fn whole(&self, backend: &dyn Backend) -> Result<Segment, SegmentError> {
        let mut entries = Vec::with_capacity(self.head.entries());
        for (number, page) in self.pages.iter().enumerate() {
            match page {
                Some(page) => entries.extend_from_slice(page),
                None => entries.extend(self.read_page(backend, number)?),
            }
        }
        Ok(Segment { packs: self.head.packs.clone(), entries })
    }
}

/// All segments of a store.
#[derive(Default)]
pub(super) struct Segments {
    all: Vec<OpenSegment>,
    /// Pages that were read, the oldest first.
    read: VecDeque<(usize, usize)>,
}

impl Segments {
    pub(super) fn push(&mut self, segment: OpenSegment) {
        self.all.push(segment);
    }

    pub(super) fn get(&self, segment: usize) -> &OpenSegment {
        &self.all[segment]
    }

    pub(super) fn get_mut(&mut self, segment: usize) -> &mut OpenSegment {
        &mut self.all[segment]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &OpenSegment> {
        self.all.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Looks for nothing in a pack any more.
    pub(super) fn distrust(&mut self, pack: &[u8; 32]) {
        for segment in &mut self.all {
            for (known, sound) in segment.head.packs.iter().zip(&mut segment.sound) {
                if known.name == *pack {
                    *sound = Some(false);
                }
            }
        }
    }

    /// A page of a segment.
    fn page(&mut self, backend: &dyn Backend, segment: usize, page: usize) -> Result<Page, SegmentError> {
        if let Some(page) = &self.all[segment].pages[page] {
            return Ok(Arc::clone(page));
        }
        let entries: Page = self.all[segment].read_page(backend, page)?.into();
        if self.read.len() >= MAX_PAGES
            && let Some((segment, page)) = self.read.pop_front()
        {
            self.all[segment].pages[page] = None;
        }
        self.read.push_back((segment, page));
        self.all[segment].pages[page] = Some(Arc::clone(&entries));
        Ok(entries)
    }

    /// What a segment says of one object, which may be stored more than once.
    pub(super) fn find(
        &mut self,
        backend: &dyn Backend,
        segment: usize,
        kind: ObjectKind,
        id: &[u8; 32],
    ) -> Result<Vec<IndexEntry>, SegmentError> {
        let key = (*id, kind);
        let mut found = Vec::new();
        self.from(backend, segment, id, |entry| {
            if entry.key() == key {
                found.push(*entry);
            }
            entry.key() <= key
        })?;
        Ok(found)
    }

    /// Gives `take` the entries of a segment from the first whose id is not below `lowest` on, until it has enough.
    pub(super) fn from(
        &mut self,
        backend: &dyn Backend,
        segment: usize,
        lowest: &[u8; 32],
        mut take: impl FnMut(&IndexEntry) -> bool,
    ) -> Result<(), SegmentError> {
        let pages = self.all[segment].head.pages();
        for number in self.all[segment].head.page_of(lowest)..pages {
            let page = self.page(backend, segment, number)?;
            let start = page.partition_point(|entry| entry.header.id < *lowest);
            if !page[start..].iter().all(&mut take) {
                break;
            }
        }
        Ok(())
    }

    /// How many entries of each of its packs a segment has.
    pub(super) fn counts(&mut self, backend: &dyn Backend, segment: usize) -> Result<&[usize], SegmentError> {
        let open = &self.all[segment];
        if open.counts.is_none() {
            let mut counts = vec![0; open.packs().len()];
            for entry in open.whole(backend)?.entries {
                counts[entry.pack as usize] += 1;
            }
            self.all[segment].counts = Some(counts);
        }
        Ok(self.all[segment].counts.as_deref().unwrap_or_default())
    }
}

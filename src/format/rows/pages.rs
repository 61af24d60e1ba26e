//! A file that is read in pages. What is in a page is believed once it has the digest that the checkpoint names for it.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// Bytes of a page; the last one may be shorter.
pub const PAGE: usize = 16 << 10;
/// Bytes of a digest.
const DIGEST: usize = 32;

/// Where a file of tables is read from.
pub trait Source: Send + Sync {
    /// Fills `buffer` from `offset` on; false if that cannot be done.
    fn read(&self, offset: u64, buffer: &mut [u8]) -> bool;

    /// All of it, made anew from what it was made from. Asked for when a page is not what it should be.
    fn rebuilt(&self) -> Option<Vec<u8>>;

    /// Is told that neither gives what a checkpoint says is there.
    fn lost(&self) {}
}

/// A file that is in memory.
impl Source for Vec<u8> {
    fn read(&self, offset: u64, buffer: &mut [u8]) -> bool {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let part = start.checked_add(buffer.len()).and_then(|end| self.get(start..end));
        part.inspect(|part| buffer.copy_from_slice(part)).is_some()
    }

    fn rebuilt(&self) -> Option<Vec<u8>> {
        None
    }
}

/// The digests of a file's pages, one after the other.
pub(in crate::format) fn digests(file: &[u8]) -> Vec<u8> {
    file.chunks(PAGE).flat_map(|page| *blake3::hash(page).as_bytes()).collect()
}

/// A page that is what it should be; none: nobody has it any more.
type Page = Option<Box<[u8]>>;

/// The file of tables beside a checkpoint.
pub(in crate::format) struct Pages {
    /// The event up to which they go.
    pub(in crate::format) seq: u64,
    length: usize,
    /// The checkpoint, and where the digests are in it.
    root: Arc<Vec<u8>>,
    digests: Range<usize>,
    source: Box<dyn Source>,
    read: Box<[OnceLock<Page>]>,
    rebuilt: OnceLock<Option<Vec<u8>>>,
    lost: AtomicBool,
}

impl Pages {
    /// Bytes of digests that a file of `length` bytes has.
    pub(in crate::format) fn digests_of(length: u64) -> Option<usize> {
        usize::try_from(length.div_ceil(PAGE as u64)).ok()?.checked_mul(DIGEST)
    }

    /// The file of `length` bytes whose pages have the digests at `start` of `root`; none if those are not there.
    pub(in crate::format) fn open(
        (seq, length): (u64, u64),
        (root, start): (&Arc<Vec<u8>>, usize),
        source: Box<dyn Source>,
    ) -> Option<Self> {
        let digests = start..start.checked_add(Self::digests_of(length)?)?;
        root.get(digests.clone())?;
        let read = (0..digests.len() / DIGEST).map(|_| OnceLock::new()).collect();
        let (length, root) = (usize::try_from(length).ok()?, Arc::clone(root));
        let (rebuilt, lost) = (OnceLock::new(), AtomicBool::new(false));
        Some(Self { seq, length, root, digests, source, read, rebuilt, lost })
    }

    pub(in crate::format) const fn len(&self) -> usize {
        self.length
    }

    /// The digests of all pages.
    pub(in crate::format) fn digests(&self) -> &[u8] {
        &self.root[self.digests.clone()]
    }

    /// Whether a page was asked for that nobody has any more.
    pub(in crate::format) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    fn page(&self, number: usize) -> Option<&[u8]> {
        let look = || {
            let start = number * PAGE;
            let digest = self.digests().get(number * DIGEST..(number + 1) * DIGEST)?;
            let is_it = |bytes: &[u8]| blake3::hash(bytes).as_bytes() == digest;
            let mut bytes = vec![0; PAGE.min(self.length.checked_sub(start)?)];
            if self.source.read(start as u64, &mut bytes) && is_it(&bytes) {
                return Some(bytes.into_boxed_slice());
            }
            let rebuilt = self.rebuilt.get_or_init(|| self.source.rebuilt()).as_ref();
            let page = rebuilt.and_then(|file| file.get(start..start + bytes.len())).filter(|page| is_it(page));
            if page.is_none() && !self.lost.swap(true, Ordering::Relaxed) {
                self.source.lost();
            }
            page.map(Into::into)
        };
        self.read.get(number)?.get_or_init(look).as_deref()
    }

    /// These bytes; none if they cannot be had.
    pub(super) fn get(&self, range: Range<usize>) -> Option<Cow<'_, [u8]>> {
        let mut parts = parts(range).map(|(number, part)| self.page(number)?.get(part));
        let Some(first) = parts.next() else { return Some(Cow::Borrowed(&[])) };
        let (first, mut rest) = (first?, parts.peekable());
        if rest.peek().is_none() {
            return Some(Cow::Borrowed(first));
        }
        let mut all = first.to_vec();
        for part in rest {
            all.extend_from_slice(part?);
        }
        Some(Cow::Owned(all))
    }
}

/// A range, page by page.
pub(super) fn parts(range: Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> {
    let mut start = range.start;
    std::iter::from_fn(move || {
        let (number, end) = (start / PAGE, range.end.min((start / PAGE + 1) * PAGE));
        let part = (start < range.end).then(|| (number, start - number * PAGE..end - number * PAGE));
        start = end.max(start);
        part
    })
}

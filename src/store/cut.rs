//! Where files are cut into blocks: at their tensors, so that a layer that did not change is found again wherever it
//! lies; at their column chunks, so that a column that did not change is; and elsewhere by FastCDC (2020, normalisation
//! level 1), so that an edit changes the blocks it touches and no others.
//!
//! A tensor is cut into blocks of one length, as what changes in it changes in place. A column chunk is cut by content
//! from its start: a row more moves everything behind it. The parameters are part of the format; golden cut points pin
//! the algorithm. Where things are is only a suggestion: putting a file together again needs only its recipe.

use fastcdc::v2020::FastCDC;

use super::codec::Content;
use crate::format::recipe::MAX_BLOCK;
use crate::layout::{Elements, Layout};

/// Files up to this size are one object.
pub const WHOLE: usize = 256 << 10;
/// The shortest block, unless the file or the stretch ends.
pub const MINIMUM: usize = 128 << 10;
/// The average block.
pub const AVERAGE: usize = 512 << 10;
/// The longest block outside of tensors.
pub const MAXIMUM: usize = 2 << 20;
/// A tensor's blocks, all but its last.
pub const TENSOR_BLOCK: usize = MAX_BLOCK as usize;
/// Shorter tensors and column chunks are not cut out: each block costs 140 bytes of its own.
pub const SHORT: u64 = 4096;

/// Cuts a stream of which a part is at hand.
#[derive(Debug, Default)]
pub struct Cutter {
    /// What is to be cut out, by place.
    stretches: Vec<Stretch>,
    next: usize,
    at: u64,
    /// Whether a block was cut since a stretch began or ended.
    begun: bool,
}

#[derive(Debug)]
struct Stretch {
    start: u64,
    end: u64,
    /// Which tensor it is, and what it is made of; none is cut by content.
    tensor: Option<(usize, Content)>,
}

/// The next block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Its bytes.
    pub length: usize,
    /// What they are.
    pub content: Content,
    /// Of which tensor it is which block.
    pub place: Option<(usize, usize)>,
}

impl Cutter {
    /// For a file in which this lies where it says.
    pub fn new(layout: &Layout) -> Self {
        let stretches = match layout {
            Layout::Unknown => Vec::new(),
            Layout::Tensors(tensors) => tensors
                .iter()
                .enumerate()
                .filter(|(_, t)| t.length >= SHORT)
                .map(|(number, t)| {
                    let content = match t.elements {
                        Elements::Known { width, float } => Content::Elements { width, float },
                        Elements::Numbers => Content::Numbers,
                        Elements::Opaque => Content::Unknown,
                    };
                    Stretch { start: t.start, end: t.start + t.length, tensor: Some((number, content)) }
                })
                .collect(),
            Layout::Columns(columns) => columns
                .iter()
                .filter(|c| c.length >= SHORT)
                .map(|c| Stretch { start: c.start, end: c.start + c.length, tensor: None })
                .collect(),
        };
        Self { stretches, ..Self::default() }
    }

    /// The next block: the first bytes of `rest`, what is at hand behind the blocks so far. None while more bytes could
    /// move the cut; `last` says that no more will come.
    pub fn next_block(&mut self, rest: &[u8], last: bool) -> Option<Cut> {
        if rest.is_empty() {
            return None;
        }
        while self.stretches.get(self.next).is_some_and(|s| s.end <= self.at) {
            self.next += 1;
            self.begun = false;
        }
        let stretch = self.stretches.get(self.next);
        let cut = match stretch {
            Some(Stretch { start, end, tensor: Some((tensor, content)) }) if *start <= self.at => {
                let block = TENSOR_BLOCK as u64;
                let length = (end - self.at).min(block) as usize;
                if rest.len() < length && !last {
                    return None;
                }
                let number = ((self.at - start) / block) as usize;
                let place = Some((*tensor, number));
                Cut { length: length.min(rest.len()), content: *content, place }
            }
            _ => {
                let left = stretch.map_or(u64::MAX, |s| if s.start <= self.at { s.end } else { s.start } - self.at);
                if stretch.is_some_and(|s| s.start == self.at) {
                    self.begun = false;
                }
                let length = self.content_defined(rest, left, last)?;
                Cut { length, content: Content::Unknown, place: None }
            }
        };
        self.at += cut.length as u64;
        Some(cut)
    }

    /// The next block of the `left` bytes before a stretch begins or ends, or the file does.
    fn content_defined(&mut self, rest: &[u8], left: u64, last: bool) -> Option<usize> {
        let ended = last || rest.len() as u64 >= left;
        let rest = &rest[..left.min(rest.len() as u64) as usize];
        if !ended && rest.len() < MAXIMUM {
            return None;
        }
        let whole = !self.begun && ended && rest.len() <= WHOLE;
        self.begun = true;
        if whole {
            return Some(rest.len());
        }
        Some(FastCDC::new(rest, MINIMUM, AVERAGE, MAXIMUM).cut(0, rest.len()).1)
    }
}
